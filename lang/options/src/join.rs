//! Joining: lists item after item, `Lines` line after line.
//!
//! In: a [`Contest`]'s winners. Out: one list or text, in the order that `before`, `after` and `order(n)` ask
//! for, and otherwise in stable module order; what `remove` names is taken out at the end.

use cairn_eval::{Blame, ContextId, Evaluator, Origin, Place as Written, Result, Type, Value};
use cairn_syntax::span::Span;

use crate::engine::Engine;
use crate::merge::Contest;
use crate::point::{MIDDLE, Peeled, Point};
use crate::report;

impl<'a> Engine<'a> {
    pub(crate) fn joined_list(
        &self,
        evaluator: &mut Evaluator<'a>,
        point: &Point<'a>,
        contest: &mut Contest<'a>,
        ty: &'a Type<'a>,
        of: &'a Type<'a>,
        declared: Span,
    ) -> Result<Value<'a>> {
        let mut items: Vec<(i64, Value<'a>, Origin)> = Vec::new();
        let mut removed: Vec<(Value<'a>, Span)> = Vec::new();
        let mut errors = std::mem::take(&mut contest.errors);
        let (mut nulls, mut lists) = (0_usize, 0_usize);
        // The point's name is put together once.
        let mut whole: Option<Blame<'a>> = None;
        for peeled in contest.winners() {
            let Value::List(list) = peeled.value else {
                nulls += usize::from(matches!(peeled.value, Value::Null));
                let blame = point.blame(evaluator, peeled.span, declared);
                errors.extend(evaluator.check(peeled.value, ty, blame).err());
                continue;
            };
            lists += usize::from(!peeled.remove);
            for (index, item) in list.items.iter().enumerate() {
                let span = evaluator.value_span(list.origin(index), peeled.span);
                if peeled.remove {
                    removed.push((*item, span));
                    continue;
                }
                match placed(evaluator, *item, span, peeled.order) {
                    Ok((order, value, span)) => {
                        let whole =
                            whole.get_or_insert_with(|| point.blame(evaluator, span, declared));
                        let blame = Blame {
                            span,
                            item: true,
                            ..*whole
                        };
                        let origin = evaluator.origin(Written {
                            key: span,
                            value: span,
                        });
                        items.push((order, evaluator.checked(value, of, blame), origin));
                    }
                    Err(error) => errors.push(error),
                }
            }
        }
        if !errors.is_empty() {
            // The list is lost; so that nothing stays unsaid, its other items are computed now.
            for (_, value, origin) in &items {
                let span = evaluator.value_span(*origin, declared);
                if let Err(more) = evaluator.data(*value, span) {
                    self.found.borrow_mut().extend(more);
                }
            }
        }
        self.first(errors)?;
        if nulls > 0 && lists == 0 {
            return Ok(Value::Null);
        }
        items.sort_by_key(|(order, _, _)| *order);
        for (unwanted, span) in removed {
            self.remove(evaluator, &mut items, unwanted, span)?;
        }
        let values: Vec<Value<'a>> = items.iter().map(|(_, value, _)| *value).collect();
        let origins: Vec<Origin> = items.iter().map(|(_, _, origin)| *origin).collect();
        Ok(evaluator.list(&values, &origins))
    }

    fn remove(
        &self,
        evaluator: &mut Evaluator<'a>,
        items: &mut Vec<(i64, Value<'a>, Origin)>,
        unwanted: Value<'a>,
        span: Span,
    ) -> Result<()> {
        let mut kept = Vec::with_capacity(items.len());
        for entry in items.iter() {
            if !evaluator.equal(entry.1, unwanted, span)? {
                kept.push(*entry);
            }
        }
        if kept.len() == items.len() {
            self.nothing_removed(span);
        }
        *items = kept;
        Ok(())
    }

    pub(crate) fn joined_lines(
        &self,
        evaluator: &mut Evaluator<'a>,
        point: &Point<'a>,
        contest: &mut Contest<'a>,
        ty: &'a Type<'a>,
        declared: Span,
    ) -> Result<Value<'a>> {
        let is_text = |peeled: &Peeled<'a>| matches!(peeled.value, Value::Str(_));
        if !contest.winners().all(is_text) || contest.winners().count() == 1 {
            return self.agreed(evaluator, point, contest, ty, declared);
        }
        self.first(std::mem::take(&mut contest.errors))?;
        let mut winners: Vec<&Peeled<'a>> = contest.winners().collect();
        winners.sort_by_key(|peeled| peeled.order.unwrap_or(MIDDLE));
        let mut text = String::new();
        let mut context: Vec<ContextId> = Vec::new();
        for peeled in winners {
            let blame = point.blame(evaluator, peeled.span, declared);
            if let Value::Str(part) = evaluator.check(peeled.value, ty, blame)? {
                if part.text.is_empty() {
                    continue;
                }
                if !text.is_empty() && !text.ends_with('\n') {
                    text.push('\n');
                }
                text.push_str(part.text);
                context.extend(part.context);
            }
        }
        context.sort_unstable();
        context.dedup();
        Ok(evaluator.string_with(&text, &context))
    }
}

/// An item's place in the order; only an annotated one is looked into.
fn placed<'a>(
    evaluator: &mut Evaluator<'a>,
    item: Value<'a>,
    span: Span,
    order: Option<i64>,
) -> Result<(i64, Value<'a>, Span)> {
    let Value::Annotated(_) = item else {
        return Ok((order.unwrap_or(MIDDLE), item, span));
    };
    let peeled = Peeled::of(evaluator, item, span, (None, order))?;
    if peeled.priority.is_some() || peeled.remove {
        return Err(report::item_priority(span));
    }
    Ok((peeled.order.unwrap_or(MIDDLE), peeled.value, peeled.span))
}
