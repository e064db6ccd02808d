//! Any module is checked whole: it comes to a configuration or to errors, and both say where they come from.
#![no_main]

use std::collections::BTreeMap;

use cairn_eval::Arena;
use cairn_options::{json, load};
use cairn_tests_lang::host::MemoryHost;
use libfuzzer_sys::fuzz_target;

/// What fuzzed definitions have to hold on to.
const DECLARATIONS: &str = r#"
type Port = Int where (n => n > 0 and n < 65536)
option a: Int = 1
option b: Str?
option l: List(Str) = []
option r: { x: Int = 1, y: "p" | "q" = "p", z: Bool = self.x > 1 }
option m: Map({ port: Port = 80, name: Str = name, more: List(Int) = [] }) = {}
option any: Any = null
"#;

fuzz_target!(|text: &str| {
    let arena = Arena::new();
    let files = BTreeMap::from([("system.cairn".to_owned(), text.to_owned())]);
    let host = Box::new(MemoryHost::new(files));
    let failure = match load(&arena, host, "system.cairn", &[("declarations.cairn", DECLARATIONS)]) {
        Ok(mut config) => match config.check() {
            Ok(checked) => {
                let _ = json(&checked.data);
                return;
            }
            Err(failure) => failure,
        },
        Err(failure) => failure,
    };
    assert!(!failure.diagnostics.is_empty());
});
