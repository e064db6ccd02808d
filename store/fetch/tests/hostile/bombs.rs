use crate::archives::{
    BLOCK, CONTROL, END, Head, SMALL, ar, ar_head, around, compressed, file, read_with, refusal,
    zeros,
};
use cairn_fetch::archive::decompress_all;
use cairn_fetch::{DebError, DebReader};
use std::io::{self, Read, Write as _};
use std::time::{Duration, Instant};

#[test]
fn bombs_of_every_compression_end_at_the_limit() {
    let mut bombs = 0;
    for compress in ["zst", "gz", "xz"] {
        // Zeros after the end of the archive, where nothing is looked for.
        let bomb = zeros(compress, 256 << 20);
        assert!(bomb.len() < 2 << 20);
        let error =
            read_with(&around(&format!("data.tar.{compress}"), &bomb)[..], SMALL).unwrap_err();
        let said = error.to_string();
        assert!(matches!(error, DebError::Limit { .. }), "{said}");
        assert!(
            said.contains(&format!("data.tar.{compress} has more than"))
                && said.contains("bytes unpacked"),
            "{said}"
        );
        // A file that is one.
        let head = Head::new(b"./big", b'0').size(256 << 20).alone();
        let mut stream = compressed(compress, &head[..]);
        stream.extend(&bomb);
        let said = read_with(&around(&format!("data.tar.{compress}"), &stream)[..], SMALL)
            .unwrap_err()
            .to_string();
        assert!(
            said.contains("`big` is refused: with it the package has more than 1048576 bytes"),
            "{said}"
        );
        bombs += 2;
    }
    assert_eq!(bombs, 6);
    let control = ar(&[
        ("debian-binary", b"2.0\n"),
        ("control.tar.zst", &zeros("zst", 64 << 20)),
        ("data.tar", &END),
    ]);
    let said = read_with(&control[..], SMALL).unwrap_err().to_string();
    assert!(
        said.contains("control.tar.zst has more than 131072 bytes unpacked"),
        "{said}"
    );
}

#[test]
fn heads_that_want_gigabytes_to_decompress_are_refused() {
    // A zstd frame whose window is 2 GiB: descriptor 0, window 2^31.
    let zst = [&[0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8][..], &[0x01, 0, 0]].concat();
    let error = decompress_all(&zst[..], 1 << 20).unwrap_err();
    assert!(
        error.to_string().contains("memory") || error.to_string().contains("too much"),
        "{error}"
    );
    // An xz stream with a dictionary of 192 MiB.
    let mut options = liblzma::stream::LzmaOptions::new_preset(0).unwrap();
    options.dict_size(192 << 20);
    let mut filters = liblzma::stream::Filters::new();
    filters.lzma2(&options);
    let stream =
        liblzma::stream::Stream::new_stream_encoder(&filters, liblzma::stream::Check::Crc32);
    let mut encoder = liblzma::write::XzEncoder::new_stream(Vec::new(), stream.unwrap());
    encoder.write_all(b"small").unwrap();
    let xz = encoder.finish().unwrap();
    let error = decompress_all(&xz[..], 1 << 20).unwrap_err();
    assert!(error.to_string().contains("memory"), "{error}");
    for (name, bytes) in [("data.tar.zst", zst), ("data.tar.xz", xz)] {
        let said = refusal(name, &around(name, &bytes));
        assert!(
            said.contains(&format!("cannot read the package's {name}")),
            "{said}"
        );
    }
}

/// A package with this many empty files, made as it is read.
fn many(entries: u64) -> impl Read {
    let mut front = b"!<arch>\n".to_vec();
    let control = [file(b"./control", CONTROL), END.to_vec()].concat();
    for (name, body) in [("debian-binary", &b"2.0\n"[..]), ("control.tar", &control)] {
        front.extend(ar_head(name, &body.len().to_string()));
        front.extend(body);
    }
    front.extend(ar_head(
        "data.tar",
        &((entries + 2) * BLOCK as u64).to_string(),
    ));
    let (mut next, mut block, mut at) = (0, Vec::new(), 0);
    struct Made<F>(F);
    impl<F: FnMut(&mut [u8]) -> usize> Read for Made<F> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            Ok((self.0)(buffer))
        }
    }
    io::Cursor::new(front).chain(Made(move |buffer: &mut [u8]| {
        if at == block.len() {
            if next == entries + 2 {
                return 0;
            }
            let name = format!("./{}/{next}", next / 1000);
            block = if next < entries {
                file(name.as_bytes(), b"")
            } else {
                vec![0; BLOCK]
            };
            next += 1;
            at = 0;
        }
        let got = buffer.len().min(block.len() - at);
        buffer[..got].copy_from_slice(&block[at..at + got]);
        at += got;
        got
    }))
}

#[test]
fn a_million_entries_are_read_in_bounds_and_one_more_is_refused() {
    let begun = Instant::now();
    let mut count = 0_u64;
    let visited = DebReader::new(many(1_000_000)).visit(
        |_, _, _| Ok(()),
        |_, _| {
            count += 1;
            Ok(())
        },
    );
    assert!(visited.is_ok());
    assert_eq!(count, 1_000_000);
    assert!(
        begun.elapsed() < Duration::from_mins(2),
        "{:?}",
        begun.elapsed()
    );
    let error = read_with(many(1001), SMALL).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the package's data.tar has more than 1000 entries"
    );
    assert!(read_with(many(1000), SMALL).is_ok());
}
