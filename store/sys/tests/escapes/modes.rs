//! Files that give rights to who runs them: setuid, setgid, capabilities, attributes. Builds can't make them, nobody gains by them.

use crate::scene::{HERE, ROLES, Role, Scene, attempt, program};
use crate::{Claim, claims};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

pub const CLAIMS: &[Claim] = claims![
    a_setuid_file_cannot_be_made_in_any_way,
    attributes_cannot_be_set_in_any_way,
];
pub const CLAIMS_OF_ROOT: &[Claim] = claims![
    a_file_capability_cannot_be_given,
    a_setuid_program_of_the_host_gives_nothing,
];

const BUILDS: [Role; 2] = [Role::Builder, Role::Root];

fn a_setuid_file_cannot_be_made_in_any_way() {
    let scene = Scene::new();
    let file = format!("{HERE}/file");
    for way in [
        "setuid_by_chmod",
        "setuid_by_fchmod",
        "setuid_by_fchmodat",
        "setuid_by_fchmodat2",
        "setuid_by_open",
        "setuid_by_openat",
        "setuid_by_openat2",
        "setuid_by_creat",
        "setuid_by_mknod",
        "setuid_by_mknodat",
        "setuid_by_tmpfile",
        #[cfg(target_arch = "x86_64")]
        "setuid_by_int80",
        "setgid",
    ] {
        scene.clear();
        scene.refuses(&BUILDS, &[way, &file]);
    }
}

fn attributes_cannot_be_set_in_any_way() {
    let scene = Scene::new();
    let file = format!("{HERE}/file");
    for way in ["setxattr", "fsetxattr", "lsetxattr"] {
        scene.refuses(&BUILDS, &[way, &file]);
    }
    // Younger than some kernels that the tests run on; where it is not known, nobody comes through.
    if scene.outside(&["setxattrat", &file]).code == 0 {
        scene.clear();
        scene.refuses(&BUILDS, &["setxattrat", &file]);
    }
}

fn a_file_capability_cannot_be_given() {
    let scene = Scene::new();
    scene.refuses(&BUILDS, &["capability", &format!("{HERE}/file")]);
}

fn a_setuid_program_of_the_host_gives_nothing() {
    let scene = Scene::new();
    let tool = scene.given().join("tool");
    for by in ["1000", "1001"] {
        fs::copy(program(), &tool).unwrap();
        fs::set_permissions(&tool, fs::Permissions::from_mode(0o4755)).unwrap();
        fs::set_permissions(scene.at("."), fs::Permissions::from_mode(0o755)).unwrap();
        let status = Command::new("setpriv")
            .args(["--reuid", by, "--regid", by, "--clear-groups"])
            .arg(&tool)
            .arg("is_root")
            .status()
            .unwrap();
        assert!(status.success(), "the control failed");
        let arguments = ["run_as_owner", &format!("{HERE}/tool")];
        for role in ROLES {
            let sandbox = scene.sandbox(role, &arguments).user(1000, 1000);
            attempt(&sandbox).was_refused();
        }
    }
}
