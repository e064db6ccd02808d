//! Claims about options.
