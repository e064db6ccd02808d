//! How `cairn` ends: the exit codes that scripts may rely on.

/// An exit code with a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All is done.
    Done,
    /// Something failed; the error was printed.
    Failed,
    /// The command line, or what it needs from its terminal, is wrong.
    Usage,
    /// There was nothing to do, and `--exit-unchanged` asked to be told.
    Unchanged,
    /// A build failed.
    BuildFailed,
    /// A build ran out of time.
    BuildTimedOut,
    /// A download or a fixed output has another content than its hash.
    HashMismatch,
    /// A build that was done again came out differently.
    Differs,
    /// Ctrl-C or a signal to end.
    Interrupted,
}

impl Exit {
    /// The number for the shell.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Unchanged => 77,
            Self::BuildFailed => 100,
            Self::BuildTimedOut => 101,
            Self::HashMismatch => 102,
            Self::Differs => 104,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
