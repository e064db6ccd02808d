//! Caches in a bucket of S3: pushed, pulled, cut off and tampered with, through a server that checks every signature.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "test code: a panic is how it fails"
)]

mod access;
mod commands;
mod interruption;
mod tampering;
mod transfer;
mod world;
