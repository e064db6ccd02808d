//! The lines of the index, one for each record or object; fields are separated by a space.
//!
//! In: what was read. Out: a line, and the same again. What could not be read makes no line.

use crate::gc::ObjectFile;
use crate::paths::PathRecord;
use cairn_graph::{ActionKey, Content, Digest, StorePath};
use std::fmt::Write as _;

/// What a line says.
pub(crate) trait Row: Sized {
    /// Adds the line; says whether it can be remembered.
    fn write(&self, out: &mut String) -> bool;
    /// Reads a line without its line feed.
    fn parse(line: &str) -> Option<Self>;
}

/// Writes into a String, which cannot fail.
macro_rules! put {
    ($out:expr, $($words:tt)*) => { let _ = write!($out, $($words)*); };
}

/// `<hash>-<name> file|exec <digest> <bytes> [<reference>…]`, or `<hash>-<name> tree <digest> [<reference>…]`.
impl Row for (StorePath, Option<PathRecord>) {
    fn write(&self, out: &mut String) -> bool {
        let (path, Some(record)) = self else {
            return false;
        };
        put!(out, "{} {}", path.base_name(), record.content);
        if let Content::File { size, .. } = record.content {
            put!(out, " {size}");
        }
        for reference in &record.references {
            put!(out, " {}", reference.base_name());
        }
        out.push('\n');
        true
    }

    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split(' ');
        let path = fields.next()?.parse().ok()?;
        let kind = fields.next()?;
        let digest = fields.next()?.parse().ok()?;
        let content = match kind {
            "tree" => Content::Tree { digest },
            "file" | "exec" => Content::File {
                digest,
                size: fields.next()?.parse().ok()?,
                executable: kind == "exec",
            },
            _ => return None,
        };
        let references: Result<_, _> = fields.map(str::parse).collect();
        let record = PathRecord {
            version: 1,
            content,
            references: references.ok()?,
        };
        Some((path, Some(record)))
    }
}

/// `<action> <hash>-<name>`.
impl Row for (ActionKey, Option<StorePath>) {
    fn write(&self, out: &mut String) -> bool {
        let (key, Some(path)) = self else {
            return false;
        };
        put!(out, "{key} {}\n", path.base_name());
        true
    }

    fn parse(line: &str) -> Option<Self> {
        let (key, path) = line.split_once(' ')?;
        Some((key.parse().ok()?, Some(path.parse().ok()?)))
    }
}

/// `<action> [<action>…]`.
impl Row for (ActionKey, Option<Vec<ActionKey>>) {
    fn write(&self, out: &mut String) -> bool {
        let (key, Some(inputs)) = self else {
            return false;
        };
        put!(out, "{key}");
        for input in inputs {
            put!(out, " {input}");
        }
        out.push('\n');
        true
    }

    fn parse(line: &str) -> Option<Self> {
        let mut keys = line.split(' ').map(str::parse);
        let key = keys.next()?.ok()?;
        let inputs: Result<_, _> = keys.collect();
        Some((key, Some(inputs.ok()?)))
    }
}

/// `<digest>[.x] <bytes>`.
impl Row for ObjectFile {
    fn write(&self, out: &mut String) -> bool {
        let form = if self.executable { ".x" } else { "" };
        put!(out, "{}{form} {}\n", self.digest, self.size);
        true
    }

    fn parse(line: &str) -> Option<Self> {
        let (name, size) = line.split_once(' ')?;
        let hex = name.strip_suffix(".x");
        let digest: Digest = hex.unwrap_or(name).parse().ok()?;
        Some(Self {
            digest,
            executable: hex.is_some(),
            size: size.parse().ok()?,
            changed: None,
        })
    }
}
