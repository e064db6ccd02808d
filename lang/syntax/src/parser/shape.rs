//! What the formatter wants to know of a text besides its tokens: which of them belong together.
//!
//! In: what the parser reads, as it reads it. Out: [`Shape`]s, ranges of tokens with a name each. Trees do not hold
//! keywords, separators and brackets, and evaluation has no use for them, so these stand beside the tree and are
//! only written down when somebody asks.

use super::Parser;

/// Why tokens belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// An item of a module.
    Item,
    /// A field, list item, argument, parameter or binding of a `let`.
    Element,
    /// `{ … }` of `when` and `variant`.
    Block,
    /// A function.
    Lambda,
    /// `if … then … else …`.
    If,
    /// `let … in …`.
    Let,
    /// `assert … else … in …` as an expression.
    Assert,
    /// `then`, `else` or `in` with what follows it.
    Branch,
    /// Operands with their operators, a value with its calls and selections, a type with `|` or `where`.
    Chain,
    /// `for … in …` of a comprehension, with its `if`.
    Clause,
    /// The `if` of a comprehension.
    Filter,
    /// A `-` that is a sign; alone.
    Sign,
    /// A `?` or `??` after a type; alone.
    Nullable,
}

/// A range of tokens that belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Why.
    pub form: Form,
    /// Index of the first token.
    pub first: usize,
    /// One past the index of the last token.
    pub end: usize,
}

impl Parser<'_> {
    /// Notes that everything from `first` up to here belongs together.
    pub(super) fn shape(&mut self, form: Form, first: usize) {
        let end = self.next;
        self.shape_to(form, first, end);
    }

    /// Notes that a range belongs together.
    pub(super) fn shape_to(&mut self, form: Form, first: usize, end: usize) {
        if let Some(shapes) = &mut self.shapes {
            shapes.push(Shape { form, first, end });
        }
    }
}
