//! The compact form that is walked: every variable is a slot or a constant.
//!
//! In: what [`resolve`](crate::resolve) made of an AST. Out: nothing; this is only the shape.
//! Refuses to know names of variables; they are gone by now.

use cairn_syntax::ast::{Annotation, BinaryOp};
use cairn_syntax::span::Span;
use cairn_syntax::symbol::Symbol;

use crate::types::Type;
use crate::value::{Origin, Value};

/// An expression, resolved.
#[derive(Clone, Copy)]
pub(crate) struct Expr<'a> {
    pub(crate) kind: Kind<'a>,
    pub(crate) span: Span,
}

/// Where a variable lives at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    /// In the running frame.
    Local(u32),
    /// In what the running code captured.
    Captured(u32),
}

/// The kinds of resolved expressions.
#[derive(Clone, Copy)]
pub(crate) enum Kind<'a> {
    /// A literal, a library function, a variable of a module.
    Constant(Value<'a>),
    Variable(Slot),
    Interpolate(&'a [Piece<'a>]),
    /// Only plain items.
    List {
        items: &'a [Expr<'a>],
        origins: &'a [Origin],
    },
    /// With spreads.
    Splice(&'a [Part<'a>]),
    /// Only known keys, sorted.
    Record(&'a [Entry<'a>]),
    /// With computed keys or spreads, in the order of the text.
    Overlay(&'a [Layer<'a>]),
    ListFor {
        body: &'a Expr<'a>,
        clause: &'a Clause<'a>,
    },
    RecordFor {
        key: &'a Expr<'a>,
        value: &'a Expr<'a>,
        clause: &'a Clause<'a>,
    },
    Lambda(&'a Lambda<'a>),
    Call(&'a Call<'a>),
    Select {
        target: &'a Expr<'a>,
        key: Key<'a>,
        optional: bool,
    },
    Has {
        target: &'a Expr<'a>,
        path: &'a [Key<'a>],
    },
    Let {
        first: u32,
        bindings: &'a [Expr<'a>],
        body: &'a Expr<'a>,
    },
    If {
        condition: &'a Expr<'a>,
        then: &'a Expr<'a>,
        otherwise: &'a Expr<'a>,
    },
    Assert {
        condition: &'a Expr<'a>,
        message: &'a Expr<'a>,
        body: &'a Expr<'a>,
    },
    Not(&'a Expr<'a>),
    Negate(&'a Expr<'a>),
    And(&'a Expr<'a>, &'a Expr<'a>),
    Or(&'a Expr<'a>, &'a Expr<'a>),
    Default(&'a Expr<'a>, &'a Expr<'a>),
    Binary {
        op: BinaryOp,
        op_span: Span,
        left: &'a Expr<'a>,
        right: &'a Expr<'a>,
    },
    Annotated {
        annotation: &'a Annotation,
        value: &'a Expr<'a>,
    },
    /// Everything but a literal, variable or lambda, where it must wait: its own frame and captures.
    Delay(&'a Code<'a>),
    /// A mistake that was reported when the expression was resolved.
    Fail(u32),
}

/// Code with a frame of its own: the body of a lambda or a thunk.
pub(crate) struct Code<'a> {
    /// How many locals its frame has.
    pub(crate) locals: u32,
    /// What is copied from the surrounding frame when it is made.
    pub(crate) captures: &'a [Slot],
    pub(crate) body: Expr<'a>,
}

pub(crate) enum Piece<'a> {
    Text(&'a str),
    Value(Expr<'a>),
}

pub(crate) enum Part<'a> {
    Item(Expr<'a>, Origin),
    Spread(Expr<'a>),
}

pub(crate) struct Entry<'a> {
    pub(crate) name: Symbol,
    pub(crate) origin: Origin,
    pub(crate) value: Expr<'a>,
}

pub(crate) enum Layer<'a> {
    Field {
        key: Key<'a>,
        origin: Origin,
        value: Expr<'a>,
    },
    Spread(Expr<'a>),
}

#[derive(Clone, Copy)]
pub(crate) enum Key<'a> {
    Name(Symbol, Span),
    Computed(&'a Expr<'a>),
}

impl Key<'_> {
    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Name(_, span) => *span,
            Self::Computed(expr) => expr.span,
        }
    }
}

pub(crate) struct Clause<'a> {
    /// Slots of the one or two names.
    pub(crate) first: u32,
    /// Where what is made was written.
    pub(crate) origin: Origin,
    pub(crate) pair: bool,
    pub(crate) source: Expr<'a>,
    pub(crate) condition: Option<Expr<'a>>,
}

pub(crate) struct Call<'a> {
    pub(crate) callee: Expr<'a>,
    pub(crate) positional: &'a [Expr<'a>],
    pub(crate) named: &'a [NamedArgument<'a>],
}

pub(crate) struct NamedArgument<'a> {
    pub(crate) name: Symbol,
    pub(crate) span: Span,
    pub(crate) value: Expr<'a>,
}

/// A function's parameters and body. Arguments land in the first slots of its frame, one each.
pub(crate) struct Lambda<'a> {
    pub(crate) parameters: &'a [Parameter<'a>],
    pub(crate) code: Code<'a>,
    pub(crate) span: Span,
    /// Neither patterns nor types: arguments only have to be put in their slots.
    pub(crate) simple: bool,
}

pub(crate) struct Parameter<'a> {
    /// None for a record pattern.
    pub(crate) name: Option<Symbol>,
    pub(crate) span: Span,
    pub(crate) ty: Option<&'a Type<'a>>,
    pub(crate) default: Option<Expr<'a>>,
    pub(crate) pattern: Option<Pattern<'a>>,
}

pub(crate) struct Pattern<'a> {
    /// Field, its slot, its default.
    pub(crate) fields: &'a [PatternField<'a>],
    pub(crate) open: bool,
    pub(crate) span: Span,
}

pub(crate) struct PatternField<'a> {
    pub(crate) name: Symbol,
    pub(crate) span: Span,
    pub(crate) slot: u32,
    pub(crate) default: Option<Expr<'a>>,
}
