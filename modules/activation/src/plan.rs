//! Decides what has to change on the machine so that a generation boots next.
//!
//! In: what shall be bootable, the machine and its boot partition as observed. Out: a [`MachinePlan`], a value that leaves
//! nothing to choose. Pure. It does not exchange `/usr` and `/etc` under running programs: it says that a reboot does.

use crate::booted::Booted;
use crate::error::Error;
use crate::observe::Observed;
use crate::places::Places;
use crate::variable::DEFAULT_VARIABLE;
use cairn_boot::{EspPlan, Generation, ObservedEsp, Request};
use std::fmt;
use std::path::PathBuf;

/// Everything that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachinePlan {
    /// The machine.
    pub places: Places,
    /// The generation that boots next.
    pub chosen: u32,
    /// What is written to the boot partition; `None` when it is as it should be.
    pub esp: Option<EspChange>,
    /// Whether the default that the firmware stores is removed.
    pub clear_default_variable: bool,
    /// Why the chosen generation runs only after a reboot; `None` when it runs.
    pub reboot: Option<Reboot>,
    /// What else a person should know.
    pub notes: Vec<String>,
}

/// What is written to the boot partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EspChange {
    /// Where it is mounted.
    pub folder: PathBuf,
    /// The steps.
    pub plan: EspPlan,
}

/// Why a reboot is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reboot {
    /// The generation that boots next.
    pub chosen: u32,
    /// What it has that differs from what runs; never empty.
    pub differs: Vec<Part>,
}

/// A part of a generation that only booting puts into use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The root image: `/usr`, `/etc` and all else that is not state.
    Root,
    /// The kernel.
    Kernel,
    /// The initrd.
    Initrd,
    /// The kernel's command line.
    CommandLine,
}

/// Decides.
///
/// Errors: [`Error::NoEsp`], [`Error::ReadOnly`], [`Error::Boot`]; then there is nothing to apply and nothing has changed.
pub fn plan(
    request: &Request,
    machine: &Observed,
    esp: &ObservedEsp,
) -> Result<MachinePlan, Error> {
    let mounted = machine.esp_to_write()?;
    let mut notes = Vec::new();
    let esp = cairn_boot::plan(request, esp)?;
    let esp = if esp.is_empty() {
        notes.extend(esp.warnings);
        None
    } else {
        let folder = mounted.folder.clone();
        Some(EspChange { folder, plan: esp })
    };
    let listed = |number: u32| request.generations.iter().find(|g| g.number == number);
    let chosen = listed(request.chosen);
    let running = request.booted.and_then(listed);
    let differs = match (chosen, &machine.booted) {
        (Some(chosen), Some(booted)) => differences(chosen, booted, running),
        _ => vec![Part::Root],
    };
    if machine.booted.is_some() && running.is_none() {
        notes.push(
            "what runs now is none of this store's generations: it is not in the boot menu".into(),
        );
    }
    Ok(MachinePlan {
        places: machine.places.clone(),
        chosen: request.chosen,
        esp,
        clear_default_variable: machine.default_variable,
        reboot: (!differs.is_empty()).then_some(Reboot {
            chosen: request.chosen,
            differs,
        }),
        notes,
    })
}

impl Observed {
    /// The boot partition, if it can be written. Errors: [`Error::NoEsp`], [`Error::ReadOnly`].
    pub fn esp_to_write(&self) -> Result<&crate::Esp, Error> {
        match &self.esp {
            None => {
                let looked = self.places.esp_folders();
                let looked = looked.iter().map(|folder| folder.display().to_string());
                Err(Error::NoEsp {
                    looked: looked.collect(),
                })
            }
            Some(esp) if esp.read_only => Err(Error::ReadOnly {
                folder: esp.folder.clone(),
            }),
            Some(esp) => Ok(esp),
        }
    }
}

/// What `chosen` has that differs from what runs. Kernel and initrd of what runs are known only from the store.
fn differences(chosen: &Generation, booted: &Booted, running: Option<&Generation>) -> Vec<Part> {
    let root_word = format!("cairn.root={}", booted.root);
    let is_root = |word: &&str| word.starts_with("cairn.root=");
    let words = |words| -> Vec<&str> {
        let mut words = Booted::own_words(words);
        words.retain(|word| !is_root(word));
        words
    };
    let other_payload = |of: fn(&Generation) -> &cairn_boot::Payload| {
        running.is_some_and(|running| of(running).digest != of(chosen).digest)
    };
    let checks = [
        (Part::Root, !chosen.options.contains(&root_word)),
        (Part::Kernel, other_payload(|g| &g.kernel)),
        (Part::Initrd, other_payload(|g| &g.initrd)),
        (
            Part::CommandLine,
            words(&chosen.options) != words(&booted.words),
        ),
    ];
    let differing = checks.into_iter().filter(|(_, differs)| *differs);
    differing.map(|(part, _)| part).collect()
}

impl MachinePlan {
    /// Whether nothing on the machine has to be written.
    pub fn is_empty(&self) -> bool {
        self.esp.is_none() && !self.clear_default_variable
    }
}

impl fmt::Display for MachinePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.esp {
            None => writeln!(f, "boot partition: as it should be")?,
            Some(EspChange { folder, plan }) => {
                writeln!(
                    f,
                    "boot partition {}: {} bytes to write, {} bytes to free",
                    folder.display(),
                    plan.write_bytes,
                    plan.remove_bytes
                )?;
                for line in plan.to_string().lines() {
                    writeln!(f, "  {line}")?;
                }
            }
        }
        if self.clear_default_variable {
            writeln!(
                f,
                "firmware: - {DEFAULT_VARIABLE} (a stored default wins over every choice)"
            )?;
        }
        for note in &self.notes {
            writeln!(f, "! {note}")?;
        }
        match &self.reboot {
            Some(reboot) => writeln!(f, "{reboot}"),
            None => writeln!(
                f,
                "what generation {} boots runs already: no reboot is needed",
                self.chosen
            ),
        }
    }
}

impl fmt::Display for Reboot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.differs.iter().map(Part::to_string).collect();
        write!(
            f,
            "generation {} runs after a reboot: it has another {} than what runs now, and ",
            self.chosen,
            parts.join(", ")
        )?;
        if self.differs.contains(&Part::Root) {
            f.write_str("/usr and /etc are not exchanged under running programs yet")
        } else {
            f.write_str("only booting puts that into use")
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Root => "root",
            Self::Kernel => "kernel",
            Self::Initrd => "initrd",
            Self::CommandLine => "command line",
        })
    }
}
