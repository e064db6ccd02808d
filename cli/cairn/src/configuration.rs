//! A configuration or an expression that is looked into, not built: what `check`, `eval`, `why` and `options` share.
//!
//! In: a file. Out: whatever a closure makes of the loaded [`Config`], or of an [`Evaluator`] without one. Touches no
//! store and no network.

use std::path::Path;

use cairn_eval::{Arena, Evaluator, Host as _, Limits};
use cairn_options::{Config, Failure};
use cairn_syntax::Diagnostic;
use cairn_system::library::LIBRARY;

use crate::error::CommandError;
use crate::live_host::LiveHost;

/// Loads a configuration and runs `look` on it, with a stack that deep recursion fits in.
///
/// Errors: what is wrong with the configuration, or what `look` found.
pub fn with<T: Send>(
    limits: Limits,
    file: &Path,
    look: impl FnOnce(&mut Config<'_>) -> Result<T, CommandError> + Send,
) -> Result<T, CommandError> {
    let work = || {
        let (host, entry) = LiveHost::of(file)?;
        let arena = Arena::with_limits(limits);
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
    cairn_system::expression::evaluator(arena, Box::new(host))
}

/// The text of a file that holds an expression; none of a configuration. A file that can't be read counts as a configuration:
/// loading it gives the error.
pub fn expression_text(host: &mut LiveHost, entry: &str) -> Option<String> {
    let text = host.load(entry).ok()?;
    cairn_system::expression::is_expression(entry, &text).then_some(text)
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
