//! Single steps: learnt from few files, taken without the rest, and nothing that is wrong with a cache is more than a warning.

use crate::support::{Keys, Machine, folder, keys, list, machine, push_to, pushed};
use cairn_cache::place::{Fill, Folder};
use cairn_cache::{Place, Result, Steps, Wanted, names};
use cairn_disk::DerivationRecord;
use cairn_fetch::Cancel;
use cairn_graph::{ActionKey, Derivation, Output, Realisation, ResolvedDerivation, StorePath};
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// A step that was taken: its output, and what it was made from.
struct Step {
    path: StorePath,
    action: ActionKey,
}

impl Machine {
    fn output(&self, path: &StorePath) -> Output {
        Output {
            path: path.clone(),
            content: self.store.path_content(path).unwrap(),
        }
    }

    /// Records that a path was made from the outputs of these steps.
    fn step(&self, path: StorePath, from: &[&Step], needs: &[StorePath]) -> Step {
        let label = |index: usize| format!("input-{index}");
        let derivation = Derivation {
            name: path.name().into(),
            builder: "test".into(),
            builder_version: 1,
            args: serde_json::json!({ "of": path.base_name() }),
            fixed: None,
        };
        let inputs = from.iter().enumerate();
        let inputs = inputs.map(|(index, step)| (label(index), self.output(&step.path)));
        let resolved = ResolvedDerivation {
            derivation,
            inputs: inputs.collect(),
        };
        let made_by = from.iter().enumerate();
        let made_by: BTreeMap<String, ActionKey> = made_by
            .map(|(index, step)| (label(index), step.action))
            .collect();
        let record = DerivationRecord::new(resolved, made_by);
        let action = record.action;
        self.store.derivations().put_all(&[record]).unwrap();
        let output = self.output(&path);
        let realisation = Realisation::new(action, output, needs.to_vec());
        self.store.realisations().put(&realisation).unwrap();
        Step { path, action }
    }
}

/// A cache with the output of a build that needs a library, and was made from a root of many packages.
struct World {
    source: Machine,
    packages: Vec<Step>,
    root: Step,
    hello: Step,
    cache: TempDir,
    keys: Keys,
}

fn world() -> World {
    let source = machine();
    let packages: Vec<Step> = (0..40)
        .map(|number| {
            let path = source.file_path(&format!("p{number}.deb"), format!("{number}").as_bytes());
            source.step(path, &[], &[])
        })
        .collect();
    let all: Vec<&Step> = packages.iter().collect();
    let files: [(&str, &[u8], u32); 1] = [("bin/sh", b"a shell", 0o755)];
    let root = source.step(source.path("root", &files, &[]), &all, &[]);
    let library = source.path("library", &[("lib", b"a library", 0o644)], &[]);
    let library = source.step(library, &[&root], &[]);
    let needs = [library.path.clone()];
    let files: [(&str, &[u8], u32); 1] = [("bin/hello", b"hello", 0o755)];
    let hello = source.path("hello", &files, &needs);
    let hello = source.step(hello, &[&root, &library], &needs);
    let cache = tempfile::tempdir().unwrap();
    let keys = keys();
    let place = Folder::new(cache.path());
    let wanted = Wanted::paths(std::slice::from_ref(&hello.path));
    push_to(&source, &wanted, &place, &keys.secret("a"));
    World {
        source,
        packages,
        root,
        hello,
        cache,
        keys,
    }
}

impl World {
    fn steps(&self, places: Vec<Arc<dyn Place>>) -> Steps {
        Steps::new(places, self.keys.trust(&["a"], 1), Cancel::default())
    }

    fn leaves(&self) -> Vec<ActionKey> {
        self.packages.iter().map(|step| step.action).collect()
    }

    fn replace(&self, name: &str, bytes: &[u8]) {
        let path = self.cache.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// A folder that tells which files were read.
#[derive(Debug)]
struct Watched {
    inner: Folder,
    read: Mutex<Vec<String>>,
    others: AtomicUsize,
}

impl Watched {
    fn new(path: &Path) -> Arc<Self> {
        Arc::new(Self {
            inner: Folder::new(path),
            read: Mutex::default(),
            others: AtomicUsize::new(0),
        })
    }
}

impl Place for Watched {
    fn title(&self) -> String {
        self.inner.title()
    }

    fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>> {
        self.read.lock().unwrap().push(name.into());
        self.inner.read(name, limit)
    }

    fn open(&self, name: &str, limit: u64, scratch: &Path) -> Result<Box<dyn Read>> {
        self.read.lock().unwrap().push(name.into());
        self.inner.open(name, limit, scratch)
    }

    fn has(&self, name: &str) -> Result<bool> {
        self.others.fetch_add(1, Ordering::SeqCst);
        self.inner.has(name)
    }

    fn put(&self, name: &str, fill: Fill<'_>) -> Result<u64> {
        self.others.fetch_add(1, Ordering::SeqCst);
        self.inner.put(name, fill)
    }

    fn settle(&self) -> Result<()> {
        self.inner.settle()
    }

    fn lanes(&self) -> usize {
        4
    }
}

#[test]
fn one_closure_tells_what_everything_came_out_as_that_its_output_was_made_from() {
    let world = world();
    let place = Watched::new(world.cache.path());
    let steps = world.steps(vec![place.clone()]);
    assert_eq!(steps.ask(&world.leaves()), Vec::<String>::new());
    let read = place.read.lock().unwrap().len();
    assert!(read <= 4 + 1, "{read} files were read for 40 actions");
    for step in world.packages.iter().chain([&world.root]) {
        let known = steps.known(&step.action).unwrap();
        assert_eq!(known.output, world.source.output(&step.path));
        assert!(!steps.offers(&step.action), "its contents are not there");
    }
    assert!(steps.offers(&world.hello.action));
    assert_eq!(place.others.load(Ordering::SeqCst), 0);
}

#[test]
fn an_output_comes_with_what_it_needs_and_without_what_it_was_made_from() {
    let world = world();
    let steps = world.steps(folder(world.cache.path()));
    steps.ask(&[world.hello.action]);
    let target = machine();
    let taken = steps.take(&target.store, &[world.hello.action], &|_| {});
    let taken = taken.unwrap();
    assert_eq!(taken.actions, [world.hello.action]);
    assert_eq!(taken.warnings, Vec::<String>::new());
    assert_eq!(taken.bytes, 14);
    let recorded = target
        .store
        .realisations()
        .get(&world.hello.action)
        .unwrap();
    assert_eq!(recorded.unwrap().output.path, world.hello.path);
    let closure = target.store.closure(&world.hello.path).unwrap();
    let mut names: Vec<&str> = closure.iter().map(StorePath::name).collect();
    names.sort_unstable();
    assert_eq!(names, ["hello", "library"]);
    assert_eq!(target.store.path_record(&world.root.path).unwrap(), None);
    assert_eq!(target.store.verify().unwrap(), []);
    assert!(!steps.offers(&world.hello.action), "it is here now");
}

#[test]
fn what_is_taken_stays_beside_a_collection_as_long_as_the_store_is_open() {
    let world = world();
    let steps = world.steps(folder(world.cache.path()));
    steps.ask(&[world.hello.action]);
    let target = machine();
    // One of its objects is there already, and nothing keeps it.
    target.file(b"hello", 0o755);
    target.store.release().unwrap();
    steps
        .take(&target.store, &[world.hello.action], &|_| {})
        .unwrap();
    let other = cairn_disk::Store::open(target.dir.path()).unwrap();
    let options = cairn_disk::GcOptions::default();
    {
        let collecting = other.collecting().unwrap();
        let snapshot = other.snapshot().unwrap();
        let plan = cairn_disk::GcPlan::new(&snapshot, &options).unwrap();
        assert!(plan.paths.is_empty() && plan.objects.is_empty(), "{plan:?}");
        drop(collecting);
    }
}

#[test]
fn a_closure_that_too_few_have_signed_is_a_warning_and_offers_nothing() {
    let world = world();
    let places = folder(world.cache.path());
    let trust = world.keys.trust(&["a", "b"], 2);
    let steps = Steps::new(places, trust, Cancel::default());
    let warnings = steps.ask(&[world.hello.action]);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("it has only 1"), "{warnings:?}");
    assert_eq!(steps.known(&world.hello.action), None);
    // The second signature, wherever it lies beside it, is enough.
    let found = cairn_cache::pull::find(
        &folder(world.cache.path()),
        world.hello.path.base_name(),
        &world.keys.trust(&["a"], 1),
    );
    let statement = found.unwrap().statement;
    let signature = world
        .keys
        .secret("b")
        .sign(&statement.encode(), "b")
        .unwrap();
    let id = &world.keys.secret("b").public().id.clone();
    world.replace(
        &names::signature(&statement.digest(), id),
        signature.as_bytes(),
    );
    let trust = world.keys.trust(&["a", "b"], 2);
    let steps = Steps::new(folder(world.cache.path()), trust, Cancel::default());
    assert_eq!(steps.ask(&[world.hello.action]), Vec::<String>::new());
    assert!(steps.offers(&world.hello.action));
}

#[test]
fn contents_that_were_tampered_with_are_a_warning_and_register_nothing() {
    let world = world();
    let mut packs = Vec::new();
    list(&world.cache.path().join("packs"), &mut packs);
    for pack in &packs {
        let mut plain = zstd::decode_all(&fs::read(pack).unwrap()[..]).unwrap();
        let last = plain.len() - 1;
        plain[last] ^= 1;
        fs::write(pack, zstd::encode_all(&plain[..], 3).unwrap()).unwrap();
    }
    let steps = world.steps(folder(world.cache.path()));
    steps.ask(&[world.hello.action]);
    let target = machine();
    let taken = steps.take(&target.store, &[world.hello.action], &|_| {});
    let taken = taken.unwrap();
    assert_eq!(taken.actions, []);
    assert!(taken.warnings[0].contains("packs/"), "{:?}", taken.warnings);
    assert!(taken.warnings[0].contains("is refused"));
    assert_eq!(target.store.path_record(&world.hello.path).unwrap(), None);
    assert!(!steps.offers(&world.hello.action), "it was tried");
}

#[test]
fn a_cache_that_is_not_reached_is_said_once_and_another_still_serves() {
    let world = world();
    let client = cairn_fetch::Client::new(Cancel::default());
    let client = client.retrying(1, std::time::Duration::from_millis(1));
    let nobody = cairn_cache::place("http://127.0.0.1:9", &client, &|_| None).unwrap();
    let mut places = vec![nobody];
    places.extend(folder(world.cache.path()));
    let steps = world.steps(places);
    let warnings = steps.ask(&world.leaves());
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("127.0.0.1:9"), "{warnings:?}");
    assert!(warnings[0].ends_with("it is asked no more"), "{warnings:?}");
    assert_eq!(steps.ask(&[world.hello.action]), Vec::<String>::new());
    assert!(steps.offers(&world.hello.action));
}

#[test]
fn what_leads_elsewhere_or_nowhere_makes_nothing_known() {
    let world = world();
    let foreign = ActionKey(cairn_graph::Digest::of(b"foreign"));
    let lead = format!("cairn-action 1\nclosure {}\n", world.hello.path.base_name());
    world.replace(&names::action(&foreign), lead.as_bytes());
    let steps = world.steps(folder(world.cache.path()));
    assert_eq!(steps.ask(&[foreign]), Vec::<String>::new());
    assert_eq!(steps.known(&foreign), None);
    for wrong in [
        "",
        "cairn-action 1\n",
        "cairn-action 1\nclosure ../../etc\n",
    ] {
        world.replace(&names::action(&foreign), wrong.as_bytes());
        let steps = world.steps(folder(world.cache.path()));
        let warnings = steps.ask(&[foreign]);
        assert!(
            warnings[0].contains(&names::action(&foreign)),
            "{warnings:?}"
        );
        assert_eq!(steps.known(&foreign), None);
    }
    let none = ActionKey(cairn_graph::Digest::of(b"none"));
    assert_eq!(
        world.steps(folder(world.cache.path())).ask(&[none]),
        Vec::<String>::new()
    );
}

#[test]
fn what_has_an_output_leads_further_than_what_only_names_it_whichever_was_pushed_first() {
    for root_first in [true, false] {
        let world = world();
        let cache = tempfile::tempdir().unwrap();
        let place = Folder::new(cache.path());
        let mut order = [&world.root.path, &world.hello.path];
        if !root_first {
            order.reverse();
        }
        for path in order {
            let wanted = Wanted::paths(std::slice::from_ref(path));
            push_to(&world.source, &wanted, &place, &world.keys.secret("a"));
        }
        let steps = world.steps(folder(cache.path()));
        steps.ask(&[world.root.action]);
        assert!(steps.offers(&world.root.action), "root first: {root_first}");
    }
}

#[test]
fn what_a_path_lost_comes_back_alone() {
    let world = world();
    let target = machine();
    let steps = world.steps(folder(world.cache.path()));
    steps.ask(&[world.hello.action]);
    steps
        .take(&target.store, &[world.hello.action], &|_| {})
        .unwrap();
    let object = cairn_graph::Digest::of(b"a library");
    let place = target.store.layout().object(&object, false);
    fs::remove_file(&place).unwrap();
    let steps = world.steps(folder(world.cache.path()));
    let lost: Vec<_> = target.store.lacking().unwrap().into_keys().collect();
    assert_eq!(lost.len(), 1);
    let lost = [(lost[0].clone(), vec![world.hello.action])];
    let (came, warnings) = steps.restore(&target.store, &lost).unwrap();
    assert_eq!((came.len(), warnings.len()), (1, 0), "{warnings:?}");
    assert_eq!(fs::read(place).unwrap(), b"a library");
    assert_eq!(target.store.verify().unwrap(), []);
}

#[test]
fn a_generation_answers_for_its_steps_too() {
    let world = pushed();
    let trust = world.keys.trust(&["a"], 1);
    let steps = Steps::new(folder(world.cache.path()), trust, Cancel::default());
    let action = ActionKey(cairn_graph::Digest::of(b"an action"));
    steps.ask(&[action]);
    let known = steps.known(&action).unwrap();
    assert_eq!(known.output.path, world.generation.system);
    assert!(steps.offers(&action));
}
