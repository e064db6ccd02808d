//! JSONTestSuite's cases; what is read is printed and read again, and must come to the same.

use std::path::Path;

use cairn_eval::Evaluator;
use cairn_syntax::span::{SourceId, Span};
use libtest_mimic::{Failed, Trial};

use super::{read, refused};

/// Cases that a reader may refuse, and that are read.
const READ: [&str; 3] = [
    "i_number_double_huge_neg_exp",
    "i_number_real_underflow",
    "i_structure_500_nested_arrays",
];

/// Values that a case must come to, as JSON.
const VALUES: [(&str, &str); 12] = [
    ("y_object_duplicated_key", r#"{"a":"c"}"#),
    ("y_number", "[1.23e+67]"),
    ("y_number_minus_zero", "[-0.0]"),
    ("y_number_0e1", "[0.0]"),
    ("y_number_int_with_exp", "[200.0]"),
    ("y_number_real_capital_e", "[1e+22]"),
    ("y_number_simple_int", "[123]"),
    ("y_number_negative_int", "[-123]"),
    ("y_string_null_escape", r#"["\u0000"]"#),
    (
        "y_string_surrogates_U+1D11E_MUSICAL_SYMBOL_G_CLEF",
        r#"["𝄞"]"#,
    ),
    ("y_string_unicode_U+10FFFE_nonchar", "[\"\u{10fffe}\"]"),
    ("y_structure_lonely_negative_real", "-0.1"),
];

pub(super) fn trials() -> Result<Vec<Trial>, Failed> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("formats/json/cases.json");
    let mut cases: Vec<(String, String)> = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    cases.push((
        "n_structure_100000_opening_arrays".into(),
        "[".repeat(100_000),
    ));
    cases.push((
        "n_structure_open_array_object".into(),
        "[{\"\":".repeat(50_000) + "\n",
    ));
    cases.push((
        "n_too_deep".into(),
        format!("{}{}", "[".repeat(513), "]".repeat(513)),
    ));
    cases.push((
        "y_deep".into(),
        format!("{}{}", "[".repeat(512), "]".repeat(512)),
    ));
    for (name, expected) in VALUES {
        if cases.iter().all(|(known, _)| known != name) {
            return Err(format!("no case {name} for {expected}").into());
        }
    }
    let trials = cases.into_iter().map(|(name, text)| {
        let title = format!("json {name}");
        Trial::test(title, move || check(&name, &text))
    });
    Ok(trials.collect())
}

fn check(name: &str, text: &str) -> Result<(), Failed> {
    read("json", text, |evaluator, found| {
        if name.starts_with("n_") || name.starts_with("i_") && !READ.contains(&name) {
            return refused(found);
        }
        let value = match found {
            Ok(value) => value,
            Err(error) => return Err(error.message.into()),
        };
        let printed = print(evaluator, value)?;
        if let Some((_, expected)) = VALUES.iter().find(|(known, _)| *known == name)
            && printed != *expected
        {
            return Err(format!("gives {printed}, not {expected}").into());
        }
        let again = read("json", &printed, |evaluator, found| match found {
            Ok(value) => print(evaluator, value),
            Err(error) => Err(error.message.into()),
        })??;
        if again != printed {
            return Err(format!("gives {printed}, and that {again}").into());
        }
        Ok(())
    })?
}

fn print<'a>(
    evaluator: &mut Evaluator<'a>,
    value: cairn_eval::Value<'a>,
) -> Result<String, Failed> {
    let span = Span::new(SourceId(0), 0, 0);
    match evaluator.data(value, span) {
        Ok(data) => Ok(data.to_json().to_string()),
        Err(errors) => Err(format!("{errors:?}").into()),
    }
}
