use crate::archives::{Head, SMALL, file, long, package, read_with};
use cairn_fetch::{DebReader, MemberKind};
use proptest::prelude::*;

/// Heads of which some fields are sound and some are any bytes.
fn any_entry() -> impl Strategy<Value = Vec<u8>> {
    let name = prop_oneof![
        "\\./[ab]{1,2}(/[ab]{0,2}){0,2}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..12),
        Just(b"../x".to_vec()),
    ];
    let kind = prop::sample::select(b"00000122556734gxLKSV\0".to_vec());
    let field = (
        prop::sample::select(vec![100_usize, 108, 116, 124, 136, 157, 257, 345, 483]),
        prop::collection::vec(any::<u8>(), 1..12),
    );
    let body = prop::collection::vec(any::<u8>(), 0..600);
    (
        name.clone(),
        kind,
        name,
        body,
        prop::option::weighted(0.3, field),
    )
        .prop_map(|(name, kind, target, body, lie)| {
            let sized = matches!(kind, b'0' | 0 | b'7' | b'x' | b'L' | b'K');
            let body = if sized { body } else { Vec::new() };
            let mut head = Head::new(&name, kind).link(&target).size(body.len() as u64);
            if let Some((at, bytes)) = lie {
                head = head.put(at, &bytes);
            }
            head.with(&body)
        })
}

proptest! {
    #[test]
    fn any_entries_come_out_sound_or_end_in_an_error(entries in prop::collection::vec(any_entry(), 0..8)) {
        let Ok(found) = read_with(&package(&entries)[..], SMALL) else { return Ok(()) };
        let mut came = std::collections::HashMap::new();
        for member in found {
            prop_assert!(cairn_graph::tree::check_path(&member.path).is_ok());
            prop_assert!(!member.path.contains(char::is_control));
            prop_assert!(member.uid != u32::MAX && member.mode <= 0o7777);
            if let MemberKind::Hardlink { target } = &member.kind {
                prop_assert!(came.get(target).is_some_and(|kind| *kind != MemberKind::Directory));
            }
            let before = came.insert(member.path, member.kind);
            prop_assert!(before.is_none_or(|kind| kind == MemberKind::Directory));
        }
    }

    #[test]
    fn a_package_that_was_changed_anywhere_is_read_or_refused(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let mut deb = package(&[file(b"./a", b"1"), Head::new(b"./b", b'1').link(b"./a").alone()]);
        let at = at.index(deb.len());
        deb[at] = byte;
        // Within bounds and without a panic, whatever comes of it.
        let _ = read_with(&deb[..], SMALL);
        let _ = read_with(&deb[..cut.index(deb.len())], SMALL);
    }

    #[test]
    fn what_was_written_is_what_is_read(names in prop::collection::btree_map("[a-zé ._+-]{1,200}", prop::collection::vec(any::<u8>(), 0..2000), 0..12)) {
        let names: Vec<_> = names.into_iter().filter(|(name, _)| !matches!(name.as_str(), "." | "..")).collect();
        let entries: Vec<_> = names.iter().map(|(name, body)| {
            let path = format!("./{name}");
            // A component has 255 bytes at most; these are characters of two.
            [long(b'L', path.as_bytes()), file(b"./short", body)].concat()
        }).collect();
        let mut found = Vec::new();
        let read = DebReader::new(&package(&entries)[..]).visit(|_, _, _| Ok(()), |member, reader| {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes)?;
            found.push((member.path.clone(), bytes));
            Ok(())
        });
        if names.iter().all(|(name, _)| name.len() <= 255) {
            prop_assert!(read.is_ok(), "{:?}", read);
            prop_assert_eq!(found, names);
        } else {
            prop_assert!(read.is_err());
        }
    }
}
