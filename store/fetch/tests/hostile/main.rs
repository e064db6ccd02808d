//! Packages and archives that mean harm: each ends in an error that names the entry, within bounds of memory and time.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod archives;
mod bombs;
mod entries;
mod package;
mod properties;
