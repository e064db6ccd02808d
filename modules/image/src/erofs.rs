//! Root images: erofs file systems that hold everything of a tree but its contents.
//!
//! In: a [`Tree`] and the path of each content relative to the folder of objects. Out: the bytes of an image
//! in which a regular file has its size, mode, owner, time and attributes, no data, and the attributes
//! `trusted.overlay.metacopy` and `trusted.overlay.redirect`, by which an overlay with the folder of
//! objects as its data-only layer finds the content. The same tree gives the same bytes. Touches no disk.
//!
//! Source: the kernel's `Documentation/filesystems/erofs.rst` and `overlayfs.rst` ("Data-only lower layers").
//!
//! ```text
//! 0      1024         1152                                    block-aligned
//! | zero | superblock | inode, attributes, inline tail | … | … | blocks of big folders and links |
//! ```

mod layout;
mod write;

pub use write::{Image, image};

use cairn_graph::Digest;
use std::io::{self, Write};

/// Why a tree can't become a root image.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An entry whose parent isn't a folder of the tree, or no root folder.
    #[error("`/{path}` has no parent folder in the tree")]
    NoParent {
        /// The entry.
        path: String,
    },
    /// A name is longer than 255 bytes, empty, or holds a zero byte.
    #[error("`/{path}` has a name that no file system takes")]
    Name {
        /// The entry.
        path: String,
    },
    /// A link's text is empty or longer than 4095 bytes.
    #[error("the symbolic link `/{path}` has a target of {length} bytes; 1 to 4095 are possible")]
    Target {
        /// The entry.
        path: String,
        /// Bytes.
        length: usize,
    },
    /// An attribute of a namespace that erofs doesn't know, or one that the overlay would take as its own.
    #[error("`/{path}` has the attribute `{name}`, which a root image can't hold")]
    Attribute {
        /// The entry.
        path: String,
        /// The attribute.
        name: String,
    },
    /// More attributes than an inode can hold (256 KiB), or one of more than 64 KiB.
    #[error("the extended attributes of `/{path}` are too big")]
    Attributes {
        /// The entry.
        path: String,
    },
    /// Device `0/0` means "removed" to an overlay.
    #[error("`/{path}` is a whiteout, which only has a meaning inside an overlay")]
    Whiteout {
        /// The entry.
        path: String,
    },
    /// The metadata doesn't fit 32-bit block numbers.
    #[error("the tree is too big for an image")]
    TooLarge,
    /// The output can't be written.
    #[error("cannot write the root image")]
    Write(#[source] io::Error),
}

/// The path of an object relative to the folder of objects, as the store lays them out: `ab/<digest>[.x]`.
pub fn object_path(digest: &Digest, mode: u32) -> String {
    let digest = digest.to_string();
    let suffix = if mode & 0o111 == 0 { "" } else { ".x" };
    format!("{}/{digest}{suffix}", &digest[..2])
}

/// Writes the image of a tree; `object_path` gets a content's digest and the file's mode.
///
/// Errors: see [`Error`].
pub fn write(
    tree: &cairn_graph::Tree,
    object_path: impl Fn(&Digest, u32) -> String,
    mut out: impl Write,
) -> Result<Digest, Error> {
    let image = image(tree, object_path)?;
    out.write_all(&image.bytes).map_err(Error::Write)?;
    Ok(image.digest)
}
