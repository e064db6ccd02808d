//! Module items as text.

use super::{Printer, doc, indented};
use crate::ast::{Expr, Item, ItemKind, Name};

impl Printer<'_> {
    /// Items, one after the other, each with a line break at its end.
    pub(super) fn items(&self, items: &[Item]) -> String {
        let mut out = String::new();
        let mut long_before = false;
        for (index, item) in items.iter().enumerate() {
            let text = self.item(&item.kind);
            let long = text.contains('\n') || item.doc.is_some();
            if index > 0 && (long || long_before) {
                out.push('\n');
            }
            doc(item.doc.as_ref(), &mut out);
            out.push_str(&text);
            out.push('\n');
            long_before = long;
        }
        out
    }

    fn item(&self, kind: &ItemKind) -> String {
        match kind {
            ItemKind::Import { path, .. } => {
                let mut quoted = String::new();
                super::escape(path, &mut quoted);
                format!("import \"{quoted}\"")
            }
            ItemKind::Let(binding) => format!("let {}", self.binding(binding)),
            ItemKind::Type { name, ty } => {
                format!("type {} = {}", self.symbol(name.symbol), self.ty(ty, 0))
            }
            ItemKind::Option { path, ty, default } => {
                let head = format!("option {}: {}", self.names_path(path), self.ty(ty, 0));
                match default {
                    Some(default) => format!("{head} = {}", self.expr(default, 0)),
                    None => head,
                }
            }
            ItemKind::Definition { path, value } => {
                format!("{} = {}", self.names_path(path), self.expr(value, 0))
            }
            ItemKind::When { condition, items } => {
                self.block(&format!("when {}", self.condition(condition)), items)
            }
            ItemKind::Variant { name, items } => {
                self.block(&format!("variant {}", self.quoted(name)), items)
            }
            ItemKind::Assert { condition, message } => self.checked("assert", condition, message),
            ItemKind::Warn { condition, message } => self.checked("warn", condition, message),
            ItemKind::Test { claim, expr } => {
                format!("test {} {}", self.quoted(claim), self.expr(expr, 0))
            }
        }
    }

    fn checked(&self, word: &str, condition: &Expr, message: &Expr) -> String {
        let condition = self.expr(condition, 0);
        format!("{word} {condition} else {}", self.expr(message, 0))
    }

    /// A condition before a brace: a word that would take the brace for its own stands in brackets.
    fn condition(&self, condition: &Expr) -> String {
        let text = self.expr(condition, 0);
        let last = text
            .rsplit(|c: char| !(c.is_alphanumeric() || "_-".contains(c)))
            .next()
            .map(|word| word.trim_start_matches('-'));
        match last {
            Some("type" | "assert" | "with" | "rec" | "import") => format!("({text})"),
            _ => text,
        }
    }

    fn quoted(&self, name: &Name) -> String {
        let mut quoted = String::from("\"");
        super::escape(self.symbol(name.symbol), &mut quoted);
        quoted.push('"');
        quoted
    }

    fn block(&self, head: &str, items: &[Item]) -> String {
        if items.is_empty() {
            return format!("{head} {{}}");
        }
        let mut out = format!("{head} {{\n");
        indented(&self.items(items), &mut out);
        out.push('}');
        out
    }
}
