//! Merging: what several definitions of one option give.

use serde_json::{Value, json};

use super::{config, fails, gives, with};

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
fn a_let_may_be_another_that_comes_later() {
    let text = "let a = b\nlet b = c\nlet c = [1]\nports = a";
    gives(text, "/ports", &json!([1]));
    let text = "let all = config\npackages = [\"p\"]\nnote = string.join(all.packages, \"\")";
    gives(text, "/note", &json!("p"));
    let cycle = "let a = b\nlet b = a\nports = a";
    fails(cycle, &["eval::cycle 2:9-10"]);
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
fn a_default_around_a_record_stands_before_those_of_its_fields() {
    let text = "option x: { a: Int = 1, b: Int = 2 } = { a = 7 }";
    gives(text, "/x", &json!({ "a": 7, "b": 2 }));
    gives(
        &format!("{text}\nx.a = 9"),
        "/x",
        &json!({ "a": 9, "b": 2 }),
    );
}
