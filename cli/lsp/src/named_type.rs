//! Which type of the prelude a point of the configuration has: `Package` says what its text is the name of.
//!
//! In: an outline, a point. Out: whether its type is that one, by whatever names and alternatives. A module's own type of the
//! same name is another one.

use cairn_options::Outline;
use cairn_syntax::ast::{ItemKind, Module, Type, TypeKind};
use cairn_syntax::parse_module;
use cairn_syntax::span::SourceMap;
use cairn_syntax::symbol::Interner;

use crate::places::Spot;

/// How many names of types are followed.
const DEEPEST: usize = 12;

/// Whether a value of this type of the prelude may stand at a point.
pub fn admits(outline: &Outline, spot: &Spot, wanted: &str) -> bool {
    let Some(written) = &outline.declarations.kind(spot.kind).ty else {
        return false;
    };
    let (mut sources, mut names) = (SourceMap::default(), Interner::default());
    let source = sources.add("", format!("type T = {written}"));
    let parsed = parse_module(&sources, source, &mut names).tree;
    let search = Search {
        outline,
        module: declaring(outline, spot),
        wanted,
    };
    parsed.items.iter().any(|item| match &item.kind {
        ItemKind::Type { ty, .. } => search.admits(ty, &names, DEEPEST),
        _ => false,
    })
}

/// The module in which the type of a point is written, where that can be told: its names are meant.
fn declaring<'o>(outline: &'o Outline, spot: &Spot) -> Option<&'o Module> {
    let declarations = &outline.declarations;
    let (mut kind, mut span) = (cairn_options::Declarations::ROOT, None);
    for part in &spot.path {
        kind = match declarations.field(kind, part) {
            Some(declared) => {
                span = declared.span.or(span);
                declared.kind
            }
            None => declarations.element(kind)?,
        };
    }
    let source = span?.source;
    let mut modules = outline.modules.iter();
    modules
        .find(|(one, _)| *one == source)
        .map(|(_, module)| module)
}

struct Search<'o> {
    outline: &'o Outline,
    module: Option<&'o Module>,
    wanted: &'o str,
}

impl Search<'_> {
    fn admits(&self, ty: &Type, names: &Interner, left: usize) -> bool {
        if left == 0 {
            return false;
        }
        match &ty.kind {
            TypeKind::Name(symbol) => {
                let name = names.text(*symbol);
                match self.own(name) {
                    Some(own) => self.admits(own, &self.outline.names, left - 1),
                    None => name == self.wanted,
                }
            }
            TypeKind::Union(members) => members.iter().any(|one| self.admits(one, names, left)),
            TypeKind::Nullable(inner) | TypeKind::Where { base: inner, .. } => {
                self.admits(inner, names, left)
            }
            _ => false,
        }
    }

    /// The type that the module itself calls so.
    fn own(&self, wanted: &str) -> Option<&Type> {
        self.module?.items.iter().find_map(|item| match &item.kind {
            ItemKind::Type { name, ty } if self.outline.names.text(name.symbol) == wanted => {
                Some(ty)
            }
            _ => None,
        })
    }
}
