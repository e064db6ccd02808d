//! One configuration: the door to options for everyone else.
//!
//! In: a host, an entry file, the library. Out: values of single options, or the whole configuration with
//! *all* errors. Refuses to know what the options are for.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;

use cairn_eval::{Arena, Data, DataKind, Evaluator, Host, ScopeId, Type, TypeKind, Value};
use cairn_syntax::span::{SourceId, SourceMap, Span};
use cairn_syntax::{Diagnostic, Severity};

use crate::closed::{Cursor, Known, Walker};
use crate::collect::{Assertion, Test, collect};
use crate::doubt::Doubt;
use crate::engine::{Engine, ROOT};
use crate::load::Module;
use crate::point::{Assignment, Place, Point};
use crate::recorder::Recorder;
use crate::tree::{Form, shape};
use crate::{load as graph, path};

/// Why there is no configuration: all errors that were found, and the texts they point into.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Errors and warnings, those of the user's files in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
    /// What the spans point into; `cairn_syntax::render` shows both.
    pub sources: SourceMap,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let errors = self
            .diagnostics
            .iter()
            .filter(|one| one.severity == Severity::Error)
            .count();
        write!(
            formatter,
            "the configuration has {errors} error{}",
            if errors == 1 { "" } else { "s" }
        )
    }
}

impl std::error::Error for Failure {}

/// A configuration in which nothing is wrong.
#[derive(Debug, Clone)]
pub struct Checked {
    /// Everything, forced; [`crate::json`] and [`crate::contexts`] read it.
    pub data: Data,
    /// What `warn` items and the merging had to say.
    pub warnings: Vec<Diagnostic>,
}

/// What a `test` item came to.
#[derive(Debug, Clone)]
pub struct Tested {
    /// What it claims.
    pub claim: String,
    /// Where its expression stands.
    pub span: Span,
    /// Why it does not hold; `None` where it does.
    pub failure: Option<Diagnostic>,
}

/// A loaded configuration. Nothing is computed before it is asked for.
pub struct Config<'a> {
    pub(crate) evaluator: Evaluator<'a>,
    pub(crate) engine: Rc<Engine<'a>>,
    pub(crate) known: Known<'a>,
    assertions: Vec<Assertion<'a>>,
    tests: Vec<Test<'a>>,
    /// Found before anything ran.
    errors: Vec<Diagnostic>,
    /// Points that a check puts off: nobody sets them.
    unset: Vec<&'a Point<'a>>,
    /// The points that a check is below, each with what else lies beside it.
    walked: Vec<&'a Point<'a>>,
    files: Rc<RefCell<foldhash::HashSet<String>>>,
    entry: ScopeId,
    /// Kept only because to let go of them takes time: most programs end first.
    _trees: Vec<Module>,
}

/// Reads a configuration: `entry` is a path below the host's root, `library` the library's modules by
/// their names (`services/nginx.cairn`); `prelude.cairn` holds the types that every module sees.
///
/// Errors: everything that is wrong, also what only computing shows, and tests that do not hold. Where a file could not
/// be read or parsed, only what stays true when it can be.
pub fn load<'a>(
    arena: &'a Arena,
    host: Box<dyn Host + 'a>,
    entry: &str,
    library: &[(&str, &str)],
) -> Result<Config<'a>, Failure> {
    let files = Rc::<RefCell<foldhash::HashSet<String>>>::default();
    let mut host = Recorder {
        host,
        files: files.clone(),
    };
    let mut loaded = graph::load(&mut host, entry, library);
    let unread = std::mem::take(&mut loaded.errors);
    let modules = std::mem::take(&mut loaded.modules);
    if modules.len() == library.len() {
        // The entry itself.
        return Err(failure(unread, loaded.sources));
    }
    let doubt = Doubt::of(&unread, &modules, &loaded.sources);
    let mut evaluator = Evaluator::new(arena, loaded.sources, loaded.names, Box::new(host));
    let root = evaluator.external(ROOT);
    let collected = collect(&mut evaluator, &modules, root);
    let tree = collected.tree;
    let known = Known::of(tree);
    let mut errors = unread;
    errors.extend(collected.errors);
    let walker = Walker {
        evaluator: &evaluator,
        known: &known,
    };
    let mut above = Vec::new();
    for definition in &collected.definitions {
        let (path, expr) = (definition.path, definition.expr);
        walker.definition(tree, path, expr, &mut above, &mut errors);
    }
    let assignments = collected
        .definitions
        .iter()
        .enumerate()
        .map(|(position, definition)| Assignment {
            value: definition.value,
            span: definition.expr.span,
            path: arena.slice(definition.path),
            condition: definition.condition,
            position: position as u32,
        });
    let assignments = arena.collect(assignments);
    let anything = arena.alloc(Type {
        kind: TypeKind::Any,
        span: None,
    });
    let engine = Rc::new(Engine::new(
        arena,
        tree,
        assignments,
        collected.conditions,
        (evaluator.names.intern(""), root),
        anything,
    ));
    drop(collected.definitions);
    evaluator.set_externals(engine.clone());
    let mut config = Config {
        evaluator,
        engine,
        known,
        assertions: collected.assertions,
        tests: collected.tests,
        errors,
        unset: Vec::new(),
        walked: Vec::new(),
        files,
        entry: collected.entry,
        _trees: modules,
    };
    if config.errors.is_empty() {
        return Ok(config);
    }
    let mut found = match config.check_with_tests() {
        Err(failure) => failure.diagnostics,
        Ok(_) => config.errors.clone(),
    };
    found.retain(|one| doubt.believes(one));
    Err(failure(found, config.evaluator.sources))
}

/// Each diagnostic once; errors before warnings, the user's files before the library.
fn failure(diagnostics: Vec<Diagnostic>, sources: SourceMap) -> Failure {
    let mut seen = HashSet::new();
    let mut diagnostics: Vec<Diagnostic> = diagnostics
        .into_iter()
        .filter(|one| {
            // One slip in a comprehension is one mistake, however many records it made.
            let computed = one.code == "options::unknown";
            let message = if computed {
                String::new()
            } else {
                one.message.clone()
            };
            seen.insert((one.code, one.primary.span, message))
        })
        .collect();
    diagnostics.sort_by_key(|one| {
        let span = one.primary.span;
        let library = sources.get(span.source).name.starts_with(graph::LIBRARY);
        (
            one.severity != Severity::Error,
            library,
            span.source,
            span.start,
        )
    });
    Failure {
        diagnostics,
        sources,
    }
}

impl<'a> Config<'a> {
    /// Computes everything, and reports everything that is wrong: values, types, unknown names in computed
    /// records, assertions.
    pub fn check(&mut self) -> Result<Checked, Failure> {
        let mut errors = self.errors.clone();
        let root = self.engine.point(ROOT);
        let data = self.whole(root, &mut errors);
        self.assert_all(&mut errors);
        // Mistakes of expression files that were imported on the way.
        errors.extend(self.evaluator.take_errors());
        errors.append(&mut self.engine.found.borrow_mut());
        let (errors, warnings): (Vec<_>, Vec<_>) = errors
            .into_iter()
            .partition(|one| one.severity == Severity::Error);
        match data {
            Some(data) if errors.is_empty() => {
                let warnings = failure(warnings, self.evaluator.sources.clone()).diagnostics;
                Ok(Checked { data, warnings })
            }
            _ => {
                let all = errors.into_iter().chain(warnings).collect();
                Err(failure(all, self.evaluator.sources.clone()))
            }
        }
    }

    /// One option, or everything below a group or record: `services.nginx.level`. Computes only what it needs.
    ///
    /// Errors: no such option; or what computing it met.
    pub fn get(&mut self, path: &str) -> Result<Data, Failure> {
        let point = self.find(path)?;
        let mut errors = Vec::new();
        let data = self.whole(point, &mut errors);
        match data {
            Some(data) if errors.is_empty() => Ok(data),
            _ => Err(failure(errors, self.evaluator.sources.clone())),
        }
    }

    /// The texts that were loaded; spans point into them.
    pub fn sources(&self) -> &SourceMap {
        &self.evaluator.sources
    }

    /// The evaluator, for `cairn eval` and the REPL.
    pub fn evaluator(&mut self) -> &mut Evaluator<'a> {
        &mut self.evaluator
    }

    /// What stands in the entry file sees: the library's functions and types, `config`, its own `let`s and types.
    pub fn scope(&self) -> ScopeId {
        self.entry
    }

    /// The paths of all files and folders that were read so far, relative to the configuration's root, sorted.
    pub fn files_read(&self) -> Vec<String> {
        let mut files: Vec<String> = self.files.borrow().iter().cloned().collect();
        files.sort_unstable();
        files
    }

    /// Where the user set an option: the definition that won, or the nearest one above it. `None` where
    /// nobody did.
    pub fn span_of(&mut self, path: &[String]) -> Option<Span> {
        (1..=path.len()).rev().find_map(|length| {
            let text = path::print(path[..length].iter().map(String::as_str));
            let why = self.why(&text).ok()?;
            why.definitions
                .iter()
                .find(|one| one.standing == crate::Standing::Won)
                .map(|one| one.span)
        })
    }

    /// Runs all `test` items.
    pub fn run_tests(&mut self) -> Vec<Tested> {
        let mut results = Vec::with_capacity(self.tests.len());
        for index in 0..self.tests.len() {
            let Test { claim, value, span } = &self.tests[index];
            let (claim, value, span) = (claim.clone(), *value, *span);
            let failure = match self.evaluator.force(value, span) {
                Ok(Value::Bool(true)) => None,
                Ok(other) => {
                    let shown = self.evaluator.show(other);
                    Some(
                        Diagnostic::error(
                            "options::test_failed",
                            span,
                            format!("test failed: {claim}"),
                        )
                        .label(format!("this is {shown}")),
                    )
                }
                Err(error) => Some(*error),
            };
            results.push(Tested {
                claim,
                span,
                failure,
            });
        }
        results
    }

    /// [`Self::check`]; where that fails, its errors and the tests that are false, but not those that need what is wrong
    /// by itself.
    pub fn check_with_tests(&mut self) -> Result<Checked, Failure> {
        self.check().map_err(|wrong| {
            let mut diagnostics = wrong.diagnostics;
            let tested = self.run_tests().into_iter();
            let failed = tested.filter_map(|one| one.failure);
            diagnostics.extend(failed.filter(|one| one.code == "options::test_failed"));
            failure(diagnostics, self.evaluator.sources.clone())
        })
    }

    /// The point behind a path's text.
    pub(crate) fn find(&mut self, text: &str) -> Result<&'a Point<'a>, Failure> {
        let source = self.evaluator.sources.add("<option>", text);
        let Some(parts) = path::parse(text) else {
            let span = Span::new(source, 0, text.len());
            let error = Diagnostic::error("options::path", span, format!("`{text}` is no option path"))
                .help("write names with dots between; quote a name that has a dot: `sites.\"example.org\"`");
            return Err(failure(vec![error], self.evaluator.sources.clone()));
        };
        let mut point = self.engine.point(ROOT);
        for (index, (part, start)) in parts.iter().enumerate() {
            let end = parts
                .get(index + 1)
                .map_or(text.len(), |(_, next)| next - 1);
            let span = Span::new(source, *start, end);
            point = self
                .below(point, part, span)
                .map_err(|error| failure(vec![*error], self.evaluator.sources.clone()))?;
        }
        Ok(point)
    }

    fn below(
        &mut self,
        point: &'a Point<'a>,
        part: &str,
        span: Span,
    ) -> Result<&'a Point<'a>, cairn_eval::Error> {
        let name = self.evaluator.names.intern(part);
        self.evaluator.force(point.value, span)?;
        let children = point.children();
        if let Some(child) = children.iter().find(|child| child.name == name) {
            return Ok(child);
        }
        let names = &self.evaluator.names;
        let path = point.path();
        let above: Vec<&str> = path.iter().map(|name| names.text(*name)).collect();
        let siblings: Vec<&str> = children
            .iter()
            .map(|child| names.text(child.name))
            .collect();
        Err(crate::report::unknown(
            span,
            &above,
            part,
            &siblings,
            self.known.paths(&self.evaluator),
        ))
    }

    /// Forces a point and all below it. What nobody sets comes last: until then somebody may have asked for it, and the
    /// error names who.
    fn whole(&mut self, point: &'a Point<'a>, errors: &mut Vec<Diagnostic>) -> Option<Data> {
        let data = self.walk(point, errors);
        let unset = std::mem::take(&mut self.unset);
        let none = unset.is_empty();
        for point in unset {
            self.walk_now(point, errors);
        }
        data.filter(|_| none)
    }

    /// Forces a point and all below it; puts off what nobody sets.
    fn walk(&mut self, point: &'a Point<'a>, errors: &mut Vec<Diagnostic>) -> Option<Data> {
        if self.is_unset(point) {
            self.unset.push(point);
            return None;
        }
        self.walk_now(point, errors)
    }

    /// Whether an option has neither a definition nor a default, and needs one.
    fn is_unset(&mut self, point: &'a Point<'a>) -> bool {
        let Some(ty) = point.place.ty() else {
            return false;
        };
        let gathered = self.engine.gather(&mut self.evaluator, point);
        gathered.is_ok_and(<[_]>::is_empty) && {
            let shape = shape(&self.evaluator, ty);
            !shape.nullable && !matches!(shape.form, Form::Record(_) | Form::Map(_))
        }
    }

    fn walk_now(&mut self, point: &'a Point<'a>, errors: &mut Vec<Diagnostic>) -> Option<Data> {
        let span = point
            .home(&self.evaluator)
            .unwrap_or(Span::new(SourceId(0), 0, 0));
        let value = match self.evaluator.force(point.value, span) {
            Ok(value) => value,
            Err(error) => {
                errors.push(*error);
                return None;
            }
        };
        let by_name = matches!(value, Value::Record(_))
            && match point.place.ty().map(|ty| shape(&self.evaluator, ty).form) {
                None | Some(Form::Record(_) | Form::Map(_)) => true,
                Some(Form::Any) => !point.children().is_empty(),
                Some(_) => false,
            };
        if !by_name {
            return match self.evaluator.data(value, span) {
                Ok(data) => Some(data),
                Err(all) => {
                    errors.extend(all);
                    None
                }
            };
        }
        self.closed(point, errors);
        // Those of the points around this one stand before its own.
        let first = self.walked.len();
        self.walked.extend(point.children());
        let children = first..self.walked.len();
        self.evaluator
            .sort_by_text(&mut self.walked[first..], |child| child.name);
        let count = children.len();
        let mut fields = Vec::with_capacity(count);
        for index in children {
            let child = self.walked[index];
            if let Some(data) = self.walk(child, errors) {
                fields.push((self.evaluator.names.text(child.name).to_owned(), data));
            }
        }
        self.walked.truncate(first);
        (fields.len() == count).then(|| Data {
            kind: DataKind::Map(fields),
            span: point.home(&self.evaluator),
        })
    }

    /// Reports fields of computed records that nobody declared.
    fn closed(&mut self, point: &'a Point<'a>, errors: &mut Vec<Diagnostic>) {
        let opened = match self.engine.opened(&mut self.evaluator, point) {
            Ok(opened) => opened,
            Err(error) => return errors.push(*error),
        };
        let walker = Walker {
            evaluator: &self.evaluator,
            known: &self.known,
        };
        let inside = walker.inside(match point.place {
            Place::Group(group) => Cursor::Group(group),
            Place::Typed(typed) => Cursor::Type(typed.ty()),
        });
        if inside.admits_all() {
            return;
        }
        for opened in opened {
            for field in opened.record.map_or(&[][..], |record| record.fields) {
                if inside.get(field.name).is_none() {
                    let place = self.evaluator.place(field.origin);
                    let span = place.map_or(opened.peeled.span, |place| place.key);
                    errors.push(*walker.refuse(inside, &point.path(), field.name, span));
                }
            }
        }
    }

    fn assert_all(&mut self, errors: &mut Vec<Diagnostic>) {
        for index in 0..self.assertions.len() {
            match self.assertion(index) {
                Ok(None) => {}
                Ok(Some(found)) => errors.push(found),
                Err(error) => errors.push(*error),
            }
        }
    }

    fn assertion(&mut self, index: usize) -> cairn_eval::Result<Option<Diagnostic>> {
        let Assertion {
            fatal,
            holds,
            span,
            message,
            message_span,
            condition,
        } = self.assertions[index];
        let engine = self.engine.clone();
        if !engine.active(&mut self.evaluator, condition)? {
            return Ok(None);
        }
        match self.evaluator.force(holds, span)? {
            Value::Bool(true) => return Ok(None),
            Value::Bool(false) => {}
            other => {
                let shown = self.evaluator.show(other);
                return Err(Box::new(
                    Diagnostic::error(
                        "options::assertion_type",
                        span,
                        "what is asserted must be true or false",
                    )
                    .label(format!("this is {shown}")),
                ));
            }
        }
        let text = match self.evaluator.force(message, message_span)? {
            Value::Str(text) => text.text.to_owned(),
            other => self.evaluator.show(other),
        };
        Ok(Some(if fatal {
            Diagnostic::error("options::assertion", span, text).label("this does not hold")
        } else {
            Diagnostic::warning("options::warning", span, text).label("this does not hold")
        }))
    }
}
