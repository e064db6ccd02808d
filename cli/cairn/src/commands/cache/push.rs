//! `cairn cache push`: a generation or store paths, sent to a cache.

use cairn_cache::{Closure, Wanted, push};
use cairn_disk::Store;
use cairn_graph::StorePath;
use cairn_system::session::read_manifest;
use clap::Args;
use serde::Serialize;

use super::Key;
use crate::commands::Ended;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::store_path;
use crate::ui::style;
use crate::ui::transfer::Transfer;

/// Sends a generation, or store paths, with all that they need
///
/// What the cache has is not sent again; a push that was interrupted goes on where it was. The closure is signed with the key.
#[derive(Debug, Args)]
pub struct Push {
    /// The cache: a folder, or `s3://BUCKET/PREFIX`
    cache: String,
    /// A generation's number, or store paths; the default generation without this
    what: Vec<String>,
    #[command(flatten)]
    key: Key,
    /// The name to publish a generation under; its machine's name without this
    #[arg(long)]
    name: Option<String>,
    /// Leaves out what the generation was made of and does not need to run: packages, steps of its build
    #[arg(long)]
    runtime_only: bool,
}

/// What programs read.
#[derive(Debug, Serialize)]
struct Report<'a> {
    version: u32,
    dry_run: bool,
    name: &'a str,
    statement: String,
    signed_by: &'a str,
    paths: usize,
    /// Files that the cache did not have.
    files: usize,
    /// Files that it had.
    files_present: usize,
    /// Bytes of contents in the files that it did not have.
    bytes: u64,
    /// Bytes sent for them; none in a dry run.
    bytes_sent: u64,
}

impl Push {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let store = context.store()?;
        let key = self.key.read(context)?;
        let wanted = wanted(
            context,
            &store,
            &self.what,
            self.name.as_deref(),
            !self.runtime_only,
        )?;
        let place = super::place(context, &self.cache)?;
        let closure = Closure::of(&store, &wanted)?;
        let plan = push::plan(&closure, place.as_ref(), &context.stop)?;
        let dry_run = context.globals.dry_run;
        let mut report = Report {
            version: 1,
            dry_run,
            name: push::title(&closure),
            statement: closure.statement.digest().to_string(),
            signed_by: &key.public().id,
            paths: closure.statement.paths.len(),
            files: plan.missing.len(),
            files_present: plan.present,
            bytes: plan.bytes,
            bytes_sent: 0,
        };
        if !dry_run {
            let transfer = Transfer::new(&context.globals, "sending", plan.bytes);
            let pushed = push::apply(
                &store,
                &closure,
                &plan,
                place.as_ref(),
                &key,
                &context.stop,
                &|bytes| transfer.went_on(bytes),
            )?;
            transfer.end();
            report.bytes_sent = pushed.bytes_sent;
        }
        if context.globals.json {
            return context.json(&report);
        }
        if dry_run && context.globals.verbose > 0 {
            for item in &plan.missing {
                context.tell(&format!("  {} {}", item.name(), style::bytes(item.size())));
            }
        }
        let act = if dry_run { "would send" } else { "sent" };
        let there = match report.files_present {
            0 => String::new(),
            some => format!("; {} were there", style::count(some, "file")),
        };
        let made = if dry_run {
            format!("{} before compression", style::bytes(report.bytes))
        } else {
            format!(
                "{} as {}",
                style::bytes(report.bytes),
                style::bytes(report.bytes_sent)
            )
        };
        context.tell(&format!(
            "{act} {} with {} to {}: {} of contents, {made}{there}",
            report.name,
            style::count(report.paths, "store path"),
            place.title(),
            style::count(report.files, "file"),
        ));
        Ok(Exit::Done)
    }
}

/// What the words of a command line mean.
pub fn wanted(
    context: &Context,
    store: &Store,
    what: &[String],
    name: Option<&str>,
    keeps: bool,
) -> Result<Wanted, CommandError> {
    let number = match what {
        [] => Some(
            store
                .generations()
                .default()?
                .ok_or(CommandError::NoDefault)?,
        ),
        [one] => one.parse().ok(),
        _ => None,
    };
    if let Some(number) = number {
        let generation = context.generation(store, number)?;
        let name = match name {
            Some(name) => name.to_owned(),
            None => read_manifest(store, &generation.system)?.host,
        };
        return Ok(Wanted::generation(&generation, keeps, &name));
    }
    let whole = |text: &String| store_path::whole(store, text);
    let whole: Vec<StorePath> = what.iter().map(whole).collect::<Result<_, _>>()?;
    let mut wanted = Wanted::paths(&whole);
    wanted.name = name.map(Into::into);
    Ok(wanted)
}
