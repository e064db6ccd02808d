use cairn_disk::{IngestOptions, MaterialiseOptions, Store};
use std::path::Path;
use std::time::Instant;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let store = Store::open(Path::new(&args[1])).unwrap();
    let t = |what: &str, start: Instant| println!("{:8.1} ms {what}", start.elapsed().as_secs_f64() * 1e3);
    let s = Instant::now();
    let tree = store.ingest_tree(Path::new(&args[2]), &IngestOptions::default()).unwrap();
    t("ingest", s);
    store.put_tree(&tree).unwrap();
    t("put", s);
    store.commit().unwrap();
    t("commit", s);
    if args.len() > 3 {
        let s = Instant::now();
        store.materialise(&tree, Path::new(&args[3]), MaterialiseOptions::STORE).unwrap();
        t("checkout", s);
        let s = Instant::now();
        println!("{:?}", store.verify().unwrap().len());
        t("verify", s);
    }
}
