//! Options are closed at every depth: what no module declared is an error, and found before anything runs.
//!
//! In: the trie and definitions as written. Out: errors, with the nearest names. Literal records are
//! followed to their leaves, also under a `when` that is false; what is computed is checked by the engine.

use std::cell::OnceCell;

use cairn_eval::{Error, Evaluator, RecordType, Result, Type};
use cairn_syntax::Diagnostic;
use cairn_syntax::ast::{Annotation, Expr, ExprKind, Key, Name, RecordItem};
use cairn_syntax::span::Span;
use cairn_syntax::symbol::Symbol;

use crate::report;
use crate::tree::{Declared, Form, Group, Node, shape};

/// Where a walk along a path stands.
#[derive(Clone, Copy)]
pub(crate) enum Cursor<'t, 'a> {
    Group(&'t Group<'a>),
    Type(&'a Type<'a>),
    /// Below `Any`: everything is admitted.
    Free,
}

/// Which names may stand below a [`Cursor`].
#[derive(Clone, Copy)]
pub(crate) enum Inside<'t, 'a> {
    Group(&'t Group<'a>),
    Record(&'a RecordType<'a>),
    /// Any, each of this type.
    Map(&'a Type<'a>),
    /// Any.
    Free,
    /// None: values of this type have no fields.
    Nothing(&'a Type<'a>),
}

impl<'t, 'a> Inside<'t, 'a> {
    /// Whether no name is refused.
    pub(crate) fn admits_all(self) -> bool {
        match self {
            Self::Map(_) | Self::Free => true,
            Self::Record(record) => record.open,
            Self::Group(_) | Self::Nothing(_) => false,
        }
    }

    /// What stands under a name, where it may stand here.
    pub(crate) fn get(self, name: Symbol) -> Option<Cursor<'t, 'a>> {
        match self {
            Self::Group(group) => group.get(name).map(|node| match node {
                Node::Group(group) => Cursor::Group(group),
                Node::Option(declared) => Cursor::Type(declared.ty),
            }),
            Self::Record(record) => match record.get(name) {
                Some(field) => Some(Cursor::Type(field.ty)),
                None => record.open.then_some(Cursor::Free),
            },
            Self::Map(of) => Some(Cursor::Type(of)),
            Self::Free => Some(Cursor::Free),
            Self::Nothing(_) => None,
        }
    }
}

/// All options; their paths are put together when the first mistake needs them.
pub(crate) struct Known<'a> {
    pub(crate) options: Vec<&'a Declared<'a>>,
    paths: OnceCell<Vec<String>>,
}

impl<'a> Known<'a> {
    /// The options of a trie.
    pub(crate) fn of(tree: &Group<'a>) -> Self {
        Self {
            options: tree.options(),
            paths: OnceCell::new(),
        }
    }

    /// Every option's path, as a user would write it.
    pub(crate) fn paths(&self, evaluator: &Evaluator<'a>) -> &[String] {
        self.paths.get_or_init(|| {
            let text = |name: &Symbol| evaluator.names.text(*name);
            let print = |option: &&Declared<'a>| crate::path::print(option.path.iter().map(text));
            self.options.iter().map(print).collect()
        })
    }
}

/// Walks names below the options of a trie.
pub(crate) struct Walker<'t, 'a> {
    pub(crate) evaluator: &'t Evaluator<'a>,
    /// For suggestions.
    pub(crate) known: &'t Known<'a>,
}

impl<'t, 'a> Walker<'t, 'a> {
    /// Checks a definition: its path, and the literal records of its value. `above` is only for its memory.
    pub(crate) fn definition(
        &self,
        tree: &'t Group<'a>,
        path: &[Name],
        value: &Expr,
        above: &mut Vec<Symbol>,
        errors: &mut Vec<Diagnostic>,
    ) {
        above.clear();
        match self.along(Cursor::Group(tree), path, above) {
            Ok(cursor) => self.literal(cursor, above, value, errors),
            Err(error) => errors.push(*error),
        }
    }

    fn along(
        &self,
        mut cursor: Cursor<'t, 'a>,
        path: &[Name],
        above: &mut Vec<Symbol>,
    ) -> Result<Cursor<'t, 'a>> {
        for name in path {
            cursor = self.step(cursor, above, name.symbol, name.span)?;
            above.push(name.symbol);
        }
        Ok(cursor)
    }

    /// What stands under a name.
    fn step(
        &self,
        cursor: Cursor<'t, 'a>,
        above: &[Symbol],
        name: Symbol,
        span: Span,
    ) -> Result<Cursor<'t, 'a>> {
        let inside = self.inside(cursor);
        inside
            .get(name)
            .ok_or_else(|| self.refuse(inside, above, name, span))
    }

    /// What names may stand below.
    pub(crate) fn inside(&self, cursor: Cursor<'t, 'a>) -> Inside<'t, 'a> {
        let ty = match cursor {
            Cursor::Free => return Inside::Free,
            Cursor::Group(group) => return Inside::Group(group),
            Cursor::Type(ty) => ty,
        };
        match shape(self.evaluator, ty).form {
            Form::Record(record) => Inside::Record(record),
            Form::Map(of) => Inside::Map(of),
            Form::Any => Inside::Free,
            Form::Scalar if matches!(ty.structure().kind, cairn_eval::TypeKind::Union(_)) => {
                Inside::Free
            }
            Form::List(_) | Form::Lines | Form::Scalar => Inside::Nothing(ty),
        }
    }

    /// Says that a name can't stand there.
    pub(crate) fn refuse(
        &self,
        inside: Inside<'t, 'a>,
        above: &[Symbol],
        name: Symbol,
        span: Span,
    ) -> Error {
        match inside {
            Inside::Group(group) => self.unknown(above, name, span, group.names()),
            Inside::Record(record) => {
                let names = record.fields.iter().map(|field| field.name);
                self.unknown(above, name, span, names)
            }
            Inside::Nothing(ty) => report::no_fields(
                span,
                &self.print(above),
                &self.evaluator.show_type(ty),
                self.evaluator.names.text(name),
            ),
            Inside::Map(_) | Inside::Free => self.unknown(above, name, span, std::iter::empty()),
        }
    }

    fn unknown(
        &self,
        above: &[Symbol],
        name: Symbol,
        span: Span,
        siblings: impl Iterator<Item = Symbol>,
    ) -> Error {
        let names = &self.evaluator.names;
        let above: Vec<&str> = above.iter().map(|name| names.text(*name)).collect();
        let siblings: Vec<&str> = siblings.map(|name| names.text(name)).collect();
        let all = self.known.paths(self.evaluator);
        report::unknown(span, &above, names.text(name), &siblings, all)
    }

    fn print(&self, path: &[Symbol]) -> String {
        crate::path::print(path.iter().map(|name| self.evaluator.names.text(*name)))
    }

    fn literal(
        &self,
        cursor: Cursor<'t, 'a>,
        above: &mut Vec<Symbol>,
        value: &Expr,
        errors: &mut Vec<Diagnostic>,
    ) {
        match &value.kind {
            ExprKind::Annotated { annotation, value } if *annotation != Annotation::Remove => {
                self.literal(cursor, above, value, errors);
            }
            ExprKind::If {
                then, otherwise, ..
            } => {
                self.literal(cursor, above, then, errors);
                self.literal(cursor, above, otherwise, errors);
            }
            ExprKind::Let { body, .. } => self.literal(cursor, above, body, errors),
            ExprKind::Record(items) => {
                for item in items {
                    if let RecordItem::Field { path, value, .. } = item {
                        self.field(cursor, above, path, value, errors);
                    }
                }
            }
            ExprKind::Null
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Str(_)
            | ExprKind::List(_) => {
                if let Cursor::Group(group) = cursor {
                    let names = group.names().map(|name| self.evaluator.names.text(name));
                    let names: Vec<&str> = names.collect();
                    errors.push(*report::group(value.span, &self.print(above), &names));
                }
            }
            _ => {}
        }
    }

    fn field(
        &self,
        cursor: Cursor<'t, 'a>,
        above: &mut Vec<Symbol>,
        path: &[Key],
        value: &Expr,
        errors: &mut Vec<Diagnostic>,
    ) {
        let depth = above.len();
        let mut cursor = cursor;
        for key in path {
            // A computed name is the engine's to check, when it is known.
            let Key::Name(name) = key else { break };
            match self.step(cursor, above, name.symbol, name.span) {
                Ok(next) => cursor = next,
                Err(error) => {
                    errors.push(*error);
                    above.truncate(depth);
                    return;
                }
            }
            above.push(name.symbol);
        }
        if path.iter().all(|key| matches!(key, Key::Name(_))) {
            self.literal(cursor, above, value, errors);
        }
        above.truncate(depth);
    }
}
