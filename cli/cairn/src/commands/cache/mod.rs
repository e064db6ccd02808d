//! `cairn cache`: closures as signed, static files, sent to where other machines take them from.

mod keygen;
mod pull;
mod push;
mod serve;
mod sign;

use std::path::PathBuf;
use std::sync::Arc;

use cairn_cache::{Place, SecretKey, Trust};
use cairn_fetch::Client;
use clap::{Args, Subcommand};

use super::Ended;
use crate::caches;
use crate::context::Context;
use crate::error::CommandError;

pub use push::wanted;

/// Sends generations and store paths to caches, and takes them from there
///
/// A cache is a folder, `http://…`, `https://…` or `s3://BUCKET/PREFIX`: static files, signed, without a server of their own.
#[derive(Debug, Args)]
pub struct Cache {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    Push(push::Push),
    Pull(pull::Pull),
    Serve(serve::Serve),
    Keygen(keygen::Keygen),
    Sign(sign::Sign),
}

impl Cache {
    /// Whether it puts contents into the store.
    pub fn writes_contents(&self) -> bool {
        matches!(self.act, Act::Pull(_))
    }

    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        match &self.act {
            Act::Push(act) => act.run(context),
            Act::Pull(act) => act.run(context),
            Act::Serve(act) => act.run(context),
            Act::Keygen(act) => act.run(context),
            Act::Sign(act) => act.run(context),
        }
    }
}

/// The key to sign with.
#[derive(Debug, Args)]
pub struct Key {
    /// The secret key to sign with; `etc/cairn/cache.key` below the root without this
    #[arg(long, value_name = "FILE", env = "CAIRN_CACHE_KEY")]
    key: Option<PathBuf>,
}

impl Key {
    /// Where it is.
    pub fn path(&self, context: &Context) -> PathBuf {
        let usual = || context.globals.root.join("etc/cairn/cache.key");
        self.key.clone().unwrap_or_else(usual)
    }

    /// Reads it.
    pub fn read(&self, context: &Context) -> Result<SecretKey, CommandError> {
        Ok(SecretKey::read(&self.path(context), password())?)
    }
}

/// Whom to believe.
#[derive(Debug, Args)]
pub struct Trusted {
    /// A file of public keys to trust, in place of `etc/cairn/trusted-keys` below the root; may be repeated
    #[arg(
        long = "trust",
        value_name = "FILE",
        env = "CAIRN_TRUST",
        value_delimiter = ':'
    )]
    files: Vec<PathBuf>,
    /// How many of the keys must have signed; what the files say, or 1, without this
    #[arg(long, value_name = "NUMBER")]
    threshold: Option<usize>,
}

impl Trusted {
    /// Reads the keys. Errors: there is none.
    pub fn read(&self, context: &Context) -> Result<Trust, CommandError> {
        Ok(caches::trust(context, &self.files, self.threshold)?)
    }

    /// The same, where nobody need be trusted: nothing when there are no keys.
    pub fn read_if_there(&self, context: &Context) -> Result<Option<Trust>, CommandError> {
        if self.files.is_empty() && !caches::usual_keys(context).exists() {
            return Ok(None);
        }
        self.read(context).map(Some)
    }
}

/// The password of the secret key, where the environment has one.
pub fn password() -> Option<String> {
    std::env::var("CAIRN_KEY_PASSWORD").ok()
}

/// The cache of an address.
fn place(context: &Context, address: &str) -> Result<Arc<dyn Place>, CommandError> {
    let client = Client::new(context.stop.clone());
    let client = if context.globals.offline {
        client.offline()
    } else {
        client
    };
    Ok(cairn_cache::place(address, &client, &|name| {
        std::env::var(name).ok()
    })?)
}
