//! Files that a path may name.
//!
//! In: a text, a byte in it, and what lies in a folder. Out: the bytes to replace, and names. Of an import only what can be imported.

use std::ops::Range;

use cairn_eval::EntryKind;
use cairn_options::normalise;
use cairn_syntax::lexer::token::TokenKind;
use cairn_syntax::lexer::tokenize;
use cairn_syntax::span::SourceId;

/// A path with the cursor in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathHole {
    /// The last name of the path, which is replaced.
    pub name: Range<usize>,
    /// The folder that it stands in, relative to the configuration's root; none where it leads out.
    pub folder: Option<String>,
    /// Whether it is that of an import.
    pub imports: bool,
}

/// The path that the cursor is in, literal or in the string of an import, of a file in a folder of the configuration.
pub fn path_hole(text: &str, offset: usize, own_folder: &str) -> Option<PathHole> {
    let lexed = tokenize(text, SourceId(0));
    let tokens = &lexed.tokens;
    let of = |index: usize| {
        let token = tokens.get(index)?;
        text.get(token.start as usize..token.end as usize)
    };
    let index = tokens.iter().position(|token| {
        let (start, end) = (token.start as usize, token.end as usize);
        let is_path = matches!(token.kind, TokenKind::Path | TokenKind::StrText);
        is_path && start < offset && offset <= end
    })?;
    let token = &tokens[index];
    // Quotes may stand before the path, and a bracket before them.
    let before = index - usize::from(token.kind != TokenKind::Path).min(index);
    let word = |back: usize| before.checked_sub(back).and_then(of);
    let imports = word(1) == Some("import") || (word(1) == Some("(") && word(2) == Some("import"));
    if token.kind != TokenKind::Path && !imports {
        return None;
    }
    let (start, end) = (token.start as usize, token.end as usize);
    let written = text.get(start..offset)?;
    let slash = written.rfind('/')?;
    let above = &written[..slash];
    if !above.starts_with('.') {
        return None;
    }
    // What follows the cursor up to the next slash belongs to the name.
    let rest = &text[offset..end];
    let end = offset + rest.find('/').unwrap_or(rest.len());
    Some(PathHole {
        name: start + slash + 1..end,
        folder: normalise(own_folder, above),
        imports,
    })
}

impl PathHole {
    /// Those of a folder's entries that can stand here; hidden ones where the name begins like one.
    pub fn offers<'e>(
        &self,
        text: &str,
        entries: &'e [(String, EntryKind)],
    ) -> Vec<&'e (String, EntryKind)> {
        let is_hidden = text[self.name.clone()].starts_with('.');
        let fits = |(name, kind): &&(String, EntryKind)| {
            let importable = *kind != EntryKind::File || name.strip_suffix(".cairn").is_some();
            let writable = name
                .chars()
                .all(|letter| letter.is_alphanumeric() || "_.+-@%".contains(letter));
            (importable || !self.imports) && writable && (is_hidden || !name.starts_with('.'))
        };
        entries.iter().filter(fits).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `|` is the cursor; the file lies in `hosts`.
    fn check(marked: &str, expect: Option<(&str, Option<&str>, bool)>) {
        let offset = marked.find('|').unwrap();
        let text = marked.replacen('|', "", 1);
        let found = path_hole(&text, offset, "hosts");
        let found = found.as_ref().map(|hole| {
            (
                &text[hole.name.clone()],
                hole.folder.as_deref(),
                hole.imports,
            )
        });
        assert_eq!(found, expect, "{marked}");
    }

    #[test]
    fn the_last_name_of_a_path_is_replaced() {
        check("a = ./|", Some(("", Some("hosts"), false)));
        check("a = ./we|b", Some(("web", Some("hosts"), false)));
        check("a = ../files/x|", Some(("x", Some("files"), false)));
        check("a = ./a|b/c", Some(("ab", Some("hosts"), false)));
        check("a = ../../x|", Some(("x", None, false)));
    }

    #[test]
    fn an_import_has_its_path_in_quotes_or_without() {
        check("import \"./x|\"", Some(("x", Some("hosts"), true)));
        check("import ./x|", Some(("x", Some("hosts"), true)));
        check(
            "a = import(\"../l/x|.cairn\")",
            Some(("x.cairn", Some("l"), true)),
        );
        check("a = \"./x|\"", None);
        check("import \"|\"", None);
        check("a = b|", None);
        check("a = 1 / |2", None);
    }

    #[test]
    fn an_import_offers_modules_and_folders() {
        let entry = |name: &str, kind| (name.to_owned(), kind);
        let entries = [
            entry(".git", EntryKind::Directory),
            entry("a b", EntryKind::File),
            entry("a.cairn", EntryKind::File),
            entry("a.pub", EntryKind::File),
            entry("www", EntryKind::Directory),
        ];
        let names = |text: &str| {
            let hole = path_hole(text, text.trim_end_matches('"').len(), "").unwrap();
            let offers = hole.offers(text, &entries);
            let names: Vec<&str> = offers.iter().map(|(name, _)| name.as_str()).collect();
            names.join(" ")
        };
        assert_eq!(names("import \"./a\""), "a.cairn www");
        assert_eq!(names("a = ./"), "a.cairn a.pub www");
        assert_eq!(names("a = ./."), ".git a.cairn a.pub www");
    }
}
