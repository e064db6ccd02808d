//! Expressions that say in more words what fewer say.
//!
//! In: expressions. Out: `lint::bool_comparison`, `lint::bool_if`, `lint::negated_comparison` and
//! `lint::redundant_annotation`; and the names in them for [`names`](crate::names). Refuses to compute any of them.

use cairn_syntax::ast::{
    Annotation, BinaryOp, Expr, ExprKind, ForClause, Key, ListItem, RecordItem, StrPart, UnaryOp,
};
use cairn_syntax::diagnostic::Diagnostic;
use cairn_syntax::span::Span;

use crate::Finder;
use crate::edit::{is_truth, replaced, with_text};

/// Binds tighter than every binary operator.
const UNARY: u8 = 10;
/// What stands before a dot, a bracket or `has`.
const POSTFIX: u8 = 12;

/// How tightly an operator binds, as the grammar has it.
fn operator(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::Pipe => 1,
        BinaryOp::Default => 2,
        BinaryOp::Or => 3,
        BinaryOp::And => 4,
        BinaryOp::Equal | BinaryOp::NotEqual => 5,
        BinaryOp::Less | BinaryOp::LessEqual | BinaryOp::Greater | BinaryOp::GreaterEqual => 6,
        BinaryOp::Concat => 7,
        BinaryOp::Add | BinaryOp::Subtract => 8,
        BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Remainder => 9,
    }
}

/// How tightly an expression stands without brackets.
pub(crate) fn binds(kind: &ExprKind) -> u8 {
    match kind {
        ExprKind::Lambda { .. }
        | ExprKind::Let { .. }
        | ExprKind::If { .. }
        | ExprKind::Assert { .. }
        | ExprKind::Annotated { .. }
        | ExprKind::Type(_) => 0,
        ExprKind::Binary { op, .. } => operator(*op),
        ExprKind::Unary { .. } => UNARY,
        ExprKind::Has { .. } => UNARY + 1,
        // A path would take a dot that follows for its own.
        ExprKind::Path(_) => POSTFIX - 1,
        _ => POSTFIX,
    }
}

impl Finder<'_> {
    /// Walks an expression; in its place stands without brackets what binds at least as tightly as `least`.
    pub(crate) fn expr(&mut self, expr: &Expr, least: u8) {
        match &expr.kind {
            ExprKind::Null
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Path(_)
            | ExprKind::Error => {}
            ExprKind::Var(name) => self.used(*name),
            ExprKind::Str(parts) => {
                for part in parts {
                    if let StrPart::Interpolation(inner) = part {
                        self.expr(inner, 0);
                    }
                }
            }
            ExprKind::List(items) => {
                for item in items {
                    match item {
                        ListItem::Value(value) => self.expr(value, 0),
                        ListItem::Spread(value) => self.expr(value, POSTFIX),
                    }
                }
            }
            ExprKind::ListFor { body, clause } => self.clause(clause, |finder| {
                finder.expr(body, 1);
            }),
            ExprKind::Record(items) => self.record(items, None),
            ExprKind::RecordFor { key, value, clause } => self.clause(clause, |finder| {
                finder.expr(key, POSTFIX);
                finder.expr(value, 1);
            }),
            ExprKind::Lambda { params, body } => self.scope(|finder| {
                finder.parameters(params);
                finder.expr(body, 0);
            }),
            ExprKind::Call { callee, args } => {
                self.expr(callee, POSTFIX);
                for arg in args {
                    self.expr(&arg.value, 0);
                }
            }
            ExprKind::Select { target, key, .. } => {
                self.expr(target, POSTFIX);
                self.key(key);
            }
            ExprKind::Has { target, path } => {
                self.expr(target, POSTFIX);
                self.keys(path);
            }
            ExprKind::Let { bindings, body } => self.scope(|finder| {
                finder.bindings(bindings);
                finder.expr(body, 0);
            }),
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => {
                self.bool_if(expr.span, [condition, then, otherwise], least);
                self.expr(condition, 0);
                self.expr(then, 0);
                self.expr(otherwise, 0);
            }
            ExprKind::Assert {
                condition,
                message,
                body,
            } => {
                self.expr(condition, 1);
                self.expr(message, 1);
                self.expr(body, 0);
            }
            ExprKind::Unary { op, operand } => {
                self.negation(expr.span, *op, operand, least);
                self.expr(operand, UNARY);
            }
            ExprKind::Binary {
                op, left, right, ..
            } => {
                self.bool_comparison(expr.span, *op, [left, right], least);
                self.expr(left, operator(*op) + 1);
                self.expr(right, operator(*op) + 1);
            }
            ExprKind::Annotated { annotation, value } => {
                self.annotated(expr.span, annotation, value);
                match &value.kind {
                    ExprKind::Record(items) => self.record(items, priority(annotation)),
                    _ => self.expr(value, 0),
                }
            }
            ExprKind::Type(ty) => self.ty(ty),
        }
    }

    fn keys(&mut self, path: &[Key]) {
        for key in path {
            self.key(key);
        }
    }

    fn key(&mut self, key: &Key) {
        if let Key::Computed(inner) = key {
            self.expr(inner, 0);
        }
    }

    fn clause(&mut self, clause: &ForClause, walk: impl FnOnce(&mut Self)) {
        self.expr(&clause.source, 1);
        self.scope(|finder| {
            for name in &clause.names {
                finder.comprehension(*name);
            }
            if let Some(condition) = &clause.condition {
                finder.expr(condition, 0);
            }
            walk(finder);
        });
    }

    /// A record's items; `around` is the priority that an annotation gives to all of them.
    fn record(&mut self, items: &[RecordItem], around: Option<i64>) {
        for item in items {
            match item {
                RecordItem::Spread(value) => self.expr(value, POSTFIX),
                RecordItem::Field { path, value, .. } => {
                    self.keys(path);
                    if let ExprKind::Annotated {
                        annotation,
                        value: inner,
                    } = &value.kind
                        && around.is_some()
                        && priority(annotation) == around
                    {
                        self.redundant_annotation(value.span, inner.span);
                    }
                    self.expr(value, 0);
                }
            }
        }
    }

    fn bool_if(&mut self, span: Span, [condition, then, otherwise]: [&Expr; 3], least: u8) {
        let (help, fix) = match (&then.kind, &otherwise.kind) {
            (ExprKind::Bool(true), ExprKind::Bool(false)) => (
                "write the condition alone",
                replaced(span, condition, least, self.sources),
            ),
            (ExprKind::Bool(false), ExprKind::Bool(true)) => (
                "write `not` before the condition",
                self.negated(span, condition, least),
            ),
            _ => return,
        };
        let message = "this `if` only says what its condition says";
        let diagnostic = Diagnostic::warning("lint::bool_if", span, message).help(help);
        self.report(diagnostic, fix);
    }

    /// `not x` in place of a whole expression.
    fn negated(&self, whole: Span, part: &Expr, least: u8) -> Option<crate::Edit> {
        let text = self.sources.slice(part.span);
        let text = if binds(&part.kind) < UNARY {
            format!("not ({text})")
        } else {
            format!("not {text}")
        };
        let text = if UNARY < least {
            format!("({text})")
        } else {
            text
        };
        with_text(whole, text, self.sources)
    }

    fn bool_comparison(&mut self, span: Span, op: BinaryOp, sides: [&Expr; 2], least: u8) {
        let equal = match op {
            BinaryOp::Equal => true,
            BinaryOp::NotEqual => false,
            _ => return,
        };
        let (other, value) = match sides.map(|side| &side.kind) {
            [_, ExprKind::Bool(value)] => (sides[0], *value),
            [ExprKind::Bool(value), _] => (sides[1], *value),
            _ => return,
        };
        let keeps = equal == value;
        // What may be null or something else compares without an error, and would not stand alone.
        let fix = match (is_truth(other), keeps) {
            (false, _) => None,
            (true, true) => replaced(span, other, least, self.sources),
            (true, false) => self.negated(span, other, least),
        };
        let help = match (is_truth(other), keeps) {
            (true, true) => "write the other side alone",
            (true, false) => "write `not` before the other side",
            (false, true) => "where the other side is always true or false, it says the same alone",
            (false, false) => {
                "where the other side is always true or false, `not` before it says the same"
            }
        };
        let message = format!("comparing with `{value}` adds nothing");
        let diagnostic = Diagnostic::warning("lint::bool_comparison", span, message).help(help);
        self.report(diagnostic, fix);
    }

    fn negation(&mut self, span: Span, op: UnaryOp, operand: &Expr, least: u8) {
        let ExprKind::Binary {
            op: inner,
            op_span,
            left,
            right,
        } = &operand.kind
        else {
            return;
        };
        let word = match (op, inner) {
            (UnaryOp::Not, BinaryOp::Equal) => "!=",
            (UnaryOp::Not, BinaryOp::NotEqual) => "==",
            _ => return,
        };
        let whole = self.sources.slice(operand.span);
        let from = operand.span.start as usize;
        let before = &whole[..op_span.start as usize - from];
        let after = &whole[op_span.end as usize - from..];
        let text = format!("{before}{word}{after}");
        let text = if least > operator(*inner) {
            format!("({text})")
        } else {
            text
        };
        let fix = with_text(span, text, self.sources);
        let message = "this says by `not` what an operator says";
        let diagnostic = Diagnostic::warning("lint::negated_comparison", span, message)
            .label(format!(
                "{} and {} are compared",
                short(self, left),
                short(self, right)
            ))
            .help(format!("write `{word}`"));
        self.report(diagnostic, fix);
    }

    /// An annotation right around another of its kind: the inner one is what counts.
    fn annotated(&mut self, span: Span, annotation: &Annotation, value: &Expr) {
        let ExprKind::Annotated {
            annotation: inner, ..
        } = &value.kind
        else {
            return;
        };
        let both = priority(annotation).is_some() && priority(inner).is_some()
            || order(annotation) && order(inner);
        if both {
            self.redundant_annotation(span, value.span);
        }
    }

    fn redundant_annotation(&mut self, whole: Span, value: Span) {
        let mark = Span {
            end: value.start,
            ..whole
        };
        let text = self.sources.slice(mark);
        let word = text.trim_end().trim_end_matches('(').trim_end();
        let end = mark.start as usize + word.len();
        let place = Span::new(whole.source, whole.start as usize, end);
        let diagnostic = Diagnostic::warning(
            "lint::redundant_annotation",
            place,
            format!("`{word}` changes nothing here"),
        )
        .label("another one says it already, or counts in its place")
        .help("take it out");
        let fix = with_text(mark, String::new(), self.sources);
        self.report(diagnostic, fix);
    }
}

/// The priority that an annotation gives.
fn priority(annotation: &Annotation) -> Option<i64> {
    match annotation {
        Annotation::Force => Some(50),
        Annotation::Default => Some(1000),
        Annotation::Priority(number) => Some(*number),
        _ => None,
    }
}

/// Whether an annotation gives a place among list items.
fn order(annotation: &Annotation) -> bool {
    matches!(
        annotation,
        Annotation::Before | Annotation::After | Annotation::Order(_)
    )
}

/// An expression in a few words.
fn short(finder: &Finder<'_>, expr: &Expr) -> String {
    const MOST: usize = 20;
    let text = finder.sources.slice(expr.span);
    if text.len() > MOST || text.contains('\n') {
        "one side".to_owned()
    } else {
        format!("`{text}`")
    }
}
