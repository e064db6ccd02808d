//! Processes of the host, processes that outlive the command, becoming somebody else; and what processes share by name.

use crate::scene::{GIVEN, HERE, ROLES, Role, SECRET, Scene, count_refused, program, run_for_log};
use crate::{Claim, claims};
use cairn_sys::{Ending, SandboxError, Watch, run};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

pub const CLAIMS: &[Claim] = claims![
    processes_of_the_host_get_no_signal,
    memory_and_files_of_a_process_of_the_host_are_out_of_reach,
    the_first_process_of_the_sandbox_cannot_be_traced_or_read,
    no_process_outlives_the_command,
    no_process_outlives_a_command_that_is_stopped,
    objects_of_the_hosts_ipc_are_not_found,
    without_user_namespaces_nothing_is_run,
];
pub const CLAIMS_OF_ROOT: &[Claim] = claims![
    the_fixed_user_cannot_become_another,
    nobody_gets_more_rights_or_a_larger_share,
];

/// A process of the host.
struct Victim {
    child: Child,
}

impl Victim {
    fn start(scene: &Scene) -> Self {
        use std::os::unix::process::CommandExt as _;
        let mut child = Command::new(program())
            .args(["victim", SECRET, &scene.secret()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line, "ready\n");
        Self { child }
    }

    fn pid(&self) -> String {
        self.child.id().to_string()
    }

    fn lives(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn processes_of_the_host_get_no_signal() {
    let scene = Scene::new();
    for way in ["signal", "signal_group", "signal_by_pidfd"] {
        let mut victim = Victim::start(&scene);
        for role in ROLES {
            scene.inside(role, &[way, &victim.pid(), "9"]).was_refused();
        }
        assert!(victim.lives());
        scene.outside(&[way, &victim.pid(), "9"]).came_through();
        victim.child.wait().unwrap();
    }
}

fn memory_and_files_of_a_process_of_the_host_are_out_of_reach() {
    let scene = Scene::new();
    for (attack, word) in [
        ("read_memory", SECRET),
        ("write_memory", ""),
        ("take_descriptor", SECRET),
        ("trace", ""),
        ("limit_of", ""),
    ] {
        let victim = Victim::start(&scene);
        scene.refuses(&ROLES, &[attack, &victim.pid(), word]);
    }
}

/// It has all capabilities of the sandbox's user namespace, and the host's environment.
fn the_first_process_of_the_sandbox_cannot_be_traced_or_read() {
    let scene = Scene::new();
    for attack in ["trace", "descriptor_of", "program_of"] {
        scene.refuses(&ROLES, &[attack, "parent"]);
    }
    for role in ROLES {
        // A signal that it does not handle is not for it.
        let attempt = scene.inside(role, &["signal", "1", "9"]);
        assert_ne!(attempt.code, 128 + 9, "the sandbox was ended");
        count_refused();
    }
}

/// Milliseconds after which a process that was left makes a file.
const LATER: u64 = 300;

fn no_process_outlives_the_command() {
    let scene = Scene::new();
    for how in ["plain", "stopped", "silent"] {
        let mark = format!("{HERE}/mark");
        let arguments = ["outlive", &mark, &LATER.to_string(), how];
        let path = scene.given().join("mark");
        scene.outside(&arguments).came_through();
        wait_until("the control's file", || path.exists());
        for role in ROLES {
            scene.clear();
            let started = Instant::now();
            scene.inside(role, &arguments).came_through();
            assert!(started.elapsed() < Duration::from_secs(20));
            thread::sleep(Duration::from_millis(2 * LATER));
            assert!(!path.exists(), "{how}: a process of {role:?} lives on");
            count_refused();
        }
        scene.clear();
    }
}

fn no_process_outlives_a_command_that_is_stopped() {
    let scene = Scene::new();
    let script = format!("{HERE}/mark");
    for role in ROLES {
        scene.clear();
        let mut sandbox = scene.sandbox(role, &["last", "600"]);
        // `sh` is none of the attacks: the program first leaves a process, then stays.
        sandbox.spec.limits.wall_secs = Some(1);
        let leave = scene.sandbox(role, &["outlive", &script, "1500", "plain"]);
        sandbox.spec.argv = vec!["/attack".into(), "both".into()];
        sandbox
            .spec
            .argv
            .extend(leave.spec.argv[1..].iter().cloned());
        let (outcome, log) = run_for_log(&sandbox);
        assert_eq!(outcome.ending, Ending::TimedOut, "{log}");
        thread::sleep(Duration::from_millis(1200));
        assert!(
            !scene.given().join("mark").exists(),
            "a process of {role:?} lives on"
        );
        count_refused();
    }
    // The control: without the limit the process has the time that it wants.
    scene.clear();
    let mark = scene.given().join("mark").display().to_string();
    scene
        .outside(&["outlive", &mark, "100", "plain"])
        .came_through();
    wait_until("the control's file", || scene.given().join("mark").exists());
}

fn objects_of_the_hosts_ipc_are_not_found() {
    let scene = Scene::new();
    let number = std::process::id().to_string();
    let name = format!("/cairn-escape-{number}");
    // Messages, memory and semaphores of System V; queues and memory of POSIX.
    for (kind, key) in [
        ("m", &number),
        ("s", &number),
        ("e", &number),
        ("q", &name),
        ("p", &name),
    ] {
        scene.outside(&["ipc_make", kind, key]).came_through();
        scene.refuses(&ROLES, &["ipc_find", kind, key]);
        scene.outside(&["ipc_drop", kind, key]).came_through();
    }
}

/// No silent falling back: where the kernel gives no namespaces, the command is not run.
fn without_user_namespaces_nothing_is_run() {
    const INNER: &str = "CAIRN_ESCAPE_WITHOUT_NAMESPACES";
    let scene = Scene::new();
    if let Some(given) = std::env::var_os(INNER) {
        let sandbox = scene
            .sandbox(Role::Builder, &["make_file", &format!("{GIVEN}/mark")])
            .bind_writable(given, GIVEN);
        let mut watch = Watch {
            line: &mut |_| (),
            cancelled: None,
        };
        let error = run(&sandbox, &mut watch).unwrap_err();
        assert!(
            matches!(error, SandboxError::NoUserNamespaces { .. }),
            "{error}"
        );
        return;
    }
    // The control: with namespaces the file is made.
    let mark = scene.given().join("mark");
    let arguments = ["make_file", &format!("{HERE}/mark")];
    scene.inside(Role::Builder, &arguments).came_through();
    assert!(mark.exists());
    scene.clear();
    // In a namespace of its own anybody may set how many there can be below.
    let status = Command::new("unshare")
        .args(["--user", "--map-root-user", "sh", "-c"])
        .arg("echo 0 >/proc/sys/user/max_user_namespaces && exec \"$0\" --exact without_user_namespaces_nothing_is_run")
        .arg(std::env::current_exe().unwrap())
        .env(INNER, scene.given())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    assert!(!mark.exists());
    count_refused();
}

fn the_fixed_user_cannot_become_another() {
    let scene = Scene::new();
    for attack in ["become_root", "drop_groups"] {
        scene.refuses(&[Role::Builder], &[attack]);
    }
}

fn nobody_gets_more_rights_or_a_larger_share() {
    let scene = Scene::new();
    for attack in ["raise_capabilities", "be_real_time", "go_before_others"] {
        scene.refuses(&ROLES, &[attack]);
    }
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !done() {
        assert!(Instant::now() < deadline, "{what} did not come");
        thread::sleep(Duration::from_millis(10));
    }
}
