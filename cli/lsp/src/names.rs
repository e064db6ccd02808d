//! The names of one file: what binds them and where they are used.
//!
//! In: a tree. Out: [`Names`]: every binding, every use with what it means, named arguments at their parameters. Follows the
//! scopes of `cairn-eval`'s resolution, but goes on where that stops. Knows nothing of options.

mod walk;

use std::collections::HashMap;

use cairn_syntax::ast::{Expr, Item, Name, Type};
use cairn_syntax::span::Span;
use cairn_syntax::symbol::{Interner, Symbol};

/// What binds a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BindingKind {
    /// `let`, of a module or an expression.
    Let,
    /// A parameter, or the whole of a record pattern.
    Parameter,
    /// A field of a record pattern: callers write its name too.
    Field,
    /// `for k, v in …`.
    Loop,
    /// `type Name = …`.
    Type,
}

/// A name that the file binds.
#[derive(Debug, Clone)]
pub struct Binding<'t> {
    /// Where it is bound.
    pub name: Name,
    /// By what.
    pub kind: BindingKind,
    /// What it is bound to, where that is written.
    pub value: Option<&'t Expr>,
    /// What a loop walks, for its last name.
    pub walks: Option<&'t Expr>,
    /// The type that it stands for, or that its value has.
    pub ty: Option<&'t Type>,
    /// The `##` lines before it.
    pub doc: Option<&'t str>,
}

/// What a name means where it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// One of [`Names::bindings`].
    Bound(usize),
    /// The finished configuration.
    Config,
    /// The record in whose default this stands.
    Instance,
    /// The key of that record in a map.
    Key,
    /// A function of the library, or a namespace: `list.map`, `list`.
    Library(String),
    /// A type that the file does not bind: built in, or of the prelude.
    Type,
    /// `import`.
    Import,
    /// Nothing that is known.
    Unknown,
}

/// A name that is used.
#[derive(Debug, Clone)]
pub struct Use {
    /// Where.
    pub name: Name,
    /// As what.
    pub meaning: Meaning,
    /// Whether it is a field and a variable at once: `{ name }`.
    pub shorthand: bool,
}

/// What is in sight at one place.
#[derive(Debug, Clone, Default)]
pub struct Sight {
    /// Values, the innermost of a name only.
    pub values: Vec<usize>,
    /// Types of the file.
    pub types: Vec<usize>,
    /// Whether `self` and `name` are known.
    pub in_default: bool,
}

/// All names of a file.
#[derive(Debug, Default)]
pub struct Names<'t> {
    /// In the order in which they were met.
    pub bindings: Vec<Binding<'t>>,
    /// In the order in which they were met.
    pub uses: Vec<Use>,
    /// Named arguments whose function is not known.
    pub loose_arguments: Vec<Name>,
    /// What is in sight where the name that was asked for is used.
    pub sight: Sight,
    by_span: HashMap<Span, usize>,
}

impl<'t> Names<'t> {
    /// The names of a module; `watched` is the name whose [`Sight`] is wanted.
    pub fn of_module(items: &'t [Item], names: &Interner, watched: Option<Symbol>) -> Self {
        let mut walk = walk::Walk::new(names, watched, true);
        walk.items(items);
        walk.finish()
    }

    /// The names of an expression file.
    pub fn of_expression(expr: &'t Expr, names: &Interner, watched: Option<Symbol>) -> Self {
        let mut walk = walk::Walk::new(names, watched, false);
        walk.expr(expr);
        walk.finish()
    }

    /// What the variable that stands there means.
    pub fn meaning(&self, span: Span) -> Option<&Meaning> {
        self.by_span
            .get(&span)
            .map(|index| &self.uses[*index].meaning)
    }

    /// The binding that is bound or used at a byte.
    pub fn binding_at(&self, offset: u32) -> Option<(usize, Name)> {
        let bound = self
            .bindings
            .iter()
            .position(|one| holds(one.name.span, offset));
        let used = || {
            self.uses.iter().find_map(|one| match one.meaning {
                Meaning::Bound(index) if holds(one.name.span, offset) => Some((index, one.name)),
                _ => None,
            })
        };
        bound
            .map(|index| (index, self.bindings[index].name))
            .or_else(used)
    }

    /// The use that stands at a byte.
    pub fn use_at(&self, offset: u32) -> Option<&Use> {
        self.uses.iter().find(|one| holds(one.name.span, offset))
    }
}

/// Whether a byte is in a range or at its end, where a cursor still touches it.
pub fn holds(span: Span, offset: u32) -> bool {
    span.start <= offset && offset <= span.end && span.start < span.end
}
