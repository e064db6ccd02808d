//! What a build would do: the steps that are missing, and why each is.
//!
//! In: a plan and its graph, the store's records of how things were made before. Out: text, or JSON. Decides nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use cairn_build::{Need, Plan, reason};
use cairn_disk::{DerivationRecord, Store};
use cairn_graph::{ActionKey, BuildGraph, DerivationId};

use super::style::{QUIET, bytes, count, paint};

/// How many inputs are named that a step waits for.
const NAMED: usize = 3;

/// The steps of a plan.
#[derive(Debug)]
pub struct Foreseen {
    steps: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    name: String,
    builder: String,
    /// Bytes of a download, where they are known.
    size: Option<u64>,
    is_download: bool,
    /// Where it was made and can be taken from.
    from: Option<String>,
    why: String,
}

impl Foreseen {
    /// The missing steps, each after what it needs.
    /// `whence` says where what was made elsewhere would be taken from.
    pub fn of(
        plan: &Plan,
        graph: &BuildGraph,
        store: Option<&Store>,
        whence: &dyn Fn(&ActionKey) -> Option<String>,
    ) -> Self {
        let before = before(plan, graph, store);
        let step = |id: &DerivationId| {
            let derivation = graph.derivation(*id)?;
            let from = match plan.needed.get(id) {
                Some(Need::Elsewhere(action)) => Some(whence(action).unwrap_or_default()),
                _ => None,
            };
            Some(Step {
                name: derivation.name.clone(),
                builder: derivation.builder.clone(),
                size: derivation.fixed.as_ref().and_then(|fixed| fixed.size),
                is_download: derivation.fixed.is_some(),
                why: match &from {
                    Some(from) => format!("from {from}"),
                    None => why(plan, graph, *id, &before),
                },
                from,
            })
        };
        Self {
            steps: plan.order.iter().filter_map(step).collect(),
        }
    }

    /// For people. Unpacking and the download of each package are counted only, unless all is wanted.
    pub fn text(&self, all: bool) -> String {
        if self.steps.is_empty() {
            return "nothing to do: everything is in the store\n".into();
        }
        let mut out = String::new();
        let is_download = |step: &&Step| step.is_download && step.from.is_none();
        let downloads: Vec<&Step> = self.steps.iter().filter(is_download).collect();
        if !downloads.is_empty() {
            let size: u64 = downloads.iter().filter_map(|step| step.size).sum();
            let files = count(downloads.len(), "file");
            let _ = writeln!(out, "would fetch {files}, {}", bytes(size));
        }
        let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
        let mut lines = Vec::new();
        for step in &self.steps {
            let is_of_package =
                step.builder.starts_with("debian-") && step.builder != "debian-root";
            if is_of_package && !all {
                let builder = match &step.from {
                    Some(_) => "taken",
                    None => &step.builder,
                };
                *counted.entry(builder).or_default() += 1;
            } else {
                lines.push(step);
            }
        }
        if let Some(number) = counted.get("debian-unpack") {
            let _ = writeln!(out, "would unpack {}", count(*number, "package"));
        }
        if let Some(number) = counted.get("taken") {
            let steps = count(*number, "step");
            let _ = writeln!(out, "would take {steps} of packages from caches");
        }
        let widest = lines.iter().map(|step| step.name.len()).max().unwrap_or(0);
        for step in lines {
            let act = match &step.from {
                Some(_) => "take",
                None if step.is_download => "fetch",
                None => "build",
            };
            let name = format!("{:<widest$}", step.name);
            let _ = writeln!(out, "would {act} {name}  {}", paint(QUIET, &step.why));
        }
        out
    }

    /// For programs.
    pub fn json(&self) -> serde_json::Value {
        let steps = self.steps.iter().map(|step| {
            serde_json::json!({
                "name": step.name,
                "builder": step.builder,
                "download": step.is_download,
                "size": step.size,
                "from": step.from,
                "why": step.why,
            })
        });
        serde_json::json!({ "version": 1, "steps": steps.collect::<Vec<_>>() })
    }
}

/// How the new steps were taken the last time, by name and builder.
type Before = BTreeMap<(String, String), DerivationRecord>;

fn before(plan: &Plan, graph: &BuildGraph, store: Option<&Store>) -> Before {
    let new = plan
        .needed
        .iter()
        .filter(|(_, need)| matches!(need, Need::New(_)));
    let called = new.filter_map(|(id, _)| {
        let derivation = graph.derivation(*id)?;
        let is_download = derivation.fixed.is_some();
        (!is_download).then(|| (derivation.name.clone(), derivation.builder.clone()))
    });
    let called: BTreeSet<(String, String)> = called.collect();
    match store {
        // Without the records it is only not said what has changed.
        Some(store) if !called.is_empty() => reason::newest(store, &called).unwrap_or_default(),
        _ => Before::new(),
    }
}

/// What is new in a step that was taken before in another way.
fn changes(plan: &Plan, graph: &BuildGraph, id: DerivationId, before: &Before) -> Option<String> {
    let output = |input| Some(plan.known.get(&input)?.realisation.output.clone());
    let now = graph.resolve(id, output).ok()?;
    let called = (now.derivation.name.clone(), now.derivation.builder.clone());
    let changes = reason::changes(&before.get(&called)?.resolved, &now);
    let more = changes.len().saturating_sub(NAMED);
    let named = changes[..changes.len().min(NAMED)].join(", ");
    match (changes.len(), more) {
        (0, _) => None,
        (_, 0) => Some(format!("changed: {named}")),
        _ => Some(format!("changed: {named} and {more} more")),
    }
}

fn why(plan: &Plan, graph: &BuildGraph, id: DerivationId, before: &Before) -> String {
    match plan.needed.get(&id) {
        Some(Need::New(_)) => {
            changes(plan, graph, id, before).unwrap_or_else(|| "never built before".into())
        }
        Some(Need::Gone(_)) => "built before, but no longer in the store".into(),
        Some(Need::Elsewhere(_)) => "made elsewhere".into(),
        Some(Need::Waits) | None => {
            let inputs = graph.inputs(id).into_iter().map(|(_, input)| input);
            let waits = inputs
                .filter(|input| plan.needed.contains_key(input) && !plan.known.contains_key(input));
            let names: Vec<&str> = waits
                .filter_map(|input| Some(graph.derivation(input)?.name.as_str()))
                .collect();
            let more = names.len().saturating_sub(NAMED);
            let named = names[..names.len().min(NAMED)].join(", ");
            if more == 0 {
                format!("waits for {named}")
            } else {
                format!("waits for {named} and {more} more")
            }
        }
    }
}
