//! What is recorded of builds, in which order, what becomes of it when recording fails, and how a run ends.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use cairn_build::{
    BuildContext, BuildError, Builder, Builders, Built, Kind, Options, RealiseError, Realised,
    realise, rebuild,
};
use cairn_disk::{ObjectMeta, Store};
use cairn_graph::{BuildGraph, Content, Derivation, DerivationId, Output};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

type Deed = dyn Fn(&BuildContext<'_>) -> Result<String, BuildError> + Send + Sync;

/// Does something, and gives a file with the text that comes of it.
struct Act {
    deed: Arc<Deed>,
    kind: Kind,
}

impl Builder for Act {
    fn build(&self, context: &BuildContext<'_>) -> Result<Built, BuildError> {
        let text = (self.deed)(context)?;
        let meta = ObjectMeta {
            executable: false,
            mtime: 1,
        };
        let (digest, size) = context.store().put_bytes(text.as_bytes(), meta)?;
        let executable = false;
        Ok(Built::new(Content::File {
            digest,
            size,
            executable,
        }))
    }

    fn kind(&self) -> Kind {
        self.kind
    }
}

/// A store, and one derivation after the other, each with a builder of its own.
struct World {
    folder: tempfile::TempDir,
    store: Store,
    graph: BuildGraph,
    builders: Builders,
    options: Options,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            store: Store::open(folder.path()).unwrap(),
            folder,
            graph: BuildGraph::new(),
            builders: Builders::new(),
            options: Options {
                jobs: 1,
                ..Options::default()
            },
        }
    }

    /// A derivation that needs these and comes out as what `deed` gives.
    fn add(
        &mut self,
        name: &'static str,
        kind: Kind,
        needs: &[DerivationId],
        deed: impl Fn(&BuildContext<'_>) -> Result<String, BuildError> + Send + Sync + 'static,
    ) -> DerivationId {
        let deed: Arc<Deed> = Arc::new(deed);
        let builders = std::mem::take(&mut self.builders);
        self.builders = builders.with(name, Act { deed, kind });
        let id = self.graph.add(Derivation {
            name: name.into(),
            builder: name.into(),
            builder_version: 1,
            args: serde_json::Value::Null,
            fixed: None,
        });
        for (number, need) in needs.iter().enumerate() {
            self.graph
                .add_input(id, format!("i{number}"), *need)
                .unwrap();
        }
        id
    }

    fn realise(&self, root: DerivationId) -> Result<Realised, RealiseError> {
        let (graph, builders, store) = (&self.graph, &self.builders, &self.store);
        let cancelled = AtomicBool::new(false);
        realise(
            graph,
            &[root],
            builders,
            store,
            &self.options,
            &cancelled,
            &|_| {},
        )
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.folder.path().join("cairn/var").join(name)
    }
}

fn object_of(world: &World, output: &Output) -> PathBuf {
    let Content::File { digest, .. } = &output.content else {
        panic!("a file")
    };
    world.store.layout().object(digest, false)
}

/// Puts a file where a folder was: nothing can be written below it, not even by root.
fn block(folder: &Path) {
    fs::rename(folder, folder.with_extension("away")).unwrap();
    fs::write(folder, "").unwrap();
}

fn unblock(folder: &Path) {
    fs::remove_file(folder).unwrap();
    fs::rename(folder.with_extension("away"), folder).unwrap();
}

/// Waits for something, for a long time.
fn wait_for(mut is_so: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        if Instant::now() > until {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}

#[test]
fn an_output_whose_contents_are_gone_is_built_again() {
    let mut world = World::new();
    let times = Arc::new(AtomicUsize::new(0));
    let counted = times.clone();
    let low = world.add("low", Kind::Build, &[], move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok("low".into())
    });
    let high = world.add("high", Kind::Build, &[low], |_| Ok("high".into()));
    let first = world.realise(high).unwrap();
    let object = object_of(&world, &first.outputs[&high]);
    fs::remove_file(&object).unwrap();
    fs::remove_file(object_of(&world, &first.outputs[&low])).unwrap();
    let second = world.realise(high).unwrap();
    assert_eq!((second.built, second.skipped), (2, 0));
    assert_eq!(times.load(Ordering::SeqCst), 2);
    assert_eq!(fs::read(object).unwrap(), b"high");
    assert_eq!(second.outputs, first.outputs);
}

#[test]
fn what_cannot_be_recorded_is_an_error() {
    let mut world = World::new();
    let one = world.add("one", Kind::Build, &[], |_| Ok("one".into()));
    block(&world.folder("real"));
    let error = world.realise(one).unwrap_err();
    assert!(matches!(error, RealiseError::Store(_)), "{error:?}");
}

#[test]
fn what_could_not_be_recorded_at_once_is_recorded_at_the_end() {
    let mut world = World::new();
    world.options.record_every = Duration::ZERO;
    let real = world.folder("real");
    let low = {
        let real = real.clone();
        world.add("low", Kind::Build, &[], move |_| {
            block(&real);
            Ok("low".into())
        })
    };
    let high = {
        let real = real.clone();
        world.add("high", Kind::Build, &[low], move |_| {
            // Long enough for the watch to have tried.
            std::thread::sleep(Duration::from_millis(300));
            unblock(&real);
            Ok("high".into())
        })
    };
    let first = world.realise(high).unwrap();
    assert_eq!(first.built, 2);
    for action in first.actions.values() {
        assert!(world.store.realisations().get(action).unwrap().is_some());
    }
}

#[test]
fn what_is_finished_is_recorded_while_others_still_run() {
    let mut world = World::new();
    world.options.record_every = Duration::ZERO;
    let real = world.folder("real");
    let low = world.add("low", Kind::Build, &[], |_| Ok("low".into()));
    let high = world.add("high", Kind::Build, &[low], move |_| {
        let recorded = || fs::read_dir(&real).unwrap().count();
        Ok(wait_for(|| recorded() == 1).to_string())
    });
    let realised = world.realise(high).unwrap();
    let object = object_of(&world, &realised.outputs[&high]);
    assert_eq!(fs::read_to_string(object).unwrap(), "true");
}

#[test]
fn how_a_thing_is_made_is_recorded_before_that_it_was() {
    let mut world = World::new();
    let one = world.add("one", Kind::Build, &[], |_| Ok("one".into()));
    fs::create_dir_all(world.folder("drv")).unwrap();
    block(&world.folder("drv"));
    world.realise(one).unwrap_err();
    assert_eq!(fs::read_dir(world.folder("real")).unwrap().count(), 0);
    unblock(&world.folder("drv"));
    let realised = world.realise(one).unwrap();
    let action = realised.actions[&one];
    assert!(world.store.derivations().get(&action).unwrap().is_some());
    assert!(world.store.realisations().get(&action).unwrap().is_some());
}

#[test]
fn downloads_run_beside_the_builds() {
    let mut world = World::new();
    let here = Arc::new((Mutex::new(0), Condvar::new()));
    // Each waits for the other; with one lane for both nobody comes.
    let mut meet = |name, kind| {
        let here = here.clone();
        world.add(name, kind, &[], move |_| {
            let (count, came) = &*here;
            let mut count = count.lock().unwrap();
            *count += 1;
            came.notify_all();
            let wait = Duration::from_secs(20);
            let (count, _) = came.wait_timeout_while(count, wait, |n| *n < 2).unwrap();
            Ok(format!("{name} met {count}"))
        })
    };
    let (fetched, built) = (meet("fetched", Kind::Fetch), meet("built", Kind::Build));
    let both = world.add(
        "both",
        Kind::Build,
        &[fetched, built],
        |_| Ok("both".into()),
    );
    let realised = world.realise(both).unwrap();
    for (id, text) in [(fetched, "fetched met 2"), (built, "built met 2")] {
        let object = object_of(&world, &realised.outputs[&id]);
        assert_eq!(fs::read_to_string(object).unwrap(), text);
    }
}

#[test]
fn what_is_built_again_is_registered() {
    let mut world = World::new();
    let one = world.add("one", Kind::Build, &[], |_| Ok("one".into()));
    let realised = world.realise(one).unwrap();
    let path = &realised.outputs[&one].path;
    let record = world.folder("paths").join(path.base_name());
    fs::remove_file(&record).unwrap();
    let action = realised.actions[&one];
    let made = world.store.derivations().get(&action).unwrap().unwrap();
    let (builders, store, options) = (&world.builders, &world.store, &world.options);
    let cancelled = AtomicBool::new(false);
    rebuild(
        one,
        &made.resolved,
        builders,
        store,
        options,
        &cancelled,
        &|_| {},
    )
    .unwrap();
    assert!(world.store.path_record(path).unwrap().is_some());
}

#[test]
fn a_failure_ends_a_run_in_which_others_were_ready() {
    let (send, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut world = World::new();
        let names = ["bad", "next", "third"];
        let all = names.map(|name| {
            world.add(name, Kind::Build, &[], move |_| match name {
                "bad" => Err(BuildError::failed("told to fail")),
                _ => Ok(name.into()),
            })
        });
        let top = world.add("top", Kind::Build, &all, |_| Ok("top".into()));
        send.send(world.realise(top)).unwrap();
    });
    let error = ended.recv_timeout(Duration::from_mins(1)).unwrap();
    let Err(RealiseError::Failed { not_built, .. }) = error else {
        panic!("{error:?}")
    };
    assert_eq!(not_built, 3, "of equals the first is begun first");
}
