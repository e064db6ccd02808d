//! The live tree of a build: what runs and for how long, what waits for it, how many bytes have come.
//!
//! In: the steps of a plan, and what becomes of each. Out: lines for a terminal of a given size. Draws nothing and reads no clock.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use cairn_build::{Kind, Step};
use cairn_graph::DerivationId;

use super::style;

/// The steps of one run.
#[derive(Debug, Default)]
pub struct Tree {
    nodes: BTreeMap<DerivationId, Node>,
    /// Bytes that have come of finished downloads.
    fetched: u64,
    /// Bytes of all downloads, as far as they are declared.
    to_fetch: u64,
}

#[derive(Debug)]
struct Node {
    name: String,
    kind: Kind,
    size: Option<u64>,
    urgency: u64,
    inputs: Vec<DerivationId>,
    dependents: Vec<DerivationId>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Waits,
    Runs {
        kind: Kind,
        since: Instant,
        done: u64,
        total: Option<u64>,
    },
}

/// One line: what is drawn before it, what it says, and what may be overlooked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The branches.
    pub branch: String,
    /// What runs or waits.
    pub text: String,
    /// How far, how long.
    pub rest: String,
}

impl Tree {
    /// The steps of a plan, all of them waiting.
    pub fn new(steps: &[Step]) -> Self {
        let mut nodes: BTreeMap<DerivationId, Node> = BTreeMap::new();
        for step in steps {
            let node = Node {
                name: step.name.clone(),
                kind: step.kind,
                size: step.size,
                urgency: step.urgency,
                inputs: step.inputs.clone(),
                dependents: Vec::new(),
                state: State::Waits,
            };
            nodes.insert(step.id, node);
        }
        for step in steps {
            for input in &step.inputs {
                if let Some(node) = nodes.get_mut(input) {
                    node.dependents.push(step.id);
                }
            }
        }
        let sizes = steps.iter().filter(|step| step.kind == Kind::Fetch);
        Self {
            nodes,
            fetched: 0,
            to_fetch: sizes.filter_map(|step| step.size).sum(),
        }
    }

    /// A step began.
    pub fn started(&mut self, id: DerivationId, kind: Kind, now: Instant) {
        if let Some(node) = self.nodes.get_mut(&id) {
            node.state = State::Runs {
                kind,
                since: now,
                done: 0,
                total: node.size,
            };
        }
    }

    /// A step has come so far.
    pub fn went_on(&mut self, id: DerivationId, so_far: u64, of: Option<u64>) {
        if let Some(node) = self.nodes.get_mut(&id)
            && let State::Runs { done, total, .. } = &mut node.state
        {
            (*done, *total) = (so_far, of.or(*total));
        }
    }

    /// A step is over: done, needless or failed.
    pub fn ended(&mut self, id: DerivationId) {
        let Some(node) = self.nodes.remove(&id) else {
            return;
        };
        if let State::Runs {
            kind: Kind::Fetch,
            done,
            ..
        } = node.state
        {
            self.fetched += node.size.unwrap_or(done);
        }
        for dependent in &node.dependents {
            if let Some(dependent) = self.nodes.get_mut(dependent) {
                dependent.inputs.retain(|input| *input != id);
            }
        }
    }

    /// How much runs and waits, and how many bytes have come: `2 run, 12 wait, 3.4 MiB of 60.1 MiB fetched`.
    pub fn summary(&self) -> String {
        let runs = self.running().len();
        let mut text = format!("{runs} run, {} wait", self.nodes.len() - runs);
        let coming = self.nodes.values().filter_map(|node| match node.state {
            State::Runs {
                kind: Kind::Fetch,
                done,
                ..
            } => Some(done),
            _ => None,
        });
        let fetched = self.fetched + coming.sum::<u64>();
        if self.to_fetch > 0 || fetched > 0 {
            let of = match self.to_fetch {
                0 => String::new(),
                bytes => format!(" of {}", style::bytes(bytes)),
            };
            let fetched = style::bytes(fetched);
            text = format!("{text}, {fetched}{of} fetched");
        }
        text
    }

    fn running(&self) -> Vec<DerivationId> {
        let runs = |node: &Node| matches!(node.state, State::Runs { .. });
        let running = self.nodes.iter().filter(|(_, node)| runs(node));
        running.map(|(id, _)| *id).collect()
    }

    /// At most so many lines: from what is wanted down to what runs. What waits alone for one other that waits is on its line.
    pub fn lines(&self, now: Instant, most: usize) -> Vec<Line> {
        let mut running = self.running();
        // What the rest waits for longest comes first.
        running.sort_by_key(|id| std::cmp::Reverse(self.nodes.get(id).map_or(0, |n| n.urgency)));
        for shown in (0..=running.len()).rev() {
            let hidden = running.len() - shown;
            let mut lines = self.tree_of(&running[..shown], now);
            if hidden > 0 {
                lines.push(Line {
                    branch: String::new(),
                    text: format!("{hidden} more run"),
                    rest: String::new(),
                });
            }
            if lines.len() <= most {
                return lines;
            }
        }
        Vec::new()
    }

    /// The lines of these and of what waits for them.
    fn tree_of(&self, running: &[DerivationId], now: Instant) -> Vec<Line> {
        let mut children: BTreeMap<DerivationId, Vec<DerivationId>> = BTreeMap::new();
        let mut roots = Vec::new();
        let mut seen = BTreeSet::new();
        for id in running {
            let mut at = *id;
            while seen.insert(at) {
                match self.waits_for(at) {
                    Some(above) => {
                        children.entry(above).or_default().push(at);
                        at = above;
                    }
                    None => roots.push(at),
                }
            }
        }
        let mut lines = Vec::new();
        for root in roots {
            self.draw(root, &children, "", "", now, &mut lines);
        }
        lines
    }

    /// Of those that wait for a step, the one that is waited for longest. What only unpacks a download is passed over.
    fn waits_for(&self, id: DerivationId) -> Option<DerivationId> {
        let dependents = self.nodes.get(&id)?.dependents.iter();
        let waiting = dependents.filter_map(|id| Some((self.nodes.get(id)?.urgency, *id)));
        let (_, above) = waiting.max()?;
        let node = self.nodes.get(&above)?;
        match node.kind {
            Kind::Unpack if !node.dependents.is_empty() => self.waits_for(above),
            _ => Some(above),
        }
    }

    fn draw(
        &self,
        id: DerivationId,
        children: &BTreeMap<DerivationId, Vec<DerivationId>>,
        branch: &str,
        below: &str,
        now: Instant,
        lines: &mut Vec<Line>,
    ) {
        let mut names = Vec::new();
        let mut at = id;
        let own = |id: &DerivationId| children.get(id).map(Vec::as_slice).unwrap_or_default();
        // A chain of what only waits is one line.
        while let (Some(node), [only]) = (self.nodes.get(&at), own(&at))
            && self.is_waiting(*only)
        {
            names.push(node.name.as_str());
            at = *only;
        }
        let Some(node) = self.nodes.get(&at) else {
            return;
        };
        let (text, rest) = match node.state {
            State::Waits => {
                names.push(node.name.as_str());
                let others = node.inputs.len().saturating_sub(own(&at).len());
                let rest = match others {
                    0 => String::new(),
                    others => format!("for {others} more"),
                };
                (format!("{} waits", names.join(" ← ")), rest)
            }
            State::Runs {
                kind,
                since,
                done,
                total,
            } => {
                let took = style::duration(whole_tenths(now.saturating_duration_since(since)));
                let far = match (done, total) {
                    (0, None) => String::new(),
                    (done, None) => format!("{} ", style::bytes(done)),
                    (done, Some(total)) => {
                        format!("{} of {} ", style::bytes(done), style::bytes(total))
                    }
                };
                (format!("{} {}", doing(kind), node.name), far + &took)
            }
        };
        lines.push(Line {
            branch: branch.to_owned(),
            text,
            rest,
        });
        let inner = own(&at);
        for (number, child) in inner.iter().enumerate() {
            let (corner, bar) = if number + 1 == inner.len() {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            let branch = format!("{below}{corner}");
            let below = format!("{below}{bar}");
            self.draw(*child, children, &branch, &below, now, lines);
        }
    }

    fn is_waiting(&self, id: DerivationId) -> bool {
        let node = self.nodes.get(&id);
        node.is_some_and(|node| node.state == State::Waits)
    }
}

impl Line {
    /// The line for so many columns, what may be overlooked in the style of that.
    pub fn print(&self, columns: usize) -> String {
        let rest = self.rest.chars().count() + 1;
        let room = columns
            .saturating_sub(self.branch.chars().count() + rest)
            .max(8);
        let text = if self.text.chars().count() > room {
            let kept: String = self.text.chars().take(room - 1).collect();
            kept + "…"
        } else {
            self.text.clone()
        };
        let quiet = |text: &str| style::paint(style::QUIET, text);
        format!("{}{text} {}", quiet(&self.branch), quiet(&self.rest))
    }
}

/// Below a second nothing is worth moving.
fn whole_tenths(time: Duration) -> Duration {
    Duration::from_millis(time.as_millis() as u64 / 100 * 100)
}

fn doing(kind: Kind) -> &'static str {
    match kind {
        Kind::Fetch => "fetching",
        Kind::Unpack => "unpacking",
        Kind::Build => "building",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> DerivationId {
        DerivationId(number)
    }

    /// Steps `(name, inputs)`; a later one is more urgent the more of the others wait for it.
    fn tree(steps: &[(&str, &[u32])]) -> Tree {
        let count = steps.len() as u64;
        let steps = steps.iter().enumerate().map(|(number, (name, inputs))| {
            let is_download = name.contains(".deb");
            Step {
                id: id(number as u32),
                name: (*name).to_owned(),
                kind: if is_download {
                    Kind::Fetch
                } else if name.starts_with("unpacked") {
                    Kind::Unpack
                } else {
                    Kind::Build
                },
                size: is_download.then_some(2 << 20),
                inputs: inputs.iter().copied().map(id).collect(),
                urgency: count - number as u64,
            }
        });
        Tree::new(&steps.collect::<Vec<_>>())
    }

    fn shown(tree: &Tree, now: Instant, most: usize) -> String {
        let lines = tree.lines(now, most);
        let texts = lines.iter().map(|line| {
            let line = format!("{}{} {}", line.branch, line.text, line.rest);
            line.trim_end().to_owned() + "\n"
        });
        texts.collect()
    }

    /// A system of packages: two downloads, a root of both, a system.
    fn system() -> Tree {
        tree(&[
            ("a.deb", &[]),
            ("b.deb", &[]),
            ("c", &[]),
            ("packages", &[0, 1, 2]),
            ("root", &[3]),
            ("system", &[4]),
        ])
    }

    #[test]
    fn what_runs_stands_below_what_waits_for_it() {
        let mut tree = system();
        let began = Instant::now();
        tree.started(id(0), Kind::Fetch, began);
        tree.started(id(1), Kind::Fetch, began);
        tree.went_on(id(1), 1 << 20, None);
        let now = began + Duration::from_millis(3280);
        assert_eq!(
            shown(&tree, now, 10),
            "system ← root ← packages waits for 1 more\n\
             ├─ fetching a.deb 0 B of 2.0 MiB 3.2 s\n\
             └─ fetching b.deb 1.0 MiB of 2.0 MiB 3.2 s\n"
        );
        assert_eq!(tree.summary(), "2 run, 4 wait, 1.0 MiB of 4.0 MiB fetched");
    }

    #[test]
    fn what_is_over_is_gone_and_what_waited_runs() {
        let mut tree = system();
        let now = Instant::now();
        for done in [0, 1, 2] {
            tree.started(id(done), Kind::Fetch, now);
            tree.ended(id(done));
        }
        tree.started(id(3), Kind::Build, now);
        assert_eq!(
            shown(&tree, now + Duration::from_secs(65), 10),
            "system ← root waits\n└─ building packages 1 min 05 s\n"
        );
        assert_eq!(tree.summary(), "1 run, 2 wait, 4.0 MiB of 4.0 MiB fetched");
        for done in [3, 4, 5] {
            tree.ended(id(done));
        }
        assert_eq!(shown(&tree, now, 10), "");
    }

    #[test]
    fn branches_of_what_is_needed_twice_are_drawn_once() {
        let mut tree = tree(&[
            ("base", &[]),
            ("left", &[0]),
            ("right", &[0]),
            ("other", &[]),
            ("top", &[1, 2, 3]),
        ]);
        let now = Instant::now();
        tree.started(id(0), Kind::Build, now);
        tree.started(id(3), Kind::Build, now);
        assert_eq!(
            shown(&tree, now, 10),
            "top waits for 1 more\n\
             ├─ left waits\n\
             │  └─ building base 0 ms\n\
             └─ building other 0 ms\n"
        );
    }

    #[test]
    fn a_download_stands_below_what_its_contents_are_for() {
        let mut tree = tree(&[("a.deb", &[]), ("unpacked-a", &[0]), ("packages", &[1])]);
        let now = Instant::now();
        tree.started(id(0), Kind::Fetch, now);
        assert_eq!(
            shown(&tree, now, 10),
            "packages waits\n└─ fetching a.deb 0 B of 2.0 MiB 0 ms\n"
        );
    }

    #[test]
    fn a_small_terminal_says_how_many_more_run() {
        let mut tree = system();
        let now = Instant::now();
        for number in [0, 1, 2] {
            tree.started(id(number), Kind::Fetch, now);
        }
        assert_eq!(
            shown(&tree, now, 3),
            "system ← root ← packages waits for 2 more\n\
             └─ fetching a.deb 0 B of 2.0 MiB 0 ms\n\
             2 more run\n"
        );
        assert_eq!(shown(&tree, now, 1), "3 more run\n");
        assert_eq!(shown(&tree, now, 0), "");
    }

    #[test]
    fn a_long_line_is_cut_where_the_terminal_ends() {
        let line = Line {
            branch: "├─ ".into(),
            text: "building a-very-long-name".into(),
            rest: "1.0 s".into(),
        };
        let printed = anstream::adapter::strip_str(&line.print(20)).to_string();
        assert_eq!(printed, "├─ building a… 1.0 s");
        assert_eq!(printed.chars().count(), 20);
    }
}
