//! The small scanners: blank space, comments, words, numbers, paths and signs, as nom parsers over text.
//!
//! In: the rest of a text. Out: what stands at its beginning and how many bytes it takes. Refuses to know
//! positions, modes and diagnostics.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::{digit1, one_of, satisfy};
use nom::combinator::{map, opt, peek, recognize, value, verify};
use nom::multi::many0_count;
use nom::sequence::{pair, preceded, terminated};
use nom::{IResult, Parser};

use super::token::TokenKind;

/// Blanks other than line breaks.
pub fn blanks(input: &str) -> IResult<&str, &str> {
    take_while(|c| matches!(c, ' ' | '\t' | '\r' | '\u{feff}')).parse(input)
}

/// `#` and everything up to the line break.
pub fn comment(input: &str) -> IResult<&str, &str> {
    recognize(pair(tag("#"), take_while(|c| c != '\n'))).parse(input)
}

/// The text of a `##` comment; `###` and more is decoration and not a doc comment.
pub fn doc_text(comment: &str) -> Option<&str> {
    let text = comment.strip_prefix("##")?;
    if text.starts_with('#') {
        return None;
    }
    Some(text.strip_prefix(' ').unwrap_or(text).trim_end())
}

fn word_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

fn word_inner(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// A word: hyphens belong to it where a letter, a digit or `_` follows them.
pub fn word(input: &str) -> IResult<&str, &str> {
    let hyphens = recognize(pair(take_while1(|c| c == '-'), peek(satisfy(word_inner))));
    recognize(pair(
        satisfy(word_start),
        many0_count(alt((take_while1(word_inner), hyphens))),
    ))
    .parse(input)
}

/// The shape of a number; its value is read afterwards by [`number_value`].
pub fn number(input: &str) -> IResult<&str, &str> {
    let based = recognize((
        tag("0"),
        one_of("xXoObB"),
        take_while(|c: char| c.is_ascii_alphanumeric() || c == '_'),
    ));
    let digits = || {
        recognize(pair(
            digit1,
            take_while(|c: char| c.is_ascii_digit() || c == '_'),
        ))
    };
    let exponent = || recognize((one_of("eE"), opt(one_of("+-")), digit1));
    let decimal = recognize((
        digits(),
        opt(preceded(tag("."), digits())),
        opt(exponent()),
        take_while(word_inner),
    ));
    alt((based, decimal)).parse(input)
}

/// The value of what [`number`] recognised.
///
/// Errors: the reason and, where there is one, the mend.
pub fn number_value(text: &str) -> Result<TokenKind, (String, Option<String>)> {
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    let lower = plain.to_ascii_lowercase();
    let too_large = || {
        let reason = format!("`{text}` is too large");
        let help = "whole numbers reach from -9223372036854775807 to 9223372036854775807";
        (reason, Some(help.to_owned()))
    };
    for (prefix, radix, digits) in [("0x", 16, "0-9 and a-f"), ("0o", 8, "0-7")] {
        let Some(body) = lower.strip_prefix(prefix) else {
            continue;
        };
        if body.is_empty() || !body.chars().all(|c| c.is_digit(radix)) {
            let help = format!("after `{prefix}` stand digits {digits}");
            return Err((format!("`{text}` is not a number"), Some(help)));
        }
        return i64::from_str_radix(body, radix)
            .map(TokenKind::Int)
            .map_err(|_| too_large());
    }
    if lower.bytes().all(|b| b.is_ascii_digit()) {
        if lower.len() > 1 && lower.starts_with('0') {
            let body = lower.trim_start_matches('0');
            let help = if body.bytes().all(|b| b < b'8') && !body.is_empty() {
                format!("write `0o{body}` for an octal number, `{body}` for a decimal one")
            } else {
                "remove the zeros in front".to_owned()
            };
            return Err((format!("`{text}` begins with a zero"), Some(help)));
        }
        return lower.parse().map(TokenKind::Int).map_err(|_| too_large());
    }
    let shaped = lower
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'+' | b'-'));
    match lower.parse::<f64>() {
        Ok(value) if shaped && value.is_finite() => Ok(TokenKind::Float(value)),
        Ok(_) if shaped => Err((format!("`{text}` is too large"), None)),
        _ => Err((
            format!("`{text}` is not a number"),
            Some("a name begins with a letter; put other names in quotes".to_owned()),
        )),
    }
}

/// `./x` or `../x`.
pub fn path(input: &str) -> IResult<&str, &str> {
    let inner = |c: char| c.is_alphanumeric() || "_.+-/@%".contains(c);
    recognize(pair(alt((tag("./"), tag("../"))), take_while(inner))).parse(input)
}

/// `$…"` or `$…"""`: how many `$` stand before the quotes, and whether it is a block.
pub fn string_open(input: &str) -> IResult<&str, (usize, bool)> {
    pair(
        map(take_while(|c| c == '$'), str::len),
        alt((value(true, tag("\"\"\"")), value(false, tag("\"")))),
    )
    .parse(input)
}

/// A run of `$` that is long enough to be followed by `{` as an interpolation at this level.
pub fn marker(level: usize) -> impl Fn(&str) -> IResult<&str, &str> {
    move |input| {
        terminated(
            verify(take_while1(|c| c == '$'), |run: &str| run.len() > level),
            tag("{"),
        )
        .parse(input)
    }
}

/// Brackets, operators and other signs, the longest first.
pub fn sign(input: &str) -> IResult<&str, TokenKind> {
    use TokenKind as K;
    let three = value(K::Ellipsis, tag("..."));
    let two = alt((
        value(K::DotDot, tag("..")),
        value(K::EqualEqual, tag("==")),
        value(K::Arrow, tag("=>")),
        value(K::NotEqual, tag("!=")),
        value(K::LessEqual, tag("<=")),
        value(K::GreaterEqual, tag(">=")),
        value(K::Pipe, tag("|>")),
        value(K::PlusPlus, tag("++")),
        value(K::QuestionDot, tag("?.")),
        value(K::QuestionQuestion, tag("??")),
    ));
    let brackets = alt((
        value(K::ParenOpen, tag("(")),
        value(K::ParenClose, tag(")")),
        value(K::BracketOpen, tag("[")),
        value(K::BracketClose, tag("]")),
        value(K::BraceOpen, tag("{")),
        value(K::BraceClose, tag("}")),
    ));
    let one = alt((
        value(K::Comma, tag(",")),
        value(K::Semicolon, tag(";")),
        value(K::Colon, tag(":")),
        value(K::Equal, tag("=")),
        value(K::Less, tag("<")),
        value(K::Greater, tag(">")),
        value(K::Bar, tag("|")),
        value(K::Question, tag("?")),
        value(K::Plus, tag("+")),
        value(K::Minus, tag("-")),
        value(K::Star, tag("*")),
        value(K::Slash, tag("/")),
        value(K::Percent, tag("%")),
        value(K::Dot, tag(".")),
        value(K::Tilde, tag("~")),
    ));
    alt((three, two, brackets, one)).parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_word(input: &str, expect: &str) {
        assert_eq!(word(input).map(|(_, word)| word).ok(), Some(expect));
    }

    #[test]
    fn keeps_inner_hyphens_in_a_name() {
        check_word("a-b c", "a-b");
        check_word("lib-c6--x", "lib-c6--x");
        check_word("a- b", "a");
        check_word("a->b", "a");
    }

    #[test]
    fn reads_numbers() {
        let read = |text: &str| number_value(number(text).unwrap().1);
        assert_eq!(read("1_000 "), Ok(TokenKind::Int(1000)));
        assert_eq!(read("0xff"), Ok(TokenKind::Int(255)));
        assert_eq!(read("0o644"), Ok(TokenKind::Int(0o644)));
        assert_eq!(read("1.5"), Ok(TokenKind::Float(1.5)));
        assert_eq!(read("1e-7"), Ok(TokenKind::Float(1e-7)));
        assert_eq!(read("1.x"), Ok(TokenKind::Int(1)));
        assert!(read("9223372036854775808").is_err());
        assert!(read("0x").is_err());
        assert!(read("12abc").is_err());
        let (_, help) = read("0644").unwrap_err();
        assert!(help.unwrap().contains("`0o644`"));
    }
}
