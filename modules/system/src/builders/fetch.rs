//! Downloads a package of the lock from the machine's mirrors.
//!
//! Which mirror serves it is no part of the derivation: the lock's SHA-256 says what it must be.

use cairn_debian::{Mirrors, Origin};
use cairn_fetch::http::{Client, Fetched, HttpError, Request};
use cairn_graph::FixedOutput;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What the derivation says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FetchArgs {
    /// Which archive.
    pub origin: Origin,
    /// Path below the mirror.
    pub path: String,
}

/// Downloads into `target`, checked.
///
/// Errors: [`HttpError`] of the last mirror that was asked.
pub fn download(
    args: &FetchArgs,
    fixed: &FixedOutput,
    mirrors: &Mirrors,
    client: &Client,
    target: &Path,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<Fetched, HttpError> {
    let base = match (args.origin, &mirrors.security) {
        (Origin::Security, Some(security)) => security,
        _ => &mirrors.debian,
    };
    let url = format!("{base}/{}", args.path);
    let request = Request {
        url: &url,
        size: fixed.size,
        sha256: Some(&fixed.sha256),
    };
    client.download(&request, target, progress)
}
