//! A tree of real files: the first of a folder, as many and as large as the measurements ask for.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Files that a tree has.
const FILES: usize = 10_000;
/// Bytes that it has, at least, where the folder has as many.
const BYTES: u64 = 500_000_000;
/// A file of this many bytes counts as large: they make up the bytes once the files are there.
const LARGE: u64 = 1_000_000;

/// What a tree became.
#[derive(Debug, Default)]
pub struct Made {
    pub files: usize,
    pub bytes: u64,
}

/// Copies files of a folder, sorted by path, to an empty place.
pub fn copy(from: &Path, to: &Path) -> Made {
    let mut small = Vec::new();
    let mut large = Vec::new();
    let mut open = vec![from.to_owned()];
    while let Some(folder) = open.pop() {
        let Ok(items) = fs::read_dir(&folder) else {
            continue;
        };
        let mut paths: Vec<PathBuf> = items.flatten().map(|item| item.path()).collect();
        paths.sort_unstable_by(|a, b| b.cmp(a));
        for path in paths {
            match path.symlink_metadata() {
                Ok(found) if found.is_dir() => open.push(path),
                Ok(found) if found.is_file() && found.len() >= LARGE => {
                    large.push((path, found.len()));
                }
                Ok(found) if found.is_file() => small.push((path, found.len())),
                _ => {}
            }
        }
    }
    let mut made = Made::default();
    small.truncate(FILES);
    let bytes: u64 = small.iter().map(|(_, bytes)| bytes).sum();
    let mut missing = BYTES.saturating_sub(bytes);
    let mut chosen: Vec<_> = large
        .into_iter()
        .take_while(|(_, bytes)| {
            let wanted = missing > 0;
            missing = missing.saturating_sub(*bytes);
            wanted
        })
        .collect();
    small.truncate(FILES - chosen.len().min(FILES));
    chosen.extend(small);
    for (path, bytes) in chosen {
        let inside = path.strip_prefix("/").expect("an absolute path");
        let place = to.join(inside);
        fs::create_dir_all(place.parent().expect("a folder")).expect("a folder");
        if fs::copy(&path, &place).is_ok() {
            let executable = fs::metadata(&place)
                .expect("it is there")
                .permissions()
                .mode()
                & 0o111
                != 0;
            let mode = if executable { 0o755 } else { 0o644 };
            fs::set_permissions(&place, fs::Permissions::from_mode(mode)).expect("a mode");
            made.files += 1;
            made.bytes += bytes;
        }
    }
    made
}
