//! Whole values as text that reads back: what `cairn eval` and the REPL print.
//!
//! In: a value. Out: the language's own notation of it, everything computed; or all errors that this met. What has no
//! notation stands in angle brackets: `<function>`. Asks the host for nothing: a path is written as a path.

use cairn_syntax::Diagnostic;
use cairn_syntax::ast::Annotation;
use cairn_syntax::printer::escape;
use cairn_syntax::span::Span;

use crate::evaluator::{Evaluator, Result};
use crate::show::show_float;
use crate::value::Value;

/// How many bytes the contents of a bracket have on one line at most.
const WIDTH: usize = 80;
/// How many levels are indented; deeper ones stay where they are, so that text grows only with what is in it.
const INDENTED_LEVELS: usize = 20;

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

    fn computed(&mut self, value: Value<'a>, reader: Span, level: usize) -> Result<()> {
        self.evaluator.guard(reader)?;
        // Text grows with every naming of a value; it is asked for as it stands.
        self.evaluator.room(self.out.len(), reader)?;
        let text = match self.evaluator.force(value, reader)? {
            Value::Null => "null".to_owned(),
            Value::Bool(value) => value.to_string(),
            // The one number that has to be computed: its positive part is too large.
            Value::Int(i64::MIN) => format!("{} - 1", i64::MIN + 1),
            Value::Int(number) => number.to_string(),
            Value::Float(number) if number.is_nan() => "<nan>".to_owned(),
            Value::Float(number) if number.is_infinite() => {
                if number > 0.0 { "<inf>" } else { "<-inf>" }.to_owned()
            }
            Value::Float(number) => show_float(number),
            Value::Str(text) => {
                self.out.push('"');
                escape(text.text, &mut self.out);
                "\"".to_owned()
            }
            Value::Path(path) => format!("./{path}"),
            Value::List(list) => {
                self.enclosed(["[", "]"], list.items.len(), level, |printing, index| {
                    let origin = list.origin(index);
                    let reader = printing.evaluator.value_span(origin, reader);
                    printing.value(list.items[index], reader, level + 1);
                });
                return Ok(());
            }
            Value::Record(record) => {
                let fields = self.evaluator.by_text(record);
                self.enclosed(["{ ", " }"], fields.len(), level, |printing, index| {
                    let field = fields[index];
                    let reader = printing.evaluator.value_span(field.origin, reader);
                    let key = printing.evaluator.show_key(field.name);
                    printing.out.push_str(&key);
                    printing.out.push_str(" = ");
                    printing.value(field.value, reader, level + 1);
                });
                return Ok(());
            }
            Value::Closure(_) => "<function>".to_owned(),
            Value::Native(native) => native.name.to_owned(),
            Value::Type(ty) => format!("<type {}>", self.evaluator.show_type(ty)),
            object @ Value::Object(_) => self.evaluator.show(object),
            Value::Annotated(annotated) => {
                self.out.push_str(&word(annotated.annotation));
                self.out.push(' ');
                self.value(annotated.value, annotated.value_span, level);
                return Ok(());
            }
            Value::Thunk(_) => String::new(),
        };
        self.out.push_str(&text);
        Ok(())
    }

    /// Elements in brackets: one a line, and then on one line after all where they are few and short.
    fn enclosed(
        &mut self,
        [open, close]: [&str; 2],
        count: usize,
        level: usize,
        mut element: impl FnMut(&mut Self, usize),
    ) {
        let begin = self.out.len();
        self.out.push_str(open.trim_end());
        let indent = "  ".repeat(level.min(INDENTED_LEVELS));
        let mut on_one_line = Some(String::new());
        for index in 0..count {
            self.out.push('\n');
            self.out.push_str(&indent);
            self.out.push_str("  ");
            let from = self.out.len();
            element(self, index);
            let written = &self.out[from..];
            on_one_line = on_one_line
                .filter(|line| line.len() + written.len() <= WIDTH && !written.contains('\n'));
            if let Some(line) = &mut on_one_line {
                line.push_str(if index > 0 { ", " } else { "" });
                line.push_str(written);
            }
        }
        if let Some(line) = on_one_line {
            self.out.truncate(begin);
            if line.is_empty() {
                self.out.push_str(open.trim_end());
                self.out.push_str(close.trim_start());
            } else {
                self.out.push_str(open);
                self.out.push_str(&line);
                self.out.push_str(close);
            }
        } else {
            self.out.push('\n');
            self.out.push_str(&indent);
            self.out.push_str(close.trim_start());
        }
    }
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
