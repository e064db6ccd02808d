//! Attempts to get out of a sandbox. Each one first comes through without the sandbox, or with the wall in question taken away: that is its
//! control. Then it is made inside, as every role that a command can have, and must be refused.
//!
//! The attacks are one static C program (`attacks/`). This program is its own sandbox child and has therefore its own `main`. Some
//! controls need root; for other users these claims are left out. Prints how many attempts were made.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod files;
mod filling;
mod kernel;
mod modes;
mod network;
mod processes;
mod scene;

use libtest_mimic::{Arguments, Failed, Trial};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

/// A variable and a key of whoever starts sandboxes, which must not be seen inside.
const MARK: &str = "CAIRN_ESCAPE_MARK";

fn main() -> ExitCode {
    cairn_sys::maybe_run_as_child(&[]);
    let program = scene::program();
    if std::env::var_os(MARK).is_none() {
        let started = Command::new(program)
            .args(["with_session_key", MARK, scene::SECRET])
            .arg(std::env::current_exe().unwrap())
            .args(std::env::args_os().skip(1))
            .env(MARK, scene::SECRET)
            .exec();
        panic!("the tests can't be started with a key in their session: {started}");
    }
    // Answers the claim about `#!/proc/self/exe`.
    if std::env::args().nth(1).as_deref() == Some(files::REEXECUTED) {
        return ExitCode::from(files::REEXECUTED_CODE);
    }
    let mut trials = Vec::new();
    for (claims, needs_root) in [
        (files::CLAIMS, false),
        (files::CLAIMS_OF_ROOT, true),
        (modes::CLAIMS, false),
        (modes::CLAIMS_OF_ROOT, true),
        (network::CLAIMS, false),
        (network::CLAIMS_OF_ROOT, true),
        (kernel::CLAIMS, false),
        (kernel::CLAIMS_OF_ROOT, true),
        (processes::CLAIMS, false),
        (processes::CLAIMS_OF_ROOT, true),
        (filling::CLAIMS, false),
    ] {
        if needs_root && !scene::is_root() {
            continue;
        }
        trials.extend(claims.iter().map(|(name, claim)| {
            Trial::test(*name, || {
                claim();
                Ok::<(), Failed>(())
            })
        }));
    }
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    // Claims about a part of it run this program again.
    if scene::attempts() > 0 {
        eprintln!("{} attempts to escape, each refused", scene::attempts());
    }
    conclusion.exit_code()
}

/// The claims of a file, by their names.
macro_rules! claims {
    ($($name:ident),* $(,)?) => { &[$((stringify!($name), $name)),*] };
}
pub(crate) use claims;

/// A claim and its name.
pub(crate) type Claim = (&'static str, fn());
