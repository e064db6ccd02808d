//! Why a store path is kept: the roots that lead to it, each by a shortest chain of references.

use std::fmt::Write as _;

use cairn_disk::{Keeper, Root};
use cairn_graph::StorePath;

use crate::commands::Ended;
use crate::commands::store::keeper_json;
use crate::context::Context;
use crate::store_path;
use crate::ui::style::{GOOD, QUIET, STRONG, paint};

/// Prints what keeps a path.
pub fn run(context: &Context, text: &str) -> Ended {
    let store = context.store()?;
    let path = store_path::whole(&store, text)?;
    let relations = store.relations()?;
    let keepers = relations.keepers(&path);
    if context.globals.json {
        let kept: Vec<_> = keepers.iter().map(keeper_json).collect();
        return context.json(&serde_json::json!({
            "version": 1,
            "kind": "path",
            "path": path.logical(),
            "kept_by": kept,
        }));
    }
    if keepers.is_empty() {
        let mut text = format!("nothing keeps {path}: the next `cairn gc` deletes it\n");
        for referrer in relations.referrers(&path) {
            let _ = writeln!(
                text,
                "  {referrer} refers to it, and nothing keeps that either"
            );
        }
        return context.data(&text);
    }
    let mut text = String::new();
    for keeper in &keepers {
        text.push_str(&lines(keeper));
    }
    context.data(&text)
}

/// The root on a line, then the chain, a step deeper each.
fn lines(keeper: &Keeper) -> String {
    let root = match &keeper.root {
        Root::System(number) => format!("generation {number}"),
        Root::Part(number) if keeper.chain.len() == 1 => {
            format!("generation {number} was made of it")
        }
        Root::Part(number) => format!("generation {number} was made of what needs it"),
        Root::Named(name) => format!("root {name}"),
    };
    let mut text = format!("{}\n", paint(GOOD, root));
    let last = keeper.chain.len().saturating_sub(1);
    for (depth, path) in keeper.chain.iter().enumerate() {
        let path = StorePath::logical(path);
        let path = if depth == last {
            paint(STRONG, path)
        } else {
            path
        };
        let arrow = if depth == 0 { "" } else { "└── " };
        let blanks = " ".repeat(2 + depth.saturating_sub(1) * 4);
        let _ = writeln!(text, "{}{path}", paint(QUIET, format!("{blanks}{arrow}")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_a_stair() {
        let path = |letter: char| -> StorePath {
            format!("{}-{letter}", letter.to_string().repeat(32))
                .parse()
                .unwrap()
        };
        let keeper = Keeper {
            root: Root::System(3),
            chain: vec![path('a'), path('b'), path('c')],
        };
        let text = anstream::adapter::strip_str(&lines(&keeper)).to_string();
        let starts: Vec<&str> = text
            .lines()
            .map(|line| line.split("/cairn").next().unwrap())
            .collect();
        assert_eq!(starts, ["generation 3", "  ", "  └── ", "      └── "]);
    }
}
