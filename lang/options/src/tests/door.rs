//! Asking a configuration: single options, why, the list, tests, what was read.

use cairn_eval::ContextId;
use serde_json::json;

use super::{checked, lines, with};
use crate::{Standing, contexts, json as as_json};

#[test]
fn paths_carry_their_context() {
    let files = [("system.cairn", "host.name = \"${./page}!\""), ("page", "")];
    with(&files, |config| {
        let checked = config.unwrap().check().unwrap();
        assert_eq!(as_json(&checked.data)["host"]["name"], "/store/page!");
        let path = vec!["host".to_owned(), "name".to_owned()];
        assert_eq!(contexts(&checked.data), [(path, ContextId(4))]);
    });
}

#[test]
fn imports_are_read_once_though_they_form_diamonds_and_cycles() {
    let files = [
        (
            "system.cairn",
            "import \"./a/b.cairn\"\nimport \"./c.cairn\"\nhost.name = \"h\"",
        ),
        ("a/b.cairn", "import \"../c.cairn\"\npackages = [\"b\"]"),
        ("c.cairn", "import \"./system.cairn\"\npackages = [\"c\"]"),
    ];
    assert_eq!(checked(&files).unwrap()["packages"], json!(["c", "b"]));
}

#[test]
fn tests_hold_or_say_why_not() {
    let text = "test \"adds\" 1 + 1 == 2\ntest \"lies\" config.packages == []";
    with(&[("system.cairn", text)], |config| {
        let tested = config.unwrap().run_tests();
        assert_eq!(tested[0].claim, "adds");
        assert!(tested[0].failure.is_none());
        assert_eq!(
            tested[1].failure.as_ref().unwrap().code,
            "options::test_failed"
        );
    });
}

#[test]
fn reading_one_option_computes_only_what_it_needs() {
    let text = "packages = error(\"boom\")\nwhen error(\"bang\") { ports = [1] }\nservices.web.level = \"info\"";
    with(&[("system.cairn", text)], |config| {
        let mut config = config.unwrap();
        assert_eq!(
            as_json(&config.get("services.web.level").unwrap()),
            json!("info")
        );
        assert!(config.get("ports").is_err());
    });
}

#[test]
fn get_reads_quoted_keys_and_suggests() {
    let text = "services.web.sites.\"a.org\".root = \"/a\"";
    with(&[("system.cairn", text)], |config| {
        let mut config = config.unwrap();
        let port = config.get("services.web.sites.\"a.org\".port").unwrap();
        assert_eq!(as_json(&port), json!(443));
        let failure = config.get("services.wep").unwrap_err();
        assert!(lines(&failure)[0].contains("did you mean `services.web`?"));
    });
}

#[test]
fn why_tells_what_won_what_lost_and_what_is_off() {
    let text = r#"
services.web.level = default "info"
when false { services.web.level = force "warn" }
services = { web.level = "debug" }
"#;
    with(&[("system.cairn", text)], |config| {
        let mut config = config.unwrap();
        let why = config.why("services.web.level").unwrap();
        let told: Vec<_> = why
            .definitions
            .iter()
            .map(|one| (one.line, one.text.as_str(), one.priority, one.standing))
            .collect();
        assert_eq!(
            told,
            [
                (2, "default \"info\"", 1000, Standing::Lost),
                (3, "force \"warn\"", 100, Standing::Off),
                (4, "\"debug\"", 100, Standing::Won),
                (15, "\"warn\"", 1500, Standing::Lost),
            ]
        );
        assert_eq!(why.declared, Some(("<library>/web.cairn".to_owned(), 15)));
        assert_eq!(as_json(&why.value), json!("debug"));
        let path = ["services", "web", "level"].map(str::to_owned);
        let span = config.span_of(&path).unwrap();
        assert_eq!(config.sources().line_column(span).0, 4);
    });
}

#[test]
fn the_list_of_options_goes_below_record_types() {
    with(&[("system.cairn", "")], |config| {
        let config = config.unwrap();
        let listed = config.list();
        let port = listed
            .iter()
            .find(|one| one.path == "services.web.sites.<name>.port")
            .unwrap();
        assert_eq!(port.ty, "Port");
        assert_eq!(
            port.default.as_deref(),
            Some("if self.tls then 443 else 80")
        );
        let sites = listed
            .iter()
            .find(|one| one.path == "services.web.sites")
            .unwrap();
        assert_eq!(sites.doc.as_deref(), Some("Who is served."));
        assert!(
            listed
                .iter()
                .any(|one| one.path == "host.name" && one.default.is_none())
        );
    });
}

#[test]
fn files_that_were_read_are_known() {
    let files = [
        (
            "system.cairn",
            "import \"./a.cairn\"\nhost.name = read_file(./name)",
        ),
        ("a.cairn", ""),
        ("name", "h"),
    ];
    with(&files, |config| {
        let mut config = config.unwrap();
        config.check().unwrap();
        assert_eq!(config.files_read(), ["a.cairn", "name", "system.cairn"]);
    });
}
