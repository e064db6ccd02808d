//! Cycles: what needs itself, edge by edge.
//!
//! In: what is being computed, outermost first. Out: one error with a span for every edge.

use cairn_syntax::span::Span;
use cairn_syntax::{Diagnostic, Label};

use crate::evaluator::{Edge, Error, Evaluator};
use crate::value::Thunk;

/// How many edges of a cycle a report shows.
const EDGES_SHOWN: usize = 24;

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
        let labels: Vec<Option<Label>> = edges.iter().map(|edge| self.edge_label(edge)).collect();
        let names: Vec<&str> = labels
            .iter()
            .flatten()
            .map(|label| label.text.as_str())
            .collect();
        let message = match (names.first(), names.len()) {
            (None, _) => "this needs itself".to_owned(),
            (Some(first), 0..=EDGES_SHOWN) => {
                format!("{first} needs itself: {} → {first}", names.join(" → "))
            }
            (Some(first), count) => format!("{first} needs itself, by way of {} others", count - 1),
        };
        let mut seen = vec![reader];
        let mut error =
            Diagnostic::error("eval::cycle", reader, message).label("and here the circle closes");
        for (index, (edge, label)) in edges.iter().zip(&labels).take(EDGES_SHOWN).enumerate() {
            let mut show = |span: Span, text: String| {
                if !seen.contains(&span) {
                    seen.push(span);
                    error.secondary.push(Label { span, text });
                }
            };
            if index > 0 {
                show(edge.reader, "which needs this".to_owned());
            }
            if let Some(label) = label {
                show(label.span, format!("{} is set here", label.text));
            }
        }
        Box::new(error)
    }
}
