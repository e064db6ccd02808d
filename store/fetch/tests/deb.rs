//! Packages that are right, and packages that want to leave their root.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use cairn_fetch::{DebError, DebReader, DebSummary, Member, MemberKind};
use sha2::{Digest, Sha256};

/// One tar entry with a raw name, which the `tar` crate itself would refuse to write.
fn entry(
    builder: &mut tar::Builder<Vec<u8>>,
    name: &[u8],
    kind: tar::EntryType,
    link: &[u8],
    body: &[u8],
) {
    let mut header = tar::Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.as_old_mut().linkname[..link.len()].copy_from_slice(link);
    header.set_entry_type(kind);
    header.set_mode(0o100_644);
    header.set_uid(0);
    header.set_gid(42);
    header.set_mtime(1_000_000);
    header.set_size(body.len() as u64);
    header.set_cksum();
    builder.append(&header, body).unwrap();
}

fn control() -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    entry(&mut builder, b"./", tar::EntryType::Directory, b"", b"");
    entry(
        &mut builder,
        b"./control",
        tar::EntryType::Regular,
        b"",
        b"Package: a\n",
    );
    builder.into_inner().unwrap()
}

fn ar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = b"!<arch>\n".to_vec();
    for (name, body) in members {
        bytes.extend(
            format!(
                "{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n",
                0,
                0,
                0,
                100_644,
                body.len()
            )
            .bytes(),
        );
        bytes.extend(*body);
        if body.len() % 2 == 1 {
            bytes.push(b'\n');
        }
    }
    bytes
}

fn package(fill: impl FnOnce(&mut tar::Builder<Vec<u8>>)) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    fill(&mut builder);
    let data = zstd::encode_all(&builder.into_inner().unwrap()[..], 1).unwrap();
    ar(&[
        ("debian-binary", b"2.0\n"),
        ("control.tar", &control()),
        ("data.tar.zst", &data),
    ])
}

/// A data entry with its bytes.
type Found = (Member, Vec<u8>);

/// All data entries.
fn read(deb: &[u8]) -> Result<(DebSummary, Vec<Found>), DebError> {
    let mut found = Vec::new();
    let summary = DebReader::new(deb).visit(
        |name, bytes, mode| {
            assert_eq!(
                (name, bytes, mode),
                ("control", &b"Package: a\n"[..], 0o644)
            );
            Ok(())
        },
        |member, reader| {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes)?;
            found.push((member.clone(), bytes));
            Ok(())
        },
    )?;
    Ok((summary, found))
}

#[test]
fn entries_come_in_order_with_clean_paths_owners_and_bytes() {
    let deb = package(|b| {
        entry(b, b"./", tar::EntryType::Directory, b"", b"");
        entry(b, b"./usr/bin/a", tar::EntryType::Regular, b"", b"#!");
        entry(b, b"./usr/bin/b", tar::EntryType::Link, b"./usr/bin/a", b"");
        entry(b, b"./usr/bin/c", tar::EntryType::Symlink, b"../bin/a", b"");
    });
    let (summary, found) = read(&deb).unwrap();
    let kinds: Vec<_> = found
        .iter()
        .map(|(m, bytes)| (m.path.as_str(), m.kind.clone(), bytes.len()))
        .collect();
    assert_eq!(
        kinds,
        [
            ("", MemberKind::Directory, 0),
            ("usr/bin/a", MemberKind::File { size: 2 }, 2),
            (
                "usr/bin/b",
                MemberKind::Hardlink {
                    target: "usr/bin/a".into()
                },
                0
            ),
            (
                "usr/bin/c",
                MemberKind::Symlink {
                    target: "../bin/a".into()
                },
                0
            ),
        ]
    );
    let member = &found[1].0;
    assert_eq!(
        (member.mode, member.uid, member.gid, member.mtime),
        (0o644, 0, 42, 1_000_000)
    );
    assert_eq!(
        summary.sha256,
        data_encoding::HEXLOWER.encode(&Sha256::digest(&deb))
    );
    assert_eq!(summary.size, deb.len() as u64);
}

#[test]
fn capabilities_in_pax_headers_are_kept() {
    let deb = package(|b| {
        b.append_pax_extensions([("SCHILY.xattr.security.capability", &b"\x01\0"[..])])
            .unwrap();
        entry(b, b"./ping", tar::EntryType::Regular, b"", b"");
    });
    let (_, found) = read(&deb).unwrap();
    assert_eq!(found[0].0.xattrs["security.capability"], b"\x01\0");
}

#[test]
fn entries_that_leave_the_root_are_refused_by_name() {
    for (name, reason) in [
        (&b"./../etc/passwd"[..], "leaves the package"),
        (b"/etc/passwd", "absolute"),
        (b"./caf\xe9", "UTF-8"),
    ] {
        let deb = package(|b| entry(b, name, tar::EntryType::Regular, b"", b""));
        let error = read(&deb).unwrap_err();
        assert!(
            matches!(&error, DebError::Entry { reason: r, .. } if r.contains(reason)),
            "{error}"
        );
    }
    let deb = package(|b| entry(b, b"./x", tar::EntryType::Link, b"../../etc/shadow", b""));
    assert!(matches!(read(&deb), Err(DebError::Entry { .. })));
}

#[test]
fn a_package_cut_anywhere_is_an_error() {
    let deb = package(|b| entry(b, b"./x", tar::EntryType::Regular, b"", &[7; 5000]));
    for length in (0..deb.len() - 1).step_by(7) {
        assert!(
            read(&deb[..length]).is_err(),
            "cut at {length} of {}",
            deb.len()
        );
    }
}

#[test]
fn other_archives_are_refused_by_their_form() {
    for bytes in [
        ar(&[("debian-binary", b"3.0\n")]),
        ar(&[("control.tar", &control()), ("debian-binary", b"2.0\n")]),
        ar(&[("debian-binary", b"2.0\n"), ("surprise", b"")]),
        b"PK\x03\x04 not ar".to_vec(),
    ] {
        assert!(matches!(read(&bytes), Err(DebError::Form(_))));
    }
}

#[test]
fn the_error_of_the_one_who_takes_over_comes_back_with_the_path() {
    let deb = package(|b| entry(b, b"./x", tar::EntryType::Regular, b"", b""));
    let full = || std::io::Error::from(std::io::ErrorKind::StorageFull);
    let error = DebReader::new(&deb[..])
        .visit(|_, _, _| Ok(()), |_, _| Err(full()))
        .unwrap_err();
    assert!(matches!(error, DebError::Visit { path, .. } if path == "x"));
}
