//! Names to slots: turns an AST into the compact form, once, before anything runs.
//!
//! In: an AST and the scope that it stands in. Out: [`ir`](crate::ir), and every mistake that needs no evaluation to be
//! seen: unknown names, wrong arguments, fields set twice. Refuses to compute anything but literals.

mod expression;
mod function;
mod module;
mod record;
mod type_expression;

use cairn_syntax::ast;
use cairn_syntax::span::Span;
use cairn_syntax::symbol::Symbol;
use cairn_syntax::{Diagnostic, nearest};

use crate::evaluator::Evaluator;
use crate::ir::{Code, Expr, Kind, Slot};
use crate::scope::{ScopeId, Signature};
use crate::types::{DefaultCode, Type};
use crate::value::{State, Value};

pub(crate) use module::module_scope;

/// Resolves an expression and makes the cheapest value of it.
pub(crate) fn thunk<'a>(
    evaluator: &mut Evaluator<'a>,
    scope: ScopeId,
    expr: &ast::Expr,
) -> Value<'a> {
    let mut resolver = Resolver::new(evaluator, scope);
    let code = resolver.code(Frame::default(), |resolver| resolver.expr(expr));
    evaluator.constant_or_thunk(code)
}

pub(crate) fn compile_type<'a>(
    evaluator: &mut Evaluator<'a>,
    scope: ScopeId,
    ty: &ast::Type,
) -> &'a Type<'a> {
    Resolver::new(evaluator, scope).type_expression(ty)
}

pub(crate) fn compile_default<'a>(
    evaluator: &mut Evaluator<'a>,
    scope: ScopeId,
    expr: &ast::Expr,
) -> DefaultCode<'a> {
    Resolver::new(evaluator, scope).default_code(expr)
}

impl<'a> Evaluator<'a> {
    /// A value of code without captures.
    fn constant_or_thunk(&self, code: Code<'a>) -> Value<'a> {
        match code.body.kind {
            Kind::Constant(value) => value,
            Kind::Lambda(lambda) if lambda.code.captures.is_empty() => {
                Value::Closure(self.arena.alloc(crate::value::Closure {
                    lambda,
                    captures: &[],
                }))
            }
            _ => self.suspend(State::Suspended(self.arena.alloc(code), &[])),
        }
    }
}

struct Resolver<'e, 'a> {
    evaluator: &'e mut Evaluator<'a>,
    scope: ScopeId,
    /// Innermost last.
    frames: Vec<Frame>,
}

/// The frame of the code that is being resolved.
#[derive(Default)]
struct Frame {
    /// What is in sight; the last one of a name wins.
    visible: Vec<Variable>,
    /// The next free local.
    next: u32,
    /// How many locals the frame needs.
    locals: u32,
    /// What is copied from the surrounding frame.
    captures: Vec<Slot>,
}

#[derive(Clone)]
struct Variable {
    name: Symbol,
    slot: Slot,
    signature: Option<Signature>,
}

/// What a name means.
enum Meaning<'a> {
    Slot(Slot, Option<Signature>),
    Constant(Value<'a>, Option<Signature>),
    Unknown,
}

impl<'e, 'a> Resolver<'e, 'a> {
    fn new(evaluator: &'e mut Evaluator<'a>, scope: ScopeId) -> Self {
        Self {
            evaluator,
            scope,
            frames: Vec::new(),
        }
    }

    /// Resolves something as code with a frame of its own.
    fn code(&mut self, frame: Frame, resolve: impl FnOnce(&mut Self) -> Expr<'a>) -> Code<'a> {
        self.frames.push(frame);
        let body = resolve(self);
        let frame = self.frames.pop().unwrap_or_default();
        Code {
            locals: frame.locals,
            captures: self.evaluator.arena.slice(&frame.captures),
            body,
        }
    }

    /// Resolves something that sees no locals of the surrounding functions.
    fn detached<T>(&mut self, resolve: impl FnOnce(&mut Self) -> T) -> T {
        let frames = std::mem::take(&mut self.frames);
        let result = resolve(self);
        self.frames = frames;
        result
    }

    fn frame(&mut self) -> &mut Frame {
        if self.frames.is_empty() {
            self.frames.push(Frame::default());
        }
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    /// A free local of the running frame, without a name.
    fn reserve(&mut self) -> u32 {
        let frame = self.frame();
        let slot = frame.next;
        frame.next += 1;
        frame.locals = frame.locals.max(frame.next);
        slot
    }

    /// Brings a name in sight.
    fn declare(&mut self, name: Symbol, slot: u32, signature: Option<Signature>) {
        self.frame().visible.push(Variable {
            name,
            slot: Slot::Local(slot),
            signature,
        });
    }

    /// Resolves something whose names go out of sight at its end.
    fn block<T>(&mut self, resolve: impl FnOnce(&mut Self) -> T) -> T {
        let (visible, next) = {
            let frame = self.frame();
            (frame.visible.len(), frame.next)
        };
        let result = resolve(self);
        let frame = self.frame();
        frame.visible.truncate(visible);
        frame.next = next;
        result
    }

    fn lookup(&mut self, name: Symbol) -> Meaning<'a> {
        for depth in (0..self.frames.len()).rev() {
            let visible = &self.frames[depth].visible;
            let Some(variable) = visible.iter().rev().find(|variable| variable.name == name) else {
                continue;
            };
            let variable = variable.clone();
            let mut slot = variable.slot;
            for frame in &mut self.frames[depth + 1..] {
                slot = capture(frame, slot);
            }
            return Meaning::Slot(slot, variable.signature);
        }
        match self.evaluator.find_global(self.scope, name) {
            Some(global) => Meaning::Constant(global.value, global.signature.clone()),
            None => Meaning::Unknown,
        }
    }

    /// Reports a mistake; the expression in its place gives the same error.
    fn mistake(&mut self, error: Diagnostic) -> Expr<'a> {
        let span = error.primary.span;
        let index = self.evaluator.remember(error.clone());
        self.evaluator.static_errors.push(error);
        Expr {
            kind: Kind::Fail(index),
            span,
        }
    }

    fn unknown_name(&self, name: Symbol, span: Span) -> Diagnostic {
        let text = self.evaluator.names.text(name);
        let error = Diagnostic::error(
            "eval::unknown_name",
            span,
            format!("nothing here is called `{text}`"),
        );
        match text {
            "self" => return error.help("`self` is known in the defaults of a record type"),
            "name" => return error.help("`name` is known in the defaults of a record type"),
            "config" => return error.help("`config` is known in modules; give it as an argument"),
            "import" => return import_path(span),
            _ => {}
        }
        let locals = self.frames.iter().flat_map(|frame| &frame.visible);
        let locals = locals.map(|variable| self.evaluator.names.text(variable.name));
        let globals = self.evaluator.global_names(self.scope);
        let types = self.evaluator.type_names(self.scope);
        match nearest(text, locals.chain(globals).chain(types)) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None if text.contains('-') => error.help(format!(
                "`{text}` is one name; to subtract, put spaces around the `-`"
            )),
            None => error,
        }
    }
}

fn capture(frame: &mut Frame, slot: Slot) -> Slot {
    let known = frame.captures.iter().position(|captured| *captured == slot);
    let index = known.unwrap_or_else(|| {
        frame.captures.push(slot);
        frame.captures.len() - 1
    });
    Slot::Captured(index as u32)
}

fn import_path(span: Span) -> Diagnostic {
    Diagnostic::error("eval::import_path", span, "`import` takes one path, written out")
        .help("write `import(\"./file.cairn\")`: what is imported must be known before anything is evaluated")
}
