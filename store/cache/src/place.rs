//! Where caches are: a folder, an HTTP server, a bucket of S3. All hold the same static files.
//!
//! In: names of files. Out: their bytes, within bounds. Assumes only that a file can be read and written whole: no ranges, no
//! conditions, no listing. What the files mean is not known here.

mod folder;
mod s3;
mod web;

pub use folder::Folder;
pub use s3::Bucket;
pub use web::Web;

use crate::error::{Error, Result};
use cairn_fetch::{Client, HttpError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Writes a file's bytes.
pub type Fill<'a> = &'a mut dyn FnMut(&mut dyn Write) -> Result<()>;

/// A cache.
pub trait Place: Send + Sync + std::fmt::Debug {
    /// What people call it; holds no secrets.
    fn title(&self) -> String;

    /// All bytes of a file. Errors: [`Error::Absent`], [`Error::Refused`] for more than `limit` bytes,
    /// [`Error::Unreachable`].
    fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>>;

    /// Opens a file that may be large; `scratch` is a path where nothing is, for bytes that have to be kept meanwhile.
    ///
    /// Errors: as [`Place::read`].
    fn open(&self, name: &str, limit: u64, scratch: &Path) -> Result<Box<dyn Read>>;

    /// Whether there is a file of this name; one that is there is whole.
    fn has(&self, name: &str) -> Result<bool>;

    /// Errors: [`Error::ReadOnly`] where nothing can be put.
    fn check_writable(&self) -> Result<()> {
        Ok(())
    }

    /// Writes a file whole or not at all, in place of one that may be there. Returns its bytes.
    ///
    /// Errors: [`Error::ReadOnly`], [`Error::Unreachable`], [`Error::File`], what `fill` returns.
    fn put(&self, name: &str, fill: Fill<'_>) -> Result<u64>;

    /// Makes what was put durable, as far as that is in our hands.
    fn settle(&self) -> Result<()>;

    /// How many files are best transferred at once.
    fn lanes(&self) -> usize;
}

/// The cache of an address: a folder, `file://…`, `http://…`, `https://…` or `s3://BUCKET[/PREFIX]`.
///
/// `variable` reads the environment. Errors: [`Error::Address`]. Touches nothing yet.
pub fn place(
    address: &str,
    client: &Client,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Arc<dyn Place>> {
    Ok(match address.split_once("://") {
        None => Arc::new(Folder::new(Path::new(address))),
        Some(("file", path)) => Arc::new(Folder::new(&PathBuf::from(path))),
        Some(("http" | "https", _)) => Arc::new(Web::new(address, client.clone())),
        Some(("s3", rest)) => Arc::new(Bucket::new(rest, client.clone(), variable)?),
        Some(_) => {
            return Err(Error::Address {
                address: address.into(),
                why: "only folders, file, http, https and s3 are known".into(),
            });
        }
    })
}

/// The error of a transfer, without the URL, which may carry a signature.
fn transfer_error(act: &'static str, cache: &str, name: &str, error: &HttpError) -> Error {
    let why = match error {
        HttpError::Http { status: 404, .. } if act == "read" => {
            return Error::Absent {
                cache: cache.into(),
                name: name.into(),
            };
        }
        HttpError::Http { status, .. } => format!("the server answered {status}"),
        HttpError::Offline { reason, .. } => reason.clone(),
        HttpError::Forbidden { .. } => "working offline".into(),
        HttpError::Truncated {
            expected: limit, ..
        }
        | HttpError::TooLarge { limit, .. } => {
            return Error::refused(cache, name, format!("it has more than {limit} bytes"));
        }
        HttpError::Interrupted { got, expected, .. } => {
            format!("it broke off after {got} of {expected} bytes")
        }
        HttpError::Digest { .. } => "it has another digest".into(),
        HttpError::File {
            act, path, source, ..
        } => {
            format!("cannot {act} {}: {source}", path.display())
        }
        HttpError::Scheme { .. } => "it is no address".into(),
        HttpError::Cancelled { .. } => return Error::Cancelled,
    };
    Error::Unreachable {
        act,
        cache: cache.into(),
        name: name.into(),
        why,
    }
}

/// Contents up to this many bytes are kept in memory while they are transferred.
const IN_MEMORY: u64 = 32 << 20;

/// Reads a file that may be large from a URL: small ones through memory, others through the scratch file.
fn open_url(
    client: &Client,
    url: &str,
    (cache, name): (&str, &str),
    limit: u64,
    scratch: &Path,
) -> Result<Box<dyn Read>> {
    let request = cairn_fetch::Request {
        url,
        size: None,
        sha256: None,
    };
    if limit <= IN_MEMORY {
        let bytes = client.get(&request, limit);
        let bytes = bytes.map_err(|error| transfer_error("read", cache, name, &error))?;
        return Ok(Box::new(std::io::Cursor::new(bytes)));
    }
    client
        .download_up_to(&request, limit, scratch, &mut |_, _| {})
        .map_err(|error| transfer_error("read", cache, name, &error))?;
    let file = std::fs::File::open(scratch).map_err(Error::file("open", scratch))?;
    // It lives as long as it is open.
    std::fs::remove_file(scratch).map_err(Error::file("remove", scratch))?;
    Ok(Box::new(file))
}
