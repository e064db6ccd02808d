//! `cairn cache keygen`: a pair of keys, in minisign's form.

use std::path::PathBuf;

use cairn_cache::SecretKey;
use clap::Args;

use crate::commands::Ended;
use crate::context::Context;
use crate::error::CommandError;

/// Makes a pair of keys to sign caches with, and prints the public one
///
/// The files are minisign's own. With CAIRN_KEY_PASSWORD in the environment the secret key is encrypted. Machines that shall trust
/// the key get its line into `/etc/cairn/trusted-keys`.
#[derive(Debug, Args)]
pub struct Keygen {
    /// Where the secret key goes, the public one beside it as `FILE.pub`; `etc/cairn/cache.key` below the root without this
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Keygen {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let usual = || context.globals.root.join("etc/cairn/cache.key");
        let path = self.file.clone().unwrap_or_else(usual);
        if context.globals.dry_run {
            context.tell(&format!("would make {}", path.display()));
            return Ok(crate::exit::Exit::Done);
        }
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            std::fs::create_dir_all(folder).map_err(|source| CommandError::File {
                act: "make the folder",
                path: folder.into(),
                source,
            })?;
        }
        let public = SecretKey::generate(&path, super::password())?;
        context.tell(&format!(
            "the secret key {} is in {}, for nobody else to read",
            public.id,
            path.display()
        ));
        if context.globals.json {
            return context.json(&serde_json::json!({
                "version": 1,
                "id": public.id,
                "public_key": public.line,
                "secret_file": path,
                "public_file": cairn_cache::signing::public_path(&path),
            }));
        }
        context.data(&format!("{}\n", public.line))
    }
}
