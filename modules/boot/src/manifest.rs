//! Which files of the partition are ours.
//!
//! In and out: the text of `cairn/manifest.json`. A file that is not listed, and whose name is not one that only
//! we give, is never touched.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The list of owned files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of this form: 1.
    pub version: u32,
    /// Paths on the partition, without leading slash.
    pub owned: BTreeSet<String>,
}

impl Manifest {
    /// A list of these files.
    pub fn new(owned: BTreeSet<String>) -> Self {
        Self { version: 1, owned }
    }

    /// Reads what [`Self::print`] wrote.
    pub fn parse(text: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(text)
    }

    /// The text of the file.
    pub fn print(&self) -> String {
        let lines: Vec<String> = self
            .owned
            .iter()
            .map(|path| format!("    {}", serde_json::Value::from(path.as_str())))
            .collect();
        format!(
            "{{\n  \"version\": {},\n  \"owned\": [\n{}\n  ]\n}}\n",
            self.version,
            lines.join(",\n")
        )
    }
}
