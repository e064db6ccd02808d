//! Users and capabilities inside.
//!
//! In: who the command is to be. Out: a process that is nobody else any more. `CAP_SYS_ADMIN` is never left to a command.

use super::{Step, StepError};
use crate::sandbox::{Profile, Spec};
use crate::syscalls;
use rustix::thread::{
    CapabilitySet, CapabilitySets, capability_is_in_bounding_set, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities, set_no_new_privs,
};
use std::io;

/// Becomes this user and group, without others.
pub(super) fn become_user(uid: u32, gid: u32) -> io::Result<()> {
    syscalls::set_user(uid, gid)
}

/// What root of a sandbox keeps to act on files and processes of the sandbox.
fn kept(profile: Profile) -> CapabilitySet {
    let files = CapabilitySet::CHOWN
        | CapabilitySet::DAC_OVERRIDE
        | CapabilitySet::FOWNER
        | CapabilitySet::FSETID
        | CapabilitySet::KILL
        | CapabilitySet::SETUID
        | CapabilitySet::SETGID
        | CapabilitySet::SYS_CHROOT;
    match profile {
        Profile::Build => files,
        Profile::MaintainerScripts => {
            files
                | CapabilitySet::SETFCAP
                | CapabilitySet::SETPCAP
                | CapabilitySet::MKNOD
                | CapabilitySet::NET_BIND_SERVICE
                | CapabilitySet::AUDIT_WRITE
        }
    }
}

/// Drops what the command of this spec is not to have.
pub(super) fn drop_for_command(spec: &Spec) -> Result<(), StepError> {
    let keep = if spec.uid == 0 {
        kept(spec.profile)
    } else {
        CapabilitySet::empty()
    };
    for capability in (0..64).map(|bit| CapabilitySet::from_bits_retain(1 << bit)) {
        if !keep.contains(capability) && capability_is_in_bounding_set(capability).unwrap_or(false)
        {
            remove_capability_from_bounding_set(capability)
                .step(|| "drop capabilities".to_owned())?;
        }
    }
    clear_ambient_capability_set().step(|| "drop ambient capabilities".to_owned())?;
    become_user(spec.uid, spec.gid)
        .step(|| format!("become user {} group {}", spec.uid, spec.gid))?;
    let sets = CapabilitySets {
        effective: keep,
        permitted: keep,
        inheritable: CapabilitySet::empty(),
    };
    set_capabilities(None, sets).step(|| "set capabilities".to_owned())?;
    set_no_new_privs(true).step(|| "refuse new privileges".to_owned())
}
