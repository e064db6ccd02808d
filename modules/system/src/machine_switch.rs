//! Switching the machine that runs: joins the store's generations with `cairn-activation`.
//!
//! In: a store, a generation. Out: a [`MachinePlan`], and its application. Decides which generations are offered to the boot loader;
//! what is written to the boot partition is decided by `cairn-boot`, what else changes by `cairn-activation`. Knows no
//! configuration and builds nothing.
//!
//! A command calls, under the store's lock where one is asked for:
//!
//! 1. [`machine`], before anything long: `None` for a root that is a folder (then there is only the store), an error where
//!    a switch could not work at all;
//! 2. [`finish`]: what an interrupted switch left undone; [`sync_states`]: which generations booted well or failed;
//! 3. [`machine_plan`] for `switch` and `rollback`, [`machine_plan_without`] for `gc` *before* it collects;
//! 4. [`apply`]: the machine, then the store's default in the same journal; not `set_default` by itself.
//!
//! Who only looks calls [`look`], [`state_changes`], [`running_generation`] and [`boots_next`].

use crate::disk_image::{self, Bootable, ImageError, is_offered};
use crate::session::read_manifest;
use cairn_activation::{Applied, MachinePlan, Observed, Places};
use cairn_boot::{EntryName, Unreadable};
use cairn_disk::{Generation, GenerationState, Lock, Store};
use cairn_graph::Digest;
use std::collections::BTreeMap;
use std::path::Path;

/// Why the machine can't be switched.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    /// Another system runs here.
    #[error("this machine was not booted by Cairn; use `--root DIR` and `cairn image`")]
    NotBooted,
    /// The generation that shall boot is not usable.
    #[error("generation {number} can't be made to boot: {cause}")]
    Chosen {
        /// Which.
        number: u64,
        /// Why.
        cause: String,
    },
    /// The machine.
    #[error(transparent)]
    Activation(#[from] cairn_activation::Error),
    /// What the boot loader is asked for.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The store.
    #[error(transparent)]
    Store(#[from] cairn_disk::Error),
}

/// What the boot loader has made known of a generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateChange {
    /// The generation.
    pub number: u64,
    /// Its state from now on.
    pub state: GenerationState,
}

/// The machine whose root this is; `None` for a folder, where only the store changes.
///
/// Errors: [`MachineError::NotBooted`], [`MachineError::Activation`] without a boot partition that can be written.
pub fn machine(root: &Path) -> Result<Option<Observed>, MachineError> {
    Places::of(root).map(|places| observe(&places)).transpose()
}

/// What makes a generation boot next; `None` below a folder. Changes nothing.
///
/// Errors: as [`machine`]; [`MachineError::Chosen`]; [`MachineError::Activation`] when the boot partition has no room.
pub fn machine_plan(store: &Store, chosen: u64) -> Result<Option<MachinePlan>, MachineError> {
    let places = Places::of(store.layout().root());
    let plan = places.map(|places| plan_at(store, &places, Choice::Exactly(chosen), &[]));
    plan.transpose()
}

/// What takes generations out of the boot menu, before the collector deletes them; `None` below a folder.
///
/// The default and what runs stay; when the default failed to boot, what runs takes its place. Errors: as [`machine_plan`].
pub fn machine_plan_without(
    store: &Store,
    gone: &[u64],
) -> Result<Option<MachinePlan>, MachineError> {
    let places = Places::of(store.layout().root());
    places
        .map(|places| plan_at(store, &places, Choice::Rather(None), gone))
        .transpose()
}

/// Applies a plan, then makes its generation the store's default; one that had failed is to be tried again.
///
/// Errors: [`MachineError::Activation`]; then [`finish`] does the rest.
pub fn apply(store: &Store, _lock: &Lock, plan: &MachinePlan) -> Result<Applied, MachineError> {
    let chosen = u64::from(plan.chosen);
    let commit = || -> cairn_disk::Result<()> {
        let generations = store.generations();
        if let GenerationState::Failed { .. } = generations.get(chosen)?.state {
            generations.set_state(chosen, GenerationState::Pending)?;
        }
        generations.set_default(chosen)
    };
    Ok(cairn_activation::apply(plan, || Ok(commit()?))?)
}

/// Finishes an interrupted switch, and says which generation boots next: the one it was to, unless that is gone or has failed since.
///
/// Errors: as [`machine_plan`] and [`apply`].
pub fn finish(store: &Store, lock: &Lock) -> Result<Option<(u64, Applied)>, MachineError> {
    match Places::of(store.layout().root()) {
        Some(places) => finish_at(store, lock, &places),
        None => Ok(None),
    }
}

fn finish_at(
    store: &Store,
    lock: &Lock,
    places: &Places,
) -> Result<Option<(u64, Applied)>, MachineError> {
    let Some(journal) = cairn_activation::pending(&places.root)? else {
        return Ok(None);
    };
    let plan = plan_at(
        store,
        places,
        Choice::Rather(Some(u64::from(journal.chosen))),
        &[],
    )?;
    let applied = apply(store, lock, &plan)?;
    Ok(Some((u64::from(plan.chosen), applied)))
}

/// Takes over what the boot loader knows: an entry without a counter booted well, one with no tries left failed.
///
/// Errors: [`MachineError::Store`].
pub fn sync_states(
    store: &Store,
    _lock: &Lock,
    machine: &Observed,
) -> Result<Vec<StateChange>, MachineError> {
    let changes = state_changes(store, machine)?;
    for StateChange { number, state } in &changes {
        store.generations().set_state(*number, state.clone())?;
    }
    Ok(changes)
}

/// What the boot loader knows and the store does not yet; changes nothing.
///
/// Errors: [`MachineError::Store`].
pub fn state_changes(store: &Store, machine: &Observed) -> Result<Vec<StateChange>, MachineError> {
    let mut changes = Vec::new();
    for generation in store.generations().list()?.generations {
        let said = state_in(machine, generation.number);
        let Some(state) = said.filter(|state| *state != generation.state) else {
            continue;
        };
        // Why it failed was said when it did.
        let both_failed = |state: &GenerationState| matches!(state, GenerationState::Failed { .. });
        if both_failed(&state) && both_failed(&generation.state) {
            continue;
        }
        let number = generation.number;
        changes.push(StateChange { number, state });
    }
    Ok(changes)
}

/// The machine whose root this is, as it is found: also one that can't be switched. `None` for a folder.
///
/// Errors: [`MachineError::Activation`].
pub fn look(root: &Path) -> Result<Option<Observed>, MachineError> {
    let places = Places::of(root);
    Ok(places
        .map(|it| cairn_activation::observe(&it))
        .transpose()?)
}

/// The generation that runs, if it is one of this store's.
///
/// Errors: [`MachineError::Store`].
pub fn running_generation(store: &Store, machine: &Observed) -> Result<Option<u64>, MachineError> {
    let Some(booted) = &machine.booted else {
        return Ok(None);
    };
    let mut roots = Vec::new();
    for generation in store.generations().list()?.generations {
        // What can't be read can't be told from what runs by its root.
        if let Ok(manifest) = read_manifest(store, &generation.system) {
            roots.push((generation.number, manifest.root_image.digest));
        }
    }
    Ok(running(&roots, booted))
}

/// The generation that the boot loader starts next if no key is pressed: the default, unless it is used up or not in the menu.
pub fn boots_next(machine: &Observed, default: Option<u64>) -> Option<u64> {
    let entries = machine.esp.as_ref().map_or(&[][..], |esp| &esp.entries);
    let is_tried = |entry: &&EntryName| !entry.counter.is_some_and(cairn_boot::Counter::is_spent);
    let mut numbers = entries.iter().filter(is_tried);
    let of_default = |entry: &&EntryName| Some(u64::from(entry.generation)) == default;
    let newest = || entries.iter().filter(is_tried).map(|e| e.generation).max();
    let found = numbers.find(of_default).map(|entry| entry.generation);
    found.or_else(newest).map(u64::from)
}

/// What the boot menu says of a generation.
fn state_in(machine: &Observed, number: u64) -> Option<GenerationState> {
    let entries = machine.esp.as_ref().map_or(&[][..], |esp| &esp.entries);
    let running = machine.booted.as_ref().and_then(|booted| booted.generation);
    let of_number = |entry: &&EntryName| u64::from(entry.generation) == number;
    // Of two entries the blessed one counts; it sorts first.
    entries
        .iter()
        .filter(of_number)
        .min()
        .and_then(|entry| state_of(entry, running))
}

/// What an entry's name says; nothing while it is being tried, as the last try of what runs is.
fn state_of(entry: &EntryName, running: Option<u32>) -> Option<GenerationState> {
    match entry.counter {
        None => Some(GenerationState::Good),
        Some(counter) if counter.is_spent() && running != Some(entry.generation) => {
            let why = format!(
                "the boot loader gave it up after {} tries that did not come up",
                counter.tries_done
            );
            Some(GenerationState::Failed { why })
        }
        Some(_) => None,
    }
}

fn observe(places: &Places) -> Result<Observed, MachineError> {
    let machine = cairn_activation::observe(places)?;
    if machine.booted.is_none() {
        return Err(MachineError::NotBooted);
    }
    machine.esp_to_write()?;
    Ok(machine)
}

/// Which generation shall boot next.
#[derive(Debug, Clone, Copy)]
enum Choice {
    /// This one: a person asked for it, also when it failed before.
    Exactly(u64),
    /// This one, or the default, or what runs: the first that did not fail.
    Rather(Option<u64>),
}

/// The number that a choice means here, and what to say about it.
fn choose(
    choice: Choice,
    default: Option<u64>,
    running: Option<u64>,
    usable: impl Fn(u64) -> bool,
) -> Result<(u64, Option<String>), ImageError> {
    let wished = match choice {
        Choice::Exactly(number) => return Ok((number, None)),
        Choice::Rather(wished) => wished,
    };
    let mut candidates = [wished, default].into_iter().flatten();
    let usable_one = candidates.find(|number| Some(*number) == running || usable(*number));
    let number = usable_one.or(running).ok_or(ImageError::NoGeneration)?;
    let passed_over = wished.or(default).filter(|wished| *wished != number);
    let note = passed_over.map(|one| {
        format!("generation {one} is gone or failed to boot: generation {number} boots next")
    });
    Ok((number, note))
}

/// Plans the machine for a choice, without the generations that will be `gone`.
fn plan_at(
    store: &Store,
    places: &Places,
    choice: Choice,
    gone: &[u64],
) -> Result<MachinePlan, MachineError> {
    let machine = observe(places)?;
    let booted = machine.booted.as_ref().ok_or(MachineError::NotBooted)?;
    let listing = store.generations().list()?;
    let mut readable = Vec::new();
    let mut unreadable: BTreeMap<u64, String> = BTreeMap::new();
    unreadable.extend(
        listing
            .unreadable
            .iter()
            .map(|(number, error)| (*number, error.to_string())),
    );
    for generation in listing.generations {
        let number = generation.number;
        match one_bootable(store, generation) {
            Ok(bootable) => readable.push(bootable),
            Err(error) => drop(unreadable.insert(number, error.to_string())),
        }
    }
    let roots = readable.iter().map(|bootable| {
        let root = bootable.manifest.root_image.digest;
        (bootable.generation.number, root)
    });
    let running = running(&roots.collect::<Vec<_>>(), booted);
    let usable = |number: u64| {
        let found = readable
            .iter()
            .find(|bootable| bootable.generation.number == number);
        found.is_some_and(|bootable| {
            let said =
                state_in(&machine, number).unwrap_or_else(|| bootable.generation.state.clone());
            !matches!(said, GenerationState::Failed { .. })
        })
    };
    let default = store.generations().default()?;
    let (chosen, note) = choose(choice, default, running, usable)?;
    if !readable
        .iter()
        .any(|bootable| bootable.generation.number == chosen)
    {
        let cause = unreadable
            .remove(&chosen)
            .unwrap_or_else(|| "there is no such generation".into());
        return Err(MachineError::Chosen {
            number: chosen,
            cause,
        });
    }
    readable.retain(|Bootable { generation, .. }| {
        let number = generation.number;
        number == chosen
            || Some(number) == running
            || (is_offered(generation) && !gone.contains(&number))
    });
    unreadable.retain(|number, _| !gone.contains(number));
    let mut request = disk_image::boot_request(store, &readable, chosen, &booted.state, running)?;
    let unreadable = unreadable.into_iter();
    request.unreadable = unreadable
        .map(|(number, cause)| Unreadable {
            number: number as u32,
            cause,
        })
        .collect();
    let folder = &machine.esp_to_write()?.folder;
    let esp = cairn_boot::observe(folder).map_err(cairn_activation::Error::Boot)?;
    let mut plan = cairn_activation::plan(&request, &machine, &esp)?;
    plan.notes.extend(note);
    Ok(plan)
}

/// A generation with all that its boot entry needs.
fn one_bootable(store: &Store, generation: Generation) -> Result<Bootable, ImageError> {
    let number = generation.number;
    let bootable = disk_image::bootable(store, vec![generation])?
        .pop()
        .ok_or(ImageError::NoGeneration)?;
    let manifest = &bootable.manifest;
    let parts = [
        ("kernel", &manifest.kernel),
        ("initrd", &manifest.initrd),
        ("root image", &manifest.root_image),
    ];
    for (part, needed) in parts {
        if store
            .object_path(&needed.digest, needed.executable)
            .is_none()
        {
            return Err(ImageError::Lost { part, number });
        }
    }
    Ok(bootable)
}

/// The generation that runs, of numbers with their roots: the root decides, the number only between equal roots.
fn running(roots: &[(u64, Digest)], booted: &cairn_activation::Booted) -> Option<u64> {
    let same = roots.iter().filter(|(_, root)| *root == booted.root);
    let numbers: Vec<u64> = same.map(|(number, _)| *number).collect();
    let label = booted.generation.map(u64::from);
    label
        .filter(|label| numbers.contains(label))
        .or(numbers.last().copied())
}

#[cfg(test)]
mod tests;
