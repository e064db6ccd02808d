//! What the archive says of an entry before the entry: long names of GNU tar, and records of pax.
//!
//! In: the bodies of such headers. Out: an [`Extension`] for the next entry. Whatever would make two readers see two
//! things (a name that is told twice, a size that contradicts the head, a record that is cut) is refused.
//! Source: tar(5), "Pax Interchange Format" and "GNU tar archives".

use std::collections::BTreeMap;

/// The most bytes of one such header: a path, a target and all extended attributes of an entry fit.
pub(super) const BYTES_MAX: u64 = 256 * 1024;

/// What is known of the next entry.
#[derive(Debug, Default)]
pub(super) struct Extension {
    pub(super) path: Option<Vec<u8>>,
    pub(super) target: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) uid: Option<u64>,
    pub(super) gid: Option<u64>,
    pub(super) mtime: Option<i64>,
    pub(super) xattrs: BTreeMap<String, Vec<u8>>,
    has_pax: bool,
}

const TWICE: &str = "it is told twice what the entry is";

impl Extension {
    /// Whether a header said anything of the next entry.
    pub(super) fn is_any(&self) -> bool {
        self.has_pax || self.path.is_some() || self.target.is_some()
    }

    /// Takes the body of a GNU long name.
    pub(super) fn long_path(&mut self, body: Vec<u8>) -> Result<(), &'static str> {
        once(&mut self.path, until_nul(body))
    }

    /// Takes the body of a GNU long link target.
    pub(super) fn long_target(&mut self, body: Vec<u8>) -> Result<(), &'static str> {
        once(&mut self.target, until_nul(body))
    }

    /// Takes the body of a pax header.
    pub(super) fn pax(&mut self, mut rest: &[u8]) -> Result<(), &'static str> {
        if std::mem::replace(&mut self.has_pax, true) {
            return Err(TWICE);
        }
        while !rest.is_empty() {
            let (key, value, after) = record(rest).ok_or("a pax record is damaged")?;
            rest = after;
            match key {
                "path" => once(&mut self.path, value.to_vec())?,
                "linkpath" => once(&mut self.target, value.to_vec())?,
                "size" => once(&mut self.size, number(value)?)?,
                "uid" => once(&mut self.uid, number(value)?)?,
                "gid" => once(&mut self.gid, number(value)?)?,
                "mtime" => once(&mut self.mtime, seconds(value)?)?,
                key if key.starts_with("GNU.sparse.") => return Err("sparse files are unknown"),
                key => {
                    if let Some(name) = key.strip_prefix("SCHILY.xattr.")
                        && self.xattrs.insert(name.into(), value.into()).is_some()
                    {
                        return Err(TWICE);
                    }
                }
            }
        }
        Ok(())
    }
}

fn once<T>(place: &mut Option<T>, value: T) -> Result<(), &'static str> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(TWICE),
    }
}

fn until_nul(mut body: Vec<u8>) -> Vec<u8> {
    if let Some(end) = body.iter().position(|byte| *byte == 0) {
        body.truncate(end);
    }
    body
}

/// `<length> <key>=<value>\n`, the length in decimal and that of the whole record; and what follows it.
fn record(text: &[u8]) -> Option<(&str, &[u8], &[u8])> {
    let blank = text.iter().take(20).position(|byte| *byte == b' ')?;
    let length: usize = number(&text[..blank]).ok()?.try_into().ok()?;
    let (record, after) = text.split_at_checked(length)?;
    let record = record.get(blank + 1..)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    let key = std::str::from_utf8(&record[..equals]).ok()?;
    Some((key, &record[equals + 1..], after))
}

fn number(text: &[u8]) -> Result<u64, &'static str> {
    let digits = std::str::from_utf8(text).ok().filter(|text| {
        let mut bytes = text.bytes();
        bytes.all(|byte| byte.is_ascii_digit())
    });
    digits
        .and_then(|digits| digits.parse().ok())
        .ok_or("a number in a pax record is none")
}

/// Whole seconds of a decimal number, downwards.
fn seconds(text: &[u8]) -> Result<i64, &'static str> {
    let fault = "a time in a pax record is none";
    let text = std::str::from_utf8(text).map_err(|_| fault)?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(fault);
    }
    let seconds: i64 = whole.parse().map_err(|_| fault)?;
    let before = whole.starts_with('-') && fraction.bytes().any(|byte| byte != b'0');
    seconds.checked_sub(i64::from(before)).ok_or(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(records: &[u8]) -> Result<Extension, &'static str> {
        let mut extension = Extension::default();
        extension.pax(records).map(|()| extension)
    }

    #[test]
    fn records_are_read_by_their_length_not_by_their_lines() {
        let read =
            read(b"13 path=a\nb=\n27 SCHILY.xattr.user.n=\n\n\0\n20 mtime=-1.5000000\n").unwrap();
        assert_eq!(read.path.as_deref(), Some(&b"a\nb="[..]));
        assert_eq!(read.xattrs["user.n"], b"\n\n\0");
        assert_eq!(read.mtime, Some(-2));
    }

    #[test]
    fn damaged_and_repeated_records_are_refused() {
        for records in [
            &b"8 path=a"[..],
            b"99 path=a\n",
            b"9 path=a\n9 path=b\n",
            b"+9 path=a\n",
            b"0 \n",
            b" path=a\n",
            b"18446744073709551615 path=a\n",
            b"9 size=-1\n",
            b"7 patha\n",
            b"22 GNU.sparse.major=1\n",
            b"13 mtime=1.x\n",
        ] {
            assert!(read(records).is_err(), "{}", records.escape_ascii());
        }
    }
}
