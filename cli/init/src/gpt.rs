//! Reads partition tables.
//!
//! In: a disk. Out: its partitions. The kernel tells programs neither ids nor names of partitions before udev runs, so
//! the first program reads them itself. Source: UEFI Specification, "GUID Partition Table (GPT) Disk Layout".

use std::io::{self, Read, Seek, SeekFrom};

/// The type of a boot partition, as [`Partition::kind`] writes it.
pub const ESP: &str = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b";

/// An entry of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Its number, from 1.
    pub number: u32,
    /// Its type, lower-case.
    pub kind: String,
    /// Its unique id, lower-case.
    pub id: String,
    /// Its name.
    pub label: String,
}

/// The partitions of a disk; none when it has no such table.
///
/// Errors: those of reading.
pub fn read(disk: &mut (impl Read + Seek)) -> io::Result<Vec<Partition>> {
    for block in [512, 4096] {
        let mut header = [0; 92];
        disk.seek(SeekFrom::Start(block))?;
        match disk.read_exact(&mut header) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
            other => other?,
        }
        if header.starts_with(b"EFI PART") {
            return entries(disk, &header, block);
        }
    }
    Ok(Vec::new())
}

fn entries(disk: &mut (impl Read + Seek), header: &[u8], block: u64) -> io::Result<Vec<Partition>> {
    let first = u64::from(number(&header[72..76])) + (u64::from(number(&header[76..80])) << 32);
    let count = number(&header[80..84]).min(1024);
    let length = number(&header[84..88]) as usize;
    if !(128..=4096).contains(&length) {
        return Ok(Vec::new());
    }
    disk.seek(SeekFrom::Start(first.saturating_mul(block)))?;
    let mut partitions = Vec::new();
    let mut entry = vec![0; length];
    for number in 1..=count {
        disk.read_exact(&mut entry)?;
        if entry[..16].iter().any(|byte| *byte != 0) {
            partitions.push(Partition {
                number,
                kind: guid(&entry[..16]),
                id: guid(&entry[16..32]),
                label: label(&entry[56..128]),
            });
        }
    }
    Ok(partitions)
}

fn number(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .rev()
        .fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}

/// The first three groups stand with their bytes turned round.
fn guid(bytes: &[u8]) -> String {
    const ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
    let mut text = String::new();
    for (at, byte) in ORDER.into_iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text += &hex(bytes[byte]);
    }
    text
}

fn hex(byte: u8) -> String {
    format!("{byte:02x}")
}

fn label(bytes: &[u8]) -> String {
    let units = bytes
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    char::decode_utf16(units.take_while(|unit| *unit != 0))
        .map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::io::Cursor;

    /// A table that another program wrote.
    fn table(size: usize) -> Vec<u8> {
        let device = Box::new(Cursor::new(vec![0; size]));
        let mut table = gpt::GptConfig::new()
            .writable(true)
            .create_from_device(device, None)
            .unwrap();
        table
            .add_partition("esp", 1 << 20, gpt::partition_types::EFI, 0, None)
            .unwrap();
        table
            .add_partition(
                "cairn-state",
                2 << 20,
                gpt::partition_types::LINUX_FS,
                0,
                None,
            )
            .unwrap();
        let ids: Vec<String> = table
            .partitions()
            .values()
            .map(|p| p.part_guid.to_string())
            .collect();
        let bytes = table.write().unwrap().into_inner();
        let found = read(&mut Cursor::new(&bytes)).unwrap();
        let read_ids: Vec<&String> = found.iter().map(|partition| &partition.id).collect();
        assert_eq!(read_ids, ids.iter().collect::<Vec<_>>());
        bytes
    }

    #[test]
    fn reads_what_another_program_wrote() {
        let bytes = table(8 << 20);
        let found = read(&mut Cursor::new(bytes)).unwrap();
        let summary: Vec<(u32, &str)> =
            found.iter().map(|p| (p.number, p.label.as_str())).collect();
        assert_eq!(summary, [(1, "esp"), (2, "cairn-state")]);
        assert_eq!(found[0].kind, ESP);
        assert_ne!(found[1].kind, ESP);
    }

    #[test]
    fn disks_without_a_table_have_no_partitions() {
        for size in [0, 100, 512, 600, 1 << 20] {
            assert_eq!(
                read(&mut Cursor::new(vec![0; size])).unwrap(),
                [],
                "{size} bytes"
            );
        }
    }

    #[test]
    fn damaged_tables_are_errors_or_empty_and_no_panic() {
        let whole = table(8 << 20);
        for at in 512..604 {
            let mut bytes = whole.clone();
            bytes[at] = !bytes[at];
            let _ = read(&mut Cursor::new(bytes));
        }
        assert!(read(&mut Cursor::new(&whole[..1024])).is_err());
    }
}
