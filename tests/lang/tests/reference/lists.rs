//! The lists of docs/language.md that come from the library's tables.
//!
//! In: the page. Out: the page with each list written anew between its two marks.

use std::fmt::Write as _;

use cairn_eval::library;

/// Writes a list anew.
type Writer = fn() -> String;

const LISTS: [(&str, Writer); 2] = [("words", words), ("functions", functions)];

fn marks(name: &str) -> (String, String) {
    (
        format!("<!-- {name}: written by the test `reference` -->\n"),
        format!("<!-- end of {name} -->\n"),
    )
}

/// The page with its lists written anew.
pub(super) fn insert(page: &str) -> String {
    replace(page, |list| list())
}

/// The page without its lists, and as many lines.
pub(super) fn without(page: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for line in page.lines() {
        let is = |mark: fn((String, String)) -> String| {
            LISTS
                .iter()
                .any(|(name, _)| mark(marks(name)).trim_end() == line)
        };
        inside = inside && !is(|marks| marks.1) || is(|marks| marks.0);
        if !inside {
            out.push_str(line);
        }
        out.push('\n');
    }
    out
}

fn replace(page: &str, text: impl Fn(Writer) -> String) -> String {
    let mut page = page.to_owned();
    for (name, list) in LISTS {
        let (start, end) = marks(name);
        let found = page
            .find(&start)
            .map(|at| at + start.len())
            .zip(page.find(&end));
        if let Some((from, to)) = found
            && from <= to
        {
            page.replace_range(from..to, &text(list));
        }
    }
    page
}

/// A text inside of a table's cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn words() -> String {
    let mut out = String::from("\n| word | form | does |\n|---|---|---|\n");
    for word in library::words() {
        let _ = writeln!(
            out,
            "| `{}` | `{}` | {} |",
            word.name,
            cell(word.form),
            cell(word.doc)
        );
    }
    out.push('\n');
    out
}

fn functions() -> String {
    let mut out = String::new();
    let mut of = |title: &str, namespace: Option<&str>| {
        let _ = writeln!(out, "\n### {title}\n\n| function | gives |\n|---|---|");
        let functions = || library::functions().filter(|native| native.namespace() == namespace);
        for native in functions() {
            let _ = writeln!(
                out,
                "| `{}` | {} |",
                cell(&native.signature()),
                cell(native.doc)
            );
        }
        out.push_str("\n```cairn\n");
        for native in functions() {
            let _ = writeln!(out, "{}", native.example);
        }
        out.push_str("```\n");
    };
    of("Without a namespace", None);
    for namespace in library::namespaces() {
        of(&format!("`{namespace}.`"), Some(namespace));
    }
    out.push('\n');
    out
}
