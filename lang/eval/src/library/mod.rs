//! The library: namespaces of native functions, data first.
//!
//! In: arguments, perhaps not evaluated yet. Out: values. Each function is a row of a table: name, parameters,
//! documentation, code. Refuses to touch the world: the few that need it ask the host.

mod arguments;
mod format;
mod global;
mod hash;
mod list;
mod number;
mod order;
mod path;
mod record;
mod regex;
mod string;
mod table;
mod types;
mod version;
mod words;

pub(crate) use arguments::Arguments;
pub use table::{BuiltinType, Native, NativeParameter};

use table::{needed, optional, split_example};
pub use words::Word;

use crate::evaluator::Evaluator;
use crate::scope::Scope;
use crate::types::Type;
use crate::value::{Field, Origin, Record, Value};

/// All functions of the library, for documentation and completion.
pub fn functions() -> impl Iterator<Item = &'static Native> {
    let tables: [&'static [Native]; 10] = [
        global::FUNCTIONS,
        list::FUNCTIONS,
        order::FUNCTIONS,
        record::FUNCTIONS,
        string::FUNCTIONS,
        number::FUNCTIONS,
        path::FUNCTIONS,
        regex::FUNCTIONS,
        version::FUNCTIONS,
        hash::FUNCTIONS,
    ];
    tables.into_iter().chain(format::TABLES).flatten()
}

/// The function of a whole name: `list.map`.
pub fn find(name: &str) -> Option<&'static Native> {
    functions().find(|native| native.name == name)
}

/// The namespaces, each once, in the order of [`functions`].
pub fn namespaces() -> Vec<&'static str> {
    let mut found = Vec::new();
    for native in functions() {
        if let Some(namespace) = native.namespace()
            && !found.contains(&namespace)
        {
            found.push(namespace);
        }
    }
    found
}

/// The types that are known everywhere; the library's prelude names more.
pub fn types() -> impl Iterator<Item = &'static BuiltinType> {
    types::TYPES.iter()
}

/// The words of the language that are no functions.
pub fn words() -> impl Iterator<Item = &'static Word> {
    words::WORDS.iter()
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
    for builtin in types() {
        let name = evaluator.names.intern(builtin.name);
        let ty = evaluator.arena.alloc(Type {
            kind: (builtin.kind)(evaluator.arena),
            span: None,
        });
        scope.types.insert(name, ty);
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
