//! The configuration `modules800`: as many module files as services, each with four options, each set twice.
//!
//! In: a folder and a number. Out: the files; `nix/modules800.nix` is the same with nixpkgs' `lib`.

use std::fmt::Write as _;
use std::path::Path;

/// A module of one service: its options, and what they bring about.
pub fn service(index: usize) -> String {
    format!(
        r#"type User{index} = {{ name: Str, uid: Int = 0 }}

## The service {index}.
option services.svc{index}: {{
  enable:   Bool = false
  port:     Port = {port}
  settings: Map(Str) = {{}}
  users:    Map(User{index}) = {{}}
}}

let own{index} = config.services.svc{index}

when own{index}.enable {{
  texts."svc{index}.conf".text = "port=${{own{index}.port}}\n" + (own{index}.settings
    |> record.map_to_list((k, v) => "${{k}}=${{v}}")
    |> string.join("\n"))
  programs = ["svc{index}.service"]
}}
"#,
        port = 1000 + index
    )
}

/// Writes the modules and the entry file `system.cairn`.
pub fn write(folder: &Path, count: usize) {
    let modules = folder.join("modules");
    std::fs::create_dir_all(&modules).expect("a folder");
    let mut entry = String::new();
    for index in 1..=count {
        std::fs::write(modules.join(format!("svc{index}.cairn")), service(index)).expect("a file");
        let _ = writeln!(entry, "import \"./modules/svc{index}.cairn\"");
    }
    let _ = write!(
        entry,
        r#"
host.name = "bench"

option texts: Map({{ text: Lines }}) = {{}}
option programs: List(Str) = []

services = {{
  "svc${{i}}" = {{
    enable   = true
    settings = {{ a = "1", b = force "2" }}
    users    = {{ bob = {{ name = "bob${{i}}" }} }}
  }} for i in list.range(1, {end})
}}

services = {{
  "svc${{i}}" = {{
    port     = force (2000 + i)
    settings = {{ b = "3", c = "4" }}
  }} for i in list.range(1, {end})
}}
"#,
        end = count + 1
    );
    std::fs::write(folder.join("system.cairn"), entry).expect("a file");
}
