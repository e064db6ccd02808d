//! Mending a store: from itself, then from where its contents came.
//!
//! In: faults, the lock. Out: what was done for each, and what could not be, with what needs it and the command that would bring it back.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use cairn_disk::repair::Lack;
use cairn_disk::{Deed, Fault, Lock, Relations, Root, Store};
use cairn_graph::{ActionKey, StorePath};
use cairn_spec::Debian;
use cairn_system::session::{Again, Outcome, read_spec};

use crate::caches::CachedSteps;
use crate::context::Context;
use crate::error::{CommandError, on_one_line};
use crate::ui::progress::Progress;
use crate::ui::report::root_flag;
use crate::ui::style::{BAD, CHANGED, GOOD, QUIET, paint};

/// What was done, and what stays.
#[derive(Debug, Default)]
pub struct Mended {
    deeds: Vec<Deed>,
    again: Vec<Again>,
    left: Vec<Left>,
}

/// A path that stays without something.
#[derive(Debug)]
struct Left {
    path: StorePath,
    lacks: BTreeSet<Lack>,
    /// What needs it, in words.
    needed_by: Vec<String>,
    /// The command that would bring it back, or take it away.
    command: String,
}

/// Mends what can be mended.
pub fn mend(
    context: &Context,
    store: &Store,
    lock: &Lock,
    faults: &[Fault],
) -> Result<Mended, CommandError> {
    let mut mended = Mended {
        deeds: store.mend(lock, faults)?,
        ..Mended::default()
    };
    let lacking = store.lacking()?;
    if !lacking.is_empty()
        && let Some(caches) = CachedSteps::of(context)
    {
        mended.again = from_caches(context, store, &caches, lacking.keys())?;
    }
    if !store.lacking()?.is_empty() {
        let progress = Progress::new(&context.globals);
        let session = context.session(Path::new(""));
        let debian = debian(store);
        let made = session.make_again(store, &debian, &|event| progress.event(&event))?;
        mended.again.extend(made);
        progress.end();
    }
    mended.deeds.extend(store.remake_paths(lock)?);
    let lacking = store.lacking()?;
    // What could not be made again is made by the next switch: nothing is left that says it were there.
    for path in lacking.keys() {
        store.forget_makers(lock, path)?;
    }
    mended.left = left(context, store, lacking)?;
    if context.stop.is_cancelled() {
        return Err(CommandError::Interrupted);
    }
    Ok(mended)
}

/// Takes what paths lack from the configured caches: what they have is what was lost, to the digest, and costs no build.
fn from_caches<'a>(
    context: &Context,
    store: &Store,
    caches: &CachedSteps,
    lacking: impl Iterator<Item = &'a StorePath>,
) -> Result<Vec<Again>, CommandError> {
    let mut lost: BTreeMap<StorePath, Vec<ActionKey>> =
        lacking.map(|path| (path.clone(), Vec::new())).collect();
    for (path, action) in store.all_makers()? {
        if let Some(makers) = lost.get_mut(&path) {
            makers.push(action);
        }
    }
    let lost: Vec<_> = lost.into_iter().collect();
    let (came, warnings) = caches.steps().restore(store, &lost)?;
    for warning in warnings {
        context.warn(&warning);
    }
    let again = |path| Again {
        path,
        outcome: Outcome::Taken,
    };
    Ok(came.into_iter().map(again).collect())
}

/// Where the packages of the newest readable generation come from.
fn debian(store: &Store) -> Debian {
    let listing = store.generations().list().unwrap_or_default();
    let mut newest = listing.generations.iter().rev();
    let spec = newest.find_map(|generation| read_spec(store, &generation.system).ok());
    spec.map(|spec| spec.debian).unwrap_or_default()
}

fn left(
    context: &Context,
    store: &Store,
    lacking: BTreeMap<StorePath, BTreeSet<Lack>>,
) -> Result<Vec<Left>, CommandError> {
    if lacking.is_empty() {
        return Ok(Vec::new());
    }
    let relations = store.relations()?;
    let flag = root_flag(&context.globals.root);
    let one = |(path, lacks): (StorePath, BTreeSet<Lack>)| {
        let (needed_by, command) = needs(store, &relations, &path, &flag);
        Left {
            path,
            lacks,
            needed_by,
            command,
        }
    };
    Ok(lacking.into_iter().map(one).collect())
}

/// What needs a path, and what would bring it back.
fn needs(
    store: &Store,
    relations: &Relations,
    path: &StorePath,
    flag: &str,
) -> (Vec<String>, String) {
    let mut names: Vec<String> = Vec::new();
    let mut generations = BTreeSet::new();
    let mut named = false;
    for keeper in relations.keepers(path) {
        match keeper.root {
            Root::System(number) | Root::Part(number) => drop(generations.insert(number)),
            Root::Named(name) => {
                named = true;
                names.push(format!("root {name}"));
            }
        }
    }
    names.splice(
        0..0,
        generations
            .iter()
            .map(|number| format!("generation {number}")),
    );
    // The newest one's configuration is the likeliest to be there still.
    let newest = generations
        .last()
        .and_then(|number| store.generations().get(*number).ok());
    let command = match newest {
        Some(generation) => format!("cairn switch {}{flag}", generation.config),
        None if named => format!("cairn store add FILE --name {} --keep{flag}", path.name()),
        None => format!("cairn gc{flag}"),
    };
    (names, command)
}

impl Mended {
    /// What was done, a line each, for people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for deed in &self.deeds {
            let style = match deed {
                Deed::Quarantined { .. } => CHANGED,
                _ => GOOD,
            };
            let _ = writeln!(text, "{}", paint(style, deed));
        }
        for one in &self.again {
            let (style, words) = words(one);
            let _ = writeln!(text, "{}", paint(style, words));
        }
        for left in &self.left {
            let lacks: Vec<String> = left.lacks.iter().take(3).map(Lack::to_string).collect();
            let more = match left.lacks.len() {
                0..=3 => String::new(),
                all => format!(" and {} more", all - 3),
            };
            let line = format!("{} lacks {}{more}", left.path, lacks.join(", "));
            let _ = writeln!(text, "{}", paint(BAD, line));
            let needed = match left.needed_by.as_slice() {
                [] => "nothing keeps it: ".to_owned(),
                names => format!("needed by {}: ", names.join(", ")),
            };
            let what = match left.needed_by.as_slice() {
                [] => "takes it away",
                _ => "brings it back",
            };
            let _ = writeln!(text, "  {}`{}` {what}", paint(QUIET, needed), left.command);
        }
        text
    }

    /// The same for programs, with the faults as found and as left.
    pub fn json(
        &self,
        found: &[serde_json::Value],
        left: &[serde_json::Value],
    ) -> serde_json::Value {
        let deeds = self.deeds.iter().map(Deed::to_string);
        let again = self.again.iter().map(|one| words(one).1);
        let unmended: Vec<_> = self
            .left
            .iter()
            .map(|left| {
                serde_json::json!({
                    "path": left.path.logical(),
                    "lacks": left.lacks.iter().map(Lack::to_string).collect::<Vec<_>>(),
                    "needed_by": left.needed_by,
                    "command": left.command,
                })
            })
            .collect();
        serde_json::json!({
            "version": 1,
            "faults": found,
            "done": deeds.chain(again).collect::<Vec<_>>(),
            "unmended": unmended,
            "left": left,
        })
    }
}

fn words(again: &Again) -> (anstyle::Style, String) {
    let path = &again.path;
    match &again.outcome {
        Outcome::Fetched => (GOOD, format!("fetched {path} again")),
        Outcome::Taken => (GOOD, format!("took what {path} lacked from a cache")),
        Outcome::Built => (GOOD, format!("built {path} again")),
        Outcome::Otherwise(other) => (
            BAD,
            format!(
                "built {path} again, and it came out as {other}: its build is not reproducible"
            ),
        ),
        Outcome::Failed(failure) => (
            BAD,
            format!(
                "could not make {path} again: {}",
                on_one_line(&failure.source)
            ),
        ),
    }
}
