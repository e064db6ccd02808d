//! Small indexes and what must be chosen from them.

use super::*;
use crate::index::{Index, Origin};
use crate::universe::Assumed;

/// An index from lines of `name version; Field: value; …`.
fn index(lines: &str) -> String {
    let stanza = |line: &str| {
        let (head, fields) = line.split_once(';').unwrap_or((line, ""));
        let (name, version) = head.trim().split_once(' ').unwrap();
        let fields: String = fields
            .split(';')
            .flat_map(|field| [field.trim(), "\n"])
            .collect();
        let fields = fields.replace("\n\n", "\n");
        let fields = fields.trim_start();
        let head = format!("Package: {name}\nVersion: {version}\nArchitecture: amd64\n");
        format!("{head}{fields}Filename: pool/{name}\nSHA256: 00\n\n")
    };
    lines
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(stanza)
        .collect()
}

fn try_with(lines: &str, request: &Request, assumed: &[Assumed]) -> Result<String, Unsolvable> {
    let text = index(lines);
    let parsed = Index::parse(text.as_bytes(), Origin::Debian).unwrap();
    let universe = Universe::new(&[parsed], "amd64", assumed);
    let solution = solve(&universe, request)?;
    let shown = solution
        .packages
        .iter()
        .map(|p| format!("{} {}", p.name, p.version));
    Ok(shown.collect::<Vec<_>>().join(", "))
}

fn wanting(names: &[&str]) -> Request {
    Request {
        wanted: names.iter().map(|name| (*name).to_owned()).collect(),
        ..Request::default()
    }
}

fn check(lines: &str, wanted: &[&str], expected: &str) {
    assert_eq!(try_with(lines, &wanting(wanted), &[]).unwrap(), expected);
}

#[test]
fn the_highest_version_over_all_indexes_wins() {
    let (base, update) = (index("a 1.9"), index("a 1.10; Depends: b\nb 1"));
    let parse = |text| Index::parse(text, Origin::Debian).unwrap();
    let universe = Universe::new(
        &[parse(base.as_bytes()), parse(update.as_bytes())],
        "amd64",
        &[],
    );
    let solution = solve(&universe, &wanting(&["a"])).unwrap();
    assert_eq!(
        solution
            .packages
            .iter()
            .map(|p| p.version)
            .collect::<Vec<_>>(),
        ["1.10", "1"]
    );
}

#[test]
fn the_first_alternative_is_taken_unless_one_is_there_already() {
    let lines = "a 1; Depends: x | y\nx 1\ny 1";
    check(lines, &["a"], "a 1, x 1");
    check(lines, &["a", "y"], "a 1, y 1");
}

#[test]
fn the_real_package_goes_before_providers_and_those_by_priority() {
    check(
        "a 1; Depends: awk\nawk 1\nmawk 1; Provides: awk",
        &["a"],
        "a 1, awk 1",
    );
    let virtual_only = "a 1; Depends: awk\ngawk 1; Priority: optional; Provides: awk\n\
        mawk 1; Priority: required; Provides: awk";
    check(virtual_only, &["a"], "a 1, mawk 1");
}

#[test]
fn a_versioned_dependency_needs_a_versioned_provide() {
    let lines = "a 1; Depends: v (>= 2)\np 1; Provides: v\nq 1; Provides: v (= 2)";
    check(lines, &["a"], "a 1, q 1");
}

#[test]
fn a_conflict_turns_to_the_next_alternative_with_all_that_hangs_on_it() {
    let lines = "a 1; Depends: b | c\nb 1; Depends: d\nd 1; Conflicts: a\nc 1";
    check(lines, &["a"], "a 1, c 1");
}

#[test]
fn a_package_may_conflict_with_the_name_that_it_provides() {
    let lines = "postfix 1; Provides: mta; Conflicts: mta\nexim4 1; Provides: mta; Conflicts: mta";
    check(lines, &["postfix"], "postfix 1");
    let error = try_with(lines, &wanting(&["postfix", "exim4"]), &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "you ask for exim4\nexim4 1 can't be installed beside postfix 1: postfix conflicts with mta\n\
         postfix 1 is needed because:\n  you ask for postfix"
    );
}

#[test]
fn circles_end() {
    check(
        "a 1; Depends: b\nb 1; Pre-Depends: c\nc 1; Depends: a",
        &["a"],
        "a 1, b 1, c 1",
    );
}

#[test]
fn essential_packages_come_when_asked_for() {
    let lines = "base 1; Essential: yes; Depends: lib\nlib 1\na 1";
    let request = Request {
        essential: true,
        ..wanting(&["a"])
    };
    assert_eq!(
        try_with(lines, &request, &[]).unwrap(),
        "a 1, base 1, lib 1"
    );
    check(lines, &["a"], "a 1");
}

#[test]
fn an_assumed_package_stands_in_even_for_a_later_alternative() {
    let lines = "linux 1; Depends: initramfs-tools | linux-initramfs-tool\ninitramfs-tools 1";
    let assumed = [Assumed {
        name: "cairn-initrd".into(),
        version: "1".into(),
        provides: vec!["linux-initramfs-tool".into()],
    }];
    assert_eq!(
        try_with(lines, &wanting(&["linux"]), &assumed).unwrap(),
        "linux 1"
    );
}

#[test]
fn held_versions_stay_while_the_archive_has_them() {
    let lines = "a 1; Depends: b\nb 2\nb 1";
    let held = |version: &str| Request {
        held: [("b".to_owned(), version.to_owned())].into(),
        ..wanting(&["a"])
    };
    assert_eq!(try_with(lines, &held("1"), &[]).unwrap(), "a 1, b 1");
    assert_eq!(try_with(lines, &held("0.9"), &[]).unwrap(), "a 1, b 2");
}

#[test]
fn another_architecture_satisfies_nothing() {
    let error = try_with("a 1; Depends: b:i386\nb 1", &wanting(&["a"]), &[]).unwrap_err();
    assert!(
        matches!(error.obstacle, Obstacle::Version { .. }),
        "{error}"
    );
    check("a 1; Depends: b:any\nb 1", &["a"], "a 1, b 1");
}

#[test]
fn an_unknown_package_is_answered_with_its_neighbours() {
    let error = try_with("nginx 1\nnano 1", &wanting(&["ngnix"]), &[]).unwrap_err();
    let expected = "you ask for ngnix\nno package is called `ngnix`; did you mean `nginx`?";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_version_out_of_reach_is_explained_from_the_wish_on() {
    let lines = "web 3; Depends: lib (>= 2)\nlib 1\ntop 1; Depends: web";
    let error = try_with(lines, &wanting(&["top"]), &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "you ask for top\ntop 1 depends on web\nweb 3 depends on lib (>= 2)\n\
         no package satisfies lib (>= 2); the archive has lib 1"
    );
}
