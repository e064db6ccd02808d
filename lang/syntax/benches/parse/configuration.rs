//! A large configuration as people write it: comments, blanks, block strings, and about five bytes a token.
//!
//! In: a size. Out: a text. `cargo bench -p cairn --bench language` reads the same one.

use std::fmt::Write as _;

/// A configuration of at least `size` bytes: what a large site has, over and over with other names.
pub fn configuration(size: usize) -> String {
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
