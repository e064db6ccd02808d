//! Lambdas and calls: parameters become the first slots of a frame, arguments are checked against them.
//!
//! In: lambdas and calls. Out: the same with slots. Where the callee is known, wrong arguments are mistakes here.

use std::rc::Rc;

use cairn_syntax::ast::{self, ExprKind};
use cairn_syntax::span::Span;
use cairn_syntax::symbol::Symbol;
use cairn_syntax::{Diagnostic, nearest};

use super::Resolver;
use crate::evaluator::{Error, Evaluator};
use crate::ir::{Call, Expr, Kind, Lambda, NamedArgument, Parameter, Pattern, PatternField, Slot};
use crate::library::Native;
use crate::scope::Signature;
use crate::types::{Type, TypeKind};
use crate::value::{Closure, Import, State, Value};

/// What a function expects, if an expression plainly is one.
pub(super) fn signature(expr: &ast::Expr) -> Option<Rc<Signature>> {
    let ExprKind::Lambda { params, .. } = &expr.kind else {
        return None;
    };
    let parameters = params.iter().map(|param| {
        let name = match &param.pattern {
            ast::Pattern::Name(name) => Some(name.symbol),
            ast::Pattern::Record { .. } => None,
        };
        (name, param.default.is_some())
    });
    Some(Rc::new(Signature {
        parameters: parameters.collect(),
        span: Some(expr.span),
    }))
}

/// Whether a call without names gives what is needed: then there is nothing to place, as for most calls.
fn enough(given: usize, optional: impl ExactSizeIterator<Item = bool>) -> bool {
    given <= optional.len() && optional.skip(given).all(|is_optional| is_optional)
}

impl<'a> Resolver<'_, 'a> {
    pub(super) fn lambda(
        &mut self,
        params: &[ast::Param],
        body: &ast::Expr,
        span: Span,
    ) -> &'a Lambda<'a> {
        let arena = self.evaluator.arena;
        let mut parameters: &'a [Parameter<'a>] = &[];
        let code = self.code(|resolver| {
            // Arguments land in the first slots of a frame.
            for _ in params {
                resolver.reserve();
            }
            parameters = arena.each(params.len(), |index| {
                resolver.parameter(&params[index], index as u32)
            });
            resolver.expr(body)
        });
        let simple = parameters
            .iter()
            .all(|parameter| parameter.ty.is_none() && parameter.pattern.is_none());
        arena.alloc(Lambda {
            parameters,
            code,
            span,
            simple,
        })
    }

    fn parameter(&mut self, param: &ast::Param, slot: u32) -> Parameter<'a> {
        let arena = self.evaluator.arena;
        let default = param.default.as_ref().map(|default| self.delayed(default));
        let ty = param.ty.as_ref().map(|ty| self.type_expression(ty));
        match &param.pattern {
            ast::Pattern::Name(name) => {
                self.once(*name);
                self.declare(name.symbol, Slot::Local(slot), None);
                Parameter {
                    name: Some(name.symbol),
                    span: name.span,
                    ty,
                    default,
                    pattern: None,
                }
            }
            ast::Pattern::Record {
                fields,
                open,
                whole,
                span,
            } => {
                let mut resolved = Vec::with_capacity(fields.len());
                for (name, default) in fields {
                    let default = default.as_ref().map(|default| self.delayed(default));
                    self.once(*name);
                    let slot = self.reserve();
                    self.declare(name.symbol, Slot::Local(slot), None);
                    resolved.push(PatternField {
                        name: name.symbol,
                        span: name.span,
                        slot,
                        default,
                    });
                }
                if let Some(whole) = whole {
                    self.once(*whole);
                    self.declare(whole.symbol, Slot::Local(slot), None);
                }
                let pattern = Pattern {
                    fields: arena.collect(resolved),
                    open: *open,
                    span: *span,
                };
                Parameter {
                    name: None,
                    span: *span,
                    ty,
                    default,
                    pattern: Some(pattern),
                }
            }
        }
    }

    /// Reports a parameter name that is there already.
    fn once(&mut self, name: ast::Name) {
        let own = self.frame().visible;
        let mut own = self.evaluator.resolving.visible[own..].iter();
        if own.any(|variable| variable.name == name.symbol) {
            let text = self.evaluator.names.text(name.symbol);
            let error = Diagnostic::error(
                "eval::duplicate_name",
                name.span,
                format!("`{text}` is a parameter already"),
            );
            self.mistake(error);
        }
    }

    pub(super) fn call(
        &mut self,
        callee: &ast::Expr,
        piped: Option<&ast::Expr>,
        args: &[ast::Arg],
        span: Span,
    ) -> Expr<'a> {
        let mut known = None;
        if let ExprKind::Var(name) = callee.kind {
            if self.is_bound(name) {
                known = self.signature_of(name);
            } else if self.evaluator.names.text(name) == "import" {
                return self.import(piped, args, span);
            } else if let Some(ty) = self.type_call(name, callee.span, args) {
                return Expr {
                    kind: Kind::Constant(Value::Type(ty)),
                    span,
                };
            }
        }
        if let ExprKind::Lambda { .. } = callee.kind {
            known = signature(callee);
        }
        let arena = self.evaluator.arena;
        let callee = self.expr(callee);
        let first = self.evaluator.resolving.elements.len();
        let mut named: Vec<NamedArgument<'a>> = Vec::new();
        if let Some(piped) = piped {
            let value = self.delayed(piped);
            self.evaluator.resolving.elements.push(value);
        }
        for arg in args {
            let value = self.delayed(&arg.value);
            match arg.name {
                None => self.evaluator.resolving.elements.push(value),
                Some(name) => named.push(NamedArgument {
                    name: name.symbol,
                    span: name.span,
                    value,
                }),
            }
        }
        let given = self.evaluator.resolving.elements.len() - first;
        let only_counted = named.is_empty();
        let known = match callee.kind {
            Kind::Constant(Value::Native(native)) => {
                let optional = native
                    .parameters
                    .iter()
                    .map(|parameter| !parameter.required);
                let enough = only_counted && enough(given, optional);
                (!enough).then(|| Rc::new(self.evaluator.native_signature(native)))
            }
            Kind::Constant(Value::Closure(Closure { lambda, .. })) => {
                let parameters = lambda.parameters.iter();
                let optional = parameters.map(|parameter| parameter.default.is_some());
                let enough = only_counted && enough(given, optional);
                (!enough).then(|| Rc::new(Evaluator::closure_signature(lambda)))
            }
            _ => known.filter(|known| {
                let optional = known.parameters.iter().map(|(_, optional)| *optional);
                !(only_counted && enough(given, optional))
            }),
        };
        if let Some(signature) = known {
            let positional = &self.evaluator.resolving.elements[first..];
            let spans: Vec<Span> = positional.iter().map(|argument| argument.span).collect();
            let names: Vec<(Symbol, Span)> = named
                .iter()
                .map(|argument| (argument.name, argument.span))
                .collect();
            if let Err(error) = self
                .evaluator
                .place_arguments(&signature, &spans, &names, span)
            {
                self.evaluator.resolving.elements.truncate(first);
                return self.mistake(*error);
            }
        }
        let call = Call {
            callee,
            positional: arena.slice(&self.evaluator.resolving.elements[first..]),
            named: arena.collect(named),
        };
        self.evaluator.resolving.elements.truncate(first);
        Expr {
            kind: Kind::Call(arena.alloc(call)),
            span,
        }
    }

    /// `List(T)` and `Map(T)` in an expression's place.
    fn type_call(
        &mut self,
        name: Symbol,
        name_span: Span,
        args: &[ast::Arg],
    ) -> Option<&'a Type<'a>> {
        let [arg] = args else {
            return None;
        };
        let is_list = match self.evaluator.names.text(name) {
            "List" => true,
            "Map" => false,
            _ => return None,
        };
        let inner = self.expr(&arg.value);
        let Kind::Constant(Value::Type(inner)) = inner.kind else {
            return None;
        };
        let kind = if is_list {
            TypeKind::List(inner)
        } else {
            TypeKind::Map(inner)
        };
        Some(self.evaluator.arena.alloc(Type {
            kind,
            span: Some(name_span),
        }))
    }

    fn import(&mut self, piped: Option<&ast::Expr>, args: &[ast::Arg], span: Span) -> Expr<'a> {
        let written = match (piped, args) {
            (None, [ast::Arg { name: None, value }]) => match &value.kind {
                ExprKind::Path(path) => Some((path.as_str(), value.span)),
                ExprKind::Str(parts) => match parts.as_slice() {
                    [ast::StrPart::Text(path)] => Some((path.as_str(), value.span)),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        };
        let Some((written, path_span)) = written else {
            return self.mistake(super::import_path(span));
        };
        let source = self.evaluator.sources.get(span.source).name.clone();
        let Some(path) = crate::path::relative_to(&source, written) else {
            let message = format!("{written} leads out of the configuration's folder");
            return self.mistake(Diagnostic::error("eval::path_outside", path_span, message));
        };
        let known = self.evaluator.imports.get(&path).copied();
        let value = known.unwrap_or_else(|| {
            let arena = self.evaluator.arena;
            let import = arena.alloc(Import {
                path: arena.text(&path),
                span: path_span,
            });
            let value = self.evaluator.suspend(State::Import(import));
            self.evaluator.imports.insert(path, value);
            value
        });
        Expr {
            kind: Kind::Constant(value),
            span,
        }
    }
}

impl Evaluator<'_> {
    pub(crate) fn closure_signature(lambda: &Lambda<'_>) -> Signature {
        let parameters = lambda.parameters.iter();
        let parameters = parameters.map(|parameter| (parameter.name, parameter.default.is_some()));
        Signature {
            parameters: parameters.collect(),
            span: Some(lambda.span),
        }
    }

    pub(crate) fn native_signature(&mut self, native: &Native) -> Signature {
        let parameters = native.parameters.iter();
        let parameters = parameters
            .map(|parameter| (Some(self.names.intern(parameter.name)), !parameter.required));
        Signature {
            parameters: parameters.collect(),
            span: None,
        }
    }

    /// For each named argument the parameter that it belongs to. Errors: too many arguments, a name
    /// that no parameter has, a parameter given twice or not at all.
    pub(crate) fn place_arguments(
        &self,
        signature: &Signature,
        positional: &[Span],
        named: &[(Symbol, Span)],
        span: Span,
    ) -> Result<Vec<usize>, Error> {
        let expected = signature.parameters.len();
        let explain = |error: Diagnostic| match signature.span {
            Some(declared) => Box::new(error.also(declared, "the function")),
            None => Box::new(error),
        };
        if let Some(extra) = positional.get(expected) {
            let plural = if expected == 1 { "" } else { "s" };
            return Err(explain(Diagnostic::error(
                "eval::too_many_arguments",
                *extra,
                format!(
                    "this function takes {expected} argument{plural}, not {}",
                    positional.len()
                ),
            )));
        }
        let mut given = vec![false; expected];
        given[..positional.len()].fill(true);
        let mut places = Vec::with_capacity(named.len());
        for (name, name_span) in named {
            let text = self.names.text(*name);
            let place = signature
                .parameters
                .iter()
                .position(|(parameter, _)| *parameter == Some(*name));
            let Some(place) = place else {
                let names = signature.parameters.iter().filter_map(|(name, _)| *name);
                let near = nearest(text, names.clone().map(|name| self.names.text(name)));
                let error = Diagnostic::error(
                    "eval::unknown_argument",
                    *name_span,
                    format!("this function has no parameter `{text}`"),
                );
                let names: Vec<&str> = names.map(|name| self.names.text(name)).collect();
                return Err(explain(match near {
                    Some(near) => error.help(format!("did you mean `{near}`?")),
                    None if names.is_empty() => error,
                    None => error.help(format!("it has: {}", names.join(", "))),
                }));
            };
            if given[place] {
                let message = format!("`{text}` is given twice");
                return Err(explain(Diagnostic::error(
                    "eval::duplicate_argument",
                    *name_span,
                    message,
                )));
            }
            given[place] = true;
            places.push(place);
        }
        for ((name, optional), given) in signature.parameters.iter().zip(given) {
            if !given && !optional {
                let what = match name {
                    Some(name) => format!("`{}`", self.names.text(*name)),
                    None => "for its record".to_owned(),
                };
                let message = format!("the argument {what} is missing");
                return Err(explain(Diagnostic::error(
                    "eval::missing_argument",
                    span,
                    message,
                )));
            }
        }
        Ok(places)
    }
}
