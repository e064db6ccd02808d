//! What a configuration declares, also where it is broken: what editors complete and explain.
//!
//! In: an entry file through the [`Host`], and the library. Out: [`Outline`]: every module's tree and a graph of
//! [`Declared`] options that is walked by name. Computes no value, and reports no mistakes: [`crate::load`] does.

use std::collections::HashMap;

use cairn_eval::{Arena, Evaluator, Host, NoHost, Type, TypeKind};
use cairn_syntax::ast;
use cairn_syntax::span::{SourceId, SourceMap, Span};
use cairn_syntax::symbol::Interner;

use crate::collect::collect;
use crate::load as graph;
use crate::tree::{Form, Group, Node, shape};

/// The modules of a configuration and what they declare.
#[derive(Debug, Clone)]
pub struct Outline {
    /// All texts; spans point into them.
    pub sources: SourceMap,
    /// The names of the trees.
    pub names: Interner,
    /// Every module in the stable order: the library, what is imported, the entry last.
    pub modules: Vec<(SourceId, ast::Module)>,
    /// All options.
    pub declarations: Declarations,
}

/// A kind of value in [`Declarations`]; recursive types are cycles of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KindId(usize);

/// The options of a configuration as a graph: kinds of values, and the names below them.
#[derive(Debug, Clone, Default)]
pub struct Declarations {
    kinds: Vec<Kind>,
    /// The fields of record types by where their names stand, with the record's kind.
    fields: HashMap<Span, (KindId, Declared)>,
}

/// A name that can be set: an option, a group of options, a field of a record type.
#[derive(Debug, Clone)]
pub struct Declared {
    /// The name alone.
    pub name: String,
    /// What its value is.
    pub kind: KindId,
    /// Its `##` lines.
    pub doc: Option<String>,
    /// Its default as written.
    pub default: Option<String>,
    /// Where it is declared; `None` for groups.
    pub span: Option<Span>,
}

/// A kind of value: a group of options, or a type.
#[derive(Debug, Clone)]
pub struct Kind {
    /// The type in one line; `None` for groups.
    pub ty: Option<String>,
    /// What stands below.
    pub below: Below,
    /// The literal values that it admits, as written: `"debug"`, `true`, `null`.
    pub values: Vec<String>,
}

/// What stands below a value.
#[derive(Debug, Clone)]
pub enum Below {
    /// Names that are known.
    Fields(Vec<Declared>),
    /// Any names, each of this kind: a `Map`.
    Keys(KindId),
    /// Items of this kind.
    Items(KindId),
    /// Nothing, or nothing that is known.
    Nothing,
}

/// Reads a configuration as far as it can be read.
pub fn outline(host: &mut dyn Host, entry: &str, library: &[(&str, &str)]) -> Outline {
    let loaded = graph::load(host, entry, library);
    let arena = Arena::default();
    let mut evaluator = Evaluator::new(&arena, loaded.sources, loaded.names, Box::new(NoHost));
    let root = evaluator.external(crate::engine::ROOT);
    let tree = collect(&mut evaluator, &loaded.modules, root).tree;
    let mut declarations = Declarations::default();
    Grower {
        evaluator: &evaluator,
        into: &mut declarations,
        known: HashMap::new(),
    }
    .group(tree);
    Outline {
        sources: evaluator.sources.clone(),
        names: evaluator.names.clone(),
        modules: loaded
            .modules
            .into_iter()
            .map(|module| (module.source, module.tree))
            .collect(),
        declarations,
    }
}

impl Declarations {
    /// The whole configuration: what `config` is.
    pub const ROOT: KindId = KindId(0);

    /// A kind that these declarations gave.
    pub fn kind(&self, id: KindId) -> &Kind {
        &self.kinds[id.0]
    }

    /// The name below a kind, where it is declared there.
    pub fn field(&self, id: KindId, name: &str) -> Option<&Declared> {
        match &self.kind(id).below {
            Below::Fields(fields) => fields.iter().find(|field| field.name == name),
            _ => None,
        }
    }

    /// The kind of what stands under a name, known or any.
    pub fn step(&self, id: KindId, name: &str) -> Option<KindId> {
        match &self.kind(id).below {
            Below::Fields(_) => self.field(id, name).map(|field| field.kind),
            Below::Keys(of) => Some(*of),
            Below::Items(_) | Below::Nothing => None,
        }
    }

    /// The kind of the items of a list or the values of a map.
    pub fn element(&self, id: KindId) -> Option<KindId> {
        match &self.kind(id).below {
            Below::Keys(of) | Below::Items(of) => Some(*of),
            Below::Fields(_) | Below::Nothing => None,
        }
    }

    /// The field of a record type whose name stands there, and the kind of its record.
    pub fn field_at(&self, name: Span) -> Option<(KindId, &Declared)> {
        let (record, declared) = self.fields.get(&name)?;
        Some((*record, declared))
    }
}

/// Makes kinds of groups and types, each type once.
struct Grower<'t, 'a> {
    evaluator: &'t Evaluator<'a>,
    into: &'t mut Declarations,
    known: HashMap<*const Type<'a>, KindId>,
}

impl<'a> Grower<'_, 'a> {
    fn reserve(&mut self, ty: Option<String>) -> KindId {
        self.into.kinds.push(Kind {
            ty,
            below: Below::Nothing,
            values: Vec::new(),
        });
        KindId(self.into.kinds.len() - 1)
    }

    fn text(&self, span: Span) -> String {
        self.evaluator.sources.slice(span).to_owned()
    }

    fn group(&mut self, group: &Group<'a>) -> KindId {
        let id = self.reserve(None);
        let mut fields = Vec::with_capacity(group.children.len());
        for (name, node) in group.children {
            let name = self.evaluator.names.text(*name).to_owned();
            fields.push(match node {
                Node::Group(inner) => Declared {
                    name,
                    kind: self.group(inner),
                    doc: None,
                    default: None,
                    span: None,
                },
                Node::Option(option) => Declared {
                    name,
                    kind: self.ty(option.ty),
                    doc: option.doc.map(str::to_owned),
                    default: option.default.map(|(_, span)| self.text(span)),
                    span: Some(option.span),
                },
            });
        }
        fields.sort_by(|one, other| one.name.cmp(&other.name));
        self.into.kinds[id.0].below = Below::Fields(fields);
        id
    }

    fn ty(&mut self, ty: &'a Type<'a>) -> KindId {
        if let Some(known) = self.known.get(&std::ptr::from_ref(ty)) {
            return *known;
        }
        let written = ty.span.map(|span| self.evaluator.sources.slice(span));
        let written = match written {
            Some(text) if !text.contains('\n') => text.to_owned(),
            _ => self.evaluator.show_type(ty),
        };
        let id = self.reserve(Some(written));
        self.known.insert(std::ptr::from_ref(ty), id);
        let mut values = Vec::new();
        self.values(ty, &mut values);
        self.into.kinds[id.0].values = values;
        let below = match shape(self.evaluator, ty).form {
            Form::Record(record) => {
                let mut fields = Vec::with_capacity(record.fields.len());
                for field in record.fields {
                    let declared = Declared {
                        name: self.evaluator.names.text(field.name).to_owned(),
                        kind: self.ty(field.ty),
                        doc: field.doc.map(str::to_owned),
                        default: field.default.map(|code| self.text(code.span)),
                        span: Some(field.name_span),
                    };
                    let place = (id, declared.clone());
                    self.into.fields.insert(field.name_span, place);
                    fields.push(declared);
                }
                Below::Fields(fields)
            }
            Form::Map(of) => Below::Keys(self.ty(of)),
            Form::List(of) => Below::Items(self.ty(of)),
            Form::Lines | Form::Any | Form::Scalar => Below::Nothing,
        };
        self.into.kinds[id.0].below = below;
        id
    }

    /// The literals among what a type admits.
    fn values(&self, ty: &Type<'a>, found: &mut Vec<String>) {
        match ty.kind {
            TypeKind::Bool => found.extend(["true".to_owned(), "false".to_owned()]),
            TypeKind::Null => found.push("null".to_owned()),
            TypeKind::Literal(value) => found.push(self.evaluator.show(value)),
            TypeKind::Union(members) => {
                for member in members {
                    self.values(member, found);
                }
            }
            TypeKind::Nullable(inner) => {
                self.values(inner, found);
                found.push("null".to_owned());
            }
            TypeKind::Where(refinement) => self.values(refinement.base, found),
            TypeKind::Named(named) => {
                if let Some(target) = named.target() {
                    self.values(target, found);
                }
            }
            _ => {}
        }
    }
}
