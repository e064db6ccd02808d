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

/// The kinds of resolved expressions. What takes more than two words is kept elsewhere: there are many expressions.
#[derive(Clone, Copy)]
pub(crate) enum Kind<'a> {
    /// A literal, a library function, a variable of a module.
    Constant(Value<'a>),
    Variable(Slot),
    Interpolate(&'a [Piece<'a>]),
    List(&'a Items<'a>),
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
        /// The key and the value.
        field: &'a (Expr<'a>, Expr<'a>),
        clause: &'a Clause<'a>,
    },
    Lambda(&'a Lambda<'a>),
    Call(&'a Call<'a>),
    Select(&'a Select<'a>),
    Has(&'a Has<'a>),
    Let(&'a Let<'a>),
    If(&'a If<'a>),
    Assert(&'a Assert<'a>),
    Not(&'a Expr<'a>),
    Negate(&'a Expr<'a>),
    And(&'a Expr<'a>, &'a Expr<'a>),
    Or(&'a Expr<'a>, &'a Expr<'a>),
    Default(&'a Expr<'a>, &'a Expr<'a>),
    Binary(&'a Binary<'a>),
    Annotated {
        annotation: &'a Annotation,
        value: &'a Expr<'a>,
    },
    /// Everything but a literal, variable or lambda, where it must wait: its own frame and captures.
    Delay(&'a Code<'a>),
    /// A mistake that was reported when the expression was resolved.
    Fail(u32),
}

/// A list of only plain items.
pub(crate) struct Items<'a> {
    pub(crate) items: &'a [Expr<'a>],
    pub(crate) origins: &'a [Origin],
}

pub(crate) struct Select<'a> {
    pub(crate) target: Expr<'a>,
    pub(crate) key: Key<'a>,
    pub(crate) optional: bool,
}

pub(crate) struct Has<'a> {
    pub(crate) target: Expr<'a>,
    pub(crate) path: &'a [Key<'a>],
}

pub(crate) struct Let<'a> {
    /// The slot of the first binding.
    pub(crate) first: u32,
    pub(crate) bindings: &'a [Expr<'a>],
    pub(crate) body: Expr<'a>,
}

pub(crate) struct If<'a> {
    pub(crate) condition: Expr<'a>,
    pub(crate) then: Expr<'a>,
    pub(crate) otherwise: Expr<'a>,
}

pub(crate) struct Assert<'a> {
    pub(crate) condition: Expr<'a>,
    pub(crate) message: Expr<'a>,
    pub(crate) body: Expr<'a>,
}

pub(crate) struct Binary<'a> {
    pub(crate) op: BinaryOp,
    pub(crate) op_span: Span,
    pub(crate) left: Expr<'a>,
    pub(crate) right: Expr<'a>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_at_most_forty_bytes() {
        assert!(size_of::<Kind<'_>>() <= 24);
        assert!(size_of::<Expr<'_>>() <= 40);
    }
}
