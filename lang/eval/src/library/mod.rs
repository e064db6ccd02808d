//! The library: namespaces of native functions, data first.
//!
//! In: arguments, perhaps not evaluated yet. Out: values. Each function is a row of a table: name, parameters,
//! documentation, code. Refuses to touch the world: the few that need it ask the host.

mod arguments;
mod format;
mod global;
mod list;
mod number;
mod path;
mod record;
mod string;

pub(crate) use arguments::Arguments;

use crate::evaluator::{Evaluator, Result};
use crate::scope::Scope;
use crate::types::{Type, TypeKind};
use crate::value::{Field, Origin, Record, Value};

/// A function of the library.
pub struct Native {
    /// With its namespace: `list.map`.
    pub name: &'static str,
    /// In order.
    pub parameters: &'static [NativeParameter],
    /// What it does, in one sentence.
    pub doc: &'static str,
    pub(crate) run: Run,
}

/// A parameter of a library function.
pub struct NativeParameter {
    /// For named arguments.
    pub name: &'static str,
    /// Whether it must be given.
    pub required: bool,
}

/// The code of a library function; arguments that were left out are `None`.
pub(crate) type Run = for<'a> fn(&mut Evaluator<'a>, &Arguments<'_, 'a>) -> Result<Value<'a>>;

const fn needed(name: &'static str) -> NativeParameter {
    NativeParameter {
        name,
        required: true,
    }
}

const fn optional(name: &'static str) -> NativeParameter {
    NativeParameter {
        name,
        required: false,
    }
}

/// All functions of the library, for documentation and completion.
pub fn functions() -> impl Iterator<Item = &'static Native> {
    let tables: [&'static [Native]; 7] = [
        global::FUNCTIONS,
        list::FUNCTIONS,
        record::FUNCTIONS,
        string::FUNCTIONS,
        number::FUNCTIONS,
        path::FUNCTIONS,
        format::FUNCTIONS,
    ];
    tables.into_iter().flatten()
}

/// The scope that every other lies below: namespaces, globals and built-in types.
pub(crate) fn builtins<'a>(evaluator: &mut Evaluator<'a>) -> Scope<'a> {
    let mut scope = Scope::default();
    let mut namespaces: Vec<(&str, Vec<Field<'a>>)> = Vec::new();
    for native in functions() {
        let value = Value::Native(native);
        let Some((namespace, name)) = native.name.split_once('.') else {
            let name = evaluator.names.intern(native.name);
            scope.bind(name, value, None);
            continue;
        };
        let name = evaluator.names.intern(name);
        let field = Field {
            name,
            origin: Origin::NONE,
            value,
        };
        match namespaces.iter_mut().find(|(known, _)| *known == namespace) {
            Some((_, fields)) => fields.push(field),
            None => namespaces.push((namespace, vec![field])),
        }
    }
    for (namespace, fields) in namespaces {
        let name = evaluator.names.intern(namespace);
        let record = evaluator.record(fields);
        scope.bind(name, record, None);
    }
    let types = [
        ("Any", TypeKind::Any),
        ("Null", TypeKind::Null),
        ("Bool", TypeKind::Bool),
        ("Int", TypeKind::Int),
        ("Float", TypeKind::Float),
        ("Str", TypeKind::Str),
        ("Path", TypeKind::Path),
        ("Fn", TypeKind::Fn),
        ("Type", TypeKind::Type),
        ("Secret", TypeKind::Secret),
    ];
    for (name, kind) in types {
        let name = evaluator.names.intern(name);
        scope
            .types
            .insert(name, evaluator.arena.alloc(Type { kind, span: None }));
    }
    scope
}

impl<'a> Evaluator<'a> {
    /// Whether a record is a namespace of the library.
    pub(crate) fn is_namespace(&self, record: &Record<'a>) -> bool {
        self.scopes.first().is_some_and(|builtins| {
            builtins.values.values().any(|global| matches!(global.value, Value::Record(known) if std::ptr::eq(known, record)))
        })
    }
}
