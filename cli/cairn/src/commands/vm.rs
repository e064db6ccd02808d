//! `cairn vm`: a system in a virtual machine, its serial console on this terminal.

use std::path::{Path, PathBuf};

use cairn_image::qemu::{Forward, Machine, command};
use clap::Args;

use super::Ended;
use super::image::write;
use super::switch::{Aim, make};
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;

/// Boots a system in QEMU, through firmware and boot menu; `Ctrl-A X` ends it
///
/// A configuration is built first; a disk image (`*.raw`, `*.img`) is booted as it is. What the machine writes goes away with it,
/// except on a disk image with `--keep`.
#[derive(Debug, Args)]
pub struct Vm {
    /// A configuration, or a disk image
    #[arg(
        value_name = "FILE",
        default_value = "/etc/cairn/system.cairn",
        env = "CAIRN_CONFIG"
    )]
    file: PathBuf,
    /// Keeps what the machine writes to the disk image
    #[arg(long)]
    keep: bool,
    /// Memory in MiB
    #[arg(long, value_name = "MIB", default_value_t = 1024)]
    memory: u32,
    /// Processors, where the host can virtualise; one where it emulates
    #[arg(long, value_name = "NUMBER", default_value_t = 2)]
    cpus: u32,
    /// Lets connections to a port of this machine reach the other one: `8080:80`
    #[arg(short, long = "publish", value_name = "HERE:THERE", value_parser = forward)]
    publish: Vec<Forward>,
}

impl Vm {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let failed = |source| CommandError::File {
            act: "make a folder in",
            path: std::env::temp_dir(),
            source,
        };
        let folder = tempfile::Builder::new()
            .prefix("cairn-vm-")
            .tempdir()
            .map_err(failed)?;
        let disk = if is_disk(&self.file) {
            self.file.clone()
        } else {
            folder.path().join("disk.raw")
        };
        if !is_disk(&self.file) {
            let made = make(context, &self.file, Aim::Disk)?;
            if !context.globals.dry_run {
                write(context, &self.file, made.number, &disk)?;
            }
        }
        let machine = Machine {
            memory_mib: self.memory,
            cpus: self.cpus,
            snapshot: !self.keep,
            forward: self.publish.clone(),
            ..Machine::new(disk, folder.path().join("variables.fd"))
        };
        let mut qemu = command(&machine)?;
        if context.globals.dry_run {
            context.tell(&format!("would run {qemu:?}"));
            return Ok(Exit::Done);
        }
        context.tell("booting; Ctrl-A X ends the machine");
        let path = PathBuf::from(qemu.get_program());
        let status = qemu.status().map_err(|source| CommandError::File {
            act: "run",
            path,
            source,
        })?;
        Ok(if status.success() {
            Exit::Done
        } else {
            Exit::Failed
        })
    }
}

fn is_disk(file: &Path) -> bool {
    file.extension()
        .is_some_and(|extension| extension == "raw" || extension == "img")
}

fn forward(text: &str) -> Result<Forward, String> {
    let parse = |port: &str| {
        port.parse::<u16>()
            .map_err(|error| format!("`{port}`: {error}"))
    };
    let (host, guest) = text
        .split_once(':')
        .ok_or("two ports are needed, as in 8080:80")?;
    Ok(Forward {
        host: parse(host)?,
        guest: parse(guest)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_given_in_pairs() {
        assert_eq!(
            forward("8080:80"),
            Ok(Forward {
                host: 8080,
                guest: 80
            })
        );
        assert!(
            forward("8080").is_err() && forward("a:80").is_err() && forward("1:99999").is_err()
        );
    }

    #[test]
    fn a_disk_is_known_by_its_name() {
        assert!(is_disk(Path::new("a/disk.raw")) && !is_disk(Path::new("web.cairn")));
    }
}
