//! Mistakes: where they are shown, and which mend is offered.

use cairn_syntax::Severity;
use serde_json::json;

use super::{checked, config, fails, gives, with};

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
