//! Texts of caches: one form of each, and whatever else comes is refused.

use cairn_cache::statement::{STATEMENT_MAX, StatementError, is_name};
use cairn_cache::{
    GenerationFact, Manifest, Member, OutcomeFact, Pack, Packing, PathFact, Statement,
};
use cairn_graph::{ActionKey, Content, Digest, StorePath};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(Digest)
}

fn content() -> impl Strategy<Value = Content> {
    prop_oneof![
        digest().prop_map(|digest| Content::Tree { digest }),
        (digest(), any::<u64>(), any::<bool>()).prop_map(|(digest, size, executable)| {
            Content::File {
                digest,
                size,
                executable,
            }
        }),
    ]
}

prop_compose! {
    /// A statement that holds together: path n needs some of the paths before it.
    fn statement()(
        contents in prop::collection::vec(("[a-zA-Z0-9+_-][a-zA-Z0-9+._?=~-]{0,20}", content(), any::<u64>()), 1..8),
        picks in prop::collection::vec(any::<u64>(), 8),
        actions in prop::collection::vec(digest(), 0..4),
        name in proptest::option::of("[a-z0-9][a-z0-9._-]{0,20}"),
        texts in ("\\PC{0,20}", "\\PC{0,20}"),
        is_generation in any::<bool>(),
        others in prop::collection::vec(("[a-z]{1,9}", content(), digest(), any::<u64>()), 0..3),
    ) -> Statement {
        let mut paths: BTreeMap<StorePath, PathFact> = BTreeMap::new();
        let mut order: Vec<StorePath> = Vec::new();
        for (index, (name, content, tree_size)) in contents.iter().enumerate() {
            let path = StorePath::new(name, content).unwrap();
            let size = match content {
                Content::File { size, .. } => *size,
                Content::Tree { .. } => *tree_size,
            };
            let mut needs: Vec<StorePath> = order.iter().enumerate()
                .filter(|(before, _)| picks[index] >> before & 1 == 1)
                .map(|(_, path)| path.clone())
                .collect();
            needs.sort();
            needs.dedup();
            needs.retain(|need| *need != path);
            paths.insert(path.clone(), PathFact { content: *content, size, needs });
            order.push(path);
        }
        // All of them are roots: then nothing is unneeded.
        let roots: Vec<StorePath> = paths.keys().cloned().collect();
        let realisations: BTreeMap<ActionKey, StorePath> =
            actions.iter().map(|action| (ActionKey(*action), order[0].clone())).collect();
        let mut outcomes = BTreeMap::new();
        for (name, content, action, picks) in others {
            let path = StorePath::new(&name, &content).unwrap();
            let needs = roots.iter().enumerate().filter(|(index, _)| picks >> index & 1 == 1);
            let needs = needs.map(|(_, path)| path.clone()).collect();
            if !paths.contains_key(&path) && !realisations.contains_key(&ActionKey(action)) {
                outcomes.insert(ActionKey(action), OutcomeFact { path, content, needs });
            }
        }
        let generation = is_generation.then(|| GenerationFact {
            system: order[0].clone(),
            date: "2026-01-02T03:04:05Z".into(),
            description: texts.0,
            config: texts.1,
            lock: actions.first().copied(),
            keeps: roots.clone(),
        });
        Statement { name: name.filter(|name| is_name(name)), roots, paths, realisations, outcomes, generation }
    }
}

fn packing() -> impl Strategy<Value = Packing> {
    let members = prop::collection::btree_map(digest(), 0..10_000_u64, 0..40);
    (members, any::<u64>()).prop_map(|(members, cuts)| {
        let members: Vec<Member> = members
            .into_iter()
            .map(|(digest, size)| Member { digest, size })
            .collect();
        let mut packing = Packing::default();
        for (index, chunk) in members.chunks(5).enumerate() {
            if cuts >> index & 1 == 1 {
                packing.packs.push(Pack::new(chunk.to_vec()));
            } else {
                packing.blobs.extend(chunk);
            }
        }
        packing.blobs.sort();
        packing
    })
}

/// One change of a text's bytes.
fn changed(text: &str, at: usize, with: u8, kind: u8) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    let at = at % bytes.len();
    match kind % 3 {
        0 => bytes[at] = with,
        1 => drop(bytes.remove(at)),
        _ => bytes.insert(at, with),
    }
    String::from_utf8(bytes)
        .ok()
        .filter(|changed| changed != text)
}

proptest! {
    #[test]
    fn statements_read_back_as_they_were(statement in statement()) {
        let text = statement.encode();
        prop_assert_eq!(Statement::decode(&text).unwrap(), statement);
    }

    #[test]
    fn a_changed_statement_is_refused_or_another_one(
        statement in statement(), at in any::<usize>(), with in any::<u8>(), kind in any::<u8>()
    ) {
        if let Some(changed) = changed(&statement.encode(), at, with, kind)
            && let Ok(read) = Statement::decode(&changed)
        {
            prop_assert_eq!(read.encode(), changed);
            prop_assert_ne!(read, statement);
        }
    }

    #[test]
    fn packings_read_back_as_they_were(packing in packing()) {
        prop_assert_eq!(Packing::decode(&packing.encode()).unwrap(), packing);
    }

    #[test]
    fn a_changed_packing_is_refused_or_another_one(
        packing in packing(), at in any::<usize>(), with in any::<u8>(), kind in any::<u8>()
    ) {
        if let Some(changed) = changed(&packing.encode(), at, with, kind)
            && let Ok(read) = Packing::decode(&changed)
        {
            prop_assert_eq!(read.encode(), changed);
            prop_assert_ne!(read, packing);
        }
    }

    #[test]
    fn manifests_read_back_as_they_were(
        signatures in "[ -~\n]{0,300}", statement in "\\PC{0,300}", packing in "[a-z\n]{0,300}"
    ) {
        let manifest = Manifest { signatures, statement, packing };
        prop_assert_eq!(Manifest::decode(&manifest.encode().unwrap()).unwrap(), manifest);
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Manifest::decode(&bytes);
        let text = String::from_utf8_lossy(&bytes);
        let _ = Manifest::decode_plain(&format!("cairn-manifest 1\n{text}"));
        let _ = Statement::decode(&format!("cairn-closure 1\n{text}"));
        let _ = Packing::decode(&format!("cairn-packing 1\n{text}"));
    }
}

fn sample() -> Statement {
    let file = |text: &[u8]| Content::File {
        digest: Digest::of(text),
        size: text.len() as u64,
        executable: false,
    };
    let (below, above) = (file(b"below"), file(b"above!"));
    let need = StorePath::new("below", &below).unwrap();
    let root = StorePath::new("above", &above).unwrap();
    let fact = |content, size, needs| PathFact {
        content,
        size,
        needs,
    };
    Statement {
        name: Some("web1".into()),
        roots: vec![root.clone()],
        paths: BTreeMap::from([
            (need.clone(), fact(below, 5, Vec::new())),
            (root, fact(above, 6, vec![need])),
        ]),
        realisations: BTreeMap::new(),
        outcomes: BTreeMap::new(),
        generation: None,
    }
}

#[test]
fn a_statement_looks_as_the_specification_shows() {
    let statement = sample();
    let text = statement.encode();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..2], ["cairn-closure 1", "name web1"]);
    assert!(lines[2].starts_with("root ") && lines[2].ends_with("-above"));
    let words = |line: &str| line.split(' ').next().unwrap_or_default().to_owned();
    let mut rest: Vec<String> = lines[3..].iter().map(|line| words(line)).collect();
    rest.sort();
    assert_eq!(rest, ["needs", "path", "path"]);
    assert!(text.contains(&format!(" file {} 5\n", Digest::of(b"below"))));
}

#[test]
fn what_does_not_hold_together_is_refused() {
    let mut wrong: Vec<(&str, Statement)> = Vec::new();
    let mut add = |why, change: &dyn Fn(&mut Statement)| {
        let mut statement = sample();
        change(&mut statement);
        wrong.push((why, statement));
    };
    add("has no root", &|statement| statement.roots.clear());
    add("no root needs", &|statement| {
        let root = statement.roots[0].clone();
        statement.paths.get_mut(&root).unwrap().needs.clear();
    });
    add("named and not there", &|statement| {
        let gone = statement
            .paths
            .keys()
            .find(|path| path.name() == "below")
            .cloned();
        statement.paths.remove(&gone.unwrap());
    });
    add("not the path of its content", &|statement| {
        let root = statement.roots[0].clone();
        let fact = statement.paths.get_mut(&root).unwrap();
        fact.content = Content::Tree {
            digest: Digest::of(b"another"),
        };
    });
    add("is no name", &|statement| {
        statement.name = Some("../etc".into());
    });
    add("is of the generation and no root", &|statement| {
        let below = statement
            .paths
            .keys()
            .find(|path| path.name() == "below")
            .cloned();
        statement.generation = Some(generation(below.unwrap(), "", "2026-01-02T03:04:05Z"));
    });
    add("is not the path of its content", &|statement| {
        let mut outcome = outcome();
        outcome.content = Content::Tree {
            digest: Digest::of(b"another"),
        };
        let action = ActionKey(Digest::of(b"action"));
        statement.outcomes.insert(action, outcome);
    });
    add("is there as a path, or twice", &|statement| {
        let action = ActionKey(Digest::of(b"action"));
        let root = statement.roots[0].clone();
        statement.realisations.insert(action, root);
        statement.outcomes.insert(action, outcome());
    });
    add("are not sorted, each once", &|statement| {
        let mut outcome = outcome();
        outcome.needs = vec![statement.roots[0].clone(); 2];
        let action = ActionKey(Digest::of(b"action"));
        statement.outcomes.insert(action, outcome);
    });
    add("control characters", &|statement| {
        let root = statement.roots[0].clone();
        statement.generation = Some(generation(root, "\u{1b}[2J", "2026-01-02T03:04:05Z"));
    });
    add("date is none", &|statement| {
        let root = statement.roots[0].clone();
        statement.generation = Some(generation(root, "", "yesterday"));
    });
    for (why, statement) in wrong {
        let error = Statement::decode(&statement.encode()).unwrap_err();
        assert!(matches!(error, StatementError::Facts(_)), "{why}: {error}");
        assert!(error.to_string().contains(why), "{why}: {error}");
    }
}

fn outcome() -> OutcomeFact {
    let content = Content::Tree {
        digest: Digest::of(b"elsewhere"),
    };
    OutcomeFact {
        path: StorePath::new("elsewhere", &content).unwrap(),
        content,
        needs: Vec::new(),
    }
}

#[test]
fn an_outcome_is_one_line_as_the_specification_shows() {
    let mut statement = sample();
    let mut outcome = outcome();
    outcome.needs = vec![statement.roots[0].clone()];
    let action = ActionKey(Digest::of(b"action"));
    let line = format!(
        "outcome {action} {} tree {} 0 {}\n",
        outcome.path.base_name(),
        Digest::of(b"elsewhere"),
        statement.roots[0].base_name()
    );
    statement.outcomes.insert(action, outcome);
    let text = statement.encode();
    assert!(text.ends_with(&line), "{text}");
    assert_eq!(Statement::decode(&text), Ok(statement));
}

fn generation(system: StorePath, description: &str, date: &str) -> GenerationFact {
    GenerationFact {
        system,
        date: date.into(),
        description: description.into(),
        config: String::new(),
        lock: None,
        keeps: Vec::new(),
    }
}

#[test]
fn lines_twice_out_of_order_or_unknown_are_refused() {
    let text = sample().encode();
    let lines: Vec<&str> = text.lines().collect();
    for index in 0..lines.len() {
        let mut twice = lines.clone();
        twice.insert(index, lines[index]);
        assert!(
            Statement::decode(&(twice.join("\n") + "\n")).is_err(),
            "{index}"
        );
        let mut fewer = lines.clone();
        fewer.remove(index);
        // Without its name it is still a statement.
        if index != 1 {
            assert!(
                Statement::decode(&(fewer.join("\n") + "\n")).is_err(),
                "{index}"
            );
        }
    }
    for line in ["", " ", "what is this", "name", "path a b", "generation {}"] {
        assert!(
            Statement::decode(&format!("{text}{line}\n")).is_err(),
            "{line:?}"
        );
    }
    assert!(Statement::decode(text.trim_end()).is_err());
    assert!(Statement::decode(&text.replace("closure 1", "closure 2")).is_err());
    let huge = format!("{text}{}", " ".repeat(STATEMENT_MAX));
    assert!(matches!(
        Statement::decode(&huge),
        Err(StatementError::TooLarge(_))
    ));
}

#[test]
fn packs_beyond_their_bounds_are_refused() {
    let member = |seed: u32, size| Member {
        digest: Digest::of(&seed.to_le_bytes()),
        size,
    };
    let text = |packs: Vec<Pack>, blobs: Vec<Member>| Packing { packs, blobs }.encode();
    let refused = |text: String, why: &str| {
        let error = Packing::decode(&text).unwrap_err().to_string();
        assert!(error.contains(why), "{why}: {error}");
    };
    let large = Pack::new(vec![member(1, 16 << 20), member(2, 1)]);
    refused(text(vec![large], Vec::new()), "too large");
    let overflow = Pack::new(vec![member(1, u64::MAX), member(2, 1)]);
    refused(text(vec![overflow], Vec::new()), "too large");
    let twice = Pack::new(vec![member(1, 1), member(1, 1)]);
    refused(text(vec![twice], Vec::new()), "twice");
    refused(text(vec![Pack::new(Vec::new())], Vec::new()), "empty");
    let many = Pack::new((0..=1 << 16).map(|seed| member(seed, 0)).collect());
    refused(text(vec![many], Vec::new()), "too many members");
    let mut renamed = Pack::new(vec![member(1, 1)]);
    renamed.name = Digest::of(b"another");
    refused(text(vec![renamed], Vec::new()), "not named by its members");
    let mut blobs = vec![member(1, 1), member(2, 1)];
    blobs.sort();
    blobs.reverse();
    refused(text(Vec::new(), blobs), "not sorted");
    refused(
        format!("cairn-packing 1\n{} 5\n", Digest::of(b"a")),
        "in no pack",
    );
    refused(
        format!("cairn-packing 1\nblobs\n{} 05\n", Digest::of(b"a")),
        "one form",
    );
    refused("cairn-packing 1\nblobs\n".into(), "no blob follows");
    refused(
        format!("cairn-packing 1\nblobs\n{} 5", Digest::of(b"a")),
        "within a line",
    );
}
