//! Builds and downloads of a configuration as steps of the graph.
//!
//! In: descriptions, the lock, the unpacked packages. Out: a node for each. Pure. What a script names by a text of its own becomes an input
//! with a label; the label's mark stands in the script, so that the script is the same whatever the input comes out as.

use super::{builder, stand_in, step};
use crate::builders::root::RootArgs;
use crate::builders::url::UrlArgs;
use crate::described::{Described, Wish};
use crate::description::{BuildDescription, Description, FetchDescription};
use crate::locking;
use crate::machine::accounts::Numbers;
use cairn_build::script::{self, ScriptArgs};
use cairn_debian::lock::Lock;
use cairn_graph::build_graph::{BuildGraph, DerivationId, GraphError};
use cairn_graph::{Derivation, FixedOutput};
use std::collections::BTreeMap;

/// The nodes of what is described, each by the text that stands for its result.
pub(super) struct Nodes {
    pub builds: BTreeMap<String, DerivationId>,
    /// Local files and folders that builds need.
    pub sources: BTreeMap<String, DerivationId>,
}

/// Adds everything that is described.
pub(super) fn add(
    graph: &mut BuildGraph,
    described: &Described,
    lock: &Lock,
    unpacked: &BTreeMap<String, DerivationId>,
) -> Result<Nodes, GraphError> {
    let mut roots = BTreeMap::new();
    for tools in described.tool_sets() {
        roots.insert(tools, root(graph, tools, lock, unpacked)?);
    }
    let mut sources = BTreeMap::new();
    for one in &described.sources {
        let args = one.output.content;
        let name = one.output.path.name().to_owned();
        let node = graph.add(step(name, builder::SOURCE, 1, &args));
        sources.insert(one.output.path.logical(), node);
    }
    let mut builds: BTreeMap<String, DerivationId> = BTreeMap::new();
    for wish in &described.wishes {
        let node = match &wish.description {
            Description::Fetch(fetch) => graph.add(download(fetch)),
            Description::Build(build) => {
                let labels = labels(build, wish);
                let node = graph.add(script(build, &labels, lock.epoch));
                if let Some(root) = roots.get(build.tools.as_slice()) {
                    graph.add_input(node, script::ROOT, *root)?;
                }
                for (label, text) in labels {
                    if let Some(input) = builds.get(&text).or_else(|| sources.get(&text)) {
                        graph.add_input(node, label, *input)?;
                    }
                }
                node
            }
        };
        builds.insert(wish.text.clone(), node);
    }
    Ok(Nodes { builds, sources })
}

/// The root that scripts with these tools run in: the packages, configured, without kernel or anything else of a machine.
fn root(
    graph: &mut BuildGraph,
    tools: &[String],
    lock: &Lock,
    unpacked: &BTreeMap<String, DerivationId>,
) -> Result<DerivationId, GraphError> {
    // Numbers of accounts come from the packages alone: a root to build in is the same beside any configuration.
    let args = RootArgs {
        epoch: lock.epoch,
        assumed: locking::assumed(),
        numbers: Numbers::default(),
    };
    let version = cairn_debian::recipe::VERSION;
    let node = graph.add(step("build-root".into(), builder::ROOT, version, &args));
    let set = lock.sets.get(&locking::build_set(tools));
    for package in set.into_iter().flatten() {
        if let Some(input) = unpacked.get(&package.sha256) {
            graph.add_input(node, package.name.clone(), *input)?;
        }
    }
    Ok(node)
}

fn download(fetch: &FetchDescription) -> Derivation {
    let args = UrlArgs {
        url: fetch.url.clone(),
    };
    Derivation {
        fixed: Some(FixedOutput {
            sha256: fetch.sha256.clone(),
            size: fetch.size,
        }),
        ..step(fetch.name.clone(), builder::URL, 1, &args)
    }
}

/// The inputs of a build: label → text. Sources are called as the configuration calls them, the rest by where the script names them.
fn labels(build: &BuildDescription, wish: &Wish) -> Vec<(String, String)> {
    let named = build.sources.iter();
    let mut labels: Vec<_> = named
        .map(|(name, text)| (name.clone(), text.clone()))
        .collect();
    let is_named = |text: &&String| !build.sources.values().any(|named| named == *text);
    let rest: Vec<&String> = wish.needs.iter().filter(is_named).collect();
    let mut said = build.script.clone();
    for (name, value) in &build.env {
        said.push_str(name);
        said.push_str(value);
    }
    labels.extend(stand_in::labels(&said, rest.iter().copied()));
    // What was named and then taken apart is needed all the same.
    let hidden = rest
        .into_iter()
        .filter(|text| !said.contains(text.as_str()));
    let hidden = hidden.enumerate();
    labels.extend(hidden.map(|(number, text)| (format!("hidden-{}", number + 1), text.clone())));
    labels
}

fn script(build: &BuildDescription, labels: &[(String, String)], epoch: i64) -> Derivation {
    let mut placeholders = BTreeMap::new();
    let mut marked = |text: &str| {
        let mut text = text.to_owned();
        for (label, stood) in labels {
            if text.contains(stood.as_str()) {
                let mark = stand_in::marker(label);
                text = text.replace(stood.as_str(), &mark);
                placeholders.insert(mark, label.clone());
            }
        }
        text
    };
    let text = marked(&build.script);
    let env = build.env.iter();
    let env = env
        .map(|(name, value)| (name.clone(), marked(value)))
        .collect();
    let args = ScriptArgs {
        script: text,
        interpreter: script::default_interpreter(),
        env,
        placeholders,
        epoch,
        wall_secs: build.timeout_secs,
    };
    step(build.name.clone(), script::NAME, script::VERSION, &args)
}
