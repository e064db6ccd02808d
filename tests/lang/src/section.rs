//! Annotated files in sections: claim, expectations, code.
//!
//! In: the text of a suite file. Out: its [`Section`]s, and the text again. Refuses to know what code comes to.

use std::collections::BTreeMap;

/// Stands between two sections, on a line of its own.
const RULE: &str = "---";

/// One claim with its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// What is claimed, in words; may have several lines.
    pub claim: Vec<String>,
    /// `value: 1`, `error: eval::x 1:1-2 …`: what the code should come to.
    pub expected: Vec<String>,
    /// The code; its lines are counted from 1.
    pub code: String,
    /// Further files by name, each after a line `# file: name`.
    pub files: BTreeMap<String, String>,
}

/// Whether a comment states an expectation and not the claim.
fn is_expectation(comment: &str) -> bool {
    let word = comment.split([':', ' ']).next();
    matches!(word, Some("value" | "error" | "warning" | "test")) && comment.contains(':')
}

impl Section {
    fn parse(text: &str) -> Self {
        let mut section = Self {
            claim: Vec::new(),
            expected: Vec::new(),
            code: String::new(),
            files: BTreeMap::new(),
        };
        let mut lines = text
            .lines()
            .skip_while(|line| line.trim().is_empty())
            .peekable();
        while let Some(line) = lines.next_if(|line| {
            line.starts_with('#') && !line.starts_with("##") && !line.starts_with("# file: ")
        }) {
            let comment = line.trim_start_matches('#').trim().to_owned();
            if is_expectation(&comment) {
                section.expected.push(comment);
            } else {
                section.claim.push(comment);
            }
        }
        let mut file: Option<String> = None;
        for line in lines {
            if let Some(name) = line.strip_prefix("# file: ") {
                file = Some(name.trim().to_owned());
                section.files.insert(name.trim().to_owned(), String::new());
                continue;
            }
            let into = match &file {
                Some(name) => section.files.entry(name.clone()).or_default(),
                None => &mut section.code,
            };
            into.push_str(line);
            into.push('\n');
        }
        section.code.truncate(section.code.trim_end().len());
        for text in section.files.values_mut() {
            text.truncate(text.trim_end().len());
        }
        section
    }

    fn print(&self, out: &mut String) {
        for line in self.claim.iter().chain(&self.expected) {
            out.push_str("# ");
            out.push_str(line);
            out.push('\n');
        }
        out.push_str(&self.code);
        out.push('\n');
        for (name, text) in &self.files {
            out.push_str("# file: ");
            out.push_str(name);
            out.push('\n');
            out.push_str(text);
            out.push('\n');
        }
    }
}

/// The sections of a suite file.
pub fn parse(text: &str) -> Vec<Section> {
    let mut sections = vec![String::new()];
    for line in text.lines() {
        if line.trim_end() == RULE {
            sections.push(String::new());
        } else if let Some(section) = sections.last_mut() {
            section.push_str(line);
            section.push('\n');
        }
    }
    sections
        .iter()
        .map(|section| Section::parse(section))
        .collect()
}

/// The text of a suite file: the pair of [`parse`].
pub fn print(sections: &[Section]) -> String {
    let mut out = String::new();
    for (index, section) in sections.iter().enumerate() {
        if index > 0 {
            out.push_str(RULE);
            out.push('\n');
        }
        section.print(&mut out);
    }
    out
}
