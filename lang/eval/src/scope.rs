//! Scopes of modules and of the library: names with constant meaning.
//!
//! In: values and types under names. Out: the nearest meaning of a name, or the names that are in sight.
//! Refuses to know the locals of functions; those are slots, and belong to [`resolve`](crate::resolve).

use foldhash::{HashMap, HashMapExt as _};

use cairn_syntax::span::Span;
use cairn_syntax::symbol::Symbol;

use crate::evaluator::Evaluator;
use crate::types::Type;
use crate::value::Value;

/// A scope of an [`Evaluator`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ScopeId(pub(crate) u32);

impl ScopeId {
    /// The library's functions and the built-in types; every other scope lies below it.
    pub const BUILTINS: Self = Self(0);
}

/// What a function expects, for checks before anything runs.
#[derive(Clone)]
pub(crate) struct Signature {
    /// Name (none for a pattern) and whether it has a default.
    pub(crate) parameters: Vec<(Option<Symbol>, bool)>,
    /// Where it was written.
    pub(crate) span: Option<Span>,
}

#[derive(Clone)]
pub(crate) struct Global<'a> {
    pub(crate) value: Value<'a>,
    pub(crate) signature: Option<Signature>,
}

#[derive(Default)]
pub(crate) struct Scope<'a> {
    pub(crate) parent: Option<ScopeId>,
    pub(crate) values: Names<Global<'a>>,
    pub(crate) types: Names<&'a Type<'a>>,
}

/// How many names are looked for one after the other: most modules bind fewer.
const FEW: usize = 8;

/// What names mean, each once.
pub(crate) struct Names<T> {
    few: Vec<(Symbol, T)>,
    /// All of them where they are many, else none.
    many: HashMap<Symbol, T>,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self {
            few: Vec::new(),
            many: HashMap::new(),
        }
    }
}

impl<T> Names<T> {
    /// Gives a name its meaning, in place of the one that it had.
    pub(crate) fn insert(&mut self, name: Symbol, meaning: T) {
        if let Some((_, known)) = self.few.iter_mut().find(|(known, _)| *known == name) {
            *known = meaning;
        } else if self.many.is_empty() && self.few.len() < FEW {
            self.few.push((name, meaning));
        } else {
            self.many.extend(self.few.drain(..));
            self.many.insert(name, meaning);
        }
    }

    /// The meaning of a name.
    pub(crate) fn get(&self, name: Symbol) -> Option<&T> {
        if self.many.is_empty() {
            let found = self.few.iter().find(|(known, _)| *known == name);
            return found.map(|(_, meaning)| meaning);
        }
        self.many.get(&name)
    }

    /// All names, in no order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Symbol> {
        let few = self.few.iter().map(|(name, _)| name);
        few.chain(self.many.keys())
    }

    /// All meanings, in no order.
    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        let few = self.few.iter().map(|(_, meaning)| meaning);
        few.chain(self.many.values())
    }
}

impl<'a> Scope<'a> {
    pub(crate) fn below(parent: ScopeId) -> Self {
        Self {
            parent: Some(parent),
            values: Names::default(),
            types: Names::default(),
        }
    }

    pub(crate) fn bind(&mut self, name: Symbol, value: Value<'a>, signature: Option<Signature>) {
        self.values.insert(name, Global { value, signature });
    }
}

impl<'a> Evaluator<'a> {
    fn chain(&self, scope: ScopeId) -> impl Iterator<Item = &Scope<'a>> {
        let mut next = Some(scope);
        std::iter::from_fn(move || {
            let scope = &self.scopes[next?.0 as usize];
            next = scope.parent;
            Some(scope)
        })
    }

    pub(crate) fn find_global(&self, scope: ScopeId, name: Symbol) -> Option<&Global<'a>> {
        self.chain(scope).find_map(|scope| scope.values.get(name))
    }

    pub(crate) fn find_type(&self, scope: ScopeId, name: Symbol) -> Option<&'a Type<'a>> {
        self.chain(scope)
            .find_map(|scope| scope.types.get(name).copied())
    }

    /// The texts of all variables in sight, sorted.
    pub fn global_names(&self, scope: ScopeId) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .chain(scope)
            .flat_map(|scope| scope.values.keys())
            .map(|name| self.names.text(*name))
            .collect();
        names.sort_unstable();
        names
    }

    /// The texts of all types in sight, sorted.
    pub fn type_names(&self, scope: ScopeId) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .chain(scope)
            .flat_map(|scope| scope.types.keys())
            .map(|name| self.names.text(*name))
            .collect();
        names.sort_unstable();
        names
    }
}
