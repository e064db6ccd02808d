//! The command line: flags that every command takes, and the list of commands.
//!
//! Each flag has an equivalent in the environment, so that a wrapper needs no aliases.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser};

use crate::commands::Command;
use crate::ui::style::ColorChoice;

/// Declarative systems on Debian: one file describes the machine, every state of it is a generation, and each can
/// be booted again.
#[derive(Debug, Parser)]
#[command(
    name = "cairn",
    version,
    max_term_width = 100,
    arg_required_else_help = true
)]
pub struct Arguments {
    /// What every command takes.
    #[command(flatten)]
    pub globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Flags of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub struct Globals {
    /// The folder that stands for `/`: the store is kept below it
    #[arg(
        long,
        global = true,
        value_name = "FOLDER",
        default_value = "/",
        env = "CAIRN_ROOT"
    )]
    pub root: PathBuf,
    /// Says what would be done and does nothing
    #[arg(short = 'n', long, global = true, env = "CAIRN_DRY_RUN", value_parser = clap::builder::FalseyValueParser::new())]
    pub dry_run: bool,
    /// Answers every question with yes
    #[arg(short, long, global = true, env = "CAIRN_YES", value_parser = clap::builder::FalseyValueParser::new())]
    pub yes: bool,
    /// How many things are built at once; as many as there are processors without this
    #[arg(
        short = 'j',
        long = "max-jobs",
        alias = "jobs",
        global = true,
        value_name = "NUMBER",
        env = "CAIRN_MAX_JOBS"
    )]
    pub jobs: Option<usize>,
    /// Goes on with what does not need a failed build
    #[arg(short, long, global = true, env = "CAIRN_KEEP_GOING", value_parser = clap::builder::FalseyValueParser::new())]
    pub keep_going: bool,
    /// Keeps the folders of failed builds
    #[arg(long, global = true, env = "CAIRN_KEEP_FAILED", value_parser = clap::builder::FalseyValueParser::new())]
    pub keep_failed: bool,
    /// Says more: twice for the lines of builds
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Says only what went wrong
    #[arg(short, long, global = true, env = "CAIRN_QUIET", value_parser = clap::builder::FalseyValueParser::new())]
    pub quiet: bool,
    /// Writes data as JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Touches no network
    #[arg(long, global = true, env = "CAIRN_OFFLINE", value_parser = clap::builder::FalseyValueParser::new())]
    pub offline: bool,
    /// When to colour
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        env = "CAIRN_COLOR"
    )]
    pub color: ColorChoice,
    /// Shows the lines that builds print
    #[arg(short = 'L', long, global = true, env = "CAIRN_PRINT_BUILD_LOGS", value_parser = clap::builder::FalseyValueParser::new())]
    pub print_build_logs: bool,
    /// Most memory that the values of a configuration may take, such as `512M` or `8G`; half of the machine's, and 4G at most, without this
    #[arg(long, global = true, value_name = "SIZE", env = "CAIRN_MAX_MEMORY", value_parser = bytes)]
    pub max_memory: Option<usize>,
    /// Most steps that evaluating a configuration may take: for one that nobody trusts
    #[arg(long, global = true, value_name = "NUMBER", env = "CAIRN_MAX_STEPS")]
    pub max_steps: Option<u64>,
    /// A cache to take steps of builds from, in place of those in `etc/cairn/caches` below the root; may be repeated
    #[arg(
        long = "cache",
        global = true,
        value_name = "CACHE",
        env = "CAIRN_CACHES",
        value_delimiter = ' '
    )]
    pub caches: Vec<String>,
    /// Asks no cache: what is missing is built
    #[arg(long, global = true, conflicts_with = "caches", env = "CAIRN_NO_CACHE", value_parser = clap::builder::FalseyValueParser::new())]
    pub no_cache: bool,
    /// The mirror to fetch from, in place of the configuration's and of the machine's apt sources
    #[arg(long, global = true, value_name = "URL", env = "CAIRN_MIRROR")]
    pub mirror: Option<String>,
    /// The keyring that the archive's signatures are checked with
    #[arg(long, global = true, value_name = "FILE", env = "CAIRN_KEYRING")]
    pub keyring: Option<PathBuf>,
}

/// A size: a number, or one with `K`, `M` or `G` behind it.
fn bytes(text: &str) -> Result<usize, String> {
    let (number, shift) = match text.as_bytes() {
        [number @ .., b'K' | b'k'] => (number.len(), 10),
        [number @ .., b'M' | b'm'] => (number.len(), 20),
        [number @ .., b'G' | b'g'] => (number.len(), 30),
        number => (number.len(), 0),
    };
    let number: usize = text[..number]
        .parse()
        .map_err(|_| "a size is a number, with K, M or G behind it: `512M`".to_owned())?;
    number
        .checked_mul(1 << shift)
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| format!("`{text}` is no size that memory has"))
}

impl Globals {
    /// What evaluations may use.
    pub fn limits(&self) -> cairn_eval::Limits {
        let most = cairn_eval::Limits::default().memory_bytes;
        let machine = rustix::system::sysinfo();
        let half = (machine.totalram as usize).saturating_mul(machine.mem_unit as usize) / 2;
        cairn_eval::Limits {
            memory_bytes: self.max_memory.unwrap_or(most.min(half.max(1 << 28))),
            steps: self.max_steps,
        }
    }

    /// Whether the lines of builds are shown.
    pub fn shows_build_lines(&self) -> bool {
        self.print_build_logs || self.verbose >= 2
    }
}

#[cfg(test)]
mod tests {
    use super::Arguments;
    use clap::CommandFactory as _;

    #[test]
    fn sizes_have_units() {
        assert_eq!(super::bytes("4096"), Ok(4096));
        assert_eq!(super::bytes("512M"), Ok(512 << 20));
        assert_eq!(super::bytes("8G"), Ok(8 << 30));
        for wrong in [
            "",
            "G",
            "-1",
            "1T",
            "0",
            "99999999999999999999",
            "18446744073709551615K",
        ] {
            assert!(super::bytes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_and_every_flag_has_help() {
        fn check(command: &clap::Command) {
            assert!(
                command.get_about().is_some(),
                "`{}` has no help",
                command.get_name()
            );
            for argument in command.get_arguments() {
                assert!(
                    argument.get_help().is_some(),
                    "`{}` of `{}` has no help",
                    argument.get_id(),
                    command.get_name()
                );
            }
            command.get_subcommands().for_each(check);
        }
        check(&Arguments::command());
    }
}
