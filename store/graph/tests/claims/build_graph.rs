use cairn_graph::{
    BuildGraph, Content, Derivation, DerivationId, Digest, FixedOutput, GraphError, Output,
    StorePath,
};
use proptest::prelude::*;

fn named(name: &str) -> Derivation {
    let args = serde_json::Value::Null;
    Derivation {
        name: name.into(),
        builder: "b".into(),
        builder_version: 1,
        args,
        fixed: None,
    }
}

/// A graph from edges like `b<a`: b needs a.
fn graph(edges: &[&str]) -> (BuildGraph, impl Fn(&str) -> DerivationId) {
    let mut graph = BuildGraph::new();
    let mut names: Vec<String> = Vec::new();
    for edge in edges {
        let ids: Vec<DerivationId> = edge
            .split('<')
            .map(|name| {
                if let Some(known) = names.iter().position(|known| known == name) {
                    return DerivationId(known as u32);
                }
                names.push(name.into());
                graph.add(named(name))
            })
            .collect();
        if let [of, input] = ids[..] {
            graph
                .add_input(of, edge.split('<').nth(1).unwrap(), input)
                .unwrap();
        }
    }
    (graph, move |name: &str| {
        DerivationId(names.iter().position(|known| known == name).unwrap() as u32)
    })
}

#[test]
fn only_what_has_all_its_inputs_is_ready() {
    let (graph, id) = graph(&["c<a", "c<b", "d<c"]);
    assert_eq!(graph.ready(|_| false), [id("a"), id("b")]);
    assert_eq!(graph.ready(|it| it == id("a")), [id("b")]);
    assert_eq!(graph.ready(|it| it == id("a") || it == id("b")), [id("c")]);
    assert!(graph.ready(|_| true).is_empty());
}

#[test]
fn a_circle_is_named_from_each_to_what_it_needs() {
    let (graph, _) = graph(&["x<a", "a<b", "b<c", "c<a"]);
    let error = graph.order().unwrap_err();
    assert_eq!(
        error.to_string(),
        "derivations need each other in a circle: a → b → c → a"
    );
    let (graph, _) = self::graph(&["a<a"]);
    assert_eq!(graph.order(), Err(GraphError::Cycle(vec!["a".into()])));
}

#[test]
fn a_closure_has_what_is_needed_and_no_more() {
    let (graph, id) = graph(&["c<b", "b<a", "d<a", "e"]);
    assert_eq!(
        graph.closure([id("c")]).into_iter().collect::<Vec<_>>(),
        [id("c"), id("b"), id("a")]
    );
    assert_eq!(graph.dependents(id("a")), [id("b"), id("d")]);
}

#[test]
fn the_critical_path_is_the_dearest() {
    let (graph, id) = graph(&["d<b", "d<c", "b<a", "c<a"]);
    let cost = |_, it: &Derivation| if it.name == "c" { 10 } else { 1 };
    assert_eq!(
        graph.critical_path(cost).unwrap(),
        (12, vec![id("a"), id("c"), id("d")])
    );
    assert_eq!(BuildGraph::new().critical_path(cost).unwrap(), (0, vec![]));
}

#[test]
fn a_label_has_one_input() {
    let (mut graph, id) = graph(&["c<a", "b"]);
    assert_eq!(graph.add_input(id("c"), "a", id("a")), Ok(()));
    assert_eq!(graph.inputs(id("c")).len(), 1);
    let twice = graph.add_input(id("c"), "a", id("b"));
    assert_eq!(
        twice,
        Err(GraphError::Label {
            name: "c".into(),
            label: "a".into()
        })
    );
    assert_eq!(
        graph.add_input(id("c"), "z", DerivationId(99)),
        Err(GraphError::Unknown(DerivationId(99)))
    );
}

#[test]
fn resolving_needs_all_inputs() {
    let (graph, id) = graph(&["c<a"]);
    let missing = graph.resolve(id("c"), |_| None).unwrap_err();
    assert_eq!(
        missing,
        GraphError::Unrealised {
            name: "c".into(),
            label: "a".into()
        }
    );
    let content = Content::Tree {
        digest: Digest::of(b""),
    };
    let output = Output {
        path: StorePath::new("a", &content).unwrap(),
        content,
    };
    let resolved = graph.resolve(id("c"), |_| Some(output.clone())).unwrap();
    assert_eq!(resolved.inputs.get("a"), Some(&output));
}

#[test]
fn the_drawing_has_every_node_and_label() {
    let (graph, _) = graph(&["c<a"]);
    let drawn = graph.dot();
    assert!(
        drawn.contains("n0 [label=\"c\\nb\"]") && drawn.contains("n0 -> n1 [label=\"a\"]"),
        "{drawn}"
    );
}

proptest! {
    #[test]
    fn a_key_is_that_of_the_resolved_derivation(name in ".{0,8}", text in any::<String>(), labels in prop::collection::btree_set(any::<String>(), 0..6), fixed in any::<bool>()) {
        let fixed = fixed.then(|| FixedOutput { sha256: "a".repeat(64), size: None });
        let args = serde_json::json!({ "script": text, "number": 1.5, "list": [null, text] });
        let mut graph = BuildGraph::new();
        let of = graph.add(Derivation { args, fixed, ..named(&name) });
        for label in &labels {
            let input = graph.add(named(label));
            graph.add_input(of, label.as_str(), input).unwrap();
        }
        let content = Content::Tree { digest: Digest::of(text.as_bytes()) };
        let output = Output { path: StorePath::new("in", &content).unwrap(), content };
        let resolved = graph.resolve(of, |_| Some(output.clone())).unwrap();
        prop_assert_eq!(graph.key(of, |_| Some(&output)).unwrap(), Some(resolved.key()));
        if !labels.is_empty() {
            prop_assert_eq!(graph.key(of, |_| None).unwrap(), None);
        }
    }

    #[test]
    fn an_order_has_every_input_first(edges in prop::collection::vec((0_u32..20, 0_u32..20), 0..60)) {
        let mut graph = BuildGraph::new();
        for number in 0..20 {
            graph.add(named(&number.to_string()));
        }
        for (a, b) in edges.iter().filter(|(a, b)| a != b) {
            let (of, input) = (DerivationId(*a.max(b)), DerivationId(*a.min(b)));
            graph.add_input(of, input.to_string(), input).unwrap();
        }
        let order = graph.order().unwrap();
        prop_assert_eq!(order.len(), 20);
        let place = |id| order.iter().position(|at| *at == id).unwrap();
        for id in graph.ids() {
            prop_assert!(graph.inputs(id).iter().all(|(_, input)| place(*input) < place(id)));
        }
    }
}
