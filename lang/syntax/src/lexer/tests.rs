//! What the lexer makes of texts, as claims.

use proptest::prelude::*;

use super::token::TokenKind;
use super::{Lexer, scan, tokenize};
use crate::span::SourceId;

/// The texts of all strings in `input`, interpolations as `<code>`, with all errors after `!`.
fn check(input: &str, expect: &str) {
    let lexed = tokenize(input, SourceId(0));
    let mut out = String::new();
    let mut code = false;
    for token in &lexed.tokens {
        match &token.kind {
            TokenKind::StrText => out.push_str(lexed.string_text(token)),
            TokenKind::InterpolationOpen => {
                out.push('<');
                code = true;
            }
            TokenKind::InterpolationClose => {
                out.push('>');
                code = false;
            }
            TokenKind::StrOpen => {}
            TokenKind::StrClose => out.push('|'),
            _ if code => out.push_str(&input[token.start as usize..token.end as usize]),
            _ => {}
        }
    }
    for error in &lexed.errors {
        out.push_str(" !");
        out.push_str(error.code);
    }
    assert_eq!(out, expect, "{input}");
}

#[test]
fn resolves_escapes() {
    check(r#""a\n\t\"\\\$\u{e4}b""#, "a\n\t\"\\$äb|");
    check(r#""\q""#, "\\q| !syntax::escape");
    check(r#""\u{110000}""#, "\\u{110000}| !syntax::escape");
}

#[test]
fn interpolates() {
    check(r#""a ${b} c""#, "a <b> c|");
    check(r#""$a $$ $""#, "$a $$ $|");
    check(r#""$$${a}""#, "$$<a>|");
    check(r#""\${a}""#, "${a}|");
    check(r#""${"${a}"}""#, "<<a>|>|");
    check(r#""${ { a = { } } }""#, "<{a={}}>|");
}

#[test]
fn raises_the_marker_with_a_prefix() {
    check(r#"$"${a} $${b} $$${c}""#, "${a} <b> $<c>|");
    check(r#"$$"$${a} $$${b}""#, "$${a} <b>|");
    check(r#"$"\d+\.""#, "\\d+\\.|");
    check(
        "$\"\"\"\n  for f in ${files[@]}; do\n    echo $${name}\n  \"\"\"",
        "for f in ${files[@]}; do\n  echo <name>\n|",
    );
}

#[test]
fn strips_the_common_indent_of_a_block() {
    check("\"\"\"\n    a\n      b\n    \"\"\"", "a\n  b\n|");
    check("\"\"\"\n    a\n  \"\"\"", "  a\n|");
    check("\"\"\"\n    a\n    b\"\"\"", "a\nb|");
    check("\"\"\"\n\n    a\n \n    b\n    \"\"\"", "\na\n\nb\n|");
    check("\"\"\"a\n  b\n  \"\"\"", "a\nb\n|");
    check("\"\"\"\n  ${x}\n    ${y} z\n  \"\"\"", "<x>\n  <y> z\n|");
    check("\"\"\"\n    ${x}\n  a\n\"\"\"", "    <x>\n  a\n|");
    check("\"\"\"\n\ta\n\t  b\n\t\"\"\"", "a\n  b\n|");
    check("\"\"\"\r\n  a\r\n  b\r\n  \"\"\"", "a\nb\n|");
    check("\"\"\"\"\"\"", "|");
    check("\"\"\"say \"hi\" ${x}\"\"\"", "say \"hi\" <x>|");
    check("\"\"\"\n  a\\n  b\n  \\tc\n  \"\"\"", "a\n  b\n\tc\n|");
}

#[test]
fn a_string_ends_on_its_line() {
    check("\"abc\n\"d\"", "abc|d| !syntax::unterminated_string");
    check("\"abc", "abc| !syntax::unterminated_string");
    check("\"\"\"abc", "abc| !syntax::unterminated_string");
    check(
        "\"a ${b\"\n\"c\"",
        "a <b|>|c| !syntax::unclosed_interpolation",
    );
    check("\"a ${b", "a <b>| !syntax::unclosed_interpolation");
    check("\"${\n a }\"", "<a>|");
}

fn kinds(input: &str) -> Vec<TokenKind> {
    let lexed = tokenize(input, SourceId(0));
    assert!(lexed.errors.is_empty(), "{:?}", lexed.errors);
    lexed.tokens.into_iter().map(|token| token.kind).collect()
}

#[test]
fn a_path_begins_with_dots_and_a_slash_only() {
    use TokenKind as K;
    assert_eq!(kinds("./a/b.c"), [K::Path, K::End]);
    assert_eq!(kinds("../a"), [K::Path, K::End]);
    assert_eq!(kinds("a/b"), [K::Word, K::Slash, K::Word, K::End]);
    assert_eq!(kinds("...a"), [K::Ellipsis, K::Word, K::End]);
    assert_eq!(kinds("...../a"), [K::Ellipsis, K::Path, K::End]);
    assert_eq!(
        kinds("{ a, .. }"),
        [
            K::BraceOpen,
            K::Word,
            K::Comma,
            K::DotDot,
            K::BraceClose,
            K::End
        ]
    );
}

#[test]
fn doc_comments_belong_to_what_follows() {
    let doc = |input: &str| {
        let lexed = tokenize(input, SourceId(0));
        let last = lexed.tokens[lexed.tokens.len() - 2].start;
        let mut docs = lexed.docs.into_iter();
        docs.find(|doc| doc.start == last).map(|doc| doc.text)
    };
    assert_eq!(doc("## one\n##   two\na").as_deref(), Some("one\n  two"));
    assert_eq!(doc("## of the file\n\n## of a\na").as_deref(), Some("of a"));
    assert_eq!(doc("# plain\na"), None);
    assert_eq!(doc("##### line\na"), None);
    assert_eq!(doc("b ## of nothing\na"), None);
}

#[test]
fn balances_brackets_by_the_layout() {
    let closers = |input: &str| {
        let lexed = tokenize(input, SourceId(0));
        let mut open = Vec::new();
        for token in &lexed.tokens {
            if let Some(closer) = token.kind.closer() {
                open.push(closer);
            } else if token.kind.is_closer() {
                assert_eq!(open.pop().as_ref(), Some(&token.kind), "{input}");
            }
        }
        assert!(open.is_empty(), "{input}");
        lexed.errors.len()
    };
    assert_eq!(closers("a = {\n  b = [1, 2\n}\nc = (1"), 2);
    assert_eq!(closers("a = {\n  b = 1\n\nc = { d = 2 }\n"), 1);
    assert_eq!(closers(") ] }"), 3);
    assert_eq!(closers("([)]"), 2);
    assert_eq!(closers("\"${ ( }\""), 1);
}

proptest! {
    /// There are two ways to read a string: one for those that are plain, and one for all.
    #[test]
    fn a_plain_string_reads_as_any_string_does(text in "\"[ab \"\\\\$\\{\n\t\u{e4}]{0,6}\"[a\"]{0,3}") {
        let Some(close) = scan::plain_string(text.as_bytes(), 0) else {
            return Ok(());
        };
        let (mut plain, mut any) = (Lexer::new(&text, SourceId(0)), Lexer::new(&text, SourceId(0)));
        plain.plain_string(0, close, plain.before);
        any.open_string(0, false, 1);
        prop_assert_eq!(plain.tokens, any.tokens);
        prop_assert_eq!((plain.innermost, close + 1), (any.innermost, any.at));
        prop_assert!(any.is_balanced && any.strings.is_empty() && any.texts.is_empty() && any.errors.is_empty());
    }
}

#[test]
fn a_string_is_plain_without_escapes_and_interpolations() {
    let plain = |text: &str| scan::plain_string(text.as_bytes(), 0);
    assert_eq!(plain("\"\""), Some(1));
    assert_eq!(plain("\"a b\" + \"c\""), Some(4));
    for other in [
        "\"\"\"a\"\"\"",
        "\"\"\"",
        "\"a",
        "\"a\n\"",
        "\"\\n\"",
        "\"$\"",
        "\"${a}\"",
    ] {
        assert_eq!(plain(other), None, "{other}");
    }
}
