//! All that one evaluation wants to be built or fetched, and the local files that go into it.
//!
//! In: what the host minted, and the ids that the result depends on. Out: [`Described`], in the order in which things can be made.

use crate::description::Description;
use crate::host::{Referent, Sources};
use crate::source::Source;
use cairn_eval::ContextId;
use std::collections::BTreeSet;

/// Builds, downloads and their sources. Nothing of it is there yet.
#[derive(Debug, Clone, Default)]
pub struct Described {
    /// Each after what it needs.
    pub wishes: Vec<Wish>,
    /// The local files and folders that builds need.
    pub sources: Vec<Source>,
}

/// One of them.
#[derive(Debug, Clone)]
pub struct Wish {
    /// What stands for its result in strings.
    pub text: String,
    /// What it is.
    pub description: Description,
    /// The texts of what it needs, in the order of minting.
    pub needs: Vec<String>,
}

impl Described {
    /// What these ids depend on, directly or not: the local files that are named directly, and the rest.
    pub fn of(seen: &Sources, ids: impl IntoIterator<Item = ContextId>) -> (Vec<Source>, Self) {
        let direct: BTreeSet<ContextId> = ids.into_iter().collect();
        let mut of_builds = BTreeSet::new();
        let mut described = Self::default();
        let all = seen.closure(direct.iter().copied());
        for id in &all {
            let Some(Referent::Described(description)) = seen.minted.get(id.0 as usize) else {
                continue;
            };
            of_builds.extend(description.needs());
            let needs = description.needs();
            let needs = needs.filter_map(|id| seen.minted.get(id.0 as usize));
            described.wishes.push(Wish {
                text: description.text(),
                description: description.clone(),
                needs: needs.map(Referent::text).collect(),
            });
        }
        let sources = |ids: &BTreeSet<ContextId>| {
            let all = ids.iter().filter_map(|id| seen.minted.get(id.0 as usize));
            let sources = all.filter_map(|referent| match referent {
                Referent::Source(source) => Some(source.clone()),
                Referent::Described(_) => None,
            });
            sources.collect()
        };
        described.sources = sources(&of_builds);
        (sources(&direct), described)
    }

    /// Adds local files that are wanted themselves.
    pub fn add_sources(&mut self, sources: Vec<Source>) {
        for source in sources {
            let path = &source.output.path;
            if !self.sources.iter().any(|known| known.output.path == *path) {
                self.sources.push(source);
            }
        }
    }

    /// The sets of packages that the builds find installed.
    pub fn tool_sets(&self) -> BTreeSet<&[String]> {
        let builds = self
            .wishes
            .iter()
            .filter_map(|wish| match &wish.description {
                Description::Build(build) => Some(build.tools.as_slice()),
                Description::Fetch(_) => None,
            });
        builds.collect()
    }
}
