//! Any expression comes to a value or to errors that point into its text, within bounds of memory and steps.
#![no_main]

use std::collections::BTreeMap;

use cairn_eval::{Arena, Evaluator};
use cairn_syntax::span::{SourceId, SourceMap, Span};
use cairn_syntax::symbol::Interner;
use cairn_tests_lang::host::MemoryHost;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let arena = Arena::new();
    let files = BTreeMap::from([("a".to_owned(), "text".to_owned())]);
    let mut evaluator = Evaluator::new(
        &arena,
        SourceMap::default(),
        Interner::default(),
        Box::new(MemoryHost::new(files)),
    );
    let found = evaluator
        .evaluate_source("fuzzed.cairn", text)
        .and_then(|value| evaluator.data(value, Span::new(SourceId(0), 0, text.len())));
    match found {
        Ok(data) => {
            let _ = data.to_json();
        }
        Err(errors) => assert!(!errors.is_empty()),
    }
});
