//! Statements: what a closure is, in the one text that is signed.
//!
//! In: facts. Out: the text `cairn-closure 1`, and back; a text that is not exactly what [`Statement::encode`] would print,
//! or does not hold together, is refused. How the contents travel is not said here, so that it can change without
//! signing anew. The form is specified in `docs/cache-format.md`.

use cairn_disk::{Generation, Timestamp};
use cairn_graph::{ActionKey, Content, Digest, StorePath, canonical};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The first line.
const HEADER: &str = "cairn-closure 1\n";
/// Bytes that a statement may have.
pub const STATEMENT_MAX: usize = 64 << 20;
/// Bytes that a text of a generation may have.
const TEXT_MAX: usize = 4096;

/// A closure: paths with all that they need, who came out of which derivation, and the generation that they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The name that it is published under.
    pub name: Option<String>,
    /// The paths that were asked for, sorted; never empty.
    pub roots: Vec<StorePath>,
    /// All paths: the roots and what they need.
    pub paths: BTreeMap<StorePath, PathFact>,
    /// Which action came out as which of the paths.
    pub realisations: BTreeMap<ActionKey, StorePath>,
    /// What actions came out as that the outputs were made from, and that are not among the paths: enough to know the keys of what was
    /// made from them.
    pub outcomes: BTreeMap<ActionKey, OutcomeFact>,
    /// The generation, where the closure is one.
    pub generation: Option<GenerationFact>,
}

/// What an action came out as, without the contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeFact {
    /// Its path, which is none of the statement's.
    pub path: StorePath,
    /// What that holds.
    pub content: Content,
    /// What it needs at run time, sorted; paths of anywhere.
    pub needs: Vec<StorePath>,
}

/// What a path holds and needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathFact {
    /// What it holds.
    pub content: Content,
    /// Bytes of the file, or of the tree's text.
    pub size: u64,
    /// What it needs at run time, sorted; all of them paths of the same statement.
    pub needs: Vec<StorePath>,
}

/// A generation as its maker has recorded it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenerationFact {
    /// Its system: the path to boot.
    pub system: StorePath,
    /// When it was made; RFC 3339.
    pub date: String,
    /// In the maker's words.
    pub description: String,
    /// The text of the configuration's path.
    pub config: String,
    /// BLAKE3 of the lock file that it was made with.
    pub lock: Option<Digest>,
    /// Other paths to keep as long as it is kept, sorted.
    pub keeps: Vec<StorePath>,
}

/// Why a text is no statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// A line has the wrong form.
    #[error("line {line} of the statement: {why}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The lines are sound, but not in the one form that is signed.
    #[error("the statement is not in the one form that is signed")]
    Form,
    /// The facts do not hold together.
    #[error("the statement does not hold together: {0}")]
    Facts(String),
    /// More than [`STATEMENT_MAX`].
    #[error("the statement has {0} bytes, more than {STATEMENT_MAX}")]
    TooLarge(usize),
}

impl GenerationFact {
    /// What a record says of a generation; with `keeps`, what it keeps besides its system.
    pub fn of(generation: &Generation, with_keeps: bool) -> Self {
        Self {
            system: generation.system.clone(),
            date: generation.date.to_string(),
            description: generation.description.clone(),
            config: generation.config.clone(),
            lock: generation.lock,
            keeps: if with_keeps {
                generation.keeps.clone()
            } else {
                Vec::new()
            },
        }
    }

    fn encode(&self) -> String {
        canonical::print(&serde_json::json!({
            "system": self.system.base_name(),
            "date": self.date,
            "description": self.description,
            "config": self.config,
            "lock": self.lock.map(|digest| digest.to_string()),
            "keeps": self.keeps.iter().map(StorePath::base_name).collect::<Vec<_>>(),
        }))
    }
}

impl Statement {
    /// The text.
    pub fn encode(&self) -> String {
        let mut out = String::with_capacity(HEADER.len() + self.paths.len() * 400);
        out.push_str(HEADER);
        // Writing into a String cannot fail.
        if let Some(name) = &self.name {
            let _ = writeln!(out, "name {name}");
        }
        for root in &self.roots {
            let _ = writeln!(out, "root {}", root.base_name());
        }
        for (path, fact) in &self.paths {
            let _ = writeln!(
                out,
                "path {} {} {}",
                path.base_name(),
                fact.content,
                fact.size
            );
            for need in &fact.needs {
                let _ = writeln!(out, "needs {}", need.base_name());
            }
        }
        for (action, path) in &self.realisations {
            let _ = writeln!(out, "real {action} {}", path.base_name());
        }
        for (action, outcome) in &self.outcomes {
            let size = match outcome.content {
                Content::File { size, .. } => size,
                Content::Tree { .. } => 0,
            };
            let (base, content) = (outcome.path.base_name(), &outcome.content);
            let _ = write!(out, "outcome {action} {base} {content} {size}");
            for need in &outcome.needs {
                let _ = write!(out, " {}", need.base_name());
            }
            out.push('\n');
        }
        if let Some(generation) = &self.generation {
            let _ = writeln!(out, "generation {}", generation.encode());
        }
        out
    }

    /// Reads the text. Errors: [`StatementError`]; whatever is read prints as the same text.
    pub fn decode(text: &str) -> Result<Self, StatementError> {
        if text.len() > STATEMENT_MAX {
            return Err(StatementError::TooLarge(text.len()));
        }
        let body = text.strip_prefix(HEADER).ok_or(StatementError::Line {
            line: 1,
            why: "expected `cairn-closure 1`",
        })?;
        let mut statement = Self {
            name: None,
            roots: Vec::new(),
            paths: BTreeMap::new(),
            realisations: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            generation: None,
        };
        let mut last = None;
        for (index, line) in body.split_terminator('\n').enumerate() {
            statement
                .take(line, &mut last)
                .map_err(|why| StatementError::Line {
                    line: index + 2,
                    why,
                })?;
        }
        statement.check()?;
        if statement.encode() == text {
            Ok(statement)
        } else {
            Err(StatementError::Form)
        }
    }

    /// The part of it that some of its paths are: what they need, and which actions came out as one of all these.
    ///
    /// It is what the whole says, so who believes that believes it. Paths that are not there are left out.
    pub fn narrowed(&self, roots: &[StorePath]) -> Self {
        let mut paths = BTreeMap::new();
        let mut open: Vec<&StorePath> = roots.iter().collect();
        while let Some(path) = open.pop() {
            if let Some((path, fact)) = self.paths.get_key_value(path)
                && paths.insert(path.clone(), fact.clone()).is_none()
            {
                open.extend(&fact.needs);
            }
        }
        let mut roots: Vec<StorePath> = roots.to_vec();
        roots.retain(|root| paths.contains_key(root));
        roots.sort();
        roots.dedup();
        let made = self.realisations.iter();
        let made = made.filter(|(_, path)| paths.contains_key(path));
        Self {
            name: None,
            roots,
            realisations: made.map(|(key, path)| (*key, path.clone())).collect(),
            paths,
            outcomes: BTreeMap::new(),
            generation: None,
        }
    }

    /// The digest that signatures and files are named by.
    pub fn digest(&self) -> Digest {
        Digest::of(self.encode().as_bytes())
    }

    /// Takes one line; `last` is the path that `needs` belongs to. Order and repetition show when all is printed again.
    fn take(&mut self, line: &str, last: &mut Option<StorePath>) -> Result<(), &'static str> {
        let (word, rest) = line.split_once(' ').ok_or("a line without fields")?;
        let path = |text: &str| text.parse::<StorePath>().map_err(|_| "no store path");
        match word {
            "name" => self.name = Some(rest.into()),
            "root" => self.roots.push(path(rest)?),
            "path" => {
                let fields: Vec<&str> = rest.split(' ').collect();
                let [base, kind, digest, size] = fields[..] else {
                    return Err("a path has four fields");
                };
                let (content, size) = content(kind, digest, size)?;
                let path = path(base)?;
                *last = Some(path.clone());
                let needs = Vec::new();
                let fact = PathFact {
                    content,
                    size,
                    needs,
                };
                self.paths.insert(path, fact);
            }
            "needs" => {
                let fact = last.as_ref().and_then(|path| self.paths.get_mut(path));
                fact.ok_or("a need of no path")?.needs.push(path(rest)?);
            }
            "real" => {
                let (action, base) = rest.split_once(' ').ok_or("a field is missing")?;
                let action = action.parse().map_err(|_| "no digest of an action")?;
                self.realisations.insert(action, path(base)?);
            }
            "outcome" => {
                let mut fields = rest.split(' ');
                let mut next = || fields.next().ok_or("a field is missing");
                let action = next()?.parse().map_err(|_| "no digest of an action")?;
                let path_of_it = path(next()?)?;
                let (content, _) = content(next()?, next()?, next()?)?;
                let needs = fields.map(path).collect::<Result<_, _>>()?;
                let fact = OutcomeFact {
                    path: path_of_it,
                    content,
                    needs,
                };
                self.outcomes.insert(action, fact);
            }
            "generation" => {
                let fact = serde_json::from_str(rest).map_err(|_| "no record of a generation")?;
                self.generation = Some(fact);
            }
            _ => return Err("the word is none of `name root path needs real outcome generation`"),
        }
        Ok(())
    }

    /// What every statement must hold: sound names, paths of their contents, everything that is named is there, and
    /// everything that is there is named.
    pub fn check(&self) -> Result<(), StatementError> {
        let fault = |why: String| Err(StatementError::Facts(why));
        if let Some(name) = &self.name
            && !is_name(name)
        {
            return fault(format!("`{}` is no name", name.escape_default()));
        }
        if self.roots.is_empty() {
            return fault("it has no root".into());
        }
        if !is_sorted(&self.roots) {
            return fault("its roots are not sorted, each once".into());
        }
        for (path, fact) in &self.paths {
            match StorePath::new(path.name(), &fact.content) {
                Ok(right) if right == *path => {}
                _ => return fault(format!("{path} is not the path of its content")),
            }
            if matches!(fact.content, Content::File { size, .. } if size != fact.size) {
                return fault(format!("{path} has two sizes"));
            }
            if !is_sorted(&fact.needs) {
                return fault(format!("the needs of {path} are not sorted, each once"));
            }
        }
        let needs = self.paths.values().flat_map(|fact| &fact.needs);
        let named = self.roots.iter().chain(self.realisations.values());
        for path in named.chain(needs) {
            if !self.paths.contains_key(path) {
                return fault(format!("{path} is named and not there"));
            }
        }
        for (action, outcome) in &self.outcomes {
            let path = &outcome.path;
            match StorePath::new(path.name(), &outcome.content) {
                Ok(right) if right == *path => {}
                _ => return fault(format!("{path} is not the path of its content")),
            }
            if self.paths.contains_key(path) || self.realisations.contains_key(action) {
                return fault(format!("the outcome {path} is there as a path, or twice"));
            }
            if !is_sorted(&outcome.needs) {
                return fault(format!("the needs of {path} are not sorted, each once"));
            }
        }
        if let Some(generation) = &self.generation {
            self.check_generation(generation)?;
        }
        let mut reached = std::collections::BTreeSet::new();
        let mut open: Vec<&StorePath> = self.roots.iter().collect();
        while let Some(path) = open.pop() {
            if reached.insert(path)
                && let Some(fact) = self.paths.get(path)
            {
                open.extend(&fact.needs);
            }
        }
        match self.paths.keys().find(|path| !reached.contains(path)) {
            Some(stray) => fault(format!("no root needs {stray}")),
            None => Ok(()),
        }
    }

    fn check_generation(&self, generation: &GenerationFact) -> Result<(), StatementError> {
        let fault = |why: String| Err(StatementError::Facts(why));
        for text in [&generation.description, &generation.config] {
            // It will be printed on terminals.
            if text.len() > TEXT_MAX || text.chars().any(char::is_control) {
                return fault(
                    "a text of the generation is too long or has control characters".into(),
                );
            }
        }
        if generation.date.parse::<Timestamp>().is_err() {
            return fault("the generation's date is none".into());
        }
        if !is_sorted(&generation.keeps) {
            return fault("what the generation keeps is not sorted, each once".into());
        }
        for path in generation.keeps.iter().chain([&generation.system]) {
            if self.roots.binary_search(path).is_err() {
                return fault(format!("{path} is of the generation and no root"));
            }
        }
        Ok(())
    }
}

/// Whether a closure may be published under this name; one that could be a store path may not.
pub fn is_name(name: &str) -> bool {
    let sound = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (1..=200).contains(&name.len())
        && !name.starts_with('.')
        && name.chars().all(sound)
        && name.parse::<StorePath>().is_err()
}

/// The content that three fields say, and the number of bytes among them.
fn content(kind: &str, digest: &str, size: &str) -> Result<(Content, u64), &'static str> {
    let digest = digest.parse().map_err(|_| "no digest")?;
    let size = size.parse().map_err(|_| "the size is no number")?;
    let file = |executable| Content::File {
        digest,
        size,
        executable,
    };
    let content = match kind {
        "file" => file(false),
        "exec" => file(true),
        "tree" => Content::Tree { digest },
        _ => return Err("the kind is none of `file exec tree`"),
    };
    Ok((content, size))
}

fn is_sorted(paths: &[StorePath]) -> bool {
    paths.windows(2).all(|pair| pair[0] < pair[1])
}
