//! A configuration or an expression that is looked into, not built: what `check`, `eval`, `why` and `options` share.
//!
//! In: a file. Out: whatever a closure makes of the loaded [`Config`], or of an [`Evaluator`] without one. Touches no
//! store and no network.

use std::path::Path;

use cairn_eval::{Arena, Evaluator, Host as _, ScopeId};
use cairn_options::{Config, Failure};
use cairn_syntax::span::SourceMap;
use cairn_syntax::symbol::Interner;
use cairn_syntax::{Diagnostic, parse_expression, parse_module};
use cairn_system::library::LIBRARY;

use crate::error::CommandError;
use crate::live_host::LiveHost;

/// The library's file of types that expressions see.
const PRELUDE: &str = "prelude.cairn";

/// Loads a configuration and runs `look` on it, with a stack that deep recursion fits in.
///
/// Errors: what is wrong with the configuration, or what `look` found.
pub fn with<T: Send>(
    file: &Path,
    look: impl FnOnce(&mut Config<'_>) -> Result<T, CommandError> + Send,
) -> Result<T, CommandError> {
    let work = || {
        let (host, entry) = LiveHost::of(file)?;
        let arena = Arena::default();
        load(&arena, host, &entry).and_then(|mut config| look(&mut config))
    };
    cairn_eval::with_deep_stack(work).map_err(CommandError::Thread)?
}

/// Loads a configuration through a host.
pub fn load<'a>(arena: &'a Arena, host: LiveHost, entry: &str) -> Result<Config<'a>, CommandError> {
    Ok(cairn_options::load(arena, Box::new(host), entry, LIBRARY)?)
}

/// An evaluator without a configuration: expressions see the library's functions and types. No module is loaded.
pub fn evaluator(arena: &Arena, host: LiveHost) -> Evaluator<'_> {
    let mut sources = SourceMap::default();
    let mut names = Interner::default();
    let prelude = LIBRARY.iter().find(|(name, _)| *name == PRELUDE);
    let prelude = prelude.map(|(name, text)| {
        let id = sources.add(format!("<library>/{name}"), *text);
        parse_module(&sources, id, &mut names).tree
    });
    let mut evaluator = Evaluator::new(arena, sources, names, Box::new(host));
    if let Some(module) = prelude {
        let scope = evaluator.module_scope(&module, ScopeId::BUILTINS, &[]);
        evaluator.set_prelude(scope);
    }
    evaluator
}

/// What a file is, by its text: a module reads as a sequence of items, all else is an expression. No text is both.
pub enum Kind {
    /// A configuration.
    Module,
    /// An expression, with its text.
    Expression(String),
}

impl Kind {
    /// Finds out. Where the text is neither, it is what can be read of it further.
    ///
    /// A file that can't be read counts as a module: loading it gives the error.
    pub fn of(host: &mut LiveHost, entry: &str) -> Self {
        let Ok(text) = host.load(entry) else {
            return Self::Module;
        };
        let mut sources = SourceMap::default();
        let id = sources.add(entry, text.as_str());
        let mut names = Interner::default();
        let first = |errors: &[Diagnostic]| {
            let starts = errors.iter().map(|error| error.primary.span.start);
            starts.min().unwrap_or(u32::MAX)
        };
        let as_module = first(&parse_module(&sources, id, &mut names).errors);
        let is_module = as_module == u32::MAX
            || as_module >= first(&parse_expression(&sources, id, &mut names).errors);
        if is_module {
            Self::Module
        } else {
            Self::Expression(text)
        }
    }
}

/// The errors of an evaluation with the texts that they point into.
pub fn failed(diagnostics: Vec<Diagnostic>, evaluator: &Evaluator<'_>) -> CommandError {
    let sources = evaluator.sources.clone();
    Failure {
        diagnostics,
        sources,
    }
    .into()
}
