//! Where the machine gets Debian from: apt's own sources.
//!
//! In: texts of `sources.list` and `sources.list.d/*`. Out: the mirrors of a suite. Third parties are passed over.
//! Source: sources.list(5).

/// One repository of the sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Base address without a trailing slash.
    pub uri: String,
    /// `trixie`, `trixie-updates` …
    pub suites: Vec<String>,
    /// `main` …
    pub components: Vec<String>,
    /// Keyring paths; empty when it isn't said or the key stands in the file itself.
    pub signed_by: Vec<String>,
}

/// Where a suite comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirrors {
    /// The main archive, without a trailing slash.
    pub debian: String,
    /// The security archive, where the machine names one.
    pub security: Option<String>,
    /// Keyring paths that the sources name.
    pub keyrings: Vec<String>,
}

/// The repositories of one file: `.sources` by its name, one line each otherwise.
pub fn parse(file_name: &str, text: &str) -> Vec<Repository> {
    todo!()
}

/// The mirrors to use for `suite`: those of a repository that serves it, else of one that serves any suite of Debian.
pub fn find_mirrors(repositories: &[Repository], suite: &str) -> Option<Mirrors> {
    todo!()
}
