//! No file names a mirror: addresses of archives come from the machine that runs Cairn.

use cairn_tidy::{Repository, TextFile};

/// Hosts that an address may have: nobody's, this machine's, and those of texts that are cited.
const ALLOWED: &[&str] = &[
    "127.0.0.1",
    "localhost",
    "[::1]",
    "example.com",
    "example.net",
    "example.org",
    "uapi-group.org",
    "www.apache.org",
    "www.freedesktop.org",
];

fn complaints(file: &TextFile) -> Vec<String> {
    if file.path.starts_with("LICENSE") {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        for scheme in ["http", "https", "ftp"] {
            for rest in line.split(&format!("{scheme}://")).skip(1) {
                let host: String = rest
                    .chars()
                    .take_while(|letter| {
                        letter.is_ascii_alphanumeric() || ".-[]:".contains(*letter)
                    })
                    .collect();
                let host = host.trim_end_matches(|letter: char| ".:".contains(letter));
                let name = if host.starts_with('[') {
                    host
                } else {
                    host.split(':').next().unwrap_or("")
                };
                let reserved = [".example", ".invalid", ".test", ".localhost"];
                let known = ALLOWED
                    .iter()
                    .any(|allowed| name == *allowed || name.ends_with(&format!(".{allowed}")));
                if name.contains('.') && !known && !reserved.iter().any(|end| name.ends_with(end)) {
                    found.push(format!(
                        "{}:{}: names the host {name}",
                        file.path,
                        index + 1
                    ));
                }
            }
        }
        if line.contains(concat!("debian", ".org")) {
            found.push(format!(
                "{}:{}: names a host of Debian's",
                file.path,
                index + 1
            ));
        }
    }
    found
}

#[test]
fn no_file_names_a_mirror() {
    let repository = Repository::read();
    super::holds(repository.files.iter().flat_map(complaints).collect());
}

#[test]
fn a_named_mirror_is_found() {
    let count = |text: &str| complaints(&TextFile::new("a.rs", text)).len();
    let scheme = "http:";
    assert_eq!(count(&format!("{scheme}//mirror.somewhere.net/debian")), 1);
    assert_eq!(
        count(&format!(
            "{scheme}//cdn.example.org/debian, {scheme}//127.0.0.1:80/, {scheme}//{{host}}/"
        )),
        0
    );
    assert_eq!(count(concat!("deb.debian", ".org")), 1);
}
