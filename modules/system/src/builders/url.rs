//! Downloads a file that a configuration names.
//!
//! Where it comes from is no part of what it is: the SHA-256 says that.

use cairn_fetch::http::{Client, Fetched, HttpError, Request};
use cairn_graph::FixedOutput;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What the derivation says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UrlArgs {
    /// `http`, `https` or `file`.
    pub url: String,
}

/// Downloads into `target`, checked.
///
/// Errors: [`HttpError`].
pub fn download(
    args: &UrlArgs,
    fixed: &FixedOutput,
    client: &Client,
    target: &Path,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<Fetched, HttpError> {
    let request = Request {
        url: &args.url,
        size: fixed.size,
        sha256: Some(&fixed.sha256),
    };
    client.download(&request, target, progress)
}
