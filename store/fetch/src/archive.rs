//! Decompression by magic number.
//!
//! In: a stream, compressed by xz, gzip, zstd or not at all. Out: the plain stream. Never trusts a file's name.

use std::io::{self, BufRead, BufReader, Read};

const XZ: &[u8] = &[0xfd, b'7', b'z', b'X', b'Z', 0];
const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// The power of two of the bytes that a decompressor may look back, and so keep: 128 MiB. What dpkg and archives write
/// looks back 64 MiB at most.
const LOOK_BACK_LOG: u32 = 27;
/// Bytes that a decompressor of xz may take: those that it looks back, and its tables.
const XZ_BYTES_MAX: u64 = (1 << LOOK_BACK_LOG) + (8 << 20);

/// The plain bytes of a stream that may be compressed.
///
/// Errors: the stream can't be read, or the decompressor can't be set up; damage shows while reading, and so does a
/// stream that wants more memory than [`LOOK_BACK_LOG`] allows.
pub fn decompress<'a>(stream: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let mut stream = BufReader::with_capacity(128 * 1024, stream);
    let head = stream.fill_buf()?;
    Ok(if head.starts_with(XZ) {
        let flags = liblzma::stream::CONCATENATED;
        let decoder = liblzma::stream::Stream::new_stream_decoder(XZ_BYTES_MAX, flags)?;
        Box::new(liblzma::bufread::XzDecoder::new_stream(stream, decoder))
    } else if head.starts_with(GZIP) {
        Box::new(flate2::bufread::MultiGzDecoder::new(stream))
    } else if head.starts_with(ZSTD) {
        let mut decoder = zstd::stream::read::Decoder::with_buffer(stream)?;
        decoder.window_log_max(LOOK_BACK_LOG)?;
        Box::new(decoder)
    } else {
        Box::new(stream)
    })
}

/// All plain bytes of a stream that may be compressed, refusing more than `limit` bytes.
///
/// Errors: as [`decompress`]; `InvalidData` when the plain bytes pass the limit.
pub fn decompress_all(stream: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    decompress(stream)?
        .take(limit.saturating_add(1))
        .read_to_end(&mut plain)?;
    if plain.len() as u64 > limit {
        let message = format!("unpacks to more than {limit} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const TEXT: &[u8] = b"Package: nginx\nVersion: 1\n";

    fn plain(bytes: &[u8]) -> Vec<u8> {
        decompress_all(bytes, 1 << 20).unwrap()
    }

    #[test]
    fn reads_every_compression_by_its_magic() {
        let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 6);
        xz.write_all(TEXT).unwrap();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(TEXT).unwrap();
        let zst = zstd::encode_all(TEXT, 1).unwrap();
        assert_eq!(plain(&xz.finish().unwrap()), TEXT);
        assert_eq!(plain(&gzip.finish().unwrap()), TEXT);
        assert_eq!(plain(&zst), TEXT);
        assert_eq!(plain(TEXT), TEXT);
        assert_eq!(plain(b""), b"");
    }

    #[test]
    fn damaged_xz_is_an_error_not_a_short_text() {
        let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 6);
        xz.write_all(TEXT).unwrap();
        let mut bytes = xz.finish().unwrap();
        bytes.truncate(bytes.len() - 9);
        assert!(decompress_all(&bytes[..], 1 << 20).is_err());
    }

    #[test]
    fn a_bomb_is_refused_at_the_limit() {
        let bomb = zstd::encode_all(&vec![0u8; 1 << 20][..], 1).unwrap();
        assert_eq!(
            decompress_all(&bomb[..], 1000).unwrap_err().kind(),
            io::ErrorKind::InvalidData
        );
    }
}
