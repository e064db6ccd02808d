//! Expressions to the compact form.
//!
//! In: an expression. Out: the same with slots. Puts a thunk only where something has to wait.

use cairn_syntax::Diagnostic;
use cairn_syntax::ast::{self, BinaryOp, ExprKind, StrPart, UnaryOp};
use cairn_syntax::span::Span;
use cairn_syntax::symbol::Symbol;

use super::Resolver;
use crate::ir::{
    Assert, Binary, Clause, Code, Expr, Has, If, Items, Key, Kind, Let, Part, Piece, Select, Slot,
};
use crate::value::{Annotated, List, Origin, Place, State, Text, Value};

impl<'a> Resolver<'_, 'a> {
    /// Resolves an expression that is evaluated where it stands.
    pub(super) fn expr(&mut self, expr: &ast::Expr) -> Expr<'a> {
        let arena = self.evaluator.arena;
        let span = expr.span;
        let kind = match &expr.kind {
            ExprKind::Null => Kind::Constant(Value::Null),
            ExprKind::Bool(value) => Kind::Constant(Value::Bool(*value)),
            ExprKind::Int(value) => Kind::Constant(Value::Int(*value)),
            ExprKind::Float(value) => Kind::Constant(Value::Float(*value)),
            ExprKind::Str(parts) => self.string(parts),
            ExprKind::Path(text) => return self.path(text, span),
            ExprKind::Var(name) => return self.variable(*name, span),
            ExprKind::List(items) => self.list(items),
            ExprKind::ListFor { body, clause } => self.block(|resolver| {
                let place = Place {
                    key: body.span,
                    value: body.span,
                };
                let clause = resolver.clause(clause, place);
                let body = arena.make(|| resolver.delayed(body));
                Kind::ListFor { body, clause }
            }),
            ExprKind::Record(items) => return self.record(items, span),
            ExprKind::RecordFor { key, value, clause } => self.block(|resolver| {
                let place = Place {
                    key: key.span,
                    value: value.span,
                };
                let clause = resolver.clause(clause, place);
                let field = arena.make(|| (resolver.expr(key), resolver.delayed(value)));
                Kind::RecordFor { field, clause }
            }),
            ExprKind::Lambda { params, body } => Kind::Lambda(self.lambda(params, body, span)),
            ExprKind::Call { callee, args } => return self.call(callee, None, args, span),
            ExprKind::Select {
                target,
                key,
                optional,
            } => {
                return self.select(target, key, *optional, span);
            }
            ExprKind::Has { target, path } => Kind::Has(arena.make(|| Has {
                target: self.expr(target),
                path: arena.each(path.len(), |index| self.key(&path[index])),
            })),
            ExprKind::Let { bindings, body } => return self.bindings(bindings, body, span),
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => Kind::If(arena.make(|| If {
                condition: self.expr(condition),
                then: self.expr(then),
                otherwise: self.expr(otherwise),
            })),
            ExprKind::Assert {
                condition,
                message,
                body,
            } => Kind::Assert(arena.make(|| Assert {
                condition: self.expr(condition),
                message: self.expr(message),
                body: self.expr(body),
            })),
            ExprKind::Unary { op, operand } => {
                let operand = self.expr(operand);
                match (op, &operand.kind) {
                    (UnaryOp::Negate, Kind::Constant(Value::Int(value))) => {
                        match value.checked_neg() {
                            Some(value) => Kind::Constant(Value::Int(value)),
                            None => Kind::Negate(arena.alloc(operand)),
                        }
                    }
                    (UnaryOp::Negate, Kind::Constant(Value::Float(value))) => {
                        Kind::Constant(Value::Float(-value))
                    }
                    (UnaryOp::Negate, _) => Kind::Negate(arena.alloc(operand)),
                    (UnaryOp::Not, _) => Kind::Not(arena.alloc(operand)),
                }
            }
            ExprKind::Binary {
                op: BinaryOp::Pipe,
                left,
                right,
                ..
            } => {
                return match &right.kind {
                    ExprKind::Call { callee, args } => self.call(callee, Some(left), args, span),
                    _ => self.call(right, Some(left), &[], span),
                };
            }
            ExprKind::Binary {
                op,
                op_span,
                left,
                right,
            } => match op {
                BinaryOp::And => Kind::And(self.boxed(left), self.boxed(right)),
                BinaryOp::Or => Kind::Or(self.boxed(left), self.boxed(right)),
                BinaryOp::Default => Kind::Default(self.boxed(left), self.boxed(right)),
                op => Kind::Binary(arena.make(|| Binary {
                    op: *op,
                    op_span: *op_span,
                    left: self.expr(left),
                    right: self.expr(right),
                })),
            },
            ExprKind::Annotated { annotation, value } => {
                let annotation = arena.alloc(annotation.clone());
                let value = self.delayed(value);
                match constant(&value) {
                    Some(inner) => Kind::Constant(Value::Annotated(arena.alloc(Annotated {
                        annotation,
                        value: inner,
                        span,
                        value_span: value.span,
                    }))),
                    None => Kind::Annotated {
                        annotation,
                        value: arena.alloc(value),
                    },
                }
            }
            ExprKind::Type(ty) => Kind::Constant(Value::Type(self.type_expression(ty))),
            ExprKind::Error => {
                let error = Diagnostic::error("eval::unreadable", span, "this could not be read");
                Kind::Fail(self.evaluator.remember(error))
            }
        };
        Expr { kind, span }
    }

    /// The same in the arena.
    pub(super) fn boxed(&mut self, expr: &ast::Expr) -> &'a Expr<'a> {
        let arena = self.evaluator.arena;
        arena.make(|| self.expr(expr))
    }

    /// Resolves an expression whose value is needed later, if ever.
    pub(super) fn delayed(&mut self, expr: &ast::Expr) -> Expr<'a> {
        match &expr.kind {
            ExprKind::Null
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Path(_)
            | ExprKind::Var(_)
            | ExprKind::Lambda { .. }
            | ExprKind::Type(_)
            | ExprKind::Annotated { .. } => self.expr(expr),
            // With computed keys or spreads something would run now.
            ExprKind::List(items)
                if !items
                    .iter()
                    .any(|item| matches!(item, ast::ListItem::Spread(_))) =>
            {
                self.expr(expr)
            }
            ExprKind::Record(items) if super::record::is_plain(items) => self.expr(expr),
            _ => self.wait(expr),
        }
    }

    fn wait(&mut self, expr: &ast::Expr) -> Expr<'a> {
        let code = self.code(|resolver| resolver.expr(expr));
        if let Kind::Constant(_) | Kind::Fail(_) = code.body.kind {
            return code.body;
        }
        let span = code.body.span;
        Expr {
            kind: Kind::Delay(self.evaluator.arena.alloc(code)),
            span,
        }
    }

    #[inline]
    pub(super) fn variable(&mut self, name: Symbol, span: Span) -> Expr<'a> {
        match self.lookup(name) {
            Some(kind) => Expr { kind, span },
            None => self.no_variable(name, span),
        }
    }

    /// A name that stands for no value: that of a type, or a mistake.
    #[cold]
    fn no_variable(&mut self, name: Symbol, span: Span) -> Expr<'a> {
        let Some(ty) = self.evaluator.find_type(self.scope, name) else {
            let error = self.unknown_name(name, span);
            return self.mistake(error);
        };
        Expr {
            kind: Kind::Constant(Value::Type(ty)),
            span,
        }
    }

    fn string(&mut self, parts: &[StrPart]) -> Kind<'a> {
        let arena = self.evaluator.arena;
        match parts {
            [] => return Kind::Constant(self.evaluator.string("")),
            [StrPart::Text(text)] => {
                let text = Text {
                    text: arena.text(text),
                    context: &[],
                };
                return Kind::Constant(Value::Str(arena.alloc(text)));
            }
            _ => {}
        }
        Kind::Interpolate(arena.each(parts.len(), |index| match &parts[index] {
            StrPart::Text(text) => Piece::Text(arena.text(text)),
            StrPart::Interpolation(expr) => Piece::Value(self.expr(expr)),
        }))
    }

    fn path(&mut self, text: &str, span: Span) -> Expr<'a> {
        let source = self.evaluator.sources.get(span.source).name.clone();
        match crate::path::relative_to(&source, text) {
            Some(path) => {
                let arena = self.evaluator.arena;
                let path: &'a str = arena.text(&path);
                Expr {
                    kind: Kind::Constant(Value::Path(arena.alloc(path))),
                    span,
                }
            }
            None => self.mistake(
                Diagnostic::error(
                    "eval::path_outside",
                    span,
                    format!("{text} leads out of the configuration's folder"),
                )
                .help("files that the configuration uses must lie in its folder"),
            ),
        }
    }

    fn list(&mut self, items: &[ast::ListItem]) -> Kind<'a> {
        let arena = self.evaluator.arena;
        let is_spread = |item: &ast::ListItem| matches!(item, ast::ListItem::Spread(_));
        if items.iter().any(is_spread) {
            return Kind::Splice(arena.each(items.len(), |index| match &items[index] {
                ast::ListItem::Value(expr) => {
                    let origin = self.item_origin(expr);
                    Part::Item(self.delayed(expr), origin)
                }
                ast::ListItem::Spread(expr) => Part::Spread(self.expr(expr)),
            }));
        }
        let origins = arena.each(items.len(), |index| {
            let (ast::ListItem::Value(expr) | ast::ListItem::Spread(expr)) = &items[index];
            self.item_origin(expr)
        });
        let first = self.evaluator.resolving.elements.len();
        for item in items {
            let (ast::ListItem::Value(expr) | ast::ListItem::Spread(expr)) = item;
            let element = self.delayed(expr);
            self.evaluator.resolving.elements.push(element);
        }
        let elements = &self.evaluator.resolving.elements[first..];
        let kind = if elements.iter().all(|element| constant(element).is_some()) {
            let values = elements.iter();
            let values = values.map(|element| constant(element).unwrap_or(Value::Null));
            let items = arena.collect(values);
            Kind::Constant(Value::List(arena.alloc(List { items, origins })))
        } else {
            let items = arena.slice(elements);
            Kind::List(arena.alloc(Items { items, origins }))
        };
        self.evaluator.resolving.elements.truncate(first);
        kind
    }

    fn item_origin(&mut self, item: &ast::Expr) -> Origin {
        self.evaluator.origin(Place {
            key: item.span,
            value: item.span,
        })
    }

    /// The clause of a comprehension; its names are in sight afterwards.
    fn clause(&mut self, clause: &ast::ForClause, place: Place) -> &'a Clause<'a> {
        let source = self.expr(&clause.source);
        let first = self.reserve();
        let second = self.reserve();
        for (name, slot) in clause.names.iter().zip([first, second]) {
            self.declare(name.symbol, Slot::Local(slot), None);
        }
        let condition = clause
            .condition
            .as_ref()
            .map(|condition| self.expr(condition));
        let origin = self.evaluator.origin(place);
        self.evaluator.arena.alloc(Clause {
            first,
            origin,
            pair: clause.names.len() > 1,
            source,
            condition,
        })
    }

    pub(super) fn key(&mut self, key: &ast::Key) -> Key<'a> {
        match key {
            ast::Key::Name(name) => Key::Name(name.symbol, name.span),
            ast::Key::Computed(expr) => {
                let resolved = self.expr(expr);
                match resolved.kind {
                    Kind::Constant(Value::Str(text)) if text.context.is_empty() => {
                        Key::Name(self.evaluator.names.intern(text.text), expr.span)
                    }
                    _ => Key::Computed(self.evaluator.arena.alloc(resolved)),
                }
            }
        }
    }

    fn select(
        &mut self,
        target: &ast::Expr,
        key: &ast::Key,
        optional: bool,
        span: Span,
    ) -> Expr<'a> {
        let target = self.expr(target);
        let key = self.key(key);
        // A namespace of the library is a constant record: its functions are known before anything runs.
        if let (Kind::Constant(Value::Record(record)), Key::Name(name, key_span)) =
            (&target.kind, key)
        {
            match record.get(name) {
                Some(field) if !matches!(field.value, Value::Thunk(_)) => {
                    return Expr {
                        kind: Kind::Constant(field.value),
                        span,
                    };
                }
                None if !optional && self.evaluator.is_namespace(record) => {
                    let error = self.evaluator.missing_field(record, name, key_span);
                    return self.mistake(error);
                }
                _ => {}
            }
        }
        let select = self.evaluator.arena.alloc(Select {
            target,
            key,
            optional,
        });
        Expr {
            kind: Kind::Select(select),
            span,
        }
    }

    fn bindings(&mut self, bindings: &[ast::Binding], body: &ast::Expr, span: Span) -> Expr<'a> {
        let arena = self.evaluator.arena;
        self.block(|resolver| {
            let slots: Vec<u32> = bindings.iter().map(|_| resolver.reserve()).collect();
            for (index, (binding, slot)) in bindings.iter().zip(&slots).enumerate() {
                let name = binding.name.symbol;
                if let Some(first) = bindings[..index]
                    .iter()
                    .find(|first| first.name.symbol == name)
                {
                    let error = resolver.twice(first.name, binding.name);
                    resolver.mistake(error);
                }
                let signature = super::function::signature(&binding.value);
                resolver.declare(name, Slot::Local(*slot), signature);
            }
            let mut values = Vec::with_capacity(bindings.len());
            for binding in bindings {
                let value = resolver.delayed(&binding.value);
                values.push(match value.kind {
                    // A slot of this very `let` may still be blank: read it later.
                    Kind::Variable(_) => resolver.wait(&binding.value),
                    _ => value,
                });
            }
            let first = slots.first().copied().unwrap_or(0);
            let kind = Kind::Let(arena.make(|| Let {
                first,
                bindings: arena.collect(values),
                body: resolver.expr(body),
            }));
            Expr { kind, span }
        })
    }

    pub(super) fn twice(&self, first: ast::Name, second: ast::Name) -> Diagnostic {
        let name = self.evaluator.names.text(second.symbol);
        Diagnostic::error(
            "eval::duplicate_name",
            second.span,
            format!("`{name}` is bound twice"),
        )
        .label("again here")
        .also(first.span, "first here")
    }
}

/// The value of an expression that is one already. A thunk is not: it may belong to another frame.
pub(super) fn constant<'a>(expr: &Expr<'a>) -> Option<Value<'a>> {
    match expr.kind {
        Kind::Constant(value) => Some(value),
        _ => None,
    }
}

/// The state of a thunk that was made blank and now gets its content; code must have no captures.
pub(super) fn filled<'a>(resolver: &Resolver<'_, 'a>, code: Code<'a>) -> State<'a> {
    debug_assert!(code.captures.is_empty(), "module code captures nothing");
    if let Kind::Constant(Value::Thunk(_)) = code.body.kind {
        // What another name stands for, which may still be blank: it is read when this one is.
        return State::Suspended(resolver.evaluator.arena.alloc(code), &[]);
    }
    match resolver.evaluator.constant_or_thunk(code) {
        Value::Thunk(thunk) => thunk.state.get(),
        value => State::Done(value),
    }
}
