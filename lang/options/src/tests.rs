//! Claims about options, each over a small library and a configuration held in memory.

use std::collections::BTreeMap;

use cairn_eval::{Arena, ContextId, Data, EntryKind, Host, HostError, Minted};
use cairn_syntax::{Severity, render};
use serde_json::{Value, json};

use crate::{Config, Failure, Standing, contexts, json as as_json, load};

/// Files in memory; `system.cairn` is the entry.
struct Memory(BTreeMap<String, String>);

impl Memory {
    fn text(&self, path: &str) -> Result<String, HostError> {
        self.0
            .get(path)
            .cloned()
            .ok_or_else(|| HostError::new("no such file"))
    }
}

impl Host for Memory {
    fn load(&mut self, path: &str) -> Result<String, HostError> {
        self.text(path)
    }
    fn read_file(&mut self, path: &str) -> Result<String, HostError> {
        self.text(path)
    }
    fn read_dir(&mut self, path: &str) -> Result<Vec<(String, EntryKind)>, HostError> {
        let inside = |name: &String| name.rsplit_once('/').map_or("", |(folder, _)| folder) == path;
        let entry = |name: &String| {
            (
                name.rsplit('/').next().unwrap_or(name).to_owned(),
                EntryKind::File,
            )
        };
        Ok(self
            .0
            .keys()
            .filter(|name| inside(name))
            .map(entry)
            .collect())
    }
    fn path(&mut self, path: &str) -> Result<Minted, HostError> {
        Ok(Minted {
            text: format!("/store/{path}"),
            context: ContextId(path.len() as u32),
        })
    }
    fn build(&mut self, _: &Data) -> Result<Minted, HostError> {
        Err(HostError::new("nothing is built here"))
    }
    fn fetch(&mut self, _: &Data) -> Result<Minted, HostError> {
        Err(HostError::new("nothing is fetched here"))
    }
    fn trace(&mut self, _: &str) {}
}

const PRELUDE: &str = "
type Port = Int where (n => n >= 1 and n <= 65535)
type Lines = Str
";

const WEB: &str = r#"
type Site = {
  root: Str
  tls: Bool = true
  port: Port = if self.tls then 443 else 80
  title: Str = name
}

## The web server.
option services.web: {
  enable: Bool = false
  ## Who is served.
  sites: Map(Site) = {}
  extra: Lines = ""
  level: "debug" | "info" | "warn" = "warn"
}
option services.mail.enable: Bool = false
option host.name: Str
option packages: List(Str) = ["base"]
option ports: List(Port) = []
option note: Str?
option any: Any = null

when config.services.web.enable {
  packages = ["web"]
}
"#;

fn with<T>(files: &[(&str, &str)], act: impl FnOnce(Result<Config<'_>, Failure>) -> T) -> T {
    let arena = Arena::new();
    let files = files
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    let library = [("web.cairn", WEB), ("prelude.cairn", PRELUDE)];
    act(load(
        &arena,
        Box::new(Memory(files)),
        "system.cairn",
        &library,
    ))
}

fn lines(failure: &Failure) -> Vec<String> {
    let line = |one| {
        let place: &cairn_syntax::Diagnostic = one;
        let file = &failure.sources.get(place.primary.span.source).name;
        format!("{file}: {}", render::plain(place, &failure.sources))
    };
    failure.diagnostics.iter().map(line).collect()
}

fn checked(files: &[(&str, &str)]) -> Result<Value, Vec<String>> {
    with(files, |config| {
        let mut config = config.map_err(|failure| lines(&failure))?;
        let checked = config.check().map_err(|failure| lines(&failure))?;
        Ok(as_json(&checked.data))
    })
}

/// Checks a configuration that also has `host.name`.
fn config(text: &str) -> Result<Value, Vec<String>> {
    checked(&[("system.cairn", &format!("{text}\nhost.name = \"h\"\n"))])
}

#[track_caller]
fn gives(text: &str, pointer: &str, expect: &Value) {
    let config = config(text).unwrap_or_else(|errors| panic!("{errors:#?}"));
    assert_eq!(config.pointer(pointer), Some(expect), "{config:#}");
}

#[track_caller]
fn fails(text: &str, expect: &[&str]) {
    let errors = config(text).expect_err("the configuration is wrong");
    let same = errors.len() == expect.len()
        && errors
            .iter()
            .zip(expect)
            .all(|(error, part)| error.contains(part));
    assert!(same, "got {errors:#?}\nexpected {expect:#?}");
}

#[test]
fn defaults_stand_where_nothing_is_said() {
    let web = json!({ "enable": false, "sites": {}, "extra": "", "level": "warn" });
    gives("", "/services/web", &web);
    gives("", "/packages", &json!(["base"]));
    gives("", "/note", &Value::Null);
}

#[test]
fn self_is_the_instance_and_name_its_key() {
    let text = r#"services.web.sites."a.org" = { root = "/a", tls = false }"#;
    let site = json!({ "root": "/a", "tls": false, "port": 80, "title": "a.org" });
    gives(text, "/services/web/sites/a.org", &site);
}

#[test]
fn records_and_maps_merge_by_key_however_deep_they_were_written() {
    let text = r#"
        services.web.sites.a.root = "/a"
        services = { web = { sites.b = { root = "/b" }, level = "info" }, mail.enable = true }
        services.web.sites = { a.tls = false }
    "#;
    gives(text, "/services/web/sites/a/port", &json!(80));
    gives(text, "/services/web/sites/b/port", &json!(443));
    gives(text, "/services/web/level", &json!("info"));
    gives(text, "/services/mail/enable", &json!(true));
}

#[test]
fn lists_join_in_module_order_and_replace_the_default() {
    gives(
        "packages = [\"a\"]\npackages = [\"b\"]",
        "/packages",
        &json!(["a", "b"]),
    );
    let text = "services.web.enable = true\npackages = [\"mine\"]";
    gives(text, "/packages", &json!(["web", "mine"]));
}

#[test]
fn before_after_and_order_place_definitions_and_items() {
    let text = r#"
        packages = after ["z"]
        packages = ["m", order(10) "first"]
        packages = before ["a"]
    "#;
    gives(text, "/packages", &json!(["first", "a", "m", "z"]));
}

#[test]
fn remove_takes_out_what_others_defined() {
    let text = "packages = [\"a\", \"b\"]\npackages = remove [\"a\"]";
    gives(text, "/packages", &json!(["b"]));
    gives("packages = remove [\"base\"]", "/packages", &json!([]));
    let text = "services.web.sites = { a.root = \"/a\", b.root = \"/b\" }\nservices.web.sites = remove [\"a\"]";
    assert_eq!(
        config(text).unwrap()["services"]["web"]["sites"]
            .as_object()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn removing_what_is_not_there_is_a_warning() {
    with(
        &[(
            "system.cairn",
            "host.name = \"h\"\npackages = remove [\"x\"]",
        )],
        |config| {
            let checked = config.unwrap().check().unwrap();
            assert_eq!(checked.warnings.len(), 1);
            assert_eq!(checked.warnings[0].code, "options::remove_nothing");
        },
    );
}

#[test]
fn lines_join_by_line_in_their_order() {
    let text = "services.web.extra = after \"b\"\nservices.web.extra = \"a\"";
    gives(text, "/services/web/extra", &json!("a\nb"));
}

#[test]
fn the_lowest_priority_wins() {
    let text = r#"
        services.web.level = default "info"
        services.web.level = "warn"
        services.web.level = force "debug"
        services.web.level = priority(60) "info"
    "#;
    gives(text, "/services/web/level", &json!("debug"));
    gives(
        "packages = force [\"only\"]\nservices.web.enable = true",
        "/packages",
        &json!(["only"]),
    );
}

#[test]
fn a_priority_around_a_record_is_that_of_its_fields() {
    let text = "services.web = default { level = \"info\", enable = true }\nservices.web.level = \"debug\"";
    gives(text, "/services/web/level", &json!("debug"));
    gives(text, "/services/web/enable", &json!(true));
}

#[test]
fn definitions_that_agree_are_no_conflict() {
    gives(
        "services.web.level = \"info\"\nservices.web.level = \"info\"",
        "/services/web/level",
        &json!("info"),
    );
}

#[test]
fn any_merges_records_by_key() {
    gives(
        "any.a.b = 1\nany = { a.c = [2] }",
        "/any",
        &json!({ "a": { "b": 1, "c": [2] } }),
    );
    gives("any = 5", "/any", &json!(5));
}

#[test]
fn when_counts_only_where_it_holds_and_may_nest() {
    let text = r#"
        services.web.enable = true
        when config.services.web.enable {
          let level = "info"
          when not config.services.mail.enable { services.web.level = level }
          when config.services.mail.enable { services.web.sites.x.root = "/x" }
        }
    "#;
    gives(text, "/services/web/level", &json!("info"));
    gives(text, "/services/web/sites", &json!({}));
}

#[test]
fn a_condition_may_read_an_option_beside_the_one_that_it_guards() {
    let text = "services.web.enable = true\nwhen config.services.web.enable { services.web.level = \"debug\" }";
    gives(text, "/services/web/level", &json!("debug"));
}

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
fn an_import_may_not_lead_out_nor_be_missing() {
    let files = [
        (
            "system.cairn",
            "import \"../x.cairn\"\nimport \"./hardwear.cairn\"\nhost.name = \"h\"",
        ),
        ("hardware.cairn", ""),
    ];
    let errors = checked(&files).unwrap_err();
    assert_eq!(errors.len(), 2, "{errors:#?}");
    assert!(
        errors[0].contains("options::import_outside 1:8-20"),
        "{errors:#?}"
    );
    assert!(
        errors[1].contains("options::import_missing 2:8-26"),
        "{errors:#?}"
    );
    assert!(
        errors[1].ends_with("did you mean `./hardware.cairn`?"),
        "{errors:#?}"
    );
}

#[test]
fn an_option_typo_gets_the_nearest_name() {
    fails(
        "services.wbe.enable = true",
        &[
            "options::unknown 1:10-13 there is no option `services.wbe`; did you mean `services.web`?",
        ],
    );
    fails("hostname = \"x\"", &["did you mean `host.name`?"]);
    fails("web.enable = true", &["did you mean `services.web`?"]);
}

#[test]
fn options_are_closed_at_every_depth_also_where_they_do_not_count() {
    fails(
        "when false { services.web = { sites.a = { rot = \"/a\" } } }",
        &[
            "1:43-46 there is no option `services.web.sites.a.rot`; did you mean `services.web.sites.a.root`?",
        ],
    );
}

#[test]
fn computed_records_are_closed_too() {
    let text =
        "services.web.sites = { \"${k}\" = { root = \"/\", prot = 1 } for k in [\"a\", \"b\"] }";
    fails(text, &["did you mean `services.web.sites.a.port`?"]);
}

#[test]
fn a_wrong_type_shows_the_value_and_the_mend() {
    fails("services.web.enable = \"true\"", &["types::"]);
    fails("ports = [80, \"443\"]", &["1:14-19"]);
    fails("ports = [80, 70000]", &["1:14-19"]);
}

#[test]
fn one_bad_element_has_a_span_of_its_own() {
    fails("packages = [\"a\", 5, \"b\"]", &["1:18-19"]);
}

#[test]
fn a_typo_in_an_enumeration_gets_the_nearest_value() {
    fails("services.web.level = \"wran\"", &["\"warn\""]);
}

#[test]
fn two_definitions_that_disagree_are_both_shown() {
    let text = "services.web.level = \"info\"\nservices.web.level = \"debug\"";
    fails(
        text,
        &[
            "options::conflict 2:22-29 `services.web.level` is set to two different values; write `force`",
        ],
    );
    with(&[("system.cairn", text)], |config| {
        let failure = config.unwrap().get("services.web.level").unwrap_err();
        let conflict = &failure.diagnostics[0];
        assert!(conflict.primary.text.contains("priority 100"));
        assert!(conflict.secondary[0].text.contains("priority 100"));
    });
}

#[test]
fn an_option_that_is_needed_but_never_set_names_its_declaration() {
    let errors = checked(&[("system.cairn", "")]).unwrap_err();
    assert!(errors[0].contains("options::unset"), "{errors:#?}");
    with(
        &[("system.cairn", "services.web.extra = config.host.name")],
        |config| {
            let failure = config.unwrap().get("services.web.extra").unwrap_err();
            let reader = &failure.diagnostics[0].secondary[0];
            assert_eq!(reader.text, "needed here");
            assert_eq!(failure.sources.slice(reader.span), "name");
        },
    );
    fails(
        "services.web.sites.a = {}",
        &["`services.web.sites.a.root` is needed, but never set"],
    );
}

#[test]
fn a_cycle_is_shown_edge_by_edge() {
    let text = "services.web.enable = config.services.mail.enable\nservices.mail.enable = config.services.web.enable";
    let errors = config(text).unwrap_err();
    assert!(errors[0].contains("cycle"), "{errors:#?}");
    with(&[("system.cairn", text)], |config| {
        let failure = config.unwrap().get("services.web.enable").unwrap_err();
        let one = &failure.diagnostics[0];
        let told: String = one
            .secondary
            .iter()
            .chain([&one.primary])
            .map(|label| label.text.as_str())
            .collect();
        assert!(
            told.contains("services.web.enable") && told.contains("services.mail.enable"),
            "{one:#?}"
        );
    });
}

#[test]
fn config_is_only_for_reading() {
    fails("config.packages = []", &["options::config_assigned 1:1-7"]);
}

#[test]
fn when_declares_and_imports_nothing() {
    fails(
        "when true { option x: Int = 1 }",
        &["options::option_in_when"],
    );
    fails("when 5 { packages = [] }", &["options::when_type 1:6-7"]);
}

#[test]
fn an_option_is_declared_once() {
    fails("option packages: Int", &["options::declared_twice"]);
    fails(
        "option services.web.sites.x: Int",
        &["options::declared_twice"],
    );
    fails("option services: Int", &["options::declared_twice"]);
}

#[test]
fn a_plain_value_has_no_fields_and_a_group_is_no_value() {
    fails("packages.x = 1", &["options::no_fields 1:10-11"]);
    fails("services = 1", &["options::group 1:12-13"]);
}

#[test]
fn all_errors_are_reported_not_only_the_first() {
    let text = "
        servces.web.enable = true
        services.web.enable = 5
        services.web.level = \"loud\"
        packages = [1, 2]
        services.web.sites.a.root = missing
        assert false else \"never\"
    ";
    let errors = config(text).unwrap_err();
    assert_eq!(errors.len(), 7, "{errors:#?}");
}

#[test]
fn assertions_stop_and_warnings_do_not() {
    fails(
        "assert config.packages == [] else \"too ${\"many\"}\"",
        &["options::assertion 1:8-29 too many"],
    );
    fails(
        "when false { assert false else \"no\" }\nassert 1 else \"no\"",
        &["options::assertion_type"],
    );
    with(
        &[(
            "system.cairn",
            "host.name = \"h\"\nwarn false else \"mind\"",
        )],
        |config| {
            let checked = config.unwrap().check().unwrap();
            assert_eq!(checked.warnings[0].message, "mind");
            assert_eq!(checked.warnings[0].severity, Severity::Warning);
        },
    );
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

#[test]
fn a_default_around_a_record_stands_before_those_of_its_fields() {
    let text = "option x: { a: Int = 1, b: Int = 2 } = { a = 7 }";
    gives(text, "/x", &json!({ "a": 7, "b": 2 }));
    gives(
        &format!("{text}\nx.a = 9"),
        "/x",
        &json!({ "a": 9, "b": 2 }),
    );
}

#[test]
fn a_record_type_may_hold_itself_where_it_may_be_null() {
    let text =
        "type Tree = { value: Int = 0, left: Tree? }\noption tree: Tree\ntree.left.left.value = 3";
    let leaf = json!({ "value": 3, "left": null });
    gives(text, "/tree/left", &json!({ "value": 0, "left": leaf }));
    fails(
        "type Loop = { again: Loop }\noption loop: Loop",
        &["options::endless"],
    );
}

#[test]
fn functions_and_secrets_never_merge() {
    fails(
        "option f: Fn = x => x\nf = x => 1\nf = x => 1",
        &["options::conflict"],
    );
}

#[test]
fn remove_is_for_lists_and_maps() {
    fails(
        "services.web.level = remove [\"warn\"]",
        &["options::remove_type"],
    );
}

#[test]
fn variants_are_refused_until_they_are_built() {
    fails(
        "variant \"rescue\" { packages = [] }",
        &["options::variant_later"],
    );
}
