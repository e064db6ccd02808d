//! Files of the host: by name, by `/proc`, by handles and descriptors, by programs that run.

use crate::scene::{GIVEN, HERE, ROLES, Role, SECRET, Scene, attempt, count_refused, program};
use crate::{Claim, MARK, claims};
use cairn_sys::{SandboxError, Watch, run};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

/// The word by which this program knows that it was started as an interpreter.
pub const REEXECUTED: &str = "--reexecuted";
/// What it then exits with.
pub const REEXECUTED_CODE: u8 = 77;

pub const CLAIMS: &[Claim] = claims![
    a_file_of_the_host_cannot_be_read,
    climbing_above_the_root_leads_nowhere,
    a_link_to_a_file_of_the_host_leads_nowhere,
    a_file_cannot_be_made_on_the_host,
    the_parents_root_and_folder_are_out_of_reach,
    the_parents_environment_cannot_be_read,
    the_environment_is_not_inherited,
    the_parents_open_files_and_program_cannot_be_opened,
    open_files_are_not_inherited,
    inputs_cannot_be_changed,
    a_script_that_names_proc_self_exe_does_not_get_cairn_itself,
];
pub const CLAIMS_OF_ROOT: &[Claim] = claims![
    a_second_chroot_does_not_lead_out,
    a_handle_opens_no_file_of_the_host,
    devices_of_the_host_are_not_there,
    a_device_on_a_file_system_that_is_given_cannot_be_opened,
    the_mode_of_the_hosts_devices_stays,
];

fn a_file_of_the_host_cannot_be_read() {
    let scene = Scene::new();
    scene.refuses(&ROLES, &["read", &scene.secret(), SECRET]);
    scene.refuses(&ROLES, &["read", "/etc/passwd", "root"]);
}

fn climbing_above_the_root_leads_nowhere() {
    let scene = Scene::new();
    scene.refuses(&ROLES, &["climb", &scene.secret(), SECRET]);
}

fn a_link_to_a_file_of_the_host_leads_nowhere() {
    let scene = Scene::new();
    let link = format!("{HERE}/link");
    scene.refuses(
        &ROLES,
        &["symlink_and_read", &scene.secret(), &link, SECRET],
    );
}

fn a_file_cannot_be_made_on_the_host() {
    let scene = Scene::new();
    let made = scene.at("made");
    let arguments = ["make_file", &made.display().to_string()];
    scene.outside(&arguments).came_through();
    fs::remove_file(&made).unwrap();
    for role in ROLES {
        scene.inside(role, &arguments).was_refused();
        assert!(!made.exists());
    }
}

fn the_parents_root_and_folder_are_out_of_reach() {
    let scene = Scene::new();
    scene.refuses(
        &ROLES,
        &["through_proc", "parent", "root", &scene.secret(), SECRET],
    );
    let up = format!("{}{}", "/..".repeat(40), scene.secret());
    scene.refuses(&ROLES, &["through_proc", "parent", "cwd", &up, SECRET]);
}

fn the_parents_environment_cannot_be_read() {
    let scene = Scene::new();
    scene.refuses(&ROLES, &["environment_of", "parent", MARK]);
}

fn the_environment_is_not_inherited() {
    let scene = Scene::new();
    scene.refuses(&ROLES, &["own_environment", MARK]);
}

fn the_parents_open_files_and_program_cannot_be_opened() {
    let scene = Scene::new();
    scene.refuses(&ROLES, &["descriptor_of", "parent"]);
    scene.refuses(&ROLES, &["program_of", "parent"]);
}

fn open_files_are_not_inherited() {
    let scene = Scene::new();
    let held = fs::File::open(scene.secret()).unwrap();
    rustix::io::fcntl_setfd(&held, rustix::io::FdFlags::empty()).unwrap();
    scene.refuses(&ROLES, &["inherited", SECRET]);
}

fn inputs_cannot_be_changed() {
    let scene = Scene::new();
    let input = scene.at("input");
    let reset = || {
        let _ = fs::remove_dir_all(&input);
        fs::create_dir(&input).unwrap();
        fs::write(input.join("file"), "input").unwrap();
        fs::set_permissions(&input, fs::Permissions::from_mode(0o777)).unwrap();
        fs::set_permissions(input.join("file"), fs::Permissions::from_mode(0o666)).unwrap();
    };
    for attack in [
        &["append", "/input/file"] as &[&str],
        &["cut", "/input/file"],
        &["remove", "/input/file"],
        &["move", "/input/file", "/input/moved"],
        &["link", "/input/file", "/input/linked"],
        &["make_file", "/input/new"],
        &["make_folder", "/input/new"],
        &["set_times", "/input/file"],
        &["mode", "/input/file", "600"],
    ] {
        for role in ROLES {
            // Times and modes are for owners, and nobody here is the builder's.
            let for_owners = matches!(attack[0], "mode" | "link");
            reset();
            let open = attempt(&scene.sandbox(role, attack).bind_writable(&input, "/input"));
            if role != Role::Builder || !for_owners {
                open.came_through();
            }
            reset();
            attempt(&scene.sandbox(role, attack).bind_read_only(&input, "/input")).was_refused();
            assert_eq!(fs::read_to_string(input.join("file")).unwrap(), "input");
            assert_eq!(fs::read_dir(&input).unwrap().count(), 1);
        }
    }
}

/// While a script is started, `/proc/self/exe` is still the program that starts it: this one. A command that got it could write to it.
fn a_script_that_names_proc_self_exe_does_not_get_cairn_itself() {
    let scene = Scene::new();
    let script = |folder: &Path| {
        let path = folder.join("script");
        fs::write(&path, format!("#!/proc/self/exe {REEXECUTED}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    };
    let status = Command::new(script(&scene.given())).status().unwrap();
    assert_eq!(status.code(), Some(i32::from(REEXECUTED_CODE)));
    for role in ROLES {
        let mut sandbox = scene.sandbox(role, &[]);
        // What the program needs to run at all.
        for folder in ["/usr", "/lib", "/lib64"] {
            sandbox = sandbox.bind_read_only(folder, folder);
        }
        sandbox.spec.argv = vec![format!("{GIVEN}/script")];
        let mut watch = Watch {
            line: &mut |_| (),
            cancelled: None,
        };
        match run(&sandbox, &mut watch) {
            Err(SandboxError::Setup { step, source }) => {
                assert_eq!(step, format!("run {GIVEN}/script"));
                assert_eq!(source.kind(), std::io::ErrorKind::PermissionDenied);
                count_refused();
            }
            other => panic!("{role:?}: {other:?}"),
        }
    }
}

fn a_second_chroot_does_not_lead_out() {
    let scene = Scene::new();
    let cell = scene.given().join("cell");
    fs::create_dir(&cell).unwrap();
    fs::copy(program(), cell.join("attack")).unwrap();
    // The control: a sandbox that is nothing but a chroot.
    let output = Command::new("chroot")
        .arg(&cell)
        .args([
            "/attack",
            "chroot_twice",
            "/deeper",
            &scene.secret(),
            SECRET,
        ])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    for role in ROLES {
        scene.clear();
        let deeper = format!("{HERE}/deeper");
        let arguments = ["chroot_twice", &deeper, &scene.secret(), SECRET];
        scene.inside(role, &arguments).was_refused();
    }
}

fn a_handle_opens_no_file_of_the_host() {
    let scene = Scene::new();
    let said = scene
        .outside(&["handle_of", &scene.secret()])
        .came_through();
    let words: Vec<&str> = said.text.split_whitespace().collect();
    // The folder that is given lies on the file system of the secret.
    scene.refuses(&ROLES, &["by_handle", HERE, words[0], words[1], SECRET]);
}

fn devices_of_the_host_are_not_there() {
    let scene = Scene::new();
    scene.refuses(&ROLES, &["open_to_read", "/dev/loop-control"]);
    scene.refuses(&ROLES, &["open_to_write", "/dev/kmsg"]);
    let node = format!("{HERE}/node");
    for kind in ["c", "b"] {
        scene.refuses(&ROLES, &["node", &node, kind, "1", "5"]);
    }
}

fn a_device_on_a_file_system_that_is_given_cannot_be_opened() {
    let scene = Scene::new();
    let node = format!("{HERE}/zero");
    for role in ROLES {
        scene.clear();
        scene
            .outside(&["node", &node, "c", "1", "5"])
            .came_through();
        let path = scene.given().join("zero");
        fs::set_permissions(path, fs::Permissions::from_mode(0o666)).unwrap();
        scene.outside(&["open_to_read", &node]).came_through();
        scene.inside(role, &["open_to_read", &node]).was_refused();
    }
}

fn the_mode_of_the_hosts_devices_stays() {
    let scene = Scene::new();
    let null = Path::new("/dev/null");
    let before = fs::metadata(null).unwrap().permissions();
    let control = scene.outside(&["mode", "/dev/null", "667"]);
    fs::set_permissions(null, before.clone()).unwrap();
    control.came_through();
    for role in ROLES {
        let attempt = scene.inside(role, &["mode", "/dev/null", "667"]);
        let after = fs::metadata(null).unwrap().permissions();
        fs::set_permissions(null, before.clone()).unwrap();
        assert_eq!(after.mode(), before.mode(), "{role:?}");
        attempt.was_refused();
    }
}
