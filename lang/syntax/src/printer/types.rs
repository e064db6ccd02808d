//! Types as text; brackets only where precedence asks for them.

use super::{Printer, doc, enclose};
use crate::ast::{Type, TypeField, TypeKind};

impl Printer<'_> {
    /// A type where only what binds at least as tightly as `least` stands without brackets.
    pub(super) fn ty(&self, ty: &Type, least: u8) -> String {
        let (text, binds) = match &ty.kind {
            TypeKind::Name(symbol) => (self.symbol(*symbol).to_owned(), 3),
            TypeKind::Apply { name, args } => {
                let args: Vec<String> = args.iter().map(|arg| self.ty(arg, 0)).collect();
                let text = format!("{}({})", self.symbol(name.symbol), args.join(", "));
                (text, 3)
            }
            TypeKind::Literal(literal) => (self.expr(literal, 0), 3),
            TypeKind::Union(members) => {
                let members: Vec<String> =
                    members.iter().map(|member| self.ty(member, 2)).collect();
                (members.join(" | "), 1)
            }
            TypeKind::Nullable(inner) => (format!("{}?", self.ty(inner, 3)), 2),
            TypeKind::Record { fields, open } => {
                let mut elements: Vec<String> =
                    fields.iter().map(|field| self.type_field(field)).collect();
                if *open {
                    elements.push("..".to_owned());
                }
                (enclose("{", &elements, "}", true), 3)
            }
            TypeKind::Where { base, predicate } => {
                let base = self.ty(base, 0);
                (format!("{base} where ({})", self.expr(predicate, 0)), 0)
            }
            TypeKind::Error => ("()".to_owned(), 3),
        };
        if binds < least {
            format!("({text})")
        } else {
            text
        }
    }

    fn type_field(&self, field: &TypeField) -> String {
        let mut out = String::new();
        doc(field.doc.as_ref(), &mut out);
        out.push_str(&self.name(&field.name));
        out.push_str(": ");
        out.push_str(&self.ty(&field.ty, 0));
        if let Some(default) = &field.default {
            out.push_str(" = ");
            out.push_str(&self.expr(default, 0));
        }
        out
    }
}
