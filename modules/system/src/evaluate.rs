//! From a configuration file to a spec.
//!
//! In: the file, its folder and the module library. Out: [`Evaluated`], or every error with its place in the user's text.
//! Touches no store and no network.

use crate::described::Described;
use crate::host::{ConfigHost, with_causes};
use crate::library::LIBRARY;
use crate::source::Source;
use cairn_eval::{Arena, Limits};
use cairn_options::{Checked, Config, Failure, Standing, load};
use cairn_spec::SystemSpec;
use cairn_syntax::diagnostic::Diagnostic;
use cairn_syntax::span::{SourceId, SourceMap, Span};
use std::path::{Path, PathBuf};

/// A configuration that was evaluated whole and checked.
#[derive(Debug)]
pub struct Evaluated {
    /// What the machine has to know.
    pub spec: SystemSpec,
    /// The local files and folders that its texts name.
    pub sources: Vec<Source>,
    /// The builds and downloads that its texts name, and all that they need.
    pub described: Described,
    /// Texts, for showing the warnings.
    pub texts: SourceMap,
    /// What the configuration or the library warns of.
    pub warnings: Vec<Diagnostic>,
    /// Lines of `trace(…)`.
    pub traced: Vec<String>,
}

/// A configuration with errors.
#[derive(Debug, thiserror::Error)]
#[error("the configuration has {} error{}", .errors.len(), if .errors.len() == 1 { "" } else { "s" })]
pub struct Faulty {
    /// Every error.
    pub errors: Vec<Diagnostic>,
    /// The texts that they point into.
    pub texts: SourceMap,
}

/// Why there is nothing to build.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// Errors in the configuration.
    #[error(transparent)]
    Faulty(#[from] Box<Faulty>),
    /// No thread could be made for the evaluation.
    #[error("cannot begin the evaluation")]
    Thread(#[from] std::io::Error),
}

/// Evaluates a configuration whole, within limits.
///
/// Errors: [`EvaluateError::Faulty`], with every error that was found.
pub fn evaluate(config: &Path, limits: Limits) -> Result<Evaluated, EvaluateError> {
    Ok(cairn_eval::with_deep_stack(|| {
        evaluate_here(config, limits).map_err(Box::new)
    })??)
}

fn evaluate_here(config: &Path, limits: Limits) -> Result<Evaluated, Faulty> {
    let (host, entry) = host_of(config);
    let seen = host.sources();
    let faulty = |failure: Failure| Faulty {
        errors: failure.diagnostics,
        texts: failure.sources,
    };
    let arena = Arena::with_limits(limits);
    let mut config = load(&arena, Box::new(host), &entry, LIBRARY).map_err(faulty)?;
    let checked = config.check_with_tests().map_err(faulty)?;
    let spec = contract(&mut config, &checked).map_err(|errors| Faulty {
        errors,
        texts: config.sources().clone(),
    })?;
    let texts = config.sources().clone();
    let mut seen = seen.borrow_mut();
    let used = cairn_options::contexts(&checked.data);
    let (sources, described) = Described::of(&seen, used.into_iter().map(|(_, id)| id));
    Ok(Evaluated {
        spec,
        sources,
        described,
        texts,
        warnings: checked.warnings,
        traced: std::mem::take(&mut seen.traced),
    })
}

/// The spec of a configuration that was checked whole.
///
/// Errors: what the machine can't use, at the places where the user set it.
pub fn contract(config: &mut Config<'_>, checked: &Checked) -> Result<SystemSpec, Vec<Diagnostic>> {
    cairn_spec::from_json(cairn_options::json(&checked.data))
        .map_err(|error| placed(config, &error))
}

/// What the machine can't use, at the places where the user set it.
fn placed(config: &mut Config<'_>, error: &cairn_spec::Error) -> Vec<Diagnostic> {
    let cairn_spec::Error::Invalid(problems) = error else {
        return vec![Diagnostic::error(
            "spec::shape",
            Span::new(SourceId(0), 0, 0),
            with_causes(error),
        )];
    };
    let mut errors = Vec::new();
    for problem in problems {
        let item = problem.item.as_deref();
        let span = item
            .and_then(|item| item_span(config, &problem.path, item))
            .or_else(|| config.span_of(&problem.path))
            .unwrap_or_else(|| Span::new(SourceId(0), 0, 0));
        let option = cairn_options::print_path(problem.path.iter().map(String::as_str));
        let message = format!("`{option}` {}", problem.cause);
        errors.push(Diagnostic::error("spec::invalid", span, message).label("set here"));
    }
    errors
}

/// Where an item of a list is written: as text in a definition of the list or of what holds it, else the
/// first definition that is not the library's.
fn item_span(config: &mut Config<'_>, path: &[String], item: &str) -> Option<Span> {
    let literal = format!("\"{item}\"");
    let mut of_user = None;
    for length in (1..=path.len()).rev() {
        let option = cairn_options::print_path(path[..length].iter().map(String::as_str));
        let Ok(why) = config.why(&option) else {
            continue;
        };
        let won = |one: &&cairn_options::Because| one.standing == Standing::Won;
        for one in why.definitions.iter().filter(won) {
            if let Some(at) = one.text.find(&literal) {
                let start = one.span.start as usize + at;
                return Some(Span::new(one.span.source, start, start + literal.len()));
            }
            let text = &config.sources().get(one.span.source).text;
            if !LIBRARY.iter().any(|(_, module)| **module == **text) {
                of_user = of_user.or(Some(one.span));
            }
        }
    }
    of_user
}

/// The host of a configuration file, and the file's name below the host's root: the folder that it lies in, see [`entry`].
pub fn host_of(config: &Path) -> (ConfigHost, String) {
    let config = entry(config);
    let name = config
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    (ConfigHost::new(folder_of(&config).into(), LIBRARY), name)
}

/// The folder that a path names something in; `.` where it says none.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Where a configuration file lies. A link into another folder is followed, since whoever runs the command chose the file:
/// what it imports, and its lock, lie beside the file itself. A link within its own folder is a name like any other.
///
/// A folder is taken by its full name, so that the error about it has one: `.` and `..` have none.
pub fn entry(config: &Path) -> PathBuf {
    let Ok(found) = config.canonicalize() else {
        return config.to_owned();
    };
    let beside = folder_of(config)
        .canonicalize()
        .is_ok_and(|folder| found.starts_with(folder));
    if beside && !found.is_dir() {
        config.to_owned()
    } else {
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("system.cairn");
        std::fs::write(&file, text).unwrap();
        match evaluate(&file, Limits::default()) {
            Err(EvaluateError::Faulty(faulty)) => faulty
                .errors
                .iter()
                .map(|error| {
                    let (line, column) = faulty.texts.line_column(error.primary.span);
                    let name = &faulty.texts.get(error.primary.span.source).name;
                    format!(
                        "{name}:{line}:{column} {}",
                        faulty.texts.slice(error.primary.span)
                    )
                })
                .collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_link_into_another_folder_is_followed_and_one_within_it_is_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().canonicalize().unwrap().join(name);
        for name in ["etc", "own/machines"] {
            std::fs::create_dir_all(at(name)).unwrap();
        }
        let link = std::os::unix::fs::symlink::<PathBuf, PathBuf>;
        std::fs::write(at("own/machines/a.cairn"), "import \"../common.cairn\"").unwrap();
        std::fs::write(at("own/common.cairn"), "host.name = \"common\"").unwrap();
        link("machines/a.cairn".into(), at("own/system.cairn")).unwrap();
        link(at("own/common.cairn"), at("etc/system.cairn")).unwrap();
        assert_eq!(entry(&at("own/system.cairn")), at("own/system.cairn"));
        assert_eq!(entry(&at("etc/system.cairn")), at("own/common.cairn"));
        let name = |name: &str| {
            evaluate(&at(name), Limits::default())
                .unwrap()
                .spec
                .host
                .name
        };
        assert_eq!(name("etc/system.cairn"), "common");
        assert_eq!(entry(Path::new("gone.cairn")), Path::new("gone.cairn"));
    }

    #[test]
    fn a_bad_item_is_shown_where_it_is_written() {
        assert_eq!(
            places(
                "host.name = \"a\"\npackages = [\"curl\"]\npackages = [\"curl\", \"Nginx\"]\nkernel.params = [\"a b\"]\nusers.ada = { groups = [\"Sudo\"] }"
            ),
            [
                "system.cairn:3:21 \"Nginx\"",
                "system.cairn:5:25 \"Sudo\"",
                "system.cairn:4:18 \"a b\"",
            ]
        );
    }

    #[test]
    fn a_computed_item_is_shown_at_the_users_definition() {
        assert_eq!(
            places("host.name = \"a\"\nlet p = \"x\"\nkernel.params = [\"${p} y\"]"),
            ["system.cairn:3:17 [\"${p} y\"]"]
        );
    }
}
