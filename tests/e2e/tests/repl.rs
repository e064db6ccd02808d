//! `cairn repl`, through a pipe and on a terminal.

use std::os::unix::fs::PermissionsExt as _;

use cairn_support::Machine;

fn machine() -> Machine {
    let machine = Machine::bare();
    machine.write(
        "system.cairn",
        "host.name = \"tiny\"\nlet twice = x => x * 2\n",
    );
    machine
}

/// What is printed for these lines.
#[track_caller]
fn printed(arguments: &[&str], lines: &str) -> String {
    let words = [&["repl"], arguments].concat();
    machine().cairn_with_input(&words, lines).done().stdout
}

#[test]
fn names_live_on_and_a_value_is_printed_for_each_expression() {
    let lines = "x = 1\nx = x + 1\nlet f = n => if n == 0 then x else f(n - 1)\nf(3)\ntype T = Int\n[x, f]\n";
    assert_eq!(printed(&[], lines), "2\n[2, <function>]\n");
}

#[test]
fn input_that_is_not_finished_goes_on_in_the_next_line() {
    let lines = "{ a = [1,\n2]\n}.a\n1 +\n2\nlet y = 5 in\ny\n\"\"\"\n  z\n  \"\"\"\n";
    assert_eq!(printed(&[], lines), "[1, 2]\n3\n5\n\"z\\n\"\n");
}

#[test]
fn an_error_is_shown_and_the_session_goes_on() {
    let run = machine()
        .cairn_with_input(&["repl"], "1 / 0\nnope\nhost.name = 1\n40 + 2\n")
        .done();
    assert_eq!(run.stdout, "42\n");
    run.says("eval::division_by_zero")
        .says("<input 2>:1:1")
        .says("cli::repl_item");
}

#[test]
fn a_file_gives_its_config_and_its_names() {
    let lines = "twice(4)\nconfig.host.name\n:why host.name\n:type config.host\n:doc host.name\n";
    let out = printed(&["system.cairn"], lines);
    assert!(out.starts_with("8\n\"tiny\"\n"), "{out}");
    assert!(out.contains("host.name = \"tiny\""), "{out}");
    assert!(out.contains("system.cairn:1:13"), "{out}");
    assert!(out.contains("{ name: Str }"), "{out}");
}

#[test]
fn commands_load_explain_and_end() {
    let out = printed(
        &[],
        ":type [1, \"a\"]\n:doc list.map\n:load system.cairn\nconfig.host.name\n:quit\n99\n",
    );
    assert!(out.starts_with("List(Int | Str)\nlist.map("), "{out}");
    assert!(out.ends_with("\"tiny\"\n"), "{out}");
    assert!(printed(&[], ":help\n").contains(":why OPTION"));
    assert!(printed(&[], ":quti\n").contains("did you mean `:quit`?"));
}

/// What is on the screen once the next line can be typed: a key that comes before is the terminal's own, as Ctrl-C is.
fn next_line_after(text: &str) -> String {
    format!("{text}\u{1b}[?2004h")
}

#[test]
fn ctrl_c_ends_the_computation_and_not_the_session() {
    let endless = "trace(\"be\" + \"gun\", 0) + list.fold(list.range(0, 2000000), 0, (s, n) => s + list.fold(list.range(0, 2000000), 0, (t, m) => t + m))\r";
    let run = machine()
        .terminal(&["repl"])
        .expect("cairn> ")
        .send(endless)
        .expect("begun")
        .interrupt()
        .expect("eval::interrupted")
        .send("x = 20\r")
        .expect(&next_line_after("x = 20\u{1b}[?2004l\r\n"))
        .send("x * 2 + 2\r")
        .expect(&next_line_after("42\r\n"))
        .send("\x04")
        .finish()
        .done();
    assert!(!run.stdout.contains("cli::interrupted"), "{run}");
}

#[test]
fn ctrl_c_ends_a_session_on_a_pipe_that_computes_nothing() {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::process::{Command, Stdio};
    let mut session = Command::new(cairn_support::binary::cairn())
        .arg("repl")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("cairn runs");
    let mut input = session.stdin.take().expect("a pipe");
    let mut output = BufReader::new(session.stdout.take().expect("a pipe"));
    input.write_all(b"40 + 2\n").expect("it reads");
    let mut line = String::new();
    output.read_line(&mut line).expect("it answers");
    assert_eq!(line, "42\n");
    let id = session.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status();
    assert!(sent.expect("kill runs").success());
    assert_eq!(session.wait().expect("it ends").code(), Some(130));
    drop(input);
}

#[test]
fn a_terminal_completes_goes_over_lines_and_keeps_a_private_history() {
    let machine = machine();
    let run = machine
        .terminal(&["repl", "system.cairn"])
        .expect("cairn> ")
        .send("config.host.na\t\r")
        .expect(&next_line_after("\"tiny\"\r\n"))
        // Ctrl-C takes a line back.
        .send("1 + 1000 +\x03")
        .expect(&next_line_after("1 + 1000 +\u{1b}[?2004l\r\n"))
        .send("{ b = 6\r* 7 }.b\r")
        .expect(&next_line_after("42\r\n"))
        .send("twi\t(50)\r")
        .expect(&next_line_after("100\r\n"))
        .send("\x04")
        .finish()
        .done();
    assert!(!run.stdout.contains("1001"), "{run}");
    let state = machine
        .root()
        .parent()
        .expect("a folder")
        .join("home/.local/state/cairn");
    let file = state.join("repl_history");
    let history = std::fs::read_to_string(&file).expect("a history");
    assert!(history.contains("config.host.name"), "{history}");
    let mode = std::fs::metadata(&file)
        .expect("a file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}
