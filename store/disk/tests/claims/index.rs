//! What an overview shows is what the records say; only it asks the index.

use crate::support::{Machine, PLAIN, in_namespace, machine, names};
use cairn_disk::{DerivationRecord, GcOptions, GcPlan, Snapshot, Store};
use cairn_graph::{
    ActionKey, Content, Derivation, Digest, Output, Realisation, ResolvedDerivation, StorePath,
};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

/// After this long a folder's change is over, and can be remembered.
const SETTLED: Duration = Duration::from_millis(80);

/// All that a snapshot says; but when objects came, of which an index knows nothing.
fn said(mut snapshot: Snapshot) -> String {
    for object in &mut snapshot.objects {
        object.changed = None;
    }
    format!("{snapshot:#?}")
}

fn agree(store: &Store) {
    assert_eq!(
        said(store.overview().unwrap()),
        said(store.snapshot().unwrap())
    );
}

/// One thing that happens to a store.
#[derive(Debug, Clone, Copy)]
enum Step {
    AddPath(u8),
    /// Its record is replaced by the store: it needs one more.
    NeedMore(u8),
    AddDerivation(u8),
    AddTree(u8),
    AddObject(u8),
    RemoveObject(u8),
    RemoveRecord(u8),
    /// By one that says something else, or nothing.
    ReplaceRecord(u8),
    ReplaceRealisation(u8),
    /// Removes all that a path doesn't need.
    CollectBut(u8),
    /// The folder's own time is that of before, as after a restored backup.
    SetBackTimes,
    CutIndex(u8),
    ChangeIndex(u8),
    RemoveIndex,
    RestoreIndex,
}

fn step() -> impl Strategy<Value = Step> {
    let number = || 0..6_u8;
    prop_oneof![
        4 => number().prop_map(Step::AddPath),
        2 => number().prop_map(Step::NeedMore),
        1 => number().prop_map(Step::AddDerivation),
        1 => number().prop_map(Step::AddTree),
        1 => number().prop_map(Step::AddObject),
        1 => number().prop_map(Step::RemoveObject),
        2 => number().prop_map(Step::RemoveRecord),
        2 => number().prop_map(Step::ReplaceRecord),
        2 => number().prop_map(Step::ReplaceRealisation),
        1 => number().prop_map(Step::CollectBut),
        1 => Just(Step::SetBackTimes),
        1 => any::<u8>().prop_map(Step::CutIndex),
        1 => any::<u8>().prop_map(Step::ChangeIndex),
        1 => Just(Step::RemoveIndex),
        2 => Just(Step::RestoreIndex),
    ]
}

/// A file's path of this number, added or not.
fn output(number: u8) -> (Vec<u8>, Output) {
    let bytes = format!("path {number}").into_bytes();
    let content = Content::File {
        digest: Digest::of(&bytes),
        size: bytes.len() as u64,
        executable: false,
    };
    let path = StorePath::new(&format!("p{number}"), &content).unwrap();
    (bytes, Output { path, content })
}

fn key(number: u8) -> ActionKey {
    ActionKey(Digest::of(&[number]))
}

/// Puts a file in the place of one, in the way in which everything is put; does nothing where none is.
fn replace(m: &Machine, place: &Path, bytes: &[u8]) {
    if place.exists() {
        let tmp = m.dir.path().join("replacement");
        fs::write(&tmp, bytes).unwrap();
        fs::rename(tmp, place).unwrap();
    }
}

fn add(m: &Machine, number: u8) {
    let (bytes, output) = output(number);
    m.store.put_bytes(&bytes, PLAIN).unwrap();
    let realisation = Realisation::new(key(number), output, Vec::new());
    m.store.realisations().put(&realisation).unwrap();
}

fn add_derivation(m: &Machine, number: u8) {
    let resolved = ResolvedDerivation {
        derivation: Derivation {
            name: format!("d{number}"),
            builder: "test".into(),
            builder_version: 1,
            args: serde_json::Value::Null,
            fixed: None,
        },
        inputs: BTreeMap::new(),
    };
    let made_by = BTreeMap::from([("one".into(), key(number)), ("two".into(), key(0))]);
    let record = DerivationRecord::new(resolved, made_by);
    m.store.derivations().put_all(&[record]).unwrap();
}

fn collect_but(m: &Machine, number: u8) {
    let options = GcOptions {
        also_paths: vec![output(number).1.path],
        ..GcOptions::default()
    };
    m.store.release().unwrap();
    let collecting = m.store.collecting().unwrap();
    if let Ok(plan) = GcPlan::new(&m.store.snapshot().unwrap(), &options) {
        m.store.apply(&collecting, &plan).unwrap();
    }
}

fn set_back(m: &Machine, before: &[(std::path::PathBuf, i64)]) {
    for (folder, seconds) in before {
        let changed = Command::new("touch")
            .args(["-m", "-d", &format!("@{seconds}")])
            .arg(m.dir.path().join(folder))
            .status()
            .unwrap();
        assert!(changed.success());
    }
}

fn take(m: &Machine, step: Step, saved: &[u8], before: &[(std::path::PathBuf, i64)]) {
    let layout = m.store.layout();
    let index = layout.index();
    let there = fs::read(&index).unwrap_or_default();
    match step {
        Step::AddPath(number) => add(m, number),
        Step::NeedMore(number) => {
            add(m, number);
            let more = [output(number ^ 1).1.path];
            m.store.register(&output(number).1, &more).unwrap();
        }
        Step::AddDerivation(number) => add_derivation(m, number),
        Step::AddTree(number) => {
            let item = format!("f={number}");
            m.store.put_tree(&m.tree(&[&item])).unwrap();
        }
        Step::AddObject(number) => drop(m.store.put_bytes(&[number], PLAIN).unwrap()),
        Step::RemoveObject(number) => {
            let digest = Digest::of(&output(number).0);
            let _ = fs::remove_file(layout.object(&digest, false));
        }
        Step::RemoveRecord(number) => {
            let _ = fs::remove_file(layout.path_record(&output(number).1.path));
        }
        Step::ReplaceRecord(number) => {
            let place = layout.path_record(&output(number).1.path);
            let other = layout.path_record(&output(number ^ 1).1.path);
            replace(m, &place, &fs::read(other).unwrap_or_default());
        }
        Step::ReplaceRealisation(number) => {
            let other = layout.realisation(&key(number ^ 1));
            let other = fs::read(other).unwrap_or_default();
            replace(m, &layout.realisation(&key(number)), &other);
        }
        Step::CollectBut(number) => collect_but(m, number),
        Step::SetBackTimes => set_back(m, before),
        Step::CutIndex(part) => {
            let length = there.len() * usize::from(part) / 256;
            fs::write(&index, &there[..length]).unwrap();
        }
        Step::ChangeIndex(part) => {
            let mut bytes = there;
            let at = bytes.len() * usize::from(part) / 256;
            bytes
                .iter_mut()
                .skip(at)
                .take(1)
                .for_each(|byte| *byte ^= 1);
            fs::write(&index, bytes).unwrap();
        }
        Step::RemoveIndex => drop(fs::remove_file(&index)),
        Step::RestoreIndex => fs::write(&index, saved).unwrap(),
    }
}

#[test]
fn an_overview_shows_what_the_records_say_whatever_came_went_or_was_damaged() {
    let steps = prop::collection::vec((step(), any::<bool>()), 1..12);
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let tried = runner.run(&steps, |steps| {
        let m = machine();
        for number in 0..3 {
            add(&m, number);
        }
        sleep(SETTLED);
        agree(&m.store);
        let saved = fs::read(m.store.layout().index()).unwrap();
        let folders = ["paths", "real", "drv"].map(|name| {
            let seconds = m
                .store
                .layout()
                .var()
                .join(name)
                .metadata()
                .unwrap()
                .mtime();
            (Path::new("cairn/var").join(name), seconds)
        });
        for (step, settles) in steps {
            take(&m, step, &saved, &folders);
            if settles {
                sleep(SETTLED);
            }
            // The first brings the index up to date, the second believes it.
            agree(&m.store);
            agree(&m.store);
        }
        Ok(())
    });
    tried.unwrap();
}

#[test]
fn an_overview_reads_no_record_again_while_its_folder_is_the_same_and_what_decides_reads_all() {
    let m = machine();
    add(&m, 1);
    sleep(SETTLED);
    let before = said(m.store.overview().unwrap());
    let path = output(1).1.path;
    // Where it stands, which Cairn never does.
    fs::write(m.store.layout().path_record(&path), "garbage").unwrap();
    assert_eq!(said(m.store.overview().unwrap()), before);
    assert_eq!(m.store.snapshot().unwrap().paths[&path], None);
    fs::remove_file(m.store.layout().index()).unwrap();
    assert_eq!(m.store.overview().unwrap().paths[&path], None);
}

#[test]
fn what_can_not_be_read_is_not_remembered() {
    let m = machine();
    add(&m, 1);
    let record = m.store.layout().path_record(&output(1).1.path);
    let sound = fs::read(&record).unwrap();
    fs::write(&record, "garbage").unwrap();
    sleep(SETTLED);
    agree(&m.store);
    fs::write(&record, sound).unwrap();
    agree(&m.store);
}

#[test]
fn an_index_is_written_only_when_something_is_not_as_it_says() {
    let m = machine();
    add(&m, 1);
    sleep(SETTLED);
    m.store.overview().unwrap();
    let inode = || m.store.layout().index().metadata().unwrap().ino();
    let first = inode();
    m.store.overview().unwrap();
    assert_eq!(inode(), first);
    add(&m, 2);
    sleep(SETTLED);
    m.store.overview().unwrap();
    assert_ne!(inode(), first);
}

#[test]
fn who_may_not_write_or_has_no_room_sees_the_same() {
    let name = "index::who_may_not_write_or_has_no_room_sees_the_same";
    let Some(folder) = in_namespace(name, "true") else {
        return;
    };
    let mount = |words: &[&str]| {
        let mut command = Command::new("mount");
        let done = command.current_dir(&folder).args(words).status().unwrap();
        assert!(done.success());
    };
    let m = Machine {
        store: Store::open(&folder).unwrap(),
        dir: tempfile::tempdir_in(&folder).unwrap(),
    };
    add(&m, 1);
    m.store.commit().unwrap();
    sleep(SETTLED);
    let filler = folder.join("filler");
    let filled = fs::write(&filler, vec![0; 16 << 20]);
    assert!(filled.is_err(), "the disk is not full");
    agree(&m.store);
    assert!(!m.store.layout().index().exists());
    let temporary = names(&m.store.layout().tmp());
    assert!(!temporary.iter().any(|name| name.starts_with("index")));
    fs::remove_file(filler).unwrap();

    fs::create_dir(folder.join("read-only")).unwrap();
    mount(&["--bind", ".", "read-only"]);
    mount(&["-o", "remount,ro,bind", "read-only"]);
    let reader = Store::open(&folder.join("read-only")).unwrap();
    agree(&reader);
    assert!(!m.store.layout().index().exists());
    agree(&m.store);
    assert!(m.store.layout().index().exists());
    agree(&reader);
}
