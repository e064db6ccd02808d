use cairn_graph::{
    Content, Derivation, Digest, FixedOutput, Output, ResolvedDerivation, StorePath,
};
use serde_json::json;

fn output(text: &str) -> Output {
    let content = Content::File {
        digest: Digest::of(text.as_bytes()),
        size: 1,
        executable: false,
    };
    Output {
        path: StorePath::new("in", &content).unwrap(),
        content,
    }
}

fn derivation() -> ResolvedDerivation {
    let args = json!({ "b": 1, "a": [true, null] });
    let derivation = Derivation {
        name: "out".into(),
        builder: "compose".into(),
        builder_version: 1,
        args,
        fixed: None,
    };
    ResolvedDerivation {
        derivation,
        inputs: [("x".to_owned(), output("x"))].into(),
    }
}

#[test]
fn everything_that_matters_is_in_the_key() {
    let key = derivation().key();
    type Change = fn(&mut ResolvedDerivation);
    let changes: [Change; 6] = [
        |it| it.derivation.name = "other".into(),
        |it| it.derivation.builder = "other".into(),
        |it| it.derivation.builder_version = 2,
        |it| it.derivation.args = json!({ "b": 2, "a": [true, null] }),
        |it| drop(it.inputs.insert("x".into(), output("y"))),
        |it| drop(it.inputs.insert("z".into(), output("x"))),
    ];
    for (number, change) in changes.iter().enumerate() {
        let mut changed = derivation();
        change(&mut changed);
        assert_ne!(changed.key(), key, "change {number} did not change the key");
    }
    let mut same = derivation();
    same.derivation.args = json!({ "a": [true, null], "b": 1 });
    assert_eq!(same.key(), key);
}

#[test]
fn the_text_of_an_action_is_canonical() {
    let input = output("x");
    let (path, digest) = (input.path.base_name(), Digest::of(b"x"));
    assert_eq!(
        derivation().encode(),
        format!(
            "cairn-action 1\n{{\"args\":{{\"a\":[true,null],\"b\":1}},\"builder\":\"compose\",\"builder_version\":1,\
             \"inputs\":{{\"x\":{{\"content\":\"file {digest}\",\"path\":\"{path}\"}}}},\"name\":\"out\"}}\n"
        )
    );
}

#[test]
fn a_fixed_output_is_known_by_its_hash_name_and_builder_alone() {
    let mut fixed = derivation();
    fixed.derivation.fixed = Some(FixedOutput {
        sha256: "ab".repeat(32),
        size: Some(1),
    });
    let key = fixed.key();
    fixed.derivation.args = json!({ "url": "elsewhere" });
    fixed.derivation.builder_version = 9;
    fixed.derivation.fixed.as_mut().unwrap().size = None;
    fixed.inputs.clear();
    assert_eq!(fixed.key(), key);
    fixed.derivation.fixed.as_mut().unwrap().sha256 = "cd".repeat(32);
    assert_ne!(fixed.key(), key);
}
