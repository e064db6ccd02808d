//! Places the inodes of a tree and writes them.
//!
//! In: a [`Tree`]. Out: an [`Image`]. Two passes: sizes decide places, places decide numbers, and
//! numbers are what folders hold.

use super::Error;
use super::layout::{
    self, BLOCK, DIRENT_LEN, DataLayout, INODE_LEN, Inode, SLOT, SUPERBLOCK, SUPERBLOCK_LEN,
    Superblock, put,
};
use cairn_graph::{Digest, Entry, EntryKind, Tree};
use std::collections::BTreeMap;

/// A finished root image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The whole file system.
    pub bytes: Vec<u8>,
    /// BLAKE3 of the bytes: what the command line names.
    pub digest: Digest,
}

const METACOPY: &str = "overlay.metacopy";
const REDIRECT: &str = "overlay.redirect";
const TRUSTED: u8 = 4;

/// The type in the upper bits of a mode.
const FILE: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;
const LINK: u32 = 0o120_000;
const DEVICE: u32 = 0o020_000;
const PIPE: u32 = 0o010_000;

/// A name of a folder: the inode it means and the type that readdir tells.
struct Name<'a> {
    bytes: &'a [u8],
    target: usize,
    file_type: u8,
}

/// What stands behind an inode.
enum Body<'a> {
    Nothing,
    Hole { size: u64 },
    Link(&'a str),
    Names(Vec<Name<'a>>),
    Device(u32),
}

/// An inode whose place is being found.
struct Node<'a> {
    entry: &'a Entry,
    body: Body<'a>,
    attributes: Vec<u8>,
    links: u32,
    /// Bytes of data, of which the last `tail` stand behind the inode.
    size: u64,
    tail: usize,
    offset: usize,
    first_block: usize,
}

/// Makes the image of a tree.
///
/// Errors: see [`Error`].
pub fn image(tree: &Tree, object_path: impl Fn(&Digest, u32) -> String) -> Result<Image, Error> {
    let mut nodes = nodes(tree, &object_path)?;
    let blocks = place(&mut nodes)?;
    let mut bytes = vec![0; blocks * BLOCK];
    for (number, node) in nodes.iter().enumerate() {
        emit(&nodes, number, node, &mut bytes);
    }
    let superblock = Superblock {
        root: (nodes[0].offset / SLOT) as u16,
        inodes: nodes.len() as u64,
        build_time: nodes.iter().map(|node| node.entry.mtime).max().unwrap_or(0),
        blocks: blocks as u32,
    };
    layout::seal(&mut bytes, &superblock);
    let digest = Digest::of(&bytes);
    Ok(Image { bytes, digest })
}

/// The inodes in the order of the tree, the root first.
fn nodes<'a>(
    tree: &'a Tree,
    object_path: &impl Fn(&Digest, u32) -> String,
) -> Result<Vec<Node<'a>>, Error> {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut nodes: Vec<Node> = Vec::with_capacity(tree.entries.len());
    for (path, entry) in &tree.entries {
        let number = nodes.len();
        let mut node = node(path, entry, object_path)?;
        let parent = if path.is_empty() {
            number
        } else {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            let fits = !name.is_empty() && name.len() <= 255 && !name.contains('\0');
            if !fits || name == "." || name == ".." {
                return Err(Error::Name { path: path.clone() });
            }
            let no_parent = || Error::NoParent { path: path.clone() };
            let parent = *numbers.get(folder).ok_or_else(no_parent)?;
            let file_type = file_type(entry);
            let Body::Names(names) = &mut nodes[parent].body else {
                return Err(no_parent());
            };
            names.push(Name {
                bytes: name.as_bytes(),
                target: number,
                file_type,
            });
            if entry.kind == EntryKind::Directory {
                nodes[parent].links += 1;
            }
            parent
        };
        if let Body::Names(names) = &mut node.body {
            let dot = |bytes, target| Name {
                bytes,
                target,
                file_type: 2,
            };
            names.extend([dot(b".", number), dot(b"..", parent)]);
        }
        numbers.insert(path, number);
        nodes.push(node);
    }
    if nodes.is_empty() {
        return Err(Error::NoParent {
            path: String::new(),
        });
    }
    for node in &mut nodes {
        node.measure();
    }
    Ok(nodes)
}

/// Source: the kernel's `FT_*` numbers.
fn file_type(entry: &Entry) -> u8 {
    match entry.kind {
        EntryKind::File { .. } => 1,
        EntryKind::Directory => 2,
        EntryKind::CharDevice { .. } => 3,
        EntryKind::Fifo => 5,
        EntryKind::Symlink { .. } => 7,
    }
}

fn node<'a>(
    path: &str,
    entry: &'a Entry,
    object_path: &impl Fn(&Digest, u32) -> String,
) -> Result<Node<'a>, Error> {
    let mut redirect = None;
    let body = match &entry.kind {
        EntryKind::Directory => Body::Names(Vec::new()),
        EntryKind::File { size: 0, .. } | EntryKind::Fifo => Body::Nothing,
        EntryKind::File { digest, size } => {
            redirect = Some(format!("/{}", object_path(digest, entry.mode)));
            Body::Hole { size: *size }
        }
        EntryKind::Symlink { target } if target.is_empty() || target.len() >= BLOCK => {
            return Err(Error::Target {
                path: path.into(),
                length: target.len(),
            });
        }
        EntryKind::Symlink { target } => Body::Link(target),
        EntryKind::CharDevice { major: 0, minor: 0 } => {
            return Err(Error::Whiteout { path: path.into() });
        }
        EntryKind::CharDevice { major, minor } => Body::Device(layout::device(*major, *minor)),
    };
    let mut list: Vec<(u8, &str, &[u8])> = Vec::new();
    for (name, value) in &entry.xattrs {
        let foreign = || Error::Attribute {
            path: path.into(),
            name: name.clone(),
        };
        let (index, rest) = layout::namespace(name).ok_or_else(foreign)?;
        if index == TRUSTED && rest.starts_with("overlay.") {
            return Err(foreign());
        }
        list.push((index, rest, value));
    }
    if let Some(redirect) = &redirect {
        list.push((TRUSTED, METACOPY, b""));
        list.push((TRUSTED, REDIRECT, redirect.as_bytes()));
    }
    let too_big = || Error::Attributes { path: path.into() };
    let attributes = layout::attributes(&list).ok_or_else(too_big)?;
    Ok(Node {
        links: if matches!(body, Body::Names(_)) { 2 } else { 1 },
        entry,
        body,
        attributes,
        size: 0,
        tail: 0,
        offset: 0,
        first_block: 0,
    })
}

impl Node<'_> {
    /// Bytes of inode and attributes.
    fn head(&self) -> usize {
        INODE_LEN + self.attributes.len()
    }

    /// Finds how many bytes the data has, and how many of them can stand behind the inode.
    fn measure(&mut self) {
        match &mut self.body {
            Body::Nothing | Body::Device(_) => {}
            Body::Hole { size } => {
                self.size = *size;
                self.tail = 4 * layout::chunk_count(*size) as usize;
            }
            Body::Link(target) => self.size = target.len() as u64,
            Body::Names(names) => {
                names.sort_by_key(|name| name.bytes);
                let blocks = split(names);
                let last = blocks.last().map_or(0, |block| names_len(block));
                self.size = (blocks.len().saturating_sub(1) * BLOCK + last) as u64;
            }
        }
        if self.has_data() {
            let rest = (self.size % BLOCK as u64) as usize;
            // An inline tail must not cross a block, and shares its block with the end of the attributes.
            self.tail = if self.head() + rest <= BLOCK { rest } else { 0 };
        }
    }

    fn has_data(&self) -> bool {
        matches!(self.body, Body::Link(_) | Body::Names(_))
    }

    /// Blocks of its own.
    fn own_blocks(&self) -> usize {
        if !self.has_data() {
            return 0;
        }
        (self.size as usize - self.tail).div_ceil(BLOCK)
    }
}

/// Gives every inode its offset and every big body its blocks; returns the number of blocks.
fn place(nodes: &mut [Node]) -> Result<usize, Error> {
    let mut at = SUPERBLOCK + SUPERBLOCK_LEN;
    for node in &mut *nodes {
        at = at.next_multiple_of(SLOT);
        let whole = node.head() + node.tail;
        let room = BLOCK - at % BLOCK;
        if node.has_data() && node.tail > 0 && whole > room {
            at = at.next_multiple_of(BLOCK);
        }
        node.offset = at;
        at += whole;
    }
    let mut block = at.div_ceil(BLOCK);
    for node in &mut *nodes {
        node.first_block = block;
        block += node.own_blocks();
    }
    if u32::try_from(block).is_err() {
        return Err(Error::TooLarge);
    }
    Ok(block)
}

fn emit(nodes: &[Node], number: usize, node: &Node, image: &mut [u8]) {
    let (mut layout, mut union) = (DataLayout::Plain, 0);
    let kind = match &node.body {
        Body::Nothing if node.entry.kind == EntryKind::Fifo => PIPE,
        Body::Nothing => FILE,
        Body::Hole { size } => {
            (layout, union) = (DataLayout::Chunked, layout::chunk_bits(*size));
            FILE
        }
        Body::Device(device) => {
            union = *device;
            DEVICE
        }
        Body::Link(_) | Body::Names(_) => {
            if node.tail > 0 {
                layout = DataLayout::Inline;
            }
            if node.own_blocks() > 0 {
                union = node.first_block as u32;
            }
            if matches!(node.body, Body::Link(_)) {
                LINK
            } else {
                FOLDER
            }
        }
    };
    let inode = Inode {
        layout,
        attributes_len: node.attributes.len(),
        mode: kind | (node.entry.mode & 0o7777),
        size: node.size,
        union,
        number: number as u32 + 1,
        uid: node.entry.uid,
        gid: node.entry.gid,
        mtime: node.entry.mtime,
        links: node.links,
    };
    put(image, node.offset, &inode.encode());
    put(image, node.offset + INODE_LEN, &node.attributes);
    let behind = node.offset + node.head();
    let data = match &node.body {
        Body::Nothing | Body::Device(_) => return,
        Body::Hole { .. } => {
            // Every chunk is a hole: block address "none".
            image[behind..behind + node.tail].fill(0xff);
            return;
        }
        Body::Link(target) => target.as_bytes().to_vec(),
        Body::Names(names) => folder(nodes, names),
    };
    let (blocks, tail) = data.split_at(data.len() - node.tail);
    put(image, node.first_block * BLOCK, blocks);
    put(image, behind, tail);
}

fn names_len(names: &[Name]) -> usize {
    names.iter().map(|name| DIRENT_LEN + name.bytes.len()).sum()
}

/// Cuts sorted names into blocks.
fn split<'n, 'a>(names: &'n [Name<'a>]) -> Vec<&'n [Name<'a>]> {
    let mut blocks = Vec::new();
    let (mut from, mut length) = (0, 0);
    for (at, name) in names.iter().enumerate() {
        let next = DIRENT_LEN + name.bytes.len();
        if length + next > BLOCK {
            blocks.push(&names[from..at]);
            (from, length) = (at, 0);
        }
        length += next;
    }
    blocks.push(&names[from..]);
    blocks
}

/// The data of a folder: full blocks, padded with zeros, and the last one as long as it is.
fn folder(nodes: &[Node], names: &[Name]) -> Vec<u8> {
    let mut data = Vec::new();
    for block in split(names) {
        data.resize(data.len().next_multiple_of(BLOCK), 0);
        let mut name_at = block.len() * DIRENT_LEN;
        for name in block {
            let number = (nodes[name.target].offset / SLOT) as u64;
            data.extend(number.to_le_bytes());
            data.extend((name_at as u16).to_le_bytes());
            data.extend([name.file_type, 0]);
            name_at += name.bytes.len();
        }
        for name in block {
            data.extend(name.bytes);
        }
    }
    data
}
