//! Where a name comes from, and everywhere it is used.
//!
//! In: a file and a byte. Out: ranges in sources of its configuration, or whole files. Changes nothing.

use cairn_options::Outline;
use cairn_syntax::span::Span;

use crate::names::{Meaning, Names};
use crate::places::{OptionName, Places};
use crate::project::View;
use crate::target::{Read, Target};

/// A place in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A range of a source, by the source's name.
    Range(String, Span),
    /// A whole file, by its path below the root.
    File(String),
}

/// Where what stands at a byte is declared or bound.
pub fn definition(view: &View, offset: u32) -> Vec<Place> {
    let read = Read::of(view, None);
    let targets = read.at(offset);
    targets
        .iter()
        .filter_map(|(target, _)| place_of(&read, target))
        .collect()
}

fn place_of(read: &Read<'_>, target: &Target) -> Option<Place> {
    match target {
        Target::Option(option) => {
            let span = read.declared(option)?.span?;
            Some(in_outline(&read.view.outline, span))
        }
        Target::Binding(index) => Some(in_file(read.view, read.names.bindings[*index].name.span)),
        Target::Type(symbol) => {
            let named = read.prelude_type(*symbol)?;
            Some(in_outline(&read.view.outline, named.span))
        }
        Target::File(name) => Some(Place::File(name.clone())),
        Target::Library(_) | Target::Config | Target::Instance | Target::Key => None,
    }
}

fn in_outline(outline: &Outline, span: Span) -> Place {
    Place::Range(outline.sources.get(span.source).name.to_string(), span)
}

fn in_file(view: &View, span: Span) -> Place {
    Place::Range(view.sources().get(span.source).name.to_string(), span)
}

/// Everywhere a binding is used, and with `declaration` also where it is bound.
pub fn uses_of(names: &Names<'_>, index: usize, declaration: bool) -> Vec<Span> {
    let bound = declaration.then(|| names.bindings[index].name.span);
    let used = names
        .uses
        .iter()
        .filter(|one| one.meaning == Meaning::Bound(index));
    let mut spans: Vec<Span> = bound
        .into_iter()
        .chain(used.map(|one| one.name.span))
        .collect();
    spans.sort_unstable();
    spans.dedup();
    spans
}

/// Everywhere what stands at a byte is used: a binding in its file, an option in all files of the configuration.
pub fn references(view: &View, offset: u32, declaration: bool) -> Vec<Place> {
    let read = Read::of(view, None);
    match read.at(offset).into_iter().next() {
        Some((Target::Binding(index), _)) => {
            let spans = uses_of(&read.names, index, declaration);
            spans.into_iter().map(|span| in_file(view, span)).collect()
        }
        Some((Target::Option(option), _)) => options(view, &read, &option, declaration),
        _ => Vec::new(),
    }
}

fn options(view: &View, read: &Read<'_>, option: &OptionName, declaration: bool) -> Vec<Place> {
    let outline = &view.outline;
    let declared = read.declared(option).and_then(|declared| declared.span);
    let path = option.path(view.interner());
    let mut found = Vec::new();
    for (_, module) in &outline.modules {
        let names = Names::of_module(&module.items, &outline.names, None);
        let places = Places::of_module(
            &module.items,
            &outline.names,
            &names,
            &outline.declarations,
            None,
        );
        for other in &places.options {
            let other_declared = other.declared(&outline.declarations, &outline.names);
            let same = match declared {
                Some(span) => other_declared.and_then(|one| one.span) == Some(span),
                None => other.path(&outline.names) == path,
            };
            if same && (declaration || !other.declares) {
                found.push(in_outline(outline, other.name.span));
            }
        }
    }
    // A field's own name is no use of it.
    if let Some(span) = declared.filter(|_| declaration) {
        let place = in_outline(outline, span);
        let known = |one: &Place| match (one, &place) {
            (Place::Range(file, inner), Place::Range(other, outer)) => {
                file == other && outer.start <= inner.start && inner.end <= outer.end
            }
            _ => false,
        };
        if !found.iter().any(known) {
            found.push(place);
        }
    }
    found
}
