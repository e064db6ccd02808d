//! Files: `modules/library/files.cairn`, from configuration to spec.

use cairn_spec::{EtcPolicy, FileContent};
use cairn_tests_modules::{spec, try_spec};

#[test]
fn a_file_is_a_text_a_path_or_a_link() {
    let spec = spec(
        r#"
        files."/etc/a".text = "hello"
        files."/etc/b" = { source = ./www, mode = "0600", user = "www-data" }
        files."/etc/c".link = "/etc/a"
        etc.policy = "immutable"
        "#,
    );
    assert_eq!(
        spec.files["/etc/a"].content(),
        Some(FileContent::Text("hello"))
    );
    assert_eq!(
        spec.files["/etc/b"].content(),
        Some(FileContent::Source("/store/www"))
    );
    assert_eq!(
        (
            spec.files["/etc/b"].mode_bits(),
            spec.files["/etc/b"].user.as_str()
        ),
        (0o600, "www-data")
    );
    assert_eq!(
        spec.files["/etc/c"].content(),
        Some(FileContent::Link("/etc/a"))
    );
    assert_eq!(spec.etc.policy, EtcPolicy::Immutable);
}

#[test]
fn texts_of_one_file_join_line_by_line() {
    let spec = spec("files.\"/etc/a\".text = \"one\"\nfiles.\"/etc/a\".text = \"two\"");
    assert_eq!(
        spec.files["/etc/a"].content(),
        Some(FileContent::Text("one\ntwo"))
    );
}

#[test]
fn the_contract_refuses_what_no_machine_could_do() {
    let errors = try_spec("host.name = \"a\"\nfiles.\"etc/a\".text = \"\"\nfiles.\"/etc/b\" = {}")
        .unwrap_err();
    assert!(
        errors[0].contains("`files.\"etc/a\"` is no absolute path"),
        "{errors:#?}"
    );
    assert!(
        errors[0].contains("`files.\"/etc/b\"` has no content"),
        "{errors:#?}"
    );
}
