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
/// How many elements have room on one line at most.
const FEW: usize = WIDTH / 3 + 2;
/// How many levels are indented; deeper ones stay where they are, so that text grows only with what is in it.
const INDENTED_LEVELS: usize = 20;
/// A line break and the indent of what stands in the deepest level.
const BREAK: &str = "\n                                          ";

/// What is printed so far.
#[derive(Default)]
struct Page {
    out: String,
    /// An empty text that is kept for its memory.
    line: String,
}

impl<'a> Evaluator<'a> {
    /// A value in the language's own notation, computed whole; `reader` is the expression that needs it.
    ///
    /// Errors: *all* that this met, each once.
    pub fn print(&mut self, value: Value<'a>, reader: Span) -> Result<String, Vec<Diagnostic>> {
        let mut printing = Printing {
            evaluator: self,
            page: Page::default(),
            errors: Vec::new(),
            ended: false,
        };
        printing.value(value, reader, 0);
        let (text, mut errors) = (printing.page.out, printing.errors);
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
    page: Page,
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
        let from = self.page.out.len();
        self.value(value, reader, level);
        // What is long has a line of its own anyway.
        let written = &self.page.out[from..];
        written.len() <= WIDTH && !written.contains('\n')
    }

    fn computed(&mut self, value: Value<'a>, reader: Span, level: usize) -> Result<()> {
        self.evaluator.guard(reader)?;
        limits::level(level, reader)?;
        // Text grows with every naming of a value; it is asked for as it stands.
        self.evaluator.room(self.page.out.len(), reader)?;
        let value = self.evaluator.force(value, reader)?;
        let out = &mut self.page.out;
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
                enclosed(self, |one| &mut one.page, LIST, count, level, element);
            }
            Value::Record(record) => {
                let fields = self.evaluator.by_text(record);
                let element = |printing: &mut Self, index: usize| {
                    let field = fields[index];
                    let reader = printing.evaluator.value_span(field.origin, reader);
                    let name = printing.evaluator.names.text(field.name);
                    key(name, &mut printing.page.out);
                    printing.element(field.value, reader, level + 1)
                };
                enclosed(
                    self,
                    |one| &mut one.page,
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
        let mut page = Page {
            // A whole system seldom has more; what is not written takes no memory.
            out: String::with_capacity(1 << 18),
            line: String::new(),
        };
        self.print_into(&mut page, 0);
        page.out
    }

    /// Whether it is on one line.
    fn print_into(&self, page: &mut Page, level: usize) -> bool {
        match &self.kind {
            DataKind::List(items) if !items.is_empty() => {
                let element = |out: &mut String, index: usize| items[index].print_leaf(out);
                let flat = items.iter().all(Self::is_leaf);
                if flat && on_one_line(&mut page.out, LIST, items.len(), element) {
                    return true;
                }
                let element =
                    |page: &mut Page, index: usize| items[index].print_into(page, level + 1);
                enclosed(page, |page| page, LIST, items.len(), level, element)
            }
            DataKind::Map(fields) if !fields.is_empty() => {
                let element = |out: &mut String, index: usize| {
                    let (name, value) = &fields[index];
                    key(name, out);
                    value.print_leaf(out);
                };
                let flat = fields.iter().all(|(_, value)| value.is_leaf());
                if flat && on_one_line(&mut page.out, RECORD, fields.len(), element) {
                    return true;
                }
                let element = |page: &mut Page, index: usize| {
                    let (name, value) = &fields[index];
                    key(name, &mut page.out);
                    value.print_into(page, level + 1)
                };
                enclosed(page, |page| page, RECORD, fields.len(), level, element)
            }
            _ => {
                self.print_leaf(&mut page.out);
                true
            }
        }
    }

    /// Whether nothing stands in it.
    fn is_leaf(&self) -> bool {
        match &self.kind {
            DataKind::List(items) => items.is_empty(),
            DataKind::Map(fields) => fields.is_empty(),
            _ => true,
        }
    }

    /// Prints what nothing stands in.
    fn print_leaf(&self, out: &mut String) {
        match &self.kind {
            DataKind::Null => out.push_str("null"),
            DataKind::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            DataKind::Int(number) => integer(*number, out),
            DataKind::Float(number) => out.push_str(&float(*number)),
            DataKind::Str { text, .. } => string(text, out),
            DataKind::Secret(path) => {
                let _ = write!(out, "<secret {path}>");
            }
            DataKind::List(_) => out.push_str("[]"),
            DataKind::Map(_) => out.push_str("{}"),
        }
    }
}

/// Two brackets, and what stands inside of each on one line.
#[derive(Clone, Copy)]
struct Brackets {
    open: &'static str,
    close: &'static str,
    blank: &'static str,
}

const LIST: Brackets = Brackets {
    open: "[",
    close: "]",
    blank: "",
};
const RECORD: Brackets = Brackets {
    open: "{",
    close: "}",
    blank: " ",
};

fn integer(number: i64, out: &mut String) {
    // The one number that has to be computed: its positive part is too large.
    let (number, rest) = match number {
        i64::MIN => (number + 1, " - 1"),
        number => (number, ""),
    };
    out.push_str(itoa::Buffer::new().format(number));
    out.push_str(rest);
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

/// A name as a key, in quotes where it needs them, up to its value.
fn key(name: &str, out: &mut String) {
    if is_word(name) {
        out.push_str(name);
    } else {
        string(name, out);
    }
    out.push_str(" = ");
}

/// Elements without line breaks in brackets, on one line as [`enclosed`] would have them in the end: most records are so small
/// that it is quickest to try. Writes nothing, and says so, where they have no room.
fn on_one_line(
    out: &mut String,
    brackets: Brackets,
    count: usize,
    mut element: impl FnMut(&mut String, usize),
) -> bool {
    if count > FEW {
        return false;
    }
    let begin = out.len();
    out.push_str(brackets.open);
    out.push_str(brackets.blank);
    let from = out.len();
    for index in 0..count {
        let comma = if index > 0 { ", " } else { "" };
        out.push_str(comma);
        element(out, index);
        if out.len() - from - comma.len() > WIDTH {
            out.truncate(begin);
            return false;
        }
    }
    out.push_str(brackets.blank);
    out.push_str(brackets.close);
    true
}

/// Elements in brackets: one a line, and then on one line after all where they are few and short. `page` says where a printer writes,
/// `element` whether what it wrote has no line break. Says so itself of the whole.
fn enclosed<P>(
    printer: &mut P,
    page: impl Fn(&mut P) -> &mut Page,
    brackets: Brackets,
    count: usize,
    level: usize,
    mut element: impl FnMut(&mut P, usize) -> bool,
) -> bool {
    let indent = 2 * level.min(INDENTED_LEVELS);
    let (outer, inner) = (&BREAK[..=indent], &BREAK[..3 + indent]);
    let out = &mut page(printer).out;
    out.push_str(brackets.open);
    let begin = out.len();
    // What the elements take on one line, with a comma and a blank between them; none where they have to have lines of their own.
    let mut width = Some(0);
    // Where those begin that may come on one line, counted from the first: no more of them have room there.
    let mut starts = [0_u16; FEW];
    for index in 0..count {
        let out = &mut page(printer).out;
        out.push_str(inner);
        let from = out.len();
        let plain = element(printer, index);
        let written = page(printer).out.len() - from;
        width = width
            .filter(|width| plain && width + written <= WIDTH && index < starts.len())
            .map(|width| width + written + if index > 0 { 2 } else { 0 });
        if width.is_some() {
            starts[index] = (from - begin) as u16;
        }
    }
    let Page { out, line } = page(printer);
    if width.is_none() {
        out.push_str(outer);
    } else if count > 0 {
        line.push_str(brackets.blank);
        let elements = &out[begin..];
        for index in 0..count {
            let next = starts.get(index + 1).filter(|_| index + 1 < count);
            let end = next.map_or(elements.len(), |next| usize::from(*next) - inner.len());
            line.push_str(if index > 0 { ", " } else { "" });
            line.push_str(&elements[usize::from(starts[index])..end]);
        }
        line.push_str(brackets.blank);
        out.truncate(begin);
        out.push_str(line);
        line.clear();
    }
    out.push_str(brackets.close);
    width.is_some()
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
