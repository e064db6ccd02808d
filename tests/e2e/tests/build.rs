//! `cairn build`: what a file describes is built in a sandbox from packages of the lock.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::fresh;
use cairn_support::{Archive, Machine, Run};

/// A build that needs only the essential packages.
const HELLO: &str = "\
build({
  name   = \"hello\"
  script = \"mkdir -p $out/bin; echo 'echo hi' > $out/bin/hello; chmod +x $out/bin/hello; echo made hello\"
})
";

/// A machine of the small archive with this expression in `hello.cairn`.
fn with(expression: &str) -> (Archive, Machine) {
    let (archive, machine) = fresh();
    machine.write("hello.cairn", expression);
    (archive, machine)
}

fn build(machine: &Machine, more: &[&str]) -> Run {
    machine.cairn(&[&["build", "hello.cairn"], more].concat())
}

/// The one path that was printed.
#[track_caller]
fn path(run: &Run) -> String {
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 1, "{run}");
    assert!(lines[0].starts_with("/cairn/store/"), "{run}");
    lines[0].to_owned()
}

/// Where a store path really is.
fn place(machine: &Machine, path: &str) -> PathBuf {
    machine.root().join(path.trim_start_matches('/'))
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn sha256(text: &str) -> String {
    let mut child = Command::new("sha256sum")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("sha256sum");
    let mut pipe = child.stdin.take().expect("a pipe");
    pipe.write_all(text.as_bytes()).expect("written");
    drop(pipe);
    let output = child.wait_with_output().expect("ended");
    String::from_utf8_lossy(&output.stdout[..64]).into_owned()
}

#[test]
fn prints_the_path_and_makes_a_link_that_keeps_the_result() {
    let (_archive, machine) = with(HELLO);
    let built = path(&build(&machine, &[]).done());
    assert!(built.ends_with("-hello"), "{built}");
    let link = machine.config("result");
    assert_eq!(link.read_link().expect("a link"), place(&machine, &built));
    assert_eq!(text(&link.join("bin/hello")), "echo hi\n");
    machine.cairn(&["gc", "-y"]).done();
    assert!(link.join("bin/hello").exists(), "a linked result is kept");
    std::fs::remove_file(&link).expect("removed");
    machine.cairn(&["gc", "-y"]).done();
    assert!(
        !place(&machine, &built).exists(),
        "nothing wants it any more"
    );
    machine.cairn(&["verify"]).done();
}

#[test]
fn an_unchanged_build_builds_nothing_and_locks_nothing_anew() {
    let (archive, machine) = with(HELLO);
    let first = build(&machine, &["-L"]).done().says("made hello");
    let lock = machine.read("cairn.lock");
    let requests = archive.server().requests().len();
    let second = build(&machine, &["-L"]).done().says("took 0 steps");
    second.is_silent_on("made hello");
    assert_eq!(path(&build(&machine, &[]).done()), path(&first));
    assert_eq!(machine.read("cairn.lock"), lock);
    assert_eq!(archive.server().requests().len(), requests);
}

#[test]
fn a_link_has_the_name_that_is_wished_or_is_not_made() {
    let (_archive, machine) = with(HELLO);
    build(&machine, &["--no-link"]).done();
    assert!(!machine.config("result").is_symlink());
    build(&machine, &["-o", "out"]).done();
    assert!(machine.config("out/bin/hello").exists());
    machine.write("taken", "a file of the user's");
    build(&machine, &["-o", "taken"])
        .exits(1)
        .says("cannot make the link");
    assert_eq!(machine.read("taken"), "a file of the user's");
}

/// Two builds: `app` holds the path of `lib`.
fn two(comment: &str, version: &str) -> String {
    format!(
        "let lib = build({{
           name   = \"lib\"
           script = \"# {comment}\\necho building lib; mkdir $out; echo {version} > $out/version\"
         }})
         app = build({{
           name   = \"app\"
           env    = {{ LIB = \"${{lib}}/version\" }}
           script = \"echo building app; mkdir $out; cp $LIB $out/copy; echo ${{lib}} > $out/needs\"
         }})
         in {{ lib = lib, app = app }}
"
    )
}

#[test]
fn an_input_that_comes_out_the_same_rebuilds_nothing_above_it() {
    let (_archive, machine) = with(&two("first", "1"));
    let first = build(&machine, &["-L"]).done();
    first.clone().says("building lib").says("building app");
    // Another script, the same result.
    machine.write("hello.cairn", &two("second", "1"));
    let second = build(&machine, &["-L"]).done();
    second
        .clone()
        .says("building lib")
        .says("took 1 step, 1 step as before");
    second.clone().is_silent_on("building app");
    assert_eq!(second.stdout, first.stdout);
    // Another result: then what needs it is another too.
    machine.write("hello.cairn", &two("second", "2"));
    let third = build(&machine, &["-L"]).done();
    third
        .clone()
        .says("building lib")
        .says("building app")
        .says("took 2 steps");
    assert_ne!(third.stdout, first.stdout);
    assert_eq!(text(&machine.config("result-app/copy")), "2\n");
}

#[test]
fn what_an_input_needs_is_there_too() {
    let both = two("x", "1");
    let both = both.split("in {").next().expect("bindings");
    let (_archive, machine) = with(&format!(
        "{both} in build({{ name = \"top\", script = \"cat $(cat ${{app}}/needs)/version > $out\" }})\n"
    ));
    build(&machine, &[]).done();
    assert_eq!(text(&machine.config("result")), "1\n");
}

#[test]
fn builds_of_a_record_have_links_of_their_own_and_can_be_picked() {
    let (_archive, machine) = with(&two("x", "1"));
    let run = build(&machine, &["--json"]).done();
    let outputs = run.json()["outputs"].as_array().expect("outputs").clone();
    let names: Vec<_> = outputs
        .iter()
        .filter_map(|one| one["name"].as_str())
        .collect();
    assert_eq!(names, ["app", "lib"]);
    assert_eq!(text(&machine.config("result-lib/version")), "1\n");
    // The path of another build in a result is a reference: what it names stays with it.
    let needs = text(&machine.config("result-app/needs"));
    assert_eq!(Some(needs.trim_end()), outputs[1]["path"].as_str());
    std::fs::remove_file(machine.config("result-lib")).expect("removed");
    machine.cairn(&["gc", "-y"]).done();
    assert!(place(&machine, needs.trim_end()).join("version").exists());
    assert!(path(&build(&machine, &["-A", "lib", "--no-link"]).done()).ends_with("-lib"));
    build(&machine, &["-A", "lob"])
        .exits(1)
        .says("build::unknown")
        .says("there are app, lib");
}

#[test]
fn files_of_the_folder_and_downloads_go_in_and_their_changes_come_out() {
    let (archive, machine) = fresh();
    archive.server().put("/files/greeting", &b"good day\n"[..]);
    let sum = sha256("good day\n");
    let expression = |sum: &str| {
        format!(
            "let greeting = fetch({{ url = \"{}\", sha256 = \"{sum}\" }})
             in build({{
               name    = \"joined\"
               sources = {{ src = ./src, greeting = greeting }}
               script  = \"cat $greeting $src/inner/name ${{./own.txt}} > $out\"
             }})\n",
            archive.server().url() + "/files/greeting"
        )
    };
    machine.write("src/inner/name", "Ada\n");
    machine.write("own.txt", "own\n");
    machine.write("hello.cairn", &expression(&sum));
    build(&machine, &[]).done();
    assert_eq!(text(&machine.config("result")), "good day\nAda\nown\n");
    machine.write("src/inner/name", "Grace\n");
    build(&machine, &[]).done();
    assert_eq!(text(&machine.config("result")), "good day\nGrace\nown\n");
    assert_eq!(archive.server().request_count("/files/greeting"), 1);
    machine.write("hello.cairn", &expression(&sha256("good night\n")));
    build(&machine, &[]).exits(102).says("archive::digest");
}

#[test]
fn a_failure_shows_its_last_lines_keeps_its_folder_and_spares_the_rest() {
    let failing = "{
        bad  = build({ name = \"bad\", script = \"echo half > half; echo no compiler here; exit 3\" })
        good = build({ name = \"good\", script = \"echo fine > $out\" })
      }\n";
    let (_archive, machine) = with(failing);
    let run = build(&machine, &["--keep-failed", "--keep-going"]).exits(100);
    run.clone()
        .says("build::failed")
        .says("no compiler here")
        .says("exited with 3");
    let kept = run
        .stderr
        .split("what it left is in ")
        .nth(1)
        .expect("a folder");
    let kept = Path::new(kept.split_whitespace().next().expect("a folder"));
    assert_eq!(text(&kept.join("build/half")), "half\n");
    // The other one is there, printed and linked.
    assert!(path(&run).ends_with("-good"));
    assert_eq!(text(&machine.config("result-good")), "fine\n");
    build(&machine, &["-A", "good"]).done().says("took 0 steps");
}

#[test]
fn a_dry_run_lists_the_steps_and_why_and_writes_nothing() {
    let (_archive, machine) = with(&two("x", "1"));
    let before = machine.snapshot();
    build(&machine, &["-n"])
        .done()
        .says("would fetch 1 file")
        .says("would build lib waits for build-root")
        .says("would build app waits for lib, build-root");
    assert_eq!(machine.snapshot(), before);
    assert!(!machine.config("cairn.lock").exists());
    build(&machine, &[]).done();
    build(&machine, &["-n"]).done().says("nothing to do");
    machine.edit("hello.cairn", "# x", "# y");
    build(&machine, &["-n"])
        .done()
        .says("would build lib changed: script")
        .says("would build app waits for lib");
    let steps = build(&machine, &["-n", "--json"]).done().json();
    assert_eq!(steps["steps"][0]["name"], "lib");
}

#[test]
fn check_builds_again_and_shows_what_differs() {
    let (_archive, machine) = with(
        "{
          good = build({ name = \"good\", script = \"echo the same > $out\" })
          bad  = build({ name = \"bad\", script = \"mkdir $out; echo fixed > $out/fixed; mktemp -u XXXXXXXXXXXX > $out/name; touch $out/$(cat $out/name)\" })
        }\n",
    );
    build(&machine, &["-A", "good", "--check"]).done();
    let run = build(&machine, &["-A", "bad", "--check"]).exits(104);
    run.clone()
        .says("build::differs")
        .says("~ /name: 13 B, differ from byte")
        .is_silent_on("/fixed");
    // What came out first is what stays.
    let first = build(&machine, &["-A", "bad"]).done().says("took 0 steps");
    assert!(path(&first).ends_with("-bad"));
    machine.cairn(&["verify"]).done();
}

#[test]
fn what_can_not_be_built_is_said_at_its_place() {
    let (_archive, machine) = with("{ a = 1 }\n");
    build(&machine, &[])
        .exits(1)
        .says("build::nothing")
        .says("`a` is a number");
    machine.write(
        "hello.cairn",
        "build({ name = \"x\", scirpt = \"true\" })\n",
    );
    build(&machine, &[])
        .exits(1)
        .says("eval::host")
        .says("did you mean `script`?");
    machine.write(
        "hello.cairn",
        "build({ name = \"x\", script = \"true\", tools = [\"no-such-tool\"] })\n",
    );
    build(&machine, &[]).exits(1).says("no-such-tool");
    machine.write(
        "hello.cairn",
        "build({ name = \"x\", script = \"true\" })\n",
    );
    build(&machine, &[]).exits(100).says("left nothing at $out");
}

#[test]
fn a_system_has_what_was_built_with_all_that_it_needs() {
    let (_archive, machine) = with(&two("x", "1"));
    machine.write(
        "system.cairn",
        "let built = import(\"./hello.cairn\")
host.name = \"tiny\"
packages  = [\"hello\"]
files.\"/usr/local/share/app\".source = built.app
files.\"/etc/version\".source = \"${built.lib}/version\"
units.\"app.service\".text = \"[Service]\\nExecStart=${built.app}/run\\n\"
",
    );
    machine.switch().says("made generation 1");
    let paths = build(&machine, &["--no-link"]).done();
    let (app, lib) = paths.stdout.trim_end().split_once('\n').expect("two paths");
    // The root has the files, and the unit the true path.
    let system = machine
        .cairn(&["build", "system.cairn", "-o", "system"])
        .done();
    assert!(path(&system).ends_with("-system-tiny"));
    let contract: serde_json::Value =
        serde_json::from_str(&text(&machine.config("system/system.json"))).expect("JSON");
    assert_eq!(
        contract["units"]["app.service"]["text"],
        format!("[Service]\nExecStart={app}/run\n")
    );
    assert_eq!(
        contract["files"]["/etc/version"]["source"],
        format!("{lib}/version")
    );
    assert!(!contract.to_string().contains("@cairn:"), "{contract}");
    // It stays though no link names it, and what it names itself too.
    machine.cairn(&["gc", "-y"]).done();
    for path in [app, lib] {
        assert!(place(&machine, path).exists(), "{path}");
    }
    machine
        .cairn(&["switch", "system.cairn", "-y"])
        .done()
        .says("unchanged");
    // Another script with the same result is the same system.
    machine.edit("hello.cairn", "# x", "# y");
    machine
        .cairn(&["switch", "system.cairn", "-y"])
        .done()
        .says("unchanged");
    machine.edit("hello.cairn", "echo 1 >", "echo 2 >");
    machine.switch().says("made generation 2");
    machine
        .cairn(&["image", "system.cairn", "-o", "disk.raw"])
        .done()
        .says("menu 2, 1");
    let disk = std::fs::read(machine.config("disk.raw")).expect("a disk");
    let name = app.trim_start_matches("/cairn/store/").as_bytes();
    assert!(
        disk.windows(name.len()).any(|window| window == name),
        "the disk has no {app}"
    );
}

#[test]
fn an_expression_and_a_configuration_in_one_folder_share_the_lock() {
    let (archive, machine) =
        with("build({ name = \"x\", tools = [\"hello\"], script = \"hello > $out\" })\n");
    machine.switch();
    let system = machine.read("cairn.lock");
    build(&machine, &[]).done();
    assert_eq!(text(&machine.config("result")), "hello 1.0\n");
    let both = machine.read("cairn.lock");
    assert!(both.contains("\"build:hello\""), "{both}");
    for line in system.lines().filter(|line| line.contains("\"sha256\"")) {
        assert!(both.contains(line.trim_end_matches(',')), "{line} is gone");
    }
    let requests = archive.server().requests().len();
    machine
        .cairn(&["switch", "system.cairn", "-y"])
        .done()
        .says("unchanged");
    assert_eq!(machine.read("cairn.lock"), both);
    assert_eq!(archive.server().requests().len(), requests);
}

#[test]
fn on_a_terminal_a_tree_shows_what_runs_how_long_and_what_waits() {
    let (_archive, machine) = with(
        "let slow = build({ name = \"slow\", script = \"sleep 3; echo 1 > $out\" })
         in build({ name = \"above\", script = \"cat ${slow} > $out\" })\n",
    );
    // The root first, so that it does not matter how long that takes.
    machine.write(
        "root.cairn",
        "build({ name = \"r\", script = \"true > $out\" })\n",
    );
    machine.cairn(&["build", "root.cairn", "--no-link"]).done();
    let run = machine
        .terminal(&["build", "hello.cairn"])
        .expect("above waits")
        .expect("building slow")
        .expect("1.")
        .finish()
        .done();
    let last = run
        .stdout
        .rsplit("\x1b[")
        .next()
        .unwrap_or_default()
        .to_owned();
    assert!(!last.contains("waits"), "the tree is taken away: {last}");
    run.says("-above");
}

#[test]
fn the_example_compiles_with_gcc_of_the_real_archive() {
    let machine = Machine::bare();
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/examples/hello-c");
    for name in ["hello.cairn", "system.cairn", "src/hello.c", "src/Makefile"] {
        machine.write(name, &text(&Path::new(example).join(name)));
    }
    let run = build(&machine, &[]).done();
    assert!(path(&run).ends_with("-hello"));
    let program = machine.config("result/bin/hello");
    let bytes = std::fs::read(&program).expect("a program");
    assert_eq!(&bytes[..4], b"\x7fELF");
    let output = Command::new(&program).output().expect("it runs here too");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "hello from Cairn\n"
    );
    build(&machine, &["--check"]).done();
    // The configuration beside it takes the same build, and its lock.
    machine.cairn(&["check", "system.cairn"]).done();
}
