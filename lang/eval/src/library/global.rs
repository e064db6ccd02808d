//! The few functions outside any namespace: errors, and what asks the host.

use cairn_syntax::Diagnostic;

use super::{Arguments, Native, needed};
use crate::evaluate::host_error;
use crate::evaluator::{Evaluator, Result};
use crate::host::{EntryKind, Minted};
use crate::types::Blame;
use crate::value::{Field, Object, ObjectKind, Origin, Value};

pub(super) static FUNCTIONS: &[Native] = &[
    Native {
        name: "error",
        parameters: &[needed("message", "Str")],
        gives: "Any",
        doc: "Ends the evaluation with a message.",
        example: r#"error("no such disk")   # => error: eval::error"#,
        run: error,
    },
    Native {
        name: "trace",
        parameters: &[needed("message", "Any"), needed("value", "Any")],
        gives: "Any",
        doc: "Shows a message when the value is needed; gives the value.",
        example: r#"trace("seen", 5)   # => 5"#,
        run: trace,
    },
    Native {
        name: "check",
        parameters: &[needed("value", "Any"), needed("type", "Type")],
        gives: "Any",
        doc: "The value, checked against a type and with its defaults filled in.",
        example: r#"check({ a = 1 }, type { a: Int, b: Int = 2 })   # => {"a":1,"b":2}"#,
        run: check,
    },
    Native {
        name: "read_file",
        parameters: &[needed("path", "Path")],
        gives: "Str",
        doc: "The text of a file of the configuration.",
        example: r#"read_file(./motd)   # => "hello\n""#,
        run: read_file,
    },
    Native {
        name: "read_dir",
        parameters: &[needed("path", "Path")],
        gives: "Map(\"file\" | \"directory\" | \"symlink\")",
        doc: "What lies in a folder of the configuration: `\"file\"`, `\"directory\"` or `\"symlink\"` under each name.",
        example: r#"read_dir(./www)   # => {"index.html":"file"}"#,
        run: read_dir,
    },
    Native {
        name: "build",
        parameters: &[needed("description", "{ name: Str, .. }")],
        gives: "Path",
        doc: "What a script makes, in the sandbox: `{ name, script, tools, sources, env }`.",
        example: r#"build({ name = "hello", script = "echo hello > $out" })   # => "/store/hello""#,
        run: build,
    },
    Native {
        name: "fetch",
        parameters: &[needed("description", "{ url: Str, sha256: Str, .. }")],
        gives: "Path",
        doc: "A file from the network, known by its SHA-256: `{ url, sha256, name, size }`.",
        example: r#"fetch({ url = "https://example.org/a.tar", sha256 = "9f86d0…" })   # => "/store/a.tar""#,
        run: fetch,
    },
    Native {
        name: "secret",
        parameters: &[needed("path", "Str | Path")],
        gives: "Secret",
        doc: "A reference to an encrypted file; its content is delivered at run time.",
        example: r#"secret(./db.age)   # => {"secret":"db.age"}"#,
        run: secret,
    },
];

fn error<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let message = arguments.text(evaluator, 0)?;
    Err(Box::new(Diagnostic::error(
        "eval::error",
        arguments.span,
        message.text,
    )))
}

fn trace<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let message = arguments.value(evaluator, 0)?;
    let line = match message {
        Value::Str(text) => text.text.to_owned(),
        other => evaluator.show(other),
    };
    evaluator.host.trace(&line);
    Ok(arguments.later(1))
}

fn check<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    match arguments.value(evaluator, 1)? {
        Value::Type(ty) => {
            let blame = Blame {
                declared: ty.span,
                ..Blame::at(arguments.at(0))
            };
            evaluator.check(arguments.later(0), ty, blame)
        }
        other => Err(evaluator.expected(
            "the second argument of `check`",
            "a type",
            other,
            arguments.at(1),
        )),
    }
}

fn read_file<'a>(
    evaluator: &mut Evaluator<'a>,
    arguments: &Arguments<'_, 'a>,
) -> Result<Value<'a>> {
    let path = arguments.path(evaluator, 0)?;
    let text = evaluator
        .host
        .read_file(path)
        .map_err(|error| host_error(error, arguments.at(0)))?;
    Ok(evaluator.string(&text))
}

fn read_dir<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let path = arguments.path(evaluator, 0)?;
    let entries: Vec<(String, EntryKind)> = evaluator
        .host
        .read_dir(path)
        .map_err(|error| host_error(error, arguments.at(0)))?;
    let mut fields = Vec::with_capacity(entries.len());
    for (name, kind) in entries {
        let name = evaluator.names.intern(&name);
        fields.push(Field {
            name,
            origin: Origin::NONE,
            value: evaluator.string(kind.name()),
        });
    }
    Ok(evaluator.record(fields))
}

fn object<'a>(evaluator: &Evaluator<'a>, kind: ObjectKind, minted: &Minted) -> Value<'a> {
    let text = evaluator.arena.text(&minted.text);
    Value::Object(evaluator.arena.alloc(Object {
        kind,
        text,
        context: Some(minted.context),
    }))
}

fn build<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    arguments.record(evaluator, 0)?;
    let description = evaluator.whole(arguments.later(0), arguments.at(0))?;
    let minted = evaluator
        .host
        .build(&description)
        .map_err(|error| host_error(error, arguments.at(0)))?;
    Ok(object(evaluator, ObjectKind::Build, &minted))
}

fn fetch<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    arguments.record(evaluator, 0)?;
    let description = evaluator.whole(arguments.later(0), arguments.at(0))?;
    let minted = evaluator
        .host
        .fetch(&description)
        .map_err(|error| host_error(error, arguments.at(0)))?;
    Ok(object(evaluator, ObjectKind::Fetch, &minted))
}

fn secret<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let path = match arguments.value(evaluator, 0)? {
        Value::Path(path) => (*path).to_owned(),
        Value::Str(text) => {
            let source = evaluator.sources.get(arguments.at(0).source).name.clone();
            crate::path::relative_to(&source, text.text).ok_or_else(|| {
                let message = format!("{} leads out of the configuration's folder", text.text);
                Box::new(Diagnostic::error(
                    "eval::path_outside",
                    arguments.at(0),
                    message,
                ))
            })?
        }
        other => {
            return Err(evaluator.expected(
                "the argument of `secret`",
                "a path",
                other,
                arguments.at(0),
            ));
        }
    };
    let text = evaluator.arena.text(&path);
    Ok(Value::Object(evaluator.arena.alloc(Object {
        kind: ObjectKind::Secret,
        text,
        context: None,
    })))
}
