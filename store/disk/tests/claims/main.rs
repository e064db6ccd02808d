//! What the store on a disk promises.

#![expect(
    clippy::unwrap_used,
    reason = "what a test can't set up should stop it"
)]

mod derivations;
mod full_disk;
mod gc;
mod generations;
mod hostile;
mod index;
mod ingest;
mod lock;
mod materialise;
mod objects;
mod overlay;
mod paths;
mod recovery;
mod relations;
mod repair;
mod support;
mod swaps;
mod verify;
