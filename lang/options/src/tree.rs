//! The trie of declared options.
//!
//! In: paths with types. Out: [`Group`]s and [`Declared`] options, to walk by name. Below an option its type
//! goes on: [`form`] says how. Refuses to know definitions.

use std::collections::BTreeMap;

use cairn_eval::{Arena, Evaluator, RecordType, Type, TypeKind, Value};
use cairn_syntax::ast::Name;
use cairn_syntax::span::Span;
use cairn_syntax::symbol::Symbol;

/// One option, declared once.
pub(crate) struct Declared<'a> {
    pub(crate) path: &'a [Symbol],
    /// The declared path in the text.
    pub(crate) span: Span,
    pub(crate) ty: &'a Type<'a>,
    pub(crate) default: Option<(Value<'a>, Span)>,
    pub(crate) doc: Option<&'a str>,
}

/// What stands under a name above or at an option.
#[derive(Clone, Copy)]
pub(crate) enum Node<'a> {
    Group(&'a Group<'a>),
    Option(&'a Declared<'a>),
}

/// Options that share the beginning of their paths.
pub(crate) struct Group<'a> {
    /// Sorted by name.
    pub(crate) children: &'a [(Symbol, Node<'a>)],
}

/// The trie while it grows.
#[derive(Default)]
pub(crate) struct Builder<'a> {
    children: BTreeMap<Symbol, Building<'a>>,
}

enum Building<'a> {
    Group(Builder<'a>),
    Option(&'a Declared<'a>),
}

impl<'a> Builder<'a> {
    /// Adds an option; gives back the span of the one that is in its way, where there is one.
    pub(crate) fn insert(&mut self, path: &[Name], declared: &'a Declared<'a>) -> Result<(), Span> {
        let Some((last, above)) = path.split_last() else {
            return Ok(());
        };
        let mut group = self;
        for name in above {
            let child = group
                .children
                .entry(name.symbol)
                .or_insert_with(|| Building::Group(Self::default()));
            match child {
                Building::Group(next) => group = next,
                Building::Option(other) => return Err(other.span),
            }
        }
        match group.children.get(&last.symbol) {
            None => {
                group
                    .children
                    .insert(last.symbol, Building::Option(declared));
                Ok(())
            }
            Some(other) => Err(other.first_span().unwrap_or(declared.span)),
        }
    }

    /// The finished trie.
    pub(crate) fn finish(self, arena: &'a Arena) -> &'a Group<'a> {
        let children = self.children.into_iter().map(|(name, child)| match child {
            Building::Group(group) => (name, Node::Group(group.finish(arena))),
            Building::Option(declared) => (name, Node::Option(declared)),
        });
        let children: Vec<_> = children.collect();
        arena.alloc(Group {
            children: arena.slice(&children),
        })
    }
}

impl Building<'_> {
    fn first_span(&self) -> Option<Span> {
        match self {
            Self::Option(declared) => Some(declared.span),
            Self::Group(group) => group.children.values().find_map(Self::first_span),
        }
    }
}

impl<'a> Group<'a> {
    /// Every option, in the order of the trie.
    pub(crate) fn options(&self) -> Vec<&'a Declared<'a>> {
        let mut found = Vec::new();
        for (_, child) in self.children {
            match child {
                Node::Group(group) => found.extend(group.options()),
                Node::Option(declared) => found.push(*declared),
            }
        }
        found
    }

    /// What stands under a name.
    pub(crate) fn get(&self, name: Symbol) -> Option<Node<'a>> {
        let at = self.children.binary_search_by_key(&name, |(name, _)| *name);
        at.ok().map(|at| self.children[at].1)
    }

    /// The names, in the order of the trie.
    pub(crate) fn names(&self) -> impl Iterator<Item = Symbol> + use<'a> {
        self.children.iter().map(|(name, _)| *name)
    }
}

/// How definitions of a type merge; names and refinements do not change it.
#[derive(Clone, Copy)]
pub(crate) enum Form<'a> {
    /// By field.
    Record(&'a RecordType<'a>),
    /// By key.
    Map(&'a Type<'a>),
    /// One after the other.
    List(&'a Type<'a>),
    /// Line by line.
    Lines,
    /// By key where all are records, else as a scalar.
    Any,
    /// All must agree, or one must win.
    Scalar,
}

/// The form of a type, and what stands around it.
#[derive(Clone, Copy)]
pub(crate) struct Shape<'a> {
    pub(crate) form: Form<'a>,
    /// `T?`.
    pub(crate) nullable: bool,
    /// `T where …` somewhere outside: the merged value has to be checked once more.
    pub(crate) refined: bool,
}

/// Looks through names, `?` and `where`.
pub(crate) fn shape<'a>(evaluator: &Evaluator<'a>, ty: &'a Type<'a>) -> Shape<'a> {
    let (mut ty, mut nullable, mut refined, mut lines) = (ty, false, false, false);
    let form = loop {
        match ty.kind {
            TypeKind::Named(named) => {
                lines |= evaluator.names.text(named.name) == "Lines";
                match named.target() {
                    Some(target) => ty = target,
                    None => break Form::Any,
                }
            }
            TypeKind::Nullable(inner) => (nullable, ty) = (true, inner),
            TypeKind::Where(refinement) => (refined, ty) = (true, refinement.base),
            TypeKind::Record(record) => break Form::Record(record),
            TypeKind::Map(of) => break Form::Map(of),
            TypeKind::List(of) => break Form::List(of),
            TypeKind::Str if lines => break Form::Lines,
            TypeKind::Any | TypeKind::Unknown => break Form::Any,
            _ => break Form::Scalar,
        }
    };
    Shape {
        form,
        nullable,
        refined,
    }
}
