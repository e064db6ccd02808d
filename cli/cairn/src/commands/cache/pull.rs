//! `cairn cache pull`: a closure from caches into the store.

use cairn_cache::{add_generation, pull};
use cairn_disk::Store;
use clap::Args;
use serde::Serialize;

use super::Trusted;
use crate::commands::Ended;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::ui::report::root_flag;
use crate::ui::style;
use crate::ui::transfer::Transfer;

/// Takes a generation, or a store path, with all that it needs
///
/// Only what enough trusted keys have signed is taken, and only what matches its digest. A generation gets the next number here;
/// `cairn switch --generation NUMBER` then makes it the default, without evaluation and without the archive. A pull that was
/// interrupted goes on where it was.
#[derive(Debug, Args)]
pub struct Pull {
    /// The cache: a folder, `http://…`, `https://…` or `s3://BUCKET/PREFIX`
    cache: String,
    /// The name that a generation was published under, or a store path
    name: String,
    /// Another cache to ask at the same time; may be repeated
    #[arg(long = "also", value_name = "CACHE")]
    also: Vec<String>,
    #[command(flatten)]
    trusted: Trusted,
}

/// What programs read.
#[derive(Debug, Serialize)]
struct Report {
    version: u32,
    dry_run: bool,
    name: String,
    statement: String,
    signed_by: Vec<String>,
    caches: Vec<String>,
    paths: Vec<String>,
    /// The number here; none for paths, or in a dry run.
    generation: Option<u64>,
    system: Option<String>,
    /// Trees that were missing.
    trees: usize,
    /// Objects that were missing.
    objects: usize,
    /// Their bytes.
    bytes: u64,
}

impl Pull {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let trust = self.trusted.read(context)?;
        let mut places = vec![super::place(context, &self.cache)?];
        for also in &self.also {
            places.push(super::place(context, also)?);
        }
        let found = pull::find(&places, &self.name, &trust)?;
        for warning in &found.warnings {
            context.warn(warning);
        }
        let dry_run = context.globals.dry_run;
        let scratch;
        let store = match context.store_if_there()? {
            // Compared with a store that vanishes: nothing is written only to look.
            None if dry_run => {
                scratch = tempfile::tempdir().map_err(|source| CommandError::File {
                    act: "make a folder in",
                    path: std::env::temp_dir(),
                    source,
                })?;
                Store::open(scratch.path())?
            }
            _ => context.open_store()?,
        };
        // Before it is looked up what is there: that must not be collected until it is used.
        let lock = if dry_run {
            None
        } else {
            Some([
                store.lock("cache pull")?,
                store.lock_contents("cache pull")?,
            ])
        };
        let plan = pull::plan(&store, &found, &context.stop)?;
        let mut report = Report {
            version: 1,
            dry_run,
            name: self.name.clone(),
            statement: found.statement.digest().to_string(),
            signed_by: found.signed_by.clone(),
            caches: found.caches.iter().map(|place| place.title()).collect(),
            paths: found
                .statement
                .roots
                .iter()
                .map(cairn_graph::StorePath::logical)
                .collect(),
            generation: None,
            system: found
                .statement
                .generation
                .as_ref()
                .map(|generation| generation.system.logical()),
            trees: plan.trees,
            objects: plan.objects.len(),
            bytes: plan.bytes(),
        };
        if !dry_run {
            let transfer = Transfer::new(&context.globals, "fetching", plan.bytes());
            plan.apply(&context.stop, &|bytes| transfer.went_on(bytes))?;
            transfer.end();
            let whence = found.caches.first().map(|place| place.title());
            let whence = whence.unwrap_or_default();
            let made = add_generation(&store, &found.statement, &whence, "cache pull")?;
            report.generation = made.map(|generation| generation.number);
        }
        drop(lock);
        self.tell(context, &report)
    }

    fn tell(&self, context: &Context, report: &Report) -> Ended {
        if context.globals.json {
            return context.json(report);
        }
        let act = if report.dry_run { "would take" } else { "took" };
        context.tell(&format!(
            "{act} {} from {}: {} and {}, {}; signed by {}",
            self.name,
            report.caches.join(", "),
            style::count(report.trees, "tree"),
            style::count(report.objects, "object"),
            style::bytes(report.bytes),
            report.signed_by.join(", ")
        ));
        match report.generation {
            Some(number) => {
                let root = root_flag(&context.globals.root);
                context.tell(&format!(
                    "it is generation {number} here\nnext\n  cairn switch --generation {number}{root}"
                ));
            }
            None if report.system.is_none() && !report.dry_run => {
                return context.data(&(report.paths.join("\n") + "\n"));
            }
            None => {}
        }
        Ok::<_, CommandError>(Exit::Done)
    }
}
