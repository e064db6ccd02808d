//! `cairn eval`: values of expressions, options and files.

use cairn_support::Machine;

/// A machine with a configuration, a file that holds an expression, and one of data; there is no archive.
fn machine() -> Machine {
    let machine = Machine::bare();
    machine.write(
        "system.cairn",
        "host.name = \"tiny\"\nlet twice = x => x * 2\n",
    );
    machine.write("sum.cairn", "{ sum = 1 + 2, step = x => x + 1 }\n");
    machine.write("data.json", "{\"a\": [1, 2]}");
    machine
}

#[test]
fn an_expression_alone_needs_no_configuration_and_reads_the_current_folder_only() {
    let machine = machine().env("CAIRN_CONFIG", "/nonesuch");
    let value = |words: &[&str]| machine.cairn(&[&["eval"], words].concat()).done().stdout;
    assert_eq!(value(&["-e", "1 + 1"]), "2\n");
    assert_eq!(value(&["-e", "-1"]), "-1\n");
    assert_eq!(
        value(&["-e", "json.parse(read_file(./data.json)).a"]),
        "[1, 2]\n"
    );
    assert_eq!(value(&["-e", "import(\"./sum.cairn\").sum"]), "3\n");
    machine
        .cairn(&["eval", "-e", "read_file(../root)"])
        .exits(1)
        .says("eval::path_outside");
    assert_eq!(machine.snapshot(), Vec::<String>::new());
}

#[test]
fn beside_a_file_an_expression_sees_its_config_and_its_names() {
    let machine = machine();
    let run = machine
        .cairn(&["eval", "system.cairn", "-e", "[config.host.name, twice(4)]"])
        .done();
    assert_eq!(run.stdout, "[\"tiny\", 8]\n");
    machine
        .cairn(&["eval", "sum.cairn", "-e", "config"])
        .exits(2)
        .says("holds an expression, which has no `config`");
}

#[test]
fn a_file_is_a_configuration_or_an_expression_by_its_text() {
    let machine = machine();
    let run = machine.cairn(&["eval", "sum.cairn"]).done();
    assert_eq!(run.stdout, "{ step = <function>, sum = 3 }\n");
    let whole = machine.cairn(&["eval", "system.cairn", "--json"]).done();
    assert_eq!(whole.json()["host"]["name"], "tiny");
    assert_eq!(whole.stdout.lines().count(), 1);
    let option = machine
        .cairn(&["eval", "system.cairn", "--option", "host", "--json"])
        .done();
    assert_eq!(option.json(), serde_json::json!({ "name": "tiny" }));
    machine.write("neither.cairn", "host.name = = 1\n");
    machine
        .cairn(&["eval", "neither.cairn"])
        .exits(1)
        .says("neither.cairn:1:13");
}

#[test]
fn strings_are_printed_quoted_or_raw() {
    let machine = machine();
    let run = machine.cairn(&["eval", "-e", "\"a\\nb\""]).done();
    assert_eq!(run.stdout, "\"a\\nb\"\n");
    let run = machine.cairn(&["eval", "--raw", "-e", "\"a\\nb\""]).done();
    assert_eq!(run.stdout, "a\nb");
}

#[test]
fn errors_leave_stdout_empty_and_are_an_array_on_stderr_for_programs() {
    let machine = machine();
    let run = machine
        .cairn(&["eval", "-e", "[1 / 0, {}.a]", "--json"])
        .exits(1);
    assert_eq!(run.stdout, "");
    let errors: serde_json::Value = serde_json::from_str(&run.stderr).expect("an array");
    let codes: Vec<_> = (0..2).map(|at| errors[at]["code"].as_str()).collect();
    assert_eq!(
        codes,
        [Some("eval::division_by_zero"), Some("eval::missing_field")]
    );
    machine
        .cairn(&["eval", "--json", "-e", "toml.parse(\"a = inf\")"])
        .exits(1)
        .says("eval::not_data");
}

#[test]
fn what_is_traced_goes_to_stderr() {
    let run = machine()
        .cairn(&["eval", "--json", "-e", "trace(\"seen\", 1)"])
        .done();
    assert_eq!(run.json(), serde_json::json!(1));
    assert!(run.stderr.contains("seen"), "{run}");
}

#[test]
fn a_value_of_any_depth_is_printed_and_one_without_end_is_an_error() {
    let machine = machine();
    let deep = "let f = n => if n == 0 then [] else [f(n - 1)] in f(20000)";
    let run = machine.cairn(&["eval", "--json", "-e", deep]).done();
    assert_eq!(
        run.stdout,
        format!("{}{}\n", "[".repeat(20001), "]".repeat(20001))
    );
    machine.cairn(&["eval", "-e", deep]).done();
    machine
        .cairn(&["eval", "-e", "let r = { a = r, b = r } in r"])
        .exits(1)
        .says("eval::too_deep");
}

#[test]
fn a_machine_that_grants_no_gibibyte_of_stack_evaluates_too() {
    let folder = machine();
    let cairn = cairn_support::binary::cairn();
    let value = |expression: &str| {
        let mut command = std::process::Command::new("prlimit");
        command.arg(format!("--as={}", 600 << 20)).arg(&cairn);
        command.args(["eval", "-e", expression]);
        command.current_dir(folder.root());
        command.output().expect("prlimit runs")
    };
    let run = value("1 + 1");
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{said}");
    assert_eq!(run.stdout, b"2\n");
    // The depth that there is is known: no crash.
    let run = value("let f = n => 1 + f(n + 1) in f(0)");
    let said = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(1), "{said}");
    assert!(said.contains("eval::too_deep"), "{said}");
}

#[test]
fn a_dash_reads_the_file_or_the_expression_from_stdin() {
    let machine = machine();
    let value = |words: &[&str], input| machine.cairn_with_input(words, input).done().stdout;
    assert_eq!(value(&["eval", "-e", "-"], "1 + 2\n"), "3\n");
    assert_eq!(value(&["eval", "-"], "1 + 2\n"), "3\n");
    let config = "host.name = \"b\"\n";
    assert_eq!(
        value(&["eval", "-", "-e", "config.host.name"], config),
        "\"b\"\n"
    );
    machine
        .cairn_with_input(&["eval", "-", "-e", "-"], "1")
        .exits(2);
}

#[test]
fn memory_and_steps_have_bounds_that_can_be_set() {
    let machine = machine();
    let long = "string.length(string.repeat(\"x\", 50000000))";
    machine
        .cairn(&["eval", "--max-memory", "32M", "-e", long])
        .exits(1)
        .says("eval::memory")
        .says("32 MiB");
    assert_eq!(
        machine.cairn(&["eval", "-e", long]).done().stdout,
        "50000000\n"
    );
    machine
        .cairn(&["eval", "--max-memory", "many", "-e", "1"])
        .exits(2)
        .says("a size is a number");
    for command in [
        &["eval", "system.cairn"][..],
        &["check", "system.cairn"],
        &["switch", "system.cairn", "-y"],
    ] {
        let words = [command, &["--max-steps", "10"]].concat();
        machine.cairn(&words).exits(1).says("eval::steps");
    }
    let machine = machine.env("CAIRN_MAX_STEPS", "1000");
    let sum = "list.fold(list.range(0, 1000), 0, (a, b) => a + b)";
    machine
        .cairn(&["eval", "-e", sum])
        .exits(1)
        .says("eval::steps");
}
