//! What is said of a name: types, defaults, documentation, where it is declared, its present value.
//!
//! In: a file and a byte. Out: Markdown. Computes nothing: the value is that of the last check.

use cairn_eval::library;
use cairn_options::Declared;
use cairn_syntax::span::Span;
use serde_json::Value;

use crate::names::{Binding, BindingKind};
use crate::places::OptionName;
use crate::project::View;
use crate::target::{Read, Target};
use crate::value;

/// What there is to say at a byte, and of which range.
pub fn hover(view: &View, offset: u32, present: Option<&Value>) -> Option<(String, Span)> {
    let read = Read::of(view, None);
    let (target, span) = read.at(offset).into_iter().next()?;
    let text = match &target {
        Target::Option(option) => of_option(&read, option, present),
        Target::Binding(index) => of_binding(&read, &read.names.bindings[*index]),
        Target::Library(name) => of_library(name)?,
        Target::Type(symbol) => {
            let text = view.interner().text(*symbol);
            match read.prelude_type(*symbol) {
                Some(named) => {
                    let written = view.outline.sources.slice(named.ty.span);
                    page(&format!("type {text} = {written}"), named.doc, &[])
                }
                None => page(&format!("type {text}"), built_in(text), &[]),
            }
        }
        Target::Config => page(
            "config",
            Some("The finished configuration, to be read."),
            &[],
        ),
        Target::Instance => page(
            "self",
            Some("The record in whose default this stands."),
            &[],
        ),
        Target::Key => page(
            "name",
            Some("The key of this record in the nearest `Map` around it."),
            &[],
        ),
        Target::File(name) => page(name, Some("A file of the configuration."), &[]),
    };
    Some((text, span))
}

/// Code, what it is, and facts about it.
fn page(code: &str, doc: Option<&str>, facts: &[String]) -> String {
    let mut text = format!("```cairn\n{code}\n```");
    let doc = doc.into_iter().filter(|doc| !doc.is_empty());
    for part in doc.map(str::to_owned).chain(facts.iter().cloned()) {
        text.push_str("\n\n");
        text.push_str(&part);
    }
    text
}

fn of_option(read: &Read<'_>, option: &OptionName, present: Option<&Value>) -> String {
    let path = option.path(read.view.interner());
    let written = cairn_options::print_path(path.iter().map(String::as_str));
    let declarations = &read.view.outline.declarations;
    let declared = read.declared(option);
    let kind = match declared {
        Some(declared) => Some(declared.kind),
        None => declarations.element(option.above.kind),
    };
    let ty = kind.and_then(|kind| declarations.kind(kind).ty.clone());
    let code = match (declared, ty) {
        (Some(declared), Some(ty)) => signature(&written, &ty, declared),
        (None, Some(ty)) => format!("{written}: {ty}"),
        _ => written,
    };
    let mut facts = Vec::new();
    if let Some(span) = declared.and_then(|declared| declared.span) {
        facts.push(format!("declared in {}", place(read.view, span)));
    }
    let value = present.and_then(|whole| path.iter().try_fold(whole, |at, name| at.get(name)));
    if let Some(value) = value {
        facts.push(format!("now `{}`", value::short(value)));
    }
    let doc = declared.and_then(|declared| declared.doc.as_deref());
    page(&code, doc, &facts)
}

/// `path: Type = default`.
fn signature(path: &str, ty: &str, declared: &Declared) -> String {
    match &declared.default {
        Some(default) => format!("{path}: {ty} = {default}"),
        None => format!("{path}: {ty}"),
    }
}

/// File and line, as messages write them.
fn place(view: &View, span: Span) -> String {
    let (line, _) = view.outline.sources.line_column(span);
    format!("{}:{line}", view.outline.sources.get(span.source).name)
}

fn of_binding(read: &Read<'_>, binding: &Binding<'_>) -> String {
    let name = read.view.interner().text(binding.name.symbol);
    let code = match (binding.kind, binding.value, binding.ty) {
        (BindingKind::Type, _, Some(ty)) => format!("type {name} = {}", read.view.slice(ty.span)),
        (BindingKind::Let, Some(value), _) => {
            format!(
                "let {name} = {}",
                value::first_lines(read.view.slice(value.span))
            )
        }
        (_, _, Some(ty)) => format!("{name}: {}", read.view.slice(ty.span)),
        _ => name.to_owned(),
    };
    let what = match binding.kind {
        BindingKind::Let | BindingKind::Type => None,
        BindingKind::Parameter => Some("a parameter"),
        BindingKind::Field => Some("a field of the argument"),
        BindingKind::Loop => Some("what `for` walks"),
    };
    page(&code, binding.doc.or(what), &[])
}

fn of_library(name: &str) -> Option<String> {
    if let Some(native) = library::find(name) {
        let (code, gives) = native.example();
        let example = format!("```cairn\n{code}   # => {gives}\n```");
        return Some(page(&native.signature(), Some(native.doc), &[example]));
    }
    let inside: Vec<&str> = library::functions()
        .filter_map(|native| native.name.strip_prefix(name)?.strip_prefix('.'))
        .collect();
    let names = inside
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>();
    (!inside.is_empty()).then(|| {
        page(
            name,
            Some(&format!("A namespace: {}.", names.join(", "))),
            &[],
        )
    })
}

/// What a built-in type admits.
fn built_in(name: &str) -> Option<&'static str> {
    match name {
        "List" => Some("`List(T)`: lists of `T`."),
        "Map" => Some("`Map(T)`: records with any keys, each value a `T`."),
        _ => library::types()
            .find(|builtin| builtin.name == name)
            .map(|builtin| builtin.doc),
    }
}

/// The documentation of a declared name, for completion.
pub fn documentation(places_path: &str, ty: Option<&str>, declared: &Declared) -> String {
    let code = ty.map_or_else(
        || places_path.to_owned(),
        |ty| signature(places_path, ty, declared),
    );
    page(&code, declared.doc.as_deref(), &[])
}

/// The documentation of a library function, for completion.
pub fn library_documentation(name: &str) -> Option<String> {
    of_library(name)
}
