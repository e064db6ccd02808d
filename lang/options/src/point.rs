//! What the engine keeps of each point, and what definitions say of it.
//!
//! In: nothing; these are shapes. Out: [`Point`], [`Contribution`] and what becomes of them on the way to a
//! value. Refuses to compute anything.

use std::cell::OnceCell;

use cairn_eval::{Arena, Blame, Evaluator, Record, Result, Type, Value};
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

/// A value that was written for a path, or for a point by a record around it.
pub(crate) struct Assignment<'a> {
    pub(crate) value: Value<'a>,
    /// The value's expression.
    pub(crate) span: Span,
    /// The name that it stands under.
    pub(crate) key: Span,
    /// The names on the left side; none where a record around it gave the value.
    pub(crate) path: &'a [Name],
    pub(crate) condition: Option<u32>,
    /// As inherited from a record around it.
    pub(crate) priority: Option<i64>,
    pub(crate) order: Option<i64>,
    /// Position among all definitions: modules in their stable order, then the text.
    pub(crate) position: u32,
}

/// What one assignment says of one point.
#[derive(Clone, Copy)]
pub(crate) struct Contribution<'a> {
    pub(crate) from: &'a Assignment<'a>,
    /// How many names of the assignment's path lead to the point.
    pub(crate) depth: u32,
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
    /// The name that it stands under; the whole configuration has none, and the empty one here.
    pub(crate) name: Symbol,
    pub(crate) parent: Option<&'a Point<'a>>,
    /// How many points are above it.
    pub(crate) depth: u32,
    /// The key of the nearest map around it: `name` of defaults.
    pub(crate) key: Option<Symbol>,
    pub(crate) place: Place<'a>,
    /// The thunk that computes it; always the same one.
    pub(crate) value: Value<'a>,
    /// Sorted by name; not set before the point was computed.
    pub(crate) children: OnceCell<&'a [Point<'a>]>,
    pub(crate) gathered: OnceCell<&'a [Contribution<'a>]>,
    pub(crate) parts: OnceCell<Parts<'a>>,
    pub(crate) opened: OnceCell<&'a [Opened<'a>]>,
}

/// A point's contributions, by whether they go on below it.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a> {
    /// The next name of each that goes on; sorted, those of one name in stable order.
    names: &'a [Symbol],
    /// Those that go on, one step further: as long as `names`, and in the same order.
    pub(crate) below: &'a [Contribution<'a>],
    pub(crate) whole: &'a [Contribution<'a>],
}

impl<'a> Parts<'a> {
    /// Sorts what was gathered for a point.
    pub(crate) fn of(arena: &'a Arena, all: &'a [Contribution<'a>]) -> Self {
        let mut below: Vec<(Symbol, Contribution<'a>)> = Vec::new();
        for contribution in all {
            if let Some(name) = contribution.next_name() {
                let depth = contribution.depth + 1;
                let inner = Contribution {
                    depth,
                    ..*contribution
                };
                below.push((name.symbol, inner));
            }
        }
        if below.is_empty() {
            // What is shared takes no memory.
            return Self {
                names: &[],
                below: &[],
                whole: all,
            };
        }
        below.sort_by_key(|(name, _)| *name);
        let whole = all.iter().filter(|one| one.is_whole()).copied();
        let whole: Vec<Contribution<'a>> = whole.collect();
        Self {
            names: arena.collect(below.iter().map(|(name, _)| *name)),
            below: arena.collect(below.iter().map(|(_, contribution)| *contribution)),
            whole: arena.slice(&whole),
        }
    }

    /// Those that go on, each with its next name.
    pub(crate) fn named(&self) -> impl Iterator<Item = (Symbol, &'a Contribution<'a>)> + use<'a> {
        self.names.iter().copied().zip(self.below)
    }

    /// Those that go on with a name.
    pub(crate) fn under(&self, name: Symbol) -> &'a [Contribution<'a>] {
        let start = self.names.partition_point(|other| *other < name);
        let count = self.names[start..]
            .iter()
            .take_while(|other| **other == name);
        &self.below[start..start + count.count()]
    }
}

/// A contribution that is a record, or takes keys out of a map.
#[derive(Clone, Copy)]
pub(crate) struct Opened<'a> {
    pub(crate) record: Option<&'a Record<'a>>,
    /// That of the contribution.
    pub(crate) position: u32,
    pub(crate) peeled: Peeled<'a>,
}

impl<'a> Point<'a> {
    /// The points below it, sorted by name; none before it was computed.
    pub(crate) fn children(&self) -> &'a [Point<'a>] {
        self.children.get().copied().unwrap_or_default()
    }

    /// Its names, from the outermost.
    pub(crate) fn path(&self) -> Vec<Symbol> {
        let named = |point: &Point<'a>| point.parent.is_some();
        let mut path: Vec<Symbol> = std::iter::successors(Some(self), |point| point.parent)
            .take_while(|point| named(point))
            .map(|point| point.name)
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
            .map(|first| first.from.span);
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

impl<'a> Assignment<'a> {
    /// Computes the value and takes its annotations off; the innermost one of a kind counts.
    pub(crate) fn peel(&self, evaluator: &mut Evaluator<'a>) -> Result<Peeled<'a>> {
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

impl<'a> Contribution<'a> {
    /// An assignment as the whole configuration sees it, or that of a record around a point as the point does.
    pub(crate) fn new(from: &'a Assignment<'a>) -> Self {
        Self { from, depth: 0 }
    }

    /// Whether this is a default, the option's own or that of a record around it.
    pub(crate) fn is_declared(&self) -> bool {
        self.from.position == u32::MAX
    }

    /// Whether the value is the point's own, and not that of something below it.
    pub(crate) fn is_whole(&self) -> bool {
        self.next_name().is_none()
    }

    /// Where the path goes on below the point.
    fn next_name(&self) -> Option<&'a Name> {
        self.from.path.get(self.depth as usize)
    }

    /// The name that it stands under, seen from the point.
    pub(crate) fn key(&self) -> Span {
        let last = (self.depth as usize).checked_sub(1);
        last.and_then(|last| self.from.path.get(last))
            .map_or(self.from.key, |name| name.span)
    }
}
