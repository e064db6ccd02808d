//! What can be said of declared users without a machine.
//!
//! In: the users by login name. Out: problems of their names, numbers, folders and keys. Knows only the system
//! accounts that every Debian has; those of packages are the build's to find.

use super::{Findings, is_absolute, is_login};
use crate::sections::User;
use std::collections::BTreeMap;

/// Debian's fixed system accounts, besides root. Source: base-passwd, `passwd.master`.
const FIXED: [&str; 17] = [
    "_apt", "backup", "bin", "daemon", "games", "irc", "list", "lp", "mail", "man", "news",
    "nobody", "proxy", "sync", "sys", "uucp", "www-data",
];

/// The first number of people's accounts. Source: Debian Policy, 9.2.2.
const FIRST_PERSON: u32 = 1000;

pub(super) fn check(users: &BTreeMap<String, User>, found: &mut Findings) {
    let mut numbers: BTreeMap<u32, &str> = BTreeMap::new();
    for (name, user) in users {
        if !is_login(name) {
            found.add(
                &["users", name],
                "is no login name: a-z, 0-9, _ and -, at most 31",
            );
        } else if FIXED.contains(&name.as_str()) {
            found.add(
                &["users", name],
                "is one of Debian's own system accounts; give the user another name",
            );
        }
        if let Some(uid) = user.uid {
            if let Some(other) = numbers.insert(uid, name) {
                found.add(
                    &["users", name, "uid"],
                    format!("is {uid}, which user `{other}` has already"),
                );
            }
            number(name, user, uid, found);
        }
        texts(name, user, found);
        for group in &user.groups {
            found.require_item(
                is_login(group),
                &["users", name, "groups"],
                group,
                format!("holds \"{group}\", which is no group name"),
            );
        }
        for key in &user.ssh.keys {
            if let Err(cause) = public_key(key.trim()) {
                found.require_item(false, &["users", name, "ssh", "keys"], key, cause);
            }
        }
    }
}

fn number(name: &str, user: &User, uid: u32, found: &mut Findings) {
    let cause = match (name, uid) {
        ("root", 0) => return,
        ("root", _) => "is not 0: root's number is fixed".into(),
        (_, 0) => {
            "is 0, which is root's; for root's powers set `groups = [\"sudo\"]` instead".into()
        }
        (_, 1..FIRST_PERSON) if !user.system => format!(
            "is {uid}: numbers below {FIRST_PERSON} are for services; take one from {FIRST_PERSON}, or set `system = true`"
        ),
        _ => return,
    };
    found.add(&["users", name, "uid"], cause);
}

fn texts(name: &str, user: &User, found: &mut Findings) {
    let clean = |text: &str| !text.contains([':', '\n']);
    found.require(
        is_absolute(&user.shell) && clean(&user.shell),
        &["users", name, "shell"],
        format!("is \"{}\", which is no absolute path", user.shell),
    );
    if let Some(home) = &user.home {
        found.require(
            is_absolute(home) && clean(home),
            &["users", name, "home"],
            format!("is \"{home}\", which is no absolute path"),
        );
    }
    found.require(
        clean(&user.description),
        &["users", name, "description"],
        "holds a colon or a line break",
    );
    if let Some(hash) = &user.password_hash {
        found.require(
            hash.starts_with('$') && clean(hash),
            &["users", name, "password_hash"],
            "is no crypt(5) hash; `mkpasswd` makes one",
        );
    }
}

/// Key types that sshd takes in authorized_keys. Source: sshd(8), "AUTHORIZED_KEYS FILE FORMAT".
const KEY_TYPES: [&str; 7] = [
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];

/// One line of authorized_keys: options where the first field is no key type, the type, the key itself, a comment.
fn public_key(line: &str) -> Result<(), String> {
    if line.contains("PRIVATE KEY") {
        return Err("holds a private key: take the line of the file that ends in .pub".into());
    }
    if line.contains('\n') {
        return Err("holds several lines in one item: one public key for each item".into());
    }
    let is_type = |field: &&str| KEY_TYPES.contains(field);
    let rest = if line.split_whitespace().next().as_ref().is_some_and(is_type) {
        line
    } else {
        after_options(line)
    };
    let mut fields = rest.split_whitespace();
    let Some(kind) = fields.next().filter(is_type) else {
        return Err(format!(
            "holds \"{line}\", which is no public key: one line such as \"ssh-ed25519 AAAA… ada@home\", of type {}",
            KEY_TYPES.join(", ")
        ));
    };
    let blob = fields.next().unwrap_or_default();
    if names_type(blob, kind) {
        Ok(())
    } else {
        Err(format!(
            "holds a key of type {kind} whose second part is not such a key: copy the whole line of the file that ends in .pub"
        ))
    }
}

/// What follows the first field, in whose quotes blanks do not count.
fn after_options(line: &str) -> &str {
    let mut quoted = false;
    let mut escaped = false;
    for (at, letter) in line.char_indices() {
        match letter {
            '"' if !escaped => quoted = !quoted,
            ' ' | '\t' if !quoted => return &line[at..],
            _ => {}
        }
        escaped = letter == '\\' && !escaped;
    }
    ""
}

/// Whether a key's base64 is whole fields, of which the first is this type. Source: RFC 4253, 6.6.
fn names_type(blob: &str, kind: &str) -> bool {
    let Some(bytes) = decoded(blob) else {
        return false;
    };
    let mut fields = Vec::new();
    let mut rest = bytes.as_slice();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let field = usize::try_from(u32::from_be_bytes(*length))
            .ok()
            .and_then(|length| after.split_at_checked(length));
        let Some((field, after)) = field else {
            return false;
        };
        fields.push(field);
        rest = after;
    }
    rest.is_empty() && fields.len() >= 2 && fields[0] == kind.as_bytes()
}

/// The bytes of padded base64. Source: RFC 4648, 4.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let letters = text.trim_end_matches('=');
    let padding = text.len() - letters.len();
    if !text.len().is_multiple_of(4) || padding > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(letters.len() * 3 / 4);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for letter in letters.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xff_ffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).ok()?);
        }
    }
    Some(bytes)
}
