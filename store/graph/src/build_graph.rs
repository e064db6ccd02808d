//! The build graph: derivations and which of them need which.
//!
//! In: derivations and labelled inputs, as lowering finds them. Out: orders, what is ready, what is needed, what
//! takes longest. Nothing is built here, and nothing of builders is known.

use crate::derivation::{ActionKey, Derivation, Output, ResolvedDerivation};
use petgraph::Direction;
use petgraph::algo::{tarjan_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fmt::Write as _;

/// A node of a [`BuildGraph`]; ids count from 0 in the order in which derivations were added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DerivationId(pub u32);

/// Why a graph can't be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// Derivations that need themselves: names in order, each needing the next, the last needing the first.
    #[error("derivations need each other in a circle: {} → {}", .0.join(" → "), .0.first().map_or("", String::as_str))]
    Cycle(Vec<String>),
    /// Two inputs with one label.
    #[error("`{name}` has two inputs labelled `{label}`")]
    Label {
        /// The derivation's name.
        name: String,
        /// The label.
        label: String,
    },
    /// An input has no output yet.
    #[error("`{name}` can't be resolved: its input `{label}` is not realised yet")]
    Unrealised {
        /// The derivation's name.
        name: String,
        /// The label.
        label: String,
    },
    /// An id of another graph.
    #[error("the graph has no derivation {0}")]
    Unknown(DerivationId),
}

/// Derivations and their inputs.
#[derive(Debug, Clone, Default)]
pub struct BuildGraph {
    /// Edges lead from an input to what needs it and carry the label.
    graph: DiGraph<Derivation, String>,
}

impl fmt::Display for DerivationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

fn node(id: DerivationId) -> NodeIndex {
    NodeIndex::new(id.0 as usize)
}

fn id(node: NodeIndex) -> DerivationId {
    DerivationId(node.index() as u32)
}

impl BuildGraph {
    /// A graph of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a derivation without inputs.
    pub fn add(&mut self, derivation: Derivation) -> DerivationId {
        id(self.graph.add_node(derivation))
    }

    /// Says that `of` needs `input`, which its builder sees as `label`.
    ///
    /// Errors: [`GraphError::Label`] when another input has that label (the same input again is fine),
    /// [`GraphError::Unknown`].
    pub fn add_input(
        &mut self,
        of: DerivationId,
        label: impl Into<String>,
        input: DerivationId,
    ) -> Result<(), GraphError> {
        let label = label.into();
        let name = self
            .derivation(of)
            .ok_or(GraphError::Unknown(of))?
            .name
            .clone();
        self.derivation(input).ok_or(GraphError::Unknown(input))?;
        if let Some(known) = self
            .graph
            .edges_directed(node(of), Direction::Incoming)
            .find(|e| *e.weight() == label)
        {
            return if known.source() == node(input) {
                Ok(())
            } else {
                Err(GraphError::Label { name, label })
            };
        }
        self.graph.add_edge(node(input), node(of), label);
        Ok(())
    }

    /// The derivation of an id.
    pub fn derivation(&self, id: DerivationId) -> Option<&Derivation> {
        self.graph.node_weight(node(id))
    }

    /// How many derivations.
    pub fn len(&self) -> usize {
        self.graph.node_count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All ids, in the order of adding.
    pub fn ids(&self) -> impl Iterator<Item = DerivationId> {
        self.graph.node_indices().map(id)
    }

    /// What a derivation needs, sorted by label.
    pub fn inputs(&self, of: DerivationId) -> Vec<(&str, DerivationId)> {
        let edges = self.graph.edges_directed(node(of), Direction::Incoming);
        let mut inputs: Vec<_> = edges
            .map(|edge| (edge.weight().as_str(), id(edge.source())))
            .collect();
        inputs.sort_unstable();
        inputs
    }

    /// What needs a derivation, sorted, each once.
    pub fn dependents(&self, of: DerivationId) -> Vec<DerivationId> {
        let found: BTreeSet<_> = self
            .graph
            .neighbors_directed(node(of), Direction::Outgoing)
            .map(id)
            .collect();
        found.into_iter().collect()
    }

    /// All derivations, each after its inputs. Errors: [`GraphError::Cycle`].
    pub fn order(&self) -> Result<Vec<DerivationId>, GraphError> {
        match toposort(&self.graph, None) {
            Ok(nodes) => Ok(nodes.into_iter().map(id).collect()),
            Err(_) => Err(GraphError::Cycle(self.cycle())),
        }
    }

    /// What is not done while all its inputs are, sorted by id.
    pub fn ready(&self, done: impl Fn(DerivationId) -> bool) -> Vec<DerivationId> {
        let inputs_done = |of: &DerivationId| {
            self.graph
                .neighbors_directed(node(*of), Direction::Incoming)
                .all(|input| done(id(input)))
        };
        self.ids()
            .filter(|of| !done(*of))
            .filter(inputs_done)
            .collect()
    }

    /// These derivations and everything that they need, directly or not.
    pub fn closure(&self, roots: impl IntoIterator<Item = DerivationId>) -> BTreeSet<DerivationId> {
        let mut found = BTreeSet::new();
        let mut open: Vec<_> = roots
            .into_iter()
            .filter(|root| self.derivation(*root).is_some())
            .collect();
        while let Some(next) = open.pop() {
            if found.insert(next) {
                open.extend(
                    self.graph
                        .neighbors_directed(node(next), Direction::Incoming)
                        .map(id),
                );
            }
        }
        found
    }

    /// For each derivation, by id, the cost of the dearest way from its start to the end of everything that waits
    /// for it: what a scheduler should start first. Errors: [`GraphError::Cycle`].
    pub fn urgency(
        &self,
        cost: impl Fn(DerivationId, &Derivation) -> u64,
    ) -> Result<Vec<u64>, GraphError> {
        let mut urgency = vec![0; self.len()];
        for at in self.order()?.into_iter().rev() {
            let after = self
                .graph
                .neighbors_directed(node(at), Direction::Outgoing)
                .map(|next| urgency[next.index()]);
            let after = after.max().unwrap_or(0);
            urgency[at.0 as usize] = cost(at, &self.graph[node(at)]).saturating_add(after);
        }
        Ok(urgency)
    }

    /// The dearest chain of derivations, each needing the one before, and its cost. Errors: [`GraphError::Cycle`].
    pub fn critical_path(
        &self,
        cost: impl Fn(DerivationId, &Derivation) -> u64,
    ) -> Result<(u64, Vec<DerivationId>), GraphError> {
        let urgency = self.urgency(cost)?;
        let dearest = |ids: &mut dyn Iterator<Item = DerivationId>| {
            ids.max_by_key(|at| (urgency[at.0 as usize], std::cmp::Reverse(*at)))
        };
        let mut path = Vec::new();
        let mut next = dearest(&mut self.ids());
        while let Some(at) = next {
            path.push(at);
            next = dearest(&mut self.dependents(at).into_iter());
        }
        Ok((
            path.first().map_or(0, |first| urgency[first.0 as usize]),
            path,
        ))
    }

    /// A derivation with the outputs of its inputs in place of their ids.
    ///
    /// Errors: [`GraphError::Unrealised`] when `outputs` lacks an input, [`GraphError::Unknown`].
    pub fn resolve(
        &self,
        of: DerivationId,
        output: impl Fn(DerivationId) -> Option<Output>,
    ) -> Result<ResolvedDerivation, GraphError> {
        let derivation = self.derivation(of).ok_or(GraphError::Unknown(of))?.clone();
        let mut inputs = BTreeMap::new();
        for (label, input) in self.inputs(of) {
            let unrealised = || GraphError::Unrealised {
                name: derivation.name.clone(),
                label: label.into(),
            };
            inputs.insert(label.to_owned(), output(input).ok_or_else(unrealised)?);
        }
        Ok(ResolvedDerivation { derivation, inputs })
    }

    /// The key of a derivation, where the outputs of all its inputs are known. Errors: [`GraphError::Unknown`].
    pub fn key<'a>(
        &'a self,
        of: DerivationId,
        output: impl Fn(DerivationId) -> Option<&'a Output>,
    ) -> Result<Option<ActionKey>, GraphError> {
        let derivation = self.derivation(of).ok_or(GraphError::Unknown(of))?;
        if derivation.fixed.is_some() {
            // Its inputs are no part of its key, but have to be known before it can be made.
            let inputs = self.graph.neighbors_directed(node(of), Direction::Incoming);
            let known = inputs.map(id).all(|input| output(input).is_some());
            return Ok(known.then(|| derivation.key_with(std::iter::empty())));
        }
        let edges = self.graph.edges_directed(node(of), Direction::Incoming);
        let mut inputs = Vec::new();
        for edge in edges {
            let Some(output) = output(id(edge.source())) else {
                return Ok(None);
            };
            inputs.push((edge.weight().as_str(), output));
        }
        inputs.sort_unstable_by_key(|(label, _)| *label);
        Ok(Some(derivation.key_with(inputs.into_iter())))
    }

    /// The graph in Graphviz' language, arrows from what needs to what is needed.
    pub fn dot(&self) -> String {
        let mut out = String::from("digraph build {\n  rankdir=LR;\n");
        for at in self.ids() {
            let derivation = &self.graph[node(at)];
            // Writing into a String cannot fail.
            let _ = writeln!(
                out,
                "  n{} [label={:?}];",
                at.0,
                format!("{}\n{}", derivation.name, derivation.builder)
            );
        }
        for at in self.ids() {
            for (label, input) in self.inputs(at) {
                let _ = writeln!(out, "  n{} -> n{} [label={label:?}];", at.0, input.0);
            }
        }
        out.push_str("}\n");
        out
    }

    /// Names along one circle; the graph has one.
    fn cycle(&self) -> Vec<String> {
        let is_circle = |nodes: &Vec<NodeIndex>| {
            nodes.len() > 1
                || nodes
                    .first()
                    .is_some_and(|only| self.graph.contains_edge(*only, *only))
        };
        let Some(members) = tarjan_scc(&self.graph).into_iter().find(is_circle) else {
            return Vec::new();
        };
        let members: BTreeSet<_> = members.into_iter().collect();
        let mut walk: Vec<NodeIndex> = members.iter().copied().take(1).collect();
        loop {
            let last = walk[walk.len() - 1];
            let inputs = self.graph.neighbors_directed(last, Direction::Incoming);
            let Some(next) = inputs.filter(|input| members.contains(input)).min() else {
                return Vec::new();
            };
            if let Some(start) = walk.iter().position(|at| *at == next) {
                return walk[start..]
                    .iter()
                    .map(|at| self.graph[*at].name.clone())
                    .collect();
            }
            walk.push(next);
        }
    }
}
