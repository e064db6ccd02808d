use crate::archives::{BLOCK, Head, file, long, package, pax, read, refusal};
use cairn_fetch::MemberKind;

#[test]
fn every_attack_by_an_entry_is_refused_and_named() {
    let plain = |name: &[u8], kind| Head::new(name, kind).alone();
    let link = |kind, target: &[u8]| Head::new(b"./l", kind).link(target).alone();
    let id = |at: usize, id: &[u8; 8]| Head::new(b"./f", b'0').put(at, id).alone();
    let attacks: Vec<(&str, Vec<Vec<u8>>, &str)> = vec![
        (
            "up",
            vec![plain(b"../x", b'0')],
            "`../x` is refused: its path leaves",
        ),
        (
            "up from within",
            vec![plain(b"./a/../../x", b'0')],
            "`./a/../../x` is refused",
        ),
        (
            "nothing but up",
            vec![plain(b"..", b'5')],
            "leaves the package",
        ),
        (
            "absolute",
            vec![plain(b"/etc/passwd", b'0')],
            "`/etc/passwd` is refused: its path is absolute",
        ),
        (
            "absolute by a long name",
            vec![long(b'L', b"/etc/passwd"), plain(b"./ok", b'0')],
            "`/etc/passwd` is refused",
        ),
        (
            "up by a pax name",
            vec![pax(&[("path", b"../../x")]), plain(b"./ok", b'0')],
            "`../../x` is refused",
        ),
        (
            "up by ustar's prefix",
            vec![
                Head::new(b"x", b'0')
                    .put(257, b"ustar\x0000")
                    .put(345, b"../..")
                    .alone(),
            ],
            "`../../x` is refused",
        ),
        (
            "a name that is not UTF-8",
            vec![plain(b"./caf\xe9", b'0')],
            "its name is not UTF-8",
        ),
        (
            "a line break, which would be a file in dpkg's list",
            vec![plain(b"./a\n/etc/passwd", b'0')],
            "`./a\\n/etc/passwd` is refused",
        ),
        (
            "an escape for a terminal",
            vec![plain(b"./\x1b]0;x\x07", b'0')],
            "control character",
        ),
        (
            "a NUL in a pax name",
            vec![pax(&[("path", b"./a\0b")]), plain(b"./ok", b'0')],
            "control character",
        ),
        (
            "a name that is too long",
            vec![long(b'L', &[b'n'; 300]), plain(b"./ok", b'0')],
            "longer than 255 bytes",
        ),
        (
            "a path that is too long",
            vec![long(b'L', &b"abcd/".repeat(900)), plain(b"./ok", b'0')],
            "longer than 4095 bytes",
        ),
        (
            "folders too deep",
            vec![long(b'L', &b"a/".repeat(300)), plain(b"./ok", b'5')],
            "more than 256 components",
        ),
        (
            "a long name that is a bomb",
            vec![Head::new(b"././@LongLink", b'L').size(8 << 30).alone()],
            "8589934592 bytes stand before it",
        ),
        (
            "a pax header that is a bomb",
            vec![Head::new(b"pax", b'x').size(8 << 30).alone()],
            "8589934592 bytes stand before it",
        ),
        (
            "a name told twice",
            vec![long(b'L', b"./a"), long(b'L', b"./b"), plain(b"./ok", b'0')],
            "told twice",
        ),
        (
            "a name told twice in two ways",
            vec![
                long(b'L', b"./a"),
                pax(&[("path", b"./b")]),
                plain(b"./ok", b'0'),
            ],
            "told twice",
        ),
        (
            "a name told twice in a record",
            vec![
                pax(&[("path", b"./a"), ("path", b"./b")]),
                plain(b"./ok", b'0'),
            ],
            "told twice",
        ),
        (
            "two pax headers",
            vec![
                pax(&[("path", b"./a")]),
                pax(&[("uid", b"1")]),
                plain(b"./ok", b'0'),
            ],
            "told twice",
        ),
        (
            "a size that contradicts the head",
            vec![pax(&[("size", b"0")]), file(b"./f", &[0; BLOCK])],
            "`./f` is refused: two different sizes",
        ),
        (
            "a damaged record",
            vec![Head::new(b"pax", b'x').size(9).with(b"99 path=a")],
            "a pax record is damaged",
        ),
        (
            "a header of nothing",
            vec![long(b'L', b"./a")],
            "ends where an entry was announced",
        ),
        (
            "a pax header for all",
            vec![plain(b"pax", b'g'), plain(b"./ok", b'0')],
            "its kind is `g`",
        ),
        (
            "a sparse file",
            vec![Head::new(b"./s", b'S').put(483, b"77777777777\0").alone()],
            "its kind is `S`",
        ),
        (
            "a sparse file by pax",
            vec![
                pax(&[
                    ("GNU.sparse.major", b"1"),
                    ("GNU.sparse.realsize", b"9999999999"),
                ]),
                file(b"./s", b"x"),
            ],
            "sparse files are unknown",
        ),
        (
            "a continued volume",
            vec![plain(b"./m", b'M')],
            "its kind is `M`",
        ),
        (
            "a character device",
            vec![plain(b"./dev/mem", b'3')],
            "`./dev/mem` is refused: a package can't bring a device",
        ),
        (
            "a block device",
            vec![plain(b"./dev/sda", b'4')],
            "`./dev/sda` is refused: a package can't bring a device",
        ),
        (
            "a file twice",
            vec![file(b"./f", b"1"), file(b"./f", b"2")],
            "`f` is refused: it comes twice",
        ),
        (
            "a file twice in two spellings",
            vec![file(b"./a/f", b"1"), file(b"a//./f", b"2")],
            "`a/f` is refused: it comes twice",
        ),
        (
            "a folder that becomes a link",
            vec![
                plain(b"./a", b'5'),
                Head::new(b"./a", b'2').link(b"/etc").alone(),
            ],
            "`a` is refused: it comes twice",
        ),
        (
            "a link that becomes a folder",
            vec![
                Head::new(b"./a", b'2').link(b"/etc").alone(),
                plain(b"./a", b'5'),
            ],
            "`a` is refused: it comes twice",
        ),
        (
            "a hard link out of the package",
            vec![link(b'1', b"../../etc/shadow")],
            "`../../etc/shadow` is refused",
        ),
        (
            "an absolute hard link",
            vec![link(b'1', b"/etc/shadow")],
            "`/etc/shadow` is refused",
        ),
        (
            "a hard link to what is not there",
            vec![link(b'1', b"./nothing")],
            "`./l` is refused: a hard link to what has not come",
        ),
        (
            "a hard link to what comes later",
            vec![link(b'1', b"./f"), file(b"./f", b"1")],
            "has not come before it",
        ),
        (
            "a hard link to itself",
            vec![link(b'1', b"./l")],
            "has not come before it",
        ),
        (
            "a hard link to a folder",
            vec![plain(b"./d", b'5'), link(b'1', b"./d")],
            "`./l` is refused: a hard link to a directory",
        ),
        (
            "a hard link to the root",
            vec![plain(b"./", b'5'), link(b'1', b"./")],
            "a hard link to a directory",
        ),
        (
            "a hard link with a content",
            vec![
                file(b"./f", b"1"),
                Head::new(b"./l", b'1').link(b"./f").size(3).with(b"abc"),
            ],
            "`./l` is refused: only files have contents",
        ),
        (
            "a symbolic link with a content",
            vec![
                Head::new(b"./l", b'2')
                    .link(b"x")
                    .size(BLOCK as u64)
                    .with(&[0; BLOCK]),
            ],
            "only files have contents",
        ),
        (
            "a folder with a content",
            vec![Head::new(b"./d", b'5').size(1).with(b"x")],
            "only files have contents",
        ),
        (
            "a link to nothing",
            vec![link(b'2', b"")],
            "`./l` is refused: a link without a target",
        ),
        (
            "a target that is not UTF-8",
            vec![link(b'2', b"\xff")],
            "the link's target is not UTF-8",
        ),
        (
            "a target with a line break",
            vec![link(b'2', b"a\nb")],
            "the link's target has a control character",
        ),
        (
            "a target that is too long",
            vec![long(b'K', &[b't'; 5000]), link(b'2', b"x")],
            "longer than 4095 bytes",
        ),
        (
            "a file for the root",
            vec![plain(b"./", b'5'), plain(b".", b'0')],
            "`.` is refused: the root must be a directory",
        ),
        (
            "a file that old readers take for a folder",
            vec![plain(b"./a/", b'0')],
            "ends with a slash",
        ),
        (
            "an owner that becomes root in 32 bits",
            vec![id(108, b"\x80\0\0\x01\0\0\0\0")],
            "`./f` is refused: its owner or group",
        ),
        (
            "an owner that chown skips",
            vec![id(108, b"\x80\0\0\0\xff\xff\xff\xff")],
            "`./f` is refused: its owner or group",
        ),
        (
            "a group that becomes root in 32 bits",
            vec![id(116, b"\x80\0\0\x01\0\0\0\0")],
            "`./f` is refused: its owner or group",
        ),
        (
            "a negative owner",
            vec![id(108, b"\xff\xff\xff\xff\xff\xff\xff\xff")],
            "`./f` is refused: its owner or group",
        ),
        (
            "an owner by pax that becomes root",
            vec![pax(&[("uid", b"4294967296")]), plain(b"./f", b'0')],
            "`./f` is refused: its owner or group",
        ),
        (
            "an owner that is no number",
            vec![id(108, b"zzzzzzz\0")],
            "`./f` is refused: a number in its head is none",
        ),
        (
            "a size that is no number",
            vec![Head::new(b"./f", b'0').put(124, b"zzzzzzzzzzz\0").alone()],
            "cannot read the package's data.tar",
        ),
        (
            "a size of 64 bits",
            vec![
                Head::new(b"./f", b'0')
                    .put(124, b"\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff")
                    .alone(),
            ],
            "cannot read the package's data.tar",
        ),
        (
            "a size of 63 bits",
            vec![
                Head::new(b"./f", b'0')
                    .put(124, b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\x00")
                    .alone(),
            ],
            "`f` is refused: with it the package has more than",
        ),
        (
            "a size beyond the declared",
            vec![
                Head::new(b"./f", b'0')
                    .put(124, b"\x80\0\0\0\0\0\0\x01\0\0\0\0")
                    .alone(),
            ],
            "`f` is refused: with it the package has more than 1073745920 bytes of files",
        ),
        (
            "a size beyond the archive",
            vec![Head::new(b"./f", b'0').size(1 << 20).alone()],
            "`f`",
        ),
        (
            "a checksum that is wrong",
            vec![{
                let mut head = plain(b"./f", b'0');
                head[0] = b'x';
                head
            }],
            "checksum",
        ),
        (
            "half a block",
            vec![vec![b'x'; 100]],
            "cannot read the package's data.tar",
        ),
    ];
    for (what, data, said) in &attacks {
        let found = refusal(what, &package(data));
        assert!(found.contains(said), "{what}: {found}");
        assert!(
            found.len() < 600 && !found.contains(['\n', '\x1b']),
            "{what}: {found:?}"
        );
    }
    assert_eq!(attacks.len(), 62);
}

#[test]
fn what_packages_may_bring_comes_through() {
    let long_name = [&b"./"[..], &b"folder/".repeat(40), b"end"].concat();
    let entries = [
        Head::new(b"./", b'5').alone(),
        Head::new(b"./", b'5').alone(),
        Head::new(b"./bin/su", b'0')
            .put(100, b"0104755\0")
            .size(1)
            .with(b"x"),
        Head::new(b"./pipe", b'6').alone(),
        Head::new(b"./up", b'2')
            .link(b"../../../etc/passwd")
            .alone(),
        Head::new(b"./out", b'2').link(b"/etc/passwd").alone(),
        [long(b'L', &long_name), file(b"./cut", b"")].concat(),
        [
            long(b'K', &long_name),
            Head::new(b"./hard", b'1').link(b"./cut").alone(),
        ]
        .concat(),
        [
            pax(&[
                ("mtime", b"-1.5"),
                ("uid", b"70000"),
                ("comment", b"none"),
                ("SCHILY.xattr.user.a", b"\n\0\n\n"),
            ]),
            file(b"./dressed", b""),
        ]
        .concat(),
        Head::new(b"./old", 0).alone(),
        Head::new(b"./before", b'0')
            .put(136, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfb")
            .alone(),
    ];
    let found = read(&package(&entries)).unwrap();
    let of = |path: &str| found.iter().find(|member| member.path == path).unwrap();
    assert_eq!(of("bin/su").mode, 0o4755);
    assert_eq!(
        of("up").kind,
        MemberKind::Symlink {
            target: "../../../etc/passwd".into()
        }
    );
    let long_path = format!("{}end", "folder/".repeat(40));
    assert_eq!(of(&long_path).kind, MemberKind::File { size: 0 });
    assert_eq!(of("hard").kind, MemberKind::Hardlink { target: long_path });
    let dressed = of("dressed");
    assert_eq!((dressed.mtime, dressed.uid), (-2, 70000));
    assert_eq!(dressed.xattrs["user.a"], b"\n\0\n\n");
    assert_eq!(of("old").kind, MemberKind::File { size: 0 });
    assert_eq!(of("before").mtime, -5);
    assert_eq!(found.len(), entries.len());
}
