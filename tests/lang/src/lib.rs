//! The language test suite: sections of annotated files, run through parser, evaluator and options.
//!
//! In: the texts of `suite/**/*.cairn`. Out: what each section comes to, as the comment lines that the file should
//! hold. Knows nothing of Debian, stores and machines: the host keeps its files in memory.

pub mod difference;
pub mod host;
pub mod outcome;
pub mod section;
