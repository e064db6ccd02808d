//! Archives whose every field can lie, and what reading them comes to.

use cairn_fetch::{DebError, DebReader, Limits, Member};
use std::io::{self, Read};

pub const BLOCK: usize = 512;
/// What a tar ends with.
pub const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

/// One head of a tar, field by field, so that every field can lie.
#[derive(Clone)]
pub struct Head {
    bytes: [u8; BLOCK],
}

impl Head {
    pub fn new(name: &[u8], kind: u8) -> Self {
        let mut bytes = [0; BLOCK];
        bytes[257..265].copy_from_slice(b"ustar  \0");
        let head = Self { bytes }.put(0, name).put(156, &[kind]);
        let head = head
            .put(100, b"0000644\0")
            .put(108, b"0000000\0")
            .put(116, b"0000000\0");
        head.put(124, b"00000000000\0").put(136, b"00000000001\0")
    }

    pub fn put(mut self, at: usize, field: &[u8]) -> Self {
        self.bytes[at..at + field.len()].copy_from_slice(field);
        self
    }

    pub fn link(self, target: &[u8]) -> Self {
        self.put(157, target)
    }

    pub fn size(self, size: u64) -> Self {
        self.put(124, format!("{size:011o}\0").as_bytes())
    }

    /// The head with a right checksum, and the body, padded.
    pub fn with(mut self, body: &[u8]) -> Vec<u8> {
        self.bytes[148..156].copy_from_slice(b"        ");
        let sum: u32 = self.bytes.iter().map(|byte| u32::from(*byte)).sum();
        self.bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let mut entry = self.bytes.to_vec();
        entry.extend(body);
        entry.resize(entry.len().next_multiple_of(BLOCK), 0);
        entry
    }

    pub fn alone(self) -> Vec<u8> {
        self.with(b"")
    }
}

pub fn file(name: &[u8], body: &[u8]) -> Vec<u8> {
    Head::new(name, b'0').size(body.len() as u64).with(body)
}

/// GNU's long name (`L`) or long target (`K`) for the next entry.
pub fn long(kind: u8, text: &[u8]) -> Vec<u8> {
    let body = [text, b"\0"].concat();
    Head::new(b"././@LongLink", kind)
        .size(body.len() as u64)
        .with(&body)
}

/// A pax header with these records, their lengths right.
pub fn pax(records: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (key, value) in records {
        let rest = key.len() + value.len() + 3;
        let length = (1..8)
            .map(|digits| rest + digits)
            .find(|all| all.to_string().len() + rest == *all);
        body.extend(format!("{} {key}=", length.unwrap()).bytes());
        body.extend(*value);
        body.push(b'\n');
    }
    Head::new(b"pax", b'x').size(body.len() as u64).with(&body)
}

pub fn ar_head(name: &str, size: &str) -> Vec<u8> {
    format!(
        "{name:<16}{:<12}{:<6}{:<6}{:<8}{size:<10}`\n",
        0, 0, 0, 100_644
    )
    .into_bytes()
}

pub fn ar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = b"!<arch>\n".to_vec();
    for (name, body) in members {
        bytes.extend(ar_head(name, &body.len().to_string()));
        bytes.extend(*body);
        bytes.resize(bytes.len().next_multiple_of(2), b'\n');
    }
    bytes
}

pub const CONTROL: &[u8] = b"Package: a\nInstalled-Size: 1\n";

/// A package of plain tars with these entries.
pub fn package_of(control: &[Vec<u8>], data: &[Vec<u8>]) -> Vec<u8> {
    let tar = |entries: &[Vec<u8>]| [entries.concat(), END.to_vec()].concat();
    ar(&[
        ("debian-binary", b"2.0\n"),
        ("control.tar", &tar(control)),
        ("data.tar", &tar(data)),
    ])
}

pub fn package(data: &[Vec<u8>]) -> Vec<u8> {
    package_of(&[file(b"./control", CONTROL)], data)
}

/// A package whose data archive is this stream.
pub fn around(name: &str, data: &[u8]) -> Vec<u8> {
    let control = [file(b"./control", CONTROL), END.to_vec()].concat();
    ar(&[
        ("debian-binary", b"2.0\n"),
        ("control.tar", &control),
        (name, data),
    ])
}

pub fn read_with(deb: impl Read, limits: Limits) -> Result<Vec<Member>, DebError> {
    let mut found = Vec::new();
    DebReader::with_limits(deb, limits).visit(
        |_, _, _| Ok(()),
        |member, reader| {
            io::copy(reader, &mut io::sink())?;
            found.push(member.clone());
            Ok(())
        },
    )?;
    Ok(found)
}

pub fn read(deb: &[u8]) -> Result<Vec<Member>, DebError> {
    read_with(deb, Limits::default())
}

/// The error with its causes.
pub fn refusal(what: &str, deb: &[u8]) -> String {
    let error = read(deb).expect_err(what);
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        said = format!("{said}: {error}");
        cause = error.source();
    }
    said
}

/// All that a reader gives as one compressed stream with a checksum.
pub fn compressed(how: &str, mut plain: impl Read) -> Vec<u8> {
    match how {
        "zst" => {
            let mut encoder = zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
            encoder.include_checksum(true).unwrap();
            io::copy(&mut plain, &mut encoder).unwrap();
            encoder.finish().unwrap()
        }
        "gz" => {
            let level = flate2::Compression::fast();
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
            io::copy(&mut plain, &mut encoder).unwrap();
            encoder.finish().unwrap()
        }
        _ => {
            let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 0);
            io::copy(&mut plain, &mut encoder).unwrap();
            encoder.finish().unwrap()
        }
    }
}

pub fn zeros(how: &str, bytes: u64) -> Vec<u8> {
    compressed(how, io::repeat(0).take(bytes))
}

/// As much as a test needs to see a bound, and little enough to be quick.
pub const SMALL: Limits = Limits {
    entries: 1000,
    unpacked_bytes: 1 << 20,
    control_bytes: 1 << 16,
};
