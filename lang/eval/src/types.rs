//! Types as values: their shapes, for checks here and for option merging elsewhere.
//!
//! In: what [`resolve`](crate::resolve) made of type expressions. Out: [`Type`] to inspect.
//! Refuses to know about options; merging reads these shapes from outside.

use std::cell::Cell;

use cairn_syntax::span::Span;
use cairn_syntax::symbol::Symbol;

use crate::ir::Code;
use crate::value::Value;

/// A type.
pub struct Type<'a> {
    /// What it is.
    pub kind: TypeKind<'a>,
    /// Where it was written; `None` for built-in ones.
    pub span: Option<Span>,
}

/// The kinds of types.
#[derive(Clone, Copy)]
pub enum TypeKind<'a> {
    /// Admits everything.
    Any,
    /// `null`.
    Null,
    /// `true` and `false`.
    Bool,
    /// Whole numbers.
    Int,
    /// Floating point numbers.
    Float,
    /// Strings.
    Str,
    /// Paths, and what `build` and `fetch` give.
    Path,
    /// Functions.
    Fn,
    /// Types themselves.
    Type,
    /// References to secrets.
    Secret,
    /// Exactly one null, boolean, number or string.
    Literal(Value<'a>),
    /// One of several; literals only: an enumeration.
    Union(&'a [&'a Type<'a>]),
    /// `T?`.
    Nullable(&'a Type<'a>),
    /// `List(T)`.
    List(&'a Type<'a>),
    /// `Map(T)`: a record with any keys.
    Map(&'a Type<'a>),
    /// A record with known fields.
    Record(&'a RecordType<'a>),
    /// `T where (x => …)`.
    Where(&'a WhereType<'a>),
    /// A named type; may be recursive.
    Named(&'a NamedType<'a>),
    /// A mistake that was reported when the type was resolved; admits everything.
    Unknown,
}

/// `{ a: T = default, .. }`.
pub struct RecordType<'a> {
    /// In the order of the text.
    pub fields: &'a [TypeField<'a>],
    /// Whether other fields are admitted.
    pub open: bool,
}

impl<'a> RecordType<'a> {
    /// The field of a name.
    pub fn get(&self, name: Symbol) -> Option<&'a TypeField<'a>> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// A field of a record type.
#[derive(Clone, Copy)]
pub struct TypeField<'a> {
    /// Its name.
    pub name: Symbol,
    /// Where its name was written.
    pub name_span: Span,
    /// Its type.
    pub ty: &'a Type<'a>,
    /// Its default, where it has one: make a value of it with [`Evaluator::default_in`](crate::Evaluator::default_in).
    pub default: Option<DefaultCode<'a>>,
    /// The `##` lines before it.
    pub doc: Option<&'a str>,
}

/// Code of a default, with `self` and `name` still open.
#[derive(Clone, Copy)]
pub struct DefaultCode<'a> {
    /// Where the default was written.
    pub span: Span,
    pub(crate) code: &'a Code<'a>,
}

/// What the defaults of one record see: `self` and `name`.
pub struct Around<'a> {
    pub(crate) captures: Option<&'a [Value<'a>]>,
    pub(crate) instance: Value<'a>,
}

/// `T where (x => …)`.
pub struct WhereType<'a> {
    /// What is refined.
    pub base: &'a Type<'a>,
    /// The function that must give `true`.
    pub predicate: Value<'a>,
    /// Where the predicate was written.
    pub predicate_span: Span,
}

/// `type Name = …`.
pub struct NamedType<'a> {
    /// Its name.
    pub name: Symbol,
    /// Where the name was written.
    pub name_span: Span,
    /// The `##` lines before it.
    pub doc: Option<&'a str>,
    pub(crate) target: Cell<Option<&'a Type<'a>>>,
}

impl<'a> NamedType<'a> {
    /// What the name stands for; `None` only while its module is being resolved.
    pub fn target(&self) -> Option<&'a Type<'a>> {
        self.target.get()
    }
}

impl<'a> Type<'a> {
    /// The type behind any names.
    pub fn structure(&'a self) -> &'a Type<'a> {
        let mut ty = self;
        while let TypeKind::Named(named) = ty.kind {
            match named.target() {
                Some(target) => ty = target,
                None => break,
            }
        }
        ty
    }

    /// Whether nothing of a value's check waits until later: nothing lies inside values of this type.
    pub fn is_flat(&self) -> bool {
        match self.kind {
            TypeKind::List(_) | TypeKind::Map(_) | TypeKind::Record(_) => false,
            TypeKind::Union(members) => members.iter().all(|member| member.is_flat()),
            TypeKind::Nullable(inner) => inner.is_flat(),
            TypeKind::Where(refined) => refined.base.is_flat(),
            TypeKind::Named(named) => named.target().is_some_and(Type::is_flat),
            _ => true,
        }
    }

    /// The outermost name, where it has one.
    pub fn name(&self) -> Option<Symbol> {
        match self.kind {
            TypeKind::Named(named) => Some(named.name),
            _ => None,
        }
    }
}

/// Whom to blame when a value does not fit: which text to show.
#[derive(Debug, Clone, Copy)]
pub struct Blame<'a> {
    /// The value's own expression.
    pub span: Span,
    /// Where the type was asked for: an option's or field's declaration.
    pub declared: Option<Span>,
    /// What the value is for, as the user would write it: `services.nginx.level`.
    pub what: Option<&'a str>,
    /// Whether it is one item of that, and not the whole.
    pub item: bool,
    /// The key of the nearest surrounding `Map`: `name` of defaults.
    pub key: Option<Symbol>,
}

impl Blame<'_> {
    /// Blames an expression, knowing no more.
    pub fn at(span: Span) -> Self {
        Self {
            span,
            declared: None,
            what: None,
            item: false,
            key: None,
        }
    }
}
