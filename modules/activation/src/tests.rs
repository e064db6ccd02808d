//! Claims on whole machines: what is observed, planned, applied, interrupted and finished.
//!
//! The machine is a folder: its boot partition, mounts, command line and firmware variables are files below it.

#![allow(clippy::unwrap_used, reason = "tests")]

use crate::apply::{Act, acts, carry_out};
use crate::{Applied, Error, MachinePlan, Part, Places, apply, observe, pending, plan};
use cairn_boot::{CommandLine, Counter, EntryName, Generation, Payload, Request, StatePartition};
use cairn_graph::Digest;
use cairn_spec::{Console, EtcPolicy};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A machine in a folder, that runs one of its generations.
struct Machine {
    dir: TempDir,
    places: Places,
}

impl Machine {
    /// A machine that was booted into generation `running`, and whose boot partition lists `listed`, all blessed.
    fn new(running: u32, listed: &[u32]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().to_owned();
        for folder in ["efi", "cairn/var", "source", "variables"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        let places = Places {
            command_line: root.join("cmdline"),
            mounts: root.join("mountinfo"),
            variables: root.join("variables"),
            root,
        };
        let machine = Self { dir, places };
        machine.mount("vfat", "rw");
        let words = machine.generation(running).options.join(" ");
        fs::write(
            &machine.places.command_line,
            format!("initrd=\\a {words}\n"),
        )
        .unwrap();
        if !listed.is_empty() {
            let request = machine.request(listed, running);
            apply(&machine.plan(&request), || Ok(())).unwrap();
            for number in listed {
                machine.rename(*number, None);
            }
        }
        machine
    }

    fn mount(&self, kind: &str, options: &str) {
        let folder = self.esp();
        let text = format!(
            "22 1 8:2 / / ro - overlay overlay rw\n41 22 8:1 / {} {options} - {kind} /dev/vda1 rw\n",
            folder.display()
        );
        fs::write(&self.places.mounts, text).unwrap();
    }

    fn esp(&self) -> PathBuf {
        self.dir.path().join("efi")
    }

    fn variable(&self) -> PathBuf {
        self.places.variables.join(crate::DEFAULT_VARIABLE)
    }

    fn payload(&self, text: &str) -> Payload {
        let source = self.dir.path().join("source").join(text);
        fs::write(&source, text).unwrap();
        let digest = Digest::of(text.as_bytes());
        Payload {
            digest,
            size: text.len() as u64,
            source,
        }
    }

    /// Generations 1 and 2 share a kernel; roots and initrds are their own.
    fn generation(&self, number: u32) -> Generation {
        let line = CommandLine {
            generation: number,
            root: Digest::of(format!("root {number}").as_bytes()),
            state: StatePartition::PartUuid("12ab".into()),
            etc: EtcPolicy::Transient,
            console: Console::Serial,
            params: Vec::new(),
        };
        Generation {
            number,
            title: format!("Cairn generation {number}"),
            kernel: self.payload(&format!("kernel {}", number.max(2))),
            initrd: self.payload(&format!("initrd {number}")),
            options: line.words(),
        }
    }

    fn request(&self, listed: &[u32], chosen: u32) -> Request {
        let booted = observe(&self.places).unwrap().booted.unwrap().generation;
        Request {
            generations: listed
                .iter()
                .map(|number| self.generation(*number))
                .collect(),
            unreadable: Vec::new(),
            chosen,
            booted: booted.filter(|number| listed.contains(number)),
            loader: Some(self.payload("loader")),
            timeout_secs: 5,
        }
    }

    fn plan(&self, request: &Request) -> MachinePlan {
        let esp = cairn_boot::observe(&self.esp()).unwrap();
        plan(request, &observe(&self.places).unwrap(), &esp).unwrap()
    }

    fn entries(&self) -> Vec<EntryName> {
        observe(&self.places).unwrap().esp.unwrap().entries
    }

    /// Does what the loader and systemd-bless-boot do: gives a generation's entry another counter.
    fn rename(&self, number: u32, counter: Option<Counter>) {
        let entries = self.entries();
        let old = entries
            .iter()
            .find(|entry| entry.generation == number)
            .unwrap();
        let new = EntryName {
            generation: number,
            counter,
        };
        fs::rename(self.esp().join(old.path()), self.esp().join(new.path())).unwrap();
    }

    /// The entry that systemd-boot starts by itself: entries with tries left first, then by sort-key, then the newest.
    /// One whose kernel or initrd is missing is no way to boot.
    fn boots(&self) -> Option<EntryName> {
        let mut entries = self.entries();
        entries.retain(|entry| self.is_whole(*entry));
        entries.sort_by_key(|entry| {
            let spent = entry.counter.is_some_and(Counter::is_spent);
            (
                spent,
                self.value(*entry, "sort-key"),
                std::cmp::Reverse(entry.generation),
            )
        });
        entries.first().copied()
    }

    fn value(&self, entry: EntryName, key: &str) -> String {
        let text = fs::read_to_string(self.esp().join(entry.path())).unwrap();
        let mut lines = text.lines().filter_map(|line| line.split_once(' '));
        lines.find(|(name, _)| *name == key).unwrap().1.to_owned()
    }

    fn is_whole(&self, entry: EntryName) -> bool {
        let part = |key, text: String| {
            let path = self.value(entry, key);
            fs::read_to_string(self.esp().join(path.trim_start_matches('/'))).ok() == Some(text)
        };
        let number = entry.generation;
        part("linux", format!("kernel {}", number.max(2)))
            && part("initrd", format!("initrd {number}"))
    }

    /// Every file of the boot partition.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        fn walk(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>, top: &Path) {
            for item in fs::read_dir(folder).unwrap() {
                let path = item.unwrap().path();
                if path.is_dir() {
                    walk(&path, found, top);
                } else {
                    let name = path.strip_prefix(top).unwrap().to_owned();
                    found.insert(name, fs::read(&path).unwrap());
                }
            }
        }
        let mut found = BTreeMap::new();
        walk(&self.esp(), &mut found, &self.esp());
        found
    }
}

/// A change of the machine: what runs, what is in the menu, what shall be, what shall boot.
struct Change {
    running: u32,
    before: &'static [u32],
    after: &'static [u32],
    chosen: u32,
}

const CHANGES: [Change; 4] = [
    // A switch.
    Change {
        running: 1,
        before: &[1],
        after: &[1, 2],
        chosen: 2,
    },
    // A switch while an old generation leaves the menu.
    Change {
        running: 2,
        before: &[1, 2],
        after: &[2, 3],
        chosen: 3,
    },
    // A rollback.
    Change {
        running: 2,
        before: &[1, 2],
        after: &[1, 2],
        chosen: 1,
    },
    // The first entries that Cairn writes.
    Change {
        running: 1,
        before: &[],
        after: &[1],
        chosen: 1,
    },
];

impl Change {
    /// A machine before the change, with a stale default in its firmware.
    fn machine(&self) -> Machine {
        let machine = Machine::new(self.running, self.before);
        fs::write(machine.variable(), b"\x07\0\0\0c\0").unwrap();
        machine
    }

    /// What the partition holds when nothing interrupts the change.
    fn expected(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let machine = self.machine();
        apply(
            &machine.plan(&machine.request(self.after, self.chosen)),
            || Ok(()),
        )
        .unwrap();
        machine.files()
    }
}

/// Carries out the first acts of a plan, as a power cut after them would leave it; says whether the choice was recorded.
fn interrupted(plan: &MachinePlan, count: usize) -> bool {
    let mut committed = false;
    for act in &acts(plan)[..count] {
        let mut commit = || {
            committed = true;
            Ok(())
        };
        carry_out(*act, plan, &mut commit, &mut Applied::default()).unwrap();
    }
    committed
}

#[test]
fn a_switch_makes_the_chosen_generation_boot_and_says_that_a_reboot_does_it() {
    let machine = Machine::new(1, &[1]);
    fs::write(machine.variable(), b"\x07\0\0\0c\0").unwrap();
    let plan = machine.plan(&machine.request(&[1, 2], 2));
    assert!(plan.clear_default_variable);
    let why = plan.reboot.clone().unwrap();
    assert_eq!(why.differs, [Part::Root, Part::Initrd]);
    let text = plan.to_string();
    assert!(text.contains("generation 2 runs after a reboot"), "{text}");
    assert!(text.contains("/usr and /etc are not exchanged"), "{text}");
    assert!(text.contains("+ loader/entries/cairn-2+3-0.conf"), "{text}");
    let commits = Cell::new(0);
    let applied = apply(&plan, || {
        // Recorded only when it is true.
        assert_eq!(machine.boots().unwrap().generation, 2);
        commits.set(commits.get() + 1);
        Ok(())
    });
    assert_eq!(applied.unwrap(), Applied::default());
    assert_eq!(commits.get(), 1);
    assert!(!machine.variable().exists());
    assert_eq!(pending(&machine.places.root).unwrap(), None);
}

#[test]
fn what_runs_already_needs_no_reboot_and_nothing_to_write() {
    let machine = Machine::new(1, &[1, 2]);
    // The list of owned files follows the blessings.
    apply(&machine.plan(&machine.request(&[1, 2], 1)), || Ok(())).unwrap();
    let plan = machine.plan(&machine.request(&[1, 2], 1));
    assert!(plan.is_empty(), "{plan}");
    assert_eq!(plan.reboot, None);
    assert!(plan.to_string().contains("no reboot is needed"));
    assert_eq!(plan, machine.plan(&machine.request(&[1, 2], 1)));
}

#[test]
fn another_command_line_alone_needs_a_reboot() {
    let machine = Machine::new(1, &[1]);
    let mut request = machine.request(&[1], 1);
    request.generations[0].options.push("quiet".into());
    let why = machine.plan(&request).reboot.unwrap();
    assert_eq!(why.differs, [Part::CommandLine]);
    assert!(!why.to_string().contains("/usr"));
}

#[test]
fn what_runs_and_is_not_in_the_store_is_told() {
    let machine = Machine::new(9, &[]);
    let plan = machine.plan(&machine.request(&[1], 1));
    assert_eq!(plan.notes.len(), 1, "{:?}", plan.notes);
    assert!(
        plan.to_string()
            .contains("none of this store's generations")
    );
}

#[test]
fn an_interruption_after_any_step_leaves_a_machine_that_boots_and_is_finished_by_the_next_command()
{
    for change in CHANGES {
        let expected = change.expected();
        let total = acts(
            &change
                .machine()
                .plan(&change.machine().request(change.after, change.chosen)),
        )
        .len();
        assert!(total > 4, "there is nothing to interrupt");
        for count in 0..=total {
            let machine = change.machine();
            let request = machine.request(change.after, change.chosen);
            let committed = interrupted(&machine.plan(&request), count);

            let begun = (1..total).contains(&count);
            let journal = pending(&machine.places.root).unwrap();
            assert_eq!(
                journal.map(|journal| journal.chosen),
                begun.then_some(change.chosen)
            );
            if !change.before.is_empty() {
                let boots = machine.boots().unwrap().generation;
                assert!(
                    boots == change.running
                        || boots == change.chosen
                        || change.before.contains(&boots)
                );
            }
            // The store's default is never ahead of the machine.
            assert!(!committed || machine.boots().unwrap().generation == change.chosen);

            let finished = Cell::new(false);
            let plan = machine.plan(&request);
            apply(&plan, || {
                finished.set(true);
                Ok(())
            })
            .unwrap();
            assert!(finished.get());
            assert_eq!(
                machine.files(),
                expected,
                "interrupted after {count} of {total}"
            );
            assert!(!machine.variable().exists());
            assert_eq!(pending(&machine.places.root).unwrap(), None);
        }
    }
}

#[test]
fn a_loader_that_counted_a_try_in_between_does_not_hinder_finishing() {
    let change = &CHANGES[0];
    let total = acts(
        &change
            .machine()
            .plan(&change.machine().request(change.after, change.chosen)),
    )
    .len();
    let mut counted = 0;
    for count in 0..=total {
        let machine = change.machine();
        let request = machine.request(change.after, change.chosen);
        interrupted(&machine.plan(&request), count);
        let booted = machine.boots().unwrap();
        if booted.counter == Some(Counter::fresh()) {
            machine.rename(
                booted.generation,
                Some(Counter {
                    tries_left: 2,
                    tries_done: 1,
                }),
            );
            counted += 1;
        }
        apply(&machine.plan(&request), || Ok(())).unwrap();
        let numbers: Vec<u32> = machine
            .entries()
            .iter()
            .map(|entry| entry.generation)
            .collect();
        assert_eq!(numbers, [1, 2], "after {count}");
        assert_eq!(machine.boots().unwrap().generation, 2);
    }
    assert!(counted > 0, "the loader never counted");
}

#[test]
fn a_step_that_fails_stops_everything_after_it_and_leaves_the_journal() {
    let machine = Machine::new(1, &[1]);
    let plan = machine.plan(&machine.request(&[1, 2], 2));
    let obstacle = machine.esp().join("loader/entries/cairn-2+3-0.conf");
    fs::create_dir(&obstacle).unwrap();
    let failed = apply(&plan, || panic!("recorded, though it does not boot"));
    assert!(matches!(failed, Err(Error::Boot(_))), "{failed:?}");
    assert_eq!(machine.boots().unwrap().generation, 1);
    let journal = pending(&machine.places.root).unwrap().unwrap();
    assert!(
        journal
            .plan
            .iter()
            .any(|line| line.contains("cairn-2+3-0.conf"))
    );
}

#[test]
fn a_choice_that_cannot_be_recorded_is_an_error_and_stays_pending() {
    let machine = Machine::new(1, &[1]);
    let plan = machine.plan(&machine.request(&[1, 2], 2));
    let failed = apply(&plan, || Err("no room".into()));
    assert!(
        matches!(failed, Err(Error::Commit { chosen: 2, .. })),
        "{failed:?}"
    );
    assert_eq!(pending(&machine.places.root).unwrap().unwrap().chosen, 2);
}

#[test]
fn a_firmware_that_keeps_its_default_is_a_warning_with_a_mend() {
    let machine = Machine::new(1, &[1]);
    // Can be opened and not unlinked, whoever tries.
    fs::create_dir(machine.variable()).unwrap();
    let plan = machine.plan(&machine.request(&[1, 2], 2));
    let applied = apply(&plan, || Ok(())).unwrap();
    let [warning] = applied.warnings.as_slice() else {
        panic!("{applied:?}");
    };
    assert!(warning.contains("bootctl set-default \"\""), "{warning}");
    assert_eq!(machine.boots().unwrap().generation, 2);
}

#[test]
fn acts_begin_with_the_journal_and_end_without_it() {
    let machine = Machine::new(1, &[1]);
    let plan = machine.plan(&machine.request(&[1, 2], 2));
    let acts = acts(&plan);
    assert!(matches!(acts.first(), Some(Act::Begin)));
    assert!(matches!(acts.as_slice(), [.., Act::Commit, Act::End]));
}

#[test]
fn without_a_writable_boot_partition_there_is_no_plan() {
    let machine = Machine::new(1, &[1]);
    let request = machine.request(&[1], 1);
    let esp = cairn_boot::observe(&machine.esp()).unwrap();
    machine.mount("vfat", "ro,relatime");
    let refused = plan(&request, &observe(&machine.places).unwrap(), &esp);
    assert!(
        matches!(refused, Err(Error::ReadOnly { .. })),
        "{refused:?}"
    );
    for kind in ["ext4", "autofs"] {
        machine.mount(kind, "rw");
        let refused = plan(&request, &observe(&machine.places).unwrap(), &esp);
        assert!(matches!(refused, Err(Error::NoEsp { .. })), "{refused:?}");
    }
}

#[test]
fn a_plan_that_does_not_fit_changes_nothing() {
    let machine = Machine::new(1, &[1]);
    let mut esp = cairn_boot::observe(&machine.esp()).unwrap();
    esp.free_bytes = 1;
    let refused = plan(
        &machine.request(&[1, 2], 2),
        &observe(&machine.places).unwrap(),
        &esp,
    );
    assert!(
        matches!(
            refused,
            Err(Error::Boot(cairn_boot::Error::TooLarge { .. }))
        ),
        "{refused:?}"
    );
}

#[test]
fn only_the_root_is_a_machine() {
    assert_eq!(Places::of(tempfile::tempdir().unwrap().path()), None);
    assert_eq!(Places::of(Path::new("/nowhere/at/all")), None);
    assert_eq!(
        Places::of(Path::new("/usr/..")).unwrap().root,
        Path::new("/")
    );
}

#[test]
fn a_journal_that_is_none_is_an_error_that_names_it() {
    let machine = Machine::new(1, &[1]);
    let path = machine.places.root.join("cairn/var/journal.json");
    fs::write(&path, "{").unwrap();
    let error = pending(&machine.places.root).unwrap_err();
    assert!(error.to_string().contains(&path.display().to_string()));
    crate::forget(&machine.places.root).unwrap();
    assert_eq!(pending(&machine.places.root).unwrap(), None);
}
