//! What can stand at a place: options, their values, names, functions, words.
//!
//! In: a file and a byte. Out: [`Offer`]s and the range that they take the place of. The text is read with a name of our own at
//! the cursor, so that what surrounds it is known by the same means as everywhere else.

use cairn_eval::library;
use cairn_options::{Below, Declared};
use cairn_syntax::ast::{ItemKind, Key, RecordItem};
use cairn_syntax::lexer::token::{Token, TokenKind};
use cairn_syntax::lexer::tokenize;
use cairn_syntax::span::SourceId;

use gen_lsp_types::CompletionItemKind as Kind;

use crate::hover;
use crate::named_type;
use crate::names::{BindingKind, Sight};
use crate::packages::Package;
use crate::places::{Cursor, Shape, Spot};
use crate::project::View;
use crate::target::Read;
use crate::value::first_lines;

/// The name that stands at the cursor while it is looked at; nobody writes it.
const CURSOR: &str = "cairn_cursor_here";
/// The words that items begin with.
const ITEMS: [&str; 9] = [
    "import", "let", "type", "option", "when", "variant", "assert", "warn", "test",
];
/// The words before an annotated value.
const ANNOTATIONS: [&str; 5] = ["force", "default", "before", "after", "remove"];
/// The words that a value can begin with.
const VALUES: [&str; 4] = ["if", "let", "not", "assert"];
/// The type of the prelude whose values are names of packages.
const PACKAGE: &str = "Package";

/// What can stand at a place.
#[derive(Debug)]
pub struct Found {
    /// All that the configuration and the language say of it.
    pub offers: Vec<Offer>,
    /// Whether a package's name may stand there.
    pub packages: bool,
}

/// Something that can stand at the cursor.
#[derive(Debug, Clone)]
pub struct Offer {
    /// What is shown and written.
    pub text: String,
    /// What it is.
    pub kind: Kind,
    /// Its type, in a few words.
    pub detail: Option<String>,
    /// What there is to read about it, in Markdown.
    pub doc: Option<String>,
    /// The lower, the earlier it is shown.
    pub rank: u8,
}

/// Where the cursor is in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hole {
    /// First byte of what is replaced.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
    /// Whether a string was begun.
    pub quoted: bool,
}

/// What the cursor is in; `None` where nothing can be completed: in comments, numbers and texts.
pub fn hole(text: &str, offset: usize) -> Option<Hole> {
    let tokens = tokenize(text, SourceId(0)).tokens;
    let index = tokens.partition_point(|token| (token.end as usize) < offset);
    let line = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let touching = tokens[index..]
        .iter()
        .take_while(|token| token.start as usize <= offset)
        .filter(|token| token.start < token.end);
    // A word is meant rather than the sign that it touches.
    let best = touching.max_by_key(|token| match token.kind {
        TokenKind::Word => 3,
        TokenKind::StrText => 2,
        TokenKind::Number | TokenKind::Path => 1,
        _ => 0,
    });
    let here = Hole {
        start: offset,
        end: offset,
        quoted: false,
    };
    match best.map(|token| (&token.kind, token)) {
        Some((TokenKind::Word, word)) => Some(Hole {
            start: word.start as usize,
            end: word.end as usize,
            quoted: false,
        }),
        Some((TokenKind::StrText | TokenKind::StrOpen | TokenKind::StrClose, token)) => {
            quoted(text, &tokens, token, offset, here)
        }
        Some((TokenKind::Number | TokenKind::Path, _)) => None,
        _ => {
            let gap = tokens[..index]
                .last()
                .map_or(0, |token| token.end as usize)
                .max(line);
            let comment = text[gap.min(offset)..offset].contains('#');
            (!comment).then_some(here)
        }
    }
}

/// The whole string that the cursor is in; `None` where it interpolates.
fn quoted(text: &str, tokens: &[Token], at: &Token, offset: usize, here: Hole) -> Option<Hole> {
    let index = tokens.iter().position(|token| std::ptr::eq(token, at))?;
    let open = tokens[..=index]
        .iter()
        .rposition(|token| token.kind == TokenKind::StrOpen)?;
    let close = match tokens.get(open + 1).map(|token| &token.kind) {
        Some(TokenKind::StrText) => open + 2,
        _ => open + 1,
    };
    let (first, last) = (&tokens[open], tokens.get(close)?);
    if last.kind != TokenKind::StrClose {
        return None;
    }
    if offset <= first.start as usize || (offset >= last.end as usize && last.start < last.end) {
        return Some(here);
    }
    let plain = &text[first.start as usize..first.end as usize] == "\"";
    plain.then_some(Hole {
        start: first.start as usize,
        end: last.end as usize,
        quoted: true,
    })
}

/// The texts in which the cursor may be found: with a name, as a definition, before a block, as a declaration.
pub fn guesses(text: &str, hole: &Hole) -> Vec<String> {
    let with = |middle: &str| format!("{}{middle}{}", &text[..hole.start], &text[hole.end..]);
    if hole.quoted {
        return vec![with(CURSOR)];
    }
    let rests = ["", " = null", " {}", ": Any"];
    rests
        .iter()
        .map(|rest| with(&format!("{CURSOR}{rest}")))
        .collect()
}

/// What can stand at the cursor of a file that was read with one of the [`guesses`]; `None` where it is not found.
pub fn offers(view: &View, quoted: bool) -> Option<Found> {
    let read = Read::of(view, Some(CURSOR));
    let cursor = read.places.cursor.as_ref();
    let cursor = match cursor {
        Some(cursor) => cursor.clone(),
        // An expression file has no places.
        None if read
            .names
            .uses
            .iter()
            .any(|one| view.interner().text(one.name.symbol) == CURSOR) =>
        {
            Cursor::Value {
                expected: None,
                annotated: false,
            }
        }
        None => return None,
    };
    let packages = match &cursor {
        Cursor::Value {
            expected: Some(spot),
            ..
        } => named_type::admits(&view.outline, spot, PACKAGE),
        _ => false,
    };
    let mut found = Finder {
        read: &read,
        offers: Vec::new(),
    };
    match cursor {
        Cursor::Path {
            above,
            item,
            shorthand,
        } => {
            if let Some(spot) = &above {
                found.below(spot, 0);
            }
            if item {
                found.words(&ITEMS, 2);
            }
            if shorthand && above.is_none() {
                found.in_sight(&read.names.sight, 1);
            }
        }
        Cursor::Value {
            expected,
            annotated,
        } => {
            if let Some(spot) = &expected {
                found.values(spot);
            }
            if annotated {
                found.words(&ANNOTATIONS, 3);
            }
            found.in_sight(&read.names.sight, 1);
            found.globals();
            found.words(&VALUES, 3);
        }
        Cursor::Member(shape) => found.members(&shape),
        Cursor::Type => found.types(&read.names.sight),
    }
    let mut offers = found.offers;
    // Where quotes were begun only strings and keys can be meant.
    let fits = |offer: &Offer| offer.text.starts_with('"') || offer.kind == Kind::Property;
    offers.retain(|offer| offer.text != CURSOR && (!quoted || fits(offer)));
    offers.sort_by(|one, other| (one.rank, &one.text).cmp(&(other.rank, &other.text)));
    offers.dedup_by(|one, other| one.text == other.text);
    Some(Found { offers, packages })
}

impl Hole {
    /// What of it stands before the cursor, without the quote.
    pub fn typed<'t>(&self, text: &'t str, offset: usize) -> &'t str {
        let typed = text.get(self.start..offset).unwrap_or_default();
        typed.strip_prefix('"').unwrap_or(typed)
    }
}

impl Offer {
    /// A package; `typed` is what it was found by.
    pub fn of_package(package: &Package, typed: &str) -> Self {
        let begins = package.name.starts_with(&typed.to_lowercase());
        Self {
            text: format!("\"{}\"", package.name),
            kind: Kind::Value,
            detail: (!package.description.is_empty()).then(|| package.description.clone()),
            doc: None,
            rank: u8::from(!begins),
        }
    }
}

struct Finder<'r, 'v> {
    read: &'r Read<'v>,
    offers: Vec<Offer>,
}

impl Finder<'_, '_> {
    fn offer(&mut self, text: impl Into<String>, kind: Kind, detail: Option<String>, rank: u8) {
        self.offers.push(Offer {
            text: text.into(),
            kind,
            detail,
            doc: None,
            rank,
        });
    }

    fn words(&mut self, words: &[&str], rank: u8) {
        for word in words {
            self.offer(*word, Kind::Keyword, None, rank);
        }
    }

    /// The names that are declared below a point.
    fn below(&mut self, spot: &Spot, rank: u8) {
        let declarations = &self.read.view.outline.declarations;
        let Below::Fields(fields) = &declarations.kind(spot.kind).below else {
            return;
        };
        for declared in fields {
            let offer = self.declared(spot, declared, rank);
            self.offers.push(offer);
        }
    }

    fn declared(&self, spot: &Spot, declared: &Declared, rank: u8) -> Offer {
        let kind = self.read.view.outline.declarations.kind(declared.kind);
        let path = spot
            .path
            .iter()
            .map(String::as_str)
            .chain([declared.name.as_str()]);
        let path = cairn_options::print_path(path);
        let doc = declared
            .span
            .map(|_| hover::documentation(&path, kind.ty.as_deref(), declared));
        Offer {
            text: cairn_options::print_path([declared.name.as_str()]),
            kind: if declared.span.is_some() {
                Kind::Property
            } else {
                Kind::Module
            },
            detail: kind.ty.as_deref().map(first_lines),
            doc,
            rank,
        }
    }

    /// The values that a point admits, where they can be counted.
    fn values(&mut self, spot: &Spot) {
        let kind = self.read.view.outline.declarations.kind(spot.kind);
        for value in &kind.values {
            self.offer(value.clone(), Kind::EnumMember, kind.ty.clone(), 0);
        }
    }

    /// What is written below, or what the namespace holds.
    fn members(&mut self, shape: &Shape<'_>) {
        match shape {
            Shape::Spot(spot) => self.below(spot, 0),
            Shape::Record(items) => {
                for item in *items {
                    if let RecordItem::Field { path, .. } = item
                        && let Some(Key::Name(name)) = path.first()
                    {
                        let text = self.read.view.interner().text(name.symbol);
                        self.offer(cairn_options::print_path([text]), Kind::Field, None, 0);
                    }
                }
            }
            Shape::Namespace(space) => {
                for native in library::functions() {
                    let inner = native.name.strip_prefix(space.as_str());
                    if let Some(inner) = inner.and_then(|rest| rest.strip_prefix('.')) {
                        self.function(native.name, inner, 0);
                    }
                }
            }
            Shape::Unknown => {}
        }
    }

    fn function(&mut self, whole: &str, text: &str, rank: u8) {
        self.offers.push(Offer {
            text: text.to_owned(),
            kind: Kind::Function,
            detail: None,
            doc: hover::library_documentation(whole),
            rank,
        });
    }

    /// The names that are bound where the cursor is.
    fn in_sight(&mut self, sight: &Sight, rank: u8) {
        let names = &self.read.names;
        for index in &sight.values {
            let binding = &names.bindings[*index];
            let text = self.read.view.interner().text(binding.name.symbol);
            let detail = match (binding.kind, binding.value) {
                (BindingKind::Let, Some(value)) => self
                    .read
                    .view
                    .slice(value.span)
                    .lines()
                    .next()
                    .map(str::to_owned),
                _ => None,
            };
            self.offer(text, Kind::Variable, detail, rank);
        }
        if sight.in_default {
            self.offer("self", Kind::Variable, None, rank);
            self.offer("name", Kind::Variable, None, rank);
        }
    }

    /// `config`, and the library's functions and namespaces.
    fn globals(&mut self) {
        self.offer("config", Kind::Variable, None, 1);
        for native in library::functions().filter(|native| native.namespace().is_none()) {
            self.function(native.name, native.name, 2);
        }
        for space in library::namespaces() {
            self.offer(space, Kind::Module, None, 2);
        }
    }

    fn types(&mut self, sight: &Sight) {
        for index in &sight.types {
            let name = self.read.names.bindings[*index].name;
            let text = self.read.view.interner().text(name.symbol).to_owned();
            self.offer(text, Kind::Struct, None, 0);
        }
        let outline = self.read.view.outline.clone();
        let of_library = |name: &str| name == "<library>/prelude.cairn";
        let preludes = outline
            .modules
            .iter()
            .filter(|(source, _)| of_library(&outline.sources.get(*source).name));
        for item in preludes.flat_map(|(_, module)| &module.items) {
            if let ItemKind::Type { name, ty } = &item.kind {
                let text = outline.names.text(name.symbol);
                let detail = first_lines(outline.sources.slice(ty.span));
                self.offer(text, Kind::Struct, Some(detail), 1);
            }
        }
        for builtin in library::types() {
            self.offers.push(Offer {
                text: builtin.name.to_owned(),
                kind: Kind::Struct,
                detail: None,
                doc: Some(builtin.doc.to_owned()),
                rank: 2,
            });
        }
        for text in ["List", "Map"] {
            self.offer(text, Kind::Struct, Some(format!("{text}(T)")), 2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Hole, hole};

    /// `|` is the cursor.
    fn check(marked: &str, expect: Option<(&str, bool)>) {
        let offset = marked.find('|').unwrap();
        let text = marked.replacen('|', "", 1);
        let found = hole(&text, offset);
        let found = found
            .as_ref()
            .map(|Hole { start, end, quoted }| (&text[*start..*end], *quoted));
        assert_eq!(found, expect, "{marked}");
    }

    #[test]
    fn a_word_is_replaced_whole() {
        check("a.ser|vi = 1", Some(("servi", false)));
        check("a.|", Some(("", false)));
        check("a = |", Some(("", false)));
        check("a = [x|]", Some(("x", false)));
    }

    #[test]
    fn a_string_is_replaced_with_its_quotes() {
        check("a = \"in|f\"", Some(("\"inf\"", true)));
        check("a = \"|\"", Some(("\"\"", true)));
        check("a = \"in|", Some(("\"in", true)));
        check("a = \"x ${b|}\"", Some(("b", false)));
        check("a = \"x| ${b}\"", None);
        check("a = \"x\"|", Some(("", false)));
    }

    #[test]
    fn nothing_is_completed_in_comments_and_numbers() {
        check("# he|", None);
        check("a = 1 # he|", None);
        check("a = 12|", None);
        check("a = \"#\" ++ |", Some(("", false)));
    }
}
