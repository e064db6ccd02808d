use crate::archives::{
    CONTROL, END, Head, ar, around, compressed, file, package, package_of, read, refusal,
};
use cairn_fetch::{DebReader, Limits};

#[test]
fn every_attack_by_a_control_member_is_refused_and_named() {
    let attacks: Vec<(&str, Vec<Vec<u8>>, &str)> = vec![
        (
            "up",
            vec![file(b"../postinst", b"x")],
            "`../postinst` is refused",
        ),
        (
            "twice",
            vec![file(b"./postinst", b"1"), file(b"./postinst", b"2")],
            "`postinst` is refused: it comes twice",
        ),
        (
            "a link",
            vec![Head::new(b"./postinst", b'2').link(b"/bin/sh").alone()],
            "`postinst` is refused: a control member must be a file",
        ),
        (
            "a pipe",
            vec![Head::new(b"./config", b'6').alone()],
            "`config` is refused: a control member must be a file",
        ),
        (
            "a device",
            vec![Head::new(b"./config", b'3').alone()],
            "can't bring a device",
        ),
        (
            "more than is believed",
            vec![Head::new(b"./md5sums", b'0').size((64 << 20) + 1).alone()],
            "`md5sums` is refused: with it the package has more than 67108864 bytes",
        ),
    ];
    for (what, control, said) in &attacks {
        let found = refusal(what, &package_of(control, &[]));
        assert!(found.contains(said), "{what}: {found}");
    }
    // A member is never cut to what is believed.
    let most = vec![b'#'; 64 << 20];
    let read = |size: usize| {
        let mut got = 0;
        let limits = Limits {
            control_bytes: 64 << 20,
            ..Limits::default()
        };
        let deb = package_of(&[file(b"./md5sums", &most[..size])], &[]);
        DebReader::with_limits(&deb[..], limits)
            .visit(
                |_, bytes, _| {
                    got = bytes.len();
                    Ok(())
                },
                |_, _| Ok(()),
            )
            .map(|_| got)
    };
    assert_eq!(read(64 << 20).unwrap(), 64 << 20);
}

#[test]
fn every_attack_by_the_outer_archive_is_refused() {
    let good = package(&[file(b"./f", b"1")]);
    assert_eq!(read(&good).unwrap().len(), 1);
    let control = [file(b"./control", CONTROL), END.to_vec()].concat();
    let data = END.to_vec();
    let members = |list: &[(&str, &[u8])]| ar(list);
    let head = |at: usize, field: &[u8]| {
        let mut deb = good.clone();
        deb[8 + at..8 + at + field.len()].copy_from_slice(field);
        deb
    };
    let version: (&str, &[u8]) = ("debian-binary", b"2.0\n");
    let attacks: Vec<(&str, Vec<u8>, &str)> = vec![
        ("nothing", Vec::new(), "cannot read the package's head"),
        (
            "no archive",
            b"PK\x03\x04 and more".to_vec(),
            "doesn't begin like an `ar` archive",
        ),
        (
            "a size that is negative",
            head(48, b"-4        "),
            "the head of a member is damaged",
        ),
        (
            "a size with a sign",
            head(48, b"+4        "),
            "the head of a member is damaged",
        ),
        (
            "no size",
            head(48, b"          "),
            "the head of a member is damaged",
        ),
        (
            "a size beyond the package",
            head(48, b"9999999999"),
            "it ends within `debian-binary`",
        ),
        (
            "a size that hides what follows",
            head(48, b"4000      "),
            "the head of a member is damaged",
        ),
        (
            "a character across two columns",
            head(14, "é".as_bytes()),
            "the head of a member is damaged",
        ),
        (
            "a character across name and time",
            head(15, "é".as_bytes()),
            "the head of a member is damaged",
        ),
        (
            "a name that speaks to a terminal",
            head(0, b"\x1b]0;x\x07"),
            "the head of a member is damaged",
        ),
        (
            "no end of a head",
            head(58, b"xx"),
            "the head of a member is damaged",
        ),
        (
            "another format",
            members(&[("debian-binary", b"3.0\n")]),
            "its format is `3.0`",
        ),
        (
            "a format that speaks to a terminal",
            members(&[("debian-binary", b"\x1b[2J")]),
            "its format is `\\x1b[2J`",
        ),
        (
            "parts in another order",
            members(&[version, ("data.tar", &data), ("control.tar", &control)]),
            "`data.tar` is out of order",
        ),
        (
            "a part twice",
            members(&[
                version,
                ("control.tar", &control),
                ("control.tar.gz", &control),
            ]),
            "`control.tar.gz` is out of order",
        ),
        (
            "data twice",
            members(&[
                version,
                ("control.tar", &control),
                ("data.tar", &data),
                ("data.tar.xz", &data),
            ]),
            "`data.tar.xz` is out of order",
        ),
        (
            "no data",
            members(&[version, ("control.tar", &control)]),
            "no control or no data",
        ),
        (
            "an unknown part",
            members(&[version, ("surprise", b"")]),
            "unknown member `surprise`",
        ),
        (
            "a part that is a path",
            members(&[version, ("../control.tar", b"")]),
            "unknown member `../control.tar`",
        ),
    ];
    for (what, deb, said) in &attacks {
        let found = refusal(what, deb);
        assert!(found.contains(said), "{what}: {found}");
    }
    // What dpkg passes over is passed over, of odd length too.
    let passed = members(&[
        version,
        ("_gpg", b"odd"),
        ("control.tar", &control),
        ("data.tar", &data),
        ("_more", b"x"),
    ]);
    assert!(read(&passed).is_ok());
}

#[test]
fn streams_that_are_cut_or_changed_are_errors() {
    let tar = [file(b"./f", &[7; 3000]), END.to_vec()].concat();
    for compress in ["zst", "gz", "xz"] {
        let whole = compressed(compress, &tar[..]);
        let name = format!("data.tar.{compress}");
        assert!(read(&around(&name, &whole)).is_ok(), "{compress}");
        for length in 1..whole.len() {
            assert!(
                read(&around(&name, &whole[..length])).is_err(),
                "{compress} cut at {length} of {}",
                whole.len()
            );
        }
        let garbage = [&whole[..], b"garbage"].concat();
        assert!(
            read(&around(&name, &garbage)).is_err(),
            "{compress} with garbage after it"
        );
    }
}
