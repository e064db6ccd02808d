//! Values: what expressions become.
//!
//! In: parts that live in the [`Arena`](crate::Arena). Out: [`Value`], `Copy` and 16 bytes, and the shapes behind it.
//! Refuses to know how anything is computed: a [`Thunk`] only holds what is still to be done.

use std::cell::Cell;

use cairn_syntax::ast::Annotation;
use cairn_syntax::span::Span;
use cairn_syntax::symbol::Symbol;

use crate::host::ContextId;
use crate::ir::{Code, Lambda};
use crate::library::Native;
use crate::types::{Blame, Type};

/// A value, or a thunk that will become one.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating point number.
    Float(f64),
    /// A string with its context.
    Str(&'a Text<'a>),
    /// A path, normalised and relative to the configuration's root (or `<library>/…`).
    Path(&'a &'a str),
    /// A list.
    List(&'a List<'a>),
    /// A record.
    Record(&'a Record<'a>),
    /// A function of the language.
    Closure(&'a Closure<'a>),
    /// A function of the library.
    Native(&'static Native),
    /// A type.
    Type(&'a Type<'a>),
    /// What `build` and `fetch` give, and references to secrets.
    Object(&'a Object<'a>),
    /// `force v` and its like; only option merging unwraps it.
    Annotated(&'a Annotated<'a>),
    /// Not evaluated yet, or evaluated behind the reference.
    Thunk(&'a Thunk<'a>),
}

/// A string: text, and the host's ids that it depends on.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    /// The characters.
    pub text: &'a str,
    /// Sorted, without repeats.
    pub context: &'a [ContextId],
}

/// A list.
#[derive(Clone, Copy)]
pub struct List<'a> {
    /// The items; may be thunks.
    pub items: &'a [Value<'a>],
    /// Where each item was written: as long as `items`, or empty where nothing is known.
    pub origins: &'a [Origin],
}

impl List<'_> {
    /// Where an item was written, [`Origin::NONE`] if nobody knows.
    pub fn origin(&self, index: usize) -> Origin {
        self.origins.get(index).copied().unwrap_or(Origin::NONE)
    }
}

/// A record: fields sorted by symbol, each symbol once.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    /// Sorted by [`Field::name`].
    pub fields: &'a [Field<'a>],
}

impl<'a> Record<'a> {
    /// The field of a name.
    pub fn get(&self, name: Symbol) -> Option<&'a Field<'a>> {
        if self.fields.len() <= 8 {
            return self.fields.iter().find(|field| field.name == name);
        }
        let found = self.fields.binary_search_by_key(&name, |field| field.name);
        found.ok().map(|index| &self.fields[index])
    }
}

/// A field of a record.
#[derive(Clone, Copy)]
pub struct Field<'a> {
    /// Its name.
    pub name: Symbol,
    /// Where it was written.
    pub origin: Origin,
    /// Its value; may be a thunk.
    pub value: Value<'a>,
}

/// Where a field or item was written: an index into the evaluator's table of [`Place`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin(pub(crate) u32);

impl Origin {
    /// Made by the library or the host; written nowhere.
    pub const NONE: Self = Self(0);
}

/// The two spans of a field or item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The key of a field; for an item of a list the same as `value`.
    pub key: Span,
    /// The value's expression.
    pub value: Span,
}

/// A function of the language with what it captured.
#[derive(Clone, Copy)]
pub struct Closure<'a> {
    /// Its parameters and body.
    pub(crate) lambda: &'a Lambda<'a>,
    /// Only what it uses.
    pub(crate) captures: &'a [Value<'a>],
}

/// What a host object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    /// `build({ … })`.
    Build,
    /// `fetch({ … })`.
    Fetch,
    /// `secret("./x.age")`: a reference; it never becomes part of a string.
    Secret,
}

/// An object that the host minted.
#[derive(Debug, Clone, Copy)]
pub struct Object<'a> {
    /// What it is.
    pub kind: ObjectKind,
    /// What interpolation gives; for a secret the path of its encrypted file.
    pub text: &'a str,
    /// What the string's context gains; none for a secret.
    pub context: Option<ContextId>,
}

/// A value with its annotation.
#[derive(Clone, Copy)]
pub struct Annotated<'a> {
    /// The annotation.
    pub annotation: &'a Annotation,
    /// What was annotated; may be a thunk, or annotated once more.
    pub value: Value<'a>,
    /// The whole annotated expression.
    pub span: Span,
    /// The inner expression.
    pub value_span: Span,
}

/// Something that is computed at most once, when it is first needed.
pub struct Thunk<'a> {
    pub(crate) state: Cell<State<'a>>,
}

impl<'a> Thunk<'a> {
    /// A thunk in a state.
    pub(crate) fn new(state: State<'a>) -> Self {
        Self {
            state: Cell::new(state),
        }
    }

    /// What the registered [`Externals`](crate::Externals) compute. Make one for each id and keep it.
    pub fn external(id: u32) -> Self {
        Self::new(State::External(id))
    }

    /// The value, if it was computed already.
    pub fn done(&self) -> Option<Value<'a>> {
        match self.state.get() {
            State::Done(value) => Some(value),
            _ => None,
        }
    }
}

/// How far a [`Thunk`] is.
#[derive(Clone, Copy)]
pub(crate) enum State<'a> {
    /// Made before its content is known: a binding of a recursive `let`, until the `let` is set up.
    Blank,
    /// Code with what it captured.
    Suspended(&'a Code<'a>, &'a [Value<'a>]),
    /// A value that is checked when it is needed.
    Check(&'a Pending<'a>),
    /// A function to apply to one or two arguments: what `list.map` makes of each item.
    Apply(&'a Application<'a>),
    /// What a function makes of one item: what `list.map` makes.
    Map(&'a Mapping<'a>, &'a Value<'a>),
    /// What a function makes of a field's name and value: what `record.map` makes.
    MapField(&'a Mapping<'a>, &'a Field<'a>),
    /// An expression file, by its path.
    Import(&'a Import<'a>),
    /// `name` in a default whose record stands under no key.
    NoKey(Span),
    /// Computed by whoever registered as [`Externals`](crate::Externals).
    External(u32),
    /// Being computed: needing it again is a cycle.
    Running,
    /// Computed; never a thunk itself.
    Done(Value<'a>),
    /// An error, by its index in the evaluator's table.
    Failed(u32),
}

/// A check that waits for its value to be needed.
pub(crate) struct Pending<'a> {
    pub(crate) value: Value<'a>,
    pub(crate) ty: &'a Type<'a>,
    pub(crate) blame: Blame<'a>,
}

/// A call that waits for its result to be needed.
pub(crate) struct Application<'a> {
    pub(crate) callee: Value<'a>,
    pub(crate) arguments: &'a [Value<'a>],
    pub(crate) span: Span,
}

/// A function that many calls share, which wait for their results to be needed.
pub(crate) struct Mapping<'a> {
    pub(crate) callee: Value<'a>,
    pub(crate) span: Span,
}

/// An import that waits for its value to be needed.
pub(crate) struct Import<'a> {
    pub(crate) path: &'a str,
    pub(crate) span: Span,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_at_most_sixteen_bytes() {
        assert!(size_of::<Value<'_>>() <= 16);
        assert!(size_of::<Field<'_>>() <= 24);
        assert!(size_of::<Thunk<'_>>() <= 32);
    }
}
