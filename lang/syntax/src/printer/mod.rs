//! Tree to text: the canonical way to write a tree down.
//!
//! In: an [`ast`](crate::ast). Out: text that reads back as the same tree, spans aside. Refuses to keep comments
//! and the user's own layout: trees have none (`##` doc comments are kept).
//!
//! Whatever fits goes on one line; longer records, lists and types have a line for each element.

mod expression;
mod item;
mod types;

use crate::ast::{Expr, Key, Module, Name, Type};
use crate::lexer::{is_word, token::is_reserved};
use crate::symbol::{Interner, Symbol};

/// How many bytes a bracket's contents have on one line at most.
const WIDTH: usize = 80;

/// A module as text.
pub fn print_module(module: &Module, names: &Interner) -> String {
    Printer { names }.items(&module.items)
}

/// An expression as text, without a line break at its end.
pub fn print_expression(expr: &Expr, names: &Interner) -> String {
    Printer { names }.expr(expr, 0)
}

/// A type as text, without a line break at its end.
pub fn print_type(ty: &Type, names: &Interner) -> String {
    Printer { names }.ty(ty, 0)
}

struct Printer<'n> {
    names: &'n Interner,
}

impl Printer<'_> {
    fn symbol(&self, symbol: Symbol) -> &str {
        self.names.text(symbol)
    }

    /// A name as a key: in quotes where it is no word or a reserved one.
    fn name(&self, name: &Name) -> String {
        let text = self.symbol(name.symbol);
        if is_word(text) && !is_reserved(text) {
            text.to_owned()
        } else {
            let mut quoted = String::from("\"");
            escape(text, &mut quoted);
            quoted.push('"');
            quoted
        }
    }

    fn names_path(&self, path: &[Name]) -> String {
        let keys: Vec<String> = path.iter().map(|name| self.name(name)).collect();
        keys.join(".")
    }

    fn key_path(&self, path: &[Key]) -> String {
        let keys: Vec<String> = path.iter().map(|key| self.key(key)).collect();
        keys.join(".")
    }
}

/// Writes text between quotes: what could end it or begin an interpolation is escaped.
#[inline]
pub fn escape(text: &str, out: &mut String) {
    // Most texts are copied as they stand.
    match special(text) {
        None => out.push_str(text),
        Some(at) => escape_from(text, at, out),
    }
}

/// Where the first byte is that may have to be escaped.
fn special(text: &str) -> Option<usize> {
    text.bytes().position(|byte| !AS_IT_IS[usize::from(byte)])
}

/// The same for a text that has something special.
fn escape_from(text: &str, first: usize, out: &mut String) {
    let (mut rest, mut next) = (text, Some(first));
    while let Some(at) = next {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let mut chars = from.chars();
        match chars.next() {
            Some('\n') => out.push_str("\\n"),
            Some('\t') => out.push_str("\\t"),
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('$') if matches!(chars.clone().next(), None | Some('{' | '$')) => {
                out.push_str("\\$");
            }
            Some(c) if c.is_control() => out.extend(c.escape_unicode()),
            Some(c) => out.push(c),
            None => {}
        }
        rest = chars.as_str();
        next = special(rest);
    }
    out.push_str(rest);
}

/// The bytes that never have to be escaped, whatever follows them.
const AS_IT_IS: [bool; 256] = {
    let mut table = [true; 256];
    let mut byte = 0;
    while byte < 256 {
        // 0xc2 begins the control characters beyond ASCII.
        table[byte] = !matches!(byte as u8, 0..0x20 | b'"' | b'\\' | b'$' | 0x7f | 0xc2);
        byte += 1;
    }
    table
};

/// `##` lines before what they belong to.
fn doc(text: Option<&String>, out: &mut String) {
    for line in text.into_iter().flat_map(|text| text.split('\n')) {
        out.push_str("##");
        if !line.is_empty() {
            out.push(' ');
            out.push_str(line);
        }
        out.push('\n');
    }
}

/// Elements in their brackets: on one line where they fit, otherwise one a line.
fn enclose(open: &str, elements: &[String], close: &str, blank: bool) -> String {
    if elements.is_empty() {
        return format!("{open}{close}");
    }
    let width: usize = elements.iter().map(|element| element.len() + 2).sum();
    if width <= WIDTH && !elements.iter().any(|element| element.contains('\n')) {
        let blank = if blank { " " } else { "" };
        return format!("{open}{blank}{}{blank}{close}", elements.join(", "));
    }
    let mut out = format!("{open}\n");
    for element in elements {
        indented(element, &mut out);
    }
    out.push_str(close);
    out
}

/// Each line two blanks deeper.
fn indented(text: &str, out: &mut String) {
    for line in text.lines() {
        if !line.is_empty() {
            out.push_str("  ");
            out.push_str(line);
        }
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::escape;

    /// The rule, character by character.
    fn escaped(text: &str) -> String {
        let mut chars = text.chars().peekable();
        let mut out = String::new();
        while let Some(c) = chars.next() {
            match c {
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                '"' | '\\' => out.extend(['\\', c]),
                '$' if matches!(chars.peek(), None | Some('{' | '$')) => out.push_str("\\$"),
                c if c.is_control() => out.extend(c.escape_unicode()),
                c => out.push(c),
            }
        }
        out
    }

    #[test]
    fn whole_pieces_are_escaped_as_character_by_character() {
        let chars = ('\0'..'\u{180}').chain(['€', '\u{2028}', '🦀']);
        for c in chars {
            for text in [
                format!("{c}"),
                format!("plain{c}plain"),
                format!("ü{c}{c}ü"),
                format!("{c}{{"),
                format!("${c}$"),
                format!("{c}$ {c}\n"),
            ] {
                let mut out = String::from("before ");
                escape(&text, &mut out);
                assert_eq!(out, format!("before {}", escaped(&text)), "{text:?}");
            }
        }
    }
}
