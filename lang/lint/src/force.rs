//! `force` where nobody else says anything.
//!
//! In: a module and the configuration that it is part of. Out: `lint::redundant_force`. Only merging knows who else defines an
//! option, so this asks it; a definition under a condition that is off today counts as well.

use cairn_options::{Because, Config, print_path};
use cairn_syntax::ast::{Annotation, ExprKind, Item, ItemKind, Module, Name};
use cairn_syntax::diagnostic::Diagnostic;
use cairn_syntax::span::{SourceMap, Span};
use cairn_syntax::symbol::Interner;

use crate::Lint;
use crate::edit::with_text;

/// The priority of a definition without an annotation.
const PLAIN: i64 = 100;

/// The `force`s of a module that no other definition of their options makes necessary.
///
/// `file` is the module's name in the configuration. Options that can't be computed are passed over.
pub fn without_rivals(
    module: &Module,
    file: &str,
    sources: &SourceMap,
    names: &Interner,
    config: &mut Config<'_>,
) -> Vec<Lint> {
    let mut forced = Vec::new();
    collect(&module.items, &mut forced);
    let mut lints = Vec::new();
    for (path, whole, value) in forced {
        let option = print_path(path.iter().map(|name| names.text(name.symbol)));
        let Ok(why) = config.why(&option) else {
            continue;
        };
        let is_own = |one: &Because| {
            one.file == file && (one.span.start, one.span.end) == (whole.start, whole.end)
        };
        let (own, rivals): (Vec<_>, Vec<_>) = why.definitions.iter().partition(|one| is_own(one));
        if own.len() != 1 || rivals.iter().any(|one| one.priority <= PLAIN) {
            continue;
        }
        let word = Span {
            end: whole.start + "force".len() as u32,
            ..whole
        };
        let diagnostic = Diagnostic::warning(
            "lint::redundant_force",
            word,
            format!("nothing else defines `{option}`"),
        )
        .label("`force` wins over nobody")
        .help("take it out");
        let mark = Span {
            end: value.start,
            ..whole
        };
        let fix = with_text(mark, String::new(), sources);
        lints.push(Lint { diagnostic, fix });
    }
    lints
}

/// The definitions whose values are `force …`: path, whole value, what is forced.
fn collect<'m>(items: &'m [Item], forced: &mut Vec<(&'m [Name], Span, Span)>) {
    for item in items {
        match &item.kind {
            ItemKind::When { items, .. } => collect(items, forced),
            ItemKind::Definition { path, value } => {
                if let ExprKind::Annotated {
                    annotation: Annotation::Force,
                    value: inner,
                } = &value.kind
                {
                    forced.push((path, value.span, inner.span));
                }
            }
            _ => {}
        }
    }
}
