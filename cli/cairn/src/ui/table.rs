//! Tables without lines, for people; programs read `--json`.

use comfy_table::{ContentArrangement, Table, presets};

/// A table with these headings.
pub fn table(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(headings);
    table
}

/// The table's text, without the blanks that fill its lines.
pub fn text(table: &Table) -> String {
    table
        .lines()
        .map(|line| {
            let line = line.trim_end();
            format!("{}\n", line.strip_prefix(' ').unwrap_or(line))
        })
        .collect()
}
