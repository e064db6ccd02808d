//! Claims about the contract: what it takes, what it refuses, and that it reads back what it wrote.

use super::*;
use serde_json::{Value, json};

fn config() -> Value {
    json!({
        "host": { "name": "web1" },
        "time": { "zone": "Europe/Berlin" },
        "packages": ["nginx", "curl", "nginx"],
        "users": { "ada": { "shell": "/bin/bash", "groups": ["sudo"], "uid": null } },
        "files": { "/etc/motd": { "text": "hello\n", "source": null } },
        "units": { "nginx.service": { "enable": true } },
        "kernel": { "package": "linux-image-amd64" },
        "services": { "nginx": { "enable": true } },
    })
}

fn with(pointer: &str, value: Value) -> Value {
    let mut config = config();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/");
    config
        .pointer_mut(parent)
        .unwrap()
        .as_object_mut()
        .unwrap()
        .insert(key, value);
    config
}

fn problems_of(config: Value) -> Vec<String> {
    match from_json(config) {
        Err(Error::Invalid(problems)) => problems.iter().map(|p| p.path.join(".")).collect(),
        other => panic!("expected problems, got {other:?}"),
    }
}

#[test]
fn ignores_options_that_the_machine_does_not_read_and_sorts_packages() {
    let spec = from_json(config()).unwrap();
    assert_eq!(spec.packages, ["curl", "nginx"]);
    assert_eq!(spec.debian.suite, "trixie");
    assert_eq!(spec.users["ada"].home_of("ada"), "/home/ada");
    assert_eq!(
        spec.files["/etc/motd"].content(),
        Some(FileContent::Text("hello\n"))
    );
}

#[test]
fn reads_back_what_it_wrote() {
    let spec = from_json(config()).unwrap();
    let text = spec.to_json().unwrap();
    assert_eq!(SystemSpec::parse(&text).unwrap(), spec);
    assert_eq!(SystemSpec::parse(&text).unwrap().to_json().unwrap(), text);
}

#[test]
fn refuses_another_version_and_unknown_fields() {
    let text = from_json(config()).unwrap().to_json().unwrap();
    let newer = text.replace("\"version\": 1", "\"version\": 2");
    assert!(matches!(
        SystemSpec::parse(&newer),
        Err(Error::Version { found: 2 })
    ));
    let odd = text.replace("\"zone\"", "\"zoen\"");
    assert!(matches!(SystemSpec::parse(&odd), Err(Error::Read(_))));
}

#[test]
fn names_the_entry_whose_shape_is_wrong() {
    let error = from_json(with("/users/ada", json!({ "shell": 7 }))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`users.\"ada\"` does not fit the machine's contract"
    );
}

#[test]
fn host_names_follow_rfc_1123() {
    for good in ["a", "web1", "web-1.example.org", "3com"] {
        assert!(from_json(with("/host/name", json!(good))).is_ok(), "{good}");
    }
    for bad in ["", "-a", "a-", "a_b", "a..b", "ä", &"x".repeat(65)] {
        assert_eq!(
            problems_of(with("/host/name", json!(bad))),
            ["host.name"],
            "{bad}"
        );
    }
}

#[test]
fn a_locale_is_one_word() {
    let lang = |lang: &str| with("/locale", json!({ "lang": lang }));
    for good in ["C.UTF-8", "de_DE.UTF-8", "de_DE@euro"] {
        assert!(from_json(lang(good)).is_ok(), "{good}");
    }
    for bad in ["", "C\nPATH=/x", "de DE", "$(x)"] {
        assert_eq!(problems_of(lang(bad)), ["locale.lang"], "{bad}");
    }
}

#[test]
fn file_paths_are_absolute_and_outside_the_running_systems_folders() {
    for bad in [
        "etc/motd",
        "/etc/../motd",
        "/etc//motd",
        "/etc/",
        "/var/lib/x",
        "/run",
    ] {
        let pointer = format!("/files/{}", bad.replace('/', "~1"));
        assert_eq!(
            problems_of(with(&pointer, json!({ "text": "" }))),
            [format!("files.{bad}")]
        );
    }
    assert!(from_json(with("/files/~1variant", json!({ "text": "" }))).is_ok());
}

#[test]
fn a_file_has_exactly_one_content_and_an_octal_mode() {
    assert_eq!(
        problems_of(with("/files/~1etc~1a", json!({}))),
        ["files./etc/a"]
    );
    let both = json!({ "text": "", "link": "/b" });
    assert_eq!(problems_of(with("/files/~1etc~1a", both)), ["files./etc/a"]);
    for bad in ["8", "0888", "rw-r--r--", "00644"] {
        let file = json!({ "text": "", "mode": bad });
        assert_eq!(
            problems_of(with("/files/~1etc~1a", file)),
            ["files./etc/a.mode"],
            "{bad}"
        );
    }
}

#[test]
fn unit_names_end_in_a_unit_type() {
    for bad in ["nginx", "nginx.conf", ".service", "a b.service"] {
        assert_eq!(
            problems_of(with(&format!("/units/{bad}"), json!({}))).len(),
            1,
            "{bad}"
        );
    }
    for good in [
        "getty@tty1.service",
        "dev-disk\\x2d1.mount",
        "apt-daily.timer",
    ] {
        assert!(
            from_json(with(&format!("/units/{good}"), json!({}))).is_ok(),
            "{good}"
        );
    }
    let torn = json!({ "enable": true, "mask": true });
    assert_eq!(
        problems_of(with("/units/a.service", torn)),
        ["units.a.service"]
    );
}

#[test]
fn two_users_may_not_share_a_number() {
    let mut config = with("/users/ada", json!({ "shell": "/bin/sh", "uid": 1000 }));
    config["users"]["bob"] = json!({ "shell": "/bin/sh", "uid": 1000 });
    assert_eq!(problems_of(config), ["users.bob.uid"]);
}

#[test]
fn all_problems_are_reported_at_once() {
    let mut config = with("/host/name", json!("-"));
    config["time"]["zone"] = json!("../etc/passwd");
    config["packages"] = json!(["Nginx"]);
    config["kernel"]["params"] = json!(["quiet splash"]);
    assert_eq!(
        problems_of(config),
        ["host.name", "time.zone", "packages", "kernel.params"]
    );
}

#[test]
fn what_cairn_makes_itself_cannot_be_declared_as_a_file() {
    for (path, mend) in [
        ("/etc/passwd", "set `users`"),
        ("/etc/shadow", "set `users`"),
        ("/etc/group", "set `groups`"),
        ("/etc/gshadow", "set `groups`"),
        ("/cairn", "cairn fills itself"),
        ("/cairn/store/x", "cairn fills itself"),
        ("/efi/loader/loader.conf", "cairn fills itself"),
        ("/boot/efi/EFI/x", "cairn fills itself"),
        ("/usr/lib/cairn/system.json", "cairn fills itself"),
        ("/lib/cairn/system.json", "cairn fills itself"),
    ] {
        let pointer = format!("/files/{}", path.replace('/', "~1"));
        match from_json(with(&pointer, json!({ "text": "" }))) {
            Err(Error::Invalid(problems)) => {
                assert_eq!(problems[0].path, ["files", path]);
                assert!(problems[0].cause.contains(mend), "{problems:?}");
                assert_eq!(problems.len(), 1, "{problems:?}");
            }
            other => panic!("{path}: {other:?}"),
        }
    }
    for good in ["/etc/passwd-", "/cairns", "/boot/x", "/usr/lib/cairn-x"] {
        let pointer = format!("/files/{}", good.replace('/', "~1"));
        let taken = from_json(with(&pointer, json!({ "text": "" })));
        assert!(taken.is_ok(), "{good}: {taken:?}");
    }
}

#[test]
fn a_declared_file_is_no_folder_of_another() {
    let mut config = with("/files/~1etc~1a", json!({ "text": "" }));
    config["files"]["/etc/a/b/c"] = json!({ "text": "" });
    config["files"]["/etc/a-b"] = json!({ "text": "" });
    assert_eq!(problems_of(config.clone()), ["files./etc/a/b/c"]);
    config["files"]["/etc/a"] = json!({ "link": "/usr/share/a" });
    assert!(from_json(config).is_ok(), "a link may lead to a folder");
}

fn user_problems(name: &str, user: Value) -> Vec<Problem> {
    match from_json(with(&format!("/users/{name}"), user)) {
        Ok(_) => Vec::new(),
        Err(Error::Invalid(problems)) => problems,
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn debians_own_accounts_are_no_users_to_declare() {
    for name in ["daemon", "www-data", "_apt", "nobody"] {
        let problems = user_problems(name, json!({ "shell": "/bin/sh" }));
        assert_eq!(problems.len(), 1, "{name}");
        assert_eq!(problems[0].path, ["users", name]);
        assert!(
            problems[0].cause.contains("another name"),
            "{}",
            problems[0].cause
        );
    }
    assert_eq!(user_problems("root", json!({ "shell": "/bin/sh" })), []);
}

#[test]
fn small_numbers_are_for_root_and_for_services() {
    let cause = |name: &str, uid: u32, system: bool| {
        let user = json!({ "shell": "/bin/sh", "uid": uid, "system": system });
        user_problems(name, user)
            .into_iter()
            .map(|problem| format!("{}: {}", problem.path.join("."), problem.cause))
            .collect::<Vec<_>>()
            .concat()
    };
    assert!(cause("ada", 0, false).starts_with("users.ada.uid: is 0, which is root's"));
    assert!(cause("ada", 0, true).starts_with("users.ada.uid: is 0, which is root's"));
    assert!(cause("ada", 999, false).contains("set `system = true`"));
    assert!(cause("root", 1, false).contains("root's number is fixed"));
    assert_eq!(cause("ada", 1000, false), "");
    assert_eq!(cause("runner", 999, true), "");
    assert_eq!(cause("root", 0, false), "");
}

#[test]
fn an_ssh_key_is_one_line_that_sshd_reads() {
    const BLOB: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIC4xX5BiVw8tmrsUkKnxKUd19Had56W3c/25zX9CzlvT";
    let problems = |key: &str| {
        user_problems(
            "ada",
            json!({ "shell": "/bin/sh", "ssh": { "keys": [key] } }),
        )
    };
    for good in [
        format!("ssh-ed25519 {BLOB}"),
        format!("ssh-ed25519 {BLOB} ada at home\n"),
        format!("restrict,command=\"/bin/true \\\" x\" ssh-ed25519 {BLOB} ada"),
        "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTY=".to_owned(),
    ] {
        assert_eq!(problems(&good), [], "{good}");
    }
    for bad in [
        "not a key".to_owned(),
        "ssh-ed25519".to_owned(),
        format!("ssh-dss {BLOB}"),
        format!("ssh-rsa {BLOB}"),
        format!("ssh-ed25519 {}", &BLOB[..39]),
        format!("ssh-ed25519 {}", &BLOB[..40]),
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5".to_owned(),
        format!("ssh-ed25519 {BLOB}!"),
        format!("ssh-ed25519 {BLOB}\nssh-ed25519 {BLOB}"),
        format!("ssh-ed25519 B{}", &BLOB[1..]),
        "-----BEGIN OPENSSH PRIVATE KEY-----\nx y\n".to_owned(),
    ] {
        let found = problems(&bad);
        assert_eq!(found.len(), 1, "{bad}");
        assert_eq!(found[0].path, ["users", "ada", "ssh", "keys"], "{bad}");
    }
}

#[test]
fn a_problem_of_a_list_says_which_item() {
    let items = |config| match from_json(config) {
        Err(Error::Invalid(problems)) => problems.into_iter().map(|p| p.item).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let params = json!({ "package": "linux-image-amd64", "params": ["ro", "quiet splash"] });
    assert_eq!(
        items(with("/kernel", params)),
        [Some("quiet splash".into())]
    );
    assert_eq!(
        items(with("/packages", json!(["curl", "Nginx"]))),
        [Some("Nginx".into())]
    );
    assert_eq!(items(with("/host/name", json!("-"))), [None]);
}
