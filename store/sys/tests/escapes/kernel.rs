//! What changes more than the sandbox: mounts, namespaces, keys, programs in the kernel, `/proc` and `/sys`, clocks and names.

use crate::scene::{HERE, ROLES, SECRET, Scene};
use crate::{Claim, MARK, claims};
use std::path::Path;

pub const CLAIMS: &[Claim] = claims![
    nothing_can_be_mounted_in_any_way,
    what_is_mounted_cannot_be_opened_or_taken_away,
    new_namespaces_are_refused_in_any_way,
    io_uring_is_refused,
    keys_of_the_session_are_out_of_reach,
    nothing_is_typed_into_a_terminal,
];
pub const CLAIMS_OF_ROOT: &[Claim] = claims![
    namespaces_of_the_host_cannot_be_joined,
    programs_are_not_loaded_into_the_kernel,
    proc_and_sys_cannot_be_written,
    what_proc_tells_of_the_host_is_masked,
    clocks_names_and_accounting_of_the_host_stay,
    the_kernels_log_cannot_be_read,
    control_groups_cannot_be_made,
];

/// A namespace in which whoever tries may mount: what a sandbox without the filter and with capabilities would be.
const FREE: [&str; 4] = ["unshare", "--user", "--map-root-user", "--mount"];

fn nothing_can_be_mounted_in_any_way() {
    let scene = Scene::new();
    for attack in [
        &["mount_tmpfs", HERE] as &[&str],
        &["mount_bind", "/proc/self", HERE],
        &["new_file_system"],
        &["clone_mount", HERE],
    ] {
        scene.refuses_after(&FREE, &ROLES, attack);
    }
    let pid = [&FREE[..], &["--pid", "--fork"]].concat();
    scene.refuses_after(&pid, &ROLES, &["mount_proc", HERE]);
    // Younger than some kernels that the tests run on.
    let attr = ["clone_mount_attr", HERE];
    if scene.outside_by(&FREE, &attr).code == 0 {
        scene.refuses_after(&FREE, &ROLES, &attr);
    }
}

fn what_is_mounted_cannot_be_opened_or_taken_away() {
    let scene = Scene::new();
    let here = scene.given().display().to_string();
    for attack in ["remount", "open_mount", "unmount"] {
        // The control: a read-only mount that its maker may change.
        let script = format!(
            "mount --bind {here} {here} && mount -o remount,bind,ro {here} && exec \"$0\" {attack} {here}"
        );
        let by = [&FREE[..], &["sh", "-c", &script]].concat();
        scene.outside_by(&by, &[]).came_through();
        for role in ROLES {
            for place in ["/proc/sys", "/attack", "/proc/keys", "/dev/null"] {
                scene.inside(role, &[attack, place]).was_refused();
            }
        }
    }
}

fn new_namespaces_are_refused_in_any_way() {
    let scene = Scene::new();
    for call in ["new_namespace", "clone_namespace", "clone3_namespace"] {
        // User; as root of one: mount, cgroup, UTS, IPC, PID, network.
        scene.refuses(&ROLES, &[call, "0x10000000"]);
        for flag in [
            "0x20000",
            "0x2000000",
            "0x4000000",
            "0x8000000",
            "0x20000000",
            "0x40000000",
        ] {
            scene.refuses_after(&FREE, &ROLES, &[call, flag]);
        }
    }
}

fn io_uring_is_refused() {
    let scene = Scene::new();
    // Some machines switch it off for everybody.
    if scene.outside(&["ring"]).code == 0 {
        scene.refuses(&ROLES, &["ring"]);
    }
    for role in ROLES {
        scene.inside(role, &["ring"]).was_refused();
    }
}

fn keys_of_the_session_are_out_of_reach() {
    let scene = Scene::new();
    scene.refuses(&ROLES, &["session_key", MARK, SECRET]);
    scene.refuses(&ROLES, &["requested_key", MARK]);
    scene.refuses(&ROLES, &["new_key", "other"]);
}

fn nothing_is_typed_into_a_terminal() {
    let scene = Scene::new();
    let allowed = std::fs::read_to_string("/proc/sys/dev/tty/legacy_tiocsti");
    if crate::scene::is_root() || allowed.is_ok_and(|value| value.trim() == "1") {
        scene.outside(&["type_into_terminal"]).came_through();
    }
    for role in ROLES {
        scene.inside(role, &["type_into_terminal"]).was_refused();
    }
}

fn namespaces_of_the_host_cannot_be_joined() {
    let scene = Scene::new();
    for kind in ["net", "ipc", "uts", "mnt", "cgroup"] {
        // The parent of the control is this program; that of the command is the sandbox's first process.
        scene.refuses(&ROLES, &["join_namespace", "parent", kind]);
    }
    scene.refuses(&ROLES, &["join_by_pidfd", "parent"]);
}

fn programs_are_not_loaded_into_the_kernel() {
    let scene = Scene::new();
    for attack in ["load_bpf", "perf", "fault_handler", "watch_all"] {
        scene.refuses(&ROLES, &[attack]);
    }
    scene.refuses(&ROLES, &["compare", "parent"]);
    scene.refuses(&ROLES, &["swap_off", "/no/such/swap"]);
}

fn proc_and_sys_cannot_be_written() {
    let scene = Scene::new();
    for path in [
        "/proc/sys/kernel/core_pattern",
        "/proc/sys/kernel/hostname",
        "/proc/sys/kernel/pid_max",
        "/proc/sys/vm/overcommit_memory",
        "/proc/sys/net/ipv4/ip_forward",
        "/proc/irq/default_smp_affinity",
        "/proc/mtrr",
        "/proc/sysrq-trigger",
        "/sys/kernel/mm/ksm/run",
        "/sys/kernel/profiling",
        "/sys/kernel/uevent_helper",
    ] {
        // Not every kernel has all of them; opening alone changes nothing.
        if Path::new(path).exists() && scene.outside(&["open_to_write", path]).code == 0 {
            scene.refuses(&ROLES, &["open_to_write", path]);
        }
        for role in ROLES {
            scene.inside(role, &["open_to_write", path]).was_refused();
        }
    }
    scene
        .outside(&["open_to_write", "/proc/sys/kernel/core_pattern"])
        .came_through();
}

fn what_proc_tells_of_the_host_is_masked() {
    let scene = Scene::new();
    scene.refuses(&ROLES, &["read", "/proc/keys", "keyring"]);
    scene.refuses(&ROLES, &["read", "/proc/iomem", "-"]);
    scene.refuses(&ROLES, &["read", "/proc/interrupts", "CPU0"]);
}

fn clocks_names_and_accounting_of_the_host_stay() {
    let scene = Scene::new();
    let name = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    scene.refuses(&ROLES, &["set_clock"]);
    scene.refuses(&ROLES, &["accounting"]);
    scene.refuses(&ROLES, &["host_name", &name]);
}

fn the_kernels_log_cannot_be_read() {
    let scene = Scene::new();
    scene.refuses(&ROLES, &["kernel_log"]);
    scene
        .outside(&["open_to_read", "/proc/kmsg"])
        .came_through();
    for role in ROLES {
        scene
            .inside(role, &["open_to_read", "/dev/kmsg"])
            .was_refused();
    }
}

fn control_groups_cannot_be_made() {
    let scene = Scene::new();
    let groups = [
        "/sys/fs/cgroup",
        "/sys/fs/cgroup/unified",
        "/sys/fs/cgroup/systemd",
    ];
    for group in groups {
        let made = format!("{group}/cairn-escape-{}", std::process::id());
        let arguments = ["make_folder", made.as_str()];
        if scene.outside(&arguments).code == 0 {
            std::fs::remove_dir(&made).unwrap();
            for role in ROLES {
                scene.inside(role, &arguments).was_refused();
                assert!(!Path::new(&made).exists());
            }
        }
    }
}
