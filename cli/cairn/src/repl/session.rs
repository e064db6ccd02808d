//! One session: what is in sight, and what an input means.
//!
//! In: a file or none, then inputs. Out: [`Answer`]s, or errors with their places. `let x = …` and `type T = …` mean what they mean in
//! a module; `x = …` sees the `x` from before. Names live as long as the session.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use cairn_eval::{Arena, Evaluator, ScopeId, Value, library};
use cairn_options::Config;
use cairn_syntax::ast::{ItemKind, Module};
use cairn_syntax::span::Span;
use cairn_syntax::{Diagnostic, File, nearest, parse_file};

use super::kinds::kind;
use crate::commands::why_text;
use crate::configuration::{self, failed};
use crate::error::CommandError;
use crate::live_host::LiveHost;

/// The commands, and what they do.
pub const COMMANDS: &[(&str, &str)] = &[
    (
        ":type",
        ":type EXPR    what kind of value an expression has",
    ),
    (":why", ":why OPTION   where an option's value comes from"),
    (
        ":doc",
        ":doc NAME     what a function of the library or an option is for",
    ),
    (":load", ":load FILE    begins anew with a configuration"),
    (":help", ":help         lists this"),
    (":quit", ":quit         ends; so does Ctrl-D"),
];

/// What an input gave.
pub enum Answer {
    /// A name was bound, or nothing was there.
    Nothing,
    /// Something to print.
    Text(String),
    /// Begin anew.
    Load(PathBuf),
    /// End.
    Quit,
}

/// What the session looks into.
enum World<'a> {
    Config(Box<Config<'a>>),
    Alone(Box<Evaluator<'a>>),
}

/// A session.
pub struct Session<'a> {
    world: World<'a>,
    scope: ScopeId,
    inputs: usize,
}

impl<'a> Session<'a> {
    /// A session that looks into a configuration, or into none.
    pub fn new(arena: &'a Arena, file: Option<&Path>) -> Result<Self, CommandError> {
        let (world, scope) = if let Some(file) = file {
            let (host, entry) = LiveHost::of(file)?;
            let config = configuration::load(arena, host, &entry)?;
            let scope = config.scope();
            (World::Config(Box::new(config)), scope)
        } else {
            let evaluator = configuration::evaluator(arena, LiveHost::here());
            let scope = evaluator.prelude();
            (World::Alone(Box::new(evaluator)), scope)
        };
        Ok(Self {
            world,
            scope,
            inputs: 0,
        })
    }

    fn evaluator(&mut self) -> &mut Evaluator<'a> {
        match &mut self.world {
            World::Config(config) => config.evaluator(),
            World::Alone(evaluator) => evaluator,
        }
    }

    /// What an input means.
    pub fn answer(&mut self, input: &str) -> Result<Answer, CommandError> {
        // Each line has all its steps.
        self.evaluator().renew();
        let input = input.trim();
        if let Some(command) = input.strip_prefix(':') {
            let (word, rest) = command.split_once(' ').unwrap_or((command, ""));
            return self.command(word, rest.trim());
        }
        self.inputs += 1;
        let name = format!("<input {}>", self.inputs);
        let evaluator = self.evaluator();
        let id = evaluator.sources.add(name, input);
        let parsed = parse_file(&evaluator.sources, id, &mut evaluator.names);
        if !parsed.errors.is_empty() {
            return Err(failed(parsed.errors, evaluator));
        }
        match parsed.tree {
            File::Module(module) => self.bind(&module),
            File::Expression(expr) => {
                let scope = self.scope;
                let evaluator = self.evaluator();
                let value = evaluator.thunk(scope, &expr);
                let errors = evaluator.take_errors();
                if !errors.is_empty() {
                    return Err(failed(errors, evaluator));
                }
                let text = evaluator.print(value, expr.span);
                text.map(|text| Answer::Text(text + "\n"))
                    .map_err(|errors| failed(errors, evaluator))
            }
        }
    }

    /// Brings the names of `let`s, types and `name = …` in sight.
    fn bind(&mut self, module: &Module) -> Result<Answer, CommandError> {
        let mut scope = self.scope;
        let evaluator = self.evaluator();
        for item in &module.items {
            match &item.kind {
                ItemKind::Let(_) | ItemKind::Type { .. } => {}
                ItemKind::Definition { path, .. } if path.len() == 1 => {}
                _ => return Err(failed(vec![no_binding(item.span)], evaluator)),
            }
        }
        let mut own = module.clone();
        own.items
            .retain(|item| !matches!(item.kind, ItemKind::Definition { .. }));
        if !own.items.is_empty() {
            scope = evaluator.module_scope(&own, scope, &[]);
        }
        for item in &module.items {
            if let ItemKind::Definition { path, value } = &item.kind {
                let value = evaluator.thunk(scope, value);
                scope = evaluator.child_scope(scope, &[(path[0].symbol, value)]);
            }
        }
        let errors = evaluator.take_errors();
        if errors.is_empty() {
            self.scope = scope;
            Ok(Answer::Nothing)
        } else {
            Err(failed(errors, evaluator))
        }
    }

    fn command(&mut self, word: &str, rest: &str) -> Result<Answer, CommandError> {
        Ok(match word {
            "quit" | "q" | "exit" => Answer::Quit,
            "help" | "h" | "?" => {
                let mut text = String::from(
                    "EXPR          prints its value\nx = EXPR      keeps a value under a name; so does `let x = EXPR`, which may refer to itself\n",
                );
                for (_, line) in COMMANDS {
                    let _ = writeln!(text, "{line}");
                }
                Answer::Text(text)
            }
            "load" if !rest.is_empty() => Answer::Load(rest.into()),
            "type" => {
                let (value, span) = self.value(rest)?;
                let evaluator = self.evaluator();
                match evaluator.force(value, span) {
                    Ok(value) => Answer::Text(kind(evaluator, value, span) + "\n"),
                    Err(error) => return Err(failed(vec![*error], evaluator)),
                }
            }
            "why" => match &mut self.world {
                World::Config(config) => {
                    Answer::Text(why_text(&config.why(rest.trim_start_matches("config."))?))
                }
                World::Alone(_) => Answer::Text(
                    "there is no configuration here; `:load FILE` begins with one\n".into(),
                ),
            },
            "doc" => Answer::Text(self.doc(rest)),
            _ => {
                let names = COMMANDS.iter().map(|(name, _)| &name[1..]);
                let near = nearest(word, names)
                    .map_or_else(String::new, |near| format!("; did you mean `:{near}`?"));
                Answer::Text(format!("there is no `:{word}`{near}\n"))
            }
        })
    }

    /// The value of an expression, not computed yet.
    fn value(&mut self, text: &str) -> Result<(Value<'a>, Span), CommandError> {
        let scope = self.scope;
        let evaluator = self.evaluator();
        evaluator.renew();
        evaluator
            .evaluate_in(scope, "<input>", text)
            .map_err(|errors| failed(errors, evaluator))
    }

    /// What a function or an option is for.
    fn doc(&self, name: &str) -> String {
        if let Some(native) = library::functions().find(|native| native.name == name) {
            let parameters: Vec<String> = native
                .parameters
                .iter()
                .map(|one| {
                    if one.required {
                        one.name.to_owned()
                    } else {
                        format!("{} = …", one.name)
                    }
                })
                .collect();
            return format!("{name}({})\n  {}\n", parameters.join(", "), native.doc);
        }
        let path = name.trim_start_matches("config.");
        if let World::Config(config) = &self.world
            && let Some(option) = config.list().into_iter().find(|one| one.path == path)
        {
            let default = option
                .default
                .map_or_else(String::new, |text| format!(" = {text}"));
            let mut out = format!("{}: {}{default}\n", option.path, option.ty);
            for line in option.doc.as_deref().unwrap_or_default().lines() {
                let _ = writeln!(out, "  {line}");
            }
            return out;
        }
        let near = nearest(name, library::functions().map(|native| native.name));
        let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        format!("nothing is known of `{name}`{near}\n")
    }

    /// All names in sight, sorted.
    pub fn names(&mut self) -> Vec<String> {
        let scope = self.scope;
        let evaluator = self.evaluator();
        let mut names: Vec<String> = evaluator
            .global_names(scope)
            .into_iter()
            .chain(evaluator.type_names(scope))
            .map(str::to_owned)
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// The fields of what a plain path such as `config.services` leads to, sorted; none where it leads nowhere.
    pub fn fields(&mut self, path: &str) -> Vec<String> {
        let Ok((value, span)) = self.value(path) else {
            return Vec::new();
        };
        let evaluator = self.evaluator();
        let Ok(Value::Record(record)) = evaluator.force(value, span) else {
            return Vec::new();
        };
        let mut names: Vec<String> = record
            .fields
            .iter()
            .map(|field| evaluator.show_key(field.name))
            .collect();
        names.sort();
        names
    }
}

fn no_binding(span: Span) -> Diagnostic {
    Diagnostic::error(
        "cli::repl_item",
        span,
        "only `let`, `type` and `name = value` mean something here",
    )
    .help("put options and definitions into a file, and `:load` it")
}
