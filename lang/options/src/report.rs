//! The words of this stage's errors: one function for each code that is used in more than one place.
//!
//! In: names and spans. Out: [`Diagnostic`]s with the mend, where there is one. Decides nothing.

use cairn_eval::Error;
use cairn_syntax::span::Span;
use cairn_syntax::{Diagnostic, nearest};

use crate::path::print;

/// `options::unknown`: nothing of that name is declared there.
///
/// `above` is the path to it, `siblings` what may stand there, `all` every option's whole path.
pub(crate) fn unknown(
    span: Span,
    above: &[&str],
    name: &str,
    siblings: &[&str],
    all: &[String],
) -> Error {
    let whole = print(above.iter().copied().chain([name]));
    let error = Diagnostic::error(
        "options::unknown",
        span,
        format!("there is no option `{whole}`"),
    );
    let prefixed = |found: &str| print(above.iter().copied().chain([found]));
    let elsewhere = || {
        let ending = format!(".{name}");
        nearest(&whole, all.iter().map(String::as_str))
            .map(str::to_owned)
            .or_else(|| all.iter().find(|path| path.ends_with(&ending)).cloned())
    };
    Box::new(
        match nearest(name, siblings.iter().copied())
            .map(prefixed)
            .or_else(elsewhere)
        {
            Some(meant) => error
                .label("not declared")
                .help(format!("did you mean `{meant}`?")),
            None if above.is_empty() => error
                .label("not declared")
                .help("a module declares an option with `option NAME: TYPE`"),
            None => {
                let mut names: Vec<String> =
                    siblings.iter().map(|name| format!("`{name}`")).collect();
                names.sort();
                let there = if names.is_empty() {
                    "nothing".into()
                } else {
                    names.join(", ")
                };
                error
                    .label("not declared")
                    .help(format!("`{}` has {there}", print(above.iter().copied())))
            }
        },
    )
}

/// `options::no_fields`: a path goes on below a value that has no fields.
pub(crate) fn no_fields(span: Span, above: &str, ty: &str, name: &str) -> Error {
    Box::new(
        Diagnostic::error(
            "options::no_fields",
            span,
            format!("`{above}` is {ty}, so it has no `{name}`"),
        )
        .label("goes on below a plain value"),
    )
}

/// `options::group`: a plain value where several options stand.
pub(crate) fn group(span: Span, path: &str, names: &[&str]) -> Error {
    Box::new(
        Diagnostic::error(
            "options::group",
            span,
            format!("`{path}` is no option but a group of them"),
        )
        .label("a record is needed here")
        .help(format!("it holds `{}`", names.join("`, `"))),
    )
}

/// `options::remove_type`: what is neither a list nor a map has nothing to take out.
pub(crate) fn not_removable(span: Span, declared: Span) -> Error {
    let message = "`remove` takes items out of lists and keys out of maps";
    Box::new(
        Diagnostic::error("options::remove_type", span, message)
            .label("this option is neither")
            .also(declared, "declared here"),
    )
}

/// `options::remove_type`: what is taken out of a map is named by its key.
pub(crate) fn no_key(span: Span, shown: &str) -> Error {
    let message = format!("`remove` takes keys out of a map, and {shown} is none");
    Box::new(Diagnostic::error("options::remove_type", span, message).help("a key is a string"))
}

/// `eval::misplaced_annotation`: a priority before one item.
pub(crate) fn item_priority(span: Span) -> Error {
    let message = "an item of a list has no priority of its own";
    Box::new(
        Diagnostic::error("eval::misplaced_annotation", span, message).help(
            "write it before the whole list; before an item stand `before`, `after` and `order(n)`",
        ),
    )
}
