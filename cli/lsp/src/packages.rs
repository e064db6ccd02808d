//! Names of packages, for the places where a configuration names some.
//!
//! In: a [`PackageSource`], which whoever starts the server brings. Out: the packages that fit what was typed. Knows neither
//! archives nor files; each list is read once, beside the questions, until there is another one.

use std::path::Path;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, unbounded};
use serde_json::Value;

/// Most packages that are offered at once.
pub const MOST: usize = 200;
/// Lists that are kept: somebody may look from one configuration into another.
const KEPT: usize = 2;

/// A package that can be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// One line; may be empty.
    pub description: String,
}

/// A list of packages that can be read.
pub struct Listing {
    /// Another one wherever the list may be another.
    pub edition: String,
    /// Reads it, on a thread of its own. May take seconds.
    pub read: Box<dyn FnOnce() -> Vec<Package> + Send>,
}

/// What knows the packages that a configuration can name. It must not ask a network: this is done while somebody types.
pub trait PackageSource: Send {
    /// The list for a configuration, if there is one. Asked with every question that wants packages, so that it must take only a
    /// few milliseconds.
    ///
    /// `value` is the configuration as a whole as it was when nothing was wrong with it; `None` where that never was.
    fn find(&self, configuration: &Path, value: Option<&Value>) -> Option<Listing>;
}

/// A list that was read.
#[derive(Debug)]
pub struct Loaded {
    edition: String,
    /// None where reading failed by itself.
    packages: Vec<Package>,
}

/// What is known of the packages of a configuration.
#[derive(Debug)]
pub enum Known {
    /// There is no list.
    Nothing,
    /// The list is being read; [`Packages::results`] will have it.
    Soon,
    /// All of them, sorted by name.
    All(Arc<[Package]>),
}

/// The lists that were read, and those that are.
pub struct Packages {
    source: Box<dyn PackageSource>,
    /// By edition, the last one used at the end; those without a list are being read.
    lists: Vec<(String, Option<Arc<[Package]>>)>,
    sender: Sender<Loaded>,
    /// Where lists arrive.
    pub results: Receiver<Loaded>,
}

impl Packages {
    /// None yet.
    pub fn new(source: Box<dyn PackageSource>) -> Self {
        let (sender, results) = unbounded();
        Self {
            source,
            lists: Vec::new(),
            sender,
            results,
        }
    }

    /// The packages of a configuration; begins to read them where they are not known.
    pub fn of(&mut self, configuration: &Path, value: Option<&Value>) -> Known {
        let Some(Listing { edition, read }) = self.source.find(configuration, value) else {
            return Known::Nothing;
        };
        if let Some(at) = self.lists.iter().position(|(known, _)| *known == edition) {
            let found = self.lists.remove(at);
            let known = found.1.clone().map_or(Known::Soon, Known::All);
            self.lists.push(found);
            return known;
        }
        let (sender, of) = (self.sender.clone(), edition.clone());
        let work = move || {
            let packages = std::panic::catch_unwind(std::panic::AssertUnwindSafe(read));
            // Nobody waits where the editor is gone.
            let _gone = sender.send(Loaded {
                edition: of,
                packages: packages.unwrap_or_default(),
            });
        };
        let thread = std::thread::Builder::new().name("packages".to_owned());
        if thread.spawn(work).is_err() {
            return Known::Nothing;
        }
        self.lists.push((edition, None));
        let surplus = self.lists.len().saturating_sub(KEPT);
        self.lists.drain(..surplus);
        Known::Soon
    }

    /// Takes a list in.
    pub fn loaded(&mut self, loaded: Loaded) {
        let mut lists = self.lists.iter_mut();
        if let Some((_, list)) = lists.find(|(edition, _)| *edition == loaded.edition) {
            *list = Some(loaded.packages.into());
        }
    }
}

/// The packages that fit what was typed, at most [`MOST`]: those that begin with it, then those that have it elsewhere, each by
/// name. With whether there are more.
pub fn fitting<'p>(packages: &'p [Package], typed: &str) -> (Vec<&'p Package>, bool) {
    let typed = typed.to_lowercase();
    let begins = |package: &&Package| package.name.starts_with(&typed);
    let inside = |package: &&Package| !begins(package) && package.name.contains(&typed);
    let first = packages.iter().filter(begins);
    let mut found: Vec<&Package> = first
        .chain(packages.iter().filter(inside))
        .take(MOST + 1)
        .collect();
    let more = found.len() > MOST;
    found.truncate(MOST);
    (found, more)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str) -> Package {
        Package {
            name: name.to_owned(),
            description: String::new(),
        }
    }

    fn names<'p>(packages: &'p [Package], typed: &str) -> Vec<&'p str> {
        let found = fitting(packages, typed).0.into_iter();
        found.map(|package| package.name.as_str()).collect()
    }

    #[test]
    fn what_begins_as_typed_comes_before_what_has_it_elsewhere() {
        let all = ["libnginx", "nginx", "nginx-core", "zsh"].map(package);
        assert_eq!(names(&all, "NGI"), ["nginx", "nginx-core", "libnginx"]);
        assert_eq!(names(&all, "none"), [""; 0]);
    }

    #[test]
    fn many_are_cut_and_it_is_said() {
        let all: Vec<Package> = (0..=MOST).map(|n| package(&format!("p{n:05}"))).collect();
        assert!(fitting(&all, "").1);
        assert_eq!(fitting(&all, "p").0.len(), MOST);
        assert!(!fitting(&all[1..], "p").1);
        assert_eq!(names(&all, "p00200"), ["p00200"]);
    }

    /// A source whose list has a name of its edition.
    struct Editions(std::sync::Mutex<u32>);

    impl PackageSource for Arc<Editions> {
        fn find(&self, _: &Path, _: Option<&Value>) -> Option<Listing> {
            let edition = self.0.lock().unwrap().to_string();
            let name = edition.clone();
            Some(Listing {
                edition,
                read: Box::new(move || vec![package(&name)]),
            })
        }
    }

    #[test]
    fn a_list_is_read_once_until_its_edition_is_another() {
        let source = Arc::new(Editions(1.into()));
        let mut packages = Packages::new(Box::new(source.clone()));
        let mut now = || match packages.of(Path::new("/x"), None) {
            Known::All(list) => list[0].name.clone(),
            Known::Nothing => "nothing".to_owned(),
            Known::Soon => {
                let loaded = packages.results.recv().unwrap();
                packages.loaded(loaded);
                "soon".to_owned()
            }
        };
        assert_eq!([now(), now(), now()], ["soon", "1", "1"]);
        *source.0.lock().unwrap() = 2;
        assert_eq!([now(), now()], ["soon", "2"]);
        *source.0.lock().unwrap() = 1;
        assert_eq!(now(), "1");
    }
}
