//! zstd with bounds: what comes out is never larger than what was declared.
//!
//! In: bytes and the size that they must unpack to. Out: exactly that many bytes, or why not.

use std::io;

/// The level that everything is compressed with.
pub const LEVEL: i32 = 3;

/// The largest window that a frame may ask for: 2 to this power bytes.
pub const WINDOW_LOG_MAX: u32 = 27;

/// The most bytes that a file of the cache may have which unpacks to `plain` bytes.
pub fn bound(plain: u64) -> u64 {
    plain.saturating_add(plain / 128).saturating_add(1024)
}

/// Compresses bytes to one frame.
pub(crate) fn compress(plain: &[u8]) -> io::Result<Vec<u8>> {
    zstd::bulk::compress(plain, LEVEL)
}

/// Unpacks to exactly `plain` bytes; allocates no more than that. Errors: what is wrong with the bytes, in words.
pub(crate) fn decompress(packed: &[u8], plain: usize) -> Result<Vec<u8>, String> {
    let made = decompress_up_to(packed, plain)?;
    if made.len() == plain {
        Ok(made)
    } else {
        Err(format!(
            "it unpacks to {} bytes instead of {plain}",
            made.len()
        ))
    }
}

/// Unpacks to at most `limit` bytes. Errors: what is wrong with the bytes, in words.
pub(crate) fn decompress_up_to(packed: &[u8], limit: usize) -> Result<Vec<u8>, String> {
    zstd::bulk::decompress(packed, limit)
        .map_err(|error| format!("it is no zstd of at most {limit} bytes ({error})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bomb_is_refused_at_the_declared_size() {
        let bomb = compress(&vec![0; 1 << 24]).unwrap();
        assert!(bomb.len() < 2000);
        assert!(decompress(&bomb, 1000).is_err());
        assert_eq!(decompress(&bomb, 1 << 24).unwrap().len(), 1 << 24);
    }

    #[test]
    fn a_frame_that_is_cut_short_or_goes_on_is_refused() {
        let whole = compress(b"twelve bytes").unwrap();
        assert_eq!(decompress(&whole, 12).unwrap(), b"twelve bytes");
        for end in 0..whole.len() {
            assert!(decompress(&whole[..end], 12).is_err(), "{end}");
        }
        assert!(decompress(&[&whole[..], b"more"].concat(), 12).is_err());
        assert!(decompress(&whole, 13).is_err());
    }

    #[test]
    fn the_bound_holds_for_what_does_not_compress() {
        let mut noise = vec![0_u8; 100_000];
        blake3::Hasher::new().finalize_xof().fill(&mut noise);
        for len in [0, 1, 100, 100_000] {
            let packed = compress(&noise[..len]).unwrap();
            assert!(packed.len() as u64 <= bound(len as u64));
        }
    }
}
