//! Names that nobody uses, and names that hide others.
//!
//! In: bindings as the walk meets them, and uses. Out: `lint::unused` and `lint::shadowing`. What a binding's own value says
//! of it is no use of it.

use cairn_syntax::ast::{Binding, Name, Param, Pattern};
use cairn_syntax::diagnostic::Diagnostic;
use cairn_syntax::symbol::Symbol;

use crate::Finder;
use crate::edit::Edit;

/// What a name was bound by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Let,
    Type,
    Parameter,
    Field,
    Whole,
    For,
}

impl By {
    fn words(self) -> &'static str {
        match self {
            Self::Let => "name",
            Self::Type => "type",
            Self::Parameter => "parameter",
            Self::Field => "field of the pattern",
            Self::Whole => "name of the whole",
            Self::For => "name of the comprehension",
        }
    }

    fn mend(self, text: &str) -> String {
        match self {
            Self::Let | Self::Type => {
                format!("take it out, or call it `_{text}` where it has to stay")
            }
            Self::Parameter | Self::For => format!("call it `_{text}` to say that this is meant"),
            Self::Field => format!(
                "take it out, with `..` at the pattern's end where the record keeps its `{text}`"
            ),
            Self::Whole => "take the `as` out".to_owned(),
        }
    }
}

#[derive(Debug)]
struct Bound {
    name: Name,
    by: By,
    used: bool,
    fix: Option<Edit>,
}

/// What is in sight.
#[derive(Debug, Default)]
pub(crate) struct Scopes {
    all: Vec<Bound>,
    /// Indexes into `all`, innermost last.
    visible: Vec<usize>,
    /// Those whose own values are being walked.
    inside: Vec<usize>,
}

/// A binding, to say that its own value is walked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BoundId(usize);

impl Finder<'_> {
    /// Brings a name in sight.
    pub(crate) fn bind(&mut self, name: Name, by: By, fix: Option<Edit>) -> BoundId {
        let text = self.names.text(name.symbol);
        if by != By::Type && !text.starts_with('_') {
            let hidden = self.scopes.visible.iter().rev().find_map(|index| {
                let bound = &self.scopes.all[*index];
                (bound.by != By::Type && bound.name.symbol == name.symbol).then_some(bound.name)
            });
            if let Some(hidden) = hidden {
                let diagnostic = Diagnostic::warning(
                    "lint::shadowing",
                    name.span,
                    format!("`{text}` hides another `{text}`"),
                )
                .also(hidden.span, "this one can't be reached here")
                .help("give one of them another name");
                self.report(diagnostic, None);
            }
        }
        self.scopes.all.push(Bound {
            name,
            by,
            used: false,
            fix,
        });
        let index = self.scopes.all.len() - 1;
        self.scopes.visible.push(index);
        BoundId(index)
    }

    /// Walks something whose names go out of sight at its end, and reports those that nobody used.
    pub(crate) fn scope(&mut self, walk: impl FnOnce(&mut Self)) {
        let before = self.scopes.visible.len();
        walk(self);
        for index in self.scopes.visible.split_off(before) {
            let Bound {
                name,
                by,
                used,
                ref fix,
            } = self.scopes.all[index];
            let text = self.names.text(name.symbol);
            if used || text.starts_with('_') {
                continue;
            }
            let words = by.words();
            let diagnostic = Diagnostic::warning(
                "lint::unused",
                name.span,
                format!("the {words} `{text}` is never used"),
            )
            .help(by.mend(text));
            let fix = fix.clone();
            self.report(diagnostic, fix);
        }
    }

    /// Walks a binding's own value.
    pub(crate) fn inside(&mut self, bound: BoundId, walk: impl FnOnce(&mut Self)) {
        self.scopes.inside.push(bound.0);
        walk(self);
        self.scopes.inside.pop();
    }

    /// Says that a binding is used where this walk does not come.
    pub(crate) fn keep(&mut self, bound: BoundId) {
        self.scopes.all[bound.0].used = true;
    }

    /// A value's name: a variable, or a type in a value's place.
    pub(crate) fn used(&mut self, name: Symbol) {
        if !self.uses(name, false) {
            self.uses(name, true);
        }
    }

    /// A type's name.
    pub(crate) fn used_type(&mut self, name: Symbol) {
        self.uses(name, true);
    }

    fn uses(&mut self, name: Symbol, a_type: bool) -> bool {
        let scopes = &mut self.scopes;
        let found = scopes.visible.iter().rev().copied().find(|index| {
            let bound = &scopes.all[*index];
            bound.name.symbol == name && (bound.by == By::Type) == a_type
        });
        let Some(index) = found else {
            return false;
        };
        if !scopes.inside.contains(&index) {
            scopes.all[index].used = true;
        }
        true
    }

    /// Brings a function's parameters in sight; their defaults see those before them.
    pub(crate) fn parameters(&mut self, params: &[Param]) {
        for param in params {
            if let Some(ty) = &param.ty {
                self.ty(ty);
            }
            if let Some(default) = &param.default {
                self.expr(default, 0);
            }
            match &param.pattern {
                Pattern::Name(name) => {
                    self.bind(*name, By::Parameter, None);
                }
                Pattern::Record { fields, whole, .. } => {
                    for (name, default) in fields {
                        if let Some(default) = default {
                            self.expr(default, 0);
                        }
                        self.bind(*name, By::Field, None);
                    }
                    if let Some(whole) = whole {
                        self.bind(*whole, By::Whole, None);
                    }
                }
            }
        }
    }

    /// The names of a comprehension. Another name changes nothing, so that `_` in front of it is certain where no `_name` is about.
    pub(crate) fn comprehension(&mut self, name: Name) {
        let text = self.names.text(name.symbol);
        let is_free = self.names.get(&format!("_{text}")).is_none();
        let fix = is_free.then(|| Edit {
            span: cairn_syntax::span::Span {
                end: name.span.start,
                ..name.span
            },
            text: "_".to_owned(),
        });
        self.bind(name, By::For, fix);
    }

    /// The bindings of a `let … in`, which all see each other.
    pub(crate) fn bindings(&mut self, bindings: &[Binding]) {
        let bound: Vec<BoundId> = bindings
            .iter()
            .enumerate()
            .map(|(index, binding)| {
                // Up to the next one; the last one's end is not known to the byte.
                let next = bindings.get(index + 1).map(|next| next.name.span.start);
                let fix = next.and_then(|end| {
                    let span = cairn_syntax::span::Span {
                        end,
                        ..binding.name.span
                    };
                    crate::edit::with_text(span, String::new(), self.sources)
                });
                self.bind(binding.name, By::Let, fix)
            })
            .collect();
        for (binding, bound) in bindings.iter().zip(bound) {
            self.inside(bound, |finder| finder.expr(&binding.value, 0));
        }
    }
}
