//! The language server: what an editor asks about a configuration, over standard input and output.
//!
//! In: the protocol's messages. Out: diagnostics, hover, completion, definitions, references, renames, formatting, fixes of lints. The way
//! through: `server` reads messages, `project` says to which configuration a file belongs, `names` and `places` say
//! what each word of it means, and each feature is a file. Builds nothing and touches no store.

mod actions;
mod check;
mod checks;
mod completion;
mod definition;
mod documents;
mod formatting;
mod host;
mod hover;
mod named_type;
mod names;
mod options;
mod packages;
mod paths;
mod places;
mod position;
mod project;
mod rename;
mod requests;
mod server;
mod shelf;
mod symbols;
mod target;
mod uri;
mod value;

pub use packages::{Listing, Package, PackageSource};
pub use server::{Ended, ServeError, serve};
