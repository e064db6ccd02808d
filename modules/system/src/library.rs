//! The module library, as it was when this program was built.
//!
//! Out: names such as `services/nginx.cairn` and their texts, sorted by name.

/// Every file of `modules/library`: its path below that folder, and its text.
pub const LIBRARY: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/library.rs"));
