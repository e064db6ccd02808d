//! Runs JSONTestSuite and toml-test through `json.parse` and `toml.parse`, a test a case; see `formats/README.md`.

mod json;
mod toml;

use std::collections::BTreeMap;
use std::process::ExitCode;

use cairn_eval::{Arena, Evaluator, Value};
use cairn_syntax::Diagnostic;
use cairn_syntax::span::{SourceId, SourceMap, Span};
use cairn_syntax::symbol::Interner;
use cairn_tests_lang::host::MemoryHost;
use libtest_mimic::{Arguments, Failed};

fn main() -> ExitCode {
    let mut trials = toml::trials();
    match json::trials() {
        Ok(more) => trials.extend(more),
        Err(error) => {
            eprintln!("the cases can't be read: {}", error.message().unwrap_or(""));
            return ExitCode::FAILURE;
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Evaluates `FORMAT.parse(read_file(./text))` and hands the value on, on the stack that `cairn` gives to evaluation.
fn read<R: Send>(
    format: &str,
    text: &str,
    then: impl for<'a> FnOnce(&mut Evaluator<'a>, Result<Value<'a>, Box<Diagnostic>>) -> R + Send,
) -> Result<R, Failed> {
    let code = format!("{format}.parse(read_file(./text))");
    let files = BTreeMap::from([("text".to_owned(), text.to_owned())]);
    let run = move || {
        let arena = Arena::new();
        let mut evaluator = Evaluator::new(
            &arena,
            SourceMap::default(),
            Interner::default(),
            Box::new(MemoryHost::new(files)),
        );
        match evaluator.evaluate_source("test.cairn", &code) {
            Ok(value) => {
                let span = Span::new(SourceId(0), 0, code.len());
                let value = evaluator.force(value, span);
                Ok(then(&mut evaluator, value))
            }
            Err(errors) => Err(Failed::from(format!("{errors:?}"))),
        }
    };
    cairn_eval::with_deep_stack(run)?
}

/// That a text was refused, and with the error of such texts.
fn refused(found: Result<Value<'_>, Box<Diagnostic>>) -> Result<(), Failed> {
    match found {
        Ok(_) => Err("it was read".into()),
        Err(error) if error.code == "eval::unreadable_text" => Ok(()),
        Err(error) => Err(format!("refused with {}", error.code).into()),
    }
}
