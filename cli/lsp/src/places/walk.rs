//! The walk through a tree that finds its option paths.
//!
//! In: a tree, its names, the declarations. Out: [`Places`]. What a value is for goes down with the walk; what an expression is
//! comes from following names to what they are bound to, a bounded number of times.

use cairn_options::{Below, Declarations};
use cairn_syntax::ast::{
    Annotation, BinaryOp, Expr, ExprKind, Item, ItemKind, Key, ListItem, Name, Param, Pattern,
    RecordItem, StrPart, Type, TypeKind,
};
use cairn_syntax::symbol::{Interner, Symbol};

use super::{ANY, Cursor, OptionName, Places, Shape, Spot};
use crate::names::{Meaning, Names};

/// How far values are followed through names.
const DEEPEST: usize = 12;

pub(super) struct Walk<'t, 'n> {
    interner: &'t Interner,
    names: &'n Names<'t>,
    declarations: &'t Declarations,
    watched: Option<Symbol>,
    /// What `self` is.
    instance: Option<Spot>,
    into: Places<'t>,
}

impl<'t, 'n> Walk<'t, 'n> {
    pub(super) fn new(
        interner: &'t Interner,
        names: &'n Names<'t>,
        declarations: &'t Declarations,
        watched: Option<Symbol>,
    ) -> Self {
        Self {
            interner,
            names,
            declarations,
            watched,
            instance: None,
            into: Places::default(),
        }
    }

    pub(super) fn run(mut self, items: &'t [Item]) -> Places<'t> {
        self.items(items);
        self.into
    }

    fn root() -> Spot {
        Spot {
            kind: Declarations::ROOT,
            path: Vec::new(),
        }
    }

    fn step(&self, spot: &Spot, name: &str) -> Option<Spot> {
        let kind = self.declarations.step(spot.kind, name)?;
        let mut path = spot.path.clone();
        path.push(name.to_owned());
        Some(Spot { kind, path })
    }

    fn element(&self, spot: &Spot) -> Option<Spot> {
        let kind = self.declarations.element(spot.kind)?;
        let mut path = spot.path.clone();
        path.push(ANY.to_owned());
        Some(Spot { kind, path })
    }

    fn is_watched(&self, symbol: Symbol) -> bool {
        self.watched == Some(symbol)
    }

    /// Walks one name down; notes it.
    fn name(&mut self, above: Option<Spot>, name: Name, declares: bool) -> Option<Spot> {
        let above = above?;
        let next = self.step(&above, self.interner.text(name.symbol));
        self.into.options.push(OptionName {
            name,
            above,
            declares,
        });
        next
    }

    fn items(&mut self, items: &'t [Item]) {
        for item in items {
            self.item(item);
        }
    }

    fn item(&mut self, item: &'t Item) {
        match &item.kind {
            ItemKind::Import { .. } => {}
            ItemKind::Let(binding) => self.expr(&binding.value, None),
            ItemKind::Type { ty, .. } => self.ty(ty),
            ItemKind::Option { path, ty, default } => {
                let spot = self.path(path, true);
                self.ty(ty);
                if let Some(default) = default {
                    self.expr(default, spot.clone());
                }
            }
            ItemKind::Definition { path, value } => {
                let spot = self.path(path, false);
                self.value(value, spot);
            }
            ItemKind::When { condition, items } => {
                self.expr(condition, None);
                self.items(items);
            }
            ItemKind::Variant { items, .. } => self.items(items),
            ItemKind::Assert { condition, message } | ItemKind::Warn { condition, message } => {
                self.expr(condition, None);
                self.expr(message, None);
            }
            ItemKind::Test { expr, .. } => self.expr(expr, None),
        }
    }

    fn path(&mut self, path: &[Name], declares: bool) -> Option<Spot> {
        let mut spot = Some(Self::root());
        for (index, name) in path.iter().enumerate() {
            if self.is_watched(name.symbol) {
                let item = index == 0 && !declares;
                let above = spot.clone();
                self.into.cursor = Some(Cursor::Path {
                    above,
                    item,
                    shorthand: false,
                });
            }
            spot = self.name(spot, *name, declares);
        }
        spot
    }

    /// The right side of a definition or a field.
    fn value(&mut self, expr: &'t Expr, expected: Option<Spot>) {
        if let ExprKind::Var(symbol) = expr.kind
            && self.is_watched(symbol)
        {
            self.into.cursor = Some(Cursor::Value {
                expected,
                annotated: true,
            });
        } else {
            self.expr(expr, expected);
        }
    }

    fn expr(&mut self, expr: &'t Expr, expected: Option<Spot>) {
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
                        self.expr(inner, None);
                    }
                }
            }
            ExprKind::Var(symbol) => {
                if self.is_watched(*symbol) {
                    self.into.cursor = Some(Cursor::Value {
                        expected,
                        annotated: false,
                    });
                }
            }
            ExprKind::List(items) => {
                let item_kind = expected.as_ref().and_then(|spot| self.element(spot));
                for item in items {
                    match item {
                        ListItem::Value(inner) => self.expr(inner, item_kind.clone()),
                        ListItem::Spread(inner) => self.expr(inner, expected.clone()),
                    }
                }
            }
            ExprKind::ListFor { body, clause } => {
                let item = expected.and_then(|spot| self.element(&spot));
                self.expr(&clause.source, None);
                if let Some(one) = &clause.condition {
                    self.expr(one, None);
                }
                self.expr(body, item);
            }
            ExprKind::Record(items) => {
                for item in items {
                    self.field(item, expected.clone());
                }
            }
            ExprKind::RecordFor { key, value, clause } => {
                let of = expected.and_then(|spot| self.element(&spot));
                self.expr(&clause.source, None);
                if let Some(one) = &clause.condition {
                    self.expr(one, None);
                }
                self.expr(key, None);
                self.expr(value, of);
            }
            ExprKind::Lambda { params, body } => {
                for param in params {
                    self.param(param);
                }
                self.expr(body, None);
            }
            ExprKind::Call { callee, args } => {
                self.expr(callee, None);
                for arg in args {
                    self.expr(&arg.value, None);
                }
            }
            ExprKind::Select { target, key, .. } => {
                self.expr(target, None);
                let shape = self.shape(target, DEEPEST);
                self.member(shape, key);
            }
            ExprKind::Has { target, path } => {
                self.expr(target, None);
                let mut shape = self.shape(target, DEEPEST);
                for key in path {
                    shape = self.member(shape, key);
                }
            }
            ExprKind::Let { bindings, body } => {
                for binding in bindings {
                    self.expr(&binding.value, None);
                }
                self.expr(body, expected);
            }
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => {
                self.expr(condition, None);
                self.expr(then, expected.clone());
                self.expr(otherwise, expected);
            }
            ExprKind::Assert {
                condition,
                message,
                body,
            } => {
                self.expr(condition, None);
                self.expr(message, None);
                self.expr(body, expected);
            }
            ExprKind::Unary { operand, .. } => self.expr(operand, None),
            ExprKind::Binary {
                op, left, right, ..
            } => self.binary(*op, left, right, expected),
            ExprKind::Annotated { annotation, value } => {
                // Of a list items are removed, of a record keys.
                let is_list = |spot: &Spot| {
                    matches!(self.declarations.kind(spot.kind).below, Below::Items(_))
                };
                let removes = *annotation == Annotation::Remove;
                self.expr(value, expected.filter(|spot| !removes || is_list(spot)));
            }
            ExprKind::Type(ty) => self.ty(ty),
        }
    }

    fn binary(&mut self, op: BinaryOp, left: &'t Expr, right: &'t Expr, expected: Option<Spot>) {
        let (for_left, for_right) = match op {
            BinaryOp::Default | BinaryOp::Concat => (expected.clone(), expected),
            // What is compared is of one kind.
            BinaryOp::Equal | BinaryOp::NotEqual => (self.spot(right), self.spot(left)),
            _ => (None, None),
        };
        self.expr(left, for_left);
        self.expr(right, for_right);
    }

    fn spot(&self, expr: &'t Expr) -> Option<Spot> {
        match self.shape(expr, DEEPEST) {
            Shape::Spot(spot) => Some(spot),
            _ => None,
        }
    }

    fn param(&mut self, param: &'t Param) {
        if let Some(ty) = &param.ty {
            self.ty(ty);
        }
        if let Some(default) = &param.default {
            self.expr(default, None);
        }
        if let Pattern::Record { fields, .. } = &param.pattern {
            let defaults = fields.iter().filter_map(|(_, default)| default.as_ref());
            defaults.for_each(|default| self.expr(default, None));
        }
    }

    fn field(&mut self, item: &'t RecordItem, expected: Option<Spot>) {
        let (path, value) = match item {
            RecordItem::Spread(inner) => return self.expr(inner, expected),
            RecordItem::Field { path, value, .. } => (path, value),
        };
        let shorthand = matches!(path.as_slice(), [Key::Name(name)] if name.span == value.span);
        let mut spot = expected;
        for (index, key) in path.iter().enumerate() {
            match key {
                Key::Name(name) => {
                    if self.is_watched(name.symbol) {
                        let above = spot.clone();
                        let shorthand = shorthand && index == 0;
                        self.into.cursor = Some(Cursor::Path {
                            above,
                            item: false,
                            shorthand,
                        });
                    }
                    spot = self.name(spot, *name, false);
                }
                Key::Computed(key) => {
                    self.expr(key, None);
                    spot = spot.and_then(|spot| self.element(&spot));
                }
            }
        }
        if !shorthand {
            self.value(value, spot);
        }
    }

    /// Walks one member down; notes it.
    fn member(&mut self, shape: Shape<'t>, key: &'t Key) -> Shape<'t> {
        match key {
            Key::Name(name) => {
                if self.is_watched(name.symbol) {
                    self.into.cursor = Some(Cursor::Member(shape.clone()));
                }
                if let Shape::Spot(above) = &shape {
                    self.name(Some(above.clone()), *name, false);
                }
            }
            Key::Computed(key) => self.expr(key, None),
        }
        self.below(&shape, key, DEEPEST)
    }

    fn below(&self, shape: &Shape<'t>, key: &'t Key, left: usize) -> Shape<'t> {
        let found = match (shape, key) {
            (Shape::Spot(spot), Key::Name(name)) => self
                .step(spot, self.interner.text(name.symbol))
                .map(Shape::Spot),
            (Shape::Spot(spot), Key::Computed(_)) => self.element(spot).map(Shape::Spot),
            (Shape::Record(items), Key::Name(name)) => items.iter().find_map(|item| match item {
                RecordItem::Field { path, value, .. } => match path.as_slice() {
                    [Key::Name(known)] if known.symbol == name.symbol => {
                        Some(self.shape(value, left.saturating_sub(1)))
                    }
                    _ => None,
                },
                RecordItem::Spread(_) => None,
            }),
            _ => None,
        };
        found.unwrap_or(Shape::Unknown)
    }

    /// What an expression is; `left` bounds how many names are followed.
    fn shape(&self, expr: &'t Expr, left: usize) -> Shape<'t> {
        if left == 0 {
            return Shape::Unknown;
        }
        match &expr.kind {
            ExprKind::Var(_) => self.variable(expr, left),
            ExprKind::Record(items) => Shape::Record(items),
            ExprKind::Select { target, key, .. } => {
                let target = self.shape(target, left);
                self.below(&target, key, left)
            }
            ExprKind::Binary {
                op: BinaryOp::Default,
                left: first,
                right,
                ..
            } => match self.shape(first, left - 1) {
                Shape::Unknown => self.shape(right, left - 1),
                known => known,
            },
            ExprKind::If {
                then, otherwise, ..
            } => match self.shape(then, left - 1) {
                Shape::Unknown => self.shape(otherwise, left - 1),
                known => known,
            },
            ExprKind::Let { body, .. } | ExprKind::Assert { body, .. } => {
                self.shape(body, left - 1)
            }
            _ => Shape::Unknown,
        }
    }

    fn variable(&self, expr: &'t Expr, left: usize) -> Shape<'t> {
        match self.names.meaning(expr.span) {
            Some(Meaning::Config) => Shape::Spot(Self::root()),
            Some(Meaning::Instance) => match &self.instance {
                Some(spot) => Shape::Spot(spot.clone()),
                None => Shape::Unknown,
            },
            Some(Meaning::Library(name)) => Shape::Namespace(name.clone()),
            Some(Meaning::Bound(index)) => {
                let binding = &self.names.bindings[*index];
                if let Some(walked) = binding.walks {
                    return match self.shape(walked, left - 1) {
                        Shape::Spot(spot) => {
                            self.element(&spot).map_or(Shape::Unknown, Shape::Spot)
                        }
                        _ => Shape::Unknown,
                    };
                }
                let value = binding.value;
                value.map_or(Shape::Unknown, |value| self.shape(value, left - 1))
            }
            _ => Shape::Unknown,
        }
    }

    fn ty(&mut self, ty: &'t Type) {
        match &ty.kind {
            TypeKind::Name(symbol) => {
                if self.is_watched(*symbol) {
                    self.into.cursor = Some(Cursor::Type);
                }
            }
            TypeKind::Apply { args, .. } => args.iter().for_each(|arg| self.ty(arg)),
            TypeKind::Literal(_) | TypeKind::Error => {}
            TypeKind::Union(members) => members.iter().for_each(|one| self.ty(one)),
            TypeKind::Nullable(inner) => self.ty(inner),
            TypeKind::Record { fields, .. } => {
                for field in fields {
                    self.ty(&field.ty);
                    let Some(default) = &field.default else {
                        continue;
                    };
                    let place = self.declarations.field_at(field.name.span);
                    let spot = |kind, name: &str| Spot {
                        kind,
                        path: vec![name.to_owned()],
                    };
                    let instance = place.map(|(record, _)| spot(record, "self"));
                    let expected = place.map(|(_, declared)| spot(declared.kind, ANY));
                    let outer = std::mem::replace(&mut self.instance, instance);
                    self.expr(default, expected);
                    self.instance = outer;
                }
            }
            TypeKind::Where { base, predicate } => {
                self.ty(base);
                self.expr(predicate, None);
            }
        }
    }
}
