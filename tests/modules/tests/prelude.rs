//! modules/library/prelude.cairn, and what holds for the library as a whole

use cairn_tests_modules::{check, library, options};

#[test]
fn a_port_is_between_1_and_65535() {
    let errors = check("host.name = \"a\"\nfirewall.tcp = [80, 0, 65536]").unwrap_err();
    assert_eq!(errors.len(), 2, "{errors:#?}");
    assert!(
        errors[0].contains("2:21-22") && errors[1].contains("2:24-29"),
        "{errors:#?}"
    );
}

/// The errors of an option of a type that is set to a value.
fn fits(ty: &str, value: &str) -> Vec<String> {
    let text = format!("host.name = \"a\"\noption mine: {ty}\nmine = {value}");
    check(&text).err().unwrap_or_default()
}

#[test]
fn types_of_texts_admit_what_they_say_and_nothing_else() {
    let cases: [(&str, &[&str], &[&str]); 5] = [
        (
            "Size",
            &["512MiB", "1GB", "0B", "20kB"],
            &["512", "512 MiB", "MiB", "-1GiB", "1.5GiB", "1KB", "1gib"],
        ),
        (
            "Duration",
            &["2m", "1h30m", "90s", "1w2d"],
            &["", "2", "30m1h", "1.5h", "2 m", "1y"],
        ),
        (
            "Address",
            &["192.0.2.1", "0.0.0.0", "::1", "2001:db8::1"],
            &["192.0.2", "192.0.2.256", "example.org", "12345::"],
        ),
        (
            "Cidr",
            &["192.0.2.0/24", "0.0.0.0/0", "2001:db8::/32", "::/0"],
            &["192.0.2.0", "192.0.2.0/33", "2001:db8::/129", "/8"],
        ),
        (
            "Unit",
            &["nginx.service", "getty@tty1.service", "a-b.timer"],
            &["nginx", ".service", "a b.service", "nginx.conf"],
        ),
    ];
    for (ty, good, bad) in cases {
        for text in good {
            assert_eq!(fits(ty, &format!("\"{text}\"")), [""; 0], "{ty} {text}");
        }
        for text in bad {
            let errors = fits(ty, &format!("\"{text}\""));
            let said = format!("is not a `{ty}`; {ty}: ");
            assert!(
                matches!(&*errors, [one] if one.starts_with("types::condition 3:8-") && one.contains(&said)),
                "{ty} {text} {errors:#?}"
            );
        }
    }
}

#[test]
fn a_value_of_another_kind_is_told_what_the_type_is() {
    let errors = fits("Size", "512");
    assert!(
        matches!(&*errors, [one] if one.starts_with("types::mismatch 3:8-11") && one.contains("Size: A size such as \"512MiB\"")),
        "{errors:#?}"
    );
}

#[test]
fn every_type_of_the_prelude_says_what_it_is() {
    let prelude = library()
        .into_iter()
        .find(|(name, _)| name == "prelude.cairn");
    let (_, text) = prelude.unwrap();
    let lines: Vec<&str> = text.lines().collect();
    for pair in lines.windows(2).filter(|pair| pair[1].starts_with("type ")) {
        assert!(pair[0].starts_with("## "), "{}", pair[1]);
    }
}

#[test]
fn every_module_declares_something_that_has_words() {
    let options = options();
    for path in [
        "host.name",
        "services.nginx.sites.<name>.port",
        "users.<name>.ssh.keys",
        "firewall.tcp",
    ] {
        assert!(options.iter().any(|option| option.path == path), "{path}");
    }
    let silent: Vec<&str> = options
        .iter()
        .filter(|option| option.doc.is_none())
        .map(|option| option.path.as_str())
        .collect();
    assert_eq!(silent, [""; 0]);
}
