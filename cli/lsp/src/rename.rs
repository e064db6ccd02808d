//! Another name for a `let`, a type or a parameter, everywhere it is used.
//!
//! In: a file, a byte, the new name. Out: edits, or why there are none. A change is given only if afterwards every name of
//! the file means what it meant before: the changed text is read again and compared.

use std::collections::BTreeMap;

use cairn_syntax::lexer::is_word;
use cairn_syntax::lexer::token::is_reserved;
use cairn_syntax::span::{SourceMap, Span};
use cairn_syntax::symbol::Interner;
use cairn_syntax::{parse_expression, parse_module};

use crate::definition::uses_of;
use crate::names::{BindingKind, Meaning, Names};
use crate::project::View;
use crate::target::{Read, Target};

/// Why something keeps its name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Nothing that has a name of this file's.
    #[error(
        "nothing here has a name that this file gives; only `let`, types and parameters can be renamed"
    )]
    Nothing,
    /// An option: other files and people know its name.
    #[error(
        "`{0}` is the name of an option; where it is declared decides it, and other files know it"
    )]
    Option(String),
    /// A function or type of the library.
    #[error("`{0}` is a name of the library")]
    Library(String),
    /// A field of a pattern: whoever calls writes it too.
    #[error("`{0}` is a field of the argument; whoever calls the function writes this name too")]
    Field(String),
    /// No name of the language.
    #[error("`{0}` is no name: a letter or `_`, then letters, digits, `_` and inner `-`")]
    NoName(String),
    /// A word that can't be a variable.
    #[error("`{0}` is a word of the language")]
    Reserved(String),
    /// Another name would mean something else afterwards.
    #[error("with the name `{0}` something here would mean something else")]
    Captured(String),
    /// It may be written as a named argument where that can't be seen.
    #[error("`{0}` may be meant by a named argument whose function is not known")]
    Loose(String),
}

/// What can be renamed at a byte, and its range.
pub fn prepare(view: &View, offset: u32) -> Result<Span, Refused> {
    let read = Read::of(view, None);
    target(&read, offset).map(|(_, span)| span)
}

fn target(read: &Read<'_>, offset: u32) -> Result<(usize, Span), Refused> {
    let text = |span: Span| read.view.slice(span).to_owned();
    if let Some((index, name)) = read.names.binding_at(offset) {
        return match read.names.bindings[index].kind {
            BindingKind::Field => Err(Refused::Field(text(name.span))),
            _ => Ok((index, name.span)),
        };
    }
    Err(match read.at(offset).into_iter().next() {
        Some((Target::Option(_), span)) => Refused::Option(text(span)),
        Some((Target::Library(_) | Target::Type(_) | Target::Config, span)) => {
            Refused::Library(text(span))
        }
        _ => Refused::Nothing,
    })
}

/// The edits of the file that rename what stands at a byte: ranges and their new texts, in order.
///
/// Errors: [`Refused`].
pub fn rename(view: &View, offset: u32, new: &str) -> Result<Vec<(Span, String)>, Refused> {
    if !is_word(new) {
        return Err(Refused::NoName(new.to_owned()));
    }
    if is_reserved(new) {
        return Err(Refused::Reserved(new.to_owned()));
    }
    let read = Read::of(view, None);
    let (index, span) = target(&read, offset)?;
    let old = read.names.bindings[index].name.symbol;
    let parameter = read.names.bindings[index].kind == BindingKind::Parameter;
    if parameter
        && read
            .names
            .loose_arguments
            .iter()
            .any(|name| name.symbol == old)
    {
        return Err(Refused::Loose(view.slice(span).to_owned()));
    }
    let mut edits: BTreeMap<Span, String> = BTreeMap::new();
    for span in uses_of(&read.names, index, true) {
        edits.insert(span, new.to_owned());
    }
    for used in read.names.uses.iter().filter(|used| used.shorthand) {
        // `{ a }` is a field too, which keeps its name.
        if let Some(text) = edits.get_mut(&used.name.span) {
            *text = format!("{} = {new}", view.slice(used.name.span));
        }
    }
    let edits: Vec<(Span, String)> = edits.into_iter().collect();
    if same_meaning(view, &read, &apply(view.text(), &edits)) {
        Ok(edits)
    } else {
        Err(Refused::Captured(new.to_owned()))
    }
}

/// The text with its edits, which must be in order.
fn apply(text: &str, edits: &[(Span, String)]) -> String {
    let mut changed = String::with_capacity(text.len());
    let mut at = 0;
    for (span, new) in edits {
        changed.push_str(&text[at..span.start as usize]);
        changed.push_str(new);
        at = span.end as usize;
    }
    changed.push_str(&text[at..]);
    changed
}

/// Whether in the changed text every name means what it meant.
fn same_meaning(view: &View, before: &Read<'_>, changed: &str) -> bool {
    let (mut sources, mut interner) = (SourceMap::default(), Interner::default());
    let source = sources.add(view.sources().get(view.source).name.clone(), changed);
    let means = |names: &Names<'_>| -> Vec<Meaning> {
        let mut uses: Vec<_> = names.uses.iter().collect();
        uses.sort_by_key(|used| used.name.span.start);
        uses.iter().map(|used| used.meaning.clone()).collect()
    };
    let expected = means(&before.names);
    let count = before.names.bindings.len();
    if view.items().is_empty() {
        let expr = parse_expression(&sources, source, &mut interner).tree;
        let after = Names::of_expression(&expr, &interner, None);
        return after.bindings.len() == count && means(&after) == expected;
    }
    let module = parse_module(&sources, source, &mut interner).tree;
    let after = Names::of_module(&module.items, &interner, None);
    after.bindings.len() == count && means(&after) == expected
}
