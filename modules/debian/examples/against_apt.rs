//! Solves sets of packages and compares each with what apt would install on an empty system without recommends.
//!
//! `cargo run --release -p cairn-debian --example against_apt -- Packages 'nginx' 'postfix mutt' 'random 100'`
//! where `random N` stands for N packages, each on its own. Needs apt; touches only a folder of its own.

use cairn_debian::{Index, Origin, Request, Universe, solve};
use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::time::Instant;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let packages = arguments.next().ok_or("which Packages file?")?;
    let bytes = fs::read(&packages)?;
    let start = Instant::now();
    let index = Index::parse(&bytes, Origin::Debian)?;
    println!(
        "{} packages read in {:?}",
        index.packages.len(),
        start.elapsed()
    );
    let names: Vec<&str> = index.packages.iter().map(|package| package.name).collect();
    let mut sets: Vec<Vec<String>> = Vec::new();
    for set in arguments {
        match set
            .strip_prefix("random ")
            .map(str::parse::<usize>)
            .transpose()?
        {
            // Steps of a large prime walk over the whole index without repeating.
            Some(count) => {
                sets.extend((1..=count).map(|i| vec![names[i * 104_729 % names.len()].to_owned()]));
            }
            None => sets.push(set.split_whitespace().map(str::to_owned).collect()),
        }
    }
    let start = Instant::now();
    let universe = Universe::new(std::slice::from_ref(&index), "amd64", &[]);
    println!("universe in {:?}", start.elapsed());
    let apt = Apt::new(Path::new(&packages))?;
    let (mut exact, count) = (0, sets.len());
    for wanted in sets {
        let start = Instant::now();
        let solution = solve(
            &universe,
            &Request {
                wanted: wanted.clone(),
                ..Request::default()
            },
        );
        let taken = start.elapsed();
        let ours = match &solution {
            Ok(solution) => Some(
                solution
                    .packages
                    .iter()
                    .map(|p| p.name.to_owned())
                    .collect(),
            ),
            Err(_) => None,
        };
        let theirs = apt.install(&wanted)?;
        let title = wanted.join(" ");
        if ours == theirs {
            exact += 1;
            println!(
                "= {title}: {} in {taken:?}",
                ours.map_or("neither".into(), |set| set.len().to_string())
            );
            continue;
        }
        println!("! {title}");
        match (ours, theirs) {
            (Some(ours), Some(theirs)) => {
                println!(
                    "  only ours: {:?}",
                    ours.difference(&theirs).collect::<Vec<_>>()
                );
                println!(
                    "  only apt's: {:?}",
                    theirs.difference(&ours).collect::<Vec<_>>()
                );
            }
            (None, _) => println!(
                "  only apt has a set; ours: {}",
                solution.err().map(|e| e.to_string()).unwrap_or_default()
            ),
            (_, None) => println!("  only ours has a set"),
        }
    }
    println!("{exact} of {count} agree");
    Ok(())
}

/// apt with state, sources and cache in a folder of its own.
struct Apt {
    folder: tempfile::TempDir,
}

impl Apt {
    fn new(packages: &Path) -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let path = |name: &str| folder.path().join(name);
        for name in ["lists/partial", "cache/archives/partial", "archive", "etc"] {
            fs::create_dir_all(path(name))?;
        }
        fs::copy(packages, path("archive/Packages"))?;
        fs::write(path("status"), "")?;
        fs::write(
            path("etc/sources.list"),
            format!("deb [trusted=yes] file:{} ./\n", path("archive").display()),
        )?;
        let apt = Self { folder };
        let output = apt.command().arg("update").output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        Ok(apt)
    }

    fn command(&self) -> Command {
        let mut command = Command::new("apt-get");
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        for option in [
            format!("Dir::Etc::sourcelist={}", path("etc/sources.list")),
            "Dir::Etc::sourceparts=-".into(),
            "Dir::Etc::preferencesparts=-".into(),
            "Dir::Etc::preferences=-".into(),
            format!("Dir::State::lists={}", path("lists")),
            format!("Dir::State::status={}", path("status")),
            format!("Dir::State::extended_states={}", path("extended")),
            format!("Dir::Cache={}", path("cache")),
            "APT::Architecture=amd64".into(),
            "APT::Install-Recommends=no".into(),
            "APT::Sandbox::User=root".into(),
        ] {
            command.arg("-o").arg(option);
        }
        command
    }

    /// The names that apt would install; `None` when it can't.
    fn install(&self, wanted: &[String]) -> Result<Option<BTreeSet<String>>, Box<dyn Error>> {
        let output = self
            .command()
            .args(["--simulate", "install"])
            .args(wanted)
            .output()?;
        if !output.status.success() {
            return Ok(None);
        }
        let text = String::from_utf8(output.stdout)?;
        let names = text
            .lines()
            .filter_map(|line| line.strip_prefix("Inst ")?.split(' ').next());
        Ok(Some(
            names
                .map(|name| name.split(':').next().unwrap_or(name).to_owned())
                .collect(),
        ))
    }
}
