//! Plans of the boot partition, and their application to a folder with every fault on the way.
#![allow(clippy::unwrap_used, reason = "tests")]

use cairn_boot::{
    Content, EntryName, Error, EspPlan, Generation, Manifest, ObservedEsp, Payload, Request, Step,
    Unreadable, apply, observe, plan,
};
use cairn_graph::Digest;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const MIB: u64 = 1 << 20;

fn payload(name: &str, size: u64) -> Payload {
    Payload {
        digest: Digest::of(name.as_bytes()),
        size,
        source: PathBuf::from("/nowhere").join(name),
    }
}

fn generation(number: u32, kernel: &str) -> Generation {
    Generation {
        number,
        title: format!("Cairn generation {number} (2026-11-23, web1)"),
        kernel: payload(kernel, 10 * MIB),
        initrd: payload(&format!("{kernel} initrd"), 2 * MIB),
        options: vec![format!("cairn.gen={number}"), "panic=10".into()],
    }
}

fn request(numbers: &[u32], chosen: u32) -> Request {
    Request {
        generations: numbers
            .iter()
            .map(|n| generation(*n, &format!("kernel {n}")))
            .collect(),
        unreadable: Vec::new(),
        chosen,
        booted: None,
        loader: None,
        timeout_secs: 3,
    }
}

/// The partition after a plan, as an observation.
fn after(plan: &EspPlan, observed: &ObservedEsp) -> ObservedEsp {
    let mut next = observed.clone();
    for step in &plan.steps {
        match step {
            Step::Write { path, content } => put(&mut next, path, content),
            Step::Rename { from, to } => {
                let file = next.files.remove(from).unwrap();
                next.files.insert(to.clone(), file);
                let text = next.texts.remove(from).unwrap();
                next.texts.insert(to.clone(), text);
            }
            Step::Remove { path } => {
                next.files.remove(path).unwrap();
                next.texts.remove(path);
            }
        }
    }
    next.free_bytes = next.free_bytes + plan.remove_bytes - plan.write_bytes;
    next
}

fn put(esp: &mut ObservedEsp, path: &str, content: &Content) {
    let file = cairn_boot::ObservedFile {
        size: content.size(),
        digest: content.digest(),
    };
    esp.files.insert(path.into(), file);
    if let Content::Text(text) = content {
        esp.texts.insert(path.into(), text.clone());
        if path == cairn_boot::MANIFEST {
            esp.manifest = Some(Manifest::parse(text.as_bytes()).unwrap());
        }
    }
}

fn rename(esp: &mut ObservedEsp, from: &str, to: &str) {
    let (from, to) = (
        format!("loader/entries/{from}"),
        format!("loader/entries/{to}"),
    );
    let file = esp.files.remove(&from).unwrap();
    esp.files.insert(to.clone(), file);
    let text = esp.texts.remove(&from).unwrap();
    esp.texts.insert(to, text);
}

fn empty() -> ObservedEsp {
    ObservedEsp::empty(200 * MIB, 4096)
}

fn entries(esp: &ObservedEsp) -> Vec<String> {
    esp.entries().map(|(name, _)| name.to_string()).collect()
}

/// Which entry systemd-boot takes: not counted out first, then by sort-key, then the newer version.
fn boots(esp: &ObservedEsp) -> Option<u32> {
    let rank = |name: EntryName, path: &str| {
        let text = &esp.texts[path];
        let spent = name.counter.is_some_and(cairn_boot::Counter::is_spent);
        let key = text
            .lines()
            .find_map(|line| line.strip_prefix("sort-key "))
            .unwrap()
            .to_owned();
        let whole = ["linux /", "initrd /"].iter().all(|word| {
            let file = text
                .lines()
                .find_map(|line| line.strip_prefix(word))
                .unwrap();
            esp.files.contains_key(file)
        });
        whole.then_some((spent, key, std::cmp::Reverse(name.generation)))
    };
    let ranked = esp.entries().filter_map(|(name, path)| rank(name, path));
    ranked.min().map(|(_, _, number)| number.0)
}

#[test]
fn a_new_disk_gets_loader_settings_and_entries_with_counters() {
    let mut wanted = request(&[1, 2], 2);
    wanted.loader = Some(payload("loader", 100_000));
    let plan = plan(&wanted, &empty()).unwrap();
    let disk = after(&plan, &empty());
    assert_eq!(entries(&disk), ["cairn-1+3-0.conf", "cairn-2+3-0.conf"]);
    assert_eq!(boots(&disk), Some(2));
    assert!(disk.files.contains_key("EFI/BOOT/BOOTX64.EFI"));
    assert!(
        !disk.texts["loader/loader.conf"]
            .lines()
            .any(|line| line.starts_with("default"))
    );
    assert!(disk.texts["loader/loader.conf"].contains("timeout 3\n"));
    let text = &disk.texts["loader/entries/cairn-2+3-0.conf"];
    let kernel = Digest::of(b"kernel 2");
    let expected = format!(
        "title Cairn generation 2 (2026-11-23, web1)\nversion 2\nsort-key cairn-0\nlinux /cairn/{kernel}.linux\n"
    );
    assert!(text.starts_with(&expected), "{text}");
    assert!(text.ends_with("options cairn.gen=2 panic=10\n"), "{text}");
    let last = plan.steps.last().unwrap();
    assert!(
        matches!(last, Step::Write { path, .. } if path.ends_with("cairn-2+3-0.conf")),
        "the chosen entry is the last step"
    );
}

#[test]
fn what_is_as_wanted_needs_no_step() {
    let disk = after(&plan(&request(&[1, 2], 2), &empty()).unwrap(), &empty());
    let again = plan(&request(&[1, 2], 2), &disk).unwrap();
    assert_eq!(again.to_string(), "");
}

#[test]
fn blessed_entries_keep_their_name_and_counted_ones_their_count() {
    let mut disk = after(&plan(&request(&[1, 2], 2), &empty()).unwrap(), &empty());
    rename(&mut disk, "cairn-1+3-0.conf", "cairn-1.conf");
    rename(&mut disk, "cairn-2+3-0.conf", "cairn-2+1-2.conf");
    let plan = plan(&request(&[1, 2, 3], 3), &disk).unwrap();
    let disk = after(&plan, &disk);
    assert_eq!(
        entries(&disk),
        ["cairn-1.conf", "cairn-2+1-2.conf", "cairn-3+3-0.conf"]
    );
    assert_eq!(boots(&disk), Some(3));
}

#[test]
fn going_back_changes_sort_keys_only() {
    let mut disk = after(&plan(&request(&[1, 2], 2), &empty()).unwrap(), &empty());
    rename(&mut disk, "cairn-1+3-0.conf", "cairn-1.conf");
    let plan = plan(&request(&[1, 2], 1), &disk).unwrap();
    let paths: Vec<&str> = plan.files().into_keys().collect();
    // The manifest follows the name that blessing gave to the first.
    let expected = [
        cairn_boot::MANIFEST,
        "loader/entries/cairn-1.conf",
        "loader/entries/cairn-2+3-0.conf",
    ];
    assert_eq!(paths, expected);
    assert_eq!(boots(&after(&plan, &disk)), Some(1));
}

#[test]
fn a_counted_out_generation_that_a_person_chooses_gets_its_tries_back() {
    let mut disk = after(&plan(&request(&[1, 2], 2), &empty()).unwrap(), &empty());
    rename(&mut disk, "cairn-2+3-0.conf", "cairn-2+0-3.conf");
    let stays = plan(&request(&[1, 2], 1), &disk).unwrap();
    assert_eq!(
        entries(&after(&stays, &disk)),
        ["cairn-1+3-0.conf", "cairn-2+0-3.conf"]
    );
    let chosen = plan(&request(&[1, 2], 2), &disk).unwrap();
    assert_eq!(
        entries(&after(&chosen, &disk)),
        ["cairn-1+3-0.conf", "cairn-2+3-0.conf"]
    );
}

#[test]
fn kernels_are_shared_and_removed_with_their_last_generation() {
    let mut both = request(&[1, 2], 2);
    both.generations[1].kernel = both.generations[0].kernel.clone();
    let disk = after(&plan(&both, &empty()).unwrap(), &empty());
    let kernels = |esp: &ObservedEsp| {
        esp.files
            .keys()
            .filter(|path| path.contains(".linux"))
            .count()
    };
    assert_eq!(kernels(&disk), 1);
    let mut one = both.clone();
    one.generations.remove(0);
    let disk = after(&plan(&one, &disk).unwrap(), &disk);
    assert_eq!(
        (kernels(&disk), entries(&disk)),
        (1, vec!["cairn-2+3-0.conf".to_owned()])
    );
    let disk = after(&plan(&request(&[3], 3), &disk).unwrap(), &disk);
    assert_eq!(entries(&disk), ["cairn-3+3-0.conf"]);
    assert_eq!(kernels(&disk), 1);
}

#[test]
fn foreign_files_are_never_touched() {
    let mut disk = empty();
    let text = |text: &str| Content::Text(text.into());
    let foreign = [
        "loader/entries/arch.conf",
        "loader/entries/cairn-x.conf",
        "cairn/notes.txt",
        "loader/random-seed",
    ];
    for path in foreign {
        put(&mut disk, path, &text("theirs"));
    }
    put(&mut disk, "loader/loader.conf", &text("timeout 9\n"));
    let plan = plan(&request(&[1], 1), &disk).unwrap();
    let next = after(&plan, &disk);
    for path in foreign.into_iter().chain(["loader/loader.conf"]) {
        assert_eq!(next.files[path], disk.files[path], "{path}");
    }
    assert!(
        plan.warnings[0].contains("loader/loader.conf"),
        "{:?}",
        plan.warnings
    );
}

#[test]
fn a_foreign_default_is_refused_because_counting_could_not_work() {
    let mut disk = empty();
    put(
        &mut disk,
        "loader/loader.conf",
        &Content::Text("timeout 9\ndefault arch*\n".into()),
    );
    let error = plan(&request(&[1], 1), &disk).unwrap_err();
    assert!(
        matches!(&error, Error::ForeignDefault { line, .. } if line == "default arch*"),
        "{error}"
    );
}

#[test]
fn oldest_goes_first_when_there_is_no_room() {
    // Each generation takes 12 MiB.
    let room = ObservedEsp::empty(40 * MIB, 4096);
    let plan = plan(&request(&[1, 2, 3, 4], 4), &room).unwrap();
    assert_eq!(plan.evicted, [1]);
    assert!(
        plan.warnings[0].contains("generation 1"),
        "{:?}",
        plan.warnings
    );
    assert_eq!(
        entries(&after(&plan, &room)),
        ["cairn-2+3-0.conf", "cairn-3+3-0.conf", "cairn-4+3-0.conf"]
    );
}

#[test]
fn the_blessed_and_the_running_generation_are_never_evicted() {
    let room = ObservedEsp::empty(40 * MIB, 4096);
    let mut disk = after(&plan(&request(&[1, 2, 3], 3), &room).unwrap(), &room);
    rename(&mut disk, "cairn-1+3-0.conf", "cairn-1.conf");
    let mut next = request(&[1, 2, 3, 4], 4);
    next.booted = Some(2);
    let planned = plan(&next, &disk).unwrap();
    assert_eq!(planned.evicted, [3]);
    assert_eq!(
        entries(&after(&planned, &disk)),
        ["cairn-1.conf", "cairn-2+3-0.conf", "cairn-4+3-0.conf"]
    );

    next.booted = Some(3);
    next.generations.retain(|generation| generation.number != 2);
    next.generations.push(generation(5, "kernel 5"));
    next.chosen = 5;
    let mut bigger = next.clone();
    bigger.generations.last_mut().unwrap().kernel.size = 30 * MIB;
    let error = plan(&bigger, &disk).unwrap_err();
    let Error::TooLarge {
        needed_bytes,
        available_bytes,
    } = error
    else {
        panic!("{error}")
    };
    assert!(
        needed_bytes > available_bytes && needed_bytes > 30 * MIB,
        "{needed_bytes} {available_bytes}"
    );
}

#[test]
fn refuses_lists_that_would_leave_nothing_to_boot() {
    let none = plan(&request(&[], 1), &empty());
    assert!(matches!(none, Err(Error::NoGenerations)));
    assert!(matches!(
        plan(&request(&[1], 2), &empty()),
        Err(Error::ChosenMissing(2))
    ));
    assert!(matches!(
        plan(&request(&[1, 1], 1), &empty()),
        Err(Error::Duplicate(1))
    ));
    let mut broken = request(&[1], 1);
    broken.generations[0].options.push("a\ndefault x".into());
    assert!(matches!(
        plan(&broken, &empty()),
        Err(Error::LineBreak { number: 1, .. })
    ));
}

#[test]
fn an_unreadable_generation_stays_bootable() {
    let disk = after(&plan(&request(&[1, 2], 2), &empty()).unwrap(), &empty());
    let mut next = request(&[2, 3], 3);
    next.unreadable.push(Unreadable {
        number: 1,
        cause: "record is damaged".into(),
    });
    let plan = plan(&next, &disk).unwrap();
    let next = after(&plan, &disk);
    assert_eq!(
        entries(&next),
        ["cairn-1+3-0.conf", "cairn-2+3-0.conf", "cairn-3+3-0.conf"]
    );
    assert!(
        next.files
            .contains_key(&format!("cairn/{}.linux", Digest::of(b"kernel 1")))
    );
    assert!(plan.warnings[0].contains("record is damaged"));
}

#[test]
fn in_every_state_between_two_steps_something_good_boots() {
    let mut disk = after(&plan(&request(&[1, 2], 2), &empty()).unwrap(), &empty());
    rename(&mut disk, "cairn-1+3-0.conf", "cairn-1.conf");
    for (numbers, chosen) in [
        (vec![1, 2, 3], 3),
        (vec![1, 2], 1),
        (vec![1, 3], 3),
        (vec![2, 4], 4),
    ] {
        let whole = plan(&request(&numbers, chosen), &disk).unwrap();
        for count in 0..=whole.steps.len() {
            let mut part = whole.clone();
            part.steps.truncate(count);
            (part.write_bytes, part.remove_bytes) = (0, 0);
            let between = after(&part, &disk);
            let number = boots(&between);
            assert!(
                number.is_some(),
                "nothing boots after {count} steps of\n{whole}"
            );
            // The next run knows all files as its own and finishes the work.
            let rest = plan(&request(&numbers, chosen), &between).unwrap();
            let end = after(&rest, &between);
            assert_eq!(boots(&end), Some(chosen));
            let listed = end.manifest.as_ref().unwrap().owned.clone();
            let there: Vec<&String> = end.files.keys().collect();
            assert_eq!(
                there,
                listed.iter().collect::<Vec<_>>(),
                "after {count} steps of\n{whole}"
            );
        }
    }
}

#[test]
fn names_with_counters_are_read_as_they_are_written() {
    for text in ["cairn-12+3-0.conf", "cairn-12+0-3.conf", "cairn-12.conf"] {
        assert_eq!(EntryName::parse(text).unwrap().to_string(), text);
    }
    let short = EntryName::parse("cairn-12+3.conf").unwrap();
    assert_eq!(short.counter, Some(cairn_boot::Counter::fresh()));
    for foreign in [
        "cairn-.conf",
        "cairn-012.conf",
        "cairn-1",
        "cairn-1+a.conf",
        "cairn--1.conf",
        "arch.conf",
        "cairn-1+3-0-2.conf",
    ] {
        assert_eq!(EntryName::parse(foreign), None, "{foreign}");
    }
}

/// A request whose payloads exist.
fn real(dir: &Path) -> Request {
    let mut request = request(&[1, 2], 2);
    for generation in &mut request.generations {
        for part in [&mut generation.kernel, &mut generation.initrd] {
            let name = part.source.file_name().unwrap().to_owned();
            part.source = dir.join(name);
            fs::write(&part.source, part.source.to_string_lossy().as_bytes()).unwrap();
            let bytes = fs::read(&part.source).unwrap();
            (part.digest, part.size) = (Digest::of(&bytes), bytes.len() as u64);
        }
    }
    request
}

fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let seen = observe(dir).unwrap();
    seen.files
        .keys()
        .map(|path| (path.clone(), fs::read(dir.join(path)).unwrap()))
        .collect()
}

#[test]
fn what_was_applied_is_observed_as_planned() {
    let dir = tempfile::tempdir().unwrap();
    let (sources, esp) = (dir.path().join("sources"), dir.path().join("esp"));
    fs::create_dir(&sources).unwrap();
    fs::create_dir(&esp).unwrap();
    let request = real(&sources);
    let first = plan(&request, &observe(&esp).unwrap()).unwrap();
    apply(&first, &esp).unwrap();
    let names: Vec<String> = files(&esp).into_keys().collect();
    let planned: Vec<String> = first.files().into_keys().map(str::to_owned).collect();
    assert_eq!(names, planned);
    assert!(plan(&request, &observe(&esp).unwrap()).unwrap().is_empty());
}

#[test]
fn a_source_with_another_content_stops_before_it_gets_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let (sources, esp) = (dir.path().join("sources"), dir.path().join("esp"));
    fs::create_dir(&sources).unwrap();
    fs::create_dir(&esp).unwrap();
    let request = real(&sources);
    let planned = plan(&request, &observe(&esp).unwrap()).unwrap();
    fs::write(&request.generations[1].kernel.source, "something else").unwrap();
    let error = apply(&planned, &esp).unwrap_err();
    assert!(matches!(error, Error::ReadBack { .. }), "{error}");
    let names: Vec<String> = files(&esp).into_keys().collect();
    assert!(
        !names.iter().any(|name| name.ends_with("cairn-2+3-0.conf")),
        "{names:?}"
    );
    assert!(
        !names.iter().any(|name| name.contains(".new")),
        "no half file is left: {names:?}"
    );
}

#[test]
fn an_interrupted_application_is_finished_by_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let sources = dir.path().join("sources");
    fs::create_dir(&sources).unwrap();
    let request = real(&sources);
    let whole = {
        let esp = dir.path().join("whole");
        fs::create_dir(&esp).unwrap();
        let planned = plan(&request, &observe(&esp).unwrap()).unwrap();
        apply(&planned, &esp).unwrap();
        (planned, files(&esp))
    };
    for count in 0..whole.0.steps.len() {
        let esp = dir.path().join(format!("esp{count}"));
        fs::create_dir(&esp).unwrap();
        let mut part = whole.0.clone();
        part.steps.truncate(count);
        apply(&part, &esp).unwrap();
        let rest = plan(&request, &observe(&esp).unwrap()).unwrap();
        apply(&rest, &esp).unwrap();
        assert_eq!(files(&esp), whole.1, "after {count} steps");
    }
}
