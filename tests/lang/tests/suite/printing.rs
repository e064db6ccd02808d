//! The library and the examples, printed and read again.
//!
//! In: the repository's configurations. Out: one trial for each. Knows nothing of claims.

use std::path::Path;

use cairn_syntax::printer::print_module;
use cairn_syntax::render::plain;
use cairn_syntax::span::SourceMap;
use cairn_syntax::symbol::Interner;
use cairn_syntax::{File, parse_file, parse_module};
use libtest_mimic::{Failed, Trial};

/// One trial for each configuration.
pub fn trials(root: &Path) -> Vec<Trial> {
    let folders = ["../../modules/library", "../../docs/examples"];
    let files = folders
        .iter()
        .flat_map(|folder| super::cairn_files(&root.join(folder)));
    let trial = |file: std::path::PathBuf| {
        let title = format!("{} survives printing", file.display());
        Trial::test(title, move || check(&file))
    };
    files.map(trial).collect()
}

/// The printed form has no errors, says as many things, and printing it again changes nothing.
fn check(file: &Path) -> Result<(), Failed> {
    let mut sources = SourceMap::default();
    let mut names = Interner::default();
    let id = sources.add("original", std::fs::read_to_string(file)?);
    if let File::Expression(_) = parse_file(&sources, id, &mut names).tree {
        // Printing is of modules; the formatter's claims read expressions too.
        return Ok(());
    }
    let first = parse_module(&sources, id, &mut names);
    let printed = print_module(&first.tree, &names);
    let id = sources.add("printed", printed.as_str());
    let second = parse_module(&sources, id, &mut names);
    if let Some(error) = first.errors.iter().chain(&second.errors).next() {
        return Err(plain(error, &sources).into());
    }
    let again = print_module(&second.tree, &names);
    if first.tree.items.len() != second.tree.items.len() || printed != again {
        return Err(format!("printed\n{printed}\nand again\n{again}").into());
    }
    Ok(())
}
