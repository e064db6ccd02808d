//! Values as short text.
//!
//! In: data, or code. Out: one line, or a few, cut where they are long.

use serde_json::Value;

/// Most characters of a value that are shown.
const LONGEST: usize = 200;
/// Most lines of code that are shown.
const LINES: usize = 12;

/// A value as the language writes it.
pub fn short(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    if text.chars().count() > LONGEST {
        text = text.chars().take(LONGEST).collect::<String>() + " …";
    }
    text
}

fn write(value: &Value, text: &mut String) {
    if text.len() > LONGEST * 4 {
        return;
    }
    match value {
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index > 0 { ", " } else { "" });
                write(item, text);
            }
            text.push(']');
        }
        Value::Object(fields) if fields.is_empty() => text.push_str("{}"),
        Value::Object(fields) => {
            text.push_str("{ ");
            for (index, (name, item)) in fields.iter().enumerate() {
                text.push_str(if index > 0 { ", " } else { "" });
                text.push_str(&cairn_options::print_path([name.as_str()]));
                text.push_str(" = ");
                write(item, text);
            }
            text.push_str(" }");
        }
        other => text.push_str(&other.to_string()),
    }
}

/// The beginning of some code.
pub fn first_lines(code: &str) -> String {
    let mut lines: Vec<&str> = code.lines().take(LINES).collect();
    if code.lines().count() > LINES {
        lines.push("…");
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn values_look_as_they_are_written() {
        let value = serde_json::json!({ "a b": [1, true, null], "c": { "d": "x\n" }, "e": {} });
        assert_eq!(
            short(&value),
            r#"{ "a b" = [1, true, null], c = { d = "x\n" }, e = {} }"#
        );
    }

    #[test]
    fn long_values_are_cut() {
        let value = serde_json::json!(vec!["0123456789"; 1000]);
        assert_eq!(short(&value).chars().count(), super::LONGEST + 2);
    }
}
