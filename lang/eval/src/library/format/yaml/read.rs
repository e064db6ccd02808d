//! Events of a YAML text to values.
//!
//! In: a text. Out: a value for each document, or one line that says what is wrong. Values are shared between an anchor
//! and its aliases; what they would be if written out is counted all the same, since forcing them writes them out.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use super::super::DEPTH_LIMIT;
use crate::evaluator::Evaluator;
use crate::host::ContextId;
use crate::value::{Field, Origin, Value};

/// How large a text may become when its aliases are written out: values and bytes of strings, beyond its own size.
const EXPANSION_LIMIT: usize = 1 << 22;

/// What was read: the value, and its size when written out.
type Sized<'a> = (Value<'a>, usize);

/// A node's tag, within the core schema.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CoreTag {
    Null,
    Bool,
    Int,
    Float,
    Str,
    Seq,
    Map,
}

struct Reader<'e, 'a, 't> {
    evaluator: &'e mut Evaluator<'a>,
    parser: Parser<'t, saphyr_parser::StrInput<'t>>,
    context: &'a [ContextId],
    anchors: HashMap<usize, Sized<'a>>,
    depth: usize,
    size: usize,
    limit: usize,
}

/// The documents of a text.
pub(super) fn documents<'a>(
    evaluator: &mut Evaluator<'a>,
    text: &str,
    context: &'a [ContextId],
) -> Result<Vec<Value<'a>>, String> {
    let mut reader = Reader {
        evaluator,
        parser: Parser::new_from_str(text),
        context,
        anchors: HashMap::new(),
        depth: 0,
        size: 0,
        limit: EXPANSION_LIMIT.saturating_add(text.len()),
    };
    let mut documents = Vec::new();
    loop {
        match reader.next()? {
            (Event::StreamEnd, _) => return Ok(documents),
            (Event::DocumentStart(_), _) => {
                reader.anchors.clear();
                let first = reader.next()?;
                documents.push(reader.node(first)?.0);
            }
            _ => {}
        }
    }
}

fn at(cause: impl std::fmt::Display, span: Span) -> String {
    format!(
        "{cause} at line {} column {}",
        span.start.line(),
        span.start.col() + 1
    )
}

fn scan_error(error: &ScanError) -> String {
    let mark = error.marker();
    format!(
        "{} at line {} column {}",
        error.info(),
        mark.line(),
        mark.col() + 1
    )
}

impl<'a, 't> Reader<'_, 'a, 't> {
    fn next(&mut self) -> Result<(Event<'t>, Span), String> {
        match self.parser.next_event() {
            Some(next) => next.map_err(|error| scan_error(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    /// Counts what a value takes when it is written out.
    fn grow(&mut self, size: usize, span: Span) -> Result<(), String> {
        self.size = self.size.saturating_add(size);
        if self.size > self.limit {
            return Err(at("its aliases stand for too much", span));
        }
        Ok(())
    }

    fn node(&mut self, (event, span): (Event<'t>, Span)) -> Result<Sized<'a>, String> {
        let before = self.size;
        self.depth += 1;
        if self.depth > DEPTH_LIMIT {
            return Err(at(format!("more than {DEPTH_LIMIT} levels"), span));
        }
        let (value, anchor) = match event {
            Event::Alias(id) => {
                let Some((value, size)) = self.anchors.get(&id).copied() else {
                    return Err(at("an alias inside of what it stands for", span));
                };
                self.grow(size, span)?;
                (value, 0)
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.grow(1 + text.len(), span)?;
                let tag = core_tag(tag.as_deref(), span)?;
                (self.scalar(&text, style, tag, span)?, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                collection_tag(tag.as_deref(), CoreTag::Seq, span)?;
                self.grow(1, span)?;
                (self.list()?, anchor)
            }
            Event::MappingStart(anchor, tag) => {
                collection_tag(tag.as_deref(), CoreTag::Map, span)?;
                self.grow(1, span)?;
                (self.record()?, anchor)
            }
            _ => return Err(at("a value is missing", span)),
        };
        self.depth -= 1;
        let size = self.size - before;
        if anchor != 0 {
            self.anchors.insert(anchor, (value, size));
        }
        Ok((value, size))
    }

    fn list(&mut self) -> Result<Value<'a>, String> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(self.evaluator.list(&items, &[])),
                item => items.push(self.node(item)?.0),
            }
        }
    }

    fn record(&mut self) -> Result<Value<'a>, String> {
        let mut fields: Vec<Field<'a>> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        loop {
            let (text, span) = match self.next()? {
                (Event::MappingEnd, _) => return Ok(self.evaluator.record(fields)),
                (Event::Scalar(text, style, anchor, _), span) => {
                    self.grow(text.len(), span)?;
                    if anchor != 0 {
                        let value = self.scalar(&text, style, None, span)?;
                        self.anchors.insert(anchor, (value, text.len()));
                    }
                    (text.into_owned(), span)
                }
                (Event::Alias(id), span) => match self.anchors.get(&id) {
                    Some((Value::Str(text), _)) => (text.text.to_owned(), span),
                    _ => return Err(at("a key must be a string", span)),
                },
                (_, span) => return Err(at("a key must be a string", span)),
            };
            let name = self.evaluator.names.intern(&text);
            if !seen.insert(name) {
                return Err(at(format!("the key `{text}` is there twice"), span));
            }
            let first = self.next()?;
            let (value, _) = self.node(first)?;
            fields.push(Field {
                name,
                origin: Origin::NONE,
                value,
            });
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<CoreTag>,
        span: Span,
    ) -> Result<Value<'a>, String> {
        let found = match (tag, style) {
            (Some(CoreTag::Str), _) => None,
            (None, ScalarStyle::Plain) => plain(text).map_err(|cause| at(cause, span))?,
            (None, _) => None,
            (Some(tag), _) => {
                let value = plain(text).map_err(|cause| at(cause, span))?;
                let value = match (tag, value) {
                    (CoreTag::Float, Some(Value::Int(_))) => text.parse().map(Value::Float).ok(),
                    (_, value) => value,
                };
                let fits = matches!(
                    (tag, value),
                    (CoreTag::Null, Some(Value::Null))
                        | (CoreTag::Bool, Some(Value::Bool(_)))
                        | (CoreTag::Int, Some(Value::Int(_)))
                        | (CoreTag::Float, Some(Value::Float(_)))
                );
                if !fits {
                    return Err(at(format!("`{text}` does not fit its tag"), span));
                }
                value
            }
        };
        Ok(found.unwrap_or_else(|| self.evaluator.string_with(text, self.context)))
    }
}

/// What a plain scalar is in the core schema; `None` for a string. Source: YAML 1.2.2, 10.3.2.
fn plain<'a>(text: &str) -> Result<Option<Value<'a>>, String> {
    let too_large = |_| format!("{text} needs more than the 64 bits of a whole number");
    let value = match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Value::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Value::Float(f64::NEG_INFINITY),
        _ => {
            let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
            let digits = |text: &str, radix| {
                !text.is_empty() && text.chars().all(|letter| letter.is_digit(radix))
            };
            let based = |prefix: &str, radix: u32| {
                let rest = text.strip_prefix(prefix);
                rest.filter(|rest| digits(rest, radix))
                    .map(|rest| i64::from_str_radix(rest, radix).map_err(too_large))
            };
            if digits(unsigned, 10) {
                Value::Int(text.parse().map_err(too_large)?)
            } else if let Some(number) = based("0o", 8).or_else(|| based("0x", 16)) {
                Value::Int(number?)
            } else if is_float(unsigned) {
                let number: f64 = text.parse().map_err(|_| format!("{text} is no number"))?;
                if number.is_infinite() {
                    return Err(format!("{text} is too large for a number"));
                }
                Value::Float(number)
            } else {
                return Ok(None);
            }
        }
    };
    Ok(Some(value))
}

/// `( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`, the sign already taken away.
fn is_float(text: &str) -> bool {
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, Some(exponent)),
        None => (text, None),
    };
    let digits = |text: &str| text.chars().all(|letter| letter.is_ascii_digit());
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let exponent = exponent.map(|text| text.strip_prefix(['-', '+']).unwrap_or(text));
    digits(whole)
        && digits(part)
        && !(whole.is_empty() && part.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
}

fn core_tag(tag: Option<&Tag>, span: Span) -> Result<Option<CoreTag>, String> {
    let Some(tag) = tag else { return Ok(None) };
    let known = match tag.suffix.as_str() {
        // Alone it says: not to be resolved.
        "!" if tag.handle.is_empty() => Some(CoreTag::Str),
        suffix if tag.is_yaml_core_schema() => match suffix {
            "null" => Some(CoreTag::Null),
            "bool" => Some(CoreTag::Bool),
            "int" => Some(CoreTag::Int),
            "float" => Some(CoreTag::Float),
            "str" => Some(CoreTag::Str),
            "seq" => Some(CoreTag::Seq),
            "map" => Some(CoreTag::Map),
            _ => None,
        },
        _ => None,
    };
    match known {
        Some(known) => Ok(Some(known)),
        None => Err(at(
            format!("the tag {}{} is unknown", tag.handle, tag.suffix),
            span,
        )),
    }
}

fn collection_tag(tag: Option<&Tag>, wanted: CoreTag, span: Span) -> Result<(), String> {
    match core_tag(tag, span)? {
        Some(tag) if tag != wanted && tag != CoreTag::Str => {
            Err(at("the tag does not fit what follows", span))
        }
        _ => Ok(()),
    }
}
