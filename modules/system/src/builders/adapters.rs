//! The steps as the scheduler's builders.
//!
//! Each reads its inputs from the store, calls its step and says what came out.

use super::composing::{PackageTree, compose_root};
use super::fetch::{self, FetchArgs};
use super::initrd::{self, InitrdArgs};
use super::machine::MachineArgs;
use super::root::{self, RootArgs};
use super::store_contents::StoreContents;
use super::system::{self, SystemArgs};
use super::unpack;
use super::url::{self, UrlArgs};
use crate::lowering::{builder, marker, substitute};
use crate::machine::{self, Declared};
use cairn_build::script::{self, Script};
use cairn_build::{BuildContext, BuildError, Builder, Builders, Built, Kind};
use cairn_debian::Mirrors;
use cairn_disk::ObjectMeta;
use cairn_fetch::http::{Client, HttpError};
use cairn_graph::{Content, Derivation, Digest, FixedOutput, Output, Tree};
use cairn_image::erofs;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// All builders of a system.
pub fn all(mirrors: Option<Mirrors>, client: Client) -> Builders {
    let url = Url {
        client: client.clone(),
    };
    Builders::new()
        .with(builder::FETCH, Fetch { mirrors, client })
        .with(builder::URL, url)
        .with(builder::SOURCE, Source)
        .with(script::NAME, Script)
        .with(builder::UNPACK, Unpack)
        .with(builder::ROOT, Root)
        .with(builder::TOOLS, Tools)
        .with(builder::MACHINE, Machine)
        .with(builder::ROOT_IMAGE, RootImage)
        .with(builder::INITRD, Initrd)
        .with(builder::SYSTEM, System)
}

fn tree_of(context: &BuildContext<'_>, output: &Output) -> Result<Tree, BuildError> {
    Ok(context
        .store()
        .content_tree(&output.content, output.path.name())?)
}

fn packages(context: &BuildContext<'_>) -> Result<Vec<PackageTree>, BuildError> {
    let inputs = context.inputs().iter();
    inputs
        .map(|(name, output)| Ok(PackageTree::split(name, &tree_of(context, output)?)))
        .collect()
}

fn put_tree(context: &BuildContext<'_>, tree: &Tree) -> Result<Built, BuildError> {
    Ok(Built::new(Content::Tree {
        digest: context.store().put_tree(tree)?,
    }))
}

fn put_file(context: &BuildContext<'_>, bytes: &[u8]) -> Result<Built, BuildError> {
    let meta = ObjectMeta {
        executable: false,
        mtime: 1,
    };
    let (digest, size) = context.store().put_bytes(bytes, meta)?;
    Ok(Built::new(Content::File {
        digest,
        size,
        executable: false,
    }))
}

struct Fetch {
    mirrors: Option<Mirrors>,
    client: Client,
}

impl Builder for Fetch {
    fn build(&self, context: &BuildContext<'_>) -> Result<Built, BuildError> {
        let args: FetchArgs = context.args()?;
        let mirrors = self
            .mirrors
            .as_ref()
            .ok_or_else(|| BuildError::failed(crate::archive::ArchiveError::NoMirror))?;
        let mut get = |fixed: &FixedOutput, file: &Path| {
            let mut progress = |done, total| context.progress(done, total);
            fetch::download(&args, fixed, mirrors, &self.client, file, &mut progress).map(drop)
        };
        put_download(context, &args.path, &mut get)
    }

    fn kind(&self) -> Kind {
        Kind::Fetch
    }

    /// The largest first, as if the network gave 20 MB a second.
    fn cost(&self, derivation: &Derivation) -> u64 {
        let size = derivation
            .fixed
            .as_ref()
            .and_then(|fixed| fixed.size)
            .unwrap_or_default();
        20 + size / 20_000
    }
}

struct Url {
    client: Client,
}

impl Builder for Url {
    fn build(&self, context: &BuildContext<'_>) -> Result<Built, BuildError> {
        let args: UrlArgs = context.args()?;
        let mut get = |fixed: &FixedOutput, file: &Path| {
            let mut progress = |done, total| context.progress(done, total);
            url::download(&args, fixed, &self.client, file, &mut progress).map(drop)
        };
        put_download(context, &args.url, &mut get)
    }

    fn kind(&self) -> Kind {
        Kind::Fetch
    }

    /// As long as a download of 20 MB: nobody knows.
    fn cost(&self, _: &Derivation) -> u64 {
        1_000
    }
}

/// Takes what `get` downloads into the store. A part that was fetched before is gone on with.
fn put_download(
    context: &BuildContext<'_>,
    name: &str,
    get: &mut dyn FnMut(&FixedOutput, &Path) -> Result<(), HttpError>,
) -> Result<Built, BuildError> {
    let no_digest = || BuildError::failed(format!("{name} has no digest to be checked against"));
    let fixed = context.derivation().fixed.clone().ok_or_else(no_digest)?;
    let folder = context.store().layout().cairn().join("var/cache/partial");
    let failed = |act, path: PathBuf| move |source| BuildError::Io { act, path, source };
    fs::create_dir_all(&folder).map_err(failed("make", folder.clone()))?;
    let file = folder.join(&fixed.sha256);
    get(&fixed, &file).map_err(|error| match error {
        HttpError::Cancelled { .. } => BuildError::Cancelled,
        HttpError::Digest { expected, got, .. } => BuildError::HashMismatch {
            name: name.to_owned(),
            expected,
            found: got,
        },
        other => BuildError::failed(other),
    })?;
    let meta = ObjectMeta {
        executable: false,
        mtime: 1,
    };
    let (digest, size) = context.store().put_file(&file, meta)?;
    fs::remove_file(&file).map_err(failed("remove", file.clone()))?;
    Ok(Built::new(Content::File {
        digest,
        size,
        executable: false,
    }))
}

/// A local file or folder: it was put into the store before; that it is there is seen when it is registered.
struct Source;

impl Builder for Source {
    fn build(&self, context: &BuildContext<'_>) -> Result<Built, BuildError> {
        Ok(Built::new(context.args()?))
    }

    fn kind(&self) -> Kind {
        Kind::Unpack
    }

    fn cost(&self, _: &Derivation) -> u64 {
        1
    }
}

struct Unpack;

impl Builder for Unpack {
    fn build(&self, context: &BuildContext<'_>) -> Result<Built, BuildError> {
        let Content::File { digest, .. } = context.input("deb")?.content else {
            return Err(BuildError::failed("the package is no file"));
        };
        let file = context.store().open_object(&digest)?;
        let tree = unpack::unpack(context.store(), file).map_err(BuildError::failed)?;
        put_tree(context, &tree)
    }

    fn kind(&self) -> Kind {
        Kind::Unpack
    }
}

struct Root;

impl Builder for Root {
    fn build(&self, context: &BuildContext<'_>) -> Result<Built, BuildError> {
        let args: RootArgs = context.args()?;
        let packages = packages(context)?;
        let mut line = |line: &str| context.log(line);
        let mut around = root::Surroundings {
            store: context.store(),
            scratch: context.scratch(),
            line: &mut line,
            cancelled: context.stop(),
        };
        let built = root::build(&packages, &args, &mut around);
        context.check_cancelled()?;
        let digest: Digest = built.map_err(BuildError::failed)?;
        Ok(Built::new(Content::Tree { digest }))
    }

    fn cost(&self, _: &Derivation) -> u64 {
        20_000
    }
}

struct Tools;

impl Builder for Tools {
    fn build(&self, context: &BuildContext<'_>) -> Result<Built, BuildError> {
        let packages = packages(context)?;
        let contents = StoreContents {
            store: context.store(),
            mtime: 1,
        };
        let unpacked: Result<Vec<_>, _> = packages
            .iter()
            .map(|package| package.unpacked(&contents))
            .collect();
        let composition = cairn_debian::compose(&unpacked.map_err(BuildError::failed)?)
            .map_err(BuildError::failed)?;
        let tree = compose_root(&packages, &composition, 1).map_err(BuildError::failed)?;
        put_tree(context, &tree)
    }
}

struct Machine;

impl Builder for Machine {
    fn build(&self, context: &BuildContext<'_>) -> Result<Built, BuildError> {
        let mut args: MachineArgs = context.args()?;
        put_results(context, &mut args)?;
        let base = tree_of(context, context.input("packages")?)?;
        let contents = StoreContents {
            store: context.store(),
            mtime: args.epoch,
        };
        let declared = Declared {
            spec: &args.spec,
            sources: &args.sources,
            numbers: &args.numbers,
            epoch: args.epoch,
        };
        let mut tree = machine::compose(&base, &declared, &contents).map_err(BuildError::failed)?;
        cairn_image::root::add_mount_points(&mut tree, args.epoch);
        put_tree(context, &tree)
    }
}

/// Puts what was built for the configuration into it: paths in place of marks, and contents by path.
fn put_results(context: &BuildContext<'_>, args: &mut MachineArgs) -> Result<(), BuildError> {
    let results = context.inputs().iter();
    let results: Vec<_> = results.filter(|(label, _)| *label != "packages").collect();
    if results.is_empty() {
        return Ok(());
    }
    let mut paths = BTreeMap::new();
    for (label, output) in results {
        paths.insert(marker(label), output.path.logical());
        args.sources.insert(output.path.logical(), output.content);
    }
    let mut spec = serde_json::to_value(&args.spec).map_err(BuildError::failed)?;
    substitute(&mut spec, &paths);
    args.spec = serde_json::from_value(spec).map_err(BuildError::failed)?;
    Ok(())
}

struct RootImage;

impl Builder for RootImage {
    fn build(&self, context: &BuildContext<'_>) -> Result<Built, BuildError> {
        let tree = tree_of(context, context.input("root")?)?;
        let mut bytes = Vec::new();
        erofs::write(&tree, erofs::object_path, &mut bytes).map_err(BuildError::failed)?;
        put_file(context, &bytes)
    }
}

struct Initrd;

impl Builder for Initrd {
    fn build(&self, context: &BuildContext<'_>) -> Result<Built, BuildError> {
        let args: InitrdArgs = context.args()?;
        let tree = tree_of(context, context.input("packages")?)?;
        let contents = StoreContents {
            store: context.store(),
            mtime: 1,
        };
        let bytes = initrd::pack(&tree, &args, &contents).map_err(BuildError::failed)?;
        put_file(context, &bytes)
    }
}

struct System;

impl Builder for System {
    fn build(&self, context: &BuildContext<'_>) -> Result<Built, BuildError> {
        let args: SystemArgs = context.args()?;
        let root = context.input("root")?;
        let loader = match context.inputs().get("loader") {
            Some(output) => Some(tree_of(context, output)?),
            None => None,
        };
        let parts = system::Parts {
            root: &tree_of(context, root)?,
            root_path: &root.path,
            root_content: &root.content,
            image: &context.input("image")?.content,
            initrd: &context.input("initrd")?.content,
            loader: loader.as_ref(),
        };
        let contents = StoreContents {
            store: context.store(),
            mtime: 1,
        };
        let tree = system::join(&parts, &args, &contents).map_err(BuildError::failed)?;
        let parts_of_it = ["root", "image", "initrd", "loader"];
        let inputs = context.inputs().iter();
        let built = inputs.filter(|(label, _)| !parts_of_it.contains(&label.as_str()));
        let built = built.map(|(_, output)| output.path.clone());
        let mut references: Vec<_> = args
            .references
            .into_iter()
            .chain(built)
            .chain([root.path.clone()])
            .collect();
        references.sort();
        Ok(Built {
            references,
            ..put_tree(context, &tree)?
        })
    }
}
