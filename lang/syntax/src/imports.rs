//! Which files a text imports, read off its tokens.
//!
//! In: a text, right or wrong. Out: the paths as written. Refuses to look for the files.

use crate::lexer::token::{Keyword, TokenKind};
use crate::lexer::tokenize;
use crate::span::SourceId;

/// The paths of all `import "./x.cairn"` and `import("./x.cairn")`, in the order of the text.
pub fn imports(text: &str) -> Vec<String> {
    let lexed = tokenize(text, SourceId(0));
    let tokens = &lexed.tokens;
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let is_import = token.keyword == Some(Keyword::Import)
            && (index == 0 || tokens[index - 1].kind != TokenKind::Dot);
        if !is_import {
            continue;
        }
        let mut after = tokens[index + 1..]
            .iter()
            .skip_while(|token| matches!(token.kind, TokenKind::ParenOpen | TokenKind::StrOpen));
        match after.next() {
            Some(path) if path.kind == TokenKind::Path => {
                found.push(text[path.start as usize..path.end as usize].to_owned());
            }
            Some(path) if path.kind == TokenKind::StrText => {
                found.push(lexed.string_text(path).to_owned());
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #[test]
    fn finds_both_forms() {
        let text = "import \"./a.cairn\"\nimport ./b.cairn\nc = import(\"./d\") # import(\"./e\")\nf.import(\"g\")\n";
        assert_eq!(super::imports(text), ["./a.cairn", "./b.cairn", "./d"]);
    }
}
