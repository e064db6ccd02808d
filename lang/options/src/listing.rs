//! Every option there is: `cairn options`, the manual, completion.
//!
//! In: the trie. Out: a flat list, with the fields of record types as options of their own, and `<name>` for
//! a map's key. Computes no values.

use cairn_eval::{DefaultCode, Type};
use cairn_syntax::span::Span;

use crate::config::Config;
use crate::path::print;
use crate::tree::{Form, shape};

/// One option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// `services.nginx.sites.<name>.port`.
    pub path: String,
    /// Its type as written.
    pub ty: String,
    /// Its default as written.
    pub default: Option<String>,
    /// Its `##` lines.
    pub doc: Option<String>,
    /// Display name of the file that declares it.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
}

/// How deep record types are followed; recursive ones have no end.
const DEEPEST: usize = 8;

impl<'a> Config<'a> {
    /// All options, sorted by path.
    pub fn list(&self) -> Vec<Listed> {
        let mut found = Vec::new();
        for option in &self.known.options {
            let path = print(
                option
                    .path
                    .iter()
                    .map(|name| self.evaluator.names.text(*name)),
            );
            let default = option.default.map(|(_, span)| span);
            self.add(
                &path,
                option.ty,
                default,
                option.doc,
                option.span,
                &mut found,
            );
        }
        found.sort_by(|one, other| one.path.cmp(&other.path));
        found
    }

    fn add(
        &self,
        path: &str,
        ty: &'a Type<'a>,
        default: Option<Span>,
        doc: Option<&str>,
        span: Span,
        found: &mut Vec<Listed>,
    ) {
        let sources = &self.evaluator.sources;
        let form = shape(&self.evaluator, ty).form;
        // A record without a default of its own is only its fields.
        if !matches!(form, Form::Record(_)) || default.is_some() || doc.is_some() {
            found.push(Listed {
                path: path.to_owned(),
                ty: match form {
                    Form::Record(_) if ty.name().is_none() => "record".to_owned(),
                    _ => self.written(ty),
                },
                default: default.map(|span| sources.slice(span).to_owned()),
                doc: doc.map(str::to_owned),
                file: sources.get(span.source).name.to_string(),
                line: sources.line_column(span).0,
            });
        }
        if path.split('.').count() > DEEPEST {
            return;
        }
        match form {
            Form::Record(record) => {
                for field in record.fields {
                    let name = print([self.evaluator.names.text(field.name)]);
                    let default = field.default.map(|code: DefaultCode<'a>| code.span);
                    self.add(
                        &format!("{path}.{name}"),
                        field.ty,
                        default,
                        field.doc,
                        field.name_span,
                        found,
                    );
                }
            }
            Form::Map(of) if matches!(shape(&self.evaluator, of).form, Form::Record(_)) => {
                let span = of.span.unwrap_or(span);
                self.add(&format!("{path}.<name>"), of, None, None, span, found);
            }
            _ => {}
        }
    }

    fn written(&self, ty: &Type<'a>) -> String {
        match ty.span.map(|span| self.evaluator.sources.slice(span)) {
            Some(text) if !text.contains('\n') => text.to_owned(),
            _ => self.evaluator.show_type(ty),
        }
    }
}
