//! Option paths in one file: which part of the configuration each name stands for.
//!
//! In: a tree, its [`Names`], the declarations. Out: [`Places`]: every name of an option path with what is declared there, and
//! for completion the place where a watched name stands. Computes no values: it follows what is written.

mod walk;

use cairn_options::{Declarations, Declared, KindId};
use cairn_syntax::ast::{Item, Name, RecordItem};
use cairn_syntax::symbol::{Interner, Symbol};

use crate::names::{Names, holds};

/// A point of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// What its value is.
    pub kind: KindId,
    /// How it is reached; what no text names is [`ANY`].
    pub path: Vec<String>,
}

/// A part of a path that stands for any key or item.
pub const ANY: &str = "<name>";

/// A name of an option path.
#[derive(Debug, Clone)]
pub struct OptionName {
    /// Where it stands.
    pub name: Name,
    /// What it is a name in.
    pub above: Spot,
    /// Whether it stands in a declaration.
    pub declares: bool,
}

/// Where a watched name stands.
#[derive(Debug, Clone)]
pub enum Cursor<'t> {
    /// In the path of a definition or a field.
    Path {
        /// What it is a name in, where that is known.
        above: Option<Spot>,
        /// Whether an item of a module may begin here.
        item: bool,
        /// Whether the name alone would be a variable too.
        shorthand: bool,
    },
    /// A value.
    Value {
        /// What it is for.
        expected: Option<Spot>,
        /// Whether annotations may stand here.
        annotated: bool,
    },
    /// After a dot.
    Member(Shape<'t>),
    /// A type.
    Type,
}

/// What an expression is, as far as that is written.
#[derive(Debug, Clone)]
pub enum Shape<'t> {
    /// A point of the configuration, or something of the kind of one.
    Spot(Spot),
    /// A record that is written out.
    Record(&'t [RecordItem]),
    /// A namespace of the library.
    Namespace(String),
    /// Something else.
    Unknown,
}

/// The option paths of a file.
#[derive(Debug, Default)]
pub struct Places<'t> {
    /// In the order of the text.
    pub options: Vec<OptionName>,
    /// Where the watched name stands.
    pub cursor: Option<Cursor<'t>>,
}

impl<'t> Places<'t> {
    /// The option paths of a module.
    pub fn of_module(
        items: &'t [Item],
        interner: &'t Interner,
        names: &Names<'t>,
        declarations: &'t Declarations,
        watched: Option<Symbol>,
    ) -> Self {
        walk::Walk::new(interner, names, declarations, watched).run(items)
    }

    /// The option name at a byte.
    pub fn option_at(&self, offset: u32) -> Option<&OptionName> {
        self.options.iter().find(|one| holds(one.name.span, offset))
    }
}

impl OptionName {
    /// What is declared under the name; none below a map, where any name may stand.
    pub fn declared<'d>(
        &self,
        declarations: &'d Declarations,
        names: &Interner,
    ) -> Option<&'d Declared> {
        declarations.field(self.above.kind, names.text(self.name.symbol))
    }

    /// The whole path with this name.
    pub fn path(&self, names: &Interner) -> Vec<String> {
        let mut path = self.above.path.clone();
        path.push(names.text(self.name.symbol).to_owned());
        path
    }
}
