//! `path.`: functions over paths. Nothing here looks whether a path exists.

use cairn_syntax::Diagnostic;

use super::{Arguments, Native, needed};
use crate::evaluator::{Evaluator, Result};
use crate::value::Value;

pub(super) static FUNCTIONS: &[Native] = &[
    Native {
        name: "path.name",
        parameters: &[needed("path", "Path")],
        gives: "Str",
        doc: "The last part.",
        example: r#"path.name(./www/index.html)   # => "index.html""#,
        run: name,
    },
    Native {
        name: "path.extension",
        parameters: &[needed("path", "Path")],
        gives: "Str?",
        doc: "What follows the last point of the last part, else null.",
        example: r#"path.extension(./www/index.html)   # => "html""#,
        run: extension,
    },
    Native {
        name: "path.stem",
        parameters: &[needed("path", "Path")],
        gives: "Str",
        doc: "The last part without its last point and what follows.",
        example: r#"path.stem(./www/index.html)   # => "index""#,
        run: stem,
    },
    Native {
        name: "path.parent",
        parameters: &[needed("path", "Path")],
        gives: "Path",
        doc: "The folder that it lies in; the configuration's own for what lies at its top.",
        example: r#"path.name(path.parent(./www/index.html))   # => "www""#,
        run: parent,
    },
    Native {
        name: "path.join",
        parameters: &[needed("path", "Path"), needed("relative", "Str")],
        gives: "Path",
        doc: "The path of something in a folder.",
        example: r#"path.name(path.join(./www, "index.html"))   # => "index.html""#,
        run: join,
    },
];

fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn name<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let path = arguments.path(evaluator, 0)?;
    Ok(evaluator.string(last_part(path)))
}

fn extension<'a>(
    evaluator: &mut Evaluator<'a>,
    arguments: &Arguments<'_, 'a>,
) -> Result<Value<'a>> {
    let path = arguments.path(evaluator, 0)?;
    Ok(match last_part(path).rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => evaluator.string(extension),
        _ => Value::Null,
    })
}

fn stem<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let name = last_part(arguments.path(evaluator, 0)?);
    Ok(match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => evaluator.string(stem),
        _ => evaluator.string(name),
    })
}

fn parent<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let path: &'a str = arguments.path(evaluator, 0)?;
    let above = path.rsplit_once('/').map_or(".", |(above, _)| above);
    Ok(Value::Path(evaluator.arena.alloc(above)))
}

fn join<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let path = arguments.path(evaluator, 0)?;
    let relative = arguments.text(evaluator, 1)?;
    if relative.text.starts_with('/') {
        let message = format!("{} is a place on the machine", relative.text);
        let span = arguments.at(1);
        let error = Diagnostic::error("eval::path_outside", span, message);
        return Err(Box::new(
            error.help("name something in the folder, without a `/` before it"),
        ));
    }
    let joined = if path == "." {
        relative.text.to_owned()
    } else {
        format!("{path}/{}", relative.text)
    };
    // A file's name is what comes before the last `/`, so any name will do for the file.
    let root = if path.starts_with("<library>") {
        "<library>/x"
    } else {
        "x"
    };
    let joined = joined.strip_prefix("<library>/").unwrap_or(&joined);
    let Some(normal) = crate::path::relative_to(root, joined) else {
        let message = format!("{} leads out of the configuration's folder", relative.text);
        return Err(Box::new(Diagnostic::error(
            "eval::path_outside",
            arguments.at(1),
            message,
        )));
    };
    let normal: &'a str = evaluator.arena.text(&normal);
    Ok(Value::Path(evaluator.arena.alloc(normal)))
}
