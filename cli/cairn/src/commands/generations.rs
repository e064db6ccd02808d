//! `cairn generations`: what states this machine has had.

use cairn_disk::{GcPlan, Generation, Store};
use cairn_system::machine_switch;
use cairn_system::session::read_manifest;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::Ended;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::machine;
use crate::ui::confirm::{Consent, confirm};
use crate::ui::style::{BAD, CHANGED, GOOD, QUIET, paint};
use crate::ui::{report, style, table};

/// Lists the generations of this machine, pins one, or deletes some.
#[derive(Debug, Args)]
pub struct Generations {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Lists all generations; with `--json` an array of objects with number, path, date and state
    List,
    /// Shows what a generation is made of
    Show {
        /// Its number
        number: u64,
    },
    /// Keeps a generation for ever, whatever `gc` is told
    Pin {
        /// Its number
        number: u64,
        /// Lets `gc` have it again
        #[arg(long)]
        remove: bool,
    },
    /// Deletes generations; never the booted one, the default, a pinned one or the last good one
    Delete {
        /// Their numbers
        #[arg(required = true)]
        numbers: Vec<u64>,
    },
}

/// One line of the list, as programs read it.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// Its number.
    pub number: u64,
    /// Its system's store path.
    pub path: String,
    /// When it was made, RFC 3339.
    pub date: String,
    /// `pending`, `good` or `failed`.
    pub state: &'static str,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Whether it boots when no key is pressed.
    pub default: bool,
    /// Whether it runs now.
    pub booted: bool,
    /// Whether `gc` must keep it.
    pub pinned: bool,
    /// What it is called.
    pub description: String,
    /// The configuration that it was made from.
    pub config: String,
}

impl Listed {
    /// A generation with all that is known of it.
    pub fn of(generation: &Generation, default: Option<u64>, booted: Option<u64>) -> Self {
        let (state, why) = report::state(&generation.state);
        Self {
            number: generation.number,
            path: generation.system.logical(),
            date: generation.date.to_string(),
            state,
            why,
            default: default == Some(generation.number),
            booted: booted == Some(generation.number),
            pinned: generation.pinned,
            description: generation.description.clone(),
            config: generation.config.clone(),
        }
    }

    /// `default, booted, pinned`, as far as each is so.
    pub fn marks(&self) -> String {
        let marks = [
            (self.default, "default"),
            (self.booted, "booted"),
            (self.pinned, "pinned"),
        ];
        let set = marks.iter().filter(|(is, _)| *is).map(|(_, mark)| *mark);
        set.collect::<Vec<_>>().join(", ")
    }
}

impl Generations {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        match &self.act {
            Act::List => list(context),
            Act::Show { number } => show(context, *number),
            Act::Pin { number, remove } => pin(context, *number, !remove),
            Act::Delete { numbers } => delete(context, numbers),
        }
    }
}

/// All generations, oldest first; those that can't be read are warned of.
pub fn all(context: &Context, store: &Store) -> Result<Vec<Listed>, CommandError> {
    let generations = store.generations();
    let (default, booted) = (generations.default()?, generations.booted()?);
    let listing = generations.list()?;
    for (number, error) in &listing.unreadable {
        context.warn(&format!(
            "generation {number} can't be read: {}",
            crate::error::on_one_line(error)
        ));
    }
    let mut listed: Vec<Listed> = listing
        .generations
        .iter()
        .map(|generation| Listed::of(generation, default, booted))
        .collect();
    // What the boot loader found out holds, also before somebody with the right to do so writes it down.
    for change in machine::found_out(context, store)? {
        if let Some(one) = listed.iter_mut().find(|one| one.number == change.number) {
            (one.state, one.why) = report::state(&change.state);
        }
    }
    Ok(listed)
}

fn list(context: &Context) -> Ended {
    let listed = match context.store_if_there()? {
        Some(store) => all(context, &store)?,
        None => Vec::new(),
    };
    if context.globals.json {
        return context.json(&listed);
    }
    if listed.is_empty() {
        context.tell("no generations yet: `cairn switch FILE` makes the first");
        return Ok(Exit::Done);
    }
    let mut table = table::table(&["number", "date", "state", "", "path"]);
    for one in &listed {
        table.add_row([
            one.number.to_string(),
            report::local_time(&one.date),
            one.state.into(),
            one.marks(),
            one.path.clone(),
        ]);
    }
    let text = table::text(&table);
    for (line, one) in text
        .lines()
        .zip(std::iter::once(None).chain(listed.iter().map(Some)))
    {
        let style = match one {
            Some(one) if one.state == "failed" => BAD,
            Some(one) if one.booted => GOOD,
            Some(one) if one.default => CHANGED,
            _ => anstyle::Style::new(),
        };
        anstream::println!("{}", paint(style, line));
    }
    Ok(Exit::Done)
}

fn show(context: &Context, number: u64) -> Ended {
    let store = context.store()?;
    let generation = context.generation(&store, number)?;
    let generations = store.generations();
    let listed = Listed::of(&generation, generations.default()?, generations.booted()?);
    let manifest = read_manifest(&store, &generation.system)?;
    if context.globals.json {
        return context
            .json(&serde_json::json!({ "version": 1, "generation": listed, "system": manifest }));
    }
    let marks = listed.marks();
    let state = if marks.is_empty() {
        listed.state.into()
    } else {
        format!("{}, {marks}", listed.state)
    };
    let rows = [
        ("number", number.to_string()),
        ("date", report::local_time(&listed.date)),
        ("state", state),
        ("system", listed.path.clone()),
        ("config", listed.config.clone()),
        ("root", manifest.root.to_string()),
        ("size", style::bytes(manifest.root_bytes)),
        ("kernel", manifest.kernel_release.clone()),
    ];
    for (name, value) in rows {
        context.data(&format!("{} {value}\n", paint(QUIET, format!("{name:<8}"))))?;
    }
    for (name, version) in &manifest.packages {
        context.data(&format!("  {name} {version}\n"))?;
    }
    Ok(Exit::Done)
}

fn pin(context: &Context, number: u64, pinned: bool) -> Ended {
    let store = context.store()?;
    context.generation(&store, number)?;
    if context.globals.dry_run {
        context.tell(&format!(
            "would {} generation {number}",
            if pinned { "pin" } else { "unpin" }
        ));
        return Ok(Exit::Done);
    }
    let _lock = store.lock("generations pin")?;
    store.generations().pin(number, pinned)?;
    context.tell(&if pinned {
        format!("generation {number} is kept until `cairn generations pin --remove {number}`")
    } else {
        format!("generation {number} is no longer pinned")
    });
    Ok(Exit::Done)
}

fn delete(context: &Context, numbers: &[u64]) -> Ended {
    let store = context.store()?;
    let listed = all(context, &store)?;
    let last_good = listed
        .iter()
        .rev()
        .find(|one| one.state == "good")
        .map(|one| one.number);
    for number in numbers {
        context.generation(&store, *number)?;
        let one = listed.iter().find(|one| one.number == *number);
        let reason = match one {
            Some(one) if one.booted => Some("it runs now"),
            Some(one) if one.default => Some("it is the default"),
            Some(one) if one.pinned => Some("it is pinned"),
            Some(_) if last_good == Some(*number) => {
                Some("it is the last one that is known to be good")
            }
            _ => None,
        };
        if let Some(reason) = reason {
            return Err(CommandError::Kept {
                number: *number,
                reason,
            });
        }
    }
    let words: Vec<String> = numbers.iter().map(u64::to_string).collect();
    // Out of the boot menu first: an entry without its generation does not boot.
    let running = machine_switch::look(&context.globals.root)?;
    let is_ours = running.is_some_and(|machine| machine.booted.is_some());
    let out_of_the_menu = || {
        if is_ours {
            machine_switch::machine_plan_without(&store, numbers)
        } else {
            Ok(None)
        }
    };
    if let Some(plan) = out_of_the_menu()? {
        machine::show(context, &plan);
    }
    if context.globals.dry_run {
        context.tell(&format!("would delete {}", words.join(", ")));
        return Ok(Exit::Done);
    }
    let consent = Consent {
        yes: context.globals.yes,
        harmless: false,
    };
    if !confirm(&format!("Delete {}?", words.join(", ")), consent)? {
        return Err(CommandError::Declined);
    }
    let lock = store.lock("generations delete")?;
    if let Some(plan) = out_of_the_menu()? {
        machine::apply(context, &store, &lock, &plan)?;
    }
    let plan = GcPlan {
        generations: numbers.to_vec(),
        ..GcPlan::default()
    };
    store.apply(&store.collecting()?, &plan)?;
    context.tell(&format!(
        "deleted {}; `cairn gc` frees their space",
        words.join(", ")
    ));
    Ok(Exit::Done)
}
