//! `string.`: functions over strings. What is made of a string keeps its whole context.

use cairn_syntax::Diagnostic;

use super::{Arguments, Native, needed, optional};
use crate::evaluator::{Evaluator, Result};
use crate::host::ContextId;
use crate::value::{Text, Value};

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
        name: "string.trim_start",
        parameters: &[needed("string", "Str")],
        gives: "Str",
        doc: "Without white space at its start.",
        example: r#"string.trim_start("  a ")   # => "a ""#,
        run: |evaluator, arguments| {
            changed(evaluator, arguments, |text| text.trim_start().to_owned())
        },
    },
    Native {
        name: "string.trim_end",
        parameters: &[needed("string", "Str")],
        gives: "Str",
        doc: "Without white space at its end.",
        example: r#"string.trim_end("a\n\n")   # => "a""#,
        run: |evaluator, arguments| {
            changed(evaluator, arguments, |text| text.trim_end().to_owned())
        },
    },
    Native {
        name: "string.without_prefix",
        parameters: &[needed("string", "Str"), needed("prefix", "Str")],
        gives: "Str",
        doc: "Without that at its start, where it begins so.",
        example: r#"string.without_prefix("v1.2", "v")   # => "1.2""#,
        run: without_prefix,
    },
    Native {
        name: "string.without_suffix",
        parameters: &[needed("string", "Str"), needed("suffix", "Str")],
        gives: "Str",
        doc: "Without that at its end, where it ends so.",
        example: r#"string.without_suffix("ssh.service", ".service")   # => "ssh""#,
        run: without_suffix,
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
        name: "string.index_of",
        parameters: &[needed("string", "Str"), needed("part", "Str")],
        gives: "Int?",
        doc: "Where that first occurs, in characters from 0, else null.",
        example: r#"string.index_of("grün", "n")   # => 3"#,
        run: index_of,
    },
    Native {
        name: "string.words",
        parameters: &[needed("string", "Str")],
        gives: "List(Str)",
        doc: "The pieces between white space.",
        example: r#"string.words(" a  b\n")   # => ["a","b"]"#,
        run: words,
    },
    Native {
        name: "string.characters",
        parameters: &[needed("string", "Str")],
        gives: "List(Str)",
        doc: "Its characters, one string each.",
        example: r#"string.characters("grün")   # => ["g","r","ü","n"]"#,
        run: characters,
    },
    Native {
        name: "string.indent",
        parameters: &[needed("string", "Str"), needed("by", "Str | Int")],
        gives: "Str",
        doc: "With a text, or so many blanks, before each line that is not empty.",
        example: r#"string.indent("a\n\nb\n", 2)   # => "  a\n\n  b\n""#,
        run: indent,
    },
    Native {
        name: "string.shell_quote",
        parameters: &[needed("string", "Str")],
        gives: "Str",
        doc: "As one word of a POSIX shell, whatever is in it.",
        example: r#"string.shell_quote("it's")   # => "'it'\\''s'""#,
        run: shell_quote,
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
    Native {
        name: "string.to_float",
        parameters: &[needed("string", "Str")],
        gives: "Float",
        doc: "The number that it spells, with or without a point; an error if it spells none.",
        example: r#"string.to_float("1.5")   # => 1.5"#,
        run: to_float,
    },
];

/// The longest string that repetition and padding make, in bytes.
const LENGTH_LIMIT: usize = 1 << 28;

fn join<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let list = arguments.list(evaluator, 0)?;
    let separator = if arguments.is_given(1) {
        Some(arguments.text(evaluator, 1)?)
    } else {
        None
    };
    let build = |evaluator: &mut Evaluator<'a>, context: &mut Vec<ContextId>| {
        context.extend(separator.iter().flat_map(|separator| separator.context));
        let between = separator.map_or("", |separator| separator.text);
        for (index, item) in list.items.iter().enumerate() {
            if index > 0 {
                evaluator.texts.push_str(between);
            }
            let span = evaluator.value_span(list.origin(index), arguments.at(0));
            let item = evaluator.force(*item, span)?;
            evaluator.append(context, item, span)?;
        }
        Ok(())
    };
    evaluator.put_together(build, |evaluator, text, context, ()| {
        Ok(evaluator.string_with(text, context))
    })
}

/// The list of some strings with one context.
pub(super) fn pieces<'a, 's>(
    evaluator: &mut Evaluator<'a>,
    pieces: impl Iterator<Item = &'s str>,
    context: &[ContextId],
    arguments: &Arguments<'_, 'a>,
) -> Result<Value<'a>> {
    let mut items: Vec<Value<'a>> = Vec::new();
    for piece in pieces {
        // A short text may be many pieces.
        evaluator.room(size_of_val(items.as_slice()) + piece.len(), arguments.span)?;
        items.push(evaluator.string_with(piece, context));
    }
    Ok(evaluator.list(&items, &[]))
}

/// The context of what is made of two strings.
pub(super) fn both(first: &Text<'_>, second: &Text<'_>) -> Vec<ContextId> {
    let mut context = [first.context, second.context].concat();
    context.sort_unstable();
    context.dedup();
    context
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
    pieces(
        evaluator,
        text.text.split(separator.text),
        text.context,
        arguments,
    )
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
    pieces(evaluator, text.text.lines(), text.context, arguments)
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
    if to.text.len() > from.text.len() {
        let places = text.text.matches(from.text).count();
        limit(evaluator, places.saturating_mul(to.text.len()), arguments)?;
    }
    let replaced = text.text.replace(from.text, to.text);
    Ok(evaluator.string_with(&replaced, &both(text, to)))
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
fn limit(
    evaluator: &mut Evaluator<'_>,
    length: usize,
    arguments: &Arguments<'_, '_>,
) -> Result<()> {
    if length <= LENGTH_LIMIT {
        return evaluator.room(length, arguments.span);
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
    limit(evaluator, text.text.len().saturating_mul(count), arguments)?;
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
    let left = arguments.flag(evaluator, 3, "left")?;
    let missing = width.saturating_sub(text.text.chars().count());
    limit(evaluator, missing.saturating_mul(4), arguments)?;
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
    let number = arguments.text(evaluator, 0)?.text.trim().parse();
    match number {
        Ok(number) => Ok(Value::Int(number)),
        Err(_) => Err(arguments.no_number(evaluator, "a whole number")),
    }
}

fn to_float<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    match arguments.text(evaluator, 0)?.text.trim().parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(Value::Float(number)),
        _ => Err(arguments.no_number(evaluator, "a number")),
    }
}

fn without_prefix<'a>(
    evaluator: &mut Evaluator<'a>,
    arguments: &Arguments<'_, 'a>,
) -> Result<Value<'a>> {
    let prefix = arguments.text(evaluator, 1)?.text;
    changed(evaluator, arguments, |text| {
        text.strip_prefix(prefix).unwrap_or(text).to_owned()
    })
}

fn without_suffix<'a>(
    evaluator: &mut Evaluator<'a>,
    arguments: &Arguments<'_, 'a>,
) -> Result<Value<'a>> {
    let suffix = arguments.text(evaluator, 1)?.text;
    changed(evaluator, arguments, |text| {
        text.strip_suffix(suffix).unwrap_or(text).to_owned()
    })
}

fn index_of<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let (text, part) = (arguments.text(evaluator, 0)?, arguments.text(evaluator, 1)?);
    let found = text.text.find(part.text);
    Ok(found.map_or(Value::Null, |at| {
        Value::Int(text.text[..at].chars().count() as i64)
    }))
}

fn words<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let text = arguments.text(evaluator, 0)?;
    pieces(
        evaluator,
        text.text.split_whitespace(),
        text.context,
        arguments,
    )
}

fn characters<'a>(
    evaluator: &mut Evaluator<'a>,
    arguments: &Arguments<'_, 'a>,
) -> Result<Value<'a>> {
    let text = arguments.text(evaluator, 0)?;
    let ends = text.text.char_indices();
    let each = ends.map(|(at, character)| &text.text[at..at + character.len_utf8()]);
    pieces(evaluator, each, text.context, arguments)
}

fn indent<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let text = arguments.text(evaluator, 0)?;
    let (by, context) = if let Value::Str(by) = arguments.value(evaluator, 1)? {
        (by.text.to_owned(), both(text, by))
    } else {
        let count = arguments.count(evaluator, 1)?;
        limit(evaluator, count, arguments)?;
        (" ".repeat(count), text.context.to_vec())
    };
    let lines = text.text.lines().count();
    limit(evaluator, by.len().saturating_mul(lines), arguments)?;
    let mut indented = String::with_capacity(text.text.len() + by.len() * lines);
    for line in text.text.split_inclusive('\n') {
        if !line.trim_end().is_empty() {
            indented.push_str(&by);
        }
        indented.push_str(line);
    }
    Ok(evaluator.string_with(&indented, &context))
}

fn shell_quote<'a>(
    evaluator: &mut Evaluator<'a>,
    arguments: &Arguments<'_, 'a>,
) -> Result<Value<'a>> {
    changed(evaluator, arguments, |text| {
        let harmless = |next: char| next.is_ascii_alphanumeric() || "_-./:,@%+".contains(next);
        if !text.is_empty() && text.chars().all(harmless) {
            return text.to_owned();
        }
        format!("'{}'", text.replace('\'', "'\\''"))
    })
}
