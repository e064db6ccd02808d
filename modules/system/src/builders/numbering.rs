//! Keeps the numbers of the packages' own accounts where they were.
//!
//! Debian gives a system account the next free number at configuration, so it depends on which other packages are there:
//! a package more, and `sshd` is somebody else's number, while `/var` lives on. So the lock remembers what numbers came out, and
//! systemd-sysusers is told of them by drop-ins that exist only while packages are configured.
//! In: the packages' sysusers.d files and the lock's numbers. Out: the drop-ins. Source: sysusers.d(5).

use crate::machine::accounts::{Accounts, Numbers};
use std::collections::BTreeMap;

/// Where packages describe their accounts.
pub const SYSUSERS: &str = "usr/lib/sysusers.d";
/// Numbers that are given at configuration. Below are Debian's fixed ones, above are people.
const GIVEN: std::ops::Range<u32> = 100..1000;

/// The numbers that a root's system accounts came out with.
pub fn observed(passwd: &str, group: &str) -> Numbers {
    let accounts = Accounts::parse(passwd, group, "", "");
    let given = |(name, id): (&str, u32)| GIVEN.contains(&id).then(|| (name.to_owned(), id));
    Numbers {
        users: accounts.uids().filter_map(given).collect(),
        groups: accounts.gids().filter_map(given).collect(),
    }
}

/// Drop-ins by file name: the packages' own texts with numbers in place of `-`. A file without known accounts has none.
pub fn drop_ins(files: &BTreeMap<String, String>, numbers: &Numbers) -> BTreeMap<String, String> {
    let mut changed = BTreeMap::new();
    for (name, text) in files {
        let numbered: String = text
            .lines()
            .map(|line| numbered(line, numbers) + "\n")
            .collect();
        if numbered.trim_end() != text.trim_end() {
            changed.insert(name.clone(), numbered);
        }
    }
    changed
}

/// One line with its account's number, where that is known and the package leaves it open.
fn numbered(line: &str, numbers: &Numbers) -> String {
    let mut words = line.split_whitespace();
    let (Some(kind), Some(name), Some(id)) = (words.next(), words.next(), words.next()) else {
        return line.into();
    };
    let rest = |word: &str| {
        let at = word.as_ptr() as usize - line.as_ptr() as usize + word.len();
        &line[at..]
    };
    match kind.trim_end_matches('!') {
        "g" if id == "-" => match numbers.groups.get(name) {
            Some(gid) => format!("{kind} {name} {gid}{}", rest(id)),
            None => line.into(),
        },
        "u" if id == "-" || id.starts_with("-:") => {
            match (numbers.users.get(name), numbers.groups.get(name)) {
                // `-:group` says the primary group; else it has the user's name, and must come first to have another number.
                (Some(uid), _) if id.starts_with("-:") => {
                    format!("{kind} {name} {uid}{}{}", &id[1..], rest(id))
                }
                (Some(uid), Some(gid)) if uid != gid => {
                    format!("g {name} {gid}\n{kind} {name} {uid}:{gid}{}", rest(id))
                }
                (Some(uid), _) => format!("{kind} {name} {uid}{}", rest(id)),
                (None, _) => line.into(),
            }
        }
        _ => line.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drop_in(text: &str) -> Option<String> {
        let numbers = observed(
            "root:x:0:0::/root:/bin/sh\nsshd:x:990:65534::/run/sshd:/usr/sbin/nologin\ndb:x:150:151::/:/bin/false\nada:x:1000:1000::/:/bin/sh\n",
            "root:x:0:\ninput:x:997:\ndb:x:151:\nada:x:1000:\n",
        );
        drop_ins(
            &BTreeMap::from([("x.conf".to_owned(), text.to_owned())]),
            &numbers,
        )
        .remove("x.conf")
    }

    #[test]
    fn an_open_number_becomes_the_one_of_the_lock() {
        let text = "# groups\ng input - -\nu! sshd -:65534 \"sshd user\" /run/sshd\n";
        let expected = "# groups\ng input 997 -\nu! sshd 990:65534 \"sshd user\" /run/sshd\n";
        assert_eq!(drop_in(text).as_deref(), Some(expected));
    }

    #[test]
    fn a_user_whose_group_has_another_number_gets_both() {
        assert_eq!(
            drop_in("u db - \"Db\"\n").as_deref(),
            Some("g db 151\nu db 150:151 \"Db\"\n")
        );
    }

    #[test]
    fn fixed_and_unknown_accounts_are_left_alone() {
        assert_eq!(
            drop_in("u root 0 - /root\ng new -\nu ada - -\nm ada input\n"),
            None
        );
    }
}
