//! Codes and mends for the errors of the machine that runs: its mounts, its boot partition, its journal.

use std::io;

use cairn_activation::Error;
use cairn_sys::own_mounts::OwnMountsError;
use cairn_system::machine_switch::MachineError;

use super::{Explanation, bare, full, image, said, store};

/// Explains why a machine can't be switched.
pub fn switch(error: &MachineError) -> Explanation {
    match error {
        MachineError::NotBooted => said(
            "system::not_booted",
            "`cairn image FILE --root FOLDER` writes a disk that this machine can boot",
        ),
        MachineError::Chosen { .. } => said(
            "system::not_bootable",
            "`cairn generations list` shows the others; `cairn verify` says whether the store is damaged",
        ),
        MachineError::Activation(error) => activation(error),
        MachineError::Image(error) => image(error).unwrap_or_else(|| bare("image::failed")),
        MachineError::Store(error) => store(error),
    }
}

/// Explains why the store stays closed.
pub fn mounts(error: &OwnMountsError) -> Explanation {
    match error {
        OwnMountsError::NeedsRoot { .. } => said(
            "system::needs_root",
            "run it as root, or with `--root FOLDER` on a folder of your own",
        ),
        OwnMountsError::Closed { .. } | OwnMountsError::Refused { .. } => said(
            "system::closed",
            "`findmnt` shows what is mounted there; a file system with errors is mounted read-only, too",
        ),
    }
}

fn activation(error: &Error) -> Explanation {
    match error {
        Error::CommandLine { .. } => bare("system::not_booted"),
        Error::NoEsp { .. } | Error::ReadOnly { .. } => bare("system::boot_partition"),
        Error::Boot(cairn_boot::Error::TooLarge { .. }) => said(
            "system::boot_partition_full",
            "`cairn gc --keep 2` takes old generations off it; the same command then goes on from here",
        ),
        Error::Boot(_) => said(
            "system::boot_partition",
            "the same command goes on from here when the cause is gone",
        ),
        Error::Read { source, .. } | Error::Journal { source, .. }
            if source.kind() == io::ErrorKind::PermissionDenied =>
        {
            said("system::needs_root", "run it as root")
        }
        Error::Journal { source, .. } if source.kind() == io::ErrorKind::StorageFull => full(),
        Error::Read { .. } => bare("cli::file"),
        Error::Journal { .. } | Error::NoJournal { .. } | Error::Commit { .. } => said(
            "system::interrupted",
            "run the same command again: it finishes what was begun",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_boot_partition_names_the_way_to_room() {
        let full = cairn_boot::Error::TooLarge {
            needed_bytes: 2,
            available_bytes: 1,
        };
        let found = switch(&MachineError::Activation(Error::Boot(full)));
        assert_eq!(found.code, "system::boot_partition_full");
        assert!(found.help.unwrap_or_default().contains("cairn gc"));
    }

    #[test]
    fn who_is_not_root_is_told() {
        let denied = Error::Journal {
            act: "write",
            path: "/cairn/var/journal.json".into(),
            source: io::ErrorKind::PermissionDenied.into(),
        };
        let found = switch(&MachineError::Activation(denied));
        assert_eq!(found.code, "system::needs_root");
        let closed = OwnMountsError::NeedsRoot {
            folder: "/cairn/store".into(),
        };
        assert_eq!(mounts(&closed).code, "system::needs_root");
    }
}
