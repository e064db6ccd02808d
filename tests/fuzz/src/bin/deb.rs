//! Any bytes are a package or an error that says why. What comes out keeps to the limits: paths that stay in the package
//! and come once, all bytes of every file, links to what was there.
//!
//! The first byte says what the others are: a package; a data or a control archive, whose checksums are put right
//! before it is wrapped; or a compressed stream.
#![no_main]

use std::collections::HashMap;

use cairn_fetch::archive::decompress_all;
use cairn_fetch::{DebReader, Limits, MemberKind};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits {
    entries: 200,
    unpacked_bytes: 1 << 20,
    control_bytes: 64 << 10,
};

fn member(package: &mut Vec<u8>, name: &str, body: &[u8]) {
    let (zero, mode, size) = (0, 100_644, body.len());
    package.extend(format!("{name:<16}{zero:<12}{zero:<6}{zero:<6}{mode:<8}{size:<10}`\n").bytes());
    package.extend(body);
    if size % 2 == 1 {
        package.push(b'\n');
    }
}

fn package(control: &[u8], data: &[u8]) -> Vec<u8> {
    let mut package = b"!<arch>\n".to_vec();
    member(&mut package, "debian-binary", b"2.0\n");
    member(&mut package, "control.tar", control);
    member(&mut package, "data.tar", data);
    package
}

/// The same tar, every head's checksum right: bytes that change by chance would else never come further than there.
fn mended(tar: &[u8]) -> Vec<u8> {
    let mut tar = tar.to_vec();
    let mut at = 0;
    while let Some(block) = tar.get_mut(at..at + 512) {
        if block.iter().all(|byte| *byte == 0) {
            break;
        }
        let mut header = tar::Header::new_old();
        header.as_mut_bytes().copy_from_slice(block);
        header.set_cksum();
        block.copy_from_slice(header.as_bytes());
        let size = header.entry_size().unwrap_or(0).min(1 << 20) as usize;
        at += 512 + size.next_multiple_of(512);
    }
    tar
}

fn check(package: &[u8]) {
    let mut came: HashMap<String, MemberKind> = HashMap::new();
    let (mut all, mut entries) = (0, 0);
    let read = DebReader::with_limits(package, LIMITS).visit(
        |name, bytes, mode| {
            assert!(bytes.len() as u64 <= LIMITS.control_bytes && mode <= 0o7777);
            assert!(!name.is_empty() && name.split('/').all(|part| !matches!(part, "" | "." | "..")));
            Ok(())
        },
        |member, reader| {
            let mut bytes = Vec::new();
            let whole = reader.read_to_end(&mut bytes).is_ok();
            let path = &member.path;
            cairn_graph::tree::check_path(path).expect("a path of a tree");
            assert!(!path.starts_with('/') && !path.contains(char::is_control), "{path:?}");
            match &member.kind {
                MemberKind::File { size } => assert!(!whole || bytes.len() as u64 == *size),
                kind => {
                    assert!(bytes.is_empty());
                    if let MemberKind::Hardlink { target } = kind {
                        assert!(came.get(target).is_some_and(|kind| *kind != MemberKind::Directory));
                    }
                }
            }
            all += bytes.len() as u64;
            entries += 1;
            assert!(all <= LIMITS.unpacked_bytes && entries <= LIMITS.entries);
            assert!(member.mode <= 0o7777 && member.uid != u32::MAX && member.gid != u32::MAX);
            let before = came.insert(path.clone(), member.kind.clone());
            assert!(before.is_none_or(|kind| kind == MemberKind::Directory));
            if whole { Ok(()) } else { Err(std::io::ErrorKind::UnexpectedEof.into()) }
        },
    );
    match read {
        Ok(summary) => assert_eq!(summary.size, package.len() as u64),
        Err(error) => assert!(!error.to_string().contains(['\n', '\x1b']), "{error}"),
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    match kind % 4 {
        0 => check(bytes),
        1 => check(&package(&[], &mended(bytes))),
        2 => check(&package(&mended(bytes), &[])),
        _ => {
            if let Ok(plain) = decompress_all(bytes, 1 << 20) {
                assert!(plain.len() <= 1 << 20);
            }
        }
    }
});
