//! `cairn cache serve`: a cache over HTTP, until Ctrl-C.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

use cairn_cache::Wanted;
use cairn_cache::place::Folder;
use cairn_cache::serve::{Files, Live, Log, serve};
use cairn_disk::GenerationState;
use cairn_system::session::read_manifest;
use clap::Args;

use super::Key;
use crate::commands::Ended;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;

/// Serves a cache's folder, or this store's generations, over HTTP
///
/// With a folder its files are served as they are. Without one the generations of this store are, made into a cache as they are asked
/// for and signed with the key: nothing is stored twice. Read-only, without encryption: for loopback, a trusted network, or behind a web
/// server.
#[derive(Debug, Args)]
pub struct Serve {
    /// The folder of a cache; the store itself without this
    folder: Option<PathBuf>,
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8180")]
    address: SocketAddr,
    #[command(flatten)]
    key: Key,
}

impl Serve {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let (files, what): (Arc<dyn Files>, String) = match &self.folder {
            Some(folder) if !folder.is_dir() => {
                return Err(CommandError::File {
                    act: "serve",
                    path: folder.clone(),
                    source: std::io::ErrorKind::NotADirectory.into(),
                });
            }
            Some(folder) => (Arc::new(Folder::new(folder)), folder.display().to_string()),
            None => {
                let live = self.live(context)?;
                let root = context.globals.root.display();
                (Arc::new(live), format!("the generations below {root}"))
            }
        };
        if context.globals.dry_run {
            context.tell(&format!("would serve {what} at {}", self.address));
            return Ok(Exit::Done);
        }
        let failed = |source| cairn_cache::Error::Stream {
            act: "listen",
            source,
        };
        let listener = TcpListener::bind(self.address).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        // Data: a program that asked for a free port reads it.
        context.data(&format!("http://{address}\n"))?;
        context.tell(&format!("serving {what}; Ctrl-C ends it"));
        let loud = context.globals.verbose > 0;
        let log: Log = Arc::new(move |status, name| {
            if loud {
                anstream::eprintln!("{status} {name}");
            }
        });
        serve(&listener, &files, &context.stop, &log)?;
        Ok(Exit::Done)
    }

    /// All generations that are not known to fail, the default last: the names are its own.
    fn live(&self, context: &Context) -> Result<Live, CommandError> {
        let store = context.store()?;
        let key = self.key.read(context)?;
        let default = store.generations().default()?;
        let mut generations = store.generations().list()?.generations;
        generations.retain(|one| !matches!(one.state, GenerationState::Failed { .. }));
        generations.sort_by_key(|one| (default == Some(one.number), one.number));
        let mut wanted = Vec::new();
        for generation in &generations {
            let name = read_manifest(&store, &generation.system)?.host;
            wanted.push(Wanted::generation(generation, false, &name));
        }
        Ok(Live::new(store, &wanted, &key)?)
    }
}
