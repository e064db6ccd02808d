//! Any text is read; every error points into it; what was read without errors prints and reads back as the same.
#![no_main]

use cairn_syntax::printer::{print_expression, print_module};
use cairn_syntax::span::SourceMap;
use cairn_syntax::symbol::Interner;
use cairn_syntax::{Diagnostic, parse_expression, parse_module};
use libfuzzer_sys::fuzz_target;

fn check_spans(errors: &[Diagnostic], text: &str) {
    for error in errors {
        for label in std::iter::once(&error.primary).chain(&error.secondary) {
            assert!(text.get(label.span.start as usize..label.span.end as usize).is_some());
        }
    }
}

fuzz_target!(|text: &str| {
    let mut sources = SourceMap::default();
    let mut names = Interner::default();
    let id = sources.add("fuzzed.cairn", text);
    let module = parse_module(&sources, id, &mut names);
    check_spans(&module.errors, text);
    if module.errors.is_empty() {
        let printed = print_module(&module.tree, &names);
        let id = sources.add("printed.cairn", printed.as_str());
        let again = parse_module(&sources, id, &mut names);
        assert!(again.errors.is_empty(), "{printed}\n{:?}", again.errors);
        assert_eq!(print_module(&again.tree, &names), printed);
    }
    let id = sources.add("fuzzed.cairn", text);
    let expression = parse_expression(&sources, id, &mut names);
    check_spans(&expression.errors, text);
    if expression.errors.is_empty() {
        let printed = print_expression(&expression.tree, &names);
        let id = sources.add("printed.cairn", printed.as_str());
        let again = parse_expression(&sources, id, &mut names);
        assert!(again.errors.is_empty(), "{printed}\n{:?}", again.errors);
        assert_eq!(print_expression(&again.tree, &names), printed);
    }
});
