//! Which errors can be believed beside those of files that could not be read whole.
//!
//! In: the errors of loading, and what was read all the same. Out: a yes or no for each further error. A definition, a name
//! or an option that is lost makes others look wrong that are not: of those nothing is said until the file can be read.

use std::collections::{HashMap, HashSet};

use cairn_syntax::Diagnostic;
use cairn_syntax::ast::{Item, ItemKind};
use cairn_syntax::span::{SourceId, SourceMap, Span};

use crate::load::Module;

/// What is lost, and where.
#[derive(Default)]
pub(crate) struct Doubt {
    /// Of each file with errors of syntax, the items without one.
    sound: HashMap<SourceId, Vec<Span>>,
    /// Files in which a `let` or a `type` may be lost.
    names: HashSet<SourceId>,
    /// Whether a definition may be lost.
    definitions: bool,
    /// Whether an option may be lost.
    options: bool,
}

impl Doubt {
    /// Looks at what loading left out.
    pub(crate) fn of(errors: &[Diagnostic], modules: &[Module], sources: &SourceMap) -> Self {
        let mut doubt = Self::default();
        if errors.is_empty() {
            return doubt;
        }
        let mut broken: HashMap<SourceId, Vec<Span>> = HashMap::new();
        for error in errors {
            doubt.definitions = true;
            if error.code.starts_with("syntax::") {
                let span = error.primary.span;
                broken.entry(span.source).or_default().push(span);
            } else {
                // A file that is missing may hold anything.
                doubt.options = true;
            }
        }
        let items = modules.iter().flat_map(|module| &module.tree.items);
        let mut by_file: HashMap<SourceId, Vec<&Item>> = HashMap::new();
        for item in items {
            by_file.entry(item.span.source).or_default().push(item);
        }
        for (source, errors) in broken {
            let items = by_file.remove(&source).unwrap_or_default();
            doubt.file(source, &sources.get(source).text, &errors, &items);
        }
        doubt
    }

    fn file(&mut self, source: SourceId, text: &str, errors: &[Span], items: &[&Item]) {
        // An error says nothing of where on its lines the mistake lies.
        let lines: Vec<(usize, usize)> = errors
            .iter()
            .map(|error| whole_lines(text, *error))
            .collect();
        let hit = |item: &Item| {
            let (from, to) = (item.span.start as usize, item.span.end as usize);
            lines
                .iter()
                .any(|(start, end)| from <= *end && *start <= to)
        };
        let mut sound = Vec::new();
        // What no item holds may have been anything. An item with an error has its own first word, but what
        // stands further in may have been meant as an item of its own.
        let (mut lost, mut end) = (String::new(), 0);
        for item in items {
            let (from, to) = (item.span.start as usize, item.span.end as usize);
            lost.push_str(text.get(end..from).unwrap_or_default());
            end = to;
            if hit(item) {
                let inner = text.get(from..to).unwrap_or_default();
                let later = inner.split_once('\n').map_or("", |(_, later)| later);
                lost.push(' ');
                lost.push_str(later);
                // What they declare is not all that they were meant to declare.
                match item.kind {
                    ItemKind::Option { .. } | ItemKind::Type { .. } => self.options = true,
                    ItemKind::Let(_) => drop(self.names.insert(source)),
                    _ => {}
                }
            } else {
                sound.push(item.span);
            }
        }
        lost.push_str(text.get(end..).unwrap_or_default());
        let has = |wanted: &[&str]| {
            lost.lines().any(|line| {
                let first = line.split_whitespace().next();
                first.is_some_and(|first| wanted.contains(&first))
            })
        };
        if has(&["let", "type"]) {
            self.names.insert(source);
        }
        self.options |= has(&["option", "import"]);
        self.sound.insert(source, sound);
    }

    /// Whether an error says something that stays true when everything can be read.
    pub(crate) fn believes(&self, error: &Diagnostic) -> bool {
        if !self.definitions {
            return true;
        }
        let span = error.primary.span;
        let inside = |item: &Span| item.start <= span.start && span.end <= item.end;
        let sound = self
            .sound
            .get(&span.source)
            .is_none_or(|items| items.iter().any(inside));
        match error.code {
            code if code.starts_with("syntax::") => true,
            "options::import_missing" | "options::import_outside" => true,
            // They tell of what all definitions give together.
            "eval::unreadable"
            | "options::unset"
            | "options::assertion"
            | "options::warning"
            | "options::test_failed"
            | "options::remove_nothing" => false,
            "options::unknown"
            | "options::no_fields"
            | "eval::missing_field"
            | "types::unknown_field" => sound && !self.options,
            "eval::unknown_name"
            | "types::unknown"
            | "eval::missing_argument"
            | "eval::too_many_arguments"
            | "eval::unknown_argument" => sound && !self.names.contains(&span.source),
            _ => sound,
        }
    }
}

/// The bytes of the lines that a span touches, without the last line break.
fn whole_lines(text: &str, span: Span) -> (usize, usize) {
    let (start, end) = (span.start as usize, span.end as usize);
    let before = text.get(..start).and_then(|before| before.rfind('\n'));
    let after = text.get(end..).and_then(|after| after.find('\n'));
    let from = before.map_or(0, |at| at + 1);
    (from, after.map_or(text.len(), |at| end + at))
}
