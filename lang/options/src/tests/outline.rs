//! What is declared is known also where a configuration is broken.

use super::{LIBRARY, Memory};
use crate::{Below, Declarations, KindId, Outline, outline};

fn read(files: &[(&str, &str)]) -> Outline {
    let files = files
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    outline(&mut Memory(files.collect()), "system.cairn", LIBRARY)
}

fn at(declarations: &Declarations, path: &[&str]) -> KindId {
    let step = |id, name: &&str| declarations.step(id, name).expect("it is declared");
    path.iter().fold(Declarations::ROOT, step)
}

#[test]
fn a_broken_file_still_says_what_can_be_set() {
    let outline = read(&[(
        "system.cairn",
        "option own: { a: Int = 1 }\nservices.web = {\nlet x = nowhere",
    )]);
    let declarations = &outline.declarations;
    let own = declarations.kind(at(declarations, &["own"]));
    assert!(matches!(&own.below, Below::Fields(fields) if fields.len() == 1));
    let enable = declarations
        .field(at(declarations, &["services", "web"]), "enable")
        .unwrap();
    assert_eq!(enable.default.as_deref(), Some("false"));
    assert_eq!(declarations.kind(enable.kind).values, ["true", "false"]);
}

#[test]
fn names_below_a_map_are_those_of_its_values() {
    let outline = read(&[("system.cairn", "")]);
    let declarations = &outline.declarations;
    let site = at(declarations, &["services", "web", "sites", "example.org"]);
    let port = declarations.field(site, "port").unwrap();
    assert_eq!(declarations.kind(port.kind).ty.as_deref(), Some("Port"));
    let (record, again) = declarations.field_at(port.span.unwrap()).unwrap();
    assert_eq!((record, again.name.as_str()), (site, "port"));
}

#[test]
fn a_type_that_holds_itself_is_a_cycle() {
    let outline = read(&[(
        "system.cairn",
        "type Tree = { leaves: List(Tree) = [], up: Tree? }\noption tree: Tree = {}",
    )]);
    let declarations = &outline.declarations;
    let tree = at(declarations, &["tree"]);
    let leaves = declarations
        .element(at(declarations, &["tree", "leaves"]))
        .unwrap();
    assert_eq!(leaves, tree);
    assert!(
        declarations
            .field(at(declarations, &["tree", "up", "up"]), "leaves")
            .is_some()
    );
}
