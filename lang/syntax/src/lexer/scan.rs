//! The small scanners: blank space, comments, words, numbers, paths and signs, as nom parsers over text.
//!
//! What is met at every token goes by bytes and tables: nom's alternatives were a third of the time of reading a configuration.
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

use super::token::{Number, TokenKind, pack};

/// Splits after so many bytes, as nom's parsers do.
fn split(input: &str, at: usize) -> (&str, &str) {
    let (taken, rest) = input.split_at(at);
    (rest, taken)
}

fn nothing<T>(input: &str) -> IResult<&str, T> {
    Err(nom::Err::Error(Error::new(input, ErrorKind::Tag)))
}

/// Where spaces end that begin at `at`.
#[inline]
pub fn spaces_end(bytes: &[u8], at: usize) -> usize {
    let mut end = at;
    while let Some(b' ') = bytes.get(end) {
        end += 1;
    }
    end
}

/// `#` and everything up to the line break.
pub fn comment(input: &str) -> IResult<&str, &str> {
    if !input.starts_with('#') {
        return nothing(input);
    }
    let end = input.bytes().position(|byte| byte == b'\n');
    Ok(split(input, end.unwrap_or(input.len())))
}

/// The text of a `##` comment; `###` and more is decoration and not a doc comment.
pub fn doc_text(comment: &str) -> Option<&str> {
    let text = comment.strip_prefix("##")?;
    if text.starts_with('#') {
        return None;
    }
    Some(text.strip_prefix(' ').unwrap_or(text).trim_end())
}

/// Whether a byte is a letter, a digit or `_`.
const IN_WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_';
        byte += 1;
    }
    table
};

/// The inner bytes of words among eight: their highest bits are clear, those of all others are set.
///
/// Eight bytes are looked at in one step, as words are most of a text. What is added to the lower seven bits of a byte carries
/// into the highest one from the first byte of a range on, and so does the second sum from beyond its last one.
#[inline]
fn outside_word(window: u64) -> u64 {
    const fn all(byte: u8) -> u64 {
        u64::from_le_bytes([byte; 8])
    }
    let low = window & all(0x7f);
    let lower_case = low | all(0x20);
    let letters = (lower_case + all(0x80 - b'a')) ^ (lower_case + all(0x7f - b'z'));
    let digits = (low + all(0x80 - b'0')) ^ (low + all(0x7f - b'9'));
    let others_than_line = (low ^ all(b'_')) + all(0x7f);
    (!(letters | digits) & others_than_line | window) & all(0x80)
}

/// The eight bytes from `at`, the first one lowest, with zeros for those beyond the end of the text.
#[inline]
fn eight(bytes: &[u8], at: usize) -> u64 {
    match bytes.get(at..at + 8) {
        Some(window) => window.try_into().map_or(0, u64::from_le_bytes),
        None => pack(bytes.get(at..).unwrap_or_default()),
    }
}

/// Where inner bytes of a word end that begin at `at`, where these are the eight bytes from there.
#[inline]
fn inner_end(bytes: &[u8], at: usize, mut window: u64) -> usize {
    let mut end = at;
    loop {
        let outside = outside_word(window);
        if outside != 0 {
            return end + outside.trailing_zeros() as usize / 8;
        }
        end += 8;
        window = eight(bytes, end);
    }
}

/// Whether a byte is a letter, a digit or `_`.
#[inline]
pub fn in_word(byte: u8) -> bool {
    IN_WORD[byte as usize]
}

/// Where a word ends that begins at `at`; at `at` where none begins.
pub fn word_end(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at) {
        Some(b'a'..=b'z' | b'A'..=b'Z' | b'_') => word(bytes, at).0,
        _ => at,
    }
}

/// Where a word ends of which a letter or `_` stands at `at`, and its first eight bytes with what follows a shorter one. Hyphens belong
/// to it where a letter, a digit or `_` follows them.
#[expect(clippy::inline_always, reason = "a call for each word shows")]
#[inline(always)]
pub fn word(bytes: &[u8], at: usize) -> (usize, u64) {
    let window = eight(bytes, at);
    let end = inner_end(bytes, at, window);
    match bytes.get(end) {
        Some(b'-') => (hyphens_end(bytes, end), window),
        _ => (end, window),
    }
}

/// Where a word ends that has hyphens at `at`.
#[cold]
fn hyphens_end(bytes: &[u8], at: usize) -> usize {
    let mut end = at;
    loop {
        let hyphens = bytes[end..].iter().take_while(|byte| **byte == b'-');
        let after = end + hyphens.count();
        let further = inner_end(bytes, after, eight(bytes, after));
        if further == after || after == end {
            return end;
        }
        end = further;
    }
}

/// Where a plain decimal number ends that begins at `at`, and its value; `None` where more belongs to the number, or it is too long.
#[inline]
pub fn short_number(bytes: &[u8], at: usize) -> Option<(usize, i64)> {
    let (mut end, mut value) = (at, 0_i64);
    while let Some(digit @ b'0'..=b'9') = bytes.get(end) {
        if end - at >= 18 {
            return None;
        }
        value = value * 10 + i64::from(digit - b'0');
        end += 1;
    }
    let zeros = bytes[at] == b'0' && end - at > 1;
    let more = bytes
        .get(end)
        .is_some_and(|byte| IN_WORD[*byte as usize] || *byte == b'.');
    (!zeros && !more).then_some((end, value))
}

/// Whether a byte of a string's text may be something else than text.
const IN_TEXT: [bool; 256] = {
    let mut table = [true; 256];
    table[b'\\' as usize] = false;
    table[b'"' as usize] = false;
    table[b'\n' as usize] = false;
    table[b'$' as usize] = false;
    table
};

/// Where text ends that begins at `at`: before the next quotes, line break, backslash or `$`.
#[inline]
pub fn text_end(bytes: &[u8], at: usize) -> usize {
    let mut end = at;
    while bytes.get(end).is_some_and(|byte| IN_TEXT[*byte as usize]) {
        end += 1;
    }
    end
}

/// Where the closing quotes stand of a string on one line that begins at `at`, where it has neither escapes nor `$`.
#[inline]
pub fn plain_string(bytes: &[u8], at: usize) -> Option<usize> {
    let end = text_end(bytes, at + 1);
    let quotes = bytes.get(end) == Some(&b'"');
    let block = end == at + 1 && bytes.get(end + 1) == Some(&b'"');
    (quotes && !block).then_some(end)
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
pub fn number_value(text: &str) -> Result<Number, (String, Option<String>)> {
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
            .map(Number::Int)
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
        return lower.parse().map(Number::Int).map_err(|_| too_large());
    }
    let shaped = lower
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'+' | b'-'));
    match lower.parse::<f64>() {
        Ok(value) if shaped && value.is_finite() => Ok(Number::Float(value)),
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

/// Operators and other signs that are met seldom, the longest first: what begins at `at`, and how many bytes it takes.
pub fn sign(bytes: &[u8], at: usize) -> Option<(TokenKind, usize)> {
    use TokenKind as K;
    let after = |more: usize| bytes.get(at + more).copied().unwrap_or(0);
    Some(match (bytes.get(at)?, after(1)) {
        (b'.', b'.') if after(2) == b'.' => (K::Ellipsis, 3),
        (b'.', b'.') => (K::DotDot, 2),
        (b'!', b'=') => (K::NotEqual, 2),
        (b'<', b'=') => (K::LessEqual, 2),
        (b'<', _) => (K::Less, 1),
        (b'>', b'=') => (K::GreaterEqual, 2),
        (b'>', _) => (K::Greater, 1),
        (b'|', b'>') => (K::Pipe, 2),
        (b'|', _) => (K::Bar, 1),
        (b'+', b'+') => (K::PlusPlus, 2),
        (b'+', _) => (K::Plus, 1),
        (b'?', b'.') => (K::QuestionDot, 2),
        (b'?', b'?') => (K::QuestionQuestion, 2),
        (b'?', _) => (K::Question, 1),
        (b';', _) => (K::Semicolon, 1),
        (b'-', _) => (K::Minus, 1),
        (b'*', _) => (K::Star, 1),
        (b'/', _) => (K::Slash, 1),
        (b'%', _) => (K::Percent, 1),
        (b'~', _) => (K::Tilde, 1),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_word(input: &str, expect: &str) {
        let end = word_end(input.as_bytes(), 0);
        assert_eq!(&input[..end], expect);
    }

    #[test]
    fn eight_bytes_are_told_apart_as_one_is() {
        for byte in 0..=u8::MAX {
            for beside in [0, b'a', b'/', 0x7f, 0x80, 0xff] {
                for place in 0..8 {
                    let mut bytes = [beside; 8];
                    bytes[place] = byte;
                    let outside = outside_word(u64::from_le_bytes(bytes)).to_le_bytes();
                    let expect = bytes.map(|byte| u8::from(!IN_WORD[byte as usize]) << 7);
                    assert_eq!(outside, expect, "{bytes:?}");
                }
            }
        }
        for length in 0..20 {
            let word = "abcdefghij0123456789";
            check_word(&word[..length], &word[..length]);
            check_word(&format!("{}+{word}", &word[..length]), &word[..length]);
        }
    }

    #[test]
    fn keeps_inner_hyphens_in_a_name() {
        check_word("a-b c", "a-b");
        check_word("lib-c6--x", "lib-c6--x");
        check_word("a- b", "a");
        check_word("a->b", "a");
    }

    #[test]
    fn a_word_begins_with_a_letter() {
        check_word("", "");
        check_word("1a", "");
        check_word("-a", "");
        check_word("_1", "_1");
    }

    #[test]
    fn a_short_number_is_plain() {
        let read = |text: &str| short_number(text.as_bytes(), 0).map(|(_, value)| value);
        assert_eq!(read("0"), Some(0));
        assert_eq!(read("1234,"), Some(1234));
        assert_eq!(read("123456789012345678 "), Some(123_456_789_012_345_678));
        for more in [
            "1234567890123456789",
            "01",
            "1_0",
            "1.5",
            "1.x",
            "0xff",
            "12abc",
        ] {
            assert_eq!(read(more), None, "{more}");
        }
    }

    #[test]
    fn reads_numbers() {
        let read = |text: &str| number_value(number(text).unwrap().1);
        assert_eq!(read("1_000 "), Ok(Number::Int(1000)));
        assert_eq!(read("0xff"), Ok(Number::Int(255)));
        assert_eq!(read("0o644"), Ok(Number::Int(0o644)));
        assert_eq!(read("1.5"), Ok(Number::Float(1.5)));
        assert_eq!(read("1e-7"), Ok(Number::Float(1e-7)));
        assert_eq!(read("1.x"), Ok(Number::Int(1)));
        assert!(read("9223372036854775808").is_err());
        assert!(read("0x").is_err());
        assert!(read("12abc").is_err());
        let (_, help) = read("0644").unwrap_err();
        assert!(help.unwrap().contains("`0o644`"));
    }
}
