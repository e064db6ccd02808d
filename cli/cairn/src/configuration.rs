//! A configuration that is looked into, not built: what `check`, `eval`, `why` and `options` share.
//!
//! In: a file. Out: whatever a closure makes of the loaded [`Config`]. Touches no store and no network.

use std::path::Path;

use cairn_eval::Arena;
use cairn_options::Config;
use cairn_system::evaluate::host_of;
use cairn_system::library::LIBRARY;

use crate::error::CommandError;

/// Loads a configuration and runs `look` on it, with a stack that deep recursion fits in.
///
/// Errors: what is wrong with the configuration, or what `look` found.
pub fn with<T: Send>(
    file: &Path,
    look: impl FnOnce(&mut Config<'_>) -> Result<T, CommandError> + Send,
) -> Result<T, CommandError> {
    let work = || {
        let (host, entry) = host_of(file);
        let arena = Arena::default();
        let mut config = cairn_options::load(&arena, Box::new(host), &entry, LIBRARY)?;
        look(&mut config)
    };
    cairn_eval::with_deep_stack(work).map_err(CommandError::Thread)?
}
