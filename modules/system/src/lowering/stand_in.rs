//! Texts that stand for the paths of results, and the marks that take their place in derivations.
//!
//! What stands for a result in a configuration's strings is a hash of how it is made. A derivation that had it in its arguments would be
//! another one whenever that changed, though what is made stayed the same. So it has a mark, `@cairn:<label>@`, that names an input.

use cairn_spec::SystemSpec;
use serde_json::Value;
use std::collections::BTreeMap;

/// The mark of an input.
pub fn marker(label: &str) -> String {
    format!("@cairn:{label}@")
}

/// Replaces texts at every depth of a value, in keys too.
pub fn substitute(value: &mut Value, replacements: &BTreeMap<String, String>) {
    let replaced = |text: &str| {
        let hits = replacements.iter().filter(|(from, _)| text.contains(*from));
        hits.fold(None, |text_now: Option<String>, (from, to)| {
            Some(text_now.as_deref().unwrap_or(text).replace(from, to))
        })
    };
    match value {
        Value::String(text) => {
            if let Some(new) = replaced(text) {
                *text = new;
            }
        }
        Value::Array(items) => {
            for item in items {
                substitute(item, replacements);
            }
        }
        Value::Object(fields) => {
            let names: Vec<String> = fields.keys().cloned().collect();
            for name in names {
                if let Some(new) = replaced(&name)
                    && let Some(value) = fields.remove(&name)
                {
                    fields.insert(new, value);
                }
            }
            for value in fields.values_mut() {
                substitute(value, replacements);
            }
        }
        _ => {}
    }
}

/// Those of the texts that stand somewhere in a text, in the order in which they first do: labels `built-1`, `built-2` …
pub(super) fn labels<'a>(
    said: &str,
    texts: impl Iterator<Item = &'a String>,
) -> Vec<(String, String)> {
    let found = texts.filter_map(|text| Some((said.find(text.as_str())?, text)));
    let mut found: Vec<(usize, &String)> = found.collect();
    found.sort_unstable();
    let numbered = found.into_iter().enumerate();
    numbered
        .map(|(number, (_, text))| (format!("built-{}", number + 1), text.clone()))
        .collect()
}

/// A spec with marks in place of results, and what each label stands for.
pub(super) fn in_spec<'a>(
    spec: &SystemSpec,
    texts: impl Iterator<Item = &'a String>,
) -> (SystemSpec, Vec<(String, String)>) {
    // A spec is plain data with string keys: turning it into JSON and back can't fail.
    let Ok(mut value) = serde_json::to_value(spec) else {
        return (spec.clone(), Vec::new());
    };
    let labels = labels(&value.to_string(), texts);
    let marks = labels
        .iter()
        .map(|(label, text)| (text.clone(), marker(label)))
        .collect();
    substitute(&mut value, &marks);
    let marked = serde_json::from_value(value).unwrap_or_else(|_| spec.clone());
    (marked, labels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_are_replaced_at_every_depth_and_in_keys() {
        let mut value = json!({ "/b/x": ["run /b/x --with /b/y", 1], "z": { "q": "/b/xy" } });
        let replacements = [("/b/x", "@1@"), ("/b/y", "@2@")];
        let replacements = replacements.map(|(from, to)| (from.to_owned(), to.to_owned()));
        substitute(&mut value, &BTreeMap::from(replacements));
        assert_eq!(
            value,
            json!({ "@1@": ["run @1@ --with @2@", 1], "z": { "q": "@1@y" } })
        );
    }

    #[test]
    fn labels_go_by_where_a_result_is_named_not_by_its_text() {
        let texts = ["/b/1".to_owned(), "/b/2".to_owned(), "/b/3".to_owned()];
        let of = |said: &str| -> Vec<String> {
            let labels = labels(said, texts.iter());
            labels
                .into_iter()
                .map(|(label, text)| format!("{label} {text}"))
                .collect()
        };
        assert_eq!(of("/b/3 then /b/1"), ["built-1 /b/3", "built-2 /b/1"]);
        assert_eq!(of("/b/1 /b/3"), ["built-1 /b/1", "built-2 /b/3"]);
    }
}
