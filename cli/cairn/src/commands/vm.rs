//! `cairn vm`: a system in a virtual machine, its serial console on this terminal.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cairn_image::qemu::{Forward, Machine, command};
use clap::Args;
use rustix::process::{Pid, Signal, kill_process};

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
        if is_disk(&self.file) {
            boots(&self.file)?;
        }
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
        let run = |source| CommandError::File {
            act: "run",
            path: path.clone(),
            source,
        };
        match supervise(&mut qemu, context.stop.flag()).map_err(run)? {
            None => Err(CommandError::Interrupted),
            Some(status) if status.success() => Ok(Exit::Done),
            Some(_) => Ok(Exit::Failed),
        }
    }
}

/// How long the machine may take to end when it is asked to.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs a program to its end, or until `stop` turns: then it is asked to end, killed if it does not, and `None` comes out.
///
/// Whatever comes out, the program is gone; it goes, too, if this one is killed.
fn supervise(command: &mut Command, stop: &AtomicBool) -> io::Result<Option<ExitStatus>> {
    const GLANCE: Duration = Duration::from_millis(50);
    cairn_sys::tether::end_with_this_thread(command);
    let mut child = command.spawn()?;
    let mut asked: Option<Instant> = None;
    loop {
        if let Some(status) = child.try_wait()? {
            let stopped = asked.is_some() || stop.load(Ordering::Relaxed);
            return Ok((!stopped).then_some(status));
        }
        match asked {
            None if stop.load(Ordering::Relaxed) => {
                asked = Some(Instant::now());
                kill_process(Pid::from_child(&child), Signal::TERM)?;
            }
            Some(since) if since.elapsed() > PATIENCE => child.kill()?,
            _ => {}
        }
        std::thread::sleep(GLANCE);
    }
}

/// Errors: a disk image that is not there, or is no file that can be read.
fn boots(disk: &Path) -> Result<(), CommandError> {
    let failed = |source| CommandError::File {
        act: "boot the disk image",
        path: disk.to_owned(),
        source,
    };
    let metadata = File::open(disk).and_then(|file| file.metadata());
    if metadata.map_err(failed)?.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    Ok(())
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
    fn a_program_ends_when_cairn_is_stopped_and_is_gone_then() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("pid");
        let stop = AtomicBool::new(false);
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg("echo $$ > \"$0.new\"; mv \"$0.new\" \"$0\"; exec sleep 60");
        command.arg(&file);
        std::thread::scope(|scope| {
            let ended = scope.spawn(|| supervise(&mut command, &stop));
            while !file.exists() {
                std::thread::sleep(Duration::from_millis(5));
            }
            stop.store(true, Ordering::Relaxed);
            let ended = ended.join().expect("no panic").expect("it ran");
            assert_eq!(ended, None);
        });
        let pid = std::fs::read_to_string(&file).expect("a number");
        assert!(!Path::new("/proc").join(pid.trim()).exists());
    }

    #[test]
    fn a_program_that_ends_by_itself_says_how() {
        let stop = AtomicBool::new(false);
        let ended = supervise(&mut Command::new("false"), &stop).expect("it ran");
        assert!(ended.is_some_and(|status| !status.success()));
    }

    #[test]
    fn a_disk_that_is_not_there_is_named() {
        let error = boots(Path::new("/nowhere/nothere.raw")).expect_err("nothing there");
        assert_eq!(
            error.to_string(),
            "cannot boot the disk image /nowhere/nothere.raw"
        );
    }

    #[test]
    fn a_disk_is_known_by_its_name() {
        assert!(is_disk(Path::new("a/disk.raw")) && !is_disk(Path::new("web.cairn")));
    }
}
