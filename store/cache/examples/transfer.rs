//! Measures a closure of one folder through a cache in a folder: `cargo run --release -p cairn-cache --example transfer -- FOLDER [WORK]`.
//!
//! The folder goes into a store, from there into a cache and from there into an empty store; times in milliseconds, and the cache's size.
//! Its peer: `nix copy --to 'file:///…?compression=zstd'` of the same folder, and `nix copy --from` it.

use cairn_cache::place::Folder;
use cairn_cache::{Closure, Place, SecretKey, Trust, Wanted, pull, push};
use cairn_disk::{IngestOptions, Store};
use cairn_fetch::Cancel;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let source = arguments.next().ok_or("which folder?")?;
    let base = arguments.next().unwrap_or_else(std::env::temp_dir);
    let work = base.join(format!("cairn-transfer-{}", std::process::id()));
    std::fs::create_dir(&work)?;
    let result = measure(&source, &work);
    std::fs::remove_dir_all(&work)?;
    result
}

fn measure(source: &Path, work: &Path) -> Result<(), Box<dyn Error>> {
    let (from, to, cache) = (work.join("from"), work.join("to"), work.join("cache"));
    let store = Store::open(&from)?;
    let content = store.ingest(source, &IngestOptions::default())?;
    let path = store.add_path("folder", content, &[])?;
    store.commit()?;
    let public = SecretKey::generate(&work.join("key"), None)?;
    let key = SecretKey::read(&work.join("key"), None)?;
    let trust = Trust::read(&[work.join("key.pub")], None)?;
    println!("signed by {}", public.id);
    let cancel = Cancel::default();
    let folder = Folder::new(&cache);

    let began = Instant::now();
    let closure = Closure::of(&store, &Wanted::paths(std::slice::from_ref(&path)))?;
    let plan = push::plan(&closure, &folder, &cancel)?;
    let pushed = push::apply(&store, &closure, &plan, &folder, &key, &cancel, &|_| {})?;
    let push_time = began.elapsed();
    println!(
        "{:8.0} ms  push {} bytes in {} files as {} bytes",
        push_time.as_secs_f64() * 1000.0,
        closure.size(),
        pushed.files,
        pushed.bytes_sent
    );

    let target = Store::open(&to)?;
    let places: Vec<Arc<dyn Place>> = vec![Arc::new(folder)];
    let began = Instant::now();
    let found = pull::find(&places, path.base_name(), &trust)?;
    let plan = pull::plan(&target, &found, &cancel)?;
    let pulled = plan.apply(&cancel, &|_| {})?;
    let pull_time = began.elapsed();
    println!(
        "{:8.0} ms  pull {} objects, {} bytes",
        pull_time.as_secs_f64() * 1000.0,
        pulled.objects,
        pulled.bytes
    );
    println!(
        "{:8.0} ms  both",
        (push_time + pull_time).as_secs_f64() * 1000.0
    );
    Ok(())
}
