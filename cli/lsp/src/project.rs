//! Which configuration a file belongs to, and what it declares.
//!
//! In: open documents and the disk. Out: [`Entry`]s and [`View`]s, kept until a text changes. A file belongs to the nearest
//! `system.cairn` in its own or a folder above that imports it, else to an open file that imports it, else to itself.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use cairn_eval::Host as _;
use cairn_options::{Outline, normalise, outline};
use cairn_syntax::ast::{self, Item};
use cairn_syntax::lexer::token::{Token, TokenKind};
use cairn_syntax::lexer::tokenize;
use cairn_syntax::span::{SourceId, SourceMap, Span};
use cairn_syntax::symbol::Interner;
use cairn_syntax::{imports, parse_expression, parse_module};
use cairn_system::library::LIBRARY;

use crate::documents::Documents;
use crate::host::World;
use crate::names::Names;
use crate::shelf::Shelf;

/// The name of a system's own file.
pub const SYSTEM: &str = "system.cairn";
/// How the names of the library's sources begin.
pub const LIBRARY_PREFIX: &str = "<library>/";
/// How many folders above a file are searched.
const ABOVE: usize = 16;

/// The file that a configuration begins with.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Entry {
    /// Its folder: nothing outside of it can be read.
    pub root: PathBuf,
    /// Its name in that folder.
    pub name: String,
}

impl Entry {
    fn of(path: &Path) -> Option<Self> {
        Some(Self {
            root: path.parent()?.to_owned(),
            name: path.file_name()?.to_str()?.to_owned(),
        })
    }

    /// The file.
    pub fn path(&self) -> PathBuf {
        self.root.join(&self.name)
    }
}

/// A file as part of its configuration.
#[derive(Debug)]
pub struct View {
    /// What it belongs to.
    pub entry: Entry,
    /// All that is declared there.
    pub outline: Rc<Outline>,
    /// The file itself.
    pub source: SourceId,
    tree: Tree,
}

#[derive(Debug)]
enum Tree {
    Module(usize),
    Expression(Box<ast::Expr>, Box<(SourceMap, Interner)>),
}

impl View {
    /// The file's text.
    pub fn text(&self) -> &str {
        &self.sources().get(self.source).text
    }

    /// What the file's spans point into.
    pub fn sources(&self) -> &SourceMap {
        match &self.tree {
            Tree::Module(_) => &self.outline.sources,
            Tree::Expression(_, own) => &own.0,
        }
    }

    /// The names of the file's tree.
    pub fn interner(&self) -> &Interner {
        match &self.tree {
            Tree::Module(_) => &self.outline.names,
            Tree::Expression(_, own) => &own.1,
        }
    }

    /// Its items; none of an expression file.
    pub fn items(&self) -> &[Item] {
        match &self.tree {
            Tree::Module(index) => &self.outline.modules[*index].1.items,
            Tree::Expression(..) => &[],
        }
    }

    /// Its names; `watched` is the one whose surroundings are wanted.
    pub fn names(&self, watched: Option<&str>) -> Names<'_> {
        let watched = watched.and_then(|text| self.interner().get(text));
        match &self.tree {
            Tree::Module(_) => Names::of_module(self.items(), self.interner(), watched),
            Tree::Expression(expr, _) => Names::of_expression(expr, self.interner(), watched),
        }
    }

    /// A range as the text that it covers.
    pub fn slice(&self, span: Span) -> &str {
        self.sources().slice(span)
    }
}

/// What was found out since a text changed last.
#[derive(Debug, Default)]
pub struct Projects {
    entries: HashMap<PathBuf, Entry>,
    files: HashMap<PathBuf, Rc<BTreeSet<PathBuf>>>,
    outlines: HashMap<Entry, Rc<Outline>>,
}

impl Projects {
    /// Forgets everything: a text changed.
    pub fn forget(&mut self) {
        self.entries.clear();
        self.files.clear();
        self.outlines.clear();
    }

    /// The configuration that a file belongs to.
    pub fn entry(&mut self, path: &Path, documents: &Documents) -> Option<Entry> {
        if let Some(known) = self.entries.get(path) {
            return Some(known.clone());
        }
        let found = self.find_entry(path, documents)?;
        self.entries.insert(path.to_owned(), found.clone());
        Some(found)
    }

    fn find_entry(&mut self, path: &Path, documents: &Documents) -> Option<Entry> {
        for folder in path.parent()?.ancestors().take(ABOVE) {
            let system = folder.join(SYSTEM);
            let there = documents.get(&system).is_some() || system.is_file();
            if system != path && there && self.files(&system, documents).contains(path) {
                return Entry::of(&system);
            }
        }
        let own = self.files(path, documents);
        let importing = documents.paths().find(|other| {
            *other != path && !own.contains(*other) && self.files(other, documents).contains(path)
        });
        match importing {
            // What imports it may be imported itself.
            Some(other) => self.find_entry(other, documents),
            None => Entry::of(path),
        }
    }

    /// The files that a configuration loads: its entry, and what that imports in any way.
    pub fn files(&mut self, entry: &Path, documents: &Documents) -> Rc<BTreeSet<PathBuf>> {
        let make = || Rc::new(files_of(entry, documents));
        self.files
            .entry(entry.to_owned())
            .or_insert_with(make)
            .clone()
    }

    /// A file as part of its configuration.
    pub fn view(&mut self, path: &Path, documents: &Documents, shelf: &Shelf) -> Option<View> {
        if let Some(name) = shelf.name_of(path) {
            return self.library_view(name);
        }
        let entry = self.entry(path, documents)?;
        let outline = if let Some(known) = self.outlines.get(&entry) {
            known.clone()
        } else {
            let world = World::new(&entry.root, documents);
            let made = Rc::new(outline(&mut world.host(), &entry.name, LIBRARY));
            self.outlines.insert(entry.clone(), made.clone());
            made
        };
        view_of(path, entry, outline, documents)
    }

    /// A file with another text, as part of its configuration; nothing of it is kept.
    pub fn view_with(&mut self, path: &Path, text: String, documents: &Documents) -> Option<View> {
        let entry = self.entry(path, documents)?;
        let name = path.strip_prefix(&entry.root).ok()?.to_str()?;
        let world = World::new(&entry.root, documents).with(name, text.clone());
        let made = Rc::new(outline(&mut world.host(), &entry.name, LIBRARY));
        let mut changed = documents.clone();
        changed.replace(path, text);
        view_of(path, entry, made, &changed)
    }

    fn library_view(&mut self, name: &str) -> Option<View> {
        let entry = Entry {
            root: PathBuf::from("/nonexistent"),
            name: SYSTEM.to_owned(),
        };
        let outline = self
            .outlines
            .entry(entry.clone())
            .or_insert_with(|| Rc::new(outline(&mut cairn_eval::NoHost, SYSTEM, LIBRARY)));
        let wanted = format!("{LIBRARY_PREFIX}{name}");
        let outline = outline.clone();
        let index = module_named(&outline, &wanted)?;
        let source = outline.modules[index].0;
        Some(View {
            entry,
            outline,
            source,
            tree: Tree::Module(index),
        })
    }
}

fn module_named(outline: &Outline, name: &str) -> Option<usize> {
    let named = |(source, _): &(SourceId, ast::Module)| *outline.sources.get(*source).name == *name;
    outline.modules.iter().position(named)
}

fn view_of(path: &Path, entry: Entry, outline: Rc<Outline>, documents: &Documents) -> Option<View> {
    let name = path.strip_prefix(&entry.root).ok()?.to_str()?;
    let text = documents.text(path)?;
    if let Some(index) = module_named(&outline, name)
        && !is_expression(name, &text)
    {
        let source = outline.modules[index].0;
        return Some(View {
            entry,
            outline,
            source,
            tree: Tree::Module(index),
        });
    }
    let (mut sources, mut names) = (SourceMap::default(), Interner::default());
    let source = sources.add(name, text);
    let expr = parse_expression(&sources, source, &mut names).tree;
    let tree = Tree::Expression(Box::new(expr), Box::new((sources, names)));
    Some(View {
        entry,
        outline,
        source,
        tree,
    })
}

/// Whether a text is an expression file rather than a module: it begins as no item can, or reads better as one.
pub fn is_expression(name: &str, text: &str) -> bool {
    let tokens = tokenize(text, SourceId(0)).tokens;
    let word = |index: usize| {
        let token = tokens
            .get(index)
            .filter(|token| token.kind == TokenKind::Word)?;
        text.get(token.start as usize..token.end as usize)
    };
    let arrow = |index| {
        tokens
            .get(index)
            .is_some_and(|token: &Token| token.kind == TokenKind::Arrow)
    };
    let (maybe, surely) = match (word(0), &tokens[0].kind) {
        (Some("let" | "if" | "assert" | "not"), _) => (true, false),
        (Some(_), _) => (false, arrow(1)),
        (None, TokenKind::End | TokenKind::StrOpen) => (false, false),
        (None, _) => (false, true),
    };
    let mut sources = SourceMap::default();
    let source = sources.add("", text);
    let as_module = || {
        parse_module(&sources, source, &mut Interner::default())
            .errors
            .len()
    };
    let as_expression = || {
        parse_expression(&sources, source, &mut Interner::default())
            .errors
            .len()
    };
    name != SYSTEM && (surely || maybe && as_expression() < as_module())
}

fn files_of(entry: &Path, documents: &Documents) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let Some(begin) = Entry::of(entry) else {
        return found;
    };
    let mut host = World::new(&begin.root, documents).host();
    let mut waiting = vec![begin.name];
    while let Some(name) = waiting.pop() {
        if !found.insert(begin.root.join(&name)) {
            continue;
        }
        let Ok(text) = host.load(&name) else {
            continue;
        };
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        waiting.extend(
            imports(&text)
                .iter()
                .filter_map(|path| normalise(folder, path)),
        );
    }
    found
}
