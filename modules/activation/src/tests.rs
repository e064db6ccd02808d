//! Claims on whole applications.
