//! The time zone, held against the zone database of the root.
//!
//! In: a zone's name and the names below `/usr/share/zoneinfo`. Out: nothing, or [`ZoneError`] with what may be meant.
//! Reads no zone's rules.

use cairn_syntax::suggest::nearest;
use std::collections::BTreeSet;

/// Where the zones of a root lie. Source: tzset(3).
pub const FOLDER: &str = "usr/share/zoneinfo";

/// What a machine without a zone database shows too.
const UTC: &str = "Etc/UTC";

/// A zone that the root does not have.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`time.zone` is \"{zone}\", which is no zone of this system's `tzdata`{}; zones of old such as \"US/Pacific\" need the package `tzdata-legacy`",
    meant(.near)
)]
pub struct ZoneError {
    /// The zone.
    pub zone: String,
    /// Zones that may be meant, the likeliest first.
    pub near: Vec<String>,
}

fn meant(near: &[String]) -> String {
    let quoted: Vec<String> = near.iter().map(|zone| format!("\"{zone}\"")).collect();
    if quoted.is_empty() {
        return String::new();
    }
    format!("; did you mean {}?", quoted.join(" or "))
}

/// Whether a zone is among those of the root, files and links alike.
///
/// Errors: [`ZoneError`]. The default is always right: a machine without `tzdata` shows UTC.
pub fn check(zone: &str, zones: &[String]) -> Result<(), ZoneError> {
    if zone == UTC || zones.iter().any(|known| known == zone) {
        return Ok(());
    }
    let city = |zone: &str| zone.rsplit('/').next().unwrap_or_default().to_owned();
    let wanted = city(zone);
    let same_city = zones
        .iter()
        .filter(|known| city(known).eq_ignore_ascii_case(&wanted));
    let mut near: Vec<String> = same_city.cloned().collect();
    let names = || zones.iter().map(String::as_str);
    if let Some(found) = nearest(zone, names()) {
        near.push(found.into());
    }
    if near.is_empty() {
        let cities: Vec<String> = names().map(city).collect();
        if let Some(found) = nearest(&wanted, cities.iter().map(String::as_str)) {
            let called = names().filter(|known| city(known) == found);
            near.extend(called.map(str::to_owned));
        }
    }
    near.sort_by_key(|known| !known.eq_ignore_ascii_case(zone));
    let mut seen = BTreeSet::new();
    near.retain(|known| seen.insert(known.clone()));
    near.truncate(3);
    Err(ZoneError {
        zone: zone.into(),
        near,
    })
}

#[cfg(test)]
mod tests {
    use super::check;

    fn message(zone: &str) -> String {
        let zones = [
            "America/Los_Angeles",
            "Europe/Berlin",
            "Europe/Busingen",
            "UTC",
        ]
        .map(str::to_owned);
        check(zone, &zones).map_or_else(|error| error.to_string(), |()| "found".into())
    }

    #[test]
    fn a_zone_is_one_of_the_database() {
        assert_eq!(message("Europe/Berlin"), "found");
        assert_eq!(message("UTC"), "found");
        assert!(message("Europe").contains("no zone of this system"));
        assert!(message("Europe/Nowhere").contains("no zone of this system"));
    }

    #[test]
    fn without_a_database_there_is_utc() {
        assert_eq!(check("Etc/UTC", &[]), Ok(()));
        assert!(check("Europe/Berlin", &[]).is_err());
    }

    #[test]
    fn the_zone_that_may_be_meant_is_named() {
        for (zone, meant) in [
            ("Europe/Belrin", "Europe/Berlin"),
            ("europe/berlin", "Europe/Berlin"),
            ("Berlin", "Europe/Berlin"),
            ("US/Los_Angeles", "America/Los_Angeles"),
            ("Germany/Berlim", "Europe/Berlin"),
        ] {
            let message = message(zone);
            assert!(
                message.contains(&format!("did you mean \"{meant}\"")),
                "{zone}: {message}"
            );
        }
    }
}
