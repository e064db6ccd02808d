//! What several definitions of one point give: a function of the point's type and of nothing else.
//!
//! In: a point's contributions. Out: its value. Scalars agree or one wins; lists join in stable module
//! order; `Lines` join by line; records and maps merge by key; functions and secrets never merge.
//! A priority around a record is that of each field in it, so a record itself neither wins nor loses.

use cairn_eval::{Blame, Error, Evaluator, RecordType, Result, Type, Value};
use cairn_syntax::Diagnostic;
use cairn_syntax::span::Span;
use cairn_syntax::symbol::Symbol;

use crate::engine::Engine;
use crate::point::{Contribution, DECLARED, PLAIN, Parts, Peeled, Place, Point, Typed};
use crate::report;
use crate::tree::{Form, shape};

/// What the definitions of a point come to, before they are joined.
pub(crate) struct Contest<'a> {
    /// Those that count, in stable order.
    pub(crate) entered: Vec<Peeled<'a>>,
    /// The priority that wins.
    pub(crate) best: i64,
    /// What computing the others met; where there is one, the point has no value.
    pub(crate) errors: Vec<Error>,
}

impl<'a> Contest<'a> {
    pub(crate) fn winners(&self) -> impl Iterator<Item = &Peeled<'a>> {
        self.entered.iter().filter(|peeled| self.wins(peeled))
    }

    /// Whether a definition is part of the result.
    pub(crate) fn wins(&self, peeled: &Peeled<'a>) -> bool {
        peeled.remove || peeled.priority.unwrap_or(PLAIN) == self.best
    }
}

impl<'a> Engine<'a> {
    /// The value of a typed point.
    pub(crate) fn merge(
        &self,
        evaluator: &mut Evaluator<'a>,
        point: &'a Point<'a>,
        ty: &'a Type<'a>,
        declared: Span,
    ) -> Result<Value<'a>> {
        let shape = shape(evaluator, ty);
        if shape.nullable
            && matches!(shape.form, Form::Record(_) | Form::Map(_))
            && self.is_null(evaluator, point)?
        {
            return Ok(Value::Null);
        }
        let merged = match shape.form {
            Form::Record(record) => self.by_field(evaluator, point, record)?,
            Form::Map(of) => self.by_key(evaluator, point, Some(of), declared)?,
            Form::Any if self.all_records(evaluator, point)? => {
                self.by_key(evaluator, point, None, declared)?
            }
            form => {
                let parts = self.parts(evaluator, point)?;
                if let Form::Scalar = form
                    && let Some(only) = Self::alone(evaluator, &parts)
                {
                    return Self::checked(evaluator, point, &only, ty, declared);
                }
                let mut contest = self.contest(evaluator, parts.whole);
                self.refuse_below(evaluator, point, &parts, ty)?;
                if contest.winners().all(|peeled| peeled.remove) {
                    self.first(contest.errors)?;
                    // As everywhere in the language, a `T?` that nobody sets is null.
                    if shape.nullable {
                        return Ok(Value::Null);
                    }
                    return Err(self.unset(evaluator, point, declared));
                }
                let merged = match form {
                    Form::List(of) => {
                        self.joined_list(evaluator, point, &mut contest, ty, of, declared)
                    }
                    Form::Lines => self.joined_lines(evaluator, point, &mut contest, ty, declared),
                    _ => self.agreed(evaluator, point, &mut contest, ty, declared),
                };
                self.entered.set(contest.entered);
                match form {
                    Form::List(_) => merged?,
                    // The type's own check is part of these.
                    _ => return merged,
                }
            }
        };
        if shape.refined {
            let span = match shape.form {
                // A field's definition is not to blame for the whole.
                Form::Record(_) => {
                    let opened = self.opened(evaluator, point)?.iter();
                    let mut whole = opened.filter(|one| one.record.is_some());
                    let first = whole.find(|one| one.position != u32::MAX);
                    first.map(|one| one.peeled.span)
                }
                _ => point.home(evaluator),
            };
            let span = span.unwrap_or(declared);
            let blame = point.blame(evaluator, span, declared);
            return evaluator.check(merged, ty, blame);
        }
        Ok(merged)
    }

    /// The only definition of a scalar, beside a default at most: most scalars have no other, and there is nothing to join.
    /// `None` where there is more to it, or computing it met an error.
    fn alone(evaluator: &mut Evaluator<'a>, parts: &Parts<'a>) -> Option<Peeled<'a>> {
        let (only, beaten) = match parts.whole {
            [only] => (only, false),
            [only, default] if default.is_declared() => (only, true),
            _ => return None,
        };
        if !parts.below.is_empty() || only.condition().is_some() {
            return None;
        }
        let peeled = only.peel(evaluator).ok()?;
        let loses = beaten && peeled.priority.unwrap_or(PLAIN) >= DECLARED;
        (!peeled.remove && !loses).then_some(peeled)
    }

    /// Computes all definitions that count, and finds the priority that wins.
    pub(crate) fn contest(
        &self,
        evaluator: &mut Evaluator<'a>,
        whole: &'a [Contribution<'a>],
    ) -> Contest<'a> {
        let mut entered = self.entered.take();
        entered.clear();
        let mut errors: Vec<Error> = Vec::new();
        for contribution in whole {
            // The option's own default comes last: where anything else counts, it has lost unread.
            let beaten =
                |peeled: &Peeled<'a>| !peeled.remove && peeled.priority.unwrap_or(PLAIN) < DECLARED;
            if contribution.is_declared() && errors.is_empty() && entered.iter().any(beaten) {
                break;
            }
            let peeled = match self.active(evaluator, contribution.condition()) {
                Ok(true) => contribution.peel(evaluator),
                Ok(false) => continue,
                Err(error) => Err(error),
            };
            match peeled {
                Ok(peeled) => entered.push(peeled),
                Err(error) => errors.push(error),
            }
        }
        let priorities = entered.iter().filter(|peeled| !peeled.remove);
        let best = priorities
            .map(|peeled| peeled.priority.unwrap_or(PLAIN))
            .min()
            .unwrap_or(PLAIN);
        Contest {
            entered,
            best,
            errors,
        }
    }

    /// Gives the first error as the point's own and keeps the others for the check.
    pub(crate) fn first(&self, errors: Vec<Error>) -> Result<()> {
        let mut others = errors.into_iter();
        match others.next() {
            None => Ok(()),
            Some(first) => {
                self.found.borrow_mut().extend(others.map(|error| *error));
                Err(first)
            }
        }
    }

    fn unset(&self, evaluator: &mut Evaluator<'a>, point: &Point<'a>, declared: Span) -> Error {
        let path = point.print(evaluator);
        let mut error = Diagnostic::error(
            "options::unset",
            declared,
            format!("`{path}` is needed, but never set"),
        )
        .label("declared here, without a default")
        .help(format!("write `{path} = …` in the configuration"));
        if let Some(reader) = evaluator.reader().filter(|reader| *reader != declared) {
            error = error.also(reader, "needed here");
        }
        if let Some((span, holder)) = self.holder(evaluator, point) {
            error = error.also(span, format!("`{holder}` needs it"));
        }
        Box::new(error)
    }

    fn refuse_below(
        &self,
        evaluator: &mut Evaluator<'a>,
        point: &'a Point<'a>,
        parts: &Parts<'a>,
        ty: &'a Type<'a>,
    ) -> Result<()> {
        if parts.below.is_empty() {
            return Ok(());
        }
        let mut below: Vec<(Symbol, &Contribution<'a>)> = parts.named().collect();
        below.sort_by_key(|(_, contribution)| contribution.position());
        for (name, contribution) in below {
            if self.active(evaluator, contribution.condition())? {
                let path = point.print(evaluator);
                let ty = evaluator.show_type(ty);
                return Err(report::no_fields(
                    contribution.key(evaluator),
                    &path,
                    &ty,
                    evaluator.names.text(name),
                ));
            }
        }
        Ok(())
    }

    fn is_null(&self, evaluator: &mut Evaluator<'a>, point: &'a Point<'a>) -> Result<bool> {
        let parts = self.parts(evaluator, point)?;
        for contribution in parts.below {
            if self.active(evaluator, contribution.condition())? {
                return Ok(false);
            }
        }
        let mut contest = self.contest(evaluator, parts.whole);
        self.first(std::mem::take(&mut contest.errors))?;
        Ok(contest
            .winners()
            .all(|peeled| matches!(peeled.value, Value::Null)))
    }

    fn all_records(&self, evaluator: &mut Evaluator<'a>, point: &'a Point<'a>) -> Result<bool> {
        let parts = self.parts(evaluator, point)?;
        for contribution in parts.below {
            if self.active(evaluator, contribution.condition())? {
                return Ok(true);
            }
        }
        let mut contest = self.contest(evaluator, parts.whole);
        self.first(std::mem::take(&mut contest.errors))?;
        let records = contest
            .entered
            .iter()
            .filter(|peeled| matches!(peeled.value, Value::Record(_)))
            .count();
        Ok(records > 0 && records == contest.entered.len())
    }

    fn by_field(
        &self,
        evaluator: &mut Evaluator<'a>,
        point: &'a Point<'a>,
        record: &'a RecordType<'a>,
    ) -> Result<Value<'a>> {
        let mut below = Vec::with_capacity(record.fields.len());
        let around = evaluator.around(point.value, point.key);
        for field in record.fields {
            let default = field
                .default
                .map(|code| evaluator.default_in(code, &around));
            below.push((
                field.name,
                Place::Typed(Typed::Field(field, default)),
                point.key,
            ));
        }
        if record.open {
            let known = |name: Symbol| record.get(name).is_some();
            let declared =
                point
                    .home(evaluator)
                    .unwrap_or(Span::new(cairn_syntax::span::SourceId(0), 0, 0));
            let keys = self.keys(evaluator, point)?.into_iter();
            for name in keys.filter(|name| !known(*name)) {
                let place = Place::Typed(Typed::Key {
                    ty: self.anything,
                    declared,
                });
                below.push((name, place, point.key));
            }
        }
        below.sort_unstable_by_key(|(name, ..)| *name);
        Ok(self.record_of(evaluator, point, below))
    }

    fn by_key(
        &self,
        evaluator: &mut Evaluator<'a>,
        point: &'a Point<'a>,
        of: Option<&'a Type<'a>>,
        declared: Span,
    ) -> Result<Value<'a>> {
        let ty = of.unwrap_or(self.anything);
        let declared = ty.span.unwrap_or(declared);
        let place = Place::Typed(Typed::Key { ty, declared });
        let keys = self.keys(evaluator, point)?.into_iter();
        let below = keys.map(|name| {
            let key = if of.is_some() { Some(name) } else { point.key };
            (name, place, key)
        });
        Ok(self.record_of(evaluator, point, below))
    }

    /// The keys that definitions gave a point, less those that one took out.
    fn keys(&self, evaluator: &mut Evaluator<'a>, point: &'a Point<'a>) -> Result<Vec<Symbol>> {
        let parts = self.parts(evaluator, point)?;
        let mut keys = Vec::with_capacity(parts.below.len());
        for (name, contribution) in parts.named() {
            if keys.last() != Some(&name) && self.active(evaluator, contribution.condition())? {
                keys.push(name);
            }
        }
        let mut removed = Vec::new();
        let opened = self.opened(evaluator, point)?;
        let records = opened.iter().filter_map(|opened| opened.record);
        keys.reserve(records.map(|record| record.fields.len()).sum());
        for opened in opened {
            match (opened.record, opened.peeled.value) {
                (Some(record), _) => keys.extend(record.fields.iter().map(|field| field.name)),
                (None, Value::List(list)) => {
                    for (index, item) in list.items.iter().enumerate() {
                        let span = evaluator.value_span(list.origin(index), opened.peeled.span);
                        let key = evaluator.force(*item, span)?;
                        let Value::Str(text) = key else {
                            let shown = evaluator.show(key);
                            return Err(report::no_key(span, &shown));
                        };
                        removed.push((evaluator.names.intern(text.text), span));
                    }
                }
                _ => {}
            }
        }
        keys.sort_unstable();
        keys.dedup();
        for (name, span) in removed {
            let before = keys.len();
            keys.retain(|key| *key != name);
            if keys.len() == before {
                self.nothing_removed(span);
            }
        }
        Ok(keys)
    }

    pub(crate) fn nothing_removed(&self, span: Span) {
        self.found.borrow_mut().push(
            Diagnostic::warning(
                "options::remove_nothing",
                span,
                "there is nothing of this to remove",
            )
            .label("no other definition has it"),
        );
    }

    /// A definition's value, checked against the option's type. The option's name is put together only where a
    /// message may need it.
    fn checked(
        evaluator: &mut Evaluator<'a>,
        point: &Point<'a>,
        peeled: &Peeled<'a>,
        ty: &'a Type<'a>,
        declared: Span,
    ) -> Result<Value<'a>> {
        if ty.is_flat() {
            let blame = Blame {
                declared: Some(declared),
                ..Blame::at(peeled.span)
            };
            if let Ok(value) = evaluator.check(peeled.value, ty, blame) {
                return Ok(value);
            }
        }
        let blame = point.blame(evaluator, peeled.span, declared);
        evaluator.check(peeled.value, ty, blame)
    }

    pub(crate) fn agreed(
        &self,
        evaluator: &mut Evaluator<'a>,
        point: &Point<'a>,
        contest: &mut Contest<'a>,
        ty: &'a Type<'a>,
        declared: Span,
    ) -> Result<Value<'a>> {
        let mut errors = std::mem::take(&mut contest.errors);
        let mut agreed: Option<(Value<'a>, Span)> = None;
        let mut others: Vec<(Value<'a>, Span)> = Vec::new();
        for peeled in contest.winners() {
            if peeled.remove {
                errors.push(report::not_removable(peeled.span, declared));
                continue;
            }
            match Self::checked(evaluator, point, peeled, ty, declared) {
                Ok(value) if agreed.is_none() => agreed = Some((value, peeled.span)),
                Ok(value) => others.push((value, peeled.span)),
                Err(error) => errors.push(error),
            }
        }
        self.first(errors)?;
        let Some((value, first)) = agreed else {
            return Err(self.unset(evaluator, point, declared));
        };
        for (other, second) in others {
            if !same(evaluator, value, other, second)? {
                return Err(conflict(
                    evaluator,
                    point,
                    (value, first),
                    (other, second),
                    contest.best,
                    declared,
                ));
            }
        }
        Ok(value)
    }
}

/// Whether two values may stand for each other; functions, types and secrets never do.
fn same<'a>(
    evaluator: &mut Evaluator<'a>,
    left: Value<'a>,
    right: Value<'a>,
    span: Span,
) -> Result<bool> {
    let alone = |value: &Value<'a>| match value {
        Value::Closure(_) | Value::Native(_) | Value::Type(_) => true,
        Value::Object(object) => object.kind == cairn_eval::ObjectKind::Secret,
        _ => false,
    };
    if alone(&left) || alone(&right) {
        Ok(false)
    } else {
        evaluator.equal(left, right, span)
    }
}

fn conflict<'a>(
    evaluator: &Evaluator<'a>,
    point: &Point<'a>,
    (left, first): (Value<'a>, Span),
    (right, second): (Value<'a>, Span),
    priority: i64,
    declared: Span,
) -> Error {
    let path = point.print(evaluator);
    let told = |value| format!("{} here, with priority {priority}", evaluator.show(value));
    Box::new(
        Diagnostic::error(
            "options::conflict",
            second,
            format!("`{path}` is set to two different values"),
        )
        .label(told(right))
        .also(first, told(left))
        .also(declared, "declared here")
        .help("write `force` before the value that should win, or `default` before the other"),
    )
}
