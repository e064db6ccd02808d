//! Users and groups: the account files of a root, with the declared accounts in them.
//!
//! In: the texts of passwd, group, shadow and gshadow as the packages left them, the declared users and
//! groups and their numbers. Out: the four texts. Allocates no numbers ([`crate::numbers`] does) and reads no file.

use cairn_spec::{Group, User};
use std::collections::{BTreeMap, BTreeSet};

/// The four files, one `:`-separated line an account. Source: passwd(5), group(5), shadow(5), gshadow(5).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accounts {
    passwd: Vec<Vec<String>>,
    group: Vec<Vec<String>>,
    shadow: Vec<Vec<String>>,
    gshadow: Vec<Vec<String>>,
}

/// Numbers of declared accounts, kept in the lock so that they never move.
pub use cairn_debian::lock::Numbers;

/// Why accounts can't be made.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AccountError {
    /// A user is to be in a group that no package and no definition makes.
    #[error("user `{user}` is to be in group `{group}`, which does not exist{}", nearest.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
    NoGroup {
        /// The user.
        user: String,
        /// The missing group.
        group: String,
        /// The most similar name of a group that exists.
        nearest: Option<String>,
    },
    /// Two accounts have one number.
    #[error("user `{user}` has the number {uid}, which `{other}` has already")]
    TakenUid {
        /// The declared user.
        user: String,
        /// The number.
        uid: u32,
        /// Who has it.
        other: String,
    },
    /// A declared user has the name of a package's system account.
    #[error(
        "user `{user}` is a system account of a package (number {uid}); give the declared user another name"
    )]
    SystemAccount {
        /// The declared user.
        user: String,
        /// The account's number.
        uid: u32,
    },
    /// A number was not allocated before.
    #[error("no number is allocated for `{0}`")]
    NoNumber(String),
}

fn parse(text: &str) -> Vec<Vec<String>> {
    text.lines()
        .filter(|line| !line.is_empty())
        .map(|line| line.split(':').map(str::to_owned).collect())
        .collect()
}

fn print(lines: &[Vec<String>]) -> String {
    lines.iter().map(|line| line.join(":") + "\n").collect()
}

fn row(fields: &[&str]) -> Vec<String> {
    fields.iter().map(|field| (*field).to_owned()).collect()
}

impl Accounts {
    /// Reads the four texts; a missing file is an empty text.
    pub fn parse(passwd: &str, group: &str, shadow: &str, gshadow: &str) -> Self {
        Self {
            passwd: parse(passwd),
            group: parse(group),
            shadow: parse(shadow),
            gshadow: parse(gshadow),
        }
    }

    /// The texts of passwd, group, shadow and gshadow.
    pub fn print(&self) -> [String; 4] {
        [
            print(&self.passwd),
            print(&self.group),
            print(&self.shadow),
            print(&self.gshadow),
        ]
    }

    /// The uid of a name.
    pub fn uid(&self, name: &str) -> Option<u32> {
        number(&self.passwd, name)
    }

    /// The gid of a name.
    pub fn gid(&self, name: &str) -> Option<u32> {
        number(&self.group, name)
    }

    /// All users with their uids.
    pub fn uids(&self) -> impl Iterator<Item = (&str, u32)> {
        numbers_of(&self.passwd)
    }

    /// All groups with their gids.
    pub fn gids(&self) -> impl Iterator<Item = (&str, u32)> {
        numbers_of(&self.group)
    }

    /// Adds or changes the declared groups and users.
    ///
    /// Errors: [`AccountError`], nothing is changed half: the caller drops `self` then.
    pub fn declare(
        &mut self,
        users: &BTreeMap<String, User>,
        groups: &BTreeMap<String, Group>,
        numbers: &Numbers,
        epoch_days: i64,
    ) -> Result<(), AccountError> {
        for name in groups.keys() {
            self.add_group(name, numbers)?;
        }
        for (name, user) in users {
            self.declare_user(name, user, numbers, epoch_days)?;
        }
        for (name, user) in users {
            for group in user.groups.iter().collect::<BTreeSet<_>>() {
                self.join(name, group)?;
            }
        }
        Ok(())
    }

    fn add_group(&mut self, name: &str, numbers: &Numbers) -> Result<(), AccountError> {
        if self.gid(name).is_none() {
            let gid = numbers
                .groups
                .get(name)
                .ok_or_else(|| AccountError::NoNumber(name.into()))?;
            self.group.push(row(&[name, "x", &gid.to_string(), ""]));
            self.gshadow.push(row(&[name, "!", "", ""]));
        }
        Ok(())
    }

    fn declare_user(
        &mut self,
        name: &str,
        user: &User,
        numbers: &Numbers,
        epoch_days: i64,
    ) -> Result<(), AccountError> {
        if let Some(uid) = self.uid(name).filter(|uid| is_system(name, *uid)) {
            return Err(AccountError::SystemAccount {
                user: name.into(),
                uid,
            });
        }
        let password = user.password_hash.as_deref();
        if let Some(line) = self.passwd.iter_mut().find(|line| line[0] == name) {
            line.resize(7, String::new());
            line[6].clone_from(&user.shell);
            line[5] = user.home_of(name);
            if !user.description.is_empty() {
                line[4].clone_from(&user.description);
            }
            if let (Some(hash), Some(line)) = (
                password,
                self.shadow.iter_mut().find(|line| line[0] == name),
            ) {
                line[1] = hash.into();
            }
            return Ok(());
        }
        let uid = *numbers
            .users
            .get(name)
            .ok_or_else(|| AccountError::NoNumber(name.into()))?;
        if let Some(other) = self
            .passwd
            .iter()
            .find(|line| line.get(2).is_some_and(|n| *n == uid.to_string()))
        {
            return Err(AccountError::TakenUid {
                user: name.into(),
                uid,
                other: other[0].clone(),
            });
        }
        self.add_group(name, numbers)?;
        let gid = self
            .gid(name)
            .ok_or_else(|| AccountError::NoNumber(name.into()))?;
        let home = user.home_of(name);
        self.passwd.push(row(&[
            name,
            "x",
            &uid.to_string(),
            &gid.to_string(),
            &user.description,
            &home,
            &user.shell,
        ]));
        let days = epoch_days.to_string();
        self.shadow.push(row(&[
            name,
            password.unwrap_or("*"),
            &days,
            "0",
            "99999",
            "7",
            "",
            "",
            "",
        ]));
        Ok(())
    }

    fn join(&mut self, user: &str, group: &str) -> Result<(), AccountError> {
        let Some(index) = self.group.iter().position(|line| line[0] == group) else {
            let nearest = cairn_syntax::suggest::nearest(
                group,
                self.group.iter().map(|line| line[0].as_str()),
            );
            return Err(AccountError::NoGroup {
                user: user.into(),
                group: group.into(),
                nearest: nearest.map(Into::into),
            });
        };
        let shadow = self.gshadow.iter_mut().find(|line| line[0] == group);
        for line in std::iter::once(&mut self.group[index]).chain(shadow) {
            line.resize(4, String::new());
            let mut members: Vec<&str> = line[3].split(',').filter(|m| !m.is_empty()).collect();
            if !members.contains(&user) {
                members.push(user);
                line[3] = members.join(",");
            }
        }
        Ok(())
    }
}

/// Numbers of people begin here. Source: Debian Policy, 9.2.2.
const FIRST_PERSON: u32 = 1000;

/// Whether an account of the packages belongs to a service; root is everybody's to refine.
fn is_system(name: &str, uid: u32) -> bool {
    name != "root" && uid < FIRST_PERSON
}

fn numbers_of(lines: &[Vec<String>]) -> impl Iterator<Item = (&str, u32)> {
    lines
        .iter()
        .filter_map(|line| Some((line[0].as_str(), line.get(2)?.parse().ok()?)))
}

fn number(lines: &[Vec<String>], name: &str) -> Option<u32> {
    lines
        .iter()
        .find(|line| line[0] == name)?
        .get(2)?
        .parse()
        .ok()
}

/// One past the last number of people's accounts. Source: Debian Policy, 9.2.2.
const ACCOUNT_LIMIT: u32 = 60_000;

/// Numbers for all declared accounts: those of `before` stay, a declared `uid` or `gid` wins, new ones take the
/// lowest free from 1000 (800 for system accounts) in the order of their names.
pub fn allocate(
    users: &BTreeMap<String, User>,
    groups: &BTreeMap<String, Group>,
    before: &Numbers,
) -> Numbers {
    let mut numbers = before.clone();
    let mut taken: BTreeSet<u32> = before
        .users
        .values()
        .chain(before.groups.values())
        .copied()
        .collect();
    taken.extend(users.values().filter_map(|user| user.uid));
    taken.extend(groups.values().filter_map(|group| group.gid));
    let mut free = |system: bool| {
        let first = if system { 800 } else { FIRST_PERSON };
        let number = (first..ACCOUNT_LIMIT)
            .find(|n| !taken.contains(n))
            .unwrap_or(first);
        taken.insert(number);
        number
    };
    for (name, user) in users.iter().filter(|(name, _)| *name != "root") {
        if let Some(uid) = user.uid {
            numbers.users.insert(name.clone(), uid);
        } else if !numbers.users.contains_key(name) {
            numbers.users.insert(name.clone(), free(user.system));
        }
        let uid = numbers.users[name];
        numbers.groups.entry(name.clone()).or_insert(uid);
    }
    for (name, group) in groups {
        if let Some(gid) = group.gid {
            numbers.groups.insert(name.clone(), gid);
        } else if !numbers.groups.contains_key(name) {
            numbers.groups.insert(name.clone(), free(false));
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(groups: &[&str]) -> User {
        User {
            uid: None,
            groups: groups.iter().map(|g| (*g).to_owned()).collect(),
            shell: "/bin/bash".into(),
            home: None,
            description: String::new(),
            password_hash: None,
            ssh: cairn_spec::Ssh::default(),
            system: false,
        }
    }

    fn base() -> Accounts {
        Accounts::parse(
            "root:x:0:0:root:/root:/bin/sh\n",
            "root:x:0:\nsudo:x:27:\n",
            "root:*:1::::::\n",
            "root:*::\nsudo:*::\n",
        )
    }

    #[test]
    fn adds_a_user_with_a_group_of_its_own_and_membership() {
        let users = BTreeMap::from([("ada".to_owned(), user(&["sudo"]))]);
        let numbers = allocate(&users, &BTreeMap::new(), &Numbers::default());
        let mut accounts = base();
        accounts
            .declare(&users, &BTreeMap::new(), &numbers, 20000)
            .unwrap();
        let [passwd, group, shadow, gshadow] = accounts.print();
        assert!(
            passwd.ends_with("ada:x:1000:1000::/home/ada:/bin/bash\n"),
            "{passwd}"
        );
        assert!(
            group.contains("sudo:x:27:ada\n") && group.ends_with("ada:x:1000:\n"),
            "{group}"
        );
        assert!(shadow.ends_with("ada:*:20000:0:99999:7:::\n"), "{shadow}");
        assert!(gshadow.contains("sudo:*::ada\n"), "{gshadow}");
    }

    #[test]
    fn a_missing_group_is_named_with_the_nearest() {
        let users = BTreeMap::from([("ada".to_owned(), user(&["sudoo"]))]);
        let numbers = allocate(&users, &BTreeMap::new(), &Numbers::default());
        let error = base()
            .declare(&users, &BTreeMap::new(), &numbers, 0)
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "user `ada` is to be in group `sudoo`, which does not exist; did you mean `sudo`?"
        );
    }

    #[test]
    fn a_packages_system_account_stays_as_the_package_made_it() {
        let with_sshd = || {
            Accounts::parse(
                "root:x:0:0:root:/root:/bin/sh\nsshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n",
                "root:x:0:\n",
                "root:*:1::::::\nsshd:!:1::::::\n",
                "root:*::\n",
            )
        };
        let declare = |name: &str| {
            let users = BTreeMap::from([(name.to_owned(), user(&[]))]);
            let numbers = allocate(&users, &BTreeMap::new(), &Numbers::default());
            with_sshd().declare(&users, &BTreeMap::new(), &numbers, 0)
        };
        assert_eq!(
            declare("sshd").unwrap_err().to_string(),
            "user `sshd` is a system account of a package (number 100); give the declared user another name"
        );
        assert_eq!(declare("root"), Ok(()));
        assert_eq!(declare("ada"), Ok(()));
    }

    #[test]
    fn a_new_user_does_not_move_the_numbers_of_others() {
        let one = BTreeMap::from([("mia".to_owned(), user(&[]))]);
        let before = allocate(&one, &BTreeMap::new(), &Numbers::default());
        let two = BTreeMap::from([("mia".to_owned(), user(&[])), ("ada".to_owned(), user(&[]))]);
        let after = allocate(&two, &BTreeMap::new(), &before);
        assert_eq!(after.users["mia"], 1000);
        assert_eq!(after.users["ada"], 1001);
    }
}
