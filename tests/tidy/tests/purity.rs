//! The language has no window but its host: no files, network, processes, environment, clock or threads.

use cairn_tidy::{Repository, TextFile};

const WINDOWS: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "std::time",
    "std::os",
    "std::io::stdin",
    "SystemTime",
    "Instant::now",
    "println!",
    "eprintln!",
];

fn complaints(file: &TextFile) -> Vec<String> {
    if !file.path.starts_with("lang/") {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (number, line) in file.code_lines() {
        let opened = WINDOWS.iter().filter(|window| line.contains(*window));
        found.extend(
            opened.map(|window| {
                format!("{}:{number}: the language must not use {window}", file.path)
            }),
        );
        if line.trim_start().starts_with("use std::{") {
            let names = ["fs", "net", "process", "env", "time", "os"];
            let words: Vec<&str> = line
                .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
                .collect();
            let opened = names.iter().filter(|name| words.contains(name));
            found.extend(opened.map(|name| {
                format!(
                    "{}:{number}: the language must not use std::{name}",
                    file.path
                )
            }));
        }
    }
    found
}

#[test]
fn the_language_has_no_window_but_its_host() {
    super::holds(Repository::read().complain(complaints));
}

#[test]
fn an_opened_window_is_found() {
    let open = |text| complaints(&TextFile::new("lang/eval/src/a.rs", text)).len();
    assert_eq!(open("let text = std::fs::read(path);\n"), 1);
    assert_eq!(open("use std::{fmt, env};\n"), 1);
    assert_eq!(
        open("// std::fs is banned\n#[cfg(test)]\nmod tests { use std::fs; }\n"),
        0
    );
    let outside = TextFile::new("store/disk/src/a.rs", "use std::fs;\n");
    assert!(complaints(&outside).is_empty());
}
