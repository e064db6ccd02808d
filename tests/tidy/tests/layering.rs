//! Each crate imports only the layers below it: the table of `ARCHITECTURE.md`, as a test.

use cairn_tidy::Repository;

/// A crate, and which of our crates it may import.
const LAYERS: &[(&str, &[&str])] = &[
    ("syntax", &[]),
    ("eval", &["syntax"]),
    ("options", &["syntax", "eval"]),
    ("lint", &["syntax", "options"]),
    ("graph", &[]),
    ("sys", &[]),
    ("disk", &["graph", "sys"]),
    ("fetch", &["graph", "disk"]),
    ("build", &["graph", "sys", "disk", "fetch"]),
    ("cache", &["graph", "sys", "disk", "fetch"]),
    ("spec", &["graph"]),
    ("debian", &["graph"]),
    ("boot", &["spec", "sys", "graph"]),
    ("activation", &["spec", "sys", "graph", "boot"]),
    ("image", &["spec", "sys", "graph", "boot"]),
    // The joint: decision 0004.
    (
        "system",
        &[
            "syntax",
            "eval",
            "options",
            "graph",
            "sys",
            "disk",
            "fetch",
            "build",
            "spec",
            "debian",
            "boot",
            "activation",
            "image",
        ],
    ),
    // It looks into configurations, and builds nothing.
    ("lsp", &["syntax", "eval", "options", "lint", "system"]),
    // It runs in the initrd, where every import is paid for with bytes.
    ("init", &[]),
];

/// Crates of others that no crate of the language may import: they open windows.
const WINDOWS: &[&str] = &[
    "ureq", "tempfile", "rustix", "walkdir", "jiff", "libc", "ctrlc",
];

/// What is wrong with one manifest.
fn complaints(path: &str, manifest: &str) -> Vec<String> {
    let table: toml::Table = match manifest.parse() {
        Ok(table) => table,
        Err(error) => return vec![format!("{path}: {error}")],
    };
    let Some(name) = table
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(toml::Value::as_str)
    else {
        return Vec::new();
    };
    let imports: Vec<&str> = ["dependencies", "build-dependencies"]
        .iter()
        .filter_map(|section| table.get(*section)?.as_table())
        .flat_map(|section| section.keys().map(String::as_str))
        .collect();
    let mut found = Vec::new();
    let short = name.strip_prefix("cairn-").unwrap_or(name);
    if let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| *layer == short) {
        let ours = imports
            .iter()
            .filter_map(|import| import.strip_prefix("cairn-"));
        let wrong = ours.filter(|import| !allowed.contains(import));
        found.extend(wrong.map(|import| format!("{path}: {short} must not know {import}")));
    } else if !path.starts_with("tests/") && name != "cairn" {
        found.push(format!("{path}: {name} has no place in the layers"));
    }
    if path.starts_with("lang/") {
        let wrong = imports.iter().filter(|import| WINDOWS.contains(import));
        found.extend(wrong.map(|import| format!("{path}: the language must not know {import}")));
    }
    found
}

#[test]
fn every_crate_imports_only_layers_below_it() {
    let repository = Repository::read();
    let manifests = repository
        .files
        .iter()
        .filter(|file| file.path.ends_with("/Cargo.toml"));
    super::holds(
        manifests
            .flat_map(|file| complaints(&file.path, &file.text))
            .collect(),
    );
}

#[test]
fn an_import_from_above_is_found() {
    let manifest = "[package]\nname = \"cairn-eval\"\n[dependencies]\ncairn-disk.workspace = true\nureq = \"3\"\n";
    assert_eq!(
        complaints("lang/eval/Cargo.toml", manifest),
        [
            "lang/eval/Cargo.toml: eval must not know disk",
            "lang/eval/Cargo.toml: the language must not know ureq"
        ]
    );
    let stray = "[package]\nname = \"cairn-utils\"\n";
    assert_eq!(complaints("lang/utils/Cargo.toml", stray).len(), 1);
}
