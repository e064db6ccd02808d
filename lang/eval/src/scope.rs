//! Scopes of modules and of the library: names with constant meaning.
//!
//! In: values and types under names. Out: the nearest meaning of a name, or the names that are in sight.
//! Refuses to know the locals of functions; those are slots, and belong to [`resolve`](crate::resolve).

use std::rc::Rc;

use foldhash::HashMap;

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
pub(crate) struct Signature {
    /// Name (none for a pattern) and whether it has a default.
    pub(crate) parameters: Vec<(Option<Symbol>, bool)>,
    /// Where it was written.
    pub(crate) span: Option<Span>,
}

pub(crate) struct Global<'a> {
    pub(crate) value: Value<'a>,
    pub(crate) signature: Option<Rc<Signature>>,
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
    /// All of them where they are many.
    many: Option<Box<Many<T>>>,
}

struct Many<T> {
    names: HashMap<Symbol, T>,
    /// The lowest and the highest name: most that stand elsewhere lie beyond.
    lowest: Symbol,
    highest: Symbol,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self {
            few: Vec::new(),
            many: None,
        }
    }
}

impl<T> Names<T> {
    /// Makes room for the names of a module, where they are few.
    pub(crate) fn expect(&mut self, count: usize) {
        if count <= FEW {
            self.few.reserve_exact(count);
        }
    }

    /// Gives a name its meaning, in place of the one that it had.
    pub(crate) fn insert(&mut self, name: Symbol, meaning: T) {
        if let Some((_, known)) = self.few.iter_mut().find(|(known, _)| *known == name) {
            *known = meaning;
        } else if self.many.is_none() && self.few.len() < FEW {
            self.few.push((name, meaning));
        } else {
            let many = self.many.get_or_insert_with(|| {
                Box::new(Many {
                    names: HashMap::default(),
                    lowest: name,
                    highest: name,
                })
            });
            for (name, meaning) in self.few.drain(..).chain([(name, meaning)]) {
                many.lowest = many.lowest.min(name);
                many.highest = many.highest.max(name);
                many.names.insert(name, meaning);
            }
        }
    }

    /// The meaning of a name.
    #[inline]
    pub(crate) fn get(&self, name: Symbol) -> Option<&T> {
        if let Some(many) = &self.many {
            let within = many.lowest <= name && name <= many.highest;
            return within.then(|| many.names.get(&name)).flatten();
        }
        let found = self.few.iter().find(|(known, _)| *known == name);
        found.map(|(_, meaning)| meaning)
    }

    /// All names, in no order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Symbol> {
        let few = self.few.iter().map(|(name, _)| name);
        few.chain(self.many.iter().flat_map(|many| many.names.keys()))
    }

    /// All meanings, in no order.
    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        let few = self.few.iter().map(|(_, meaning)| meaning);
        few.chain(self.many.iter().flat_map(|many| many.names.values()))
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

    pub(crate) fn bind(
        &mut self,
        name: Symbol,
        value: Value<'a>,
        signature: Option<Rc<Signature>>,
    ) {
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
