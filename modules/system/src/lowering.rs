//! From a configuration and its lock to a build graph.
//!
//! In: the spec, the lock, the paths and builds that the configuration names. Out: [`Lowered`], a graph whose last node is the system, or
//! [`LoweredBuilds`], one of builds alone. Pure: nothing is fetched, built or looked up.

use crate::builders::{
    fetch::FetchArgs, initrd::InitrdArgs, machine::MachineArgs, root::RootArgs, system::SystemArgs,
};
use crate::described::Described;
use crate::locking::{self, SYSTEM, TOOLS};
use crate::machine::accounts::Numbers;
use cairn_debian::lock::{Lock, LockedPackage};
use cairn_graph::build_graph::{BuildGraph, DerivationId, GraphError};
use cairn_graph::{Content, Derivation, Digest, FixedOutput, StorePath};
use cairn_spec::SystemSpec;
use serde::Serialize;
use std::collections::BTreeMap;

mod builds;
mod stand_in;

pub use stand_in::{marker, substitute};

/// Names of the builders, as derivations give them.
pub mod builder {
    /// Downloads a package of the lock.
    pub const FETCH: &str = "debian-fetch";
    /// Unpacks a package into `control/` and `data/`.
    pub const UNPACK: &str = "debian-unpack";
    /// Composes packages and runs their scripts.
    pub const ROOT: &str = "debian-root";
    /// Composes packages without running scripts.
    pub const TOOLS: &str = "debian-tools";
    /// Puts the configuration into the packages' root.
    pub const MACHINE: &str = "machine";
    /// Describes a root as a metadata-only image.
    pub const ROOT_IMAGE: &str = "root-image";
    /// Packs the initial file system.
    pub const INITRD: &str = "initrd";
    /// Joins all that a generation is.
    pub const SYSTEM: &str = "system";
    /// Is a local file or folder that was put into the store before.
    pub const SOURCE: &str = "source";
    /// Downloads a file that a configuration names.
    pub const URL: &str = "fetch-url";
}

/// A graph and its ends.
#[derive(Debug)]
pub struct Lowered {
    /// The steps.
    pub graph: BuildGraph,
    /// The system: what a generation points to.
    pub system: DerivationId,
    /// The root of the packages, before the configuration is put in.
    pub packages: DerivationId,
    /// The root of the tools, needed only for images.
    pub tools: DerivationId,
    /// The builds and downloads whose results the system has: the text that stands for each, and its node.
    pub builds: BTreeMap<String, DerivationId>,
}

/// A graph of builds without a system.
#[derive(Debug)]
pub struct LoweredBuilds {
    /// The steps.
    pub graph: BuildGraph,
    /// The text that stands for each result, and its node; local files too.
    pub builds: BTreeMap<String, DerivationId>,
}

/// What else goes into a system beside spec and lock.
#[derive(Debug, Clone)]
pub struct Surroundings<'a> {
    /// Store paths that the configuration's texts name, with their contents.
    pub sources: &'a BTreeMap<StorePath, Content>,
    /// The builds and downloads that the configuration's texts name, and what they need.
    pub described: &'a Described,
    /// Numbers of the declared accounts.
    pub numbers: &'a Numbers,
    /// The program that runs first: its object.
    pub init: Digest,
}

/// Lowers a configuration.
///
/// Errors: [`GraphError`], when two steps clash; a lock that was read from disk can't be trusted not to.
pub fn lower(
    spec: &SystemSpec,
    lock: &Lock,
    around: &Surroundings<'_>,
) -> Result<Lowered, GraphError> {
    let mut graph = BuildGraph::new();
    let unpacked = unpack(&mut graph, lock)?;
    let builds = builds::add(&mut graph, around.described, lock, &unpacked)?.builds;
    let set = |name: &str| lock.sets.get(name).map(Vec::as_slice).unwrap_or_default();
    let of = |package: &LockedPackage| unpacked.get(&package.sha256).copied();

    let numbers = lock.accounts.of_packages.clone();
    let args = RootArgs {
        epoch: lock.epoch,
        assumed: locking::assumed(),
        numbers,
    };
    let root = graph.add(step(
        "packages".into(),
        builder::ROOT,
        cairn_debian::recipe::VERSION,
        &args,
    ));
    for package in set(SYSTEM) {
        if let Some(input) = of(package) {
            graph.add_input(root, package.name.clone(), input)?;
        }
    }
    let tools = graph.add(step("tools".into(), builder::TOOLS, 1, &()));
    for package in set(TOOLS) {
        if let Some(input) = of(package) {
            graph.add_input(tools, package.name.clone(), input)?;
        }
    }
    let (spec, stand_ins) = stand_in::in_spec(spec, builds.keys());
    let args = MachineArgs {
        spec: spec.clone(),
        sources: around
            .sources
            .iter()
            .map(|(path, content)| (path.logical(), *content))
            .collect(),
        numbers: around.numbers.clone(),
        epoch: lock.epoch,
    };
    let machine = graph.add(step("root".into(), builder::MACHINE, 1, &args));
    graph.add_input(machine, "packages", root)?;
    for (label, text) in &stand_ins {
        if let Some(build) = builds.get(text) {
            graph.add_input(machine, label.clone(), *build)?;
        }
    }

    let args = InitrdArgs {
        modules: spec.kernel.modules.clone(),
        init: around.init,
    };
    let initrd = graph.add(step("initrd".into(), builder::INITRD, 1, &args));
    graph.add_input(initrd, "packages", root)?;

    let image = graph.add(step("root.erofs".into(), builder::ROOT_IMAGE, 1, &()));
    graph.add_input(image, "root", machine)?;

    let packages = set(SYSTEM)
        .iter()
        .map(|package| (package.name.clone(), package.version.clone()))
        .collect();
    let references = around.sources.keys().cloned().collect();
    let args = SystemArgs {
        host: spec.host.name.clone(),
        packages,
        references,
    };
    let system = graph.add(step(
        format!("system-{}", spec.host.name),
        builder::SYSTEM,
        1,
        &args,
    ));
    graph.add_input(system, "root", machine)?;
    graph.add_input(system, "image", image)?;
    graph.add_input(system, "initrd", initrd)?;
    for (label, text) in &stand_ins {
        if let Some(build) = builds.get(text) {
            graph.add_input(system, label.clone(), *build)?;
        }
    }
    let loader = set(TOOLS)
        .iter()
        .find(|package| package.name == "systemd-boot-efi")
        .and_then(of);
    if let Some(loader) = loader {
        graph.add_input(system, "loader", loader)?;
    }
    Ok(Lowered {
        graph,
        system,
        packages: root,
        tools,
        builds,
    })
}

/// Lowers builds alone.
///
/// Errors: as [`lower`].
pub fn lower_builds(described: &Described, lock: &Lock) -> Result<LoweredBuilds, GraphError> {
    let mut graph = BuildGraph::new();
    let unpacked = unpack(&mut graph, lock)?;
    let nodes = builds::add(&mut graph, described, lock, &unpacked)?;
    let builds = nodes.sources.into_iter().chain(nodes.builds).collect();
    Ok(LoweredBuilds { graph, builds })
}

/// Fetches and unpacks every package of the lock: the digest of each, and its unpacked tree.
fn unpack(
    graph: &mut BuildGraph,
    lock: &Lock,
) -> Result<BTreeMap<String, DerivationId>, GraphError> {
    let mut unpacked: BTreeMap<String, DerivationId> = BTreeMap::new();
    for package in lock.packages() {
        let deb = graph.add(fetch(package));
        let tree = graph.add(step(package_name(package), builder::UNPACK, 1, &()));
        graph.add_input(tree, "deb", deb)?;
        unpacked.insert(package.sha256.clone(), tree);
    }
    Ok(unpacked)
}

/// `nginx_1.26.3-3_amd64`, with what a store path can't have replaced: versions may hold `:`.
fn package_name(package: &LockedPackage) -> String {
    let name = format!(
        "{}_{}_{}",
        package.name, package.version, package.architecture
    );
    name.replace(
        |c: char| !(c.is_ascii_alphanumeric() || "+-._?=~".contains(c)),
        "_",
    )
}

fn fetch(package: &LockedPackage) -> Derivation {
    let args = FetchArgs {
        origin: package.origin,
        path: package.path.clone(),
    };
    let fixed = FixedOutput {
        sha256: package.sha256.clone(),
        size: Some(package.size),
    };
    Derivation {
        fixed: Some(fixed),
        ..step(package_name(package) + ".deb", builder::FETCH, 1, &args)
    }
}

fn step(name: String, builder: &str, builder_version: u32, args: &impl Serialize) -> Derivation {
    // Arguments are plain data with string keys: turning them into JSON can't fail.
    let args = serde_json::to_value(args).unwrap_or_default();
    Derivation {
        name,
        builder: builder.into(),
        builder_version,
        args,
        fixed: None,
    }
}
