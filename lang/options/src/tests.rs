//! Claims about options, each over a small library and a configuration held in memory.

mod door;
mod errors;
mod merging;
mod outline;

use std::collections::BTreeMap;

use cairn_eval::{Arena, ContextId, Data, EntryKind, Host, HostError, Minted};
use cairn_syntax::render;
use serde_json::Value;

use crate::{Config, Failure, json as as_json, load};

/// Files in memory; `system.cairn` is the entry.
struct Memory(BTreeMap<String, String>);

impl Memory {
    fn text(&self, path: &str) -> Result<String, HostError> {
        self.0
            .get(path)
            .cloned()
            .ok_or_else(|| HostError::new("no such file"))
    }
}

impl Host for Memory {
    fn load(&mut self, path: &str) -> Result<String, HostError> {
        self.text(path)
    }
    fn read_file(&mut self, path: &str) -> Result<String, HostError> {
        self.text(path)
    }
    fn read_dir(&mut self, path: &str) -> Result<Vec<(String, EntryKind)>, HostError> {
        let inside = |name: &String| name.rsplit_once('/').map_or("", |(folder, _)| folder) == path;
        let entry = |name: &String| {
            (
                name.rsplit('/').next().unwrap_or(name).to_owned(),
                EntryKind::File,
            )
        };
        Ok(self
            .0
            .keys()
            .filter(|name| inside(name))
            .map(entry)
            .collect())
    }
    fn path(&mut self, path: &str) -> Result<Minted, HostError> {
        Ok(Minted {
            text: format!("/store/{path}"),
            context: ContextId(path.len() as u32),
        })
    }
    fn build(&mut self, _: &Data) -> Result<Minted, HostError> {
        Err(HostError::new("nothing is built here"))
    }
    fn fetch(&mut self, _: &Data) -> Result<Minted, HostError> {
        Err(HostError::new("nothing is fetched here"))
    }
    fn trace(&mut self, _: &str) {}
}

const PRELUDE: &str = "
type Port = Int where (n => n >= 1 and n <= 65535)
type Lines = Str
";

const WEB: &str = r#"
type Site = {
  root: Str
  tls: Bool = true
  port: Port = if self.tls then 443 else 80
  title: Str = name
}

## The web server.
option services.web: {
  enable: Bool = false
  ## Who is served.
  sites: Map(Site) = {}
  extra: Lines = ""
  level: "debug" | "info" | "warn" = "warn"
}
option services.mail.enable: Bool = false
option host.name: Str
option packages: List(Str) = ["base"]
option ports: List(Port) = []
option note: Str?
option any: Any = null

when config.services.web.enable {
  packages = ["web"]
}
"#;

const LIBRARY: &[(&str, &str)] = &[("web.cairn", WEB), ("prelude.cairn", PRELUDE)];

fn with<T>(files: &[(&str, &str)], act: impl FnOnce(Result<Config<'_>, Failure>) -> T) -> T {
    let arena = Arena::new();
    let files = files
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    act(load(
        &arena,
        Box::new(Memory(files)),
        "system.cairn",
        LIBRARY,
    ))
}

fn lines(failure: &Failure) -> Vec<String> {
    let line = |one| {
        let place: &cairn_syntax::Diagnostic = one;
        let file = &failure.sources.get(place.primary.span.source).name;
        format!("{file}: {}", render::plain(place, &failure.sources))
    };
    failure.diagnostics.iter().map(line).collect()
}

fn checked(files: &[(&str, &str)]) -> Result<Value, Vec<String>> {
    with(files, |config| {
        let mut config = config.map_err(|failure| lines(&failure))?;
        let checked = config.check().map_err(|failure| lines(&failure))?;
        Ok(as_json(&checked.data))
    })
}

/// Checks a configuration that also has `host.name`.
fn config(text: &str) -> Result<Value, Vec<String>> {
    checked(&[("system.cairn", &format!("{text}\nhost.name = \"h\"\n"))])
}

#[track_caller]
fn gives(text: &str, pointer: &str, expect: &Value) {
    let config = config(text).unwrap_or_else(|errors| panic!("{errors:#?}"));
    assert_eq!(config.pointer(pointer), Some(expect), "{config:#}");
}

#[track_caller]
fn fails(text: &str, expect: &[&str]) {
    let errors = config(text).expect_err("the configuration is wrong");
    let same = errors.len() == expect.len()
        && errors
            .iter()
            .zip(expect)
            .all(|(error, part)| error.contains(part));
    assert!(same, "got {errors:#?}\nexpected {expect:#?}");
}
