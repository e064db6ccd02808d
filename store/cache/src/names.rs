//! Names of the files in a cache.
//!
//! ```text
//! names/<name>.manifest              what was last published under a name
//! closures/<hash>.manifest           the closure of a store path, by the 32 characters of its hash
//! actions/ab/<action>                which closure says what an action came out as
//! signatures/<digest>/<key>.minisig  a further signature of the statement with this digest
//! packs/ab/<name>.zst                small contents, one after the other
//! blobs/ab/<digest>.zst              one large content
//! ```
//!
//! All names are of characters that a URL takes as they are.

use crate::error::{Error, Result};
use crate::statement::is_name;
use cairn_graph::{ActionKey, Digest, StorePath};

/// Where the manifest of a name or of a store path is. Errors: [`Error::Name`].
pub fn manifest(name: &str) -> Result<String> {
    match name.parse::<StorePath>() {
        Ok(path) => Ok(closure(&path)),
        Err(_) if is_name(name) => Ok(format!("names/{name}.manifest")),
        Err(_) => Err(Error::Name { name: name.into() }),
    }
}

/// Where the manifest of a path's closure is.
pub fn closure(path: &StorePath) -> String {
    let hash = path.base_name().split('-').next().unwrap_or_default();
    format!("closures/{hash}.manifest")
}

/// Where it stands which closure says what an action came out as.
pub fn action(action: &ActionKey) -> String {
    let hex = action.to_string();
    format!("actions/{}/{hex}", &hex[..2])
}

/// Where a signature by one key is.
pub fn signature(statement: &Digest, key: &str) -> String {
    format!("signatures/{statement}/{key}.minisig")
}

/// Where a pack is.
pub fn pack(name: &Digest) -> String {
    sharded("packs", name)
}

/// Where a blob is.
pub fn blob(digest: &Digest) -> String {
    sharded("blobs", digest)
}

fn sharded(folder: &str, digest: &Digest) -> String {
    let hex = digest.to_string();
    format!("{folder}/{}/{hex}.zst", &hex[..2])
}
