//! What a package may hold at most.
//!
//! In: the limits, and what the package itself declares. Out: bounds, and readers that keep to them.

use std::io::{self, Read};

/// What a package may hold at most. More ends in an error before it is written anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Entries of the control archive, and of the data archive.
    pub entries: u64,
    /// Bytes of all files together.
    pub unpacked_bytes: u64,
    /// Bytes of the control archive, unpacked.
    pub control_bytes: u64,
}

impl Default for Limits {
    /// A million entries, 64 GiB of files, 64 MiB of control members.
    fn default() -> Self {
        Self {
            entries: 1_000_000,
            unpacked_bytes: 64 << 30,
            control_bytes: 64 << 20,
        }
    }
}

/// How much more than its `Installed-Size` a package may unpack to.
pub const TIMES_DECLARED: u64 = 4;
/// And how many bytes more: the field is an estimate, and small packages get it wrong by much.
pub const BEYOND_DECLARED: u64 = 1 << 30;
/// Bytes of an archive that are no file's, for each entry that there may be: its head, what stands before it, padding.
const OVERHEAD_PER_ENTRY: u64 = 2048;
/// And at least this many.
const OVERHEAD_LEAST: u64 = 1 << 20;

impl Limits {
    /// The most bytes of files for a package that declares this `Installed-Size`, in KiB.
    pub(super) fn file_bytes(&self, installed_kib: Option<u64>) -> u64 {
        let declared = installed_kib.map(|kib| {
            kib.saturating_mul(1024 * TIMES_DECLARED)
                .saturating_add(BEYOND_DECLARED)
        });
        self.unpacked_bytes.min(declared.unwrap_or(u64::MAX))
    }

    /// The most bytes of an archive that are no file's.
    pub(super) fn overhead_bytes(&self) -> u64 {
        self.entries
            .saturating_mul(OVERHEAD_PER_ENTRY)
            .max(OVERHEAD_LEAST)
    }
}

/// The field `Installed-Size` of a control file, in KiB. Source: deb-control(5).
pub(super) fn installed_kib(control: &[u8]) -> Option<u64> {
    const FIELD: &[u8] = b"Installed-Size:";
    control
        .split(|byte| *byte == b'\n')
        .filter_map(|line| line.split_at_checked(FIELD.len()))
        .filter(|(name, _)| name.eq_ignore_ascii_case(FIELD))
        .find_map(|(_, value)| std::str::from_utf8(value).ok()?.trim().parse().ok())
}

/// A reader that gives up where the limit is passed.
pub(super) struct Bounded<R> {
    stream: R,
    left: u64,
    max: u64,
}

/// The limit of a [`Bounded`] was passed.
#[derive(Debug, thiserror::Error)]
#[error("it unpacks to more than {0} bytes")]
struct Passed(u64);

/// The limit that made a reader give up, if that was it.
pub(super) fn passed(error: &io::Error) -> Option<u64> {
    let passed = error.get_ref()?.downcast_ref::<Passed>()?;
    Some(passed.0)
}

impl<R> Bounded<R> {
    pub(super) fn new(stream: R, max: u64) -> Self {
        Self {
            stream,
            left: max,
            max,
        }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.stream.read(buffer)?;
        let passed = || io::Error::new(io::ErrorKind::FileTooLarge, Passed(self.max));
        self.left = self.left.checked_sub(got as u64).ok_or_else(passed)?;
        Ok(got)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declared_size_bounds_the_files_and_the_absolute_limit_both() {
        let limits = Limits::default();
        assert_eq!(limits.file_bytes(None), 64 << 30);
        assert_eq!(limits.file_bytes(Some(1024)), (4 << 20) + (1 << 30));
        assert_eq!(limits.file_bytes(Some(u64::MAX)), 64 << 30);
    }

    #[test]
    fn the_installed_size_is_found_whatever_stands_around_it() {
        let control = b"Package: a\ninstalled-size: 12 \nInstalled-Size: 13\n";
        assert_eq!(installed_kib(control), Some(12));
        assert_eq!(installed_kib(b"Package: a\nX-Installed-Size: 1\n"), None);
        assert_eq!(installed_kib(b"Installed-Size: -1\n\xff\xff"), None);
    }
}
