//! `cairn store`: what is added, listed, printed, compared, kept and linked again.

use cairn_support::Machine;

use crate::one_generation;

/// A bare machine with a folder `thing` beside its configuration.
fn with_thing() -> Machine {
    let machine = Machine::bare();
    machine.write("thing/bin/run", "#!/bin/sh\necho run\n");
    machine.write("thing/etc/conf", "one\ntwo\nthree\n");
    machine.write("thing/etc/more", "more\n");
    std::os::unix::fs::symlink("../etc/conf", machine.config("thing/bin/link")).expect("a link");
    let run = machine.config("thing/bin/run");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(run, mode).expect("executable");
    machine
}

/// Adds something and gives its store path.
fn add(machine: &Machine, words: &[&str]) -> String {
    let run = machine.cairn(&[&["store", "add"], words].concat()).done();
    run.stdout.trim().to_owned()
}

fn hash(path: &str) -> &str {
    &path["/cairn/store/".len()..][..32]
}

#[test]
fn the_same_contents_have_one_path_whatever_their_times_and_owners() {
    let machine = with_thing();
    let path = add(&machine, &["thing"]);
    assert!(
        path.starts_with("/cairn/store/") && path.ends_with("-thing"),
        "{path}"
    );
    machine.write("copy/bin/run", "#!/bin/sh\necho run\n");
    machine.write("copy/etc/conf", "one\ntwo\nthree\n");
    machine.write("copy/etc/more", "more\n");
    std::os::unix::fs::symlink("../etc/conf", machine.config("copy/bin/link")).expect("a link");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(machine.config("copy/bin/run"), mode).expect("executable");
    assert_eq!(add(&machine, &["copy", "--name", "thing"]), path);
    machine.write("copy/etc/more", "less\n");
    assert_ne!(add(&machine, &["copy", "--name", "thing"]), path);
    machine.cairn(&["verify"]).done().says("the store is sound");
}

#[test]
fn what_is_added_is_what_a_configuration_calls_it() {
    let (_archive, machine) = one_generation();
    machine.write("page/index.html", "<p>hi\n");
    let config = machine.read("system.cairn");
    let with_page = "files.\"/etc/page\".text = \"${./page}\\n\"\n";
    machine.write("system.cairn", &format!("{config}{with_page}"));
    machine.switch();
    let path = add(&machine, &["page"]);
    machine.cairn(&["why", &path]).done().says("generation 2");
}

#[test]
fn the_collector_takes_what_nothing_keeps() {
    let machine = with_thing();
    let path = add(&machine, &["thing"]);
    machine
        .cairn(&["store", "add", "thing"])
        .done()
        .says("nothing keeps it");
    let kept = add(&machine, &["thing/etc", "--keep"]);
    let replaced = add(&machine, &["thing/etc/conf", "--keep=mine"]);
    machine
        .cairn(&["store", "add", "thing/etc/more", "--keep=mine"])
        .done()
        .says(&format!("kept {replaced} before"));
    machine.cairn(&["gc", "-y"]).done();
    machine
        .cairn(&["store", "ls", &path])
        .exits(1)
        .says("store::no_path");
    machine.cairn(&["store", "ls", &kept]).done().says("conf");
    let roots = machine.cairn(&["store", "roots", "--json"]).done().json();
    assert_eq!(roots["roots"][0]["name"], "etc");
    let mine = roots["roots"][1]["paths"][0].as_str().expect("a path");
    assert!(mine.ends_with("-more"), "{roots}");
    machine
        .cairn(&["store", "roots", "--remove", "ect"])
        .exits(1)
        .says("there are etc, mine");
    machine.cairn(&["store", "roots", "--remove", "etc"]).done();
    machine.cairn(&["gc", "-y"]).done();
    machine.cairn(&["store", "ls", &kept]).exits(1);
}

#[test]
fn lists_and_prints_without_anything_being_unpacked() {
    let machine = with_thing();
    let path = add(&machine, &["thing"]);
    let base = path.trim_start_matches("/cairn/store/");
    let list = machine.cairn(&["store", "ls", base]).done();
    assert_eq!(list.stdout, "bin/\netc/\n");
    let list = machine
        .cairn(&["store", "ls", "-R", &format!("{}/bin", hash(&path))])
        .done();
    assert_eq!(list.stdout, "link@\nrun*\n");
    let long = machine.cairn(&["store", "ls", "-lR", &path]).done();
    long.says("-rwxr-xr-x 0:0")
        .says("bin/run")
        .says("lrwxrwxrwx")
        .says("bin/link -> ../etc/conf");
    let json = machine
        .cairn(&["store", "ls", "-R", &path, "--json"])
        .done()
        .json();
    assert_eq!(json["entries"][1]["target"], "../etc/conf");
    let text = machine
        .cairn(&["store", "cat", &format!("{path}/bin/link")])
        .done()
        .stdout;
    assert_eq!(text, "one\ntwo\nthree\n", "links are followed");
    machine
        .cairn(&["store", "cat", &format!("{path}/bin/rnu")])
        .exits(1)
        .says("store::no_entry")
        .says("did you mean `/bin/run`?");
    machine
        .cairn(&["store", "cat", &path])
        .exits(1)
        .says("store::no_file");
    let store = std::fs::read_dir(machine.root().join("cairn/store")).expect("the store");
    assert_eq!(store.count(), 0, "nothing is materialised");
}

#[test]
fn what_can_t_be_in_the_store_is_refused_by_name() {
    let machine = with_thing();
    machine.write("my file", "x");
    machine
        .cairn(&["store", "add", "my file"])
        .exits(1)
        .says("store::name")
        .says("--name");
    machine
        .cairn(&["store", "add", "my file", "--name", "mine"])
        .done()
        .says("-mine");
    machine
        .cairn(&["store", "add", "nonesuch"])
        .exits(1)
        .says("cli::file");
    let made = std::process::Command::new("mkfifo")
        .arg(machine.config("thing/pipe"))
        .status();
    assert!(made.is_ok_and(|made| made.success()));
    machine
        .cairn(&["store", "add", "thing"])
        .exits(1)
        .says("it is a named pipe");
}

#[test]
fn a_path_is_named_by_as_much_as_only_one_has() {
    let machine = with_thing();
    let path = add(&machine, &["thing"]);
    for name in [&path[..], hash(&path), &hash(&path)[..8]] {
        let info = machine
            .cairn(&["store", "info", name, "--json"])
            .done()
            .json();
        assert_eq!(info["path"], path);
    }
    let whole = machine.root().join(&path[1..]);
    let whole = whole.display().to_string();
    machine.cairn(&["store", "ls", &whole]).done().says("bin/");
    machine
        .cairn(&["store", "info", "thing"])
        .exits(1)
        .says("store::no_path")
        .says(path.trim_start_matches("/cairn/store/"));
    machine
        .cairn(&["store", "info", &format!("{path}/bin")])
        .exits(1)
        .says("store::not_whole");
    // With 40 paths on 32 letters two begin alike.
    for number in 0..40 {
        let name = format!("n{number}");
        machine.write(&name, &name);
        add(&machine, &[&name]);
    }
    let letters = "0123456789abcdfghijklmnpqrsvwxyz"
        .chars()
        .map(|letter| letter.to_string());
    let several = letters
        .map(|letter| machine.cairn(&["store", "info", &letter]))
        .find(|run| run.stderr.contains("store::ambiguous_path"));
    several
        .expect("two begin with one letter")
        .exits(1)
        .says("begin with");
}

#[test]
fn info_tells_what_made_it_and_what_keeps_it() {
    let (_archive, machine) = one_generation();
    let system = machine.generations()[0]["path"]
        .as_str()
        .expect("a path")
        .to_owned();
    let info = machine
        .cairn(&["store", "info", &system, "--json"])
        .done()
        .json();
    assert_eq!(info["made_by"][0]["builder"], "system");
    assert_eq!(info["kept_by"][0]["generation"], 1);
    let root = info["references"][0]
        .as_str()
        .expect("a reference")
        .to_owned();
    let info = machine
        .cairn(&["store", "info", &root, "--json"])
        .done()
        .json();
    assert_eq!(info["referrers"], serde_json::json!([system]));
    assert!(info["closure_size"].as_u64() >= info["size"].as_u64());
    // A link into the store means what it leads to.
    let link = machine.root().join("cairn/var/gens/1/system");
    machine
        .cairn(&["store", "info", &link.display().to_string()])
        .done()
        .says(&system)
        .says("generation 1");
}

#[test]
fn texts_are_compared_line_by_line() {
    let machine = with_thing();
    let before = add(&machine, &["thing"]);
    machine.write("thing/etc/conf", "one\n2\nthree\n");
    machine.write("thing/etc/new", "new\n");
    std::fs::remove_file(machine.config("thing/etc/more")).expect("removed");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(machine.config("thing/bin/run"), mode).expect("no program");
    let after = add(&machine, &["thing"]);
    let run = machine.cairn(&["store", "diff", &before, &after]).done();
    let run = run
        .says("~ /bin/run mode 0755 → 0644")
        .says("~ /etc/conf 14 B → 12 B")
        .says("-two")
        .says("+2")
        .says("- /etc/more 5 B")
        .says("+ /etc/new 4 B");
    assert!(run.stdout.contains("@@ -1,3 +1,3 @@"), "{run}");
    let list = machine
        .cairn(&["store", "diff", &before, &after, "--list"])
        .done();
    list.is_silent_on("@@");
    let json = machine
        .cairn(&["store", "diff", &before, &after, "--json"])
        .done()
        .json();
    assert_eq!(json["growth"], -3);
    assert_eq!(json["changes"][1]["change"], "changed");
    let (old, new) = (format!("{before}/etc/conf"), format!("{after}/etc/conf"));
    machine
        .cairn(&["store", "diff", &old, &new])
        .done()
        .says("-two");
    machine
        .cairn(&["store", "diff", &old, &old])
        .done()
        .says("nothing differs");
}

#[test]
fn optimise_has_nothing_to_win_in_a_store_of_links() {
    let (_archive, machine) = one_generation();
    let run = machine
        .cairn(&["store", "optimise", "--json"])
        .done()
        .json();
    assert_eq!((&run["linked"], &run["wrong"]), (&0.into(), &0.into()));
    machine
        .cairn(&["store", "optimise", "-n"])
        .done()
        .says("nothing to win");
}
