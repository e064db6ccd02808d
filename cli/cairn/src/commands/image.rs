//! `cairn image`: a disk that boots.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use cairn_system::disk_image::{self, ImageError, ImageReport, bootable, is_offered};
use clap::Args;

use super::Ended;
use super::switch::{Aim, make};
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::ui::progress::Progress;
use crate::ui::style;

/// Writes a disk image with a boot menu of all generations: GPT, boot partition, state partition
///
/// The configuration is built first, as by `switch`. Needs neither root rights nor loop devices.
#[derive(Debug, Args)]
pub struct Image {
    /// The configuration
    #[arg(
        value_name = "FILE",
        default_value = "/etc/cairn/system.cairn",
        env = "CAIRN_CONFIG"
    )]
    file: PathBuf,
    /// Where the image goes; a file that is there is replaced
    #[arg(short, long, value_name = "DISK", default_value = "disk.raw")]
    output: PathBuf,
}

impl Image {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        check_target(&self.output)?;
        let made = make(context, &self.file, Aim::Disk)?;
        if context.globals.dry_run {
            context.tell(&format!("would write {}", self.output.display()));
            return Ok(Exit::Done);
        }
        let began = Instant::now();
        let report = write(context, &self.file, made.number, &self.output)?;
        let (output, took) = (self.output.display(), style::duration(began.elapsed()));
        let menu: Vec<String> = report.generations.iter().map(u64::to_string).collect();
        context.tell(&format!(
            "wrote {output} in {took}: {}, {} of contents\n  menu    {}, of which {} boots by itself\nnext\n  cairn vm {output}",
            style::bytes(report.size_bytes),
            style::bytes(report.content_bytes),
            menu.join(", "),
            report.chosen,
        ));
        Ok(Exit::Done)
    }
}

/// Said before any work: a place where no image can go.
fn check_target(output: &Path) -> Result<(), CommandError> {
    let failed = |source| CommandError::File {
        act: "write a disk image to",
        path: output.to_owned(),
        source,
    };
    if output.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    let folder = output.parent().unwrap_or(Path::new("/"));
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    // A file without a name, gone at once: what else can tell whether one may be made here?
    tempfile::tempfile_in(folder).map(drop).map_err(failed)
}

/// Writes the disk of all generations with the tools of this configuration's lock; `chosen`, or else the default, boots by itself.
pub fn write(
    context: &Context,
    file: &Path,
    chosen: Option<u64>,
    output: &Path,
) -> Result<ImageReport, CommandError> {
    let session = context.session(file);
    let evaluated = session.evaluate()?;
    let progress = Progress::new(&context.globals);
    let locked = session.lock(&evaluated, false, &mut |words| progress.say(words))?;
    let lowered = session.lower(&evaluated, &locked.lock)?;
    let store = context.store()?;
    let wanted = [lowered.tools];
    let realised = session.realise(&store, &evaluated, &lowered, &wanted, &|event| {
        progress.event(&event);
    })?;
    let tools = realised
        .outputs
        .get(&lowered.tools)
        .ok_or(ImageError::NoGeneration)?;
    let mut generations = store.generations().list()?.generations;
    let default = store.generations().default()?;
    let chosen = chosen.or(default).ok_or(ImageError::NoGeneration)?;
    generations.retain(|generation| generation.number == chosen || is_offered(generation));
    let generations = bootable(&store, generations)?;
    // Somebody may delete and collect them while they are written.
    for generation in generations.iter().map(|it| &it.generation) {
        store.hold(&generation.system)?;
        for kept in &generation.keeps {
            store.hold(kept)?;
        }
    }
    let mut say = |words: &str| progress.say(words);
    Ok(disk_image::write(
        &store,
        tools,
        &generations,
        chosen,
        output,
        context.stop.flag(),
        &mut say,
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_or_a_place_in_no_folder_is_no_target() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(check_target(folder.path()).is_err());
        assert!(check_target(&folder.path().join("no/disk.raw")).is_err());
        assert!(check_target(&folder.path().join("disk.raw")).is_ok());
        assert!(check_target(Path::new("disk.raw")).is_ok());
    }
}
