//! The highlighting grammar of `docs/editors`, read by a real TextMate engine and by our own lexer.
//!
//! In: a text. Out: what each of its bytes is, once as the grammar says and once as the lexer says. The engine gives colours, not
//! scopes, so a theme of our own gives each class of scopes a colour. Refuses to know where the two must agree.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "test code: a panic is how it fails"
)]

use std::path::{Path, PathBuf};

use cairn_syntax::lexer::token::TokenKind;
use cairn_syntax::lexer::tokenize;
use cairn_syntax::span::SourceId;

use giallo::{HighlightOptions, Registry, ThemeVariant};

/// What a byte is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Anything else.
    Code,
    /// From `#` to the end of the line.
    Comment,
    /// A string's quotes and text, without what is interpolated.
    String,
    /// A number.
    Number,
    /// `./x`.
    Path,
    /// A word with a meaning of its own.
    Keyword,
}

/// Classes with the scopes that mean them.
const SCOPES: [(Class, &[&str]); 6] = [
    (
        Class::Code,
        &["meta.embedded", "punctuation.section.embedded"],
    ),
    (Class::Comment, &["comment"]),
    (
        Class::String,
        &[
            "string",
            "constant.character.escape",
            "invalid.illegal.escape",
        ],
    ),
    (Class::Number, &["constant.numeric"]),
    (Class::Path, &["string.unquoted.path"]),
    (
        Class::Keyword,
        &[
            "keyword.control",
            "keyword.other",
            "keyword.operator.word",
            "constant.language",
        ],
    ),
];

/// The grammar in its engine.
pub struct Grammar {
    registry: Registry,
}

/// The top of the repository.
pub fn top() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .nth(2)
        .expect("it lies two below the top")
        .to_owned()
}

fn colour(index: usize) -> String {
    format!("#0000{index:02x}")
}

impl Grammar {
    /// Reads `docs/editors/cairn.tmLanguage.json`.
    pub fn read() -> Self {
        let mut rules = Vec::new();
        for (index, (_, scopes)) in SCOPES.iter().enumerate() {
            for scope in *scopes {
                let colour = colour(index);
                rules.push(format!(
                    r#"{{ "scope": "{scope}", "settings": {{ "foreground": "{colour}" }} }}"#
                ));
            }
        }
        let theme = format!(
            r##"{{ "name": "classes", "type": "dark",
                "colors": {{ "editor.foreground": "#000000", "editor.background": "#ffffff" }},
                "tokenColors": [{}] }}"##,
            rules.join(", ")
        );
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("classes.json");
        std::fs::write(&file, theme).unwrap();
        let mut registry = Registry::default();
        let grammar = top().join("docs/editors/cairn.tmLanguage.json");
        registry
            .add_grammar_from_path(grammar)
            .expect("the grammar can be read");
        registry.link_grammars();
        registry
            .add_theme_from_path(file)
            .expect("the theme can be read");
        Self { registry }
    }

    /// The class of each byte, as the grammar says; line breaks are code.
    pub fn classes(&self, text: &str) -> Vec<Class> {
        let options = HighlightOptions::new("Cairn", ThemeVariant::Single("classes"));
        let highlighted = self
            .registry
            .highlight(text, &options)
            .expect("it can be highlighted");
        let mut classes = vec![Class::Code; text.len()];
        let mut at = 0;
        for token in highlighted.tokens.iter().flatten() {
            let found = text[at..].find(&token.text).map(|skipped| at + skipped);
            let start = found.expect("the engine gives the text again");
            at = start + token.text.len();
            let ThemeVariant::Single(style) = &token.style else {
                continue;
            };
            let shown = style.foreground.as_hex().to_lowercase();
            let class = SCOPES
                .iter()
                .enumerate()
                .find(|(index, _)| shown.starts_with(&colour(*index)));
            if let Some((_, (class, _))) = class {
                classes[start..at].fill(*class);
            }
        }
        classes
    }
}

/// The class of each byte, as the lexer says; keywords are code. `None` where it finds mistakes: they are read in some way.
pub fn lexed(text: &str) -> Option<Vec<Class>> {
    let lexed = tokenize(text, SourceId(0));
    if !lexed.errors.is_empty() {
        return None;
    }
    let mut classes = vec![Class::Code; text.len()];
    let mut last = 0;
    for token in &lexed.tokens {
        let (start, end) = (token.start as usize, token.end as usize);
        // Between tokens stand blanks and comments.
        let mut gap = last;
        while let Some(found) = text[gap..start].find('#') {
            let begin = gap + found;
            let length = text[begin..].find('\n').unwrap_or(text.len() - begin);
            classes[begin..begin + length].fill(Class::Comment);
            gap = begin + length;
        }
        last = end;
        let class = match token.kind {
            TokenKind::StrOpen | TokenKind::StrText | TokenKind::StrClose => Class::String,
            TokenKind::Number => Class::Number,
            TokenKind::Path => Class::Path,
            _ => continue,
        };
        classes[start..end].fill(class);
    }
    Some(classes)
}

/// The first place where two say different things of a text: line, column, what each says, the line.
pub fn difference(text: &str, one: &[Class], other: &[Class]) -> Option<String> {
    let at = text
        .char_indices()
        .filter(|(_, letter)| !letter.is_whitespace())
        .find(|(at, _)| one[*at] != other[*at])?
        .0;
    let line = text[..at].matches('\n').count();
    let column = text[..at]
        .rsplit('\n')
        .next()
        .map_or(0, |before| before.chars().count());
    Some(format!(
        "{}:{}: {:?} and {:?}: {}",
        line + 1,
        column + 1,
        one[at],
        other[at],
        text.lines().nth(line).unwrap_or("")
    ))
}
