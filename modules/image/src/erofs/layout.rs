//! The structures of erofs as bytes, little-endian.
//!
//! Source: the kernel's `fs/erofs/erofs_fs.h` (names of fields) and erofs' "Core on-disk format".

/// Bytes of a block.
pub const BLOCK: usize = 4096;
/// Where the superblock begins.
pub const SUPERBLOCK: usize = 1024;
/// Bytes of the superblock.
pub const SUPERBLOCK_LEN: usize = 128;
/// Inodes begin at multiples of this; an inode's number counts them.
pub const SLOT: usize = 32;
/// Bytes of an extended inode.
pub const INODE_LEN: usize = 64;
/// Bytes of a directory entry without its name.
pub const DIRENT_LEN: usize = 12;
/// Longest value of an attribute.
const ATTRIBUTE_MAX: usize = u16::MAX as usize;

const MAGIC: u32 = 0xE0F5_E1E2;
const COMPAT_CHECKSUM: u32 = 1;
const COMPAT_MTIME: u32 = 2;
const INCOMPAT_CHUNKED_FILE: u32 = 4;

/// How the data of an inode is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataLayout {
    /// In blocks of its own.
    Plain = 0,
    /// Full blocks in blocks of its own, the rest right behind the inode.
    Inline = 2,
    /// By a list of chunks behind the inode, here always one that is a hole.
    Chunked = 4,
}

/// An inode as it stands on the disk.
pub struct Inode {
    pub layout: DataLayout,
    pub attributes_len: usize,
    pub mode: u32,
    pub size: u64,
    /// Block address, device number or form of the chunks, depending on `mode` and `layout`.
    pub union: u32,
    pub number: u32,
    pub uid: u32,
    pub gid: u32,
    pub mtime: i64,
    pub links: u32,
}

impl Inode {
    pub fn encode(&self) -> [u8; INODE_LEN] {
        const EXTENDED: u16 = 1;
        let mut bytes = [0; INODE_LEN];
        let format = EXTENDED | (self.layout as u16) << 1;
        // One for the header of 12 bytes, then one for every 4 bytes.
        let count = match self.attributes_len {
            0 => 0,
            length => (length - 12) / 4 + 1,
        };
        put(&mut bytes, 0x00, &format.to_le_bytes());
        put(&mut bytes, 0x02, &(count as u16).to_le_bytes());
        put(&mut bytes, 0x04, &(self.mode as u16).to_le_bytes());
        put(&mut bytes, 0x08, &self.size.to_le_bytes());
        put(&mut bytes, 0x10, &self.union.to_le_bytes());
        put(&mut bytes, 0x14, &self.number.to_le_bytes());
        put(&mut bytes, 0x18, &self.uid.to_le_bytes());
        put(&mut bytes, 0x1C, &self.gid.to_le_bytes());
        put(&mut bytes, 0x20, &self.mtime.to_le_bytes());
        put(&mut bytes, 0x2C, &self.links.to_le_bytes());
        bytes
    }
}

/// The chunk's size as a power of two of blocks, so that one chunk covers the file.
pub fn chunk_bits(size: u64) -> u32 {
    let blocks = size.div_ceil(BLOCK as u64).max(1);
    blocks.next_power_of_two().trailing_zeros().min(31)
}

/// How many chunks of that size the file has.
pub fn chunk_count(size: u64) -> u64 {
    size.div_ceil((BLOCK as u64) << chunk_bits(size))
}

/// Splits an attribute's name into erofs' number for the namespace and the rest.
pub fn namespace(name: &str) -> Option<(u8, &str)> {
    match name {
        "system.posix_acl_access" => return Some((2, "")),
        "system.posix_acl_default" => return Some((3, "")),
        _ => {}
    }
    let known = [("user.", 1), ("trusted.", 4), ("security.", 6)];
    known.into_iter().find_map(|(prefix, index)| {
        let rest = name.strip_prefix(prefix)?;
        (!rest.is_empty() && rest.len() <= 255).then_some((index, rest))
    })
}

/// The attributes of one inode with their header; empty when there are none. `None` when they are too big.
pub fn attributes(list: &[(u8, &str, &[u8])]) -> Option<Vec<u8>> {
    if list.is_empty() {
        return Some(Vec::new());
    }
    let mut bytes = vec![0; 12];
    for (index, name, value) in list {
        if value.len() > ATTRIBUTE_MAX {
            return None;
        }
        bytes.extend([name.len() as u8, *index]);
        bytes.extend((value.len() as u16).to_le_bytes());
        bytes.extend(name.as_bytes());
        bytes.extend(*value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    let count = (bytes.len() - 12) / 4 + 1;
    u16::try_from(count).is_ok().then_some(bytes)
}

/// The device number as `stat` encodes it for 32 bits.
pub fn device(major: u32, minor: u32) -> u32 {
    (minor & 0xff) | (major << 8) | ((minor & !0xff) << 12)
}

/// What the superblock says.
pub struct Superblock {
    pub root: u16,
    pub inodes: u64,
    pub build_time: i64,
    pub blocks: u32,
}

/// Writes superblock, volume id and checksum into a complete image.
///
/// The volume id is the beginning of the BLAKE3 of the image without it.
pub fn seal(image: &mut [u8], superblock: &Superblock) {
    let mut bytes = [0; SUPERBLOCK_LEN];
    put(&mut bytes, 0x00, &MAGIC.to_le_bytes());
    let compat = COMPAT_CHECKSUM | COMPAT_MTIME;
    put(&mut bytes, 0x08, &compat.to_le_bytes());
    bytes[0x0C] = BLOCK.trailing_zeros() as u8;
    put(&mut bytes, 0x0E, &superblock.root.to_le_bytes());
    put(&mut bytes, 0x10, &superblock.inodes.to_le_bytes());
    put(&mut bytes, 0x18, &superblock.build_time.to_le_bytes());
    put(&mut bytes, 0x24, &superblock.blocks.to_le_bytes());
    put(&mut bytes, 0x50, &INCOMPAT_CHUNKED_FILE.to_le_bytes());
    put(image, SUPERBLOCK, &bytes);
    let hash = blake3::hash(image);
    put(image, SUPERBLOCK + 0x30, &hash.as_bytes()[..16]);
    let checksum = crc32c(&image[SUPERBLOCK..BLOCK]);
    put(image, SUPERBLOCK + 0x04, &checksum.to_le_bytes());
}

/// CRC-32C without the final inversion, as the kernel's `crc32c(~0, …)`.
fn crc32c(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0x82F6_3B78 & (crc & 1).wrapping_neg())
        })
    })
}

pub fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}
