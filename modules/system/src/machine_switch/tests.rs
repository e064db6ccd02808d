//! Claims on switching a machine together with its store.
//!
//! The store is a real one; the machine around it is a folder with a boot partition, mounts and a command line.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::manifest::{MANIFEST, Part, SystemManifest};
use cairn_boot::Counter;
use cairn_disk::{NewGeneration, ObjectMeta};
use cairn_graph::{Content, Digest, Entry, EntryKind, StorePath, Tree};
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

const PLAIN: ObjectMeta = ObjectMeta {
    executable: false,
    mtime: 1,
};

struct Machine {
    dir: TempDir,
    store: Store,
    places: Places,
}

impl Machine {
    /// A machine with this many generations; the first runs, is blessed and the default.
    fn new(count: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().to_owned();
        let store = Store::open(&root).unwrap();
        for folder in ["efi", "variables"] {
            fs::create_dir(root.join(folder)).unwrap();
        }
        let efi = root.join("efi");
        let mounts = format!("41 22 8:1 / {} rw - vfat /dev/vda1 rw\n", efi.display());
        fs::write(root.join("mountinfo"), mounts).unwrap();
        let places = Places {
            command_line: root.join("cmdline"),
            mounts: root.join("mountinfo"),
            variables: root.join("variables"),
            root,
        };
        let machine = Self { dir, store, places };
        for number in 1..=count {
            machine.add(number);
        }
        machine.run(1);
        machine.switch(1);
        machine.rename(1, None);
        machine.sync();
        machine
    }

    fn part(&self, text: &str) -> Part {
        let (digest, size) = self.store.put_bytes(text.as_bytes(), PLAIN).unwrap();
        Part {
            digest,
            size,
            executable: false,
        }
    }

    fn add(&self, number: u64) {
        let manifest = SystemManifest {
            version: 1,
            host: "web1".into(),
            kernel_release: "6.12".into(),
            kernel: self.part("kernel"),
            initrd: self.part("initrd"),
            loader: Some(self.part("loader")),
            root_image: self.part(&format!("root {number}")),
            root: Digest::of(b"tree"),
            root_path: self.path("root", &[("a", "b".into())]),
            root_bytes: 1,
            root_entries: 1,
            packages: BTreeMap::new(),
        };
        let spec = serde_json::json!({
            "host": { "name": "web1" }, "time": { "zone": "UTC" }, "packages": [], "users": {}, "groups": {},
            "files": {}, "units": {}, "kernel": { "package": "linux-image-amd64" },
        });
        let spec = cairn_spec::from_json(spec).unwrap().to_json().unwrap();
        let manifest = serde_json::to_string(&manifest).unwrap();
        let system = self.path("system", &[(MANIFEST, manifest), ("system.json", spec)]);
        let new = NewGeneration {
            system,
            date: "2025-01-02T03:04:05Z".parse().unwrap(),
            description: String::new(),
            config: "system.cairn".into(),
            lock: None,
            command: "switch".into(),
            keeps: Vec::new(),
        };
        assert_eq!(self.store.generations().add(new).unwrap().number, number);
    }

    fn path(&self, name: &str, files: &[(&str, String)]) -> StorePath {
        let mut tree = Tree::new();
        for (name, text) in files {
            let (digest, size) = self.store.put_bytes(text.as_bytes(), PLAIN).unwrap();
            tree.insert(name, Entry::new(EntryKind::File { digest, size }, 0o644))
                .unwrap();
        }
        let digest = self.store.put_tree(&tree).unwrap();
        self.store
            .add_path(name, Content::Tree { digest }, &[])
            .unwrap()
    }

    /// Boots a generation.
    fn run(&self, number: u64) {
        let root = self.part(&format!("root {number}")).digest;
        let text = format!("cairn.gen={number} cairn.root={root} cairn.state=PARTUUID=12ab ro\n");
        fs::write(&self.places.command_line, text).unwrap();
    }

    fn plan(&self, chosen: u64) -> MachinePlan {
        plan_at(&self.store, &self.places, Choice::Exactly(chosen), &[]).unwrap()
    }

    fn apply(&self, plan: &MachinePlan) -> Result<Applied, MachineError> {
        apply(&self.store, &self.store.lock("test").unwrap(), plan)
    }

    fn switch(&self, chosen: u64) {
        self.apply(&self.plan(chosen)).unwrap();
    }

    fn finish(&self) -> Option<u64> {
        let finished = finish_at(&self.store, &self.store.lock("test").unwrap(), &self.places);
        finished.unwrap().map(|(number, _)| number)
    }

    fn sync(&self) -> Vec<(u64, GenerationState)> {
        let machine = observe(&self.places).unwrap();
        let changes =
            sync_states(&self.store, &self.store.lock("test").unwrap(), &machine).unwrap();
        changes
            .into_iter()
            .map(|change| (change.number, change.state))
            .collect()
    }

    fn state(&self, number: u64) -> GenerationState {
        self.store.generations().get(number).unwrap().state
    }

    fn default(&self) -> Option<u64> {
        self.store.generations().default().unwrap()
    }

    fn entries(&self) -> Vec<EntryName> {
        observe(&self.places).unwrap().esp.unwrap().entries
    }

    fn listed(&self) -> Vec<u32> {
        self.entries()
            .iter()
            .map(|entry| entry.generation)
            .collect()
    }

    fn entry_path(&self, entry: EntryName) -> PathBuf {
        self.dir.path().join("efi").join(entry.path())
    }

    /// Does what the loader and systemd-bless-boot do.
    fn rename(&self, number: u32, counter: Option<Counter>) {
        let old = self
            .entries()
            .into_iter()
            .find(|entry| entry.generation == number)
            .unwrap();
        let new = EntryName {
            generation: number,
            counter,
        };
        fs::rename(self.entry_path(old), self.entry_path(new)).unwrap();
    }

    /// The loader tried it as often as it does, and it never came up.
    fn count_out(&self, number: u32) {
        self.rename(
            number,
            Some(Counter {
                tries_left: 0,
                tries_done: 3,
            }),
        );
    }

    /// The generation with the sort-key of the chosen one.
    fn first_in_menu(&self) -> u32 {
        let chosen = |entry: &EntryName| {
            let text = fs::read_to_string(self.entry_path(*entry)).unwrap();
            text.contains("\nsort-key cairn-0\n")
        };
        let chosen: Vec<EntryName> = self.entries().into_iter().filter(chosen).collect();
        assert_eq!(chosen.len(), 1, "{chosen:?}");
        chosen[0].generation
    }
}

#[test]
fn a_switch_writes_the_menu_with_the_state_partition_that_was_booted_from() {
    let machine = Machine::new(2);
    let plan = machine.plan(2);
    assert!(plan.reboot.is_some());
    machine.apply(&plan).unwrap();
    assert_eq!((machine.first_in_menu(), machine.default()), (2, Some(2)));
    let fresh = EntryName {
        generation: 2,
        counter: Some(Counter::fresh()),
    };
    let text = fs::read_to_string(machine.entry_path(fresh)).unwrap();
    assert!(text.contains(" cairn.state=PARTUUID=12ab "), "{text}");
}

#[test]
fn a_rollback_to_what_runs_needs_no_reboot_for_its_root() {
    let machine = Machine::new(2);
    machine.switch(2);
    let plan = machine.plan(1);
    let differs = plan
        .reboot
        .as_ref()
        .map(|reboot| reboot.differs.clone())
        .unwrap_or_default();
    assert!(!differs.contains(&cairn_activation::Part::Root), "{plan}");
    machine.apply(&plan).unwrap();
    assert_eq!((machine.first_in_menu(), machine.default()), (1, Some(1)));
}

#[test]
fn a_switch_that_fails_keeps_the_default_and_is_finished_by_the_next_command() {
    let machine = Machine::new(1);
    machine.add(2);
    let plan = machine.plan(2);
    let fresh = EntryName {
        generation: 2,
        counter: Some(Counter::fresh()),
    };
    fs::create_dir(machine.entry_path(fresh)).unwrap();
    assert!(machine.apply(&plan).is_err());
    assert_eq!(machine.default(), Some(1));

    fs::remove_dir(machine.entry_path(fresh)).unwrap();
    assert_eq!(machine.finish(), Some(2));
    assert_eq!((machine.first_in_menu(), machine.default()), (2, Some(2)));
    assert_eq!(machine.finish(), None);
}

#[test]
fn an_interrupted_switch_to_what_failed_since_is_not_finished() {
    let machine = Machine::new(2);
    machine.switch(2);
    let journal = r#"{ "version": 1, "chosen": 2, "plan": [] }"#;
    fs::write(machine.dir.path().join("cairn/var/journal.json"), journal).unwrap();
    machine.count_out(2);
    assert_eq!(machine.finish(), Some(1));
    assert_eq!((machine.first_in_menu(), machine.default()), (1, Some(1)));
    assert!(
        machine
            .entries()
            .iter()
            .any(|entry| entry.counter.is_some_and(Counter::is_spent))
    );
}

#[test]
fn entries_say_which_generations_are_good_and_which_failed() {
    let machine = Machine::new(3);
    machine.switch(3);
    assert_eq!(machine.sync(), []);
    machine.rename(2, None);
    machine.count_out(3);
    let changes = machine.sync();
    assert_eq!(changes[0], (2, GenerationState::Good));
    assert!(matches!(&changes[1], (3, GenerationState::Failed { why }) if why.contains("3 tries")));
    assert_eq!(machine.state(1), GenerationState::Good);
    assert_eq!(machine.state(3), changes[1].1);
    assert_eq!(machine.sync(), []);
}

#[test]
fn the_last_try_of_what_runs_is_not_yet_a_failure() {
    let machine = Machine::new(2);
    machine.switch(2);
    machine.count_out(2);
    machine.run(2);
    assert_eq!(machine.sync(), []);
    machine.run(1);
    assert_eq!(machine.sync().len(), 1);
}

#[test]
fn who_only_looks_learns_the_same_and_changes_nothing() {
    let machine = Machine::new(3);
    machine.switch(3);
    machine.rename(2, None);
    machine.count_out(3);
    let observed = observe(&machine.places).unwrap();
    let seen = state_changes(&machine.store, &observed).unwrap();
    assert_eq!(machine.state(2), GenerationState::Pending);
    let seen: Vec<_> = seen.into_iter().map(|c| (c.number, c.state)).collect();
    assert_eq!(seen, machine.sync());
    assert_eq!(state_changes(&machine.store, &observed).unwrap(), []);
    let runs = running_generation(&machine.store, &observed).unwrap();
    assert_eq!(runs, Some(1));
}

#[test]
fn the_default_boots_next_unless_it_is_used_up_or_not_in_the_menu() {
    let machine = Machine::new(3);
    machine.switch(2);
    let next = |default| boots_next(&observe(&machine.places).unwrap(), default);
    assert_eq!(next(Some(2)), Some(2));
    assert_eq!(next(Some(9)), Some(3));
    machine.count_out(2);
    assert_eq!(next(Some(2)), Some(3));
    machine.count_out(3);
    assert_eq!(next(Some(2)), Some(1));
}

#[test]
fn a_failed_generation_leaves_the_menu_and_comes_back_only_by_hand() {
    let machine = Machine::new(3);
    machine.switch(3);
    machine.count_out(3);
    machine.sync();
    machine.switch(2);
    assert_eq!(machine.listed(), [1, 2]);
    machine.switch(3);
    assert_eq!(machine.listed(), [1, 2, 3]);
    assert_eq!(machine.state(3), GenerationState::Pending);
}

#[test]
fn collected_generations_leave_the_menu_but_not_what_runs_or_is_the_default() {
    let machine = Machine::new(4);
    machine.switch(4);
    let plan = plan_at(
        &machine.store,
        &machine.places,
        Choice::Rather(None),
        &[1, 2, 3, 4],
    )
    .unwrap();
    machine.apply(&plan).unwrap();
    assert_eq!(machine.listed(), [1, 4]);
    assert_eq!((machine.first_in_menu(), machine.default()), (4, Some(4)));
}

#[test]
fn collecting_gives_no_new_tries_to_a_default_that_failed() {
    let machine = Machine::new(2);
    machine.switch(2);
    machine.count_out(2);
    let plan = plan_at(&machine.store, &machine.places, Choice::Rather(None), &[]).unwrap();
    assert!(
        plan.notes
            .iter()
            .any(|note| note.contains("generation 1 boots next")),
        "{plan}"
    );
    machine.apply(&plan).unwrap();
    assert_eq!(machine.first_in_menu(), 1);
    assert!(machine.entries()[1].counter.is_some_and(Counter::is_spent));
}

#[test]
fn an_unreadable_generation_keeps_its_entry_and_hinders_no_other() {
    let machine = Machine::new(3);
    machine.switch(3);
    let record = machine.store.layout().generation_record(2);
    fs::write(record, "{").unwrap();
    let plan = machine.plan(1);
    assert!(
        plan.to_string().contains("generation 2 can't be read"),
        "{plan}"
    );
    machine.apply(&plan).unwrap();
    assert_eq!(machine.listed(), [1, 2, 3]);
    assert!(matches!(
        plan_at(&machine.store, &machine.places, Choice::Exactly(2), &[]),
        Err(MachineError::Chosen { number: 2, .. })
    ));
}

#[test]
fn a_generation_whose_root_is_lost_cannot_be_chosen() {
    let machine = Machine::new(2);
    let root = machine.part("root 2").digest;
    fs::remove_file(machine.store.layout().object(&root, false)).unwrap();
    let refused = plan_at(&machine.store, &machine.places, Choice::Exactly(2), &[]);
    assert!(
        matches!(&refused, Err(MachineError::Chosen { cause, .. }) if cause.contains("root image")),
        "{refused:?}"
    );
}

#[test]
fn the_root_decides_which_generation_runs_and_not_its_label() {
    let machine = Machine::new(2);
    let root = machine.part("root 2").digest;
    let text = format!("cairn.gen=1 cairn.root={root} cairn.state=PARTUUID=12ab\n");
    fs::write(&machine.places.command_line, text).unwrap();
    let plan = plan_at(
        &machine.store,
        &machine.places,
        Choice::Rather(None),
        &[1, 2],
    )
    .unwrap();
    machine.apply(&plan).unwrap();
    assert_eq!(machine.listed(), [1, 2]);
}

#[test]
fn a_machine_that_another_system_booted_is_refused_with_the_mend() {
    let machine = Machine::new(1);
    fs::write(&machine.places.command_line, "root=/dev/sda1 ro\n").unwrap();
    let refused = plan_at(&machine.store, &machine.places, Choice::Exactly(1), &[]);
    let error = refused.unwrap_err();
    assert!(matches!(error, MachineError::NotBooted));
    assert!(error.to_string().contains("cairn image"));
}

#[test]
fn below_a_folder_there_is_no_machine_to_switch() {
    let machine = Machine::new(1);
    let lock = machine.store.lock("test").unwrap();
    assert_eq!(super::machine(machine.dir.path()).unwrap(), None);
    assert_eq!(machine_plan(&machine.store, 1).unwrap(), None);
    assert_eq!(machine_plan_without(&machine.store, &[1]).unwrap(), None);
    assert_eq!(finish(&machine.store, &lock).unwrap(), None);
}
