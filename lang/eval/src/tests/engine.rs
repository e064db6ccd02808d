//! The door for option merging: external thunks, scopes, defaults, origins.

use std::cell::Cell;
use std::rc::Rc;

use cairn_syntax::ast::{Annotation, ItemKind};
use cairn_syntax::span::{SourceId, SourceMap, Span};
use cairn_syntax::symbol::Interner;
use cairn_syntax::{Label, parse_module};

use crate::{Arena, Evaluator, Externals, Field, NoHost, Origin, Result, ScopeId, Value};

/// Options `a` and `b`: a definition each.
struct Options<'a> {
    values: Vec<Value<'a>>,
    forced: Cell<u32>,
}

impl<'a> Externals<'a> for Options<'a> {
    fn force(&self, evaluator: &mut Evaluator<'a>, id: u32) -> Result<Value<'a>> {
        self.forced.set(self.forced.get() + 1);
        evaluator.force(self.values[id as usize], span(0, 1))
    }

    fn label(&self, _evaluator: &Evaluator<'a>, id: u32) -> Option<Label> {
        let text = format!("`{}`", ["a", "b"][id as usize]);
        Some(Label {
            span: span(id as usize, 1),
            text,
        })
    }
}

fn span(start: usize, length: usize) -> Span {
    Span::new(SourceId(0), start, start + length)
}

/// Evaluates a module with the definitions `a` and `b`, in which `config` has both, then `config.a`.
fn config_a(text: &str) -> (std::result::Result<String, (String, Vec<String>)>, u32) {
    let arena = Arena::new();
    let mut evaluator = Evaluator::new(
        &arena,
        SourceMap::default(),
        Interner::default(),
        Box::new(NoHost),
    );
    let source = evaluator.sources.add("test.cairn", text);
    let parsed = parse_module(&evaluator.sources, source, &mut evaluator.names);
    assert_eq!(parsed.errors, []);
    let fields = ["a", "b"].iter().zip(0..).map(|(name, id)| Field {
        name: evaluator.names.intern(name),
        origin: Origin::NONE,
        value: evaluator.external(id),
    });
    let fields: Vec<Field<'_>> = fields.collect();
    let first = fields[0].value;
    let config = evaluator.record(fields);
    let name = evaluator.names.intern("config");
    let scope = evaluator.module_scope(&parsed.tree, ScopeId::BUILTINS, &[(name, config)]);
    let mut values = Vec::new();
    for item in &parsed.tree.items {
        if let ItemKind::Definition { value, .. } = &item.kind {
            values.push(evaluator.thunk(scope, value));
        }
    }
    assert_eq!(evaluator.take_errors(), []);
    let options = Rc::new(Options {
        values,
        forced: Cell::new(0),
    });
    evaluator.set_externals(options.clone());
    let result = match evaluator.force(first, span(0, 1)) {
        Ok(value) => Ok(evaluator.show(value)),
        Err(error) => {
            let secondary = error
                .secondary
                .iter()
                .map(|label| label.text.clone())
                .collect();
            Err((error.message.clone(), secondary))
        }
    };
    (result, options.forced.get())
}

#[test]
fn config_forces_only_the_option_that_is_read() {
    assert_eq!(config_a("a = 1\nb = 1 / 0"), (Ok("1".to_owned()), 1));
    assert_eq!(
        config_a("let twice = config.b + config.b\na = twice + 1\nb = 2"),
        (Ok("5".to_owned()), 2)
    );
}

#[test]
fn a_cycle_through_options_names_them_in_order() {
    let (result, _) = config_a("a = config.b + 1\nb = config.a + 1");
    let (message, edges) = result.unwrap_err();
    assert_eq!(message, "`a` needs itself: `a` → `b` → `a`");
    assert_eq!(
        edges,
        ["`a` is set here", "which needs this", "`b` is set here"]
    );
}

#[test]
fn annotations_reach_who_merges() {
    let arena = Arena::new();
    let mut evaluator = Evaluator::new(
        &arena,
        SourceMap::default(),
        Interner::default(),
        Box::new(NoHost),
    );
    let value = evaluator
        .evaluate_source("test.cairn", "[1, before 2]")
        .unwrap();
    let Value::List(list) = value else {
        panic!("a list of constants needs no thunk")
    };
    let item = evaluator.force(list.items[1], span(0, 1)).unwrap();
    let Value::Annotated(annotated) = item else {
        panic!("the item is annotated")
    };
    assert_eq!(annotated.annotation, &Annotation::Before);
    assert_eq!(evaluator.show(annotated.value), "2");
    let place = evaluator.place(list.origin(1)).unwrap();
    assert_eq!(evaluator.sources.slice(place.value), "before 2");
}
