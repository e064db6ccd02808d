//! `cairn man`: the manual pages, made of the same words as the help.

use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory as _};
use clap_mangen::Man as Page;

use super::Ended;
use crate::arguments::Arguments;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;

/// Prints the manual page of `cairn` or of a command, or writes all pages into a folder
#[derive(Debug, Args)]
pub struct Man {
    /// The command, such as `switch` or `generations list`; `cairn` itself without this
    #[arg(value_name = "COMMAND", conflicts_with = "out")]
    command: Vec<String>,
    /// Writes a page for each command into this folder: `cairn.1`, `cairn-switch.1` and so on
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

impl Man {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let mut all = Vec::new();
        let mut top = Arguments::command();
        top.build();
        collect(&top, "cairn", &mut all);
        if let Some(folder) = &self.out {
            if context.globals.dry_run {
                return Ok(Exit::Done);
            }
            std::fs::create_dir_all(folder).map_err(|source| failed(folder, source))?;
            for (name, command) in &all {
                let path = folder.join(format!("{name}.1"));
                std::fs::write(&path, page(name, command)?)
                    .map_err(|source| failed(&path, source))?;
            }
            return Ok(Exit::Done);
        }
        let wanted = [&["cairn".to_owned()], self.command.as_slice()].concat();
        let wanted = wanted.join("-");
        let Some((name, command)) = all.iter().find(|(name, _)| *name == wanted) else {
            let words = self.command.join(" ");
            let kind = clap::error::ErrorKind::InvalidSubcommand;
            Arguments::command()
                .error(kind, format!("there is no command `{words}`"))
                .exit()
        };
        context.data(&String::from_utf8_lossy(&page(name, command)?))
    }
}

/// A command and all below it, with the names of their pages.
fn collect(command: &Command, name: &str, all: &mut Vec<(String, Command)>) {
    all.push((name.to_owned(), command.clone()));
    for below in command.get_subcommands() {
        if below.get_name() != "help" && !below.is_hide_set() {
            collect(below, &format!("{name}-{}", below.get_name()), all);
        }
    }
}

fn page(name: &str, command: &Command) -> Result<Vec<u8>, CommandError> {
    let mut text = Vec::new();
    let command = command.clone().display_name(name.to_owned());
    let source = format!("cairn {}", env!("CARGO_PKG_VERSION"));
    let rendered = Page::new(command)
        .title(name)
        .source(source)
        .render(&mut text);
    rendered.map_err(CommandError::Output)?;
    Ok(text)
}

fn failed(path: &Path, source: std::io::Error) -> CommandError {
    CommandError::File {
        act: "write",
        path: path.to_owned(),
        source,
    }
}
