//! Codes, mends and exit codes for the errors of the machine.
//!
//! In: any error of our crates, as deep as it lies. Out: an [`Explanation`]. Errors that wrap others are opened until one
//! is found that has something to say.

use std::error::Error as StdError;

use cairn_build::{BuildError, Failure, RealiseError};
use cairn_debian::Unsolvable;
use cairn_debian::solve::Obstacle;
use cairn_fetch::{HttpError, SignatureError};
use cairn_sys::SandboxError;
use cairn_sys::own_mounts::OwnMountsError;
use cairn_system::archive::ArchiveError;
use cairn_system::builders::root::RootError;
use cairn_system::disk_image::ImageError;
use cairn_system::locking::LockingError;
use cairn_system::machine_switch::MachineError;
use cairn_system::tasks::TaskError;
use cairn_system::{EvaluateError, SessionError};

mod cache;
mod machine;

use super::CommandError;
use crate::exit::Exit;
use crate::ui::style;

/// What there is to say of an error besides its own words.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// `stage::kind`; the page is in `docs/errors/`.
    pub code: &'static str,
    /// The mend.
    pub help: Option<String>,
    /// Further lines, such as the end of a log.
    pub details: Vec<String>,
    /// How the program ends.
    pub exit: Exit,
}

fn said(code: &'static str, help: impl Into<String>) -> Explanation {
    Explanation {
        code,
        help: Some(help.into()),
        details: Vec::new(),
        exit: Exit::Failed,
    }
}

fn bare(code: &'static str) -> Explanation {
    Explanation {
        code,
        help: None,
        details: Vec::new(),
        exit: Exit::Failed,
    }
}

/// Explains an error of the commands themselves.
pub fn own(error: &CommandError) -> Explanation {
    match error {
        CommandError::NoTerminal { .. } => Explanation {
            exit: Exit::Usage,
            ..said(
                "cli::no_terminal",
                "add `-y` to answer yes, or `-n` to see what would be done",
            )
        },
        CommandError::Declined => bare("cli::declined"),
        CommandError::NoStore { .. } => said(
            "store::none",
            "`cairn switch FILE --root FOLDER` makes the first generation; is `--root` the folder of an earlier one?",
        ),
        CommandError::NoGeneration { known, .. } if known.is_empty() => said(
            "store::no_generation",
            "there are none yet: `cairn switch FILE` makes the first",
        ),
        CommandError::NoGeneration { known, .. } => {
            let known: Vec<String> = known.iter().map(u64::to_string).collect();
            said(
                "store::no_generation",
                format!("there are {}", known.join(", ")),
            )
        }
        CommandError::NoDefault => said(
            "store::no_generation",
            "`cairn switch FILE` makes one; `cairn generations list` shows what there is",
        ),
        CommandError::NotSame { .. } => said(
            "cache::not_same",
            "build the same generation here first; without `--if-same` it is signed as it is",
        ),
        CommandError::Binary => Explanation {
            exit: Exit::Usage,
            ..said(
                "cli::binary",
                "`cairn store export PATH > FILE` writes it to a file",
            )
        },
        CommandError::NothingOlder => said(
            "store::nothing_older",
            "`cairn generations list` shows what there is; `--to NUMBER` names one",
        ),
        CommandError::Kept { .. } => said(
            "store::kept",
            "roll back to another generation first, or take the pin away with `cairn generations pin --remove NUMBER`",
        ),
        CommandError::Faults { .. } => said(
            "store::faults",
            "`cairn verify --repair` mends what it can: from elsewhere in the store, or by fetching or building it again",
        ),
        CommandError::Unmended { .. } => said(
            "store::unmended",
            "the lines above name what each needs; run `cairn verify --repair` again when its cause is gone, such as a missing network",
        ),
        CommandError::NoPath { near, .. } if near.is_empty() => said(
            "store::no_path",
            "a store path is written whole, as `<hash>-<name>`, or by as much of its beginning as only one has; `cairn du --paths` lists all",
        ),
        CommandError::NoPath { near, .. } => said("store::no_path", meant(near)),
        CommandError::AmbiguousPath { candidates, .. } => Explanation {
            details: candidates.iter().take(10).cloned().collect(),
            ..said(
                "store::ambiguous_path",
                "write more of the one that is meant",
            )
        },
        CommandError::NotWhole { path, .. } => said(
            "store::not_whole",
            format!("leave out what is behind `{}`", path.base_name()),
        ),
        CommandError::NoEntry {
            near: Some(near), ..
        } => said("store::no_entry", format!("did you mean `/{near}`?")),
        CommandError::NoEntry { path, .. } => said(
            "store::no_entry",
            format!(
                "`cairn store ls -R {}` lists what there is",
                path.base_name()
            ),
        ),
        CommandError::NoFile { .. } => said(
            "store::no_file",
            "`cairn store ls -l PATH` shows what it is",
        ),
        CommandError::NoRoot { known, .. } if known.is_empty() => said(
            "store::no_root",
            "there are none: `cairn store add --keep` makes them",
        ),
        CommandError::NoRoot { known, .. } => {
            said("store::no_root", format!("there are {}", known.join(", ")))
        }
        CommandError::NoPackage { near, .. } if near.is_empty() => said(
            "cli::no_package",
            "`cairn generations show NUMBER` lists the packages of a generation",
        ),
        CommandError::NoPackage { near, .. } => said("cli::no_package", meant(near)),
        CommandError::Ambiguous { name, kinds } => {
            let flags = kinds
                .iter()
                .map(|kind| format!("`cairn why {name} --{kind}`"));
            Explanation {
                exit: Exit::Usage,
                ..said(
                    "cli::ambiguous",
                    format!("say which: {}", flags.collect::<Vec<_>>().join(" or ")),
                )
            }
        }
        CommandError::Span { .. } => Explanation {
            exit: Exit::Usage,
            ..said("cli::time", "write it like `7d`, `12h` or `2 weeks`")
        },
        CommandError::NoLog { silent: true, .. } => {
            said("cli::no_log", "such a build is known: it printed nothing")
        }
        CommandError::NoLog { .. } => said("cli::no_log", "`cairn log --list` shows what there is"),
        CommandError::NoOption { near, .. } if near.is_empty() => said(
            "cli::no_option",
            "`cairn options` without a text lists all; `-f FILE` lists those of a configuration too",
        ),
        CommandError::NoOption { near, .. } => said("cli::no_option", meant(near)),
        CommandError::NoDoc { near, .. } if near.is_empty() => said(
            "cli::no_doc",
            "`cairn doc` without a text lists all; `cairn options` lists what a configuration may set",
        ),
        CommandError::NoDoc { near, .. } => said("cli::no_doc", meant(near)),
        CommandError::Tests { .. } => bare("cli::tests"),
        CommandError::NoBuild { known, .. } => said(
            "build::unknown",
            match known.as_slice() {
                [] => "the file has none".to_owned(),
                [only] if only.is_empty() => "the file is one build, without names".to_owned(),
                known => format!("there are {}", known.join(", ")),
            },
        ),
        CommandError::Differs { .. } => Explanation {
            exit: Exit::Differs,
            ..said(
                "build::differs",
                "look for times, random numbers, names of folders and the order of parallel work in what the script runs",
            )
        },
        CommandError::Interrupted => Explanation {
            exit: Exit::Interrupted,
            ..bare("cli::interrupted")
        },
        CommandError::Config { .. } => bare("cli::configuration"),
        CommandError::Terminal(_)
        | CommandError::Output(_)
        | CommandError::File { .. }
        | CommandError::Thread(_) => bare("cli::file"),
        CommandError::NotSwitched { source, .. } => explain(source.as_ref()),
        CommandError::Other(error) => explain(error.as_ref()),
    }
}

/// Explains an error of another crate.
pub fn explain(error: &(dyn StdError + Send + Sync + 'static)) -> Explanation {
    look(error).unwrap_or_else(|| bare("cli::failed"))
}

/// Opens an error, and the errors in it, until one can be explained.
fn look(error: &(dyn StdError + 'static)) -> Option<Explanation> {
    // Wrappers whose words are those of what they hold have to be opened by hand: `source` passes it over.
    if let Some(error) = error.downcast_ref::<SessionError>() {
        return session(error);
    }
    if let Some(error) = error.downcast_ref::<ImageError>() {
        return image(error);
    }
    if let Some(error) = error.downcast_ref::<MachineError>() {
        return Some(machine::switch(error));
    }
    if let Some(error) = error.downcast_ref::<OwnMountsError>() {
        return Some(machine::mounts(error));
    }
    if let Some(error) = error.downcast_ref::<LockingError>() {
        return locking(error);
    }
    if let Some(error) = error.downcast_ref::<ArchiveError>() {
        return archive(error);
    }
    if let Some(error) = error.downcast_ref::<BuildError>() {
        return Some(build(error));
    }
    if let Some(error) = error.downcast_ref::<RealiseError>() {
        return realise(error);
    }
    if let Some(error) = error.downcast_ref::<HttpError>() {
        return Some(fetch(error));
    }
    if let Some(error) = error.downcast_ref::<SignatureError>() {
        return Some(signature(error));
    }
    if let Some(error) = error.downcast_ref::<cairn_cache::Error>() {
        return Some(cache::explain(error));
    }
    if let Some(error) = error.downcast_ref::<cairn_disk::Error>() {
        return Some(store(error));
    }
    if let Some(error) = error.downcast_ref::<SandboxError>() {
        return Some(sandbox(error));
    }
    match error.downcast_ref::<RootError>() {
        Some(RootError::Sandbox(error) | RootError::Task(TaskError::Sandbox(error))) => {
            return Some(sandbox(error));
        }
        Some(RootError::Store(error)) => return Some(store(error)),
        _ => {}
    }
    if let Some(TaskError::Sandbox(error)) = error.downcast_ref::<TaskError>() {
        return Some(sandbox(error));
    }
    if let Some(error) = error.downcast_ref::<Box<Unsolvable>>() {
        return Some(unsolvable(error));
    }
    if let Some(error) = error.downcast_ref::<Unsolvable>() {
        return Some(unsolvable(error));
    }
    if error.downcast_ref::<cairn_image::qemu::Error>().is_some() {
        return Some(bare("image::no_emulator"));
    }
    if let Some(error) = error.downcast_ref::<std::io::Error>() {
        return (error.kind() == std::io::ErrorKind::StorageFull).then(full);
    }
    look(error.source()?)
}

fn session(error: &SessionError) -> Option<Explanation> {
    match error {
        SessionError::Locking(error) => locking(error),
        SessionError::Archive(error) => archive(error),
        SessionError::Realise(error) => realise(error),
        SessionError::Store(error) => Some(store(error)),
        SessionError::Evaluate(EvaluateError::Thread(_)) => Some(bare("cli::file")),
        SessionError::Evaluate(EvaluateError::Faulty(_)) => Some(bare("cli::configuration")),
        SessionError::System { .. } => Some(said(
            "store::no_system",
            "`cairn verify` says whether the store is damaged",
        )),
        SessionError::LockFile { .. } => Some(bare("archive::lock")),
        other => look(other.source()?),
    }
}

fn image(error: &ImageError) -> Option<Explanation> {
    match error {
        ImageError::Session(error) => session(error),
        ImageError::Store(error) => Some(store(error)),
        ImageError::Sandbox(error) => Some(sandbox(error)),
        ImageError::Cancelled => Some(own(&CommandError::Interrupted)),
        ImageError::File { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
            Some(full())
        }
        ImageError::Lost { .. } => Some(damaged()),
        ImageError::State(_) | ImageError::Disk(_) => Some(said(
            "image::failed",
            "`cairn verify` says whether the store is damaged",
        )),
        _ => Some(bare("image::failed")),
    }
}

fn locking(error: &LockingError) -> Option<Explanation> {
    match error {
        LockingError::Archive(error) => archive(error),
        LockingError::Unsolvable(error) => Some(unsolvable(error)),
        LockingError::Lock { .. } => Some(said(
            "archive::lock",
            "take the lock from an earlier version of your files, or remove it to solve anew",
        )),
        LockingError::Index(_) => Some(said(
            "archive::index",
            "another mirror may help: `--mirror URL`",
        )),
    }
}

fn archive(error: &ArchiveError) -> Option<Explanation> {
    Some(match error {
        ArchiveError::NoMirror => said(
            "archive::no_mirror",
            "set `debian.mirror` in the configuration, pass `--mirror URL`, or give this machine apt sources of the suite",
        ),
        ArchiveError::Fetch(error) => fetch(error),
        ArchiveError::Signature(error) => signature(error),
        ArchiveError::Release { .. } | ArchiveError::OtherSuite { .. } => said(
            "archive::release",
            "another mirror may help: `--mirror URL`",
        ),
        ArchiveError::Cache { .. } => return look(error.source()?),
    })
}

fn realise(error: &RealiseError) -> Option<Explanation> {
    match error {
        RealiseError::Failed { failures, .. } => {
            let (first, others) = failures.split_first()?;
            let mut explained = failed(first);
            let others: Vec<String> = others.iter().map(|other| other.name.clone()).collect();
            if !others.is_empty() {
                explained
                    .details
                    .push(format!("failed too: {}", others.join(", ")));
            }
            Some(explained)
        }
        RealiseError::Cancelled => Some(own(&CommandError::Interrupted)),
        RealiseError::Store(error) => Some(store(error)),
        RealiseError::Graph(_) => None,
    }
}

/// The first failure speaks for all; its log's end is shown.
fn failed(failure: &Failure) -> Explanation {
    let mut inner = build(&failure.source);
    if inner.exit == Exit::Failed {
        inner.exit = Exit::BuildFailed;
    }
    inner.details.push(format!(
        "{failure}: {}",
        super::on_one_line(&failure.source)
    ));
    if !failure.tail.is_empty() {
        inner
            .details
            .push(format!("its last lines:\n{}", failure.tail.join("\n")));
    }
    let key = failure
        .log
        .as_ref()
        .and_then(|log| log.file_stem())
        .and_then(|stem| stem.to_str());
    if let (Some(key), None) = (key, &inner.help) {
        inner.help = Some(format!(
            "`cairn log {}` prints all of its log",
            &key[..key.len().min(12)]
        ));
    }
    if let Some(kept) = &failure.kept {
        inner
            .details
            .push(format!("what it left is in {}", kept.display()));
    }
    inner
}

fn build(error: &BuildError) -> Explanation {
    let exit = match error.exit_code() {
        101 => Exit::BuildTimedOut,
        102 => Exit::HashMismatch,
        130 => Exit::Interrupted,
        _ => Exit::BuildFailed,
    };
    let explained = match error {
        BuildError::HashMismatch { name, .. } if name.contains("://") => Explanation {
            help: Some("the file was changed there, or its `sha256` is not the right one".into()),
            ..mismatch()
        },
        BuildError::HashMismatch { .. } | BuildError::SizeMismatch { .. } => mismatch(),
        BuildError::Store(error) => store(error),
        BuildError::Sandbox(error) => sandbox(error),
        BuildError::Failed(inner) => look(inner.as_ref()).unwrap_or_else(|| bare("build::failed")),
        BuildError::Cancelled => return own(&CommandError::Interrupted),
        BuildError::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => full(),
        _ => bare("build::failed"),
    };
    // What lies deeper may know better, such as that a download was not what was declared.
    if explained.exit == Exit::Failed {
        Explanation { exit, ..explained }
    } else {
        explained
    }
}

fn mismatch() -> Explanation {
    Explanation {
        exit: Exit::HashMismatch,
        ..said(
            "archive::digest",
            "the mirror serves something else than the lock says; `cairn update` locks what is there now",
        )
    }
}

fn fetch(error: &HttpError) -> Explanation {
    match error {
        HttpError::Http { status: 404, .. } => said(
            "archive::gone",
            "the mirror has no such file; `cairn update` locks what is there now, `--mirror URL` takes another",
        ),
        HttpError::Forbidden { .. } => said(
            "archive::offline",
            "leave out `--offline` to fetch what is missing",
        ),
        HttpError::Http { .. } | HttpError::Offline { .. } => said(
            "archive::unreachable",
            "check the network and the mirror; the same command goes on from here",
        ),
        HttpError::Truncated { .. } | HttpError::Interrupted { .. } => said(
            "archive::truncated",
            "run the same command again: what has come is kept and continued",
        ),
        HttpError::TooLarge { .. } => said(
            "archive::too_large",
            "where it is right that it is so large, say how large: `fetch({ …, size = BYTES })`",
        ),
        HttpError::Digest { .. } => mismatch(),
        HttpError::File { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
            full()
        }
        HttpError::File { .. } => bare("cli::file"),
        HttpError::Scheme { .. } => said(
            "archive::address",
            "an address begins with `http://`, `https://` or `file:///`",
        ),
        HttpError::Cancelled { .. } => own(&CommandError::Interrupted),
    }
}

fn signature(error: &SignatureError) -> Explanation {
    match error {
        SignatureError::NoVerifier => said("archive::no_verifier", "`apt install gpgv`"),
        SignatureError::NoKeyring(_) => said(
            "archive::no_keyring",
            "`apt install debian-archive-keyring`, or name a keyring with `debian.keyring` or `--keyring`",
        ),
        _ => said(
            "archive::signature",
            "nothing of this archive was used; if it is an archive of yours, name its keyring with `debian.keyring` or `--keyring`",
        ),
    }
}

fn store(error: &cairn_disk::Error) -> Explanation {
    match error {
        cairn_disk::Error::Busy { .. } => said(
            "store::busy",
            "wait until it has ended, and run the command again",
        ),
        cairn_disk::Error::Full { .. } => full(),
        cairn_disk::Error::Damaged { .. }
        | cairn_disk::Error::Manifest { .. }
        | cairn_disk::Error::Record { .. } => damaged(),
        cairn_disk::Error::Missing { what, .. } if *what != "generation" => damaged(),
        cairn_disk::Error::Name { .. } => said("store::name", "`--name NAME` chooses another"),
        cairn_disk::Error::Io { source, .. }
            if source.kind() == std::io::ErrorKind::PermissionDenied =>
        {
            said(
                "store::permission",
                "`--root FOLDER` with a folder of your own needs no root rights; `/` does",
            )
        }
        _ => bare("store::failed"),
    }
}

fn damaged() -> Explanation {
    said(
        "store::damaged",
        "`cairn verify` lists all that is damaged or missing, and `cairn verify --repair` mends it",
    )
}

fn full() -> Explanation {
    said(
        "store::full",
        "nothing is left half-made; `cairn gc --keep 3` frees space",
    )
}

fn sandbox(error: &SandboxError) -> Explanation {
    match error {
        SandboxError::NoUserNamespaces { .. } => bare("build::no_namespaces"),
        SandboxError::NoSubIds { .. } | SandboxError::MapIds { .. } => bare("build::no_ids"),
        _ => bare("build::sandbox"),
    }
}

fn unsolvable(error: &Unsolvable) -> Explanation {
    match &error.obstacle {
        Obstacle::Unknown { nearest, .. } if nearest.is_empty() => bare("archive::unknown_package"),
        Obstacle::Unknown { nearest, .. } => {
            let names: Vec<String> = nearest.iter().map(|name| format!("`{name}`")).collect();
            said(
                "archive::unknown_package",
                format!("did you mean {}?", names.join(" or ")),
            )
        }
        Obstacle::Exhausted { steps } => said(
            "archive::unsolvable",
            format!(
                "the search was given up after {}",
                style::count(*steps as usize, "step")
            ),
        ),
        Obstacle::Version { .. } | Obstacle::Conflict { .. } => bare("archive::unsolvable"),
    }
}

/// `did you mean …?`, for names that may have been meant.
fn meant(near: &[String]) -> String {
    let near: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
    format!("did you mean {}?", near.join(" or "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(error: impl StdError + Send + Sync + 'static, code: &str, exit: Exit) {
        let found = explain(&error);
        assert_eq!((found.code, found.exit), (code, exit), "{error}");
    }

    fn http() -> HttpError {
        HttpError::Digest {
            url: "http://127.0.0.1/a".into(),
            expected: "1".into(),
            got: "2".into(),
        }
    }

    #[test]
    fn a_wrong_digest_is_found_however_deep_it_lies() {
        check(http(), "archive::digest", Exit::HashMismatch);
        let failure = Failure {
            id: cairn_graph::DerivationId(0),
            name: "a.deb".into(),
            log: None,
            tail: Vec::new(),
            kept: None,
            source: BuildError::failed(http()),
        };
        let failed = RealiseError::Failed {
            failures: vec![failure],
            not_built: 3,
        };
        check(
            SessionError::Realise(failed),
            "archive::digest",
            Exit::HashMismatch,
        );
    }

    #[test]
    fn a_busy_store_and_a_full_disk_are_told_apart() {
        check(
            SessionError::Store(cairn_disk::Error::Busy {
                pid: 3,
                command: "switch".into(),
            }),
            "store::busy",
            Exit::Failed,
        );
        check(
            cairn_disk::Error::Full { path: "/a".into() },
            "store::full",
            Exit::Failed,
        );
    }

    fn no_namespaces() -> SandboxError {
        // What `unshare` gives where `user.max_user_namespaces` is 0: the number of a full disk.
        SandboxError::NoUserNamespaces {
            source: std::io::ErrorKind::StorageFull.into(),
        }
    }

    fn no_ids() -> SandboxError {
        SandboxError::NoSubIds {
            user: "ada".into(),
            reason: "no range".into(),
        }
    }

    #[test]
    fn what_the_sandbox_lacks_is_told_wherever_it_lies_and_is_no_full_disk() {
        type Wrap = fn(SandboxError) -> BuildError;
        let wraps: [Wrap; 4] = [
            BuildError::Sandbox,
            |error| BuildError::failed(RootError::Sandbox(error)),
            |error| BuildError::failed(RootError::Task(TaskError::Sandbox(error))),
            |error| BuildError::failed(TaskError::Sandbox(error)),
        ];
        for wrap in wraps {
            let exit = Exit::BuildFailed;
            check(wrap(no_namespaces()), "build::no_namespaces", exit);
            check(wrap(no_ids()), "build::no_ids", exit);
        }
        check(
            ImageError::Sandbox(no_namespaces()),
            "build::no_namespaces",
            Exit::Failed,
        );
    }

    #[test]
    fn a_cancelled_image_is_an_interruption() {
        check(ImageError::Cancelled, "cli::interrupted", Exit::Interrupted);
    }

    #[test]
    fn an_image_of_a_damaged_store_points_to_verify() {
        let lost = ImageError::Lost {
            part: "kernel",
            number: 1,
        };
        let missing = ImageError::Store(cairn_disk::Error::Missing {
            what: "object",
            name: "ab".into(),
        });
        for error in [lost, missing] {
            let found = explain(&error);
            assert_eq!(found.code, "store::damaged");
            assert!(found.help.is_some_and(|help| help.contains("cairn verify")));
        }
    }

    #[test]
    fn a_cancelled_run_is_an_interruption() {
        check(
            SessionError::Realise(RealiseError::Cancelled),
            "cli::interrupted",
            Exit::Interrupted,
        );
    }

    #[test]
    fn what_is_known_of_nowhere_still_has_a_code() {
        check(std::fmt::Error, "cli::failed", Exit::Failed);
    }
}
