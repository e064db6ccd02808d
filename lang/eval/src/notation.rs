//! Whole values as text that reads back: what `cairn eval` and the REPL print.
//!
//! In: a value, or plain data. Out: the language's own notation of it, everything computed; or all errors that this met. What has no
//! notation stands in angle brackets: `<function>`. Asks the host for nothing: a path is written as a path.

use std::fmt::Write as _;

use cairn_syntax::Diagnostic;
use cairn_syntax::ast::Annotation;
use cairn_syntax::lexer::is_word;
use cairn_syntax::printer::escape;
use cairn_syntax::span::Span;

use crate::data::{Data, DataKind};
use crate::evaluator::{Evaluator, Result};
use crate::limits;
use crate::show::show_float;
use crate::value::Value;

/// How many bytes the contents of a bracket have on one line at most.
const WIDTH: usize = 80;
/// How many levels are indented; deeper ones stay where they are, so that text grows only with what is in it.
const INDENTED_LEVELS: usize = 20;
/// The indent of the deepest level.
const BLANKS: &str = "                                        ";

impl<'a> Evaluator<'a> {
    /// A value in the language's own notation, computed whole; `reader` is the expression that needs it.
    ///
    /// Errors: *all* that this met, each once.
    pub fn print(&mut self, value: Value<'a>, reader: Span) -> Result<String, Vec<Diagnostic>> {
        let mut printing = Printing {
            evaluator: self,
            out: String::new(),
            errors: Vec::new(),
            ended: false,
        };
        printing.value(value, reader, 0);
        let (text, mut errors) = (printing.out, printing.errors);
        for error in self.take_errors() {
            if !errors.contains(&error) {
                errors.push(error);
            }
        }
        if errors.is_empty() {
            Ok(text)
        } else {
            Err(errors)
        }
    }
}

struct Printing<'e, 'a> {
    evaluator: &'e mut Evaluator<'a>,
    out: String,
    errors: Vec<Diagnostic>,
    /// Set where going on with the siblings could take forever.
    ended: bool,
}

impl<'a> Printing<'_, 'a> {
    fn value(&mut self, value: Value<'a>, reader: Span, level: usize) {
        if self.ended {
            return;
        }
        if let Err(error) = self.computed(value, reader, level) {
            self.ended |= crate::data::ends_all(&error);
            if !self.errors.contains(&error) {
                self.errors.push(*error);
            }
        }
    }

    /// Something in brackets. Whether it is on one line.
    fn element(&mut self, value: Value<'a>, reader: Span, level: usize) -> bool {
        let from = self.out.len();
        self.value(value, reader, level);
        // What is long has a line of its own anyway.
        self.out.len() - from <= WIDTH && !self.out[from..].contains('\n')
    }

    fn computed(&mut self, value: Value<'a>, reader: Span, level: usize) -> Result<()> {
        self.evaluator.guard(reader)?;
        limits::level(level, reader)?;
        // Text grows with every naming of a value; it is asked for as it stands.
        self.evaluator.room(self.out.len(), reader)?;
        let value = self.evaluator.force(value, reader)?;
        let out = &mut self.out;
        match value {
            Value::Null => out.push_str("null"),
            Value::Bool(value) => out.push_str(if value { "true" } else { "false" }),
            Value::Int(number) => integer(number, out),
            Value::Float(number) => out.push_str(&float(number)),
            Value::Str(text) => string(text.text, out),
            Value::Path(path) => {
                let _ = write!(out, "./{path}");
            }
            Value::List(list) => {
                let element = |printing: &mut Self, index: usize| {
                    let origin = list.origin(index);
                    let reader = printing.evaluator.value_span(origin, reader);
                    printing.element(list.items[index], reader, level + 1)
                };
                let count = list.items.len();
                enclosed(self, |one| &mut one.out, LIST, count, level, element);
            }
            Value::Record(record) => {
                let fields = self.evaluator.by_text(record);
                let element = |printing: &mut Self, index: usize| {
                    let field = fields[index];
                    let reader = printing.evaluator.value_span(field.origin, reader);
                    key(printing.evaluator.names.text(field.name), &mut printing.out);
                    printing.out.push_str(" = ");
                    printing.element(field.value, reader, level + 1)
                };
                enclosed(
                    self,
                    |one| &mut one.out,
                    RECORD,
                    fields.len(),
                    level,
                    element,
                );
            }
            Value::Closure(_) => out.push_str("<function>"),
            Value::Native(native) => out.push_str(native.name),
            Value::Type(ty) => {
                let _ = write!(out, "<type {}>", self.evaluator.show_type(ty));
            }
            object @ Value::Object(_) => out.push_str(&self.evaluator.show(object)),
            Value::Annotated(annotated) => {
                out.push_str(&word(annotated.annotation));
                out.push(' ');
                self.value(annotated.value, annotated.value_span, level);
            }
            Value::Thunk(_) => {}
        }
        Ok(())
    }
}

impl Data {
    /// The data in the language's own notation, as [`Evaluator::print`] writes the value that it was made of. A path or a build
    /// is a string by now.
    pub fn print(&self) -> String {
        let mut out = String::new();
        self.print_into(&mut out, 0);
        out
    }

    /// Whether it is on one line.
    fn print_into(&self, out: &mut String, level: usize) -> bool {
        match &self.kind {
            DataKind::Null => out.push_str("null"),
            DataKind::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            DataKind::Int(number) => integer(*number, out),
            DataKind::Float(number) => out.push_str(&float(*number)),
            DataKind::Str { text, .. } => string(text, out),
            DataKind::Secret(path) => {
                let _ = write!(out, "<secret {path}>");
            }
            DataKind::List(items) => {
                let element =
                    |out: &mut String, index: usize| items[index].print_into(out, level + 1);
                return enclosed(out, |out| out, LIST, items.len(), level, element);
            }
            DataKind::Map(fields) => {
                let element = |out: &mut String, index: usize| {
                    let (name, value) = &fields[index];
                    key(name, out);
                    out.push_str(" = ");
                    value.print_into(out, level + 1)
                };
                return enclosed(out, |out| out, RECORD, fields.len(), level, element);
            }
        }
        true
    }
}

const LIST: [&str; 2] = ["[", "]"];
const RECORD: [&str; 2] = ["{ ", " }"];

fn integer(number: i64, out: &mut String) {
    let _ = match number {
        // The one number that has to be computed: its positive part is too large.
        i64::MIN => write!(out, "{} - 1", i64::MIN + 1),
        number => write!(out, "{number}"),
    };
}

fn float(number: f64) -> String {
    if number.is_nan() {
        "<nan>".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "<inf>" } else { "<-inf>" }.to_owned()
    } else {
        show_float(number)
    }
}

fn string(text: &str, out: &mut String) {
    out.push('"');
    escape(text, out);
    out.push('"');
}

/// A name as a key, in quotes where it needs them.
fn key(name: &str, out: &mut String) {
    if is_word(name) {
        out.push_str(name);
    } else {
        string(name, out);
    }
}

/// Elements in brackets: one a line, and then on one line after all where they are few and short. `text` says where a printer writes,
/// `element` whether what it wrote has no line break. Says so itself of the whole.
fn enclosed<P>(
    printer: &mut P,
    text: impl Fn(&mut P) -> &mut String,
    [open, close]: [&str; 2],
    count: usize,
    level: usize,
    mut element: impl FnMut(&mut P, usize) -> bool,
) -> bool {
    let indent = &BLANKS[..2 * level.min(INDENTED_LEVELS)];
    let out = text(printer);
    let begin = out.len();
    out.push_str(open.trim_end());
    // What the elements take on one line, with a comma and a blank between them; none where they have to have lines of their own.
    let mut width = Some(0);
    // Where those begin that may come on one line: no more of them have room there.
    let mut starts = [0; WIDTH / 3 + 2];
    for index in 0..count {
        let out = text(printer);
        out.push('\n');
        out.push_str(indent);
        out.push_str("  ");
        let from = out.len();
        let plain = element(printer, index);
        let written = text(printer).len() - from;
        width = width
            .filter(|width| plain && width + written <= WIDTH && index < starts.len())
            .map(|width| width + written + if index > 0 { 2 } else { 0 });
        if width.is_some() {
            starts[index] = from;
        }
    }
    let out = text(printer);
    let Some(width) = width else {
        out.push('\n');
        out.push_str(indent);
        out.push_str(close.trim_start());
        return false;
    };
    let between = indent.len() + 3;
    let mut line = String::with_capacity(width);
    for index in 0..count {
        let next = starts.get(index + 1).filter(|_| index + 1 < count);
        let end = next.map_or(out.len(), |next| next - between);
        line.push_str(if index > 0 { ", " } else { "" });
        line.push_str(&out[starts[index]..end]);
    }
    out.truncate(begin);
    if line.is_empty() {
        out.push_str(open.trim_end());
        out.push_str(close.trim_start());
    } else {
        out.push_str(open);
        out.push_str(&line);
        out.push_str(close);
    }
    true
}

/// An annotation as it is written.
fn word(annotation: &Annotation) -> String {
    match annotation {
        Annotation::Force => "force".to_owned(),
        Annotation::Default => "default".to_owned(),
        Annotation::Priority(number) => format!("priority({number})"),
        Annotation::Before => "before".to_owned(),
        Annotation::After => "after".to_owned(),
        Annotation::Order(number) => format!("order({number})"),
        Annotation::Remove => "remove".to_owned(),
    }
}
