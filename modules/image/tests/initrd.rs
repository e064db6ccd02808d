//! Initrds and the order of modules, judged by the rules of their formats.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use cairn_image::initrd::{Initrd, archive, build};
use cairn_image::kmod::{Error, Modules, decompress};
use std::io::Write;

const DEP: &str = "\
kernel/fs/ext4/ext4.ko.xz: kernel/lib/crc16.ko.xz kernel/fs/jbd2/jbd2.ko.xz
kernel/fs/jbd2/jbd2.ko.xz:
kernel/lib/crc16.ko.xz:
kernel/drivers/block/virtio_blk.ko.xz: kernel/drivers/virtio/virtio.ko.xz
kernel/drivers/virtio/virtio.ko.xz:
kernel/crypto/crc32c-intel.ko.xz:
kernel/a.ko: kernel/b.ko
kernel/b.ko: kernel/a.ko
";
const BUILTIN: &str = "kernel/drivers/virtio/virtio_pci.ko\n";
const SOFTDEP: &str = "# comment\nsoftdep jbd2 pre: crc32c_intel missing post: later\n";

fn order(optional: &[&str], required: &[&str]) -> Result<Vec<String>, Error> {
    let modules = Modules::parse(DEP, BUILTIN, SOFTDEP).unwrap();
    modules.resolve(optional.iter().copied(), required.iter().copied())
}

#[test]
fn a_module_comes_after_what_it_needs_and_once() {
    let found = order(&["virtio-blk", "ext4"], &["ext4", "jbd2"]).unwrap();
    let names: Vec<&str> = found
        .iter()
        .map(|path| path.rsplit('/').next().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "virtio.ko.xz",
            "virtio_blk.ko.xz",
            "crc16.ko.xz",
            "crc32c-intel.ko.xz",
            "jbd2.ko.xz",
            "ext4.ko.xz"
        ]
    );
}

#[test]
fn built_in_modules_are_there_and_optional_ones_may_be_missing() {
    assert!(order(&["nvme"], &["virtio_pci"]).unwrap().is_empty());
    let error = order(&[], &["nvme"]).unwrap_err();
    assert_eq!(error.to_string(), "the kernel has no module `nvme`");
}

#[test]
fn modules_that_need_each_other_are_an_error_and_no_endless_loop() {
    assert!(matches!(order(&["a"], &[]), Err(Error::Cycle(_))));
    assert!(matches!(
        Modules::parse("no colon", "", ""),
        Err(Error::Line(_))
    ));
}

#[test]
fn compressed_modules_come_out_plain() {
    let plain = b"\x7fELF module".repeat(100);
    let zstd = zstd::encode_all(plain.as_slice(), 3).unwrap();
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 6);
    xz.write_all(&plain).unwrap();
    assert_eq!(decompress("a.ko.xz", &xz.finish().unwrap()).unwrap(), plain);
    assert_eq!(decompress("a.ko.zst", &zstd).unwrap(), plain);
    assert_eq!(decompress("a.ko", &plain).unwrap(), plain);
    assert!(matches!(
        decompress("a.ko.xz", b"no xz"),
        Err(Error::Decompress { .. })
    ));
}

fn initrd() -> Initrd {
    Initrd {
        init: b"#!init".to_vec(),
        modules: vec![
            ("kernel/lib/crc16.ko".into(), vec![1; 5]),
            ("kernel/fs/ext4.ko".into(), vec![2; 4097]),
        ],
    }
}

/// Name, mode and bytes of every record, read by the rules of the format; that the kernel reads it too is proved by booting.
fn records(archive: &[u8]) -> Vec<(String, u32, Vec<u8>)> {
    let (mut at, mut found) = (0, Vec::new());
    loop {
        assert_eq!(&archive[at..at + 6], b"070701", "at {at}");
        let field = |n: usize| {
            let digits = &archive[at + 6 + 8 * n..at + 14 + 8 * n];
            u32::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap()
        };
        let (size, name_size) = (field(6) as usize, field(11) as usize);
        let name = &archive[at + 110..at + 110 + name_size];
        let name = std::ffi::CStr::from_bytes_with_nul(name)
            .unwrap()
            .to_str()
            .unwrap();
        let data = (at + 110 + name_size).next_multiple_of(4);
        if name == "TRAILER!!!" {
            assert_eq!(data, archive.len(), "nothing follows the end");
            return found;
        }
        found.push((
            name.to_owned(),
            field(1),
            archive[data..data + size].to_vec(),
        ));
        at = (data + size).next_multiple_of(4);
    }
}

#[test]
fn every_file_stands_in_the_archive_after_its_folder() {
    let records = records(&archive(&initrd()));
    let at = |name: &str| records.iter().position(|record| record.0 == name).unwrap();
    assert_eq!(
        records[at("init")],
        ("init".into(), 0o100_755, b"#!init".to_vec())
    );
    assert_eq!(records[at("dev/console")].1, 0o020_600);
    let module = &records[at("lib/modules/kernel/fs/ext4.ko")];
    assert_eq!((module.1, module.2.as_slice()), (0o100_644, &[2; 4097][..]));
    for (name, _, _) in &records {
        if let Some((folder, _)) = name.rsplit_once('/') {
            assert!(at(folder) < at(name), "{folder} before {name}");
            assert_eq!(records[at(folder)].1, 0o040_755);
        }
    }
    let mut names: Vec<&String> = records.iter().map(|record| &record.0).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), records.len(), "no name twice");
}

#[test]
fn the_list_has_the_order_of_loading_and_the_bytes_are_the_same_every_time() {
    let bytes = archive(&initrd());
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("/lib/modules/kernel/lib/crc16.ko\n/lib/modules/kernel/fs/ext4.ko\n"));
    let packed = build(&initrd()).unwrap();
    assert_eq!(packed, build(&initrd()).unwrap());
    assert_eq!(zstd::decode_all(packed.as_slice()).unwrap(), bytes);
}
