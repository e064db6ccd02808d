//! Puts the configuration into the packages' root; see [`crate::machine`].

use crate::machine::accounts::Numbers;
use cairn_graph::Content;
use cairn_spec::SystemSpec;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the derivation says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MachineArgs {
    /// The configuration.
    pub spec: SystemSpec,
    /// Store path text → what it holds.
    pub sources: BTreeMap<String, Content>,
    /// Numbers of the declared accounts.
    pub numbers: Numbers,
    /// Seconds since 1970.
    pub epoch: i64,
}
