//! Measures the store on 20,000 files: `cargo run --release --example speed -- [folder]`, beside `cp -al`.

use cairn_disk::gc::GcError;
use cairn_disk::{GcOptions, GcPlan, IngestOptions, MaterialiseOptions, Store};
use cairn_graph::{Content, Delta, Tree, compose};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let base = std::env::args_os()
        .nth(1)
        .map_or_else(std::env::temp_dir, PathBuf::from);
    let dir = base.join(format!("cairn-speed-{}", std::process::id()));
    fs::create_dir(&dir)?;
    let result = measure(&dir);
    fs::remove_dir_all(&dir)?;
    result
}

fn measure(dir: &Path) -> Result<(), Box<dyn Error>> {
    let source = dir.join("source");
    for folder in 0..1000 {
        let folder = source.join(format!("usr/share/p{}/d{folder}", folder % 100));
        fs::create_dir_all(&folder)?;
        for file in 0..20 {
            fs::write(
                folder.join(format!("f{file}")),
                format!("{} {file}", folder.display()).repeat(30),
            )?;
        }
    }
    let options = IngestOptions {
        mtime: Some(1),
        ..IngestOptions::default()
    };
    let store = Store::open(dir)?;
    timed("commit what was there before", || store.commit())?;
    let tree = timed("ingest 20,000 files", || {
        store.ingest_tree(&source, &options)
    })?;
    timed("commit", || store.commit())?;
    timed("ingest again", || store.ingest_tree(&source, &options))?;
    let digest = timed("put the tree", || store.put_tree(&tree))?;
    timed("read the tree", || store.tree(&digest))?;
    for round in 1..=3 {
        let report = timed("materialise exactly", || {
            store.materialise(
                &tree,
                &dir.join(format!("exact{round}")),
                MaterialiseOptions::EXACT,
            )
        })?;
        println!("    {report:?}");
        timed("cp -al", || {
            let copied = Command::new("cp")
                .arg("-al")
                .arg(&source)
                .arg(dir.join(format!("cp{round}")))
                .status()?;
            if copied.success() {
                Ok(())
            } else {
                Err(std::io::Error::other("cp failed"))
            }
        })?;
    }
    let content = Content::Tree { digest };
    let path = store.add_path("tree", content, &[])?;
    timed("materialise in the store", || {
        store.ensure_materialised(&path)
    })?;
    timed("compose with itself", || {
        compose(&[("a", &tree), ("b", &tree)])
    })?;
    let delta = Delta::between(&Tree::new(), &tree);
    timed("overlay", || tree.overlay(&delta))?;
    timed("verify", || store.verify())?;
    let snapshot = timed("snapshot for collecting", || store.snapshot())?;
    let plan = timed::<_, GcError>("plan the collection", || {
        GcPlan::new(&snapshot, &GcOptions::default())
    })?;
    store.release()?;
    let lock = store.collecting()?;
    timed("move to the trash", || store.apply(&lock, &plan))?;
    timed("empty the trash", || store.empty_trash())?;
    Ok(())
}

fn timed<T, E>(what: &str, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    let start = Instant::now();
    let result = work()?;
    println!("{:8.1} ms  {what}", start.elapsed().as_secs_f64() * 1000.0);
    Ok(result)
}
