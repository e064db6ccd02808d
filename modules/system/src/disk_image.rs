//! A bootable disk of generations: plans from the store, file systems by the locked archive's own tools.
//!
//! In: a store, its generations, the root of the tools. Out: a disk image, made without root rights and without loop devices.
//! Lays out nothing itself: `cairn-boot` plans the ESP, `cairn-image` the partitions.

use crate::manifest::{Part, SystemManifest};
use crate::session::{SessionError, read_manifest, read_spec};
use cairn_boot::{CommandLine, EspPlan, Payload};
use cairn_disk::{Generation, GenerationState, Store};
use cairn_graph::{Content, Output, StorePath};
use cairn_image::disk::{self, Disk, Ids};
use cairn_image::ext4::{self, Ext4};
use cairn_image::state::{Item, StatePlan};
use cairn_image::{erofs, esp};
use cairn_spec::SystemSpec;
use cairn_sys::sandbox::Ending;
use cairn_sys::{IdMap, Profile, RootFs, Sandbox, SandboxError, Watch};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// Why there is no image.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// Nothing to put on it.
    #[error("there is no generation to put on a disk; `cairn switch` makes one")]
    NoGeneration,
    /// A generation that can't boot.
    #[error("generation {number} has no boot loader: its lock has no package systemd-boot-efi")]
    NoLoader {
        /// Which.
        number: u64,
    },
    /// A part of a generation is gone.
    #[error(
        "the store has lost the {part} of generation {number}; build it again with `cairn switch`"
    )]
    Lost {
        /// What.
        part: &'static str,
        /// Which.
        number: u64,
    },
    /// The session.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The store.
    #[error(transparent)]
    Store(#[from] cairn_disk::Error),
    /// The ESP's plan.
    #[error(transparent)]
    Boot(#[from] cairn_boot::Error),
    /// Staging.
    #[error(transparent)]
    State(#[from] cairn_image::state::Error),
    /// The disk.
    #[error(transparent)]
    Disk(#[from] disk::Error),
    /// The sandbox of the tools.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// Stopped by the caller.
    #[error("the image was not finished: it was cancelled")]
    Cancelled,
    /// `mke2fs` failed.
    #[error("mke2fs {ending}: {said}")]
    Format {
        /// How it ended.
        ending: String,
        /// What it said.
        said: String,
    },
    /// A file on the way.
    #[error("cannot {act} {path}")]
    File {
        /// What was tried.
        act: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A generation with what its system says.
#[derive(Debug)]
pub struct Bootable {
    /// Its record.
    pub generation: Generation,
    /// Its parts.
    pub manifest: SystemManifest,
    /// Its contract.
    pub spec: SystemSpec,
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageReport {
    /// Bytes of the image, holes included.
    pub size_bytes: u64,
    /// Bytes of the contents on the state partition.
    pub content_bytes: u64,
    /// Numbers of the generations in the boot menu, newest first.
    pub generations: Vec<u64>,
    /// The one that boots by itself.
    pub chosen: u64,
}

/// Reads what the store knows of these generations.
///
/// Errors: [`ImageError::Session`].
pub fn bootable(store: &Store, generations: Vec<Generation>) -> Result<Vec<Bootable>, ImageError> {
    let read = |generation: Generation| {
        let manifest = read_manifest(store, &generation.system)?;
        let spec = read_spec(store, &generation.system)?;
        Ok(Bootable {
            generation,
            manifest,
            spec,
        })
    };
    generations.into_iter().map(read).collect()
}

fn payload(
    store: &Store,
    part: &Part,
    what: &'static str,
    number: u64,
) -> Result<Payload, ImageError> {
    let lost = || ImageError::Lost { part: what, number };
    let source = store
        .object_path(&part.digest, part.executable)
        .ok_or_else(lost)?;
    Ok(Payload {
        digest: part.digest,
        size: part.size,
        source,
    })
}

/// What the boot writer is asked for: all generations, `chosen` the one that boots by itself.
///
/// Errors: [`ImageError::NoGeneration`], [`ImageError::Lost`], [`ImageError::NoLoader`].
pub fn boot_request(
    store: &Store,
    generations: &[Bootable],
    chosen: u64,
    state: &cairn_boot::StatePartition,
    booted: Option<u64>,
) -> Result<cairn_boot::Request, ImageError> {
    let newest = generations
        .iter()
        .max_by_key(|b| b.generation.number)
        .ok_or(ImageError::NoGeneration)?;
    let number = newest.generation.number;
    let loader = newest
        .manifest
        .loader
        .as_ref()
        .ok_or(ImageError::NoLoader { number })?;
    let mut listed = Vec::new();
    for Bootable {
        generation,
        manifest,
        spec,
    } in generations
    {
        let number = generation.number;
        let date = generation.date.strftime("%Y-%m-%d");
        let line = CommandLine::of(
            spec,
            number as u32,
            manifest.root_image.digest,
            state.clone(),
        );
        listed.push(cairn_boot::Generation {
            number: number as u32,
            title: format!("Cairn generation {number} ({date}, {})", manifest.host),
            kernel: payload(store, &manifest.kernel, "kernel", number)?,
            initrd: payload(store, &manifest.initrd, "initrd", number)?,
            options: line.words(),
        });
    }
    Ok(cairn_boot::Request {
        generations: listed,
        unreadable: Vec::new(),
        chosen: chosen as u32,
        booted: booted.map(|number| number as u32),
        loader: Some(payload(store, loader, "boot loader", number)?),
        timeout_secs: newest.spec.boot.timeout_secs,
    })
}

/// What the state partition holds for these generations.
///
/// Errors: [`ImageError::Store`].
fn state_plan(
    store: &Store,
    generations: &[Bootable],
    chosen: u64,
) -> Result<StatePlan, ImageError> {
    let layout = store.layout();
    let below = |path: &Path| {
        format!(
            "cairn/{}",
            path.strip_prefix(layout.cairn()).unwrap_or(path).display()
        )
    };
    let file = |path: PathBuf| (below(&path), Item::File { source: path });
    let mut plan = StatePlan::new();
    // A machine opens this store as any other: empty folders of it are part of it.
    for folder in layout
        .folders()
        .iter()
        .filter(|folder| *folder != layout.cairn())
    {
        plan.items
            .insert(below(folder), Item::Folder { mode: 0o755 });
    }
    plan.items.extend([file(layout.version())]);
    let mut paths: BTreeSet<StorePath> = BTreeSet::new();
    for bootable in generations {
        let manifest = &bootable.manifest;
        let root = store.tree(&manifest.root)?;
        plan.add_contents(&root, erofs::object_path, &layout.objects());
        let part = &manifest.root_image;
        let source = payload(store, part, "root image", bootable.generation.number)?.source;
        plan.add_object(&erofs::object_path(&part.digest, 0o644), part.size, source);
        paths.extend(store.closure(&bootable.generation.system)?);
        let folder = layout
            .generations()
            .join(bootable.generation.number.to_string());
        plan.items
            .insert(below(&folder), Item::Copy { source: folder });
    }
    for path in &paths {
        plan.items.extend([file(layout.path_record(path))]);
        let content = store.path_content(path)?;
        if let Content::Tree { digest } = content {
            plan.items.extend([file(layout.tree(&digest))]);
        }
        // A root is only ever mounted through its image: its folder would be twice the inodes for nothing.
        if !generations
            .iter()
            .any(|bootable| bootable.manifest.root_path == *path)
        {
            plan.add_store_path(path.base_name(), store.ensure_materialised(path)?);
            plan.add_contents(
                &store.content_tree(&content, path.name())?,
                erofs::object_path,
                &layout.objects(),
            );
        }
    }
    plan.items.insert(
        "cairn/var/gens/default".into(),
        Item::Link {
            target: chosen.to_string(),
        },
    );
    let last = layout.generations().join("last");
    if last.exists() {
        plan.items.extend([file(last)]);
    }
    Ok(plan)
}

/// Bytes of a state partition: what the configuration wants, at least what is on it and room to grow.
fn state_bytes(plan: &StatePlan, spec: &SystemSpec) -> u64 {
    const MIB: u64 = 1 << 20;
    let wanted = u64::from(spec.image.state_mib) * MIB;
    let needed = plan.content_bytes + plan.content_bytes / 4 + 256 * MIB;
    wanted.max(needed).next_multiple_of(MIB)
}

/// Writes the disk of these generations to `out`, replacing what was there in one step.
///
/// `tools` is the realised root of the tools. The caller holds the store's lock. Errors: [`ImageError`]; then `out` is untouched.
pub fn write(
    store: &Store,
    tools: &Output,
    generations: &[Bootable],
    chosen: u64,
    out: &Path,
    cancelled: &AtomicBool,
    say: &mut dyn FnMut(&str),
) -> Result<ImageReport, ImageError> {
    let newest = generations
        .iter()
        .max_by_key(|b| b.generation.number)
        .ok_or(ImageError::NoGeneration)?;
    let ids = Ids::from_seed(newest.manifest.host.as_bytes());
    let esp_bytes = u64::from(newest.spec.image.esp_mib) << 20;
    let request = boot_request(store, generations, chosen, &ids.state_partition(), None)?;
    let boot: EspPlan = cairn_boot::plan(&request, &esp::empty(esp_bytes))?;
    let plan = state_plan(store, generations, chosen)?;
    let scratch = store.tmp_path()?;
    let stage = scratch.join("stage");
    fs::create_dir_all(&stage).map_err(file_error("make", &stage))?;
    say("gathering the contents");
    plan.stage(&stage)?;
    not_cancelled(cancelled)?;
    say("writing the file system");
    let state = scratch.join("state.ext4");
    let ext4 = Ext4 {
        size_bytes: state_bytes(&plan, &newest.spec),
        id: ids.ext4,
        time: newest.generation.date.as_second(),
    };
    format(store, tools, &ext4, (&stage, &state), cancelled)?;
    say("writing the disk");
    let partial = partial_name(out);
    let disk = Disk {
        ids,
        esp_bytes,
        esp: &boot,
        state: &state,
    };
    let size_bytes = place(&disk, &partial, out, cancelled).inspect_err(|_| {
        // The error that is told is the one that led here; half an image is of no use to anybody.
        drop(fs::remove_file(&partial));
    })?;
    fs::remove_dir_all(&scratch).map_err(file_error("remove", &scratch))?;
    let mut numbers: Vec<u64> = generations
        .iter()
        .map(|bootable| bootable.generation.number)
        .collect();
    numbers.retain(|number| !boot.evicted.contains(&(*number as u32)));
    numbers.sort_unstable_by_key(|number| std::cmp::Reverse(*number));
    Ok(ImageReport {
        size_bytes,
        content_bytes: plan.content_bytes,
        generations: numbers,
        chosen,
    })
}

/// Writes the disk beside its place and moves it there; its bytes, holes included.
fn place(
    disk: &Disk<'_>,
    partial: &Path,
    out: &Path,
    cancelled: &AtomicBool,
) -> Result<u64, ImageError> {
    disk::write(disk, partial)?;
    not_cancelled(cancelled)?;
    let metadata = fs::metadata(partial).map_err(file_error("read", partial))?;
    fs::rename(partial, out).map_err(file_error("move the finished image to", out))?;
    Ok(metadata.len())
}

fn not_cancelled(cancelled: &AtomicBool) -> Result<(), ImageError> {
    if cancelled.load(Ordering::Relaxed) {
        return Err(ImageError::Cancelled);
    }
    Ok(())
}

fn partial_name(out: &Path) -> PathBuf {
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    out.with_file_name(name)
}

fn file_error(act: &'static str, path: &Path) -> impl Fn(io::Error) -> ImageError {
    let path = path.to_owned();
    move |source| ImageError::File {
        act,
        path: path.clone(),
        source,
    }
}

/// Runs the locked archive's `mke2fs` in the sandbox.
fn format(
    store: &Store,
    tools: &Output,
    ext4: &Ext4,
    (stage, state): (&Path, &Path),
    cancelled: &AtomicBool,
) -> Result<(), ImageError> {
    let image = File::create(state).map_err(file_error("make", state))?;
    image
        .set_len(ext4.size_bytes)
        .map_err(file_error("size", state))?;
    let lower = store.ensure_materialised(&tools.path)?;
    let folders = ["upper", "work"].map(|name| state.with_file_name(name));
    for folder in &folders {
        fs::create_dir_all(folder).map_err(file_error("make", folder))?;
    }
    let [upper, work] = folders;
    let program = Path::new("/usr/sbin/mke2fs");
    let command = ext4::command(
        program,
        ext4,
        Path::new("/stage"),
        Path::new("/image/state.ext4"),
    );
    let words: Vec<String> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let folder = state.parent().unwrap_or(state);
    let mut sandbox = Sandbox::new(
        IdMap::for_current_user()?,
        RootFs::Overlay {
            lowers: vec![lower],
            upper,
            work,
        },
        words,
    )
    .bind_read_only(stage, "/stage")
    .bind_writable(folder, "/image")
    .profile(Profile::MaintainerScripts);
    for (name, value) in command.get_envs() {
        let value = value.unwrap_or_default().to_string_lossy().into_owned();
        sandbox = sandbox.env(&name.to_string_lossy(), value);
    }
    let mut said = Vec::new();
    let mut line = |bytes: &[u8]| said.push(String::from_utf8_lossy(bytes).into_owned());
    let outcome = cairn_sys::run(
        &sandbox,
        &mut Watch {
            line: &mut line,
            cancelled: Some(cancelled),
        },
    )?;
    if outcome.success() {
        return Ok(());
    }
    if outcome.ending == Ending::Cancelled {
        return Err(ImageError::Cancelled);
    }
    Err(ImageError::Format {
        ending: outcome.ending.to_string(),
        said: said.join("; "),
    })
}

/// Whether a generation belongs into a boot menu: everything but what is known to have failed.
pub fn is_offered(generation: &Generation) -> bool {
    !matches!(generation.state, GenerationState::Failed { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interruption_is_found_before_the_next_step() {
        let stop = AtomicBool::new(false);
        assert!(not_cancelled(&stop).is_ok());
        stop.store(true, Ordering::Relaxed);
        assert!(matches!(not_cancelled(&stop), Err(ImageError::Cancelled)));
    }
}
