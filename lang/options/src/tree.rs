//! The trie of declared options.
//!
//! In: paths with types. Out: [`Group`]s and [`Declared`] options, to walk by name. Below an option its type
//! goes on: [`form`] says how. Refuses to know definitions.

use std::collections::hash_map::Entry;

use cairn_eval::{Arena, Evaluator, RecordType, Type, TypeKind, Value};
use cairn_syntax::ast::Name;
use cairn_syntax::span::Span;
use cairn_syntax::symbol::Symbol;
use foldhash::HashMap;

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
    children: HashMap<Symbol, Building<'a>>,
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
        match group.children.entry(last.symbol) {
            Entry::Vacant(place) => {
                place.insert(Building::Option(declared));
                Ok(())
            }
            Entry::Occupied(other) => Err(other.get().first_span().unwrap_or(declared.span)),
        }
    }

    /// The finished trie.
    pub(crate) fn finish(self, arena: &'a Arena) -> &'a Group<'a> {
        let children = self.children.into_iter().map(|(name, child)| match child {
            Building::Group(group) => (name, Node::Group(group.finish(arena))),
            Building::Option(declared) => (name, Node::Option(declared)),
        });
        let mut children: Vec<_> = children.collect();
        children.sort_unstable_by_key(|(name, _)| *name);
        arena.alloc(Group {
            children: arena.slice(&children),
        })
    }
}

impl Building<'_> {
    fn first_span(&self) -> Option<Span> {
        match self {
            Self::Option(declared) => Some(declared.span),
            Self::Group(group) => {
                let first = group.children.iter().min_by_key(|(name, _)| **name);
                first.and_then(|(_, child)| child.first_span())
            }
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
#[inline]
pub(crate) fn shape<'a>(evaluator: &Evaluator<'a>, ty: &'a Type<'a>) -> Shape<'a> {
    // Most types have nothing to look through.
    match own_form(ty) {
        Some(form) => Shape {
            form,
            nullable: false,
            refined: false,
        },
        None => shape_within(evaluator, ty),
    }
}

/// The form of a type that is no name, `?` or `where`.
#[inline]
fn own_form<'a>(ty: &'a Type<'a>) -> Option<Form<'a>> {
    Some(match ty.kind {
        TypeKind::Named(_) | TypeKind::Nullable(_) | TypeKind::Where(_) => return None,
        TypeKind::Record(record) => Form::Record(record),
        TypeKind::Map(of) => Form::Map(of),
        TypeKind::List(of) => Form::List(of),
        TypeKind::Any | TypeKind::Unknown => Form::Any,
        _ => Form::Scalar,
    })
}

/// Whether a type is called `Lines` on the way to what it is.
fn is_lines<'a>(evaluator: &Evaluator<'a>, ty: &'a Type<'a>) -> bool {
    match ty.kind {
        TypeKind::Named(named) => {
            evaluator.names.text(named.name) == "Lines"
                || named
                    .target()
                    .is_some_and(|target| is_lines(evaluator, target))
        }
        TypeKind::Nullable(inner) => is_lines(evaluator, inner),
        TypeKind::Where(refinement) => is_lines(evaluator, refinement.base),
        _ => false,
    }
}

fn shape_within<'a>(evaluator: &Evaluator<'a>, ty: &'a Type<'a>) -> Shape<'a> {
    let (mut ty, mut nullable, mut refined, whole) = (ty, false, false, ty);
    let form = loop {
        match ty.kind {
            TypeKind::Named(named) => match named.target() {
                Some(target) => ty = target,
                None => break Form::Any,
            },
            TypeKind::Nullable(inner) => (nullable, ty) = (true, inner),
            TypeKind::Where(refinement) => (refined, ty) = (true, refinement.base),
            TypeKind::Str if is_lines(evaluator, whole) => break Form::Lines,
            _ => break own_form(ty).unwrap_or(Form::Any),
        }
    };
    Shape {
        form,
        nullable,
        refined,
    }
}
