//! The one JSON text of a value: what is hashed.
//!
//! As RFC 8785: no white space, keys sorted, the shortest escapes. Two things differ from it: keys are sorted
//! by their UTF-8 bytes, and numbers print as `serde_json` prints them (integers exactly, up to 64 bits).

use serde_json::Value;

/// Prints a value in its one form, whatever order its maps have in memory.
pub fn print(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value);
    out
}

/// Appends a value in its one form.
pub(crate) fn write(out: &mut String, value: &Value) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(out, item);
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut pairs: Vec<_> = map.iter().collect();
            pairs.sort_unstable_by_key(|(key, _)| key.as_bytes());
            out.push('{');
            for (index, (key, item)) in pairs.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_text(out, key);
                out.push(':');
                write(out, item);
            }
            out.push('}');
        }
        Value::String(text) => write_text(out, text),
        scalar => out.push_str(&scalar.to_string()),
    }
}

/// Appends a string in its one form.
pub(crate) fn write_text(out: &mut String, text: &str) {
    let plain = |byte: u8| byte >= 0x20 && !matches!(byte, b'"' | b'\\');
    if text.bytes().all(plain) {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&Value::from(text).to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::print;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    #[test]
    fn keys_are_sorted_at_every_depth() {
        let value = json!({ "b": [{ "z": 1, "a": "\n\u{e9}" }], "a": null, "B": -1.5 });
        assert_eq!(
            print(&value),
            "{\"B\":-1.5,\"a\":null,\"b\":[{\"a\":\"\\n\u{e9}\",\"z\":1}]}"
        );
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..5)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn reads_back_as_the_same_value(value in value()) {
            let text = print(&value);
            let read: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&read, &value);
            prop_assert_eq!(print(&read), text);
        }
    }
}
