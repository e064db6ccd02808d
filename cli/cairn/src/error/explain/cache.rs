//! Codes and mends for what goes wrong between a store and a cache.

use std::io;

use cairn_cache::Error;

use super::{Explanation, bare, full, own, said, store};
use crate::error::CommandError;
use crate::exit::Exit;

/// Explains an error of a transfer.
pub fn explain(error: &Error) -> Explanation {
    match error {
        Error::Store(error) => store(error),
        Error::Absent { .. } => said(
            "cache::absent",
            "a generation is asked for by the name that it was published under, a path by its whole name; is it the right cache?",
        ),
        Error::Unreachable { .. } => said(
            "cache::unreachable",
            "check the network, the address and the credentials; the same command goes on from here",
        ),
        Error::Refused { .. } => Explanation {
            exit: Exit::HashMismatch,
            ..said(
                "cache::refused",
                "nothing of it was taken; whoever keeps the cache can remove that file and push again",
            )
        },
        Error::Untrusted { .. } => said(
            "cache::untrusted",
            "nothing was taken; trust another key with `--trust FILE`, or have the closure signed by `cairn cache sign`",
        ),
        Error::NoTrust { .. } => said(
            "cache::untrusted",
            "put the line that `cairn cache keygen` prints into that file, or name a key with `--trust FILE`",
        ),
        Error::Key { .. } => said(
            "cache::key",
            "keys are minisign's: `cairn cache keygen` makes a pair",
        ),
        Error::Address { .. } | Error::Name { .. } => Explanation {
            exit: Exit::Usage,
            ..bare("cache::address")
        },
        Error::ReadOnly { .. } => said(
            "cache::read_only",
            "push to the folder that the server serves, or to a bucket",
        ),
        Error::TooLarge { .. } => bare("cache::too_large"),
        Error::File { source, .. } | Error::Stream { source, .. } => file(source),
        Error::Cancelled => own(&CommandError::Interrupted),
    }
}

fn file(source: &io::Error) -> Explanation {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => full(),
        _ => bare("cli::file"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_tampered_with_ends_like_any_wrong_hash() {
        let refused = Error::Refused {
            whence: "/srv/cache".into(),
            name: "packs/ab".into(),
            why: "it is truncated".into(),
        };
        assert_eq!(explain(&refused).exit, Exit::HashMismatch);
        assert_eq!(explain(&Error::Cancelled).exit, Exit::Interrupted);
        let full = Error::Stream {
            act: "write",
            source: io::ErrorKind::StorageFull.into(),
        };
        assert_eq!(explain(&full).code, "store::full");
    }
}
