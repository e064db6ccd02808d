//! The scene of an attack: a folder of the host with a secret, a folder that the command is given, and the program of attacks.

use cairn_sys::sandbox::Spec;
use cairn_sys::{Ending, ExitOutcome, IdMap, Mount, Profile, RootFs, Sandbox, Watch, run};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What no command may read.
pub const SECRET: &str = "nobody-inside-reads-this";
/// Where the folder that the command is given lies inside.
pub const GIVEN: &str = "/build";
/// Stands in arguments for the folder that the command is given, wherever it lies.
pub const HERE: &str = "@here@";

static ATTEMPTS: AtomicUsize = AtomicUsize::new(0);

/// How many attempts were refused.
pub fn attempts() -> usize {
    ATTEMPTS.load(Ordering::Relaxed)
}

/// Whether controls can do what only root can.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The program of attacks, compiled once: static, so that it runs in an empty root, and at a fixed place in memory.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/escapes/attacks");
        let mut sources: Vec<PathBuf> = fs::read_dir(sources)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        sources.sort();
        let text: Vec<u8> = sources
            .iter()
            .flat_map(|path| fs::read(path).unwrap())
            .collect();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let program = folder.join(format!("attack-{:016x}", fingerprint(&text)));
        if !program.exists() {
            let half = folder.join(format!("attack-{}", std::process::id()));
            let status = Command::new("gcc")
                .args([
                    "-O1", "-Wall", "-Wextra", "-Werror", "-static", "-no-pie", "-o",
                ])
                .arg(&half)
                .args(
                    sources
                        .iter()
                        .filter(|path| path.extension() == Some("c".as_ref())),
                )
                .arg("-lpthread")
                .status()
                .expect("gcc compiles the attacks (apt install gcc libc6-dev)");
            assert!(status.success(), "gcc refuses the attacks");
            fs::rename(&half, &program).unwrap();
        }
        program
    })
}

/// FNV-1a: tells one text from another.
fn fingerprint(text: &[u8]) -> u64 {
    text.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    })
}

/// Who a command is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A build: the fixed user, no capability.
    Builder,
    /// A build as root of the sandbox.
    Root,
    /// A package's script: root of the sandbox with what `dpkg` needs.
    Scripts,
}

/// All of them.
pub const ROLES: [Role; 3] = [Role::Builder, Role::Root, Role::Scripts];

/// How an attempt ended.
#[derive(Debug)]
pub struct Attempt {
    /// Exit code of the program; 128 + n where a signal ended it.
    pub code: i32,
    /// What it said.
    pub text: String,
}

impl Attempt {
    /// Claims that the attack came through.
    #[track_caller]
    pub fn came_through(self) -> Self {
        assert_eq!(self.code, 0, "the control failed: {}", self.text);
        self
    }

    /// Claims that the attack was made and refused.
    #[track_caller]
    pub fn was_refused(self) -> Self {
        // 128 + SIGSYS: calls by another architecture's numbers end the process.
        assert!(
            self.code == 1 || self.code == 128 + 31,
            "exit code {}: {}",
            self.code,
            self.text
        );
        ATTEMPTS.fetch_add(1, Ordering::Relaxed);
        self
    }
}

/// Counts an attempt that was found to be refused by other means than its exit code.
pub fn count_refused() {
    ATTEMPTS.fetch_add(1, Ordering::Relaxed);
}

/// A folder of the host.
pub struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    pub fn new() -> Self {
        Self::below(&std::env::temp_dir())
    }

    /// A scene on the file system of this folder.
    pub fn below(place: &Path) -> Self {
        let folder = tempfile::tempdir_in(place).unwrap();
        let scene = Self { folder };
        fs::write(scene.secret(), SECRET).unwrap();
        scene.clear();
        scene
    }

    /// The secret file of the host.
    pub fn secret(&self) -> String {
        self.at("secret").display().to_string()
    }

    /// A path of the host that no sandbox is given.
    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder that commands are given, as the host sees it.
    pub fn given(&self) -> PathBuf {
        self.at("given")
    }

    /// Empties the folder that commands are given.
    pub fn clear(&self) {
        if self.given().exists() {
            let ids = IdMap::for_current_user().unwrap();
            cairn_sys::remove_tree(&ids, &self.given()).unwrap();
        }
        fs::create_dir(self.given()).unwrap();
        fs::set_permissions(self.given(), fs::Permissions::from_mode(0o777)).unwrap();
    }

    /// Runs an attack on the host.
    pub fn outside(&self, arguments: &[&str]) -> Attempt {
        self.outside_by(&[], arguments)
    }

    /// Runs an attack on the host by another program, such as `unshare --net`.
    pub fn outside_by(&self, by: &[&str], arguments: &[&str]) -> Attempt {
        let here = self.given().display().to_string();
        let arguments: Vec<String> = arguments.iter().map(|a| a.replace(HERE, &here)).collect();
        let program = program().display().to_string();
        let line: Vec<&str> = by.iter().copied().chain([program.as_str()]).collect();
        let output = Command::new(line[0])
            .args(&line[1..])
            .args(&arguments)
            .output()
            .unwrap();
        Attempt {
            code: code_of(output.status),
            text: String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
        }
    }

    /// A sandbox for an attack.
    pub fn sandbox(&self, role: Role, arguments: &[&str]) -> Sandbox {
        let arguments = arguments.iter().map(|a| a.replace(HERE, GIVEN));
        let argv = ["/attack".to_owned()].into_iter().chain(arguments);
        let root = RootFs::Tmpfs { size: 1 << 20 };
        let mut sandbox = Sandbox::new(IdMap::for_current_user().unwrap(), root, argv)
            .bind_read_only(program(), "/attack")
            .bind_writable(self.given(), GIVEN)
            .mount(Mount::Tmpfs {
                to: "/tmp".into(),
                size: 8 << 20,
                mode: 0o1777,
            });
        sandbox.spec.profile = match role {
            Role::Builder | Role::Root => Profile::Build,
            Role::Scripts => Profile::MaintainerScripts,
        };
        if role == Role::Builder {
            sandbox = sandbox.user(1000, 1000);
        }
        sandbox.spec.limits.wall_secs = Some(60);
        sandbox
    }

    /// Makes an attack inside.
    pub fn inside(&self, role: Role, arguments: &[&str]) -> Attempt {
        attempt(&self.sandbox(role, arguments))
    }

    /// Makes an attack inside a changed sandbox.
    pub fn inside_with(
        &self,
        role: Role,
        arguments: &[&str],
        change: impl FnOnce(&mut Spec),
    ) -> Attempt {
        let mut sandbox = self.sandbox(role, arguments);
        change(&mut sandbox.spec);
        attempt(&sandbox)
    }

    /// Claims that an attack comes through outside, and inside for none of these roles.
    #[track_caller]
    pub fn refuses(&self, roles: &[Role], arguments: &[&str]) {
        self.refuses_after(&[], roles, arguments);
    }

    /// The same; outside the attack is made by another program.
    #[track_caller]
    pub fn refuses_after(&self, by: &[&str], roles: &[Role], arguments: &[&str]) {
        self.outside_by(by, arguments).came_through();
        for role in roles {
            self.clear();
            let attempt = self.inside(*role, arguments);
            assert!(attempt.code != 0, "{role:?}: {}", attempt.text);
            attempt.was_refused();
        }
        self.clear();
    }
}

/// Runs a sandbox whose command is an attack.
pub fn attempt(sandbox: &Sandbox) -> Attempt {
    let (outcome, text) = run_for_log(sandbox);
    let code = match outcome.ending {
        Ending::Exited(code) => code,
        Ending::Signaled(signal) => 128 + signal,
        other => panic!("the attack {other}: {text}"),
    };
    Attempt { code, text }
}

/// Runs a sandbox; how it ended, and its log.
pub fn run_for_log(sandbox: &Sandbox) -> (ExitOutcome, String) {
    let mut text = String::new();
    let mut line = |bytes: &[u8]| {
        if text.len() < 1 << 16 {
            text.push_str(&String::from_utf8_lossy(bytes));
            text.push('\n');
        }
    };
    let mut watch = Watch {
        line: &mut line,
        cancelled: None,
    };
    let outcome = run(sandbox, &mut watch).unwrap();
    (outcome, text)
}

fn code_of(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}
