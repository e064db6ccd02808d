//! The editor's questions, each to the file that answers it.
//!
//! In: a request. Out: its result as the protocol writes it, or a [`Refusal`]. Turns positions into bytes and back.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use cairn_eval::{EntryKind, Host as _};
use cairn_syntax::span::Span;
use gen_lsp_types::{self as lsp, CodeActionKind};
use lsp_server::{ErrorCode, Request};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::actions::{self, Wanted};
use crate::check::{file_of, mendable};
use crate::completion::Offer;
use crate::definition::{self, Place};
use crate::host::World;
use crate::packages::{Known, fitting};
use crate::paths::path_hole;
use crate::position::{Encoding, Lines};
use crate::project::View;
use crate::server::Server;
use crate::symbols::{self, Symbol};
use crate::{completion, formatting, hover, rename, uri};

/// Why a request has no result.
#[derive(Debug)]
pub struct Refusal {
    /// The protocol's number.
    pub code: ErrorCode,
    /// For the person.
    pub message: String,
}

type Answer = Result<Value, Refusal>;

/// Why a request is not answered with a result now.
#[derive(Debug)]
pub enum Unanswered {
    /// It never will be.
    Refused(Refusal),
    /// It is to be asked again when the packages are read.
    Later,
}

impl From<Refusal> for Unanswered {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// What the server can do.
pub fn capabilities(encoding: Encoding) -> Value {
    json!({
        "positionEncoding": encoding.kind(),
        "textDocumentSync": { "openClose": true, "change": 2, "save": { "includeText": false } },
        "hoverProvider": true,
        "completionProvider": { "triggerCharacters": [".", "\"", "/"] },
        "definitionProvider": true,
        "referencesProvider": true,
        "documentSymbolProvider": true,
        "documentFormattingProvider": true,
        "renameProvider": { "prepareProvider": true },
        "codeActionProvider": { "codeActionKinds": [CodeActionKind::QuickFix, actions::FIX_ALL] },
    })
}

/// Answers a request.
///
/// Errors: the method is not known, its parameters are wrong, or what it asks for is refused; or it has to wait.
pub fn answer(server: &mut Server, request: Request) -> Result<Value, Unanswered> {
    let Request { method, params, .. } = request;
    let answer = match method.as_str() {
        "textDocument/hover" => hover_at(server, &read(params)?),
        "textDocument/completion" => return complete(server, &read(params)?),
        "textDocument/definition" => define(server, &read(params)?),
        "textDocument/references" => refer(server, &read(params)?),
        "textDocument/documentSymbol" => outline(server, &read(params)?),
        "textDocument/formatting" => format(server, &read(params)?),
        "textDocument/prepareRename" => prepare_rename(server, &read(params)?),
        "textDocument/rename" => rename_at(server, &read(params)?),
        "textDocument/codeAction" => act(server, &read(params)?),
        _ => Err(Refusal {
            code: ErrorCode::MethodNotFound,
            message: format!("`{method}` is nothing that this server does"),
        }),
    };
    Ok(answer?)
}

fn read<T: DeserializeOwned>(params: Value) -> Result<T, Refusal> {
    serde_json::from_value(params).map_err(|error| Refusal {
        code: ErrorCode::InvalidParams,
        message: error.to_string(),
    })
}

fn write(result: impl Serialize) -> Answer {
    serde_json::to_value(result).map_err(|error| Refusal {
        code: ErrorCode::InternalError,
        message: error.to_string(),
    })
}

/// A file that is asked about, and the byte.
struct Asked {
    path: PathBuf,
    view: View,
    offset: usize,
}

fn asked(server: &mut Server, at: &lsp::TextDocumentPositionParams) -> Option<Asked> {
    let path = uri::path(&at.text_document.uri)?;
    let view = server
        .projects
        .view(&path, &server.documents, &server.shelf)?;
    let offset = server.encoding.offset(view.text(), at.position);
    Some(Asked { path, view, offset })
}

fn range(server: &Server, view: &View, span: Span) -> lsp::Range {
    server
        .encoding
        .range(view.text(), span.start as usize, span.end as usize)
}

fn hover_at(server: &mut Server, params: &lsp::HoverParams) -> Answer {
    let Some(asked) = asked(server, &params.text_document_position_params) else {
        return Ok(Value::Null);
    };
    let present = server.values.get(&asked.view.entry);
    let Some((text, span)) = hover::hover(&asked.view, asked.offset as u32, present) else {
        return Ok(Value::Null);
    };
    let contents = lsp::MarkupContent {
        kind: lsp::MarkupKind::Markdown,
        value: text,
    };
    let range = Some(range(server, &asked.view, span));
    write(lsp::Hover {
        contents: contents.into(),
        range,
    })
}

fn complete(server: &mut Server, params: &lsp::CompletionParams) -> Result<Value, Unanswered> {
    let Some(asked) = asked(server, &params.text_document_position_params) else {
        return Ok(Value::Null);
    };
    let text = asked.view.text();
    if let Some(found) = paths(server, &asked) {
        return Ok(write(found)?);
    }
    let Some(hole) = completion::hole(text, asked.offset) else {
        return Ok(Value::Null);
    };
    let range = server.encoding.range(text, hole.start, hole.end);
    let found = completion::guesses(text, &hole)
        .into_iter()
        .find_map(|guess| {
            let view = server
                .projects
                .view_with(&asked.path, guess, &server.documents)?;
            completion::offers(&view, hole.quoted)
        });
    let (mut offers, mut is_incomplete) = (Vec::new(), false);
    if let Some(found) = found {
        offers = found.offers;
        if found.packages {
            let typed = hole.typed(text, asked.offset);
            let (packages, more) = packages(server, &asked, typed)?;
            offers.extend(packages);
            is_incomplete = more;
        }
    }
    let items: Vec<lsp::CompletionItem> = offers
        .into_iter()
        .map(|offer| item(offer, range, hole.quoted))
        .collect();
    if is_incomplete {
        return Ok(json!({ "isIncomplete": true, "items": write(items)? }));
    }
    Ok(write(items)?)
}

/// The packages that fit what was typed, and whether there are more.
fn packages(
    server: &mut Server,
    asked: &Asked,
    typed: &str,
) -> Result<(Vec<Offer>, bool), Unanswered> {
    let entry = &asked.view.entry;
    let value = server.values.get(entry).or(server.former.get(entry));
    match server.packages.of(&entry.path(), value) {
        Known::Nothing => Ok((Vec::new(), false)),
        Known::Soon => Err(Unanswered::Later),
        Known::All(all) => {
            let (found, more) = fitting(&all, typed);
            let offers = found.into_iter();
            let offers = offers.map(|package| Offer::of_package(package, typed));
            Ok((offers.collect(), more))
        }
    }
}

fn item(offer: Offer, range: lsp::Range, quoted: bool) -> lsp::CompletionItem {
    // What is typed is held against this: outside of a string it has no quote before it.
    let filter = if quoted {
        offer.text.as_str()
    } else {
        offer.text.trim_matches('"')
    };
    lsp::CompletionItem {
        label: offer.text.clone(),
        kind: Some(offer.kind),
        detail: offer.detail,
        documentation: offer.doc.map(|value| {
            lsp::MarkupContent {
                kind: lsp::MarkupKind::Markdown,
                value,
            }
            .into()
        }),
        sort_text: Some(format!("{}{}", offer.rank, offer.text)),
        filter_text: Some(filter.to_owned()),
        text_edit: Some(
            lsp::TextEdit {
                range,
                new_text: offer.text,
            }
            .into(),
        ),
        ..lsp::CompletionItem::default()
    }
}

/// The files that a path at the cursor may name.
fn paths(server: &Server, asked: &Asked) -> Option<Vec<lsp::CompletionItem>> {
    let (view, text) = (&asked.view, asked.view.text());
    let name = &view.sources().get(view.source).name;
    let own_folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    let hole = path_hole(text, asked.offset, own_folder)?;
    let world = World::new(&view.entry.root, &server.documents);
    let entries = hole
        .folder
        .as_ref()
        .map(|folder| world.host().read_dir(folder));
    let entries = entries.and_then(Result::ok).unwrap_or_default();
    let range = server.encoding.range(text, hole.name.start, hole.name.end);
    let offers = hole.offers(text, &entries).into_iter();
    let items = offers.map(|(name, kind)| lsp::CompletionItem {
        label: name.clone(),
        kind: Some(match kind {
            EntryKind::Directory => lsp::CompletionItemKind::Folder,
            EntryKind::File | EntryKind::Symlink => lsp::CompletionItemKind::File,
        }),
        text_edit: Some(
            lsp::TextEdit {
                range,
                new_text: name.clone(),
            }
            .into(),
        ),
        ..lsp::CompletionItem::default()
    });
    Some(items.collect())
}

fn location(server: &Server, view: &View, place: &Place) -> Option<lsp::Location> {
    let root = &view.entry.root;
    let (path, range) = match place {
        Place::File(name) => (root.join(name), lsp::Range::default()),
        Place::Range(name, span) => {
            let own = **name == *view.sources().get(view.source).name;
            let sources = if own {
                view.sources()
            } else {
                &view.outline.sources
            };
            let text = &sources.get(span.source).text;
            let range = server
                .encoding
                .range(text, span.start as usize, span.end as usize);
            (file_of(name, root, &server.shelf)?, range)
        }
    };
    let open = server
        .documents
        .get(&path)
        .map(|document| document.uri.clone());
    Some(lsp::Location {
        uri: open.unwrap_or_else(|| uri::of(&path)),
        range,
    })
}

fn locations(server: &Server, view: &View, places: &[Place]) -> Answer {
    let all: Vec<lsp::Location> = places
        .iter()
        .filter_map(|place| location(server, view, place))
        .collect();
    write(all)
}

fn define(server: &mut Server, params: &lsp::DefinitionParams) -> Answer {
    let Some(asked) = asked(server, &params.text_document_position_params) else {
        return Ok(Value::Null);
    };
    let places = definition::definition(&asked.view, asked.offset as u32);
    locations(server, &asked.view, &places)
}

fn refer(server: &mut Server, params: &lsp::ReferenceParams) -> Answer {
    let Some(asked) = asked(server, &params.text_document_position_params) else {
        return Ok(Value::Null);
    };
    let declaration = params.context.include_declaration;
    let places = definition::references(&asked.view, asked.offset as u32, declaration);
    locations(server, &asked.view, &places)
}

fn outline(server: &mut Server, params: &lsp::DocumentSymbolParams) -> Answer {
    let path = uri::path(&params.text_document.uri);
    let view = path.and_then(|path: PathBuf| {
        server
            .projects
            .view(Path::new(&path), &server.documents, &server.shelf)
    });
    let Some(view) = view else {
        return Ok(Value::Null);
    };
    let all = symbols::symbols(view.items(), view.interner());
    let lines = Lines::of(view.text(), server.encoding);
    write(
        all.into_iter()
            .map(|one| symbol(&lines, one))
            .collect::<Vec<_>>(),
    )
}

#[expect(deprecated, reason = "the field is there, and must be left out")]
fn symbol(lines: &Lines<'_>, symbol: Symbol) -> lsp::DocumentSymbol {
    let range = |span: Span| lines.range(span.start as usize, span.end as usize);
    let inside = symbol
        .inside
        .into_iter()
        .map(|one| self::symbol(lines, one));
    let children: Vec<lsp::DocumentSymbol> = inside.collect();
    lsp::DocumentSymbol {
        name: symbol.name,
        detail: None,
        kind: symbol.kind,
        tags: None,
        deprecated: None,
        range: range(symbol.span.to(symbol.name_span)),
        selection_range: range(symbol.name_span),
        children: (!children.is_empty()).then_some(children),
    }
}

fn format(server: &mut Server, params: &lsp::DocumentFormattingParams) -> Answer {
    let path = uri::path(&params.text_document.uri);
    let Some(document) = path.and_then(|path| server.documents.get(&path)) else {
        return Ok(Value::Null);
    };
    let text = &document.text;
    let edit = formatting::edit(text).map_err(|error| Refusal {
        code: ErrorCode::RequestFailed,
        message: format!("the file can't be formatted while it has errors: {error}"),
    })?;
    let edit = edit.map(|(span, new_text)| lsp::TextEdit {
        range: server.encoding.range(text, span.start, span.end),
        new_text,
    });
    write(edit.into_iter().collect::<Vec<_>>())
}

fn prepare_rename(server: &mut Server, params: &lsp::PrepareRenameParams) -> Answer {
    let Some(asked) = asked(server, &params.text_document_position_params) else {
        return Ok(Value::Null);
    };
    let span = rename::prepare(&asked.view, asked.offset as u32).map_err(refused)?;
    write(range(server, &asked.view, span))
}

fn rename_at(server: &mut Server, params: &lsp::RenameParams) -> Answer {
    let Some(asked) = asked(server, &params.text_document_position_params) else {
        return Ok(Value::Null);
    };
    let edits = rename::rename(&asked.view, asked.offset as u32, &params.new_name);
    let edits = edits
        .map_err(refused)?
        .into_iter()
        .map(|(span, new_text)| lsp::TextEdit {
            range: range(server, &asked.view, span),
            new_text,
        });
    let uri = params
        .text_document_position_params
        .text_document
        .uri
        .clone();
    let changes = HashMap::from([(uri, edits.collect())]);
    write(lsp::WorkspaceEdit {
        changes: Some(changes),
        ..lsp::WorkspaceEdit::default()
    })
}

fn act(server: &mut Server, params: &lsp::CodeActionParams) -> Answer {
    let uri = &params.text_document.uri;
    let Some(path) = uri::path(uri) else {
        return Ok(Value::Null);
    };
    let Some(document) = server.documents.get(&path) else {
        return Ok(Value::Null);
    };
    let text = document.text.as_str();
    let checked = server.mendable.get(&path).filter(|one| one.text == text);
    // Where the last check was of another text, what this one says by itself is enough to begin with.
    let own = if checked.is_none() {
        let entry = server.projects.entry(&path, &server.documents);
        entry.and_then(|entry| {
            let name = path.strip_prefix(&entry.root).ok()?.to_str()?;
            mendable(&entry, name, text, server.encoding, &server.shelf)
        })
    } else {
        None
    };
    let Some(file) = checked.or(own.as_ref()) else {
        return write(Vec::<lsp::CodeAction>::new());
    };
    let start = server.encoding.offset(text, params.range.start);
    let end = server.encoding.offset(text, params.range.end);
    let wanted = Wanted {
        uri,
        range: start..end.max(start),
        only: params.context.only.as_deref(),
    };
    write(actions::actions(file, &wanted, server.encoding))
}

fn refused(error: rename::Refused) -> Refusal {
    Refusal {
        code: ErrorCode::RequestFailed,
        message: error.to_string(),
    }
}
