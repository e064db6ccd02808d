//! Expressions as text; brackets only where precedence asks for them.

use super::{Printer, doc, enclose, escape};
use crate::ast::{
    Annotation, Arg, BinaryOp, Binding, Expr, ExprKind, ForClause, Key, ListItem, Param, Pattern,
    RecordItem, StrPart, UnaryOp,
};

/// Binds tighter than every binary operator.
const UNARY: u8 = 10;
/// `r has a`.
const HAS: u8 = 11;
/// Calls, selections and what stands in brackets of its own.
const POSTFIX: u8 = 12;

/// How an operator is written and how tightly it binds.
fn operator(op: BinaryOp) -> (&'static str, u8) {
    match op {
        BinaryOp::Pipe => ("|>", 1),
        BinaryOp::Default => ("??", 2),
        BinaryOp::Or => ("or", 3),
        BinaryOp::And => ("and", 4),
        BinaryOp::Equal => ("==", 5),
        BinaryOp::NotEqual => ("!=", 5),
        BinaryOp::Less => ("<", 6),
        BinaryOp::LessEqual => ("<=", 6),
        BinaryOp::Greater => (">", 6),
        BinaryOp::GreaterEqual => (">=", 6),
        BinaryOp::Concat => ("++", 7),
        BinaryOp::Add => ("+", 8),
        BinaryOp::Subtract => ("-", 8),
        BinaryOp::Multiply => ("*", 9),
        BinaryOp::Divide => ("/", 9),
        BinaryOp::Remainder => ("%", 9),
    }
}

fn binds(kind: &ExprKind) -> u8 {
    match kind {
        ExprKind::Lambda { .. }
        | ExprKind::Let { .. }
        | ExprKind::If { .. }
        | ExprKind::Assert { .. }
        | ExprKind::Annotated { .. }
        | ExprKind::Type(_) => 0,
        ExprKind::Binary { op, .. } => operator(*op).1,
        ExprKind::Unary { .. } => UNARY,
        ExprKind::Has { .. } => HAS,
        _ => POSTFIX,
    }
}

impl Printer<'_> {
    /// An expression where only what binds at least as tightly as `least` stands without brackets.
    pub(super) fn expr(&self, expr: &Expr, least: u8) -> String {
        let text = self.bare(&expr.kind);
        if binds(&expr.kind) < least {
            format!("({text})")
        } else {
            text
        }
    }

    /// What calls and selections are made on.
    fn target(&self, expr: &Expr) -> String {
        // A path would take the dot for its own.
        match &expr.kind {
            ExprKind::Path(path) => format!("({path})"),
            _ => self.expr(expr, POSTFIX),
        }
    }

    fn bare(&self, kind: &ExprKind) -> String {
        match kind {
            ExprKind::Null => "null".to_owned(),
            ExprKind::Bool(value) => value.to_string(),
            ExprKind::Int(value) => value.to_string(),
            ExprKind::Float(value) => format!("{value:?}"),
            ExprKind::Str(parts) => self.string(parts),
            ExprKind::Path(path) => path.clone(),
            ExprKind::Var(symbol) => self.symbol(*symbol).to_owned(),
            ExprKind::List(items) => {
                let items: Vec<String> = items.iter().map(|item| self.list_item(item)).collect();
                enclose("[", &items, "]", false)
            }
            ExprKind::ListFor { body, clause } => {
                format!("[{} {}]", self.expr(body, 0), self.clause(clause))
            }
            ExprKind::Record(items) => {
                let items: Vec<String> = items.iter().map(|item| self.record_item(item)).collect();
                enclose("{", &items, "}", true)
            }
            ExprKind::RecordFor { key, value, clause } => {
                let key = self.expr(key, 0);
                format!(
                    "{{ {key} = {} {} }}",
                    self.expr(value, 0),
                    self.clause(clause)
                )
            }
            ExprKind::Lambda { params, body } => {
                format!("{} => {}", self.params(params), self.expr(body, 0))
            }
            ExprKind::Call { callee, args } => {
                let args: Vec<String> = args.iter().map(|arg| self.arg(arg)).collect();
                format!("{}({})", self.target(callee), args.join(", "))
            }
            ExprKind::Select {
                target,
                key,
                optional,
            } => {
                let dot = if *optional { "?." } else { "." };
                format!("{}{dot}{}", self.target(target), self.key(key))
            }
            ExprKind::Has { target, path } => {
                format!("{} has {}", self.expr(target, HAS), self.key_path(path))
            }
            ExprKind::Let { bindings, body } => {
                let bindings: Vec<String> = bindings.iter().map(|one| self.binding(one)).collect();
                let bindings = bindings.join(", ");
                let blank = if bindings.is_empty() { "" } else { " " };
                format!("let {bindings}{blank}in {}", self.expr(body, 0))
            }
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => format!(
                "if {} then {} else {}",
                self.expr(condition, 0),
                self.expr(then, 0),
                self.expr(otherwise, 0)
            ),
            ExprKind::Assert {
                condition,
                message,
                body,
            } => format!(
                "assert {} else {} in {}",
                self.expr(condition, 0),
                self.expr(message, 0),
                self.expr(body, 0)
            ),
            ExprKind::Unary { op, operand } => {
                let sign = match op {
                    UnaryOp::Not => "not ",
                    UnaryOp::Negate => "-",
                };
                format!("{sign}{}", self.expr(operand, UNARY))
            }
            ExprKind::Binary {
                op, left, right, ..
            } => {
                let (sign, binds) = operator(*op);
                // Comparisons do not chain.
                let least = if matches!(binds, 5 | 6) {
                    binds + 1
                } else {
                    binds
                };
                format!(
                    "{} {sign} {}",
                    self.expr(left, least),
                    self.expr(right, binds + 1)
                )
            }
            ExprKind::Annotated { annotation, value } => {
                format!("{} {}", annotated(annotation), self.expr(value, 0))
            }
            ExprKind::Type(ty) => format!("type {}", self.ty(ty, 0)),
            ExprKind::Error => "()".to_owned(),
        }
    }

    pub(super) fn binding(&self, binding: &Binding) -> String {
        let name = self.symbol(binding.name.symbol);
        format!("{name} = {}", self.expr(&binding.value, 0))
    }

    fn string(&self, parts: &[StrPart]) -> String {
        let mut out = String::from("\"");
        for part in parts {
            match part {
                StrPart::Text(text) => escape(text, &mut out),
                StrPart::Interpolation(expr) => {
                    out.push_str("${");
                    out.push_str(&self.expr(expr, 0));
                    out.push('}');
                }
            }
        }
        out.push('"');
        out
    }

    pub(super) fn key(&self, key: &Key) -> String {
        match key {
            Key::Name(name) => self.name(name),
            Key::Computed(expr) => match &expr.kind {
                ExprKind::Str(parts)
                    if parts
                        .iter()
                        .any(|part| matches!(part, StrPart::Interpolation(_))) =>
                {
                    self.string(parts)
                }
                _ => format!("[{}]", self.expr(expr, 0)),
            },
        }
    }

    fn list_item(&self, item: &ListItem) -> String {
        match item {
            ListItem::Value(value) => self.expr(value, 0),
            ListItem::Spread(list) => format!("...{}", self.expr(list, 0)),
        }
    }

    fn record_item(&self, item: &RecordItem) -> String {
        match item {
            RecordItem::Field {
                path,
                value,
                doc: text,
            } => {
                let mut out = String::new();
                doc(text.as_ref(), &mut out);
                out.push_str(&self.key_path(path));
                out.push_str(" = ");
                out.push_str(&self.expr(value, 0));
                out
            }
            RecordItem::Spread(record) => format!("...{}", self.expr(record, 0)),
        }
    }

    fn clause(&self, clause: &ForClause) -> String {
        let names: Vec<&str> = clause
            .names
            .iter()
            .map(|name| self.symbol(name.symbol))
            .collect();
        let source = self.expr(&clause.source, 0);
        let filter = clause.condition.as_ref();
        let filter = filter.map_or(String::new(), |condition| {
            format!(" if {}", self.expr(condition, 0))
        });
        format!("for {} in {source}{filter}", names.join(", "))
    }

    fn arg(&self, arg: &Arg) -> String {
        let value = self.expr(&arg.value, 0);
        match &arg.name {
            Some(name) => format!("{} = {value}", self.symbol(name.symbol)),
            None => value,
        }
    }

    fn params(&self, params: &[Param]) -> String {
        if let [
            Param {
                pattern: Pattern::Name(name),
                ty: None,
                default: None,
            },
        ] = params
        {
            return self.symbol(name.symbol).to_owned();
        }
        let params: Vec<String> = params.iter().map(|param| self.param(param)).collect();
        format!("({})", params.join(", "))
    }

    fn param(&self, param: &Param) -> String {
        let mut out = match &param.pattern {
            Pattern::Name(name) => self.symbol(name.symbol).to_owned(),
            Pattern::Record {
                fields,
                open,
                whole,
                ..
            } => {
                let mut elements: Vec<String> = fields
                    .iter()
                    .map(|(name, default)| {
                        let name = self.symbol(name.symbol);
                        match default {
                            Some(default) => format!("{name} = {}", self.expr(default, 0)),
                            None => name.to_owned(),
                        }
                    })
                    .collect();
                if *open {
                    elements.push("..".to_owned());
                }
                let mut record = enclose("{", &elements, "}", true);
                if let Some(whole) = whole {
                    record.push_str(" as ");
                    record.push_str(self.symbol(whole.symbol));
                }
                record
            }
        };
        if let Some(ty) = &param.ty {
            out.push_str(": ");
            out.push_str(&self.ty(ty, 0));
        }
        if let Some(default) = &param.default {
            out.push_str(" = ");
            out.push_str(&self.expr(default, 0));
        }
        out
    }
}

fn annotated(annotation: &Annotation) -> String {
    match annotation {
        Annotation::Force => "force".to_owned(),
        Annotation::Default => "default".to_owned(),
        Annotation::Priority(number) => format!("priority({number})"),
        Annotation::Before => "before".to_owned(),
        Annotation::After => "after".to_owned(),
        Annotation::Order(number) => format!("order({number})"),
        Annotation::Remove => "remove".to_owned(),
    }
}
