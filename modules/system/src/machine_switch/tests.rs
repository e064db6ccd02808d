//! Claims on switching.
