//! The joint: the only crate that sees both the language and the store.
//!
//! In: a configuration file, a root folder, the machine's mirrors. Out: generations. The line is
//! [`evaluate`] → [`locking`] → [`lowering`] → [`builders`] → [`session`].

pub mod archive;
pub mod builders;
pub mod described;
pub mod description;
pub mod disk_image;
pub mod evaluate;
pub mod expression;
pub mod host;
pub mod library;
pub mod locking;
pub mod lowering;
pub mod machine;
pub mod machine_switch;
pub mod manifest;
pub mod offered;
pub mod session;
pub mod source;
pub mod tasks;

pub use evaluate::{EvaluateError, Evaluated, Faulty};
pub use expression::Expression;
pub use lowering::{Lowered, LoweredBuilds};
pub use manifest::SystemManifest;
pub use session::{Locked, Made, Options, Session, SessionError};
