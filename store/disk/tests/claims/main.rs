//! What the store on a disk promises.

mod full_disk;
mod gc;
mod generations;
mod ingest;
mod lock;
mod materialise;
mod objects;
mod overlay;
mod paths;
mod support;
mod verify;
