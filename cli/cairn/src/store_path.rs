//! From what a person writes to a store path, a file in it, or a generation.
//!
//! In: a text and the store. Out: what it means, or an error that names what may have been meant. A store path is written whole, by its
//! base name, or by as much of its beginning as only one has; a link that leads into the store means what it leads to.

use std::fs;
use std::path::Path;

use cairn_disk::{Generation, Store};
use cairn_graph::{STORE_DIR, StorePath};
use cairn_syntax::suggest::nearest;

use crate::context::Context;
use crate::error::CommandError;

/// How many that may have been meant are named.
const NEAR: usize = 5;
/// Digits of a number that may still be a generation's; more begin a hash.
const NUMBER_LEN: usize = 9;

/// A store path, or something in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The path; it is registered.
    pub path: StorePath,
    /// The file or folder in it, without slashes at its ends; empty for all of it.
    pub inside: String,
}

/// What some commands take: a path or a generation.
#[derive(Debug, Clone)]
pub enum Subject {
    /// A store path.
    Path(StorePath),
    /// A generation.
    Generation(Box<Generation>),
}

/// What a text names in the store, a file in a path too.
///
/// Errors: [`CommandError::NoPath`], [`CommandError::AmbiguousPath`].
pub fn named(store: &Store, text: &str) -> Result<Named, CommandError> {
    let (head, inside) = split(store, text);
    let inside = inside.trim_matches('/').to_owned();
    let found = |path: StorePath| Named {
        path,
        inside: inside.clone(),
    };
    let known = store.paths()?;
    if let Ok(path) = head.parse::<StorePath>()
        && known.binary_search(&path).is_ok()
    {
        return Ok(found(path));
    }
    let mut begin = known
        .iter()
        .filter(|path| !head.is_empty() && path.base_name().starts_with(&head));
    match (begin.next(), begin.next()) {
        (Some(only), None) => Ok(found(only.clone())),
        (Some(one), Some(other)) => {
            let all = [one, other].into_iter().chain(begin);
            let candidates = all.map(|path| path.base_name().to_owned()).collect();
            Err(CommandError::AmbiguousPath {
                text: head,
                candidates,
            })
        }
        (None, _) => Err(CommandError::NoPath {
            near: near(&head, &known),
            text: head,
        }),
    }
}

/// A whole store path. Errors: as [`named`], and [`CommandError::NotWhole`] for a file in one.
pub fn whole(store: &Store, text: &str) -> Result<StorePath, CommandError> {
    let named = named(store, text)?;
    if named.inside.is_empty() {
        Ok(named.path)
    } else {
        Err(CommandError::NotWhole {
            path: named.path,
            inside: named.inside,
        })
    }
}

/// A store path or, where the text is a short number, a generation.
///
/// Errors: as [`whole`], [`CommandError::NoGeneration`].
pub fn subject(context: &Context, store: &Store, text: &str) -> Result<Subject, CommandError> {
    let is_number = text.len() <= NUMBER_LEN && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(number) if is_number => {
            let generation = context.generation(store, number)?;
            Ok(Subject::Generation(Box::new(generation)))
        }
        _ => whole(store, text).map(Subject::Path),
    }
}

/// Whether a text can only be a store path: it has a slash, or the form `<hash>-<name>`.
pub fn is_path(text: &str) -> bool {
    text.contains('/') || text.parse::<StorePath>().is_ok()
}

/// The base name and what is behind it.
fn split(store: &Store, text: &str) -> (String, String) {
    let folder = store.layout().store();
    let below = below(&folder, text).unwrap_or_else(|| text.to_owned());
    let (head, inside) = below.split_once('/').unwrap_or((&below, ""));
    (head.to_owned(), inside.to_owned())
}

/// What is behind the store's folder in a text, whatever way it names it.
fn below(folder: &Path, text: &str) -> Option<String> {
    let path = Path::new(text);
    let rest = |path: &Path, folder: &Path| {
        let rest = path.strip_prefix(folder).ok()?.to_str()?;
        (!rest.is_empty()).then(|| rest.to_owned())
    };
    if let Some(rest) = rest(path, Path::new(STORE_DIR)).or_else(|| rest(path, folder)) {
        return Some(rest);
    }
    if !text.contains('/') && path.symlink_metadata().is_err() {
        return None;
    }
    // A link such as `var/gens/1/system`; what it leads to need not be there.
    let target = fs::read_link(path).ok()?;
    let target = path.parent().unwrap_or(Path::new("")).join(target);
    let parent = target.parent()?.canonicalize().ok()?;
    let target = parent.join(target.file_name()?);
    rest(&target, &folder.canonicalize().ok()?)
}

/// Base names of paths that may have been meant: of that name, of a like name, of a hash that begins alike.
fn near(head: &str, known: &[StorePath]) -> Vec<String> {
    let name = head
        .parse::<StorePath>()
        .map_or_else(|_| head.to_owned(), |path| path.name().to_owned());
    let like = nearest(&name, known.iter().map(StorePath::name));
    let by_name = known
        .iter()
        .filter(|path| path.name() == name || Some(path.name()) == like);
    let common = |path: &&StorePath| {
        let same = path.base_name().bytes().zip(head.bytes());
        same.take_while(|(a, b)| a == b).count()
    };
    let by_hash = known
        .iter()
        .max_by_key(common)
        .filter(|path| common(path) >= 4);
    let mut near: Vec<String> = Vec::new();
    for path in by_hash.into_iter().chain(by_name) {
        let base = path.base_name().to_owned();
        if !near.contains(&base) {
            near.push(base);
        }
    }
    near.truncate(NEAR);
    near
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(hash: char, name: &str) -> StorePath {
        format!("{}-{name}", hash.to_string().repeat(32))
            .parse()
            .unwrap()
    }

    #[test]
    fn near_paths_are_those_of_the_name_and_of_the_hash() {
        let known = [path('a', "hello"), path('b', "hello"), path('c', "other")];
        let base = |number: usize| known[number].base_name().to_owned();
        assert_eq!(near("hello", &known), [base(0), base(1)]);
        assert_eq!(near("helo", &known), [base(0), base(1)]);
        assert_eq!(near("cccccx", &known), [base(2)]);
        assert_eq!(near(path('d', "other").base_name(), &known), [base(2)]);
        assert!(near("zzz", &known).is_empty());
    }

    #[test]
    fn numbers_and_words_are_no_paths_by_their_form() {
        assert!(!is_path("12") && !is_path("nginx") && !is_path("services.nginx"));
        assert!(is_path("/cairn/store/x") && is_path(path('a', "x").base_name()));
    }
}
