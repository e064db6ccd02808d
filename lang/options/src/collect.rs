//! Modules to one trie of options and one list of definitions.
//!
//! In: [`Loaded`] modules and an evaluator. Out: [`Collected`]; every expression is resolved, none is
//! evaluated. Conditions of `when` are kept beside what they guard.

use cairn_eval::{Evaluator, ScopeId, Value};
use cairn_syntax::Diagnostic;
use cairn_syntax::ast::{self, Expr, Item, ItemKind, Name};
use cairn_syntax::span::Span;
use cairn_syntax::symbol::Symbol;

use crate::load::Module;
use crate::tree::{Builder, Declared, Group};

/// `path = value`, with what decides whether it counts.
pub(crate) struct Definition<'a, 'm> {
    pub(crate) path: &'m [Name],
    pub(crate) expr: &'m Expr,
    pub(crate) value: Value<'a>,
    pub(crate) condition: Option<u32>,
}

/// The condition of a `when`, inside of another one or not.
pub(crate) struct Condition<'a> {
    pub(crate) value: Value<'a>,
    pub(crate) span: Span,
    pub(crate) outer: Option<u32>,
}

/// `assert` or `warn`.
#[derive(Clone, Copy)]
pub(crate) struct Assertion<'a> {
    pub(crate) fatal: bool,
    pub(crate) holds: Value<'a>,
    pub(crate) span: Span,
    pub(crate) message: Value<'a>,
    pub(crate) message_span: Span,
    pub(crate) condition: Option<u32>,
}

/// `test "claim" expr`.
pub(crate) struct Test<'a> {
    pub(crate) claim: String,
    pub(crate) value: Value<'a>,
    pub(crate) span: Span,
}

/// What all modules say together.
pub(crate) struct Collected<'a, 'm> {
    pub(crate) tree: &'a Group<'a>,
    pub(crate) definitions: Vec<Definition<'a, 'm>>,
    pub(crate) conditions: Vec<Condition<'a>>,
    pub(crate) assertions: Vec<Assertion<'a>>,
    pub(crate) tests: Vec<Test<'a>>,
    pub(crate) errors: Vec<Diagnostic>,
    /// What the entry file sees; it is the last module.
    pub(crate) entry: ScopeId,
}

struct Collector<'e, 'a, 'm> {
    evaluator: &'e mut Evaluator<'a>,
    config_name: Symbol,
    tree: Builder<'a>,
    definitions: Vec<Definition<'a, 'm>>,
    conditions: Vec<Condition<'a>>,
    assertions: Vec<Assertion<'a>>,
    tests: Vec<Test<'a>>,
    errors: Vec<Diagnostic>,
}

/// Resolves all modules; `config` is what they read under that name.
pub(crate) fn collect<'a, 'm>(
    evaluator: &mut Evaluator<'a>,
    modules: &'m [Module],
    config: Value<'a>,
) -> Collected<'a, 'm> {
    let config_name = evaluator.names.intern("config");
    let mut collector = Collector {
        evaluator,
        config_name,
        tree: Builder::default(),
        definitions: Vec::with_capacity(2 * modules.len()),
        conditions: Vec::with_capacity(modules.len()),
        assertions: Vec::new(),
        tests: Vec::new(),
        errors: Vec::new(),
    };
    let mut prelude = ScopeId::BUILTINS;
    let mut entry = ScopeId::BUILTINS;
    for module in modules {
        // The prelude's types are shared with expression files, which must not see `config`.
        let bindings = if module.prelude {
            &[][..]
        } else {
            &[(config_name, config)][..]
        };
        let scope = collector
            .evaluator
            .module_scope(&module.tree, prelude, bindings);
        entry = scope;
        if module.prelude {
            prelude = scope;
            collector.evaluator.set_prelude(prelude);
        }
        collector.items(&module.tree.items, scope, None);
    }
    let Collector {
        evaluator,
        tree,
        definitions,
        conditions,
        assertions,
        tests,
        mut errors,
        ..
    } = collector;
    errors.splice(0..0, evaluator.take_errors());
    Collected {
        tree: tree.finish(evaluator.arena),
        definitions,
        conditions,
        assertions,
        tests,
        errors,
        entry,
    }
}

impl<'m> Collector<'_, '_, 'm> {
    fn items(&mut self, items: &'m [Item], scope: ScopeId, condition: Option<u32>) {
        for item in items {
            self.item(item, scope, condition);
        }
    }

    fn item(&mut self, item: &'m Item, scope: ScopeId, condition: Option<u32>) {
        match &item.kind {
            ItemKind::Import { path_span, .. } if condition.is_some() => self.errors.push(
                Diagnostic::error("options::import_in_when", *path_span, "an import cannot depend on a condition")
                    .label("inside `when`")
                    .help("import at the top of the file, and guard the definitions of the imported file by `when`"),
            ),
            ItemKind::Option { path, .. } if condition.is_some() => self.errors.push(
                Diagnostic::error("options::option_in_when", path_span(path, item.span), "`when` cannot declare options")
                    .label("declared under a condition")
                    .help("declare the option outside, and define it here"),
            ),
            ItemKind::Import { .. } | ItemKind::Let(_) | ItemKind::Type { .. } => {}
            ItemKind::Option { path, ty, default } => self.declare(item, scope, path, ty, default.as_ref()),
            ItemKind::Definition { path, value } => self.define(path, value, scope, condition),
            ItemKind::When { condition: expr, items } => {
                let value = self.evaluator.thunk(scope, expr);
                self.conditions.push(Condition { value, span: expr.span, outer: condition });
                let inner = self.conditions.len() as u32 - 1;
                let local = items.iter().any(|item| matches!(item.kind, ItemKind::Let(_) | ItemKind::Type { .. }));
                let scope = if local {
                    let module = ast::Module { items: items.clone() };
                    self.evaluator.module_scope(&module, scope, &[])
                } else {
                    scope
                };
                self.items(items, scope, Some(inner));
            }
            ItemKind::Variant { name, .. } => self.errors.push(
                Diagnostic::error("options::variant_later", name.span, "variants are not built yet")
                    .label("this block would be ignored")
                    .help("until they are, keep a second configuration file that imports this one"),
            ),
            ItemKind::Assert { condition: holds, message } => self.assertion(true, holds, message, scope, condition),
            ItemKind::Warn { condition: holds, message } => self.assertion(false, holds, message, scope, condition),
            ItemKind::Test { claim, expr } => {
                let claim = self.evaluator.names.text(claim.symbol).to_owned();
                let value = self.evaluator.thunk(scope, expr);
                self.tests.push(Test { claim, value, span: expr.span });
            }
        }
    }

    fn declare(
        &mut self,
        item: &Item,
        scope: ScopeId,
        path: &[Name],
        ty: &ast::Type,
        default: Option<&Expr>,
    ) {
        let span = path_span(path, item.span);
        let arena = self.evaluator.arena;
        let declared = arena.alloc(Declared {
            path: arena.collect(path.iter().map(|name| name.symbol)),
            span,
            ty: self.evaluator.compile_type(scope, ty),
            default: default.map(|expr| (self.evaluator.thunk(scope, expr), expr.span)),
            doc: item.doc.as_deref().map(|doc| arena.text(doc)),
        });
        if let Err(first) = self.tree.insert(path, declared) {
            let names = path
                .iter()
                .map(|name| self.evaluator.names.text(name.symbol));
            let text = crate::path::print(names);
            self.errors.push(
                Diagnostic::error(
                    "options::declared_twice",
                    span,
                    format!("option `{text}` is declared twice"),
                )
                .label("and here")
                .also(first, "first declared here, or above or below it"),
            );
        }
    }

    fn define(&mut self, path: &'m [Name], expr: &'m Expr, scope: ScopeId, condition: Option<u32>) {
        if let Some(first) = path.first()
            && first.symbol == self.config_name
        {
            self.errors.push(
                Diagnostic::error("options::config_assigned", first.span, "`config` is the result, and only for reading")
                    .label("defined here")
                    .help("leave out `config.`; for a definition that depends on another, write `when CONDITION { … }`"),
            );
            return;
        }
        let value = self.evaluator.thunk(scope, expr);
        self.definitions.push(Definition {
            path,
            expr,
            value,
            condition,
        });
    }

    fn assertion(
        &mut self,
        fatal: bool,
        holds: &Expr,
        message: &Expr,
        scope: ScopeId,
        condition: Option<u32>,
    ) {
        let (span, message_span) = (holds.span, message.span);
        let holds = self.evaluator.thunk(scope, holds);
        let message = self.evaluator.thunk(scope, message);
        self.assertions.push(Assertion {
            fatal,
            holds,
            span,
            message,
            message_span,
            condition,
        });
    }
}

/// From the first name of a path to its last.
pub(crate) fn path_span(path: &[Name], otherwise: Span) -> Span {
    match (path.first(), path.last()) {
        (Some(first), Some(last)) => first.span.to(last.span),
        _ => otherwise,
    }
}
