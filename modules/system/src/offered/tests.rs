//! Where packages are looked for, and in which order.

use std::collections::BTreeMap;
use std::io::Write as _;

use cairn_debian::lock::{LockedArchive, LockedRelease, Wanted};

use super::*;

/// A folder with a configuration, a root and apt's lists.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for sub in ["config", "lists", "root/cairn/var/cache/index"] {
            fs::create_dir_all(folder.path().join(sub)).unwrap();
        }
        Self(folder)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.0.path().join(name), bytes).unwrap();
    }

    /// One of apt's lists with its release.
    fn list(&self, release: &str, says: &str, component: &str, packages: &[&str]) {
        let text = format!("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{says}SHA256:\n");
        self.write(&format!("lists/{release}_InRelease"), text);
        let name = format!("lists/{release}_{component}_binary-amd64_Packages");
        self.write(&name, index(packages));
    }

    fn lock(&self, suite: &str, packages: &[&str]) {
        let release = LockedRelease {
            suite: suite.to_owned(),
            origin: Origin::Debian,
            date: 0,
            indexes: BTreeMap::from([("main/Packages.xz".to_owned(), "d1".to_owned())]),
        };
        let archive = LockedArchive {
            suite: suite.to_owned(),
            components: vec!["main".to_owned()],
            architecture: "amd64".to_owned(),
            releases: vec![release],
        };
        let text = index(packages);
        let parsed = Index::parse(&text, Origin::Debian).unwrap();
        let mut lock = Lock::new(archive, Wanted::new(), &BTreeMap::new());
        let locked = parsed.packages.iter().map(Into::into).collect();
        lock.sets.insert("system".to_owned(), locked);
        self.write("config/cairn.lock", lock.print());
    }

    fn listing(&self, suite: Option<&str>) -> Option<Listing> {
        let at = |name: &str| self.0.path().join(name);
        let debian = suite.map(|suite| Debian {
            suite: suite.to_owned(),
            ..Debian::default()
        });
        let config = at("config/system.cairn");
        find(&config, debian.as_ref(), &at("root"), &at("lists"))
    }

    /// The names for a suite, with a `*` where the description is of another one.
    fn names(&self, suite: Option<&str>) -> String {
        let all = self.listing(suite).unwrap_or_default().read();
        let name = |one: &Offered| {
            let other = one.description.starts_with("as ");
            one.name.clone() + if other { "*" } else { "" }
        };
        all.iter().map(name).collect::<Vec<_>>().join(" ")
    }
}

fn index(packages: &[&str]) -> Vec<u8> {
    let stanza = |name: &&str| {
        format!(
            "Package: {name}\nVersion: 1\nArchitecture: amd64\nFilename: pool/{name}.deb\nSize: 1\nSHA256: 00\nDescription: the {name}\n\n"
        )
    };
    packages.iter().map(stanza).collect::<String>().into_bytes()
}

const TRIXIE: &str = "Origin: Debian\nSuite: stable\nCodename: trixie\n";
const BOOKWORM: &str = "Origin: Debian\nSuite: oldstable\nCodename: bookworm\n";

#[test]
fn kept_indexes_come_before_the_lock_and_apts_lists() {
    let machine = Machine::new();
    assert_eq!(machine.listing(None), None);
    machine.list("m_dists_trixie", TRIXIE, "main", &["from-apt"]);
    assert_eq!(machine.names(None), "from-apt");
    machine.lock("trixie", &["from-lock"]);
    assert_eq!(machine.names(None), "from-apt from-lock");
    machine.write("root/cairn/var/cache/index/d1", index(&["kept"]));
    assert_eq!(machine.names(None), "kept");
    assert_eq!(machine.names(Some("trixie")), "kept");
    let read = machine.listing(None).unwrap().read();
    assert_eq!(read[0].description, "the kept");
}

#[test]
fn a_lock_of_another_archive_counts_for_nothing() {
    let machine = Machine::new();
    machine.lock("bookworm", &["from-lock"]);
    machine.write("root/cairn/var/cache/index/d1", index(&["kept"]));
    assert_eq!(machine.names(Some("trixie")), "");
    assert_eq!(machine.names(None), "kept");
}

#[test]
fn lists_of_another_suite_stand_in_and_say_so() {
    let machine = Machine::new();
    machine.list("m_dists_bookworm", BOOKWORM, "main", &["a", "b"]);
    assert_eq!(machine.names(Some("trixie")), "a* b*");
    machine.list("m_dists_trixie", TRIXIE, "main", &["b", "c"]);
    assert_eq!(machine.names(Some("trixie")), "b c");
    assert_eq!(machine.names(Some("bookworm")), "a b");
    // By either of its names.
    assert_eq!(machine.names(Some("stable")), "b c");
    // A lock is of the suite, also where nothing else is.
    machine.lock("forky", &["from-lock"]);
    assert_eq!(machine.names(Some("forky")), "from-lock");
}

#[test]
fn updates_and_security_belong_to_a_suite_and_backports_and_others_do_not() {
    let machine = Machine::new();
    let of = |name: &str| TRIXIE.replace("trixie", name);
    machine.list("m_dists_trixie", TRIXIE, "main", &["a"]);
    machine.list(
        "m_dists_trixie-updates",
        &of("trixie-updates"),
        "main",
        &["b"],
    );
    machine.list(
        "s_dists_trixie-security",
        &of("trixie-security"),
        "main",
        &["c"],
    );
    let backports = "Origin: Debian\nSuite: stable-backports\nCodename: trixie-backports\n";
    machine.list(
        "m_dists_trixie-backports",
        backports,
        "main",
        &["no-backport"],
    );
    let other = TRIXIE.replace("Debian", "Somebody");
    machine.list("x_dists_trixie", &other, "main", &["no-third-party"]);
    machine.list("m_dists_trixie", TRIXIE, "contrib", &["no-contrib"]);
    machine.write(
        "lists/m_dists_trixie_main_binary-arm64_Packages",
        index(&["no-arm"]),
    );
    machine.write(
        "lists/m_dists_bare_main_binary-amd64_Packages",
        index(&["no-release"]),
    );
    assert_eq!(machine.names(Some("trixie")), "a b c");
}

#[test]
fn lists_are_read_in_every_form_that_apt_keeps() {
    let text = index(&["a"]);
    let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
    lz4.write_all(&text).unwrap();
    for bytes in [lz4.finish().unwrap(), text] {
        let machine = Machine::new();
        machine.list("m_dists_trixie", TRIXIE, "main", &[]);
        fs::remove_file(
            machine
                .0
                .path()
                .join("lists/m_dists_trixie_main_binary-amd64_Packages"),
        )
        .unwrap();
        machine.write("lists/m_dists_trixie_main_binary-amd64_Packages.any", bytes);
        assert_eq!(machine.names(None), "a");
    }
}

#[test]
fn damaged_lists_are_passed_over() {
    let machine = Machine::new();
    machine.list("m_dists_trixie", TRIXIE, "main", &["a"]);
    machine.list("n_dists_trixie", TRIXIE, "main", &["b"]);
    let damaged = [LZ4, b"nonsense"].concat();
    machine.write("lists/n_dists_trixie_main_binary-amd64_Packages", damaged);
    assert_eq!(machine.names(None), "a");
}

#[test]
fn a_listing_is_another_one_when_a_file_is() {
    let machine = Machine::new();
    machine.list("m_dists_trixie", TRIXIE, "main", &["a"]);
    let before = machine.listing(None);
    assert_eq!(machine.listing(None), before);
    machine.list("m_dists_trixie", TRIXIE, "main", &["a", "b"]);
    assert_ne!(machine.listing(None), before);
}
