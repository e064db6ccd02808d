//! The small scanners: blank space, comments, words, numbers, paths and signs, as nom parsers over text.
//!
//! What is met at every token goes by bytes: nom's alternatives were a third of the time of reading a configuration.
//!
//! In: the rest of a text. Out: what stands at its beginning and how many bytes it takes. Refuses to know
//! positions, modes and diagnostics.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::{digit1, one_of};
use nom::combinator::{map, opt, recognize, value, verify};
use nom::error::{Error, ErrorKind};
use nom::sequence::{pair, preceded, terminated};
use nom::{IResult, Parser};

use super::token::TokenKind;

/// Splits after so many bytes, as nom's parsers do.
fn split(input: &str, at: usize) -> (&str, &str) {
    let (taken, rest) = input.split_at(at);
    (rest, taken)
}

fn nothing<T>(input: &str) -> IResult<&str, T> {
    Err(nom::Err::Error(Error::new(input, ErrorKind::Tag)))
}

/// Blanks other than line breaks.
pub fn blanks(input: &str) -> IResult<&str, &str> {
    let bytes = input.as_bytes();
    let mut end = 0;
    loop {
        match bytes.get(end) {
            Some(b' ' | b'\t' | b'\r') => end += 1,
            Some(0xef) if input[end..].starts_with('\u{feff}') => end += '\u{feff}'.len_utf8(),
            _ => return Ok(split(input, end)),
        }
    }
}

/// `#` and everything up to the line break.
pub fn comment(input: &str) -> IResult<&str, &str> {
    if !input.starts_with('#') {
        return nothing(input);
    }
    Ok(split(input, input.find('\n').unwrap_or(input.len())))
}

/// The text of a `##` comment; `###` and more is decoration and not a doc comment.
pub fn doc_text(comment: &str) -> Option<&str> {
    let text = comment.strip_prefix("##")?;
    if text.starts_with('#') {
        return None;
    }
    Some(text.strip_prefix(' ').unwrap_or(text).trim_end())
}

fn word_inner(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// A word: hyphens belong to it where a letter, a digit or `_` follows them.
pub fn word(input: &str) -> IResult<&str, &str> {
    let bytes = input.as_bytes();
    if !bytes
        .first()
        .is_some_and(|first| first.is_ascii_alphabetic() || *first == b'_')
    {
        return nothing(input);
    }
    let run = |from: usize, belongs: fn(u8) -> bool| {
        let more = bytes[from..].iter().take_while(|byte| belongs(**byte));
        from + more.count()
    };
    let mut end = run(1, word_inner);
    loop {
        let after = run(end, |byte| byte == b'-');
        let next = run(after, word_inner);
        if after == end || next == after {
            return Ok(split(input, end));
        }
        end = next;
    }
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
        take_while(|c: char| c.is_ascii_alphanumeric() || c == '_'),
    ));
    if !input.starts_with(|c: char| c.is_ascii_digit()) {
        return nothing(input);
    }
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
    if !input.starts_with('.') {
        return nothing(input);
    }
    let inner = |c: char| c.is_alphanumeric() || "_.+-/@%".contains(c);
    recognize(pair(alt((tag("./"), tag("../"))), take_while(inner))).parse(input)
}

/// `$…"` or `$…"""`: how many `$` stand before the quotes, and whether it is a block.
pub fn string_open(input: &str) -> IResult<&str, (usize, bool)> {
    if !input.starts_with(['"', '$']) {
        return nothing(input);
    }
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
    let bytes = input.as_bytes();
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    let (kind, length) = match (at(0), at(1), at(2)) {
        (b'.', b'.', b'.') => (K::Ellipsis, 3),
        (b'.', b'.', _) => (K::DotDot, 2),
        (b'=', b'=', _) => (K::EqualEqual, 2),
        (b'=', b'>', _) => (K::Arrow, 2),
        (b'!', b'=', _) => (K::NotEqual, 2),
        (b'<', b'=', _) => (K::LessEqual, 2),
        (b'>', b'=', _) => (K::GreaterEqual, 2),
        (b'|', b'>', _) => (K::Pipe, 2),
        (b'+', b'+', _) => (K::PlusPlus, 2),
        (b'?', b'.', _) => (K::QuestionDot, 2),
        (b'?', b'?', _) => (K::QuestionQuestion, 2),
        (b'(', ..) => (K::ParenOpen, 1),
        (b')', ..) => (K::ParenClose, 1),
        (b'[', ..) => (K::BracketOpen, 1),
        (b']', ..) => (K::BracketClose, 1),
        (b'{', ..) => (K::BraceOpen, 1),
        (b'}', ..) => (K::BraceClose, 1),
        (b',', ..) => (K::Comma, 1),
        (b';', ..) => (K::Semicolon, 1),
        (b':', ..) => (K::Colon, 1),
        (b'=', ..) => (K::Equal, 1),
        (b'<', ..) => (K::Less, 1),
        (b'>', ..) => (K::Greater, 1),
        (b'|', ..) => (K::Bar, 1),
        (b'?', ..) => (K::Question, 1),
        (b'+', ..) => (K::Plus, 1),
        (b'-', ..) => (K::Minus, 1),
        (b'*', ..) => (K::Star, 1),
        (b'/', ..) => (K::Slash, 1),
        (b'%', ..) => (K::Percent, 1),
        (b'.', ..) => (K::Dot, 1),
        (b'~', ..) => (K::Tilde, 1),
        _ => return nothing(input),
    };
    Ok((&input[length..], kind))
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
