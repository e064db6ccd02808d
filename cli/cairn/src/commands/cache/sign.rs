//! `cairn cache sign`: one more signature of a closure that is in a cache.

use cairn_cache::{Manifest, Statement, manifest, names};
use clap::Args;

use super::Key;
use crate::commands::Ended;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;

/// Signs a closure that is in a cache, beside those who have signed it
///
/// For machines that believe only what several keys have signed. Who signs says that the closure is right: have it built here first.
/// Where this store has the generation, it is compared.
#[derive(Debug, Args)]
pub struct Sign {
    /// The cache: a folder, or `s3://BUCKET/PREFIX`
    cache: String,
    /// The name that the closure was published under, or its store path
    name: String,
    #[command(flatten)]
    key: Key,
    /// Signs only if this store has made the same: every path of the closure is registered here with the same content
    #[arg(long)]
    if_same: bool,
}

impl Sign {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let key = self.key.read(context)?;
        let place = super::place(context, &self.cache)?;
        let file = names::manifest(&self.name)?;
        let refused = |why: String| cairn_cache::Error::Refused {
            whence: place.title(),
            name: file.clone(),
            why,
        };
        let bytes = place.read(&file, manifest::MANIFEST_MAX)?;
        let manifest = Manifest::decode(&bytes).map_err(|error| refused(error.to_string()))?;
        let statement =
            Statement::decode(&manifest.statement).map_err(|error| refused(error.to_string()))?;
        let different = different(context, &statement)?;
        if self.if_same && different > 0 {
            return Err(CommandError::NotSame {
                name: self.name.clone(),
                count: different,
            });
        }
        let digest = manifest.digest();
        let signature = names::signature(&digest, &key.public().id);
        if context.globals.dry_run {
            context.tell(&format!("would put {signature} into {}", place.title()));
            return Ok(Exit::Done);
        }
        let text = key.sign(&manifest.statement, &format!("cairn closure {}", self.name))?;
        place.put(&signature, &mut |out| {
            out.write_all(text.as_bytes())
                .map_err(|source| cairn_cache::Error::Stream {
                    act: "write a signature",
                    source,
                })
        })?;
        place.settle()?;
        if context.globals.json {
            return context.json(&serde_json::json!({
                "version": 1,
                "name": self.name,
                "statement": digest.to_string(),
                "key": key.public().id,
                "file": signature,
                "paths": statement.paths.len(),
                "paths_not_here": different,
            }));
        }
        context.tell(&format!(
            "signed {} with {}: {} of its {} store paths are the same here",
            self.name,
            key.public().id,
            statement.paths.len() - different,
            statement.paths.len()
        ));
        Ok(Exit::Done)
    }
}

/// How many paths of the closure are not registered here, or are not what this store has seen the same action come out as: others will
/// take them in place of a build.
fn different(context: &Context, statement: &Statement) -> Result<usize, CommandError> {
    let Some(store) = context.store_if_there()? else {
        return Ok(statement.paths.len());
    };
    let mut count = 0;
    for (path, fact) in &statement.paths {
        let record = store.path_record(path)?;
        if record.is_none_or(|record| record.content != fact.content) {
            count += 1;
        }
    }
    let outcomes = statement.outcomes.iter();
    let outcomes = outcomes.map(|(action, outcome)| (action, &outcome.path));
    for (action, path) in statement.realisations.iter().chain(outcomes) {
        let recorded = store.realisations().record(action);
        if recorded.is_some_and(|recorded| recorded.output.path != *path) {
            count += 1;
        }
    }
    Ok(count)
}
