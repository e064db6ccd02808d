//! Why a package is there: what wanted it, and over which dependencies.
//!
//! In: dpkg's database in a generation's root, or the lock with the indexes that it was made from. Out: chains, and the lines of the configuration
//! that they begin at.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use cairn_debian::Lock;
use cairn_debian::lock::Wanted;
use cairn_debian::reasons::{self, Chain, Member, Start};
use cairn_disk::Store;
use cairn_graph::{Digest, EntryKind};
use cairn_options::{Standing, Why as Reasons};
use cairn_syntax::nearest;
use cairn_system::locking::{SYSTEM, TOOLS};
use cairn_system::session::{read_manifest, read_spec};
use serde_json::json;

use super::option;
use crate::commands::Ended;
use crate::context::Context;
use crate::error::CommandError;
use crate::ui::style::{GOOD, QUIET, STRONG, paint};

/// The option that lists packages.
const PACKAGES: &str = "packages";
/// The option that names the kernel's.
const KERNEL: &str = "kernel.package";
/// Chains that are shown; the shortest come first.
const SHOWN: usize = 5;
/// Dependents that are shown.
const SHOWN_DEPENDENTS: usize = 10;

/// Sets of packages, and where they were read; what is in a lock is read when it is asked for.
#[derive(Debug)]
pub struct Packages {
    /// `generation 3` or `cairn.lock`.
    from: String,
    /// The configuration that they come from, where that was written down.
    config: Option<PathBuf>,
    sets: Vec<Set>,
    wanted: Wanted,
    /// Sets that only the lock has.
    locked: Option<(Lock, Vec<String>)>,
}

/// The packages of one set.
#[derive(Debug)]
struct Set {
    name: String,
    /// In the form of dpkg's status file.
    status: String,
    /// The kernel that the generation asked for.
    kernel: Option<String>,
}

/// Where a wish stands in the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Wish {
    option: &'static str,
    place: Option<String>,
}

/// The packages of a generation, or of the lock where there is no generation yet.
pub fn load(
    context: &Context,
    generation: Option<u64>,
    file: &Path,
) -> Result<Option<Packages>, CommandError> {
    let store = context.store_if_there()?;
    let number = match (&store, generation) {
        (Some(_), Some(number)) => Some(number),
        (None, Some(number)) => {
            let known = Vec::new();
            return Err(CommandError::NoGeneration { number, known });
        }
        (Some(store), None) => store.generations().default()?,
        (None, None) => None,
    };
    if let (Some(store), Some(number)) = (&store, number) {
        return of_generation(context, store, number).map(Some);
    }
    of_lock(context, file)
}

fn of_generation(context: &Context, store: &Store, number: u64) -> Result<Packages, CommandError> {
    let generation = context.generation(store, number)?;
    let manifest = read_manifest(store, &generation.system)?;
    let spec = read_spec(store, &generation.system)?;
    let root = store.tree(&manifest.root)?;
    let status = match root.get("var/lib/dpkg/status").map(|entry| &entry.kind) {
        Some(EntryKind::File { digest, .. }) => {
            String::from_utf8_lossy(&store.read_object(digest)?).into_owned()
        }
        _ => String::new(),
    };
    // What only building needed is in no root: the lock knows it, where it is still the generation's.
    let config = PathBuf::from(&generation.config);
    let lock = context.session(&config).read_lock().ok().flatten();
    let lock = lock.filter(|lock| generation.lock == Some(Digest::of(lock.print().as_bytes())));
    Ok(Packages {
        from: format!("generation {number}"),
        config: Some(config),
        sets: vec![Set {
            name: SYSTEM.into(),
            status,
            kernel: Some(spec.kernel.package.clone()),
        }],
        wanted: cairn_system::locking::wanted(&spec),
        locked: lock.map(|lock| (lock, vec![TOOLS.to_owned()])),
    })
}

/// Of the lock beside a configuration.
fn of_lock(context: &Context, file: &Path) -> Result<Option<Packages>, CommandError> {
    let session = context.session(file);
    let Some(lock) = session.read_lock()? else {
        return Ok(None);
    };
    let sets = lock.sets.keys().cloned().collect();
    Ok(Some(Packages {
        from: session.lock_path().display().to_string(),
        config: Some(file.to_owned()),
        sets: Vec::new(),
        wanted: lock.wanted.clone(),
        locked: Some((lock, sets)),
    }))
}

impl Packages {
    /// Whether one of them is called so.
    pub fn has(&self, name: &str) -> bool {
        self.names().contains(name)
    }

    /// The name of one that may have been meant.
    pub fn near(&self, name: &str) -> Option<String> {
        nearest(name, self.names().into_iter()).map(str::to_owned)
    }

    fn names(&self) -> BTreeSet<&str> {
        let read = self
            .sets
            .iter()
            .flat_map(|set| reasons::members(&set.status));
        let mut names: BTreeSet<&str> = read.map(|member| member.name).collect();
        if let Some((lock, sets)) = &self.locked {
            let locked = sets.iter().filter_map(|set| lock.sets.get(set)).flatten();
            names.extend(locked.map(|package| package.name.as_str()));
        }
        names
    }

    /// Takes the sets of the lock with their relations: that reads whole indexes, and is done only for a package of these sets.
    fn with_locked(mut self, context: &Context, name: &str) -> Self {
        let Some((lock, sets)) = self.locked.take() else {
            return self;
        };
        let locked = sets.iter().filter_map(|set| lock.sets.get(set)).flatten();
        if !locked.into_iter().any(|package| package.name == name) {
            self.locked = Some((lock, sets));
            return self;
        }
        let session = context.session(self.config.as_deref().unwrap_or(Path::new("")));
        let mut members = session.locked_members(&lock);
        self.sets.extend(sets.into_iter().filter_map(|name| {
            let status = members.remove(&name)?;
            Some(Set {
                name,
                status,
                kernel: None,
            })
        }));
        self
    }
}

/// Prints why a package is there.
pub fn run(context: &Context, packages: Option<Packages>, file: &Path, name: &str) -> Ended {
    let unknown = |near: Option<String>| CommandError::NoPackage {
        name: name.to_owned(),
        near: near.into_iter().collect(),
    };
    let packages = packages
        .ok_or_else(|| unknown(None))?
        .with_locked(context, name);
    let wishes = Wishes::of(context, &packages, file);
    let mut text = String::new();
    let mut list = Vec::new();
    for set in &packages.sets {
        let members = reasons::members(&set.status);
        let Some(member) = members.iter().find(|member| member.name == name) else {
            continue;
        };
        let wanted: Vec<String> = packages
            .wanted
            .get(&set.name)
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        let chains = reasons::chains(&members, &wanted, name);
        let dependents = reasons::dependents(&members, name);
        let wish = |chain: &Chain| wishes.of_chain(set, chain);
        let _ = writeln!(
            text,
            "{} {} is in the set {} of {}",
            paint(STRONG, name),
            member.version,
            set.name,
            packages.from
        );
        for chain in chains.iter().take(SHOWN) {
            text.push_str(&lines(chain, &wish(chain)));
        }
        text.push_str(&rest(&members, &chains, &dependents));
        list.push(json!({
            "set": set.name,
            "version": member.version,
            "chains": chains.iter().map(|chain| chain_json(chain, &wish(chain))).collect::<Vec<_>>(),
            "dependents": dependents
                .iter()
                .map(|(package, clause)| json!({ "package": package, "by": clause }))
                .collect::<Vec<_>>(),
        }));
    }
    if list.is_empty() {
        return Err(unknown(packages.near(name)));
    }
    if context.globals.json {
        return context.json(&json!({
            "version": 1,
            "kind": "package",
            "package": name,
            "from": packages.from,
            "sets": list,
        }));
    }
    context.data(&text)
}

/// What the configuration says of the options that packages come from, looked up once.
struct Wishes {
    packages: Option<Reasons>,
    kernel: Option<Reasons>,
}

impl Wishes {
    /// The configuration may be gone or another one by now: then only the options are known.
    fn of(context: &Context, packages: &Packages, file: &Path) -> Self {
        let file = match &packages.config {
            Some(config) if !file.exists() => config.as_path(),
            _ => file,
        };
        Self {
            packages: option::find(context, file, PACKAGES).ok(),
            kernel: option::find(context, file, KERNEL).ok(),
        }
    }

    /// The option that a chain begins at, and the line that set it.
    fn of_chain(&self, set: &Set, chain: &Chain) -> Wish {
        let wanted = match &chain.start {
            Start::Wanted(wanted) if set.name != TOOLS => wanted,
            _ => return Wish::default(),
        };
        let quoted = format!("\"{wanted}\"");
        let place = |why: &Option<Reasons>, holds: &dyn Fn(&str) -> bool| {
            let mut definitions = why.iter().flat_map(|why| &why.definitions);
            let one = definitions.find(|one| one.standing == Standing::Won && holds(&one.text));
            one.map(|one| format!("{}:{}:{}", one.file, one.line, one.column))
        };
        let listed = place(&self.packages, &|text| text.contains(&quoted));
        if listed.is_none() && set.kernel.as_deref() == Some(wanted) {
            return Wish {
                option: KERNEL,
                place: place(&self.kernel, &|_| true),
            };
        }
        Wish {
            option: PACKAGES,
            place: listed,
        }
    }
}

fn lines(chain: &Chain, wish: &Wish) -> String {
    let start = match (&chain.start, wish.option, &wish.place) {
        (Start::Essential, ..) => "every Debian machine has it: it is essential".to_owned(),
        (Start::Wanted(wanted), "", _) => format!("Cairn needs {wanted} to build systems"),
        (Start::Wanted(wanted), option, None) => format!("{option} has {wanted}"),
        (Start::Wanted(wanted), option, Some(place)) => format!("{option} has {wanted}  {place}"),
    };
    let mut text = format!("  {}\n", paint(GOOD, start));
    for (depth, step) in chain.steps.iter().enumerate() {
        let blanks = " ".repeat(4 + depth * 2);
        let by = match &step.clause {
            Some(clause) if *clause != step.package => paint(QUIET, format!("  by {clause}")),
            _ => String::new(),
        };
        let arrow = if depth == 0 { "" } else { "→ " };
        let _ = writeln!(text, "{blanks}{arrow}{}{by}", step.package);
    }
    text
}

/// What is not shown as a chain.
fn rest(members: &[Member<'_>], chains: &[Chain], dependents: &[(&str, &str)]) -> String {
    let mut text = String::new();
    if chains.is_empty() {
        // Relations are unknown where the index is gone, and a package may only be recommended.
        let known = members.iter().any(|member| !member.depends.is_empty());
        text.push_str(if known {
            "  nothing that was asked for depends on it\n"
        } else {
            "  what depends on it is not known here: the package index of the lock is not kept\n"
        });
    }
    if chains.len() > SHOWN {
        let _ = writeln!(
            text,
            "  and {} longer ways (`--json` lists all)",
            chains.len() - SHOWN
        );
    }
    if !dependents.is_empty() {
        let names: Vec<&str> = dependents
            .iter()
            .take(SHOWN_DEPENDENTS)
            .map(|(name, _)| *name)
            .collect();
        let more = dependents.len().saturating_sub(SHOWN_DEPENDENTS);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let _ = writeln!(
            text,
            "  {} {}{more}",
            paint(QUIET, "depended on by"),
            names.join(", ")
        );
    }
    text
}

fn chain_json(chain: &Chain, wish: &Wish) -> serde_json::Value {
    let steps: Vec<_> = chain
        .steps
        .iter()
        .map(|step| json!({ "package": step.package, "by": step.clause }))
        .collect();
    let wanted = match &chain.start {
        Start::Wanted(wanted) => Some(wanted),
        Start::Essential => None,
    };
    let option = Some(wish.option).filter(|option| !option.is_empty());
    json!({
        "wanted": wanted,
        "essential": wanted.is_none(),
        "option": option,
        "place": wish.place,
        "steps": steps,
    })
}
