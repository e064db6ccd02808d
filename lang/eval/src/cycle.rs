//! Cycles: what needs itself, edge by edge.
//!
//! In: what is being computed, outermost first. Out: one error with a span for every edge.

use cairn_syntax::Diagnostic;
use cairn_syntax::span::Span;

use crate::evaluator::{Edge, Error, Evaluator};
use crate::value::Thunk;

impl<'a> Evaluator<'a> {
    /// The report of a cycle that runs through a thunk: every edge of it, in the order of needing.
    #[cold]
    pub(crate) fn cycle(&mut self, thunk: &'a Thunk<'a>, reader: Span) -> Error {
        let same = |edge: &Edge<'a>| edge.thunk.is_some_and(|other| std::ptr::eq(other, thunk));
        let start = self
            .edges
            .iter()
            .rposition(same)
            .unwrap_or(self.edges.len());
        let edges = &self.edges[start..];
        let names: Vec<&str> = edges
            .iter()
            .filter_map(|edge| edge.label.as_ref())
            .map(|label| label.text.as_str())
            .collect();
        let message = match names.first() {
            Some(first) => format!("{} needs itself: {} → {first}", first, names.join(" → ")),
            None => "this needs itself".to_owned(),
        };
        let mut seen = vec![reader];
        let mut error =
            Diagnostic::error("eval::cycle", reader, message).label("and here the circle closes");
        for (index, edge) in edges.iter().enumerate() {
            let mut show = |span: Span, text: String| {
                if !seen.contains(&span) {
                    seen.push(span);
                    error.secondary.push(cairn_syntax::Label { span, text });
                }
            };
            if index > 0 {
                show(edge.reader, "which needs this".to_owned());
            }
            if let Some(label) = &edge.label {
                show(label.span, format!("{} is set here", label.text));
            }
        }
        Box::new(error)
    }
}
