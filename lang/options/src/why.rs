//! Where a value comes from: `cairn why services.nginx.level`.
//!
//! In: a path. Out: the value, every definition that won, lost or did not count, and the declaration, each with
//! file, line and text. Computes what it shows and nothing else.

use cairn_eval::Data;
use cairn_syntax::span::Span;

use crate::config::{Config, Failure};
use crate::point::PLAIN;

/// What became of a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is (part of) the value.
    Won,
    /// One of a lower priority number won.
    Lost,
    /// The condition of a `when` around it is false.
    Off,
}

/// One definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Because {
    /// Display name of the file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The value's expression as written.
    pub text: String,
    /// 50 `force`, 100 plain, 1000 `default`, 1500 the option's own default.
    pub priority: i64,
    /// What became of it.
    pub standing: Standing,
    /// Where the value's expression stands.
    pub span: Span,
}

/// Everything about one option's value.
#[derive(Debug, Clone)]
pub struct Why {
    /// The option, as a user would write it.
    pub path: String,
    /// Its value.
    pub value: Data,
    /// Every definition, in the order in which they merge; the option's own default last.
    pub definitions: Vec<Because>,
    /// Where it is declared: file, line.
    pub declared: Option<(String, usize)>,
    /// Its type.
    pub ty: Option<String>,
}

impl Config<'_> {
    /// Why an option has its value.
    ///
    /// Errors: no such option, or what computing it met.
    pub fn why(&mut self, path: &str) -> Result<Why, Failure> {
        let point = self.find(path)?;
        let value = self.get(path)?;
        let engine = self.engine.clone();
        let failed = |error: cairn_eval::Error, config: &Self| Failure {
            diagnostics: vec![*error],
            sources: config.evaluator.sources.clone(),
        };
        let gathered = engine
            .gather(&mut self.evaluator, point)
            .map_err(|error| failed(error, self))?;
        let mut found = Vec::new();
        for contribution in gathered {
            let active = engine
                .active(&mut self.evaluator, contribution.condition())
                .map_err(|error| failed(error, self))?;
            let peeled = if active && contribution.is_whole() && !contribution.is_declared() {
                Some(
                    contribution
                        .peel(&mut self.evaluator)
                        .map_err(|error| failed(error, self))?,
                )
            } else {
                None
            };
            let priority = peeled
                .as_ref()
                .map_or(contribution.priority(), |peeled| peeled.priority)
                .unwrap_or(PLAIN);
            let remove = peeled.as_ref().is_some_and(|peeled| peeled.remove);
            found.push((contribution.span(&self.evaluator), active, priority, remove));
        }
        let best = found
            .iter()
            .filter(|(_, active, _, remove)| *active && !remove)
            .map(|(_, _, priority, _)| *priority)
            .min();
        let by_name = !point.children().is_empty();
        let definitions = found
            .into_iter()
            .map(|(span, active, priority, remove)| {
                let sources = &self.evaluator.sources;
                let (line, column) = sources.line_column(span);
                Because {
                    file: sources.get(span.source).name.to_string(),
                    line,
                    column,
                    text: sources.slice(span).to_owned(),
                    priority,
                    standing: match (active, by_name || remove || Some(priority) == best) {
                        (false, _) => Standing::Off,
                        (true, true) => Standing::Won,
                        (true, false) => Standing::Lost,
                    },
                    span,
                }
            })
            .collect();
        let declared = point.place.declared().map(|declared| {
            let sources = &self.evaluator.sources;
            let file = sources.get(declared.source).name.to_string();
            (file, sources.line_column(declared).0)
        });
        let ty = point.place.ty().map(|ty| self.evaluator.show_type(ty));
        Ok(Why {
            path: path.to_owned(),
            value,
            definitions,
            declared,
            ty,
        })
    }
}
