//! Names to slots: turns an AST into the compact form, once, before anything runs.
//!
//! In: an AST and the scope that it stands in. Out: [`ir`](crate::ir), and every mistake that needs no evaluation to be
//! seen: unknown names, wrong arguments, fields set twice. Refuses to compute anything but literals.

mod expression;
mod function;
mod module;
mod record;
mod type_expression;

use std::rc::Rc;

use cairn_syntax::ast;
use cairn_syntax::span::Span;
use cairn_syntax::symbol::Symbol;
use cairn_syntax::{Diagnostic, nearest};

use crate::evaluator::Evaluator;
use crate::ir::{Code, Expr, Kind, Slot};
use crate::scope::{ScopeId, Signature};
use crate::types::{DefaultCode, NamedType, Type, TypeField};
use crate::value::{State, Thunk, Value};

pub(crate) use module::module_scope;

/// Resolves an expression and makes the cheapest value of it.
pub(crate) fn thunk<'a>(
    evaluator: &mut Evaluator<'a>,
    scope: ScopeId,
    expr: &ast::Expr,
) -> Value<'a> {
    let mut resolver = Resolver::new(evaluator, scope);
    let code = resolver.code(|resolver| resolver.expr(expr));
    resolver.evaluator.constant_or_thunk(code)
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
    /// The frames in sight of whoever made this resolver.
    outer: InSight,
}

/// What is being resolved, kept for its memory: a configuration has thousands of expressions.
#[derive(Default)]
pub(crate) struct Scratch<'a> {
    /// Innermost last. Those from the end of what is in sight on wait to be used again.
    frames: Vec<Frame>,
    /// The locals of all frames; the last one of a name wins.
    visible: Vec<Variable>,
    in_sight: InSight,
    /// Elements of lists and calls; those of the innermost last.
    elements: Vec<Expr<'a>>,
    /// Fields of types; those of the innermost last.
    fields: Vec<TypeField<'a>>,
    /// The `let`s of a module with the numbers of their items.
    lets: Vec<(ast::Name, usize, &'a Thunk<'a>)>,
    /// The `type`s of a module with the numbers of their items.
    types: Vec<(usize, &'a NamedType<'a>)>,
}

/// Which frames and locals are in sight.
#[derive(Clone, Copy, Default)]
struct InSight {
    /// The first frame.
    first: usize,
    /// One past the last frame.
    end: usize,
    /// The first local.
    visible: usize,
}

/// The frame of the code that is being resolved.
#[derive(Default)]
struct Frame {
    /// Where its names begin.
    visible: usize,
    /// The next free local.
    next: u32,
    /// How many locals the frame needs.
    locals: u32,
    /// What is copied from the surrounding frame.
    captures: Vec<Slot>,
}

struct Variable {
    name: Symbol,
    slot: Slot,
    /// The frame that has it.
    frame: usize,
    signature: Option<Rc<Signature>>,
}

impl<'e, 'a> Resolver<'e, 'a> {
    fn new(evaluator: &'e mut Evaluator<'a>, scope: ScopeId) -> Self {
        let outer = evaluator.resolving.hide();
        Self {
            evaluator,
            scope,
            outer,
        }
    }

    /// Resolves something as code with a frame of its own.
    fn code(&mut self, resolve: impl FnOnce(&mut Self) -> Expr<'a>) -> Code<'a> {
        self.evaluator.resolving.enter();
        let body = resolve(self);
        let arena = self.evaluator.arena;
        let frame = self.frame();
        let (locals, captures) = (frame.locals, arena.slice(&frame.captures));
        self.evaluator.resolving.leave();
        Code {
            locals,
            captures,
            body,
        }
    }

    /// Resolves something that sees no locals of the surrounding functions.
    fn detached<T>(&mut self, resolve: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.evaluator.resolving.hide();
        let result = resolve(self);
        self.evaluator.resolving.restore(outer);
        result
    }

    fn frame(&mut self) -> &mut Frame {
        let resolving = &mut self.evaluator.resolving;
        if resolving.in_sight.first == resolving.in_sight.end {
            resolving.enter();
        }
        &mut resolving.frames[resolving.in_sight.end - 1]
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
    fn declare(&mut self, name: Symbol, slot: Slot, signature: Option<Rc<Signature>>) {
        let resolving = &mut self.evaluator.resolving;
        resolving.visible.push(Variable {
            name,
            slot,
            frame: resolving.in_sight.end - 1,
            signature,
        });
    }

    /// Resolves something whose names go out of sight at its end.
    fn block<T>(&mut self, resolve: impl FnOnce(&mut Self) -> T) -> T {
        let next = self.frame().next;
        let visible = self.evaluator.resolving.visible.len();
        let result = resolve(self);
        self.evaluator.resolving.visible.truncate(visible);
        self.frame().next = next;
        result
    }

    /// What a name means, where it is one of a value.
    #[inline]
    fn lookup(&mut self, name: Symbol) -> Option<Kind<'a>> {
        let resolving = &mut self.evaluator.resolving;
        if let Some(variable) = resolving.local(name) {
            let (mut slot, outer) = (variable.slot, variable.frame + 1);
            for frame in &mut resolving.frames[outer..resolving.in_sight.end] {
                slot = capture(frame, slot);
            }
            return Some(Kind::Variable(slot));
        }
        let global = self.evaluator.find_global(self.scope, name)?;
        Some(Kind::Constant(match global.value {
            Value::Thunk(thunk) => thunk.done().unwrap_or(global.value),
            value => value,
        }))
    }

    /// Whether a name means a value.
    fn is_bound(&self, name: Symbol) -> bool {
        self.evaluator.resolving.local(name).is_some()
            || self.evaluator.find_global(self.scope, name).is_some()
    }

    /// What the function behind a name expects, where it plainly is one.
    fn signature_of(&self, name: Symbol) -> Option<Rc<Signature>> {
        match self.evaluator.resolving.local(name) {
            Some(variable) => variable.signature.clone(),
            None => self
                .evaluator
                .find_global(self.scope, name)?
                .signature
                .clone(),
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
        let resolving = &self.evaluator.resolving;
        let locals = resolving.visible[resolving.in_sight.visible..].iter();
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

impl Drop for Resolver<'_, '_> {
    fn drop(&mut self) {
        self.evaluator.resolving.restore(self.outer);
    }
}

impl Scratch<'_> {
    /// Puts all frames out of sight; gives what was in sight before.
    fn hide(&mut self) -> InSight {
        let hidden = InSight {
            first: self.in_sight.end,
            end: self.in_sight.end,
            visible: self.visible.len(),
        };
        std::mem::replace(&mut self.in_sight, hidden)
    }

    /// Brings in sight again what [`Self::hide`] gave.
    fn restore(&mut self, outer: InSight) {
        self.forget(self.in_sight.visible);
        self.in_sight = outer;
    }

    /// The innermost local of a name.
    #[inline]
    fn local(&self, name: Symbol) -> Option<&Variable> {
        let mut innermost = self.visible[self.in_sight.visible..].iter().rev();
        innermost.find(|variable| variable.name == name)
    }

    /// Brings an empty frame in sight.
    fn enter(&mut self) {
        let visible = self.visible.len();
        if let Some(frame) = self.frames.get_mut(self.in_sight.end) {
            frame.captures.clear();
            (frame.visible, frame.next, frame.locals) = (visible, 0, 0);
        } else {
            self.frames.push(Frame {
                visible,
                ..Frame::default()
            });
        }
        self.in_sight.end += 1;
    }

    /// Puts the innermost frame out of sight.
    fn leave(&mut self) {
        self.in_sight.end -= 1;
        self.forget(self.frames[self.in_sight.end].visible);
    }

    /// Leaves only so many locals. Mostly there are no more: only functions and `let`s have any.
    #[inline]
    fn forget(&mut self, visible: usize) {
        if self.visible.len() > visible {
            self.visible.truncate(visible);
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
