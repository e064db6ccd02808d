//! The immutable root: a root image checked against its hash, and an overlay that finds contents in the store.
//!
//! In: the digest. Out: the root, mounted read-only. Source: the kernel's overlayfs documentation, "Data-only lower
//! layers".

use crate::error::{Error, act};
use crate::{IMAGE, ROOT, STATE};
use rustix::mount::{self, MountFlags};
use std::ffi::CString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Where the object with this digest lies on the state partition.
pub fn object(digest: &str) -> PathBuf {
    let folder = &digest[..2];
    Path::new(STATE).join(format!("cairn/objects/{folder}/{digest}"))
}

/// Refuses a root image whose content isn't what its name says.
pub fn check(digest: &str) -> Result<(), Error> {
    let path = object(digest);
    let found = act(format!("read the root image {digest}"), hash(&path))?;
    if found == digest {
        return Ok(());
    }
    Err(Error::new(format!(
        "the root image is damaged: its content is {found}, its name {digest}"
    )))
}

fn hash(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finalize().to_hex().to_string()),
            count => hasher.update(&buffer[..count]),
        };
    }
}

/// Mounts image and overlay.
pub fn mount(digest: &str) -> Result<(), Error> {
    act("make the mount points", fs::create_dir_all(IMAGE))?;
    act("make the mount points", fs::create_dir_all(ROOT))?;
    // The kernel opens the file itself (EROFS_FS_BACKED_BY_FILE, since 6.12): no loop device to set up or to lose.
    let flags = MountFlags::RDONLY | MountFlags::NODEV;
    let mounted = mount::mount(object(digest).as_path(), IMAGE, "erofs", flags, None);
    act("mount the root image", mounted)?;
    let mounted = mount::mount(
        "root",
        ROOT,
        "overlay",
        MountFlags::RDONLY,
        &*layers("", None)?,
    );
    act("mount the root", mounted)
}

/// Options of an overlay over a folder of the image, with its contents from the store.
///
/// An overlay over the root instead would stack three file systems, which is one more than the kernel allows.
pub fn layers(folder: &str, upper: Option<&str>) -> Result<CString, Error> {
    let upper = upper.map_or_else(String::new, |upper| {
        format!(",upperdir={upper}/upper,workdir={upper}/work")
    });
    let options = format!(
        "lowerdir={IMAGE}{folder}::{STATE}/cairn/objects,metacopy=on,redirect_dir=on{upper}"
    );
    CString::new(options).map_err(|_| Error::new("a mount option has a zero byte"))
}
