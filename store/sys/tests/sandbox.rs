//! Real sandboxes on this kernel. The program has its own `main`, since it is its own sandbox child.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use cairn_sys::sandbox::Spec;
use cairn_sys::{
    Ending, ExitOutcome, IdMap, Mount, Network, Profile, RootFs, Sandbox, SandboxError, Task,
    Watch, in_namespace, run,
};
use libtest_mimic::{Arguments, Failed, Trial};
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const TASKS: &[(&str, Task)] = &[
    ("echo", |input| Ok(input.iter().rev().copied().collect())),
    ("fail", |_| Err("the disk is full".to_owned())),
    ("panic", |_| panic!("on purpose")),
    ("threads", |_| {
        let sum = (0..4_u8)
            .map(|n| std::thread::spawn(move || n).join().unwrap_or(99))
            .sum();
        Ok(vec![sum])
    }),
    ("own", |input| {
        let folder = PathBuf::from(String::from_utf8_lossy(input).into_owned());
        fs::write(folder.join("file"), "x").map_err(|e| e.to_string())?;
        std::os::unix::fs::chown(folder.join("file"), Some(101), Some(65_534))
            .map_err(|e| e.to_string())?;
        let metadata = fs::metadata(folder.join("file")).map_err(|e| e.to_string())?;
        Ok(format!("{} {}", metadata.uid(), metadata.gid()).into_bytes())
    }),
];

fn main() {
    cairn_sys::maybe_run_as_child(TASKS);
    let arguments = Arguments::from_args();
    libtest_mimic::run(&arguments, trials()).exit();
}

/// A root of the host's programs, read-only, with a scratch folder of its own.
fn host_programs(script: &str) -> Sandbox {
    let mut sandbox = Sandbox::new(
        IdMap::for_current_user().unwrap(),
        RootFs::Tmpfs { size: 1 << 24 },
        ["/bin/sh", "-c", script],
    );
    sandbox.spec.profile = Profile::MaintainerScripts;
    for folder in ["/usr", "/bin", "/lib", "/lib64", "/sbin"] {
        if Path::new(folder).exists() {
            sandbox = sandbox.bind_read_only(folder, folder);
        }
    }
    sandbox.mount(Mount::Tmpfs {
        to: "/tmp".into(),
        size: 1 << 24,
        mode: 0o1777,
    })
}

/// As [`host_programs`], with an overlay for a root.
fn on_overlay(folder: &Path, lowers: &[&str], script: &str) -> Sandbox {
    for name in ["upper", "work"].iter().chain(lowers) {
        fs::create_dir_all(folder.join(name)).unwrap();
    }
    let mut sandbox = host_programs(script);
    sandbox.spec.root = RootFs::Overlay {
        lowers: lowers.iter().map(|l| folder.join(l)).collect(),
        upper: folder.join("upper"),
        work: folder.join("work"),
    };
    sandbox
}

fn spec(sandbox: Sandbox, change: impl FnOnce(&mut Spec)) -> Sandbox {
    let mut sandbox = sandbox;
    change(&mut sandbox.spec);
    sandbox
}

fn run_for_log(sandbox: &Sandbox) -> (ExitOutcome, String) {
    let mut log = String::new();
    let mut line = |text: &[u8]| {
        log.push_str(&String::from_utf8_lossy(text));
        log.push('\n');
    };
    let outcome = run(
        sandbox,
        &mut Watch {
            line: &mut line,
            cancelled: None,
        },
    )
    .unwrap();
    (outcome, log)
}

/// The log of a command that must succeed.
fn log_of(sandbox: &Sandbox) -> String {
    let (outcome, log) = run_for_log(sandbox);
    assert!(outcome.success(), "{}: {log}", outcome.ending);
    log
}

fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// Whether a process with this argument is running on the host.
fn is_running(argument: &str) -> bool {
    fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        line.split(|b| *b == 0).any(|a| a == argument.as_bytes())
    })
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !done() {
        assert!(
            Instant::now() < deadline,
            "{what} did not happen within 10 s"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn sees_nothing_of_the_host_that_was_not_named() {
    let folder = scratch();
    fs::write(folder.path().join("secret"), "x").unwrap();
    let secret = folder.path().join("secret").display().to_string();
    let script = format!(
        "test ! -e {secret} && test ! -e /etc/passwd && test ! -e /root && ls -A / | tr '\\n' ' '"
    );
    let log = log_of(&host_programs(&script));
    for name in ["home", "etc", "var", "root"] {
        assert!(!log.split_whitespace().any(|entry| entry == name), "{log}");
    }
}

fn environment_is_exactly_the_declared_one() {
    let sandbox = spec(host_programs("env | sort"), |s| {
        s.env = vec![("A".into(), "1".into())];
    });
    let log = log_of(&sandbox);
    let kept: Vec<_> = log
        .lines()
        .filter(|l| {
            !["PWD=", "_=", "SHLVL=", "OLDPWD="]
                .iter()
                .any(|p| l.starts_with(p))
        })
        .collect();
    assert_eq!(kept, ["A=1"]);
}

fn a_network_is_unreachable_and_no_interface_is_up() {
    let script = "while read -r name rest; do case $name in *:) echo $name;; esac; done </proc/net/dev; \
        test ! -s /proc/net/route -o $(wc -l </proc/net/route) -le 1";
    let log = log_of(&host_programs(script));
    assert_eq!(log, "lo:\n");
    let probe = "use Socket; socket(S, PF_INET, SOCK_STREAM, 0); \
        print connect(S, sockaddr_in(80, inet_aton('127.0.0.1'))) ? 'open' : $!{ENETUNREACH} ? 'unreachable' : $!{ECONNREFUSED} ? 'refused' : $!";
    let with = |network| {
        let sandbox = spec(host_programs(""), |s| {
            s.argv = ["perl", "-MErrno", "-e", probe].map(String::from).to_vec();
            s.network = network;
        });
        log_of(&sandbox)
    };
    assert_eq!(with(Network::None), "unreachable\n");
    assert_eq!(with(Network::Loopback), "refused\n");
}

fn host_name_and_process_ids_are_its_own() {
    let log = log_of(&spec(
        host_programs("hostname; echo $$; ls -d /proc/[0-9]* | wc -l"),
        |s| s.hostname = "inner".into(),
    ));
    let lines: Vec<_> = log.lines().collect();
    assert_eq!(lines[0], "inner");
    assert_eq!(lines[1], "2");
    assert!(lines[2].trim().parse::<u32>().unwrap() < 8, "{log}");
}

fn processes_left_behind_die_with_the_command() {
    let mark = format!("4242.{}", std::process::id());
    let started = Instant::now();
    let log = log_of(&host_programs(&format!("setsid sleep {mark} & echo done")));
    assert_eq!(log, "done\n");
    assert!(started.elapsed() < Duration::from_mins(1));
    assert!(!is_running(&mark));
}

fn a_time_limit_ends_everything() {
    let mark = format!("4343.{}", std::process::id());
    let sandbox = spec(
        host_programs(&format!("echo begin; sleep {mark} & sleep {mark}")),
        |s| s.limits.wall_secs = Some(1),
    );
    let (outcome, log) = run_for_log(&sandbox);
    assert_eq!(
        (outcome.ending, log.as_str()),
        (Ending::TimedOut, "begin\n")
    );
    assert!(!is_running(&mark));
}

fn a_limit_of_output_ends_everything() {
    let sandbox = spec(host_programs("yes"), |s| {
        s.limits.output_bytes = Some(1 << 20);
    });
    assert_eq!(run_for_log(&sandbox).0.ending, Ending::TooMuchOutput);
}

fn cancelling_ends_everything_soon() {
    let mark = format!("4444.{}", std::process::id());
    let cancelled = AtomicBool::new(false);
    let started = Instant::now();
    let mut line = |_: &[u8]| cancelled.store(true, Ordering::SeqCst);
    let sandbox = host_programs(&format!("trap '' INT TERM HUP; echo ready; sleep {mark}"));
    let outcome = run(
        &sandbox,
        &mut Watch {
            line: &mut line,
            cancelled: Some(&cancelled),
        },
    )
    .unwrap();
    assert_eq!(outcome.ending, Ending::Cancelled);
    assert!(started.elapsed() < Duration::from_mins(1));
    assert!(!is_running(&mark));
}

fn a_killed_parent_leaves_no_process() {
    let mark = format!("4545.{}", std::process::id());
    let mut parent = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sleeps_in_a_sandbox"])
        .env("SLEEP_MARK", &mark)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the start of the sandbox", || is_running(&mark));
    parent.kill().unwrap();
    parent.wait().unwrap();
    wait_until("the end of the sandbox", || !is_running(&mark));
}

/// Run by [`a_killed_parent_leaves_no_process`] only.
fn sleeps_in_a_sandbox() {
    if let Ok(mark) = std::env::var("SLEEP_MARK") {
        log_of(&host_programs(&format!("sleep {mark}")));
    }
}

fn mounts_do_not_reach_the_host() {
    let before = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let folder = scratch();
    log_of(&on_overlay(folder.path(), &["lower"], "true"));
    assert_eq!(fs::read_to_string("/proc/self/mountinfo").unwrap(), before);
}

fn exit_codes_and_signals_are_told_apart() {
    assert_eq!(
        run_for_log(&host_programs("exit 7")).0.ending,
        Ending::Exited(7)
    );
    assert_eq!(
        run_for_log(&host_programs("kill -SEGV $$")).0.ending,
        Ending::Signaled(11)
    );
}

fn standard_output_can_be_kept_apart_from_the_log() {
    let sandbox = spec(host_programs("cat; echo warning >&2"), |s| {
        s.capture_stdout = true;
        s.stdin = b"data\0data".to_vec();
    });
    let (outcome, log) = run_for_log(&sandbox);
    assert_eq!(
        (outcome.stdout.as_slice(), log.as_str()),
        (b"data\0data".as_slice(), "warning\n")
    );
}

fn a_missing_program_is_an_error_that_names_it() {
    let sandbox = spec(host_programs(""), |s| {
        s.argv = vec!["no-such-program".into()];
    });
    let error = run(
        &sandbox,
        &mut Watch {
            line: &mut |_| (),
            cancelled: None,
        },
    )
    .unwrap_err();
    assert!(
        matches!(&error, SandboxError::Setup { step, .. } if step == "run no-such-program"),
        "{error:?}"
    );
}

fn a_missing_bind_source_is_an_error_that_names_it() {
    let sandbox = host_programs("true").bind_read_only("/no/such/folder", "/x");
    let error = run(
        &sandbox,
        &mut Watch {
            line: &mut |_| (),
            cancelled: None,
        },
    )
    .unwrap_err();
    assert!(
        error.to_string().contains("bind /no/such/folder"),
        "{error}"
    );
}

fn read_only_binds_refuse_writing_and_writable_ones_reach_the_host() {
    let folder = scratch();
    fs::create_dir(folder.path().join("ro")).unwrap();
    fs::create_dir(folder.path().join("rw")).unwrap();
    let script = "(echo x >/ro/file) 2>/dev/null && echo written; echo y >/rw/file";
    let sandbox = host_programs(script)
        .bind_read_only(folder.path().join("ro"), "/ro")
        .bind_writable(folder.path().join("rw"), "/rw");
    assert_eq!(log_of(&sandbox), "");
    assert_eq!(
        fs::read_to_string(folder.path().join("rw/file")).unwrap(),
        "y\n"
    );
    assert!(!folder.path().join("ro/file").exists());
}

fn a_symlink_in_the_root_does_not_lead_a_mount_to_the_host() {
    let folder = scratch();
    let (target, given) = (folder.path().join("target"), folder.path().join("given"));
    for path in [&target, &given, &folder.path().join("lower")] {
        fs::create_dir(path).unwrap();
    }
    fs::write(given.join("file"), "given").unwrap();
    std::os::unix::fs::symlink(&target, folder.path().join("lower/link")).unwrap();
    let sandbox =
        on_overlay(folder.path(), &["lower"], "cat /link/file").bind_read_only(&given, "/link");
    // Inside, the link dangles: the mount point can't be made, and nothing of the host is touched.
    let error = run(
        &sandbox,
        &mut Watch {
            line: &mut |_| (),
            cancelled: None,
        },
    )
    .unwrap_err();
    assert!(error.to_string().contains("/link"), "{error}");
    assert_eq!(fs::read_dir(&target).unwrap().count(), 0);
}

fn an_overlay_keeps_changes_in_its_upper_layer() {
    let folder = scratch();
    let at = |path: &str| folder.path().join(path);
    fs::create_dir_all(at("lower/dir/sub")).unwrap();
    fs::create_dir_all(at("lower/gone")).unwrap();
    fs::write(at("lower/dir/file"), "old").unwrap();
    fs::write(at("lower/gone/file"), "old").unwrap();
    let script = "set -e; echo new >/dir/file; echo more >/made; rm -r /gone; mkdir /gone; mv /dir/sub /moved; mkfifo /pipe; \
        chown 101:65534 /made; chmod 4755 /made; cat /dir/file";
    assert_eq!(
        log_of(&on_overlay(folder.path(), &["lower"], script)),
        "new\n"
    );
    assert_eq!(fs::read_to_string(at("lower/dir/file")).unwrap(), "old");
    assert!(at("lower/gone/file").exists());
    assert_eq!(fs::read_to_string(at("upper/dir/file")).unwrap(), "new\n");
    let ids = IdMap::for_current_user().unwrap();
    let made = fs::metadata(at("upper/made")).unwrap();
    assert_eq!(
        (Some(made.uid()), Some(made.gid())),
        (ids.uid_outside(101), ids.gid_outside(65_534))
    );
    assert_eq!(made.permissions().mode() & 0o7777, 0o4755);
    let whiteout = fs::symlink_metadata(at("upper/dir/sub")).unwrap();
    assert!(whiteout.file_type().is_char_device() && whiteout.rdev() == 0);
    assert!(
        fs::symlink_metadata(at("upper/pipe"))
            .unwrap()
            .file_type()
            .is_fifo()
    );
    let mut value = [0_u8; 8];
    let length =
        rustix::fs::lgetxattr(at("upper/gone"), "user.overlay.opaque", &mut value).unwrap();
    assert_eq!(&value[..length], b"y");
}

fn an_overlay_can_be_used_again_and_keeps_no_mount_points() {
    let folder = scratch();
    log_of(&on_overlay(folder.path(), &["lower"], "echo 1 >/one"));
    assert_eq!(
        log_of(&on_overlay(
            folder.path(),
            &["lower"],
            "cat /one; echo 2 >/two"
        )),
        "1\n"
    );
    let mut names: Vec<_> = fs::read_dir(folder.path().join("upper"))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["one", "two"]);
}

fn an_overlay_takes_four_hundred_layers_with_odd_names() {
    let folder = scratch();
    let names: Vec<String> = (0..400).map(|n| format!("layer:{n},x\\y")).collect();
    let lowers: Vec<&str> = names.iter().map(String::as_str).collect();
    for name in &names {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    fs::write(folder.path().join(&names[0]).join("file"), "top").unwrap();
    fs::write(folder.path().join(&names[399]).join("file"), "bottom").unwrap();
    fs::write(folder.path().join(&names[399]).join("last"), "last").unwrap();
    assert_eq!(
        log_of(&on_overlay(folder.path(), &lowers, "cat /file /last")).trim_end(),
        "toplast"
    );
}

fn device_nodes_are_refused() {
    let folder = scratch();
    let log = log_of(&on_overlay(
        folder.path(),
        &["lower"],
        "mknod /node b 254 0 2>/dev/null || echo refused",
    ));
    assert_eq!(log, "refused\n");
}

fn dev_and_proc_are_usable_and_masked() {
    let script = "set -e; echo x >/dev/null; head -c 3 /dev/zero | wc -c; test -c /dev/urandom; test -w /dev/ptmx; \
        ls /dev/pts; echo hi >/dev/stdout; (echo 0 >/proc/sys/kernel/printk) 2>/dev/null && echo written; test ! -e /dev/vda; \
        test -c /proc/timer_list && test ! -s /proc/timer_list && echo masked";
    let log = log_of(&host_programs(script));
    assert_eq!(log, "3\nptmx\nhi\nmasked\n");
}

fn mounts_namespaces_and_keys_are_refused() {
    let script = "mount -t tmpfs none /tmp 2>/dev/null && echo mounted; unshare -U true 2>/dev/null && echo unshared; \
        unshare -m true 2>/dev/null && echo unshared; perl -e 'print syscall(250, 0, -3, 0) == -1 ? \"no key\" : \"key\"'; \
        perl -e 'print syscall(425, 1, 0) == -1 && $!{ENOSYS} ? \" no ring\" : \" ring\"' -MErrno";
    assert_eq!(log_of(&host_programs(script)).trim_end(), "no key no ring");
}

fn no_new_privileges_and_few_capabilities_are_left() {
    let log = log_of(&host_programs(
        "grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status",
    ));
    let value = |name: &str| {
        log.lines()
            .find_map(|l| l.strip_prefix(name))
            .unwrap()
            .trim()
            .to_owned()
    };
    assert_eq!(
        (value("NoNewPrivs:").as_str(), value("Seccomp:").as_str()),
        ("1", "2")
    );
    let sys_admin = 1_u64 << 21;
    for name in ["CapEff:", "CapBnd:"] {
        assert_eq!(
            u64::from_str_radix(&value(name), 16).unwrap() & sys_admin,
            0,
            "{name} {log}"
        );
    }
    let plain = spec(
        host_programs("grep -E '^(CapEff|CapBnd|Uid|Groups):' /proc/self/status"),
        |s| {
            (s.uid, s.gid, s.profile) = (1000, 1000, Profile::Build);
        },
    );
    let log = log_of(&plain);
    assert_eq!(
        log.split_whitespace().collect::<Vec<_>>().join(" "),
        "Uid: 1000 1000 1000 1000 Groups: CapEff: 0000000000000000 CapBnd: 0000000000000000"
    );
}

fn set_id_bits_and_xattrs_are_for_maintainer_scripts() {
    let script = "cd /tmp; touch f; chmod 4755 f 2>/dev/null && echo setuid; chmod 2755 f 2>/dev/null && echo setgid; \
        chmod 755 f && echo plain; perl -e 'sysopen(F, \"g\", 0101, 04755) and print \"created\\n\"'; \
        perl -MErrno -e '$f = \"f\"; $n = \"user.a\"; $v = \"b\"; print syscall(188, $f, $n, $v, 1, 0) == 0 ? \"xattr\\n\" : $!{ENOTSUP} ? \"no xattr\\n\" : \"$!\\n\"'";
    let maintainer = host_programs(script);
    assert_eq!(
        log_of(&maintainer),
        "setuid\nsetgid\nplain\ncreated\nxattr\n"
    );
    let build = spec(host_programs(script), |s| {
        (s.uid, s.gid, s.profile) = (1000, 1000, Profile::Build);
    });
    assert_eq!(log_of(&build), "plain\nno xattr\n");
}

fn descriptors_of_the_host_are_not_inherited() {
    let folder = scratch();
    let held = fs::File::create(folder.path().join("held")).unwrap();
    rustix::io::fcntl_setfd(&held, rustix::io::FdFlags::empty()).unwrap();
    assert_eq!(
        log_of(&host_programs("ls /proc/self/fd | tr '\\n' ' '")).trim_end(),
        "0 1 2 3"
    );
}

fn tasks_answer_fail_and_panic_in_their_own_process() {
    let ids = IdMap::for_current_user().unwrap();
    assert_eq!(in_namespace(&ids, "echo", b"abc").unwrap(), b"cba");
    assert_eq!(in_namespace(&ids, "threads", b"").unwrap(), [6]);
    let big = vec![7; 3 << 20];
    assert_eq!(in_namespace(&ids, "echo", &big).unwrap(), big);
    assert_eq!(
        in_namespace(&ids, "fail", b"").unwrap_err().to_string(),
        "the disk is full"
    );
    assert!(matches!(
        in_namespace(&ids, "panic", b""),
        Err(SandboxError::Task { .. })
    ));
    assert!(matches!(
        in_namespace(&ids, "other", b""),
        Err(SandboxError::UnknownTask { .. })
    ));
}

fn tasks_may_own_files_as_anyone_below_65536() {
    let folder = scratch();
    let ids = IdMap::for_current_user().unwrap();
    let path = folder.path().display().to_string();
    assert_eq!(
        in_namespace(&ids, "own", path.as_bytes()).unwrap(),
        b"101 65534"
    );
    let outside = fs::metadata(folder.path().join("file")).unwrap();
    assert_eq!(
        (Some(outside.uid()), Some(outside.gid())),
        (ids.uid_outside(101), ids.gid_outside(65_534))
    );
}

fn trials() -> Vec<Trial> {
    let trial = |name: &str, test: fn()| {
        Trial::test(name, move || {
            test();
            Ok::<(), Failed>(())
        })
    };
    macro_rules! trials {
        ($($name:ident),* $(,)?) => { vec![$(trial(stringify!($name), $name)),*] };
    }
    let mut all = trials![
        sees_nothing_of_the_host_that_was_not_named,
        environment_is_exactly_the_declared_one,
        a_network_is_unreachable_and_no_interface_is_up,
        host_name_and_process_ids_are_its_own,
        processes_left_behind_die_with_the_command,
        a_time_limit_ends_everything,
        a_limit_of_output_ends_everything,
        cancelling_ends_everything_soon,
        a_killed_parent_leaves_no_process,
        mounts_do_not_reach_the_host,
        exit_codes_and_signals_are_told_apart,
        standard_output_can_be_kept_apart_from_the_log,
        a_missing_program_is_an_error_that_names_it,
        a_missing_bind_source_is_an_error_that_names_it,
        read_only_binds_refuse_writing_and_writable_ones_reach_the_host,
        a_symlink_in_the_root_does_not_lead_a_mount_to_the_host,
        an_overlay_keeps_changes_in_its_upper_layer,
        an_overlay_can_be_used_again_and_keeps_no_mount_points,
        an_overlay_takes_four_hundred_layers_with_odd_names,
        device_nodes_are_refused,
        dev_and_proc_are_usable_and_masked,
        mounts_namespaces_and_keys_are_refused,
        no_new_privileges_and_few_capabilities_are_left,
        set_id_bits_and_xattrs_are_for_maintainer_scripts,
        descriptors_of_the_host_are_not_inherited,
        tasks_answer_fail_and_panic_in_their_own_process,
        tasks_may_own_files_as_anyone_below_65536,
    ];
    // Started by another test in a process of its own.
    if std::env::var_os("SLEEP_MARK").is_some() {
        all = trials![sleeps_in_a_sandbox];
    }
    all
}
