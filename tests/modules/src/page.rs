//! The pages of `docs/errors`, as far as they can be run.
//!
//! In: a page's text. Out: its example and its mend, each with the files that it needs, and what the example is said to
//! print. Refuses to know what they come to.

use std::collections::BTreeMap;

/// A text in the language, and the files beside it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Code {
    /// The text.
    pub text: String,
    /// Other files by name.
    pub files: BTreeMap<String, String>,
}

/// What a page shows.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Page {
    /// What makes the error; `None` where nothing short does.
    pub example: Option<Code>,
    /// `line:column: message`, and `help: …`.
    pub printed: Option<String>,
    /// The same without the error.
    pub mend: Option<Code>,
}

impl Page {
    /// Reads a page.
    pub fn parse(text: &str) -> Self {
        let example = part(text, "## Example");
        let (code, printed) = read(example);
        let (mend, _) = read(part(text, "## Mend"));
        Self {
            example: code,
            printed,
            mend,
        }
    }
}

/// The text of a part, up to the mend: code has lines with `##` of its own.
fn part<'t>(text: &'t str, title: &str) -> &'t str {
    let rest = text.split_once(title).map_or("", |(_, rest)| rest);
    rest.split_once("\n## Mend").map_or(rest, |(part, _)| part)
}

/// The code of a part with its files, and what it prints.
fn read(part: &str) -> (Option<Code>, Option<String>) {
    let mut code: Option<Code> = None;
    let mut printed = None;
    let mut files = BTreeMap::new();
    let mut rest = part;
    while let Some((before, fenced)) = rest.split_once("```") {
        let (kind, body) = fenced.split_once('\n').unwrap_or((fenced, ""));
        let (body, after) = body.split_once("```").unwrap_or((body, ""));
        let body = body.trim_end().to_owned();
        // A block after "`name`:" is that file.
        let label = before.trim_end().lines().last().unwrap_or_default();
        let name = label
            .strip_prefix('`')
            .and_then(|rest| rest.strip_suffix("`:"));
        match (name, kind) {
            (Some(name), _) => {
                files.insert(name.to_owned(), body);
            }
            (None, "cairn") => {
                code.get_or_insert_default().text = body;
            }
            (None, _) => printed = Some(body),
        }
        rest = after;
    }
    if let Some(code) = &mut code {
        code.files = files;
    }
    (code, printed)
}
