//! What every command stands on: the global flags, the store, a session, the way to say things.
//!
//! In: [`Globals`]. Out: opened things, and text in the right place: data on stdout, all else on stderr.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use cairn_disk::{Lock, Store};
use cairn_fetch::Cancel;
use cairn_sys::IdMap;
use cairn_system::{Evaluated, Options, Session};
use serde::Serialize;

use crate::arguments::Globals;
use crate::commands::Ended;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::interrupt::{self, OnSignal};
use crate::ui::style::{CHANGED, paint};

/// The surroundings of one run.
#[derive(Debug)]
pub struct Context {
    /// Flags of every command.
    pub globals: Globals,
    /// Turns with Ctrl-C.
    pub stop: Cancel,
    /// Where indexes go that must not be kept: the root stays as it is in a dry run.
    scratch: Option<tempfile::TempDir>,
}

impl Context {
    /// Begins to listen for signals.
    pub fn new(globals: Globals, on_signal: OnSignal) -> Result<Self, CommandError> {
        let stop = interrupt::listen(on_signal)?;
        let made = globals.dry_run.then(tempfile::tempdir).transpose();
        let scratch = made.map_err(|source| CommandError::File {
            act: "make a folder in",
            path: std::env::temp_dir(),
            source,
        })?;
        Ok(Self {
            globals,
            stop,
            scratch,
        })
    }

    /// The store below the root, made where it is missing.
    pub fn open_store(&self) -> Result<Store, CommandError> {
        Ok(Store::open(&self.globals.root)?)
    }

    /// The store, if there is one: nothing is written only to look.
    pub fn store_if_there(&self) -> Result<Option<Store>, CommandError> {
        if cairn_disk::Layout::new(&self.globals.root)
            .version()
            .exists()
        {
            self.open_store().map(Some)
        } else {
            Ok(None)
        }
    }

    /// The store. Errors: [`CommandError::NoStore`].
    pub fn store(&self) -> Result<Store, CommandError> {
        let missing = || CommandError::NoStore {
            root: self.globals.root.clone(),
        };
        self.store_if_there()?.ok_or_else(missing)
    }

    /// The store's lock, once whoever has it lets go of it; says for whom it waits. Errors: of the store, [`CommandError::Interrupted`].
    pub fn lock_when_free(&self, store: &Store, command: &str) -> Result<Lock, CommandError> {
        let mut is_said = false;
        loop {
            match store.lock(command) {
                Err(cairn_disk::Error::Busy { pid, command }) => {
                    if !std::mem::replace(&mut is_said, true) {
                        self.tell(&format!("waiting for `cairn {command}`, process {pid}"));
                    }
                }
                lock => return Ok(lock?),
            }
            if self.stop.is_cancelled() {
                return Err(CommandError::Interrupted);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// A generation of the store. Errors: [`CommandError::NoGeneration`].
    #[expect(
        clippy::unused_self,
        reason = "read where it is used, as what this run says or finds"
    )]
    pub fn generation(
        &self,
        store: &Store,
        number: u64,
    ) -> Result<cairn_disk::Generation, CommandError> {
        let generations = store.generations();
        match generations.get(number) {
            Err(cairn_disk::Error::Missing { .. }) => {
                let known = generations
                    .list()?
                    .generations
                    .iter()
                    .map(|one| one.number)
                    .collect();
                Err(CommandError::NoGeneration { number, known })
            }
            found => Ok(found?),
        }
    }

    /// A session on a configuration.
    pub fn session(&self, config: &Path) -> Session {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let options = Options {
            offline: self.globals.offline,
            jobs: self.globals.jobs.unwrap_or(processors),
            mirror: self.globals.mirror.clone(),
            keyring: self.globals.keyring.clone(),
            apt: "/etc/apt".into(),
            init: crate::INIT,
            keep_failed: self.globals.keep_failed,
            keep_going: self.globals.keep_going,
            limits: self.globals.limits(),
            elsewhere: None,
            cache: self.scratch.as_ref().map(|folder| folder.path().to_owned()),
        };
        Session::new(config, &self.globals.root, options, self.stop.clone())
    }

    /// Whether builds can run for this user on this machine: makes a sandbox in which nothing is done.
    ///
    /// Errors: what is missing, such as user namespaces or subordinate ids.
    #[expect(
        clippy::unused_self,
        reason = "read where it is used, as what this run can do"
    )]
    pub fn can_build(&self) -> Result<(), CommandError> {
        let ids = IdMap::for_current_user()?;
        let failed = |source| CommandError::File {
            act: "make a folder in",
            path: std::env::temp_dir(),
            source,
        };
        let folder = tempfile::tempdir().map_err(failed)?;
        // To remove what is not there is done at once, as root of a user namespace.
        Ok(cairn_sys::remove_tree(
            &ids,
            &folder.path().join("nothing"),
        )?)
    }

    /// Shows what an evaluation had to say besides its result.
    pub fn show_evaluated(&self, evaluated: &Evaluated) {
        for line in &evaluated.traced {
            self.tell(line);
        }
        crate::error::print_diagnostics(&evaluated.warnings, &evaluated.texts);
    }

    /// Says something to a person.
    pub fn tell(&self, words: &str) {
        if !self.globals.quiet {
            anstream::eprintln!("{words}");
        }
    }

    /// Says something that deserves a look, also with `-q`.
    #[expect(
        clippy::unused_self,
        reason = "read where it is used, as what this run says or finds"
    )]
    pub fn warn(&self, words: &str) {
        anstream::eprintln!("{} {words}", paint(CHANGED, "warning:"));
    }

    /// Writes data as JSON.
    pub fn json(&self, data: &impl Serialize) -> Ended {
        let text = serde_json::to_string_pretty(data)
            .map_err(|error| CommandError::Output(error.into()))?;
        self.data(&(text + "\n"))
    }

    /// Writes data. A reader that went away early is no error.
    #[expect(
        clippy::unused_self,
        reason = "read where it is used, as what this run says or finds"
    )]
    pub fn data(&self, text: &str) -> Ended {
        // What has no colours needs nobody who takes them out.
        let written = if text.contains('\u{1b}') {
            anstream::stdout().write_all(text.as_bytes())
        } else {
            let mut stdout = std::io::stdout().lock();
            stdout
                .write_all(text.as_bytes())
                .and_then(|()| stdout.flush())
        };
        match written {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(CommandError::Output(error))
            }
            _ => Ok(Exit::Done),
        }
    }
}
