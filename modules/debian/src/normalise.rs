//! What is made equal so that the same packages give the same root, each rule with its reason.
//!
//! Path rules run at the end of the [recipe](crate::recipe)'s script; [`mtime`] is applied by whoever reads the result.

/// What is done to the paths of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The path is removed, with all below it.
    Remove,
    /// The file is made empty, if it exists.
    Empty,
}

/// One rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Patterns of the shell, absolute, separated by blanks; one path where the action is [`Action::Empty`].
    pub pattern: &'static str,
    /// What happens.
    pub action: Action,
    /// Why.
    pub reason: &'static str,
}

/// The path rules, in order.
pub const RULES: &[Rule] = &[
    remove(
        "/etc/ssh/ssh_host_*",
        "host keys are secrets of one machine; a unit makes them at its first boot",
    ),
    empty(
        "/etc/machine-id",
        "identifies one machine; systemd fills an empty one at boot",
    ),
    remove(
        "/var/lib/dbus/machine-id",
        "a copy of the machine's identity",
    ),
    remove(
        "/etc/passwd- /etc/shadow- /etc/group- /etc/gshadow- /etc/subuid- /etc/subgid-",
        "backups of what an earlier script left",
    ),
    remove("/etc/.pwd.lock", "the lock of a finished program"),
    remove(
        "/var/lib/dpkg/*-old /var/cache/debconf/*-old",
        "backups of what an earlier script left",
    ),
    remove(
        "/var/lib/dpkg/lock /var/lib/dpkg/lock-frontend /var/lib/dpkg/triggers/Lock",
        "locks of a finished program",
    ),
    remove(
        "/var/log/*.log /var/log/apt/*",
        "says when and how it was built, not what it is",
    ),
    remove(
        "/var/cache/ldconfig/aux-cache",
        "holds inode numbers and times of the machine that built it",
    ),
    remove(
        "/var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/apt/archives/*.deb",
        "the lock says what the archive has",
    ),
    remove(
        "/var/lib/systemd/random-seed /var/lib/systemd/credential.secret",
        "secrets of one machine",
    ),
    remove(
        "/var/cache/man/*",
        "an index with the times of its making; `man` works without, its timer makes it again",
    ),
    remove("/tmp/* /var/tmp/* /root/.cache", "left over by scripts"),
];

const fn remove(pattern: &'static str, reason: &'static str) -> Rule {
    Rule {
        pattern,
        action: Action::Remove,
        reason,
    }
}

const fn empty(pattern: &'static str, reason: &'static str) -> Rule {
    Rule {
        pattern,
        action: Action::Empty,
        reason,
    }
}

/// The rules as lines of a shell script.
pub(crate) fn script() -> String {
    let line = |rule: &Rule| match rule.action {
        Action::Remove => format!("rm -rf {}  # {}\n", rule.pattern, rule.reason),
        Action::Empty => format!(
            "if [ -e {0} ]; then : > {0}; fi  # {1}\n",
            rule.pattern, rule.reason
        ),
    };
    RULES.iter().map(line).collect()
}

/// The time of an entry that scripts made or touched: never later than `epoch` (seconds since 1970).
///
/// Earlier times are the packages' own and stay, because compiled Python and font caches check them.
pub fn mtime(found: i64, epoch: i64) -> i64 {
    found.min(epoch)
}
