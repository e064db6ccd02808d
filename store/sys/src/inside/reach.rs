//! Which files a command can reach at all, by Landlock: what lies below the sandbox's own root, and nothing that it may still hold
//! or find a way to.
//!
//! In: the spec, with the root in place. Out: this process and all that it starts are restricted for good. It is a second wall behind the
//! mount namespace: a way out by a descriptor or by `/proc/self/exe` ends here, and so do signals and abstract sockets to others.

use super::{Step, StepError};
use crate::sandbox::{Mount, RootFs, Spec};
use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, Scope,
};
use std::error::Error;
use std::io;

/// What the kernel must know (Linux 5.19; before, nothing could be moved between folders).
const LEAST: ABI = ABI::V2;
/// What is asked for, as far as the kernel knows it.
const WANTED: ABI = ABI::V7;

/// Restricts this process. Errors: where the kernel has no Landlock; there is no falling back to less.
pub(super) fn restrict(spec: &Spec) -> Result<(), StepError> {
    let step = || {
        "restrict the command to its files by Landlock (it must be among the kernel's security modules)"
            .to_owned()
    };
    let mut rules = vec![("/", may_in_root(spec))];
    rules.extend(writable(spec).map(|place| (place, AccessFs::from_all(WANTED))));
    let rules = rules
        .into_iter()
        .map(|(place, access)| {
            let place = PathFd::new(place).map_err(io::Error::other)?;
            Ok(PathBeneath::new(place, access))
        })
        .collect::<io::Result<Vec<_>>>()
        .step(step)?;
    apply(rules).map_err(|error| cause(&error)).step(step)
}

/// What the kernel said; without a word of it, that it can't.
fn cause(error: &RulesetError) -> io::Error {
    let mut next: Option<&dyn Error> = Some(error);
    while let Some(error) = next {
        let said = error.downcast_ref::<io::Error>();
        if let Some(number) = said.and_then(io::Error::raw_os_error) {
            return io::Error::from_raw_os_error(number);
        }
        next = error.source();
    }
    io::Error::from_raw_os_error(libc::EOPNOTSUPP)
}

fn apply(rules: Vec<PathBeneath<PathFd>>) -> Result<(), RulesetError> {
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(LEAST))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(WANTED))?
        .scope(Scope::from_all(WANTED))?
        .create()?
        .add_rules(rules.into_iter().map(Ok::<_, RulesetError>))?
        .restrict_self()
        .map(drop)
}

/// What may be done everywhere below the root.
fn may_in_root(spec: &Spec) -> landlock::BitFlags<AccessFs> {
    match spec.root {
        RootFs::Directory {
            read_only: true, ..
        } => AccessFs::from_read(WANTED),
        _ => AccessFs::from_all(WANTED),
    }
}

/// Mounts that may be written.
fn writable(spec: &Spec) -> impl Iterator<Item = &str> {
    spec.mounts.iter().filter_map(|mount| match mount {
        Mount::Bind { to, read_only, .. } => (!read_only).then_some(to.as_str()),
        Mount::Tmpfs { to, .. } => Some(to.as_str()),
        Mount::Overlay { to, upper, .. } => upper.as_ref().map(|_| to.as_str()),
        Mount::Proc => Some("/proc"),
        Mount::DevMinimal => Some("/dev"),
    })
}
