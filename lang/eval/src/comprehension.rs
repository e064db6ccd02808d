//! Comprehensions: `[f(x) for x in xs if p(x)]`, `{ "${k}" = v for k, v in table }`.
//!
//! In: a clause and a body. Out: lists and records whose items wait. Records are walked in the order of their keys' texts.

use cairn_syntax::Diagnostic;
use cairn_syntax::symbol::Symbol;

use crate::evaluate::Frame;
use crate::evaluator::{Evaluator, Result};
use crate::ir::{Clause, Expr};
use crate::value::{Field, Record, Value};

/// How many things are sorted without a list of their texts.
const FEW: usize = 8;

impl<'a> Evaluator<'a> {
    /// Walks what a comprehension walks: puts the names in their slots and calls `each` for what is kept.
    fn walk(
        &mut self,
        clause: &'a Clause<'a>,
        frame: Frame<'a>,
        mut each: impl FnMut(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let source = self.eval(&clause.source, frame)?;
        let slot = frame.base + clause.first as usize;
        let count = match source {
            Value::List(list) => list.items.len(),
            Value::Record(record) if clause.pair => record.fields.len(),
            Value::Record(_) => {
                return Err(Box::new(
                    Diagnostic::error(
                        "eval::for_record",
                        clause.source.span,
                        "a record is walked with two names",
                    )
                    .help(
                        "write `for key, value in …`, or `record.values(…)` for the values alone",
                    ),
                ));
            }
            other => {
                return Err(self.expected(
                    "what `for` walks",
                    "a list or a record",
                    other,
                    clause.source.span,
                ));
            }
        };
        let order = match source {
            Value::Record(record) => self.by_text(record),
            _ => Vec::new(),
        };
        for index in 0..count {
            match (source, order.get(index)) {
                (Value::List(list), _) if clause.pair => {
                    self.stack[slot] = Value::Int(index as i64);
                    self.stack[slot + 1] = list.items[index];
                }
                (Value::List(list), _) => self.stack[slot] = list.items[index],
                (_, Some(field)) => {
                    self.stack[slot] = self.symbol_string(field.name);
                    self.stack[slot + 1] = field.value;
                }
                (_, None) => {}
            }
            let keep = match &clause.condition {
                Some(condition) => self.eval_bool(condition, frame, "the condition")?,
                None => true,
            };
            if keep {
                each(self)?;
            }
        }
        Ok(())
    }

    /// Sorts things with names in the order of the names' texts: the order that users see.
    pub fn sort_by_text<T: Copy>(&self, things: &mut [T], name: impl Fn(&T) -> Symbol) {
        let text = |thing: &T| self.names.text(name(thing));
        if things.len() <= FEW {
            return things.sort_unstable_by(|left, right| text(left).cmp(text(right)));
        }
        // The first bytes decide nearly always, and comparing them looks nowhere else.
        let mut sorted: Vec<(u64, &str, T)> = things
            .iter()
            .map(|thing| {
                let text = text(thing);
                (first_bytes(text), text, *thing)
            })
            .collect();
        sorted.sort_unstable_by(|left, right| (left.0, left.1).cmp(&(right.0, right.1)));
        for (place, (_, _, thing)) in things.iter_mut().zip(sorted) {
            *place = thing;
        }
    }

    /// The fields of a record in the order of their names' texts.
    pub(crate) fn by_text(&self, record: &Record<'a>) -> Vec<&'a Field<'a>> {
        let mut fields: Vec<&'a Field<'a>> = record.fields.iter().collect();
        self.sort_by_text(&mut fields, |field| field.name);
        fields
    }

    pub(crate) fn list_for(
        &mut self,
        body: &'a Expr<'a>,
        clause: &'a Clause<'a>,
        frame: Frame<'a>,
    ) -> Result<Value<'a>> {
        let mut items = Vec::new();
        self.walk(clause, frame, |evaluator| {
            items.push(evaluator.delay(body, frame)?);
            Ok(())
        })?;
        let origins = vec![clause.origin; items.len()];
        Ok(self.list(&items, &origins))
    }

    pub(crate) fn record_for(
        &mut self,
        key: &'a Expr<'a>,
        value: &'a Expr<'a>,
        clause: &'a Clause<'a>,
        frame: Frame<'a>,
    ) -> Result<Value<'a>> {
        let mut fields: Vec<Field<'a>> = Vec::new();
        self.walk(clause, frame, |evaluator| {
            let name = evaluator.eval_key(key, frame)?;
            let value = evaluator.delay(value, frame)?;
            fields.push(Field {
                name,
                origin: clause.origin,
                value,
            });
            Ok(())
        })?;
        self.sort_once(&mut fields)?;
        Ok(self.sorted_record(&fields))
    }
}

/// The first eight bytes of a text, as a number that orders as they do.
fn first_bytes(text: &str) -> u64 {
    let mut first = [0; 8];
    let bytes = text.as_bytes();
    let count = bytes.len().min(8);
    first[..count].copy_from_slice(&bytes[..count]);
    u64::from_be_bytes(first)
}
