//! Plain data as JSON, and what it depends on.
//!
//! In: [`Data`] of a checked configuration. Out: JSON for contracts, contexts for the build graph. Refuses to know what
//! a context id stands for.

use cairn_eval::{ContextId, Data, DataKind};
use serde_json::Value;

/// The data as JSON: a path or a build is its text, a secret is `{ "secret": PATH }`.
///
/// A float that is no number (JSON has none) is null.
pub fn json(data: &Data) -> Value {
    match &data.kind {
        DataKind::Null => Value::Null,
        DataKind::Bool(value) => Value::Bool(*value),
        DataKind::Int(value) => Value::from(*value),
        DataKind::Float(value) => Value::from(*value),
        DataKind::Str { text, .. } => Value::String(text.clone()),
        DataKind::Secret(path) => serde_json::json!({ "secret": path }),
        DataKind::List(items) => items.iter().map(json).collect(),
        DataKind::Map(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), json(value)))
            .collect(),
    }
}

/// Every id that a string somewhere in the data depends on, with the path to that string; list items
/// count from 0. In the order of the data.
pub fn contexts(data: &Data) -> Vec<(Vec<String>, ContextId)> {
    let mut found = Vec::new();
    collect(data, &mut Vec::new(), &mut found);
    found
}

fn collect(data: &Data, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, ContextId)>) {
    match &data.kind {
        DataKind::Str { context, .. } => found.extend(context.iter().map(|id| (path.clone(), *id))),
        DataKind::List(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push(index.to_string());
                collect(item, path, found);
                path.pop();
            }
        }
        DataKind::Map(fields) => {
            for (name, value) in fields {
                path.push(name.clone());
                collect(value, path, found);
                path.pop();
            }
        }
        _ => {}
    }
}
