//! Any text becomes tokens: in order, on character boundaries, brackets balanced, the end last.
#![no_main]

use cairn_syntax::lexer::token::TokenKind;
use cairn_syntax::lexer::tokenize;
use cairn_syntax::span::SourceId;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let lexed = tokenize(text, SourceId(0));
    let mut open = Vec::new();
    let mut end = 0;
    for token in &lexed.tokens {
        assert!(token.start >= end && token.end >= token.start);
        end = token.end;
        assert!(text.get(token.start as usize..token.end as usize).is_some());
        if let Some(closer) = token.kind.closer() {
            open.push(closer);
        } else if token.kind.is_closer() {
            assert_eq!(open.pop().as_ref(), Some(&token.kind));
        }
    }
    assert!(open.is_empty());
    assert_eq!(lexed.tokens.last().map(|token| &token.kind), Some(&TokenKind::End));
});
