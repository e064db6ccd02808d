use crate::support::machine;
use cairn_disk::{Error, Store};
use std::io::Read;
use std::process::{Command, Stdio};

#[test]
fn the_lock_is_held_by_one_who_is_named_to_others() {
    let m = machine();
    let held = m.store.lock("cairn switch --fast").unwrap();
    let other = Store::open(m.dir.path()).unwrap();
    let error = other.lock("cairn gc").unwrap_err();
    assert!(
        matches!(&error, Error::Busy { pid, command } if *pid == std::process::id() && command == "cairn switch --fast")
    );
    assert!(error.to_string().contains("cairn switch --fast"));
    drop(held);
    other.lock("cairn gc").unwrap();
}

#[test]
fn a_lock_whose_holder_was_killed_is_free() {
    let m = machine();
    let mut holder = Command::new("flock")
        .arg("--no-fork")
        .arg(m.store.layout().lock())
        .args(["sh", "-c", "echo held; exec sleep 60"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = [0; 5];
    holder
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut said)
        .unwrap();
    assert!(matches!(
        m.store.lock("gc"),
        Err(Error::Busy { pid: 0, .. })
    ));
    holder.kill().unwrap();
    holder.wait().unwrap();
    m.store.lock("gc").unwrap();
}

#[test]
fn who_counts_on_contents_is_in_the_way_of_a_collection_and_of_no_switch() {
    let m = machine();
    let held = m.store.lock_contents("cairn cache pull").unwrap();
    let other = Store::open(m.dir.path()).unwrap();
    let error = other.lock_contents("cairn gc").unwrap_err();
    assert!(error.to_string().contains("cairn cache pull"), "{error}");
    other.lock("cairn switch").unwrap();
    drop(held);
    other.lock_contents("cairn gc").unwrap();
}
