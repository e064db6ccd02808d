//! The script that turns a composed root into a configured one.
//!
//! In: the unpacked packages and an epoch. Out: a shell script that runs as root inside the composed root, without network: the
//! preinsts in order, `dpkg --configure -a`, the gates (`--audit`, `--verify`), then the [rules](crate::normalise).
//! Needs inside: `/proc`, `/dev` (null, zero, full, random, urandom, tty), an empty `/tmp` and `/run`.

use crate::control::Stanza;
use crate::database::{DatabaseError, Identity, Unpacked, identities};
use crate::normalise;
use crate::relation::{alternatives, clauses, relations};
use std::collections::HashMap;

/// What is run in one root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// The whole script, for `/bin/sh`.
    pub script: String,
    /// Its environment; nothing else may be inherited.
    pub environment: Vec<(String, String)>,
}

/// Raised whenever the recipe gives another result for the same packages.
pub const VERSION: u32 = 1;

/// Writes the recipe.
///
/// Errors: a control file can't be read.
pub fn recipe(packages: &[Unpacked], epoch: i64) -> Result<Recipe, DatabaseError> {
    let identities = identities(packages)?;
    let order = order(packages)?;
    let mut script = String::from(HEAD);
    for number in &order {
        if packages[*number].control.contains_key("preinst") {
            let Identity {
                name,
                version,
                architecture,
                file_name,
                ..
            } = &identities[*number];
            let line = format!("preinst {file_name} {name} {architecture} {version}\n");
            script.push_str(&line);
        }
    }
    let essential: Vec<&str> = closure(&identities, is_essential)
        .into_iter()
        .map(|number| identities[number].file_name.as_str())
        .collect();
    script.push_str("\nsay 'configuring the essential packages'\ndpkg --configure ");
    script.push_str(&essential.join(" "));
    script.push('\n');
    script.push_str(CONFIGURE);
    script.push_str(&normalise::script());
    script.push_str("say 'done'\n");
    Ok(Recipe {
        script,
        environment: environment(epoch),
    })
}

fn environment(epoch: i64) -> Vec<(String, String)> {
    let epoch = epoch.to_string();
    let fixed = [
        (
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ),
        ("HOME", "/root"),
        ("SHELL", "/bin/sh"),
        ("TERM", "dumb"),
        ("TZ", "UTC"),
        ("LC_ALL", "C.UTF-8"),
        ("LANG", "C.UTF-8"),
        ("DEBIAN_FRONTEND", "noninteractive"),
        ("DEBCONF_NONINTERACTIVE_SEEN", "true"),
        ("DEBCONF_NOWARNINGS", "yes"),
        ("SOURCE_DATE_EPOCH", epoch.as_str()),
        // The order of Perl's and Python's hashes shows in files that scripts write.
        ("PERL_HASH_SEED", "0"),
        ("PYTHONHASHSEED", "0"),
        // No program may look for a running systemd or a bus.
        ("SYSTEMD_OFFLINE", "1"),
        ("DPKG_ADMINDIR", "/var/lib/dpkg"),
        ("DPKG_ROOT", ""),
    ];
    fixed
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Before the preinsts: services must not start, `preinst` runs one as dpkg would.
const HEAD: &str = r#"#!/bin/sh
# Written by Cairn. Configures a root whose packages stand unpacked; runs inside it, as root, without network.
set -eu
umask 022
cd /
say() { echo "cairn: $*"; }

printf '#!/bin/sh
exit 101
' > /usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d

preinst() {
    DPKG_MAINTSCRIPT_PACKAGE=$2 DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT=1 DPKG_MAINTSCRIPT_ARCH=$3     DPKG_MAINTSCRIPT_NAME=preinst DPKG_MAINTSCRIPT_DEBUG=0 DPKG_RUNNING_VERSION=$dpkg_version         "/var/lib/dpkg/info/$1.preinst" install < /dev/null || {
        say "the preinst of $2 $4 failed"
        exit 1
    }
}
dpkg_version=$(dpkg-query --show --showformat='${Version}' dpkg)

say 'running preinsts'
"#;

/// After the preinsts: the rest is configured, pending triggers are run, and the gates are passed.
const CONFIGURE: &str = r#"
say 'configuring the other packages'
dpkg --configure -a
dpkg --triggers-only -a

say 'checking the result'
rm -f /usr/sbin/policy-rc.d
unfinished=$(dpkg-query --show --showformat='${db:Status-Abbrev} ${binary:Package}
' | grep -v '^ii ' || true)
audit=$(dpkg --audit)
verify=$(dpkg --verify || true)
if [ -n "$unfinished$audit$verify" ]; then
    [ -z "$unfinished" ] || { say 'not installed:'; echo "$unfinished"; }
    [ -z "$audit" ] || { say 'dpkg --audit says:'; echo "$audit"; }
    [ -z "$verify" ] || { say 'dpkg --verify says:'; echo "$verify"; }
    exit 1
fi

say 'removing what belongs to one build or one machine'
"#;

fn is_essential(stanza: &Stanza<'_>) -> bool {
    stanza.get("Essential") == Some("yes")
}

/// The numbers of the packages so that each stands behind what it pre-depends and depends on, as far as there are no cycles.
///
/// Essential packages come first, because others use them without saying so. Errors: a control file can't be read.
pub fn order(packages: &[Unpacked]) -> Result<Vec<usize>, DatabaseError> {
    let identities = identities(packages)?;
    Ok(closure(&identities, |_| true))
}

/// The chosen packages and all that they need, needs first.
fn closure(identities: &[Identity<'_>], chosen: impl Fn(&Stanza<'_>) -> bool) -> Vec<usize> {
    let mut real: HashMap<&str, usize> = HashMap::new();
    let mut provided: HashMap<&str, Vec<usize>> = HashMap::new();
    for (number, identity) in identities.iter().enumerate() {
        real.insert(identity.name, number);
        for relation in relations(identity.stanza.get("Provides").unwrap_or_default()) {
            provided.entry(relation.name).or_default().push(number);
        }
    }
    let needs: Vec<Vec<usize>> = identities
        .iter()
        .map(|identity| {
            let field = |name| identity.stanza.get(name).unwrap_or_default();
            let all = clauses(field("Pre-Depends")).chain(clauses(field("Depends")));
            let relations = all.flat_map(alternatives);
            relations
                .flat_map(|relation| {
                    let by_name = real.get(relation.name).copied();
                    by_name
                        .into_iter()
                        .chain(provided.get(relation.name).into_iter().flatten().copied())
                })
                .collect()
        })
        .collect();
    // base-passwd makes the accounts that every other script may name.
    let rank = |number: &usize| {
        let identity = &identities[*number];
        (
            identity.name != "base-passwd",
            !is_essential(&identity.stanza),
            identity.name,
        )
    };
    let mut tops: Vec<usize> = (0..identities.len())
        .filter(|number| chosen(&identities[*number].stanza))
        .collect();
    tops.sort_by_key(rank);
    let mut order = Vec::new();
    let mut seen = vec![false; identities.len()];
    for top in tops {
        visit(top, &needs, &mut seen, &mut order);
    }
    order
}

/// Depth first, with a stack of its own: chains of packages can be long.
fn visit(top: usize, needs: &[Vec<usize>], seen: &mut [bool], order: &mut Vec<usize>) {
    if std::mem::replace(&mut seen[top], true) {
        return;
    }
    let mut stack = vec![(top, 0)];
    while let Some((number, at)) = stack.pop() {
        match needs[number].get(at) {
            None => order.push(number),
            Some(need) => {
                stack.push((number, at + 1));
                if !std::mem::replace(&mut seen[*need], true) {
                    stack.push((*need, 0));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(fields: &str, members: &[&str]) -> Unpacked {
        let control = format!(
            "{}\nVersion: 1\nArchitecture: amd64\n",
            fields.replace("; ", "\n")
        );
        let mut package = Unpacked::default();
        package
            .control
            .insert("control".into(), control.into_bytes());
        for member in members {
            package
                .control
                .insert((*member).into(), b"#!/bin/sh\n".to_vec());
        }
        package
    }

    fn set() -> Vec<Unpacked> {
        vec![
            package("Package: app; Depends: lib | other, mta", &["preinst"]),
            package("Package: lib; Depends: app; Multi-Arch: same", &["preinst"]),
            package("Package: exim; Provides: mta", &[]),
            package("Package: bash; Essential: yes; Pre-Depends: libc6", &[]),
            package("Package: libc6", &["preinst"]),
            package("Package: base-passwd; Essential: yes", &["preinst"]),
        ]
    }

    #[test]
    fn needs_stand_before_who_needs_them_and_accounts_before_all() {
        let set = set();
        let name = |number: usize| set[number].stanza().unwrap().get("Package").unwrap();
        let names: Vec<&str> = order(&set).unwrap().into_iter().map(name).collect();
        assert_eq!(
            names,
            ["base-passwd", "libc6", "bash", "lib", "exim", "app"]
        );
    }

    #[test]
    fn preinsts_run_in_order_under_the_name_that_dpkg_gives_the_file() {
        let script = recipe(&set(), 0).unwrap().script;
        let calls: Vec<&str> = script
            .lines()
            .filter(|line| line.starts_with("preinst "))
            .collect();
        assert_eq!(
            calls,
            [
                "preinst base-passwd base-passwd amd64 1",
                "preinst libc6 libc6 amd64 1",
                "preinst lib:amd64 lib amd64 1",
                "preinst app app amd64 1",
            ]
        );
        assert!(
            script.contains("dpkg --configure base-passwd libc6 bash\n"),
            "{script}"
        );
    }

    #[test]
    fn the_script_is_one_that_the_shell_reads_and_the_epoch_is_in_the_environment() {
        let recipe = recipe(&set(), 1_700_000_000).unwrap();
        let parsed = std::process::Command::new("/bin/sh")
            .args(["-n", "-c", &recipe.script])
            .status()
            .unwrap();
        assert!(parsed.success());
        assert!(
            recipe
                .environment
                .contains(&("SOURCE_DATE_EPOCH".into(), "1700000000".into()))
        );
    }
}
