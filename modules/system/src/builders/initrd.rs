//! Packs the initial file system: the first program and the kernel modules that find the root.

use crate::machine::Contents;
use cairn_graph::{Digest, EntryKind, Tree};
use cairn_image::{initrd, kmod};
use serde::{Deserialize, Serialize};

/// What the derivation says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InitrdArgs {
    /// Modules that the configuration adds.
    pub modules: Vec<String>,
    /// The first program.
    pub init: Digest,
}

/// Why there is no initrd.
#[derive(Debug, thiserror::Error)]
pub enum InitrdError {
    /// No kernel.
    #[error(
        "the packages have no kernel: nothing below /usr/lib/modules has a `modules.dep`; is `kernel.package` a kernel image?"
    )]
    NoKernel,
    /// More than one kernel.
    #[error("the packages have more than one kernel ({}); `packages` and `kernel.package` must name one together", .0.join(", "))]
    ManyKernels(Vec<String>),
    /// Modules.
    #[error(transparent)]
    Modules(#[from] kmod::Error),
    /// The store failed.
    #[error("cannot read /{path}: {cause}")]
    Read {
        /// The file of the root.
        path: String,
        /// Why.
        cause: String,
    },
    /// Compression failed.
    #[error("cannot compress the initrd")]
    Compress(#[source] std::io::Error),
}

const MODULES: &str = "usr/lib/modules";

/// The release of a root's kernel, such as `6.12.107+deb13-amd64`.
///
/// Errors: [`InitrdError::NoKernel`], [`InitrdError::ManyKernels`].
pub fn kernel_release(root: &Tree) -> Result<String, InitrdError> {
    let has_list = |release: &&str| {
        root.get(&format!("{MODULES}/{release}/modules.dep"))
            .is_some()
    };
    let found: Vec<String> = root
        .children(MODULES)
        .map(|(release, _)| release)
        .filter(has_list)
        .map(str::to_owned)
        .collect();
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(InitrdError::NoKernel),
        _ => Err(InitrdError::ManyKernels(found)),
    }
}

fn read(root: &Tree, contents: &dyn Contents, path: &str) -> Result<Option<Vec<u8>>, InitrdError> {
    let Some(EntryKind::File { digest, .. }) = root.get(path).map(|entry| &entry.kind) else {
        return Ok(None);
    };
    let failed = |cause| InitrdError::Read {
        path: path.into(),
        cause,
    };
    contents.read(digest).map(Some).map_err(failed)
}

/// The bytes of an initrd for this root's kernel.
///
/// Errors: [`InitrdError`].
pub fn pack(
    root: &Tree,
    args: &InitrdArgs,
    contents: &dyn Contents,
) -> Result<Vec<u8>, InitrdError> {
    let release = kernel_release(root)?;
    let text = |name: &str| -> Result<String, InitrdError> {
        let bytes =
            read(root, contents, &format!("{MODULES}/{release}/{name}"))?.unwrap_or_default();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let known = kmod::Modules::parse(
        &text("modules.dep")?,
        &text("modules.builtin")?,
        &text("modules.softdep")?,
    )?;
    let required = kmod::REQUIRED
        .into_iter()
        .chain(args.modules.iter().map(String::as_str));
    let mut modules = Vec::new();
    for path in known.resolve(kmod::DEFAULT, required)? {
        let full = format!("{MODULES}/{release}/{path}");
        let packed =
            read(root, contents, &full)?.ok_or_else(|| kmod::Error::Missing(path.clone()))?;
        let plain = path
            .trim_end_matches(".xz")
            .trim_end_matches(".zst")
            .trim_end_matches(".gz");
        modules.push((plain.to_owned(), kmod::decompress(&path, &packed)?));
    }
    let failed = |cause| InitrdError::Read {
        path: "init".into(),
        cause,
    };
    let init = contents.read(&args.init).map_err(failed)?;
    initrd::build(&initrd::Initrd { init, modules }).map_err(InitrdError::Compress)
}
