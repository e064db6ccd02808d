//! `cairn eval`: the value of an expression, an option or a file.

use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use cairn_eval::{Arena, DataKind, Evaluator, ScopeId, Value};
use cairn_syntax::span::Span;
use clap::{Args, CommandFactory as _};

use super::Ended;
use crate::arguments::Arguments;
use crate::configuration::{self, failed};
use crate::context::Context;
use crate::error::{CommandError, print_diagnostics};
use crate::exit::Exit;
use crate::live_host::{LiveHost, STDIN, stdin};

/// Prints the value of an expression, of an option, or of a whole file
///
/// `-e` alone evaluates an expression without any configuration, in the current folder. `FILE -e` evaluates it with the `config` of
/// the file in sight, and with what the file binds by `let` and `type`. `FILE` alone prints the whole configuration, or the
/// value of the file where it holds a single expression.
///
/// Values are printed as they would be written; a function is shown as `<function>`. With `--json` there is exactly one JSON
/// value on stdout; errors are then an array on stderr, in the form of `cairn check --json`.
#[derive(Debug, Args)]
pub struct Eval {
    /// The configuration, or the file of an expression; `-` reads it from stdin. Without this and without `-e`
    /// `CAIRN_CONFIG`, or else /etc/cairn/system.cairn
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The expression, such as `config.services.nginx`; `-` reads it from stdin
    #[arg(
        short = 'e',
        long = "expr",
        value_name = "EXPR",
        allow_hyphen_values = true
    )]
    expression: Option<String>,
    /// An option of the configuration, such as `services.nginx.sites`
    #[arg(long, value_name = "OPTION", conflicts_with = "expression")]
    option: Option<String>,
    /// Prints a string as it is, without quotes and line break
    #[arg(long, conflicts_with = "json")]
    raw: bool,
}

/// How a value is printed.
#[derive(Clone, Copy)]
enum Form {
    Notation,
    Json,
    Raw,
}

impl Eval {
    /// Whether it reads no configuration.
    pub fn is_brief(&self) -> bool {
        self.file.is_none() && self.expression.is_some()
    }

    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let form = match (context.globals.json, self.raw) {
            (true, _) => Form::Json,
            (_, true) => Form::Raw,
            _ => Form::Notation,
        };
        // The text is made where the stack is deep: a value may be nested as deeply as it likes.
        let work = || {
            // The program ends with this: what was made is left to the system, which takes it back at once.
            let arena = ManuallyDrop::new(Arena::with_limits(context.globals.limits()));
            match (&self.file, &self.expression) {
                (None, Some(expression)) => alone(&arena, expression, form),
                (Some(file), Some(expression)) => beside(&arena, file, expression, form),
                (file, None) => {
                    let file = file.clone().unwrap_or_else(default_file);
                    whole(&arena, &file, self.option.as_deref(), form)
                }
            }
        };
        let text = match cairn_eval::with_deep_stack(work).map_err(CommandError::Thread)? {
            Err(error) if context.globals.json => {
                let Some(located) = error.located() else {
                    return Err(error);
                };
                let text = serde_json::to_string_pretty(&located)
                    .map_err(|error| CommandError::Output(error.into()))?;
                anstream::eprintln!("{text}");
                return Ok(Exit::Failed);
            }
            ended => ended?,
        };
        context.data(&text)
    }
}

/// The configuration that is meant where none is named.
pub fn default_file() -> PathBuf {
    std::env::var_os("CAIRN_CONFIG").map_or_else(|| "/etc/cairn/system.cairn".into(), Into::into)
}

/// An expression that knows no configuration.
fn alone(arena: &Arena, expression: &str, form: Form) -> Result<String, CommandError> {
    let (name, text) = named(expression)?;
    let mut evaluator = configuration::evaluator(arena, LiveHost::here());
    let scope = evaluator.prelude();
    printed(&mut evaluator, scope, name, &text, form)
}

/// An expression that sees a configuration.
fn beside(
    arena: &Arena,
    file: &Path,
    expression: &str,
    form: Form,
) -> Result<String, CommandError> {
    if file == Path::new("-") && expression == "-" {
        wrong_usage("stdin can't be both the file and the expression");
    }
    let (mut host, entry) = LiveHost::of(file)?;
    if configuration::expression_text(&mut host, &entry).is_some() {
        let file = file.display();
        wrong_usage(&format!(
            "{file} holds an expression, which has no `config`; `cairn eval {file}` gives its value"
        ));
    }
    let mut config = configuration::load(arena, host, &entry)?;
    let (name, text) = named(expression)?;
    let scope = config.scope();
    printed(config.evaluator(), scope, name, &text, form)
}

/// All that a file says, or one option of it.
fn whole(
    arena: &Arena,
    file: &Path,
    option: Option<&str>,
    form: Form,
) -> Result<String, CommandError> {
    let (mut host, entry) = LiveHost::of(file)?;
    if option.is_none()
        && let Some(text) = configuration::expression_text(&mut host, &entry)
    {
        let mut evaluator = configuration::evaluator(arena, host);
        let scope = evaluator.prelude();
        return printed(&mut evaluator, scope, &entry, &text, form);
    }
    let mut config = ManuallyDrop::new(configuration::load(arena, host, &entry)?);
    let data = if let Some(option) = option {
        config.get(option)?
    } else {
        let checked = config.check()?;
        print_diagnostics(&checked.warnings, config.sources());
        checked.data
    };
    let data = ManuallyDrop::new(data);
    Ok(match (form, &data.kind) {
        (Form::Json, _) => data.print_json() + "\n",
        (Form::Raw, DataKind::Str { text, .. }) => text.clone(),
        _ => data.print() + "\n",
    })
}

/// The value of an expression's text.
fn printed(
    evaluator: &mut Evaluator<'_>,
    scope: ScopeId,
    name: &str,
    text: &str,
    form: Form,
) -> Result<String, CommandError> {
    match evaluator.evaluate_in(scope, name, text) {
        Ok((value, span)) => shown(evaluator, value, span, form),
        Err(errors) => Err(failed(errors, evaluator)),
    }
}

fn shown<'a>(
    evaluator: &mut Evaluator<'a>,
    value: Value<'a>,
    span: Span,
    form: Form,
) -> Result<String, CommandError> {
    let text = match form {
        Form::Json => evaluator.data(value, span).map(|data| data.print_json()),
        Form::Notation => evaluator.print(value, span),
        Form::Raw => match evaluator.force(value, span) {
            Ok(Value::Str(text)) => return Ok(text.text.to_owned()),
            Ok(_) => evaluator.print(value, span),
            Err(error) => Err(vec![*error]),
        },
    };
    text.map(|text| text + "\n")
        .map_err(|errors| failed(errors, evaluator))
}

/// What an expression is called in messages, and its text.
fn named(expression: &str) -> Result<(&'static str, String), CommandError> {
    if expression == "-" {
        Ok((STDIN, stdin()?))
    } else {
        Ok(("<expression>", expression.to_owned()))
    }
}

/// Ends the program as a wrong command line does.
fn wrong_usage(words: &str) -> ! {
    let kind = clap::error::ErrorKind::ArgumentConflict;
    Arguments::command().error(kind, words).exit()
}
