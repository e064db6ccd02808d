//! The command line of QEMU for a disk image.
//!
//! In: a [`Machine`]. Out: a [`Command`]. Finds out what the builder's machine can do: KVM is used only where it
//! answers. Starts nothing and waits for nothing.

use cairn_boot::ADDED;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A forwarded port: connections to the host's port reach the machine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forward {
    /// On 127.0.0.1; not 0.
    pub host: u16,
    /// In the machine.
    pub guest: u16,
}

/// Where a serial line ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Serial {
    /// At this terminal, together with QEMU's own prompt (`Ctrl-A X` ends it).
    Terminal,
    /// At a Unix socket that QEMU makes and on which it waits for nobody.
    Socket(PathBuf),
}

/// A virtual machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// The disk image, raw.
    pub disk: PathBuf,
    /// Whether the disk stays as it is; what is written goes away with the machine.
    pub snapshot: bool,
    /// A copy of the firmware's variables that the machine may write.
    pub variables: PathBuf,
    /// Memory.
    pub memory_mib: u32,
    /// Processors.
    pub cpus: u32,
    /// Serial lines, `ttyS0` first.
    pub serial: Vec<Serial>,
    /// Ports.
    pub forward: Vec<Forward>,
}

impl Machine {
    /// A machine with 1 GiB that talks over this terminal.
    pub fn new(disk: PathBuf, variables: PathBuf) -> Self {
        Self {
            disk,
            snapshot: false,
            variables,
            memory_mib: 1024,
            cpus: 2,
            serial: vec![Serial::Terminal],
            forward: Vec::new(),
        }
    }
}

/// What the builder's machine lacks.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No emulator.
    #[error("{program} was not found: install the package qemu-system-x86")]
    NoQemu {
        /// Its name.
        program: &'static str,
    },
    /// No firmware.
    #[error("the UEFI firmware {path} was not found: install the package ovmf")]
    NoFirmware {
        /// The missing file.
        path: PathBuf,
    },
    /// The copy of the variables can't be made.
    #[error("cannot copy the firmware's variables to {path}")]
    Variables {
        /// The copy.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

const PROGRAM: &str = "qemu-system-x86_64";
const FIRMWARE: &str = "/usr/share/OVMF/OVMF_CODE_4M.fd";
const VARIABLES: &str = "/usr/share/OVMF/OVMF_VARS_4M.fd";

/// An emulated processor: Debian's baseline and what most programs for newer ones need. Each instruction set beyond it (AES, AVX,
/// virtualisation) is slow here and has the machine load a driver.
const EMULATED: &str = "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,-svm";

/// What systemd-boot adds to the kernel's command line in an emulated machine, and only there: the emulated counter of cycles
/// is not to be distrusted for a slow moment, ciphers need no test at each boot, and the serial line hears of warnings, not of
/// everything. Source: smbios-type-11(7).
const EMULATED_KERNEL: &str = "tsc=reliable cryptomgr.notests loglevel=5";

/// The command that runs the machine; makes the copy of the firmware's variables if it is missing.
///
/// Errors: see [`Error`].
pub fn command(machine: &Machine) -> Result<Command, Error> {
    let program = find(PROGRAM).ok_or(Error::NoQemu { program: PROGRAM })?;
    for path in [FIRMWARE, VARIABLES] {
        if !Path::new(path).exists() {
            return Err(Error::NoFirmware { path: path.into() });
        }
    }
    if !machine.variables.exists() {
        let copied = fs::copy(VARIABLES, &machine.variables);
        copied.map_err(|source| Error::Variables {
            path: machine.variables.clone(),
            source,
        })?;
    }
    let mut command = Command::new(program);
    command.args(arguments(machine, kvm_works()));
    Ok(command)
}

/// The words of the command line.
pub fn arguments(machine: &Machine, kvm: bool) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    // No screen, no keyboard, no optical drive: each costs a driver that the machine loads from a slow disk.
    words.push("-nodefaults".into());
    let mut add = |option: &str, value: String| words.extend([option.into(), value]);
    add("-machine", "q35,sata=off,smbus=off,i8042=off".into());
    if kvm {
        add("-accel", "kvm".into());
        add("-cpu", "host".into());
    } else {
        add("-accel", "tcg,thread=multi".into());
        add("-cpu", EMULATED.into());
        add(
            "-smbios",
            format!("type=11,value=io.systemd.boot.kernel-cmdline-extra={ADDED} {EMULATED_KERNEL}"),
        );
    }
    add("-m", format!("{}M", machine.memory_mib));
    // With more than one processor, QEMU's emulation now and then breaks a kernel that patches its own code (int3 oops).
    let cpus = if kvm { machine.cpus } else { 1 };
    add("-smp", cpus.to_string());
    let file = |path: &Path| escaped(&path.display().to_string());
    add(
        "-drive",
        format!("if=pflash,unit=0,format=raw,readonly=on,file={FIRMWARE}"),
    );
    add(
        "-drive",
        format!(
            "if=pflash,unit=1,format=raw,file={}",
            file(&machine.variables)
        ),
    );
    let snapshot = if machine.snapshot { "on" } else { "off" };
    add(
        "-drive",
        format!(
            "if=none,id=disk,format=raw,cache=unsafe,discard=unmap,snapshot={snapshot},file={}",
            file(&machine.disk)
        ),
    );
    add("-device", "virtio-blk-pci,drive=disk,bootindex=1".into());
    let forward =
        |Forward { host, guest }: &Forward| format!(",hostfwd=tcp:127.0.0.1:{host}-:{guest}");
    let forwards: String = machine.forward.iter().map(forward).collect();
    add("-netdev", format!("user,id=net{forwards}"));
    add("-device", "virtio-net-pci,netdev=net,romfile=".into());
    add("-device", "virtio-rng-pci".into());
    add("-device", "i6300esb".into());
    add("-action", "watchdog=reset".into());
    add("-vga", "none".into());
    add("-display", "none".into());
    add("-monitor", "none".into());
    for (number, serial) in machine.serial.iter().enumerate() {
        let name = format!("serial{number}");
        let chardev = match serial {
            Serial::Terminal => format!("stdio,id={name},mux=on,signal=off"),
            Serial::Socket(path) => {
                format!("socket,id={name},server=on,wait=off,path={}", file(path))
            }
        };
        add("-chardev", chardev);
        add("-serial", format!("chardev:{name}"));
    }
    words
}

/// A comma ends a value of QEMU's options; two of them stand for one.
fn escaped(text: &str) -> String {
    text.replace(',', ",,")
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|place| place.is_file())
}

/// Whether `/dev/kvm` answers to QEMU: that the device exists says nothing in nested machines.
pub fn kvm_works() -> bool {
    let Some(program) = find(PROGRAM) else {
        return false;
    };
    if fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/kvm")
        .is_err()
    {
        return false;
    }
    // A machine that is stopped at once: it starts only if a processor could be made.
    let mut command = Command::new(program);
    command
        .args(["-accel", "kvm", "-machine", "none", "-cpu", "host", "-S"])
        .args(["-display", "none", "-monitor", "stdio", "-serial", "none"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    let Ok(mut child) = command.spawn() else {
        return false;
    };
    let asked = child
        .stdin
        .take()
        .is_some_and(|mut input| io::Write::write_all(&mut input, b"quit\n").is_ok());
    let ended = child.wait();
    asked && ended.is_ok_and(|status| status.success())
}
