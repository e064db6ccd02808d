//! What stands at a place of a file.
//!
//! In: a [`View`] and a byte. Out: [`Target`]s there, and where they are declared. What hover, definition and references share.

use cairn_options::{Declared, normalise};
use cairn_syntax::ast::{ItemKind, Type};
use cairn_syntax::lexer::token::TokenKind;
use cairn_syntax::lexer::tokenize;
use cairn_syntax::span::{SourceId, Span};
use cairn_syntax::symbol::Symbol;

use crate::names::{Meaning, Names, holds};
use crate::places::{OptionName, Places};
use crate::project::{LIBRARY_PREFIX, View};

/// Something that an editor can ask about.
#[derive(Debug, Clone)]
pub enum Target {
    /// A name of an option path.
    Option(OptionName),
    /// A name that the file binds.
    Binding(usize),
    /// A function of the library or a namespace.
    Library(String),
    /// A type that another file binds, or none.
    Type(Symbol),
    /// `config`.
    Config,
    /// `self`.
    Instance,
    /// `name`.
    Key,
    /// A file of the configuration, relative to its root.
    File(String),
}

/// A file with what its names mean.
#[derive(Debug)]
pub struct Read<'v> {
    /// The file.
    pub view: &'v View,
    /// Its names.
    pub names: Names<'v>,
    /// Its option paths.
    pub places: Places<'v>,
}

/// A type that some module names.
#[derive(Debug, Clone, Copy)]
pub struct NamedType<'v> {
    /// Where its name stands.
    pub span: Span,
    /// What it stands for.
    pub ty: &'v Type,
    /// Its `##` lines.
    pub doc: Option<&'v str>,
}

impl<'v> Read<'v> {
    /// Reads a file; `watched` is a name whose surroundings are wanted.
    pub fn of(view: &'v View, watched: Option<&str>) -> Self {
        let names = view.names(watched);
        let watched = watched.and_then(|text| view.interner().get(text));
        let declarations = &view.outline.declarations;
        let items = view.items();
        let places = Places::of_module(items, view.interner(), &names, declarations, watched);
        Self {
            view,
            names,
            places,
        }
    }

    /// All that stands at a byte, each with its range; the first is what is most likely meant.
    pub fn at(&self, offset: u32) -> Vec<(Target, Span)> {
        let mut found = Vec::new();
        if let Some((file, span)) = self.file_at(offset) {
            return vec![(Target::File(file), span)];
        }
        if let Some(option) = self.places.option_at(offset) {
            found.push((Target::Option(option.clone()), option.name.span));
        }
        if let Some((index, name)) = self.names.binding_at(offset) {
            found.push((Target::Binding(index), name.span));
        }
        if let Some(used) = self.names.use_at(offset) {
            let target = match &used.meaning {
                Meaning::Library(name) => Some(Target::Library(name.clone())),
                Meaning::Type => Some(Target::Type(used.name.symbol)),
                Meaning::Config => Some(Target::Config),
                Meaning::Instance => Some(Target::Instance),
                Meaning::Key => Some(Target::Key),
                Meaning::Bound(_) | Meaning::Import | Meaning::Unknown => None,
            };
            found.extend(target.map(|target| (target, used.name.span)));
        }
        found
    }

    /// What is declared under an option's name.
    pub fn declared(&self, option: &OptionName) -> Option<&'v Declared> {
        option.declared(&self.view.outline.declarations, self.view.interner())
    }

    /// The type of a name, bound by the library's prelude.
    pub fn prelude_type(&self, name: Symbol) -> Option<NamedType<'v>> {
        let wanted = self.view.interner().text(name);
        let outline = &self.view.outline;
        let of_prelude = |source: SourceId| {
            outline
                .sources
                .get(source)
                .name
                .strip_prefix(LIBRARY_PREFIX)
                == Some("prelude.cairn")
        };
        let (_, module) = outline
            .modules
            .iter()
            .find(|(source, _)| of_prelude(*source))?;
        module.items.iter().find_map(|item| match &item.kind {
            ItemKind::Type { name, ty } if outline.names.text(name.symbol) == wanted => {
                Some(NamedType {
                    span: name.span,
                    ty,
                    doc: item.doc.as_deref(),
                })
            }
            _ => None,
        })
    }

    /// The file that a literal path at a byte names.
    fn file_at(&self, offset: u32) -> Option<(String, Span)> {
        let text = self.view.text();
        let lexed = tokenize(text, self.view.source);
        let tokens = &lexed.tokens;
        let index = tokens.iter().position(|token| {
            holds(token.span(self.view.source), offset)
                && matches!(token.kind, TokenKind::Path | TokenKind::StrText)
        })?;
        let token = &tokens[index];
        let path = match token.kind {
            TokenKind::StrText => {
                let before: Vec<&str> = tokens[..index]
                    .iter()
                    .rev()
                    .take(3)
                    .map(|one| &text[one.start as usize..one.end as usize])
                    .collect();
                let imported = before.get(1) == Some(&"import")
                    || (before.get(1) == Some(&"(") && before.get(2) == Some(&"import"));
                imported.then(|| lexed.string_text(token))?
            }
            _ => &text[token.start as usize..token.end as usize],
        };
        let name = &self.view.sources().get(self.view.source).name;
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        Some((normalise(folder, path)?, token.span(self.view.source)))
    }
}
