//! Claims about the difference of two systems.

use super::*;

fn spec(change: impl FnOnce(&mut serde_json::Value)) -> SystemSpec {
    let mut config = serde_json::json!({
        "host": { "name": "web1" },
        "time": { "zone": "Europe/Berlin" },
        "packages": [],
        "users": { "ada": { "groups": ["sudo"], "shell": "/bin/bash" } },
        "files": { "/etc/motd": { "text": "hello\nworld\n" } },
        "units": { "nginx.service": { "enable": true } },
        "kernel": { "package": "linux-image-amd64" },
    });
    change(&mut config);
    cairn_spec::from_json(config).unwrap()
}

fn system<'a>(spec: &'a SystemSpec, packages: &[(&str, &str)], bytes: u64) -> Contents<'a> {
    let packages = packages
        .iter()
        .map(|(name, version)| ((*name).into(), (*version).into()));
    Contents {
        spec,
        packages: packages.collect(),
        bytes: Some(bytes),
    }
}

fn plain(diff: &SystemDiff, with_texts: bool) -> String {
    anstream::adapter::strip_str(&diff.text(with_texts)).to_string()
}

#[test]
fn equal_systems_differ_in_nothing() {
    let spec = spec(|_| {});
    let contents = system(&spec, &[("curl", "8.0")], 3);
    let diff = SystemDiff::between(&contents, &contents);
    assert!(diff.is_empty());
    assert_eq!(
        plain(&diff, true),
        "  nothing that is declared or installed differs\n"
    );
}

#[test]
fn every_kind_of_change_has_its_line() {
    let before = spec(|_| {});
    let after = spec(|config| {
        config["host"]["name"] = "web2".into();
        config["files"]["/etc/motd"]["text"] = "hello\nmoon\n".into();
        config["files"]["/etc/issue"] = serde_json::json!({ "text": "x" });
        config["units"]["nginx.service"]["enable"] = false.into();
        config["users"]["ada"]["groups"] = serde_json::json!(["adm", "sudo"]);
    });
    let diff = SystemDiff::between(
        &system(&before, &[("curl", "8.0"), ("htop", "3.0")], 5 << 10),
        &system(&after, &[("curl", "8.1"), ("nginx", "1.26")], 14 << 10),
    );
    let expect = "  packages  ~ curl 8.0 → 8.1
            - htop 3.0
            + nginx 1.26
  files     + /etc/issue
            ~ /etc/motd
              - world
              + moon
  units     ~ nginx.service enabled → disabled
  accounts  ~ ada sudo, /bin/bash → adm, sudo, /bin/bash
  settings  ~ host.name \"web1\" → \"web2\"
  size      +9.0 KiB, 14.0 KiB in all
";
    assert_eq!(plain(&diff, true), expect);
    assert!(!plain(&diff, false).contains("moon"));
}

#[test]
fn a_new_mode_changes_a_file_whose_text_stays() {
    let before = spec(|_| {});
    let after = spec(|config| config["files"]["/etc/motd"]["mode"] = "0600".into());
    let diff = SystemDiff::between(&system(&before, &[], 0), &system(&after, &[], 0));
    assert_eq!(diff.files.len(), 1);
    assert_eq!(diff.files[0].kind, Kind::Changed);
}

#[test]
fn json_has_a_version_and_names_each_change() {
    let before = spec(|_| {});
    let after = spec(|config| config["host"]["name"] = "web2".into());
    let diff = SystemDiff::between(
        &system(&before, &[], 0),
        &system(&after, &[("curl", "8.1")], 4096),
    );
    let json = diff.json();
    assert_eq!(json["version"], 1);
    assert_eq!(
        json["packages"],
        serde_json::json!([{ "name": "curl", "change": "added", "after": "8.1" }])
    );
    assert_eq!(json["settings"][0]["before"], "\"web1\"");
    assert_eq!(json["bytes"]["after"], 4096);
}
