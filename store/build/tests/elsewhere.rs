//! Graphs of toy derivations of which another store has made some already.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use cairn_build::{
    BuildContext, BuildError, Builder, Builders, Built, Elsewhere, Event, Kind, Need, Options,
    Realised, plan_asking, realise,
};
use cairn_disk::{ObjectMeta, Store};
use cairn_graph::{ActionKey, BuildGraph, Content, Derivation, DerivationId, Realisation};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

/// Joins its text and the contents of its inputs.
struct Join(Arc<Mutex<Vec<String>>>);

impl Builder for Join {
    fn build(&self, context: &BuildContext<'_>) -> Result<Built, BuildError> {
        let args: BTreeMap<String, Value> = context.args()?;
        let name = context.derivation().name.clone();
        self.0.lock().unwrap().push(name);
        let text = args.get("text").and_then(Value::as_str);
        let mut text = text.unwrap_or_default().as_bytes().to_vec();
        for output in context.inputs().values() {
            if let Content::File { digest, .. } = &output.content {
                text.extend(context.store().read_object(digest)?);
            }
        }
        let meta = ObjectMeta {
            executable: false,
            mtime: 0,
        };
        let (digest, size) = context.store().put_bytes(&text, meta)?;
        Ok(Built::new(Content::File {
            digest,
            size,
            executable: false,
        }))
    }

    fn kind(&self) -> Kind {
        Kind::Build
    }
}

/// Another store, and what it was asked for.
#[derive(Debug)]
struct Other {
    world: World,
    asked: Mutex<Vec<ActionKey>>,
    tried: Mutex<HashSet<ActionKey>>,
    /// Names of outputs that it says it has, and that do not come.
    lost: Vec<String>,
    /// Names of outputs of which it only says what they are.
    named: Vec<&'static str>,
}

impl Other {
    fn of(world: World) -> Arc<Self> {
        Self::without(world, &[])
    }

    fn without(world: World, lost: &[&str]) -> Arc<Self> {
        Arc::new(Self {
            world,
            asked: Mutex::default(),
            tried: Mutex::default(),
            named: Vec::new(),
            lost: lost.iter().map(|name| (*name).to_owned()).collect(),
        })
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl Elsewhere for Other {
    fn known(&self, action: &ActionKey) -> Option<Realisation> {
        let asked = self.asked.lock().unwrap().contains(action);
        asked.then(|| self.world.store.realisations().get(action).unwrap())?
    }

    fn offers(&self, action: &ActionKey) -> bool {
        let known = self.known(action);
        let is_had = known.is_some_and(|known| !self.named.contains(&known.output.path.name()));
        is_had && !self.tried.lock().unwrap().contains(action)
    }

    fn ask(&self, actions: &[ActionKey], _: &(dyn Fn(Event) + Sync)) {
        let mut asked = self.asked.lock().unwrap();
        for action in actions {
            if !asked.contains(action) {
                asked.push(*action);
            }
        }
    }

    fn take(
        &self,
        store: &Store,
        actions: &[ActionKey],
        events: &(dyn Fn(Event) + Sync),
    ) -> Result<Vec<ActionKey>, cairn_disk::Error> {
        let mut came = Vec::new();
        for action in actions {
            let known = self.known(action).unwrap();
            self.tried.lock().unwrap().insert(*action);
            if self
                .lost
                .iter()
                .any(|name| name == known.output.path.name())
            {
                let text = format!("{} did not come", known.output.path);
                events(Event::Warning { text });
                continue;
            }
            let Content::File { digest, .. } = known.output.content else {
                panic!("only files are made here");
            };
            let meta = ObjectMeta {
                executable: false,
                mtime: 0,
            };
            let bytes = self.world.store.read_object(&digest)?;
            store.put_bytes(&bytes, meta)?;
            store.realisations().put(&known)?;
            came.push(*action);
        }
        Ok(came)
    }
}

/// A store, and what was built in it.
#[derive(Debug)]
struct World {
    _folder: tempfile::TempDir,
    store: Store,
    built: Arc<Mutex<Vec<String>>>,
    warnings: Mutex<Vec<String>>,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            store: Store::open(folder.path()).unwrap(),
            _folder: folder,
            built: Arc::default(),
            warnings: Mutex::default(),
        }
    }

    fn realise(
        &self,
        graph: &BuildGraph,
        wanted: DerivationId,
        elsewhere: Option<Arc<Other>>,
        taken_along: &[DerivationId],
    ) -> Realised {
        let builders = Builders::new().with("join", Join(self.built.clone()));
        let options = Options {
            jobs: 2,
            elsewhere: elsewhere.map(|other| other as Arc<dyn Elsewhere>),
            taken_along: taken_along.to_vec(),
            ..Options::default()
        };
        let cancelled = AtomicBool::new(false);
        let events = |event| {
            if let Event::Warning { text } = event {
                self.warnings.lock().unwrap().push(text);
            }
        };
        let roots = [wanted];
        realise(
            graph,
            &roots,
            &builders,
            &self.store,
            &options,
            &cancelled,
            &events,
        )
        .unwrap()
    }

    fn built(&self) -> Vec<String> {
        let mut built = self.built.lock().unwrap().clone();
        built.sort();
        built
    }

    fn text(&self, realised: &Realised, id: DerivationId) -> String {
        let Content::File { digest, .. } = realised.outputs[&id].content else {
            panic!("no file");
        };
        String::from_utf8(self.store.read_object(&digest).unwrap()).unwrap()
    }
}

/// `top` needs `middle`, that needs `bottom`.
fn tower(bottom: &Value, top: &str) -> (BuildGraph, [DerivationId; 3]) {
    let mut graph = BuildGraph::new();
    let mut add = |name: &str, args: Value, input: Option<DerivationId>| {
        let id = graph.add(Derivation {
            name: name.into(),
            builder: "join".into(),
            builder_version: 1,
            args,
            fixed: None,
        });
        if let Some(input) = input {
            graph.add_input(id, "below", input).unwrap();
        }
        id
    };
    let bottom = add("bottom", bottom.clone(), None);
    let middle = add("middle", json!({ "text": "m" }), Some(bottom));
    let top = add("top", json!({ "text": top }), Some(middle));
    (graph, [bottom, middle, top])
}

fn elsewhere(lost: &[&str]) -> Arc<Other> {
    let world = World::new();
    let (graph, [.., top]) = tower(&json!({ "text": "b" }), "t");
    world.realise(&graph, top, None, &[]);
    Other::without(world, lost)
}

#[test]
fn what_others_made_is_taken_and_nothing_that_it_was_made_from() {
    let (graph, [_, middle, top]) = tower(&json!({ "text": "b" }), "t");
    let (here, other) = (World::new(), elsewhere(&[]));
    let realised = here.realise(&graph, top, Some(other.clone()), &[]);
    assert_eq!(here.built(), Vec::<String>::new());
    assert_eq!((realised.built, realised.taken), (0, 1));
    assert_eq!(here.text(&realised, top), "tmb");
    let below = realised.outputs[&middle].path.clone();
    assert_eq!(here.store.path_record(&below).unwrap(), None);
    // What the keys came from is remembered: the next run asks nobody.
    let again = here.realise(&graph, top, None, &[]);
    assert_eq!((again.built, again.outputs), (0, realised.outputs));
    assert_eq!(here.built(), Vec::<String>::new());
    assert_eq!(here.store.verify().unwrap(), []);
    let along = World::new();
    let realised = along.realise(&graph, top, Some(elsewhere(&[])), &[middle]);
    assert_eq!(realised.taken, 2);
    assert!(along.store.path_record(&below).unwrap().is_some());
}

#[test]
fn an_output_is_found_through_inputs_of_which_only_the_outcome_is_known() {
    let (graph, [_, middle, top]) = tower(&json!({ "text": "b" }), "t");
    let mut other = elsewhere(&[]);
    Arc::get_mut(&mut other).unwrap().named = vec!["bottom", "middle"];
    let plan = plan_asking(&graph, &[top], None, other.as_ref(), &|_| {}).unwrap();
    assert_eq!(plan.needed.len(), 1, "{}", plan.display(&graph));
    let here = World::new();
    let realised = here.realise(&graph, top, Some(other.clone()), &[middle]);
    assert_eq!((realised.built, realised.taken), (0, 1));
    // What is needed whole after all is made.
    let (graph, [.., top]) = tower(&json!({ "text": "b" }), "new");
    here.realise(&graph, top, Some(other), &[]);
    assert_eq!(here.built(), ["bottom", "middle", "top"]);
}

#[test]
fn where_all_is_here_nobody_is_asked_and_otherwise_nothing_twice() {
    let (graph, [.., top]) = tower(&json!({ "text": "b" }), "t");
    let other = Other::of(World::new());
    let here = World::new();
    here.realise(&graph, top, Some(other.clone()), &[]);
    assert_eq!(here.built(), ["bottom", "middle", "top"]);
    assert_eq!(other.asked(), 3);
    here.realise(&graph, top, Some(other.clone()), &[]);
    assert_eq!(other.asked(), 3);
    let fresh = Other::of(World::new());
    here.realise(&graph, top, Some(fresh.clone()), &[]);
    assert_eq!(fresh.asked(), 0);
}

#[test]
fn only_what_others_lack_is_made_on_what_comes_from_them() {
    let (graph, [.., top]) = tower(&json!({ "text": "b" }), "new");
    let here = World::new();
    let realised = here.realise(&graph, top, Some(elsewhere(&[])), &[]);
    assert_eq!(here.built(), ["top"]);
    assert_eq!(realised.taken, 1);
    assert_eq!(here.text(&realised, top), "newmb");
}

#[test]
fn what_does_not_come_after_all_is_made_with_what_it_needs() {
    let (graph, [.., top]) = tower(&json!({ "text": "b" }), "t");
    for (lost, built) in [
        (&["top"][..], &["top"][..]),
        (&["top", "middle"], &["middle", "top"]),
        (&["top", "middle", "bottom"], &["bottom", "middle", "top"]),
    ] {
        let here = World::new();
        let realised = here.realise(&graph, top, Some(elsewhere(lost)), &[]);
        assert_eq!(here.built(), built);
        assert_eq!(here.text(&realised, top), "tmb");
        assert_eq!(here.warnings.lock().unwrap().len(), lost.len());
    }
}

#[test]
fn a_key_that_is_known_only_after_a_build_is_asked_for_then() {
    // Another derivation that comes out the same.
    let (graph, [.., top]) = tower(&json!({ "text": "b", "comment": "another" }), "t");
    let here = World::new();
    let realised = here.realise(&graph, top, Some(elsewhere(&[])), &[]);
    assert_eq!(here.built(), ["bottom"]);
    assert_eq!((realised.built, realised.taken), (1, 2));
    assert_eq!(here.text(&realised, top), "tmb");
}

#[test]
fn a_plan_says_what_would_be_taken_and_takes_nothing() {
    let (graph, [bottom, middle, top]) = tower(&json!({ "text": "b" }), "new");
    let (here, other) = (World::new(), elsewhere(&[]));
    for store in [None, Some(&here.store)] {
        let plan = plan_asking(&graph, &[top], store, other.as_ref(), &|_| {}).unwrap();
        assert!(matches!(plan.needed[&middle], Need::Elsewhere(_)));
        assert!(matches!(plan.needed[&top], Need::New(_)));
        assert!(!plan.needed.contains_key(&bottom));
        assert_eq!(plan.offered().len(), 1);
    }
    assert!(other.tried.lock().unwrap().is_empty());
}
