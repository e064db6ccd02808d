//! The highlighting grammar agrees with the lexer.

use std::path::PathBuf;

use cairn_editors::{Class, Grammar, difference, lexed, top};
use walkdir::WalkDir;

/// All files of the language below a folder of the repository.
fn files(folder: &str) -> Vec<PathBuf> {
    let all = WalkDir::new(top().join(folder)).sort_by_file_name();
    let files = all
        .into_iter()
        .filter_map(Result::ok)
        .map(walkdir::DirEntry::into_path);
    files
        .filter(|path| path.extension().is_some_and(|end| end == "cairn"))
        .collect()
}

/// The grammar without its keywords, which the lexer does not know.
fn plain(grammar: &Grammar, text: &str) -> Vec<Class> {
    let mut classes = grammar.classes(text);
    for class in &mut classes {
        if *class == Class::Keyword {
            *class = Class::Code;
        }
    }
    classes
}

#[track_caller]
fn agrees(text: &str) {
    let grammar = Grammar::read();
    let lexed = lexed(text).expect("nothing is wrong with it");
    assert_eq!(difference(text, &plain(&grammar, text), &lexed), None);
}

#[test]
fn strings_comments_numbers_and_paths_are_those_of_the_lexer_in_all_files() {
    let grammar = Grammar::read();
    let (mut read, mut broken, mut wrong) = (0, 0, Vec::new());
    for folder in ["tests/lang/suite", "modules/library", "docs/examples"] {
        for file in files(folder) {
            let text = std::fs::read_to_string(&file).expect("it can be read");
            // A section of the suite is a text of its own.
            for section in text.split("\n---\n") {
                let Some(lexed) = lexed(section) else {
                    broken += 1;
                    continue;
                };
                read += 1;
                if let Some(found) = difference(section, &plain(&grammar, section), &lexed) {
                    wrong.push(format!("{}: {found}", file.display()));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {read} sections:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(
        read > 500 && broken * 5 < read,
        "{read} read, {broken} with mistakes"
    );
}

#[test]
fn markers_are_as_long_as_the_prefix_says() {
    agrees("a = \"x ${1 + 2} y\"");
    agrees("a = $\"x ${1 + 2} $${3} y\"");
    agrees("a = $$\"\"\"x $${1}\n $$$${2} \" \"\" y\"\"\"");
    agrees("a = \"$$${1} $ {2}\"");
    agrees("a = $$$$$$\"${1} $$\"");
}

#[test]
fn interpolations_hold_code_with_braces_strings_and_lines() {
    agrees("a = \"${ { b = \"${1}\" }.b } 2\" # 3");
    agrees("a = \"x ${\n  1 # }\n} y\"");
    agrees("a = \"\"\"\n  ${f({ x = \"\"\"2\"\"\" })} 3\n\"\"\"");
}

#[test]
fn escapes_and_quotes_end_strings_only_where_they_do() {
    agrees(r#"a = "\" \\" b = 1"#);
    agrees(r#"a = $"\" b = 1"#);
    agrees("a = \"\" b = \"\"\"\"\"\" c = 1");
    agrees("a = \"\"\"\\\"\"\" \"\"\" b = 1");
}

#[test]
fn words_hold_digits_and_paths_begin_with_dots() {
    agrees("a1-2 = b_3 - 4 - 0xff + 1_0.5e-3");
    agrees("a = [...b, ./c/d-1.x, ../e, r.a, x ./ y]");
    agrees("## doc # 1\n### no doc\na = 1 # \"x\" ./y");
}

/// The words that are keywords, in order.
fn keywords(text: &str) -> Vec<String> {
    let classes = Grammar::read().classes(text);
    let mut words: Vec<String> = Vec::new();
    let mut before = Class::Code;
    for (letter, class) in text.chars().zip(classes) {
        // The engine counts blanks to what stands beside them.
        let class = if letter.is_whitespace() {
            Class::Code
        } else {
            class
        };
        if class == Class::Keyword {
            if before != Class::Keyword {
                words.push(String::new());
            }
            words.last_mut().expect("one was begun").push(letter);
        }
        before = class;
    }
    words
}

#[test]
fn words_are_keywords_only_where_they_have_their_meaning() {
    let text = "import \"./a.cairn\"\ntype T = { in: Int, when: Bool = true }\noption test: T\n\
        when config.x.if and not y { assert true else \"no\" }\n\
        let default = 1\nlet f = type => type\ndefault.force = default force\nx = force [for, after 2]\n\
        y = [a for a in b if a has c]\nz = priority(5) null\nw = priority(5)\n";
    let expect = [
        "import", "type", "true", "option", "when", "and", "not", "assert", "true", "else", "let",
        "let", "force", "for", "after", "for", "in", "if", "has", "priority", "null",
    ];
    // `default force` reads as an annotation, which it would be.
    let found: Vec<String> = keywords(text)
        .into_iter()
        .filter(|word| word != "default")
        .collect();
    assert_eq!(found, expect);
}

#[test]
fn a_grammar_that_misses_something_is_found() {
    let text = "a = 1 # x";
    let lexed = lexed(text).expect("nothing is wrong with it");
    let nothing = vec![Class::Code; text.len()];
    let found = difference(text, &nothing, &lexed).expect("they differ");
    assert!(found.starts_with("1:5: Code and Number"), "{found}");
}
