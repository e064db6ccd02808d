//! Units: which links below `/etc/systemd/system` make a unit start, stay off or be masked.
//!
//! In: the declared units and a way to look up a unit file of the root. Out: [`UnitPlan`], texts and links by path.
//! Runs no systemctl. Source: systemd.unit(5), "[Install] section options".

use cairn_spec::Unit;
use std::collections::{BTreeMap, BTreeSet};

/// Where declared units live.
pub const SYSTEM_DIR: &str = "etc/systemd/system";

/// What to write for the declared units.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitPlan {
    /// Path relative to the root → text.
    pub texts: BTreeMap<String, String>,
    /// Path relative to the root → link target.
    pub links: BTreeMap<String, String>,
    /// Units whose links from packages are taken away.
    pub disabled: BTreeSet<String>,
}

/// Why a unit can't be enabled.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum UnitError {
    /// Neither a package nor the configuration has it.
    #[error("unit `{unit}` does not exist: no package of this system ships it and `units.\"{unit}\".text` is not set{}", nearest.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
    Missing {
        /// The unit.
        unit: String,
        /// The most similar name that exists.
        nearest: Option<String>,
    },
    /// Nothing says when it starts.
    #[error("unit `{unit}` can't be enabled: it has no [Install] section that says what wants it")]
    NoInstall {
        /// The unit.
        unit: String,
    },
}

/// A root's unit files, as far as this plan asks for them.
pub trait UnitFiles {
    /// The path (absolute) and text of a unit file.
    fn find(&self, unit: &str) -> Option<(String, String)>;
    /// The names of all unit files, for suggestions.
    fn names(&self) -> Vec<String>;
}

#[derive(Debug, Default)]
struct Install {
    wanted_by: Vec<String>,
    required_by: Vec<String>,
    aliases: Vec<String>,
    also: Vec<String>,
    default_instance: Option<String>,
}

fn install_section(text: &str) -> Install {
    let mut install = Install::default();
    let mut here = false;
    for line in text.replace("\\\n", " ").lines().map(str::trim) {
        if line.starts_with('[') {
            here = line == "[Install]";
        } else if here && let Some((key, value)) = line.split_once('=') {
            let words = value.split_whitespace().map(str::to_owned);
            match key.trim() {
                "WantedBy" => install.wanted_by.extend(words),
                "RequiredBy" => install.required_by.extend(words),
                "Alias" => install.aliases.extend(words),
                "Also" => install.also.extend(words),
                "DefaultInstance" => install.default_instance = words.into_iter().next(),
                _ => {}
            }
        }
    }
    install
}

/// `getty@tty1.service` → (`getty@.service`, `tty1`).
fn template_of(unit: &str) -> Option<(String, String)> {
    let (prefix, rest) = unit.split_once('@')?;
    let (instance, suffix) = rest.rsplit_once('.')?;
    (!instance.is_empty()).then(|| (format!("{prefix}@.{suffix}"), instance.to_owned()))
}

/// Plans texts and links for all declared units.
///
/// Errors: [`UnitError`].
pub fn plan(units: &BTreeMap<String, Unit>, files: &dyn UnitFiles) -> Result<UnitPlan, UnitError> {
    let mut plan = UnitPlan::default();
    for (name, unit) in units {
        if let Some(text) = &unit.text {
            plan.texts
                .insert(format!("{SYSTEM_DIR}/{name}"), text.clone());
        }
        if let Some(text) = &unit.overrides {
            plan.texts
                .insert(format!("{SYSTEM_DIR}/{name}.d/50-cairn.conf"), text.clone());
        }
    }
    for (name, unit) in units {
        if unit.mask {
            plan.disabled.insert(name.clone());
            plan.links
                .insert(format!("{SYSTEM_DIR}/{name}"), "/dev/null".into());
        } else if unit.enable == Some(false) {
            plan.disabled.insert(name.clone());
        } else if unit.enable == Some(true) {
            enable(name, units, files, &mut plan, &mut BTreeSet::new())?;
        }
    }
    Ok(plan)
}

fn look_up(
    unit: &str,
    units: &BTreeMap<String, Unit>,
    files: &dyn UnitFiles,
) -> Option<(String, String)> {
    let declared = |name: &str| {
        let text = units.get(name)?.text.clone()?;
        Some((format!("/{SYSTEM_DIR}/{name}"), text))
    };
    let here = |name: &str| declared(name).or_else(|| files.find(name));
    here(unit).or_else(|| here(&template_of(unit)?.0))
}

fn enable(
    unit: &str,
    units: &BTreeMap<String, Unit>,
    files: &dyn UnitFiles,
    plan: &mut UnitPlan,
    seen: &mut BTreeSet<String>,
) -> Result<(), UnitError> {
    if !seen.insert(unit.to_owned()) {
        return Ok(());
    }
    let Some((path, text)) = look_up(unit, units, files) else {
        let names = files.names();
        let nearest = cairn_syntax::suggest::nearest(unit, names.iter().map(String::as_str));
        return Err(UnitError::Missing {
            unit: unit.into(),
            nearest: nearest.map(Into::into),
        });
    };
    let install = install_section(&text);
    let nothing = install.wanted_by.is_empty()
        && install.required_by.is_empty()
        && install.aliases.is_empty();
    if nothing && install.also.is_empty() && seen.len() == 1 {
        return Err(UnitError::NoInstall { unit: unit.into() });
    }
    // A template that is enabled without an instance takes its default one.
    let name = match (unit.split_once("@."), &install.default_instance) {
        (Some((prefix, suffix)), Some(instance)) => format!("{prefix}@{instance}.{suffix}"),
        _ => unit.to_owned(),
    };
    let instance = template_of(&name)
        .map(|(_, instance)| instance)
        .unwrap_or_default();
    for (targets, kind) in [
        (&install.wanted_by, "wants"),
        (&install.required_by, "requires"),
    ] {
        for target in targets {
            let target = target.replace("%i", &instance);
            plan.links
                .insert(format!("{SYSTEM_DIR}/{target}.{kind}/{name}"), path.clone());
        }
    }
    for alias in &install.aliases {
        plan.links
            .insert(format!("{SYSTEM_DIR}/{alias}"), path.clone());
    }
    for also in &install.also {
        // The configuration's own word about a companion counts more than the package's.
        let refused = |declared: &Unit| declared.mask || declared.enable == Some(false);
        if units.get(also).is_some_and(refused) {
            continue;
        }
        // A missing companion is no error: packages name units of their optional parts here.
        if look_up(also, units, files).is_some() {
            enable(also, units, files, plan, seen)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Files(BTreeMap<&'static str, &'static str>);
    impl UnitFiles for Files {
        fn find(&self, unit: &str) -> Option<(String, String)> {
            self.0.get(unit).map(|text| {
                (
                    format!("/usr/lib/systemd/system/{unit}"),
                    (*text).to_owned(),
                )
            })
        }
        fn names(&self) -> Vec<String> {
            self.0.keys().map(|name| (*name).to_owned()).collect()
        }
    }

    fn files() -> Files {
        Files(BTreeMap::from([
            (
                "nginx.service",
                "[Unit]\n[Install]\nWantedBy=multi-user.target\nAlias=www.service\n",
            ),
            (
                "getty@.service",
                "[Install]\nWantedBy=getty.target\nDefaultInstance=tty1\n",
            ),
            ("static.service", "[Service]\n"),
            (
                "network.service",
                "[Install]\nWantedBy=multi-user.target\nAlso=wait.service\nAlso=network.socket\n",
            ),
            ("network.socket", "[Install]\nWantedBy=sockets.target\n"),
            ("wait.service", "[Install]\nWantedBy=online.target\n"),
        ]))
    }

    fn unit(enable: Option<bool>) -> Unit {
        Unit {
            enable,
            ..Unit::default()
        }
    }

    #[test]
    fn enabling_links_into_what_wants_it_and_its_aliases() {
        let units = BTreeMap::from([("nginx.service".to_owned(), unit(Some(true)))]);
        let plan = plan(&units, &files()).unwrap();
        let expected = "/usr/lib/systemd/system/nginx.service";
        assert_eq!(
            plan.links["etc/systemd/system/multi-user.target.wants/nginx.service"],
            expected
        );
        assert_eq!(plan.links["etc/systemd/system/www.service"], expected);
    }

    #[test]
    fn an_instance_is_linked_to_its_template() {
        let units = BTreeMap::from([("getty@ttyS0.service".to_owned(), unit(Some(true)))]);
        let plan = plan(&units, &files()).unwrap();
        let link = &plan.links["etc/systemd/system/getty.target.wants/getty@ttyS0.service"];
        assert_eq!(link, "/usr/lib/systemd/system/getty@.service");
    }

    #[test]
    fn a_companion_comes_along_unless_it_is_switched_off_or_masked() {
        const WAIT: &str = "etc/systemd/system/online.target.wants/wait.service";
        let masked = Unit {
            mask: true,
            ..Unit::default()
        };
        for (companion, comes) in [
            (None, true),
            (Some(unit(None)), true),
            (Some(unit(Some(false))), false),
            (Some(masked), false),
        ] {
            let mut units = BTreeMap::from([("network.service".to_owned(), unit(Some(true)))]);
            units.extend(companion.map(|unit| ("wait.service".to_owned(), unit)));
            let links = plan(&units, &files()).unwrap().links;
            assert_eq!(links.contains_key(WAIT), comes, "{units:?}");
            assert!(links.contains_key("etc/systemd/system/sockets.target.wants/network.socket"));
        }
    }

    #[test]
    fn a_missing_unit_is_named_with_the_nearest() {
        let units = BTreeMap::from([("ngins.service".to_owned(), unit(Some(true)))]);
        let error = plan(&units, &files()).unwrap_err();
        assert_eq!(
            error,
            UnitError::Missing {
                unit: "ngins.service".into(),
                nearest: Some("nginx.service".into())
            }
        );
    }

    #[test]
    fn a_unit_that_nothing_wants_can_not_be_enabled() {
        let units = BTreeMap::from([("static.service".to_owned(), unit(Some(true)))]);
        assert!(matches!(
            plan(&units, &files()),
            Err(UnitError::NoInstall { .. })
        ));
    }
}
