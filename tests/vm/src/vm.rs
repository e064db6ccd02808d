//! A running virtual machine.
//!
//! In: a disk image, which the machine writes to. Ends QEMU when it goes out of scope.

use crate::channel::Channel;
use crate::menu;
use crate::shell::{Output, Shell};
use cairn_image::qemu::{self, Forward, Machine, Serial};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a machine without KVM may take until its shell answers.
const BOOT: Duration = Duration::from_mins(4);
/// How long firmware and loader may take.
const MENU: Duration = Duration::from_mins(1);
/// How long a command may take.
const COMMAND: Duration = Duration::from_mins(2);

/// The machine.
#[derive(Debug)]
pub struct Vm {
    qemu: Child,
    console: Channel,
    shell: Shell,
    http: u16,
    _folder: tempfile::TempDir,
}

impl Vm {
    /// Starts a machine from this disk; the firmware's variables stay beside the disk, as on a board.
    pub fn start(disk: &Path) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("cairn-vm-")
            .tempdir()
            .unwrap();
        let socket = |name: &str| folder.path().join(name);
        let http = free_port();
        let mut machine = Machine::new(disk.to_owned(), disk.with_extension("vars"));
        machine.serial = vec![
            Serial::Socket(socket("console")),
            Serial::Socket(socket("shell")),
        ];
        machine.forward = vec![Forward {
            host: http,
            guest: 80,
        }];
        let mut command = qemu::command(&machine).unwrap_or_else(|error| panic!("{error}"));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit());
        let qemu = command.spawn().expect("QEMU starts");
        let soon = Duration::from_secs(20);
        let console = Channel::connect("console", &socket("console"), soon);
        let shell = Channel::connect("shell", &socket("shell"), soon);
        Self {
            qemu,
            console,
            shell: Shell::new(shell),
            http,
            _folder: folder,
        }
    }

    /// The serial console.
    pub fn console(&mut self) -> &mut Channel {
        &mut self.console
    }

    /// In the boot menu, moves this many entries down from the preselected one and starts what stands there.
    pub fn pick(&mut self, down: usize) {
        menu::pick(&mut self.console, "Cairn generation", down, MENU);
    }

    /// Runs a command as root; waits for the machine to come up first.
    pub fn run(&mut self, command: &str) -> Output {
        self.patient(command, COMMAND)
    }

    /// [`Self::run`] for a command that takes longer than others.
    pub fn patient(&mut self, command: &str, limit: Duration) -> Output {
        let ready = self.shell.wait(BOOT);
        let result = ready.and_then(|()| self.shell.run(command, limit));
        result.unwrap_or_else(|why| {
            panic!(
                "{why}, running `{command}`; the console ended with:\n{}",
                self.console.tail()
            )
        })
    }

    /// Runs a command that must succeed.
    pub fn done(&mut self, command: &str) -> String {
        let output = self.run(command);
        assert_eq!(output.status, 0, "`{command}` failed:\n{}", output.text);
        output.text
    }

    /// Waits until systemd has nothing more to start; returns its verdict, `running` or `degraded`.
    pub fn settle(&mut self) -> String {
        self.run("systemctl is-system-running --wait").text
    }

    /// The host's port that reaches port 80 of the machine.
    pub fn http_port(&self) -> u16 {
        self.http
    }

    /// Switches the machine off in an orderly way and waits for its end.
    pub fn power_off(mut self) {
        self.done("systemctl poweroff --no-block");
        let start = Instant::now();
        while self.qemu.try_wait().unwrap().is_none() {
            assert!(
                start.elapsed() < COMMAND,
                "the machine does not end; the console ended with:\n{}",
                self.console.tail()
            );
            sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}

/// A port that nobody uses at this moment.
fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// The answer of a web server on this machine, headers and all; tries until there is one.
pub fn http_get(port: u16, path: &str, limit: Duration) -> String {
    let end = Instant::now() + limit;
    loop {
        match try_get(port, path) {
            Ok(answer) if !answer.is_empty() => return answer,
            other => assert!(
                Instant::now() < end,
                "no answer on port {port} within {limit:?}: {other:?}"
            ),
        }
        sleep(Duration::from_millis(200));
    }
}

/// The number on the running kernel's command line, and what its web server serves.
pub fn running(vm: &mut Vm) -> (u64, String) {
    let number = vm.done("sed 's/.*cairn.gen=\\([0-9]*\\).*/\\1/' /proc/cmdline");
    let answer = http_get(vm.http_port(), "/", Duration::from_mins(2));
    let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
    (number.parse().unwrap(), body.trim().to_owned())
}

fn try_get(port: u16, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: test\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
