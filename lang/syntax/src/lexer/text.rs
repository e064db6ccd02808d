//! The text between a string's quotes: escapes, and the common indent of a block.
//!
//! In: slices of the source between quotes and interpolations. Out: what they stand for. Refuses to know
//! where a string ends: [`super`] decides that.
//!
//! Escapes `\n \t \" \\ \$ \u{…}` hold in `"…"` and `"""…"""`. With a `$` prefix a backslash is plain text.
//!
//! A block drops the line break right after its opening quotes. The longest run of blanks that begins
//! all its lines is stripped from each; lines of blanks only do not count and become empty, but the line
//! of the closing quotes counts, and the line break before it stays, as in a Java text block. Text on the
//! line of the opening quotes has no indent and is left alone.

use crate::diagnostic::Diagnostic;
use crate::span::{SourceId, Span};

/// A piece of a string between its quotes and interpolations.
#[derive(Debug, Clone, Copy)]
pub struct Piece {
    /// First byte in the source.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Whether an interpolation stands before it.
    pub after_interpolation: bool,
    /// Whether an interpolation stands after it.
    pub before_interpolation: bool,
}

/// What text in a string of one line stands for.
pub fn unescaped(
    source: &str,
    id: SourceId,
    start: usize,
    end: usize,
    errors: &mut Vec<Diagnostic>,
) -> String {
    let mut text = String::with_capacity(end - start);
    unescape(source, id, start, end, &mut text, errors);
    text
}

/// What a block string's pieces stand for, one text for each piece.
pub fn resolve(
    source: &str,
    id: SourceId,
    pieces: &[Piece],
    raw: bool,
    errors: &mut Vec<Diagnostic>,
) -> Vec<String> {
    let indent = indent(source, pieces);
    let mut texts = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let mut text = String::with_capacity(piece.end - piece.start);
        for line in lines(source, piece) {
            let dropped = line.first && source[line.start..line.end].trim().is_empty();
            if dropped && line.ended {
                continue;
            }
            let mut start = line.start;
            if line.begins {
                let content = &source[line.start..line.end];
                let blank = content.trim().is_empty() && !line.before_interpolation;
                start = if blank {
                    line.end
                } else if content.starts_with(indent) {
                    line.start + indent.len()
                } else {
                    line.start
                };
            }
            let mut end = line.end;
            if line.ended && source[start..end].ends_with('\r') {
                end -= 1;
            }
            if raw {
                text.push_str(&source[start..end]);
            } else {
                unescape(source, id, start, end, &mut text, errors);
            }
            if line.ended {
                text.push('\n');
            }
        }
        texts.push(text);
    }
    texts
}

/// The source from `start` to `end`, which hold a whole block string with these pieces, with the common indent
/// of its lines replaced by `blanks`. What it stands for stays.
pub fn reindent(source: &str, start: usize, end: usize, pieces: &[Piece], blanks: &str) -> String {
    let common = indent(source, pieces).len();
    let mut out = String::with_capacity(end - start);
    let mut copied = start;
    for (index, piece) in pieces.iter().enumerate() {
        for line in lines(source, piece) {
            let content = &source[line.start..line.end];
            let blank = content.trim().is_empty() && !line.before_interpolation;
            if line.begins {
                out.push_str(&source[copied..line.start]);
                let closing = index + 1 == pieces.len() && !line.ended;
                if !blank || closing {
                    out.push_str(blanks);
                }
                copied = line.start + if blank { content.len() } else { common };
            } else if blank && line.first && line.ended {
                out.push_str(&source[copied..line.start]);
                copied = line.end;
            }
            let plain = content
                .strip_suffix('\r')
                .filter(|plain| !plain.ends_with('\r'));
            if line.ended
                && !blank
                && let Some(plain) = plain
            {
                out.push_str(&source[copied..line.start + plain.len()]);
                copied = line.end;
            }
        }
    }
    out.push_str(&source[copied..end]);
    out
}

/// A line of a piece, without its line break.
#[expect(
    clippy::struct_excessive_bools,
    reason = "four independent facts about its two ends"
)]
struct Line {
    start: usize,
    end: usize,
    /// Whether it is the line of the opening quotes.
    first: bool,
    /// Whether it begins at a line break (and not at the quotes or an interpolation).
    begins: bool,
    /// Whether a line break ends it.
    ended: bool,
    /// Whether an interpolation ends it.
    before_interpolation: bool,
}

fn lines<'a>(source: &'a str, piece: &'a Piece) -> impl Iterator<Item = Line> + 'a {
    let mut start = piece.start;
    let mut number = 0;
    let text = &source[piece.start..piece.end];
    let count = text.split('\n').count();
    text.split('\n').map(move |content| {
        let last = number + 1 == count;
        let line = Line {
            start,
            end: start + content.len(),
            first: number == 0 && !piece.after_interpolation,
            begins: number > 0,
            ended: !last,
            before_interpolation: last && piece.before_interpolation,
        };
        start = line.end + 1;
        number += 1;
        line
    })
}

/// The longest run of blanks that begins every line that counts.
fn indent<'a>(source: &'a str, pieces: &[Piece]) -> &'a str {
    let mut common: Option<&str> = None;
    for (index, piece) in pieces.iter().enumerate() {
        for line in lines(source, piece).filter(|line| line.begins) {
            let content = &source[line.start..line.end];
            let text = content.trim_start_matches([' ', '\t']);
            let closing = index + 1 == pieces.len() && !line.ended;
            if text.trim().is_empty() && !line.before_interpolation && !closing {
                continue;
            }
            let blanks = &content[..content.len() - text.len()];
            common = Some(match common {
                None => blanks,
                Some(known) => {
                    let same = known.bytes().zip(blanks.bytes());
                    &known[..same.take_while(|(a, b)| a == b).count()]
                }
            });
        }
    }
    common.unwrap_or("")
}

/// Appends `source[start..end]` with its escapes resolved; unknown escapes are reported and kept.
fn unescape(
    source: &str,
    id: SourceId,
    start: usize,
    end: usize,
    text: &mut String,
    errors: &mut Vec<Diagnostic>,
) {
    let mut rest = &source[start..end];
    while let Some(at) = rest.bytes().position(|byte| byte == b'\\') {
        text.push_str(&rest[..at]);
        let escape = &rest[at..];
        let offset = end - escape.len();
        let length = match escape[1..].chars().next() {
            Some('n') => push(text, '\n', 2),
            Some('t') => push(text, '\t', 2),
            Some(c @ ('"' | '\\' | '$')) => push(text, c, 2),
            Some('u') => match unicode(escape) {
                Some((c, length)) => push(text, c, length),
                None => unknown(id, offset, number_part(escape), text, errors),
            },
            Some(c) => unknown(id, offset, &escape[..=c.len_utf8()], text, errors),
            None => unknown(id, offset, "\\", text, errors),
        };
        rest = &escape[length..];
    }
    text.push_str(rest);
}

fn push(text: &mut String, c: char, length: usize) -> usize {
    text.push(c);
    length
}

/// Reads `\u{…}` at the beginning of `escape`.
fn unicode(escape: &str) -> Option<(char, usize)> {
    let digits = escape.strip_prefix("\\u{")?;
    let close = digits.find('}')?;
    let code = u32::from_str_radix(digits.get(..close)?, 16).ok()?;
    Some((char::from_u32(code)?, "\\u{".len() + close + 1))
}

/// What was meant as a character's number: `\u{d800}`, or `\u` alone.
fn number_part(escape: &str) -> &str {
    let digits = escape.strip_prefix("\\u{").map(|digits| {
        digits
            .find(|c: char| !c.is_ascii_alphanumeric())
            .map_or("", |close| &digits[close..])
    });
    match digits {
        Some(after) if after.starts_with('}') => &escape[..=escape.len() - after.len()],
        _ => "\\u",
    }
}

fn unknown(
    id: SourceId,
    offset: usize,
    escape: &str,
    text: &mut String,
    errors: &mut Vec<Diagnostic>,
) -> usize {
    let span = Span::new(id, offset, offset + escape.len());
    let error = if escape == "\\u" {
        Diagnostic::error("syntax::escape", span, "`\\u` needs a character's number")
            .help("write it in hexadecimal, as in `\\u{e4}`")
    } else if escape.starts_with("\\u") {
        let message = format!("`{escape}` is no character");
        Diagnostic::error("syntax::escape", span, message).help(
            "a number is hexadecimal, as in `\\u{e4}`, up to 10ffff, and not from d800 to dfff",
        )
    } else {
        Diagnostic::error("syntax::escape", span, format!("there is no escape `{escape}`")).help(
            "write `\\\\` for a backslash, or put `$` before the opening quotes: then a backslash is plain text",
        )
    };
    errors.push(error);
    text.push_str(escape);
    escape.len()
}
