//! What no compiler holds: layers, headers, sizes, error pages, error codes without a claim, purity, and files that nobody compiles.

mod error_claims;
mod error_pages;
mod headers;
mod hosts;
mod layering;
mod orphans;
mod panics;
mod purity;
mod sizes;

/// Claims that a rule has no complaints.
#[track_caller]
fn holds(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
