//! What the engine keeps of each point, and what definitions say of it.
//!
//! In: nothing; these are shapes. Out: [`Point`], [`Contribution`] and what becomes of them on the way to a
//! value. Refuses to compute anything.

use std::cell::OnceCell;

use cairn_eval::{Blame, Evaluator, Record, Result, Type, Value};
use cairn_syntax::ast::{Annotation, Name};
use cairn_syntax::span::Span;
use cairn_syntax::symbol::Symbol;

use crate::tree::Group;

/// The priorities of language.md, "Modules", rule 2: the lowest number wins.
pub(crate) const FORCE: i64 = 50;
pub(crate) const PLAIN: i64 = 100;
pub(crate) const DEFAULT: i64 = 1000;
pub(crate) const DECLARED: i64 = 1500;
/// The places of list items and lines; plain ones have the middle one.
pub(crate) const BEFORE: i64 = 500;
pub(crate) const MIDDLE: i64 = 1000;
pub(crate) const AFTER: i64 = 1500;

/// What one definition says of one point.
#[derive(Clone, Copy)]
pub(crate) struct Contribution<'a> {
    pub(crate) value: Value<'a>,
    /// The value's expression.
    pub(crate) span: Span,
    /// The name that it stands under.
    pub(crate) key: Span,
    /// What is left of the path below this point; empty where the value is the point's own.
    pub(crate) rest: &'a [Name],
    pub(crate) condition: Option<u32>,
    /// As inherited from a record around it.
    pub(crate) priority: Option<i64>,
    pub(crate) order: Option<i64>,
    /// Position among all definitions: modules in their stable order, then the text.
    pub(crate) position: u32,
}

/// A contribution without its annotations.
#[derive(Clone, Copy)]
pub(crate) struct Peeled<'a> {
    pub(crate) value: Value<'a>,
    pub(crate) span: Span,
    pub(crate) priority: Option<i64>,
    pub(crate) order: Option<i64>,
    pub(crate) remove: bool,
}

/// What a point is.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    Group(&'a Group<'a>),
    Typed {
        ty: &'a Type<'a>,
        default: Option<(Value<'a>, Span)>,
        declared: Span,
    },
}

/// One point. It lies in the arena with all that it holds, so it owns nothing.
pub(crate) struct Point<'a> {
    /// The name that it stands under, and the names above; none for the whole configuration.
    pub(crate) trail: Option<&'a Trail<'a>>,
    pub(crate) place: Place<'a>,
    /// The thunk that computes it; always the same one.
    pub(crate) value: Value<'a>,
    /// The key of the nearest map around it: `name` of defaults.
    pub(crate) key: Option<Symbol>,
    pub(crate) parent: Option<u32>,
    /// Sorted by name; not set before the point was computed.
    pub(crate) children: OnceCell<&'a [(Symbol, u32)]>,
    pub(crate) gathered: OnceCell<&'a [Contribution<'a>]>,
    pub(crate) parts: OnceCell<Parts<'a>>,
    pub(crate) opened: OnceCell<&'a [Opened<'a>]>,
}

/// A path, from its end: points share what they have in common.
pub(crate) struct Trail<'a> {
    pub(crate) name: Symbol,
    pub(crate) above: Option<&'a Trail<'a>>,
    pub(crate) length: usize,
}

/// A point's contributions, by whether they go on below it.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a> {
    /// By the next name of their paths; sorted by it, those of one name in stable order.
    pub(crate) below: &'a [(Symbol, Contribution<'a>)],
    pub(crate) whole: &'a [Contribution<'a>],
}

impl<'a> Parts<'a> {
    /// Those that go on with a name.
    pub(crate) fn under(
        &self,
        name: Symbol,
    ) -> impl Iterator<Item = &'a Contribution<'a>> + use<'a> {
        let start = self.below.partition_point(|(other, _)| *other < name);
        let all = self.below[start..].iter();
        all.take_while(move |(other, _)| *other == name)
            .map(|(_, contribution)| contribution)
    }
}

/// A contribution that is a record, or takes keys out of a map.
#[derive(Clone, Copy)]
pub(crate) struct Opened<'a> {
    pub(crate) record: Option<&'a Record<'a>>,
    pub(crate) from: Contribution<'a>,
    pub(crate) peeled: Peeled<'a>,
}

impl<'a> Point<'a> {
    /// Its names, from the outermost.
    pub(crate) fn path(&self) -> Vec<Symbol> {
        let mut path: Vec<Symbol> = std::iter::successors(self.trail, |trail| trail.above)
            .map(|trail| trail.name)
            .collect();
        path.reverse();
        path
    }

    /// The path as a user would write it.
    pub(crate) fn print(&self, evaluator: &Evaluator<'a>) -> String {
        let path = self.path();
        crate::path::print(path.iter().map(|name| evaluator.names.text(*name)))
    }

    /// Where a point was first defined, or else declared.
    pub(crate) fn home(&self) -> Option<Span> {
        let written = self
            .gathered
            .get()
            .and_then(|all| all.first())
            .map(|first| first.span);
        written.or(match &self.place {
            Place::Typed { declared, .. } => Some(*declared),
            Place::Group(_) => None,
        })
    }

    /// Blames an expression for a value that does not fit this point.
    pub(crate) fn blame(&self, evaluator: &Evaluator<'a>, span: Span, declared: Span) -> Blame<'a> {
        let what = self.print(evaluator);
        Blame {
            span,
            declared: Some(declared),
            what: Some(evaluator.arena.text(&what)),
            item: false,
            key: self.key,
        }
    }
}

impl<'a> Contribution<'a> {
    /// Whether this is a default, the option's own or that of a record around it.
    pub(crate) fn is_declared(&self) -> bool {
        self.position == u32::MAX
    }

    /// Computes a contribution's value and takes its annotations off; the innermost one of a kind counts.
    pub(crate) fn peel(self, evaluator: &mut Evaluator<'a>) -> Result<Peeled<'a>> {
        let mut peeled = Peeled {
            value: self.value,
            span: self.span,
            priority: self.priority,
            order: self.order,
            remove: false,
        };
        loop {
            peeled.value = evaluator.force(peeled.value, peeled.span)?;
            let Value::Annotated(annotated) = peeled.value else {
                return Ok(peeled);
            };
            match annotated.annotation {
                Annotation::Force => peeled.priority = Some(FORCE),
                Annotation::Default => peeled.priority = Some(DEFAULT),
                Annotation::Priority(priority) => peeled.priority = Some(*priority),
                Annotation::Before => peeled.order = Some(BEFORE),
                Annotation::After => peeled.order = Some(AFTER),
                Annotation::Order(order) => peeled.order = Some(*order),
                Annotation::Remove => peeled.remove = true,
            }
            (peeled.value, peeled.span) = (annotated.value, annotated.value_span);
        }
    }
}
