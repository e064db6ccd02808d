//! The walk through a tree that finds its names.
//!
//! In: a tree. Out: [`Names`]. Scopes open and close here as in evaluation: modules and `when` bind in any order, functions
//! and loops in the order of the text, and types see nothing of the expressions around them.

use std::collections::{HashMap, HashSet};

use cairn_eval::library;
use cairn_syntax::ast::{
    Arg, Expr, ExprKind, ForClause, Item, ItemKind, Key, ListItem, Name, Param, Pattern,
    RecordItem, StrPart, Type, TypeKind,
};
use cairn_syntax::span::Span;
use cairn_syntax::symbol::{Interner, Symbol};

use super::{Binding, BindingKind, Meaning, Names, Sight, Use};

#[derive(Default)]
struct Scope {
    values: HashMap<Symbol, usize>,
    types: HashMap<Symbol, usize>,
    /// Whether it belongs to an expression: types do not see it.
    local: bool,
    /// Whether `self` and `name` are known in it.
    default: bool,
}

pub(super) struct Walk<'t, 'n> {
    interner: &'n Interner,
    watched: Option<Symbol>,
    module: bool,
    functions: HashSet<&'static str>,
    scopes: Vec<Scope>,
    into: Names<'t>,
    /// The parameters of each function, by where it stands.
    parameters: HashMap<Span, Vec<usize>>,
    /// Named arguments with the functions that are called.
    named: Vec<(&'t Expr, Name)>,
}

impl<'t, 'n> Walk<'t, 'n> {
    pub(super) fn new(interner: &'n Interner, watched: Option<Symbol>, module: bool) -> Self {
        Self {
            interner,
            watched,
            module,
            functions: library::functions().map(|native| native.name).collect(),
            scopes: Vec::new(),
            into: Names::default(),
            parameters: HashMap::new(),
            named: Vec::new(),
        }
    }

    pub(super) fn finish(mut self) -> Names<'t> {
        for (callee, name) in std::mem::take(&mut self.named) {
            let function = self.function(callee);
            let parameter = function.and_then(|span| {
                let all = self.parameters.get(&span)?;
                let found = |index: &&usize| {
                    let binding = &self.into.bindings[**index];
                    binding.name.symbol == name.symbol && binding.kind == BindingKind::Parameter
                };
                all.iter().find(found).copied()
            });
            match parameter {
                Some(index) => self.used(name, Meaning::Bound(index), false),
                None if self.is_native(callee) => {}
                None => self.into.loose_arguments.push(name),
            }
        }
        self.into
    }

    /// Where the function stands that a callee is.
    fn function(&self, callee: &Expr) -> Option<Span> {
        match &callee.kind {
            ExprKind::Lambda { .. } => Some(callee.span),
            ExprKind::Var(_) => match self.into.meaning(callee.span)? {
                Meaning::Bound(index) => {
                    let value = self.into.bindings[*index].value?;
                    matches!(value.kind, ExprKind::Lambda { .. }).then_some(value.span)
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn is_native(&self, callee: &Expr) -> bool {
        let span = match &callee.kind {
            ExprKind::Select {
                key: Key::Name(name),
                ..
            } => name.span,
            _ => callee.span,
        };
        matches!(self.into.meaning(span), Some(Meaning::Library(_)))
    }

    fn bind(&mut self, binding: Binding<'t>) -> usize {
        let index = self.into.bindings.len();
        let (symbol, kind) = (binding.name.symbol, binding.kind);
        self.into.bindings.push(binding);
        if let Some(scope) = self.scopes.last_mut() {
            let names = match kind {
                BindingKind::Type => &mut scope.types,
                _ => &mut scope.values,
            };
            // The first of two counts, as in evaluation.
            names.entry(symbol).or_insert(index);
        }
        index
    }

    fn scope(&mut self, local: bool, walk: impl FnOnce(&mut Self)) {
        self.scopes.push(Scope {
            local,
            ..Scope::default()
        });
        walk(self);
        self.scopes.pop();
    }

    fn used(&mut self, name: Name, meaning: Meaning, shorthand: bool) {
        self.into.by_span.insert(name.span, self.into.uses.len());
        self.into.uses.push(Use {
            name,
            meaning,
            shorthand,
        });
        if self.watched == Some(name.symbol) {
            self.see();
        }
    }

    /// Notes what is in sight here.
    fn see(&mut self) {
        let mut sight = Sight::default();
        let (mut values, mut types) = (HashSet::new(), HashSet::new());
        for scope in self.scopes.iter().rev() {
            let new = scope
                .values
                .iter()
                .filter(|(name, _)| values.insert(**name));
            sight.values.extend(new.map(|(_, index)| *index));
            let new = scope.types.iter().filter(|(name, _)| types.insert(**name));
            sight.types.extend(new.map(|(_, index)| *index));
            sight.in_default |= scope.default;
        }
        sight.values.sort_unstable();
        sight.types.sort_unstable();
        self.into.sight = sight;
    }

    fn find(&self, symbol: Symbol) -> Meaning {
        let text = self.interner.text(symbol);
        for scope in self.scopes.iter().rev() {
            if let Some(index) = scope.values.get(&symbol) {
                return Meaning::Bound(*index);
            }
            if scope.default && text == "self" {
                return Meaning::Instance;
            }
            if scope.default && text == "name" {
                return Meaning::Key;
            }
        }
        if self.module && text == "config" {
            return Meaning::Config;
        }
        if self.functions.contains(text) || library::namespaces().contains(&text) {
            return Meaning::Library(text.to_owned());
        }
        match self.find_type(symbol) {
            // A variable that nothing binds may be a type of the prelude.
            Meaning::Type if text == "import" => Meaning::Import,
            Meaning::Type if text.starts_with(|c: char| c.is_lowercase()) => Meaning::Unknown,
            meaning => meaning,
        }
    }

    fn find_type(&self, symbol: Symbol) -> Meaning {
        let mut scopes = self.scopes.iter().rev();
        let found = scopes.find_map(|scope| scope.types.get(&symbol));
        found.map_or(Meaning::Type, |index| Meaning::Bound(*index))
    }

    pub(super) fn items(&mut self, items: &'t [Item]) {
        self.scope(false, |walk| {
            for item in items {
                let doc = item.doc.as_deref();
                match &item.kind {
                    ItemKind::Let(binding) => {
                        walk.bind(Binding {
                            value: Some(&binding.value),
                            doc,
                            ..plain(binding.name, BindingKind::Let)
                        });
                    }
                    ItemKind::Type { name, ty } => {
                        walk.bind(Binding {
                            ty: Some(ty),
                            doc,
                            ..plain(*name, BindingKind::Type)
                        });
                    }
                    _ => {}
                }
            }
            for item in items {
                walk.item(item);
            }
        });
    }

    fn item(&mut self, item: &'t Item) {
        match &item.kind {
            ItemKind::Import { .. } => {}
            ItemKind::Let(binding) => self.expr(&binding.value),
            ItemKind::Type { ty, .. } => self.ty(ty),
            ItemKind::Option { path, ty, default } => {
                self.watch(path);
                self.ty(ty);
                if let Some(default) = default {
                    self.expr(default);
                }
            }
            ItemKind::Definition { path, value } => {
                self.watch(path);
                self.expr(value);
            }
            ItemKind::When { condition, items } => {
                self.expr(condition);
                self.items(items);
            }
            ItemKind::Variant { items, .. } => self.items(items),
            ItemKind::Assert { condition, message } | ItemKind::Warn { condition, message } => {
                self.expr(condition);
                self.expr(message);
            }
            ItemKind::Test { expr, .. } => self.expr(expr),
        }
    }

    /// Notes what is in sight where the watched name is part of a path.
    fn watch(&mut self, path: &[Name]) {
        if path.iter().any(|name| Some(name.symbol) == self.watched) {
            self.see();
        }
    }

    pub(super) fn expr(&mut self, expr: &'t Expr) {
        match &expr.kind {
            ExprKind::Null
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Path(_)
            | ExprKind::Error => {}
            ExprKind::Str(parts) => {
                for part in parts {
                    if let StrPart::Interpolation(inner) = part {
                        self.expr(inner);
                    }
                }
            }
            ExprKind::Var(symbol) => self.variable(*symbol, expr.span, false),
            ExprKind::List(items) => {
                for item in items {
                    let (ListItem::Value(inner) | ListItem::Spread(inner)) = item;
                    self.expr(inner);
                }
            }
            ExprKind::ListFor { body, clause } => self.comprehension(clause, &[body]),
            ExprKind::Record(items) => items.iter().for_each(|item| self.field(item)),
            ExprKind::RecordFor { key, value, clause } => {
                self.comprehension(clause, &[key, value]);
            }
            ExprKind::Lambda { params, body } => self.lambda(params, body, expr.span),
            ExprKind::Call { callee, args } => {
                self.expr(callee);
                self.arguments(callee, args);
            }
            ExprKind::Select { target, key, .. } => {
                self.expr(target);
                self.selected(target, key);
            }
            ExprKind::Has { target, path } => {
                self.expr(target);
                for key in path {
                    self.key(key);
                }
            }
            ExprKind::Let { bindings, body } => self.scope(true, |walk| {
                for binding in bindings {
                    let value = Some(&binding.value);
                    walk.bind(Binding {
                        value,
                        ..plain(binding.name, BindingKind::Let)
                    });
                }
                for binding in bindings {
                    walk.expr(&binding.value);
                }
                walk.expr(body);
            }),
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => {
                for part in [condition, then, otherwise] {
                    self.expr(part);
                }
            }
            ExprKind::Assert {
                condition,
                message,
                body,
            } => {
                for part in [condition, message, body] {
                    self.expr(part);
                }
            }
            ExprKind::Unary { operand: inner, .. } | ExprKind::Annotated { value: inner, .. } => {
                self.expr(inner);
            }
            ExprKind::Binary { left, right, .. } => {
                for part in [left, right] {
                    self.expr(part);
                }
            }
            ExprKind::Type(ty) => self.ty(ty),
        }
    }

    fn variable(&mut self, symbol: Symbol, span: Span, shorthand: bool) {
        let meaning = self.find(symbol);
        self.used(Name { symbol, span }, meaning, shorthand);
    }

    fn arguments(&mut self, callee: &'t Expr, args: &'t [Arg]) {
        for arg in args {
            if let Some(name) = arg.name {
                self.named.push((callee, name));
            }
            self.expr(&arg.value);
        }
    }

    /// A function of a namespace is one name of two parts.
    fn selected(&mut self, target: &'t Expr, key: &'t Key) {
        self.key(key);
        let Key::Name(name) = key else { return };
        if let (ExprKind::Var(_), Some(Meaning::Library(space))) =
            (&target.kind, self.into.meaning(target.span))
        {
            let whole = format!("{space}.{}", self.interner.text(name.symbol));
            if self.functions.contains(whole.as_str()) {
                self.used(*name, Meaning::Library(whole), false);
            }
        }
    }

    fn key(&mut self, key: &'t Key) {
        match key {
            Key::Name(name) => self.watch(&[*name]),
            Key::Computed(expr) => self.expr(expr),
        }
    }

    fn field(&mut self, item: &'t RecordItem) {
        match item {
            RecordItem::Spread(inner) => self.expr(inner),
            RecordItem::Field { path, value, .. } => {
                if let ([Key::Name(name)], ExprKind::Var(symbol)) = (path.as_slice(), &value.kind)
                    && name.span == value.span
                {
                    return self.variable(*symbol, value.span, true);
                }
                for key in path {
                    self.key(key);
                }
                self.expr(value);
            }
        }
    }

    fn comprehension(&mut self, clause: &'t ForClause, bodies: &[&'t Expr]) {
        self.expr(&clause.source);
        self.scope(true, |walk| {
            let last = clause.names.len().saturating_sub(1);
            for (index, name) in clause.names.iter().enumerate() {
                let walks = (index == last).then_some(&clause.source);
                walk.bind(Binding {
                    walks,
                    ..plain(*name, BindingKind::Loop)
                });
            }
            if let Some(condition) = &clause.condition {
                walk.expr(condition);
            }
            for body in bodies {
                walk.expr(body);
            }
        });
    }

    fn lambda(&mut self, params: &'t [Param], body: &'t Expr, span: Span) {
        self.scope(true, |walk| {
            let mut all = Vec::with_capacity(params.len());
            for param in params {
                // A default sees the parameters before its own.
                if let Some(default) = &param.default {
                    walk.expr(default);
                }
                if let Some(ty) = &param.ty {
                    walk.ty(ty);
                }
                match &param.pattern {
                    Pattern::Name(name) => {
                        let ty = param.ty.as_ref();
                        let kind = BindingKind::Parameter;
                        all.push(walk.bind(Binding {
                            ty,
                            ..plain(*name, kind)
                        }));
                    }
                    Pattern::Record { fields, whole, .. } => {
                        for (name, default) in fields {
                            if let Some(default) = default {
                                walk.expr(default);
                            }
                            all.push(walk.bind(plain(*name, BindingKind::Field)));
                        }
                        if let Some(whole) = whole {
                            walk.bind(plain(*whole, BindingKind::Parameter));
                        }
                    }
                }
            }
            walk.parameters.insert(span, all);
            walk.expr(body);
        });
    }

    /// Types see their module, and none of the names of expressions around them.
    fn ty(&mut self, ty: &'t Type) {
        let outside = std::mem::take(&mut self.scopes);
        let (locals, modules) = outside.into_iter().partition(|scope| scope.local);
        self.scopes = modules;
        self.type_tree(ty);
        let locals: Vec<Scope> = locals;
        self.scopes.extend(locals);
    }

    fn type_tree(&mut self, ty: &'t Type) {
        match &ty.kind {
            TypeKind::Name(symbol) => {
                let meaning = self.find_type(*symbol);
                self.used(
                    Name {
                        symbol: *symbol,
                        span: ty.span,
                    },
                    meaning,
                    false,
                );
            }
            TypeKind::Apply { name, args } => {
                self.used(*name, Meaning::Type, false);
                for arg in args {
                    self.type_tree(arg);
                }
            }
            TypeKind::Literal(expr) => self.expr(expr),
            TypeKind::Union(members) => members.iter().for_each(|one| self.type_tree(one)),
            TypeKind::Nullable(inner) => self.type_tree(inner),
            TypeKind::Record { fields, .. } => {
                for field in fields {
                    self.type_tree(&field.ty);
                    if let Some(default) = &field.default {
                        self.scope(true, |walk| {
                            if let Some(scope) = walk.scopes.last_mut() {
                                scope.default = true;
                            }
                            walk.expr(default);
                        });
                    }
                }
            }
            TypeKind::Where { base, predicate } => {
                self.type_tree(base);
                self.expr(predicate);
            }
            TypeKind::Error => {}
        }
    }
}

/// A binding of which no more is known than its name.
fn plain<'t>(name: Name, kind: BindingKind) -> Binding<'t> {
    Binding {
        name,
        kind,
        value: None,
        walks: None,
        ty: None,
        doc: None,
    }
}
