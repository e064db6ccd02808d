//! `string.`: functions over strings. What is made of a string keeps its whole context.

use cairn_syntax::Diagnostic;

use super::{Arguments, Native, needed, optional};
use crate::evaluator::{Evaluator, Result};
use crate::host::ContextId;
use crate::value::Value;

pub(super) static FUNCTIONS: &[Native] = &[
    Native {
        name: "string.join",
        parameters: &[
            needed("list", "List(Str | Int | Path)"),
            optional("separator", "Str"),
        ],
        gives: "Str",
        doc: "All strings in one, with the separator between them.",
        example: r#"string.join(["a", "b"], ", ")   # => "a, b""#,
        run: join,
    },
    Native {
        name: "string.split",
        parameters: &[needed("string", "Str"), needed("separator", "Str")],
        gives: "List(Str)",
        doc: "The pieces between the separators.",
        example: r#"string.split("a,b", ",")   # => ["a","b"]"#,
        run: split,
    },
    Native {
        name: "string.lines",
        parameters: &[needed("string", "Str")],
        gives: "List(Str)",
        doc: "The lines, without their ends.",
        example: r#"string.lines("a\nb\n")   # => ["a","b"]"#,
        run: lines,
    },
    Native {
        name: "string.trim",
        parameters: &[needed("string", "Str")],
        gives: "Str",
        doc: "Without white space at both ends.",
        example: r#"string.trim("  a ")   # => "a""#,
        run: trim,
    },
    Native {
        name: "string.starts_with",
        parameters: &[needed("string", "Str"), needed("prefix", "Str")],
        gives: "Bool",
        doc: "Whether it begins so.",
        example: r#"string.starts_with("nginx.service", "nginx")   # => true"#,
        run: starts_with,
    },
    Native {
        name: "string.ends_with",
        parameters: &[needed("string", "Str"), needed("suffix", "Str")],
        gives: "Bool",
        doc: "Whether it ends so.",
        example: r#"string.ends_with("nginx.service", ".timer")   # => false"#,
        run: ends_with,
    },
    Native {
        name: "string.contains",
        parameters: &[needed("string", "Str"), needed("part", "Str")],
        gives: "Bool",
        doc: "Whether that occurs in it.",
        example: r#"string.contains("nginx", "gin")   # => true"#,
        run: contains,
    },
    Native {
        name: "string.replace",
        parameters: &[
            needed("string", "Str"),
            needed("from", "Str"),
            needed("to", "Str"),
        ],
        gives: "Str",
        doc: "With every occurrence replaced.",
        example: r#"string.replace("a-b-c", "-", "_")   # => "a_b_c""#,
        run: replace,
    },
    Native {
        name: "string.upper",
        parameters: &[needed("string", "Str")],
        gives: "Str",
        doc: "In capital letters.",
        example: r#"string.upper("abc")   # => "ABC""#,
        run: upper,
    },
    Native {
        name: "string.lower",
        parameters: &[needed("string", "Str")],
        gives: "Str",
        doc: "In small letters.",
        example: r#"string.lower("ABC")   # => "abc""#,
        run: lower,
    },
    Native {
        name: "string.length",
        parameters: &[needed("string", "Str")],
        gives: "Int",
        doc: "How many characters it has.",
        example: r#"string.length("grün")   # => 4"#,
        run: length,
    },
    Native {
        name: "string.slice",
        parameters: &[
            needed("string", "Str"),
            needed("start", "Int"),
            optional("end", "Int"),
        ],
        gives: "Str",
        doc: "The characters from start up to, but without, end; counted from 0.",
        example: r#"string.slice("abcdef", 1, 3)   # => "bc""#,
        run: slice,
    },
    Native {
        name: "string.repeat",
        parameters: &[needed("string", "Str"), needed("count", "Int")],
        gives: "Str",
        doc: "It, so many times.",
        example: r#"string.repeat("ab", 3)   # => "ababab""#,
        run: repeat,
    },
    Native {
        name: "string.pad",
        parameters: &[
            needed("string", "Str"),
            needed("width", "Int"),
            optional("with", "Str"),
            optional("left", "Bool"),
        ],
        gives: "Str",
        doc: "Filled up at the end (at the start where `left = true`) to so many characters.",
        example: r#"string.pad("7", 3, "0", left = true)   # => "007""#,
        run: pad,
    },
    Native {
        name: "string.to_int",
        parameters: &[needed("string", "Str")],
        gives: "Int",
        doc: "The whole number that it spells; an error if it spells none.",
        example: r#"string.to_int("42")   # => 42"#,
        run: to_int,
    },
];

/// The longest string that repetition and padding make, in bytes.
const LENGTH_LIMIT: usize = 1 << 28;

fn join<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let list = arguments.list(evaluator, 0)?;
    let mut text = String::new();
    let mut context: Vec<ContextId> = Vec::new();
    let mut between = "";
    if arguments.is_given(1) {
        let separator = arguments.text(evaluator, 1)?;
        between = separator.text;
        context.extend_from_slice(separator.context);
    }
    for (index, item) in list.items.iter().enumerate() {
        if index > 0 {
            text.push_str(between);
        }
        let span = evaluator.value_span(list.origin(index), arguments.at(0));
        let item = evaluator.force(*item, span)?;
        evaluator.append(&mut text, &mut context, item, span)?;
    }
    context.sort_unstable();
    context.dedup();
    Ok(evaluator.string_with(&text, &context))
}

fn pieces<'a>(
    evaluator: &Evaluator<'a>,
    pieces: impl Iterator<Item = &'a str>,
    context: &[ContextId],
) -> Value<'a> {
    let items: Vec<Value<'a>> = pieces
        .map(|piece| evaluator.string_with(piece, context))
        .collect();
    evaluator.list(&items, &[])
}

fn split<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let text = arguments.text(evaluator, 0)?;
    let separator = arguments.text(evaluator, 1)?;
    not_empty(
        separator.text,
        1,
        "an empty separator is everywhere",
        arguments,
    )?;
    Ok(pieces(
        evaluator,
        text.text.split(separator.text),
        text.context,
    ))
}

/// Refuses an empty text where one is looked for or filled in.
fn not_empty(text: &str, index: usize, message: &str, arguments: &Arguments<'_, '_>) -> Result<()> {
    if !text.is_empty() {
        return Ok(());
    }
    let span = arguments.at(index);
    Err(Box::new(Diagnostic::error(
        "eval::separator",
        span,
        message,
    )))
}

fn lines<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let text = arguments.text(evaluator, 0)?;
    Ok(pieces(evaluator, text.text.lines(), text.context))
}

fn changed<'a>(
    evaluator: &mut Evaluator<'a>,
    arguments: &Arguments<'_, 'a>,
    change: impl FnOnce(&str) -> String,
) -> Result<Value<'a>> {
    let text = arguments.text(evaluator, 0)?;
    Ok(evaluator.string_with(&change(text.text), text.context))
}

fn trim<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    changed(evaluator, arguments, |text| text.trim().to_owned())
}

fn upper<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    changed(evaluator, arguments, str::to_uppercase)
}

fn lower<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    changed(evaluator, arguments, str::to_lowercase)
}

fn starts_with<'a>(
    evaluator: &mut Evaluator<'a>,
    arguments: &Arguments<'_, 'a>,
) -> Result<Value<'a>> {
    let (text, part) = (arguments.text(evaluator, 0)?, arguments.text(evaluator, 1)?);
    Ok(Value::Bool(text.text.starts_with(part.text)))
}

fn ends_with<'a>(
    evaluator: &mut Evaluator<'a>,
    arguments: &Arguments<'_, 'a>,
) -> Result<Value<'a>> {
    let (text, part) = (arguments.text(evaluator, 0)?, arguments.text(evaluator, 1)?);
    Ok(Value::Bool(text.text.ends_with(part.text)))
}

fn contains<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let (text, part) = (arguments.text(evaluator, 0)?, arguments.text(evaluator, 1)?);
    Ok(Value::Bool(text.text.contains(part.text)))
}

fn replace<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let text = arguments.text(evaluator, 0)?;
    let (from, to) = (arguments.text(evaluator, 1)?, arguments.text(evaluator, 2)?);
    not_empty(from.text, 1, "an empty text is everywhere", arguments)?;
    let mut context = [text.context, to.context].concat();
    context.sort_unstable();
    context.dedup();
    Ok(evaluator.string_with(&text.text.replace(from.text, to.text), &context))
}

fn length<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    Ok(Value::Int(
        arguments.text(evaluator, 0)?.text.chars().count() as i64,
    ))
}

fn slice<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let start = arguments.count(evaluator, 1)?;
    let end = if arguments.is_given(2) {
        arguments.count(evaluator, 2)?
    } else {
        usize::MAX
    };
    changed(evaluator, arguments, |text| {
        text.chars()
            .skip(start)
            .take(end.saturating_sub(start))
            .collect()
    })
}

/// Refuses what would only exhaust the memory.
fn limit(length: usize, arguments: &Arguments<'_, '_>) -> Result<()> {
    if length <= LENGTH_LIMIT {
        return Ok(());
    }
    Err(Box::new(Diagnostic::error(
        "eval::overflow",
        arguments.span,
        "this string would be too long",
    )))
}

fn repeat<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let text = arguments.text(evaluator, 0)?;
    let count = arguments.count(evaluator, 1)?;
    limit(text.text.len().saturating_mul(count), arguments)?;
    Ok(evaluator.string_with(&text.text.repeat(count), text.context))
}

fn pad<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let text = arguments.text(evaluator, 0)?;
    let width = arguments.count(evaluator, 1)?;
    let (with, around) = if arguments.is_given(2) {
        let with = arguments.text(evaluator, 2)?;
        not_empty(with.text, 2, "nothing can't fill anything", arguments)?;
        (with.text, with.context)
    } else {
        (" ", &[][..])
    };
    let left = match arguments.value(evaluator, 3)? {
        Value::Null => false,
        Value::Bool(left) => left,
        other => return Err(evaluator.expected("`left`", "true or false", other, arguments.at(3))),
    };
    let missing = width.saturating_sub(text.text.chars().count());
    limit(missing.saturating_mul(4), arguments)?;
    let filling: String = with.chars().cycle().take(missing).collect();
    let padded = if left {
        filling + text.text
    } else {
        text.text.to_owned() + &filling
    };
    if missing == 0 || around.is_empty() {
        return Ok(evaluator.string_with(&padded, text.context));
    }
    let mut context = [text.context, around].concat();
    context.sort_unstable();
    context.dedup();
    Ok(evaluator.string_with(&padded, &context))
}

fn to_int<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let text = arguments.text(evaluator, 0)?;
    text.text.trim().parse().map(Value::Int).map_err(|_| {
        let message = format!(
            "{} is not a whole number",
            evaluator.describe(arguments.later(0))
        );
        Box::new(Diagnostic::error(
            "eval::not_a_number",
            arguments.at(0),
            message,
        ))
    })
}
