//! What the engine keeps of each point, and what definitions say of it.
//!
//! In: nothing; these are shapes. Out: [`Point`], [`Contribution`] and what becomes of them on the way to a
//! value. Refuses to compute anything.

use std::cell::OnceCell;

use cairn_eval::{Arena, Blame, Evaluator, Field, Record, Result, Type, TypeField, Value};
use cairn_syntax::ast::{Annotation, Name};
use cairn_syntax::span::Span;
use cairn_syntax::symbol::Symbol;

use crate::tree::{Declared, Group};

/// The priorities of language.md, "Modules", rule 2: the lowest number wins.
pub(crate) const FORCE: i64 = 50;
pub(crate) const PLAIN: i64 = 100;
pub(crate) const DEFAULT: i64 = 1000;
pub(crate) const DECLARED: i64 = 1500;
/// The places of list items and lines; plain ones have the middle one.
pub(crate) const BEFORE: i64 = 500;
pub(crate) const MIDDLE: i64 = 1000;
pub(crate) const AFTER: i64 = 1500;

/// `path = value`, as a module says it.
pub(crate) struct Assignment<'a> {
    pub(crate) value: Value<'a>,
    /// The value's expression.
    pub(crate) span: Span,
    pub(crate) path: &'a [Name],
    pub(crate) condition: Option<u32>,
    /// Position among all definitions: modules in their stable order, then the text.
    pub(crate) position: u32,
}

/// What was said of one point.
#[derive(Clone, Copy)]
pub(crate) enum Contribution<'a> {
    /// By a path; how many of its names lead to the point.
    Path(&'a Assignment<'a>, u32),
    /// By a record around the point: its field.
    Field(&'a Field<'a>, &'a Opened<'a>),
    /// By the default that the point was declared with.
    Default(Value<'a>, &'a Span),
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
    Typed(Typed<'a>),
}

/// What gives a point its type.
#[derive(Clone, Copy)]
pub(crate) enum Typed<'a> {
    Option(&'a Declared<'a>),
    /// A field of a record type, and its default in this record.
    Field(&'a TypeField<'a>, Option<Value<'a>>),
    /// A key that no type names.
    Key {
        ty: &'a Type<'a>,
        declared: Span,
    },
}

impl<'a> Place<'a> {
    /// The type; a group has none.
    pub(crate) fn ty(&self) -> Option<&'a Type<'a>> {
        match self {
            Self::Group(_) => None,
            Self::Typed(typed) => Some(typed.ty()),
        }
    }

    /// Where it was declared; a group was not.
    pub(crate) fn declared(&self) -> Option<Span> {
        match self {
            Self::Group(_) => None,
            Self::Typed(typed) => Some(typed.declared()),
        }
    }

    /// The default that it was declared with.
    pub(crate) fn default(&self) -> Option<Contribution<'a>> {
        match self {
            Self::Typed(Typed::Option(declared)) => {
                let (value, span) = declared.default.as_ref()?;
                Some(Contribution::Default(*value, span))
            }
            Self::Typed(Typed::Field(field, value)) => {
                let span = &field.default.as_ref()?.span;
                Some(Contribution::Default((*value)?, span))
            }
            Self::Group(_) | Self::Typed(Typed::Key { .. }) => None,
        }
    }
}

impl<'a> Typed<'a> {
    pub(crate) fn ty(&self) -> &'a Type<'a> {
        match self {
            Self::Option(declared) => declared.ty,
            Self::Field(field, _) => field.ty,
            Self::Key { ty, .. } => ty,
        }
    }

    /// Where it was declared.
    pub(crate) fn declared(&self) -> Span {
        match self {
            Self::Option(declared) => declared.span,
            Self::Field(field, _) => field.name_span,
            Self::Key { declared, .. } => *declared,
        }
    }
}

/// One point. It lies in the arena with all that it holds, so it owns nothing.
pub(crate) struct Point<'a> {
    /// The name that it stands under; the whole configuration has none, and the empty one here.
    pub(crate) name: Symbol,
    /// How many points are above it.
    pub(crate) depth: u32,
    pub(crate) parent: Option<&'a Point<'a>>,
    /// The key of the nearest map around it: `name` of defaults.
    pub(crate) key: Option<Symbol>,
    pub(crate) place: Place<'a>,
    /// The thunk that computes it; always the same one.
    pub(crate) value: Value<'a>,
    pub(crate) gathered: OnceCell<&'a [Contribution<'a>]>,
    /// What points have that others lie below; most have none.
    inner: OnceCell<&'a Inner<'a>>,
}

/// What is known of a point that others lie below.
#[derive(Default)]
pub(crate) struct Inner<'a> {
    /// Sorted by name; not set before the point was computed.
    pub(crate) children: OnceCell<&'a [Point<'a>]>,
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
    /// What was gathered for a point that nothing lies below: all of it says the whole. `None` where something else is.
    pub(crate) fn all_whole(all: &'a [Contribution<'a>]) -> Option<Self> {
        all.iter().all(Contribution::is_whole).then_some(Self {
            names: &[],
            below: &[],
            whole: all,
        })
    }

    /// Sorts what was gathered for a point.
    pub(crate) fn of(arena: &'a Arena, all: &'a [Contribution<'a>]) -> Self {
        let mut below: Vec<(Symbol, Contribution<'a>)> = Vec::new();
        for contribution in all {
            if let Some((name, inner)) = contribution.below() {
                below.push((name.symbol, inner));
            }
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
    /// A point that nothing is known of.
    pub(crate) fn new(
        name: Symbol,
        parent: Option<&'a Point<'a>>,
        key: Option<Symbol>,
        place: Place<'a>,
        value: Value<'a>,
    ) -> Self {
        Self {
            name,
            depth: parent.map_or(0, |parent| parent.depth + 1),
            parent,
            key,
            place,
            value,
            gathered: OnceCell::new(),
            inner: OnceCell::new(),
        }
    }

    /// What is known of it as a point that others lie below.
    pub(crate) fn inner(&self, arena: &'a Arena) -> &'a Inner<'a> {
        self.inner.get_or_init(|| arena.alloc(Inner::default()))
    }

    /// The same, where anything is.
    pub(crate) fn known(&self) -> Option<&'a Inner<'a>> {
        self.inner.get().copied()
    }

    /// The points below it, sorted by name; none before it was computed.
    pub(crate) fn children(&self) -> &'a [Point<'a>] {
        let known = self.known().and_then(|inner| inner.children.get());
        known.copied().unwrap_or_default()
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
    pub(crate) fn home(&self, evaluator: &Evaluator<'a>) -> Option<Span> {
        let written = self.gathered.get().and_then(|all| all.first());
        written
            .map(|first| first.span(evaluator))
            .or_else(|| self.place.declared())
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

impl<'a> Peeled<'a> {
    /// Computes a value and takes its annotations off; the innermost one of a kind counts, and else that of a record around it.
    pub(crate) fn of(
        evaluator: &mut Evaluator<'a>,
        value: Value<'a>,
        span: Span,
        (priority, order): (Option<i64>, Option<i64>),
    ) -> Result<Self> {
        let mut peeled = Self {
            value,
            span,
            priority,
            order,
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
    /// Computes the value and takes its annotations off.
    pub(crate) fn peel(&self, evaluator: &mut Evaluator<'a>) -> Result<Peeled<'a>> {
        let value = match self {
            Self::Path(assignment, _) => assignment.value,
            Self::Field(field, _) => field.value,
            Self::Default(value, _) => *value,
        };
        let span = self.span(evaluator);
        Peeled::of(evaluator, value, span, (self.priority(), self.order()))
    }

    /// The value's expression.
    pub(crate) fn span(&self, evaluator: &Evaluator<'a>) -> Span {
        match self {
            Self::Path(assignment, _) => assignment.span,
            Self::Field(field, opened) => evaluator.value_span(field.origin, opened.peeled.span),
            Self::Default(_, span) => **span,
        }
    }

    /// The name that it stands under, seen from the point.
    pub(crate) fn key(&self, evaluator: &Evaluator<'a>) -> Span {
        match self {
            Self::Path(assignment, depth) => {
                // The whole configuration has no name: there it is the first one.
                let last = (*depth as usize).saturating_sub(1);
                let name = assignment.path.get(last);
                name.map_or(assignment.span, |name| name.span)
            }
            Self::Field(field, opened) => {
                let place = evaluator.place(field.origin);
                place.map_or(opened.peeled.span, |place| place.key)
            }
            Self::Default(_, span) => **span,
        }
    }

    /// The `when` around it.
    pub(crate) fn condition(&self) -> Option<u32> {
        match self {
            Self::Path(assignment, _) => assignment.condition,
            Self::Field(..) | Self::Default(..) => None,
        }
    }

    /// As inherited from a record around it.
    pub(crate) fn priority(&self) -> Option<i64> {
        match self {
            Self::Path(..) => None,
            Self::Field(_, opened) => opened.peeled.priority,
            Self::Default(..) => Some(DECLARED),
        }
    }

    fn order(&self) -> Option<i64> {
        match self {
            Self::Path(..) | Self::Default(..) => None,
            Self::Field(_, opened) => opened.peeled.order,
        }
    }

    /// Position among all definitions; defaults come last.
    pub(crate) fn position(&self) -> u32 {
        match self {
            Self::Path(assignment, _) => assignment.position,
            Self::Field(_, opened) => opened.position,
            Self::Default(..) => u32::MAX,
        }
    }

    /// Whether this is a default, the option's own or that of a record around it.
    pub(crate) fn is_declared(&self) -> bool {
        self.position() == u32::MAX
    }

    /// Whether the value is the point's own, and not that of something below it.
    pub(crate) fn is_whole(&self) -> bool {
        self.below().is_none()
    }

    /// Where the path goes on below the point: the next name, and the same contribution there.
    fn below(&self) -> Option<(&'a Name, Self)> {
        let Self::Path(assignment, depth) = self else {
            return None;
        };
        let name = assignment.path.get(*depth as usize)?;
        Some((name, Self::Path(assignment, depth + 1)))
    }
}
