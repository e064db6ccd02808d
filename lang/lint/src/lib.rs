//! Lints: what a text says that it need not say, or probably does not mean.
//!
//! In: a tree and its text. Out: [`Lint`]s, each a warning with a place and, where it is certain that no value changes, the exact
//! edit. Refuses to judge layout, which is the formatter's, and to write files.
//!
//! A name that begins with `_` is unused on purpose.

mod constructs;
mod edit;
mod force;
mod items;
mod names;

use cairn_syntax::ast::{Expr, Module};
use cairn_syntax::diagnostic::Diagnostic;
use cairn_syntax::span::SourceMap;
use cairn_syntax::symbol::Interner;
use cairn_syntax::{File, parse_file};

pub use edit::{Edit, apply};
pub use force::without_rivals;

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lint {
    /// What to say; its code begins with `lint::`.
    pub diagnostic: Diagnostic,
    /// The edit that mends it. No value changes by it; where that is not certain there is none.
    pub fix: Option<Edit>,
}

/// The lints of a module that was read without errors, in the order of the text.
pub fn lint(module: &Module, sources: &SourceMap, names: &Interner) -> Vec<Lint> {
    let mut finder = Finder::new(sources, names);
    finder.items(&module.items);
    finder.finish()
}

/// The lints of a file that holds an expression.
pub fn lint_expression(expr: &Expr, sources: &SourceMap, names: &Interner) -> Vec<Lint> {
    let mut finder = Finder::new(sources, names);
    finder.expr(expr, 0);
    finder.finish()
}

/// The lints of a file of either kind.
pub fn lint_file(file: &File, sources: &SourceMap, names: &Interner) -> Vec<Lint> {
    match file {
        File::Module(module) => lint(module, sources, names),
        File::Expression(expr) => lint_expression(expr, sources, names),
    }
}

/// A text with all its fixes, and how many those were. A fix can bring up another, so this goes on until there is none:
/// mending the result once more changes nothing.
pub fn mend(text: &str) -> (String, usize) {
    let (mut text, mut count) = (text.to_owned(), 0);
    loop {
        let mut sources = SourceMap::default();
        let mut names = Interner::default();
        let id = sources.add("", text.as_str());
        let parsed = parse_file(&sources, id, &mut names);
        if !parsed.errors.is_empty() {
            return (text, count);
        }
        let lints = lint_file(&parsed.tree, &sources, &names);
        let edits: Vec<&Edit> = lints.iter().filter_map(|lint| lint.fix.as_ref()).collect();
        let mended = apply(&text, edits.iter().copied());
        let is_read = {
            let id = sources.add("", mended.as_str());
            parse_file(&sources, id, &mut names).errors.is_empty()
        };
        // Every fix makes the text shorter, but for `_` before a name that had none.
        if edits.is_empty() || mended == text || !is_read {
            return (text, count);
        }
        count += edits.len();
        text = mended;
    }
}

/// A text with some of its fixes and all that follow from it alone, and how many those were; the text as it is where the result
/// could not be read.
pub fn mend_with<'e>(text: &str, fixes: impl IntoIterator<Item = &'e Edit>) -> (String, usize) {
    let fixes: Vec<&Edit> = fixes.into_iter().collect();
    let once = apply(text, fixes.iter().copied());
    let mut sources = SourceMap::default();
    let id = sources.add("", once.as_str());
    if !parse_file(&sources, id, &mut Interner::default())
        .errors
        .is_empty()
    {
        return (text.to_owned(), 0);
    }
    let (mended, more) = mend(&once);
    (mended, fixes.len() + more)
}

/// One walk over a tree: finds constructs, and follows names.
struct Finder<'t> {
    sources: &'t SourceMap,
    names: &'t Interner,
    lints: Vec<Lint>,
    scopes: names::Scopes,
}

impl<'t> Finder<'t> {
    fn new(sources: &'t SourceMap, names: &'t Interner) -> Self {
        Self {
            sources,
            names,
            lints: Vec::new(),
            scopes: names::Scopes::default(),
        }
    }

    fn report(&mut self, diagnostic: Diagnostic, fix: Option<Edit>) {
        self.lints.push(Lint { diagnostic, fix });
    }

    fn finish(self) -> Vec<Lint> {
        let mut lints = self.lints;
        lints.sort_by_key(|lint| {
            let span = lint.diagnostic.primary.span;
            (span.start, span.end, lint.diagnostic.code)
        });
        lints
    }
}
