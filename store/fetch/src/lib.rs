//! The only part that speaks to a network, and the readers of what comes from there.
//!
//! In: URLs, declared sizes and digests, archives, signed texts. Out: files whose digests hold, streams of
//! entries, verified texts. Knows nothing of dependencies, stores or the language.

pub mod archive;
pub mod cancel;
pub mod deb;
pub mod http;
mod resolver;
pub mod signature;
mod sink;

pub use cancel::Cancel;
pub use deb::{DebError, DebReader, DebSummary, Limits, Member, MemberKind};
pub use http::{Client, Fetched, HttpError, Request, UNDECLARED_MAX, Upload};
pub use signature::{SignatureError, Verifier, find_verifier, verify_clear_signed};
