//! How fast text becomes a tree: `cargo bench -p cairn-syntax`.
//!
//! Reads one configuration of about 1 MB, such as people write, many times on one core, and prints MB/s of lexing,
//! of lexing and parsing, and of formatting, by the time that the processor worked for it. What was made is
//! dropped after the clock was read.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Duration;

use cairn_syntax::lexer::tokenize;
use cairn_syntax::span::{SourceId, SourceMap};
use cairn_syntax::symbol::Interner;
use cairn_syntax::{format, parse_module};

const RUNS: usize = 60;

fn main() {
    let text = configuration(1_000_000);
    let mut sources = SourceMap::default();
    let id = sources.add("system.cairn", text.as_str());
    let parsed = parse_module(&sources, id, &mut Interner::default());
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors.first());
    let tokens = tokenize(&text, SourceId(0)).tokens.len();
    println!(
        "{} bytes, {} lines, {tokens} tokens, {} items; {RUNS} runs",
        text.len(),
        text.lines().count(),
        parsed.tree.items.len()
    );
    measure("lex", text.len(), || {
        tokenize(black_box(&text), SourceId(0))
    });
    measure("lex and parse", text.len(), || {
        let mut names = Interner::default();
        (parse_module(black_box(&sources), id, &mut names), names)
    });
    measure("format", text.len(), || {
        format(black_box(&text)).expect("the text is right")
    });
}

/// Measures one of them, unless the command line asks for another one.
fn measure<T>(what: &str, bytes: usize, run: impl Fn() -> T) {
    let wanted = std::env::args().nth(1).filter(|name| name != "--bench");
    if wanted.is_some_and(|name| name != what) {
        return;
    }
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let start = processor_time();
            let made = run();
            let time = processor_time().saturating_sub(start);
            drop(black_box(made));
            time
        })
        .collect();
    times.sort_unstable();
    let rate = |time: Duration| f64::from(bytes as u32) / 1e6 / time.as_secs_f64();
    println!(
        "{what:14} best {:6.1} MB/s ({:.1?})   median {:6.1} MB/s",
        rate(times[0]),
        times[0],
        rate(times[times.len() / 2])
    );
}

/// How long the processor has worked for this process.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// A configuration of at least `size` bytes: what a large site has, over and over with other names.
fn configuration(size: usize) -> String {
    let mut text = String::from("# The machines of one site.\n\nhost.name = \"web1\"\n\n");
    let mut number = 0;
    while text.len() < size {
        number += 1;
        section(&mut text, number);
    }
    text
}

fn section(text: &mut String, n: usize) {
    let port = 8000 + n % 1000;
    let written = write!(
        text,
        r#"# Team {n}: who may log in, and what they run.
users.user-{n} = {{
  description = "User number {n}"
  groups      = ["sudo", "adm", "team-{n}"]
  ssh.keys    = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{n} user-{n}@example.org"]
}}

services.app-{n} = {{
  enable  = true
  port    = {port}
  workers = 4 # one for each processor
  sites."app-{n}.example.org" = {{ root = ./www, tls = false, level = "warn" }}
}}

let app-{n} = config.services.app-{n}

## What app {n} needs.
option services.app-{n}: {{
  enable: Bool = false
  ## Where it listens.
  port: Port = if self.tls then 443 else 80
  sites: Map(Site) = {{}}
  workers: Int where (n => n >= 1 and n <= 64)
}}

when app-{n}.enable and app-{n}.port != 22 {{
  packages = ["curl", "htop", "app-{n}", before "base-files"]
  firewall.tcp = [80, 443, app-{n}.port]
  units."app-{n}.service" = {{
    enable = true
    text = """
      [Unit]
      Description=Application number {n}
      After=network-online.target

      [Service]
      ExecStart=/usr/bin/app-{n} --port ${{app-{n}.port}} --name ${{config.host.name}}
      Restart=on-failure
      """
  }}
  files."/etc/app-{n}/sites.conf".text =
    app-{n}.sites |> record.map_to_list((name, site) => "server ${{name}} {{ root ${{site.root}}; }}") |> string.join("\n")
}}

assert app-{n}.workers < 64 or app-{n}.port == 0 else "services.app-{n}.workers is too large"

"#
    );
    written.expect("writing to a string");
}
