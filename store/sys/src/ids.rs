//! The user and group ids of a sandbox and what they are outside.
//!
//! In: who we are, `/etc/subuid`, `/etc/subgid`. Out: [`IdMap`], 65536 ids each. Never falls back to a map of one id: packages own
//! files as `daemon` or `_apt`, and a store that forgets owners is wrong.

use crate::error::SandboxError;
use std::fs;
use std::process::Command;

/// How many ids a sandbox has: 0 to 65535.
pub const ID_COUNT: u32 = 65_536;

/// A contiguous range of ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdRange {
    /// First id inside.
    pub inside: u32,
    /// First id outside.
    pub outside: u32,
    /// How many.
    pub count: u32,
}

/// The ids of a sandbox, 0 to 65535, and what they are outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdMap {
    uids: Vec<IdRange>,
    gids: Vec<IdRange>,
    privileged: bool,
}

impl IdMap {
    /// The map for whoever runs this program: the identity for root, otherwise the own id as 0 and the ranges of
    /// `/etc/subuid` and `/etc/subgid` for the rest.
    ///
    /// Errors: [`SandboxError::NoSubIds`] when a range is missing or shorter than 65535 ids.
    pub fn for_current_user() -> Result<Self, SandboxError> {
        let uid = rustix::process::geteuid().as_raw();
        let gid = rustix::process::getegid().as_raw();
        if uid == 0 {
            let identity = vec![IdRange {
                inside: 0,
                outside: 0,
                count: ID_COUNT,
            }];
            return Ok(Self {
                uids: identity.clone(),
                gids: identity,
                privileged: true,
            });
        }
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let user = user_name(&passwd, uid).unwrap_or_else(|| uid.to_string());
        let ranges = |file: &str, own: u32| {
            let text = fs::read_to_string(file).unwrap_or_default();
            let found = subordinate_range(&text, &user, uid);
            match found {
                Some(outside) => Ok(vec![
                    IdRange {
                        inside: 0,
                        outside: own,
                        count: 1,
                    },
                    IdRange {
                        inside: 1,
                        outside,
                        count: ID_COUNT - 1,
                    },
                ]),
                None => Err(SandboxError::NoSubIds {
                    user: user.clone(),
                    reason: format!("{file} gives {user} no range of {} ids", ID_COUNT - 1),
                }),
            }
        };
        Ok(Self {
            uids: ranges("/etc/subuid", uid)?,
            gids: ranges("/etc/subgid", gid)?,
            privileged: false,
        })
    }

    /// What this user id of the sandbox is outside; `None` beyond 65535.
    pub fn uid_outside(&self, inside: u32) -> Option<u32> {
        outside(&self.uids, inside)
    }

    /// What this group id of the sandbox is outside; `None` beyond 65535.
    pub fn gid_outside(&self, inside: u32) -> Option<u32> {
        outside(&self.gids, inside)
    }

    /// Writes the map of a process that has just entered its own user namespace.
    ///
    /// Errors: [`SandboxError::MapIds`], [`SandboxError::NoSubIds`] without `newuidmap`.
    pub(crate) fn write(&self, pid: u32) -> Result<(), SandboxError> {
        if self.privileged {
            write_map_file(pid, "uid_map", &self.uids)?;
            return write_map_file(pid, "gid_map", &self.gids);
        }
        run_map_tool("newuidmap", pid, &self.uids)?;
        run_map_tool("newgidmap", pid, &self.gids)
    }
}

fn outside(ranges: &[IdRange], inside: u32) -> Option<u32> {
    ranges
        .iter()
        .find(|r| inside >= r.inside && inside - r.inside < r.count)
        .map(|r| r.outside + (inside - r.inside))
}

fn write_map_file(pid: u32, file: &str, ranges: &[IdRange]) -> Result<(), SandboxError> {
    let path = format!("/proc/{pid}/{file}");
    let lines: Vec<String> = ranges
        .iter()
        .map(|r| format!("{} {} {}", r.inside, r.outside, r.count))
        .collect();
    fs::write(&path, lines.join("\n")).map_err(|source| SandboxError::MapIds {
        reason: format!("cannot write {path}: {source}"),
    })
}

fn run_map_tool(tool: &str, pid: u32, ranges: &[IdRange]) -> Result<(), SandboxError> {
    let mut command = Command::new(tool);
    command.arg(pid.to_string());
    for range in ranges {
        command.args([range.inside, range.outside, range.count].map(|n| n.to_string()));
    }
    let output = command.output().map_err(|source| SandboxError::NoSubIds {
        user: rustix::process::geteuid().as_raw().to_string(),
        reason: format!("cannot run {tool}: {source}"),
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(SandboxError::MapIds {
        reason: format!("{tool}: {said}"),
    })
}

/// The name of this user in the text of `/etc/passwd`.
fn user_name(passwd: &str, uid: u32) -> Option<String> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

/// The first id of the first range of at least 65535 ids that is the user's in the text of `/etc/subuid`.
fn subordinate_range(text: &str, user: &str, uid: u32) -> Option<u32> {
    text.lines().find_map(|line| {
        let mut fields = line.trim().split(':');
        let owner = fields.next()?;
        let start: u32 = fields.next()?.parse().ok()?;
        let count: u32 = fields.next()?.parse().ok()?;
        let ours = owner == user || owner == uid.to_string();
        (ours && count >= ID_COUNT - 1 && start.checked_add(ID_COUNT - 1).is_some())
            .then_some(start)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_first_range_that_is_long_enough() {
        let text = "other:1:65536\nalice:5000:10\nalice:100000:65536\n";
        assert_eq!(subordinate_range(text, "alice", 1000), Some(100_000));
        assert_eq!(
            subordinate_range("1000:200000:65536\n", "alice", 1000),
            Some(200_000)
        );
        assert_eq!(
            subordinate_range("alice:100000:1000\n", "alice", 1000),
            None
        );
        assert_eq!(subordinate_range("", "alice", 1000), None);
    }

    #[test]
    fn finds_the_user_by_number() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n";
        assert_eq!(user_name(passwd, 1000).as_deref(), Some("alice"));
        assert_eq!(user_name(passwd, 1001), None);
    }

    #[test]
    fn maps_ids_of_both_ranges_and_none_beyond() {
        let ranges = [
            IdRange {
                inside: 0,
                outside: 1000,
                count: 1,
            },
            IdRange {
                inside: 1,
                outside: 100_000,
                count: 65_535,
            },
        ];
        assert_eq!(outside(&ranges, 0), Some(1000));
        assert_eq!(outside(&ranges, 101), Some(100_100));
        assert_eq!(outside(&ranges, 65_536), None);
    }
}
