//! "Did you mean": the name nearest to one that was not found.
//!
//! In: the name and the names that would have been right. Out: the nearest, where one is near enough.
//! Refuses to know what the names stand for.

/// The candidate nearest to `name`, if it is near enough to be meant.
///
/// Near enough is at most one edit for three characters (and one edit for shorter names), where swapping two
/// neighbours is one edit and case does not count; or being the start of the candidate with at
/// least three characters. Of equally near candidates the first one wins.
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    let length = wanted.chars().count();
    let allowed = (length / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let offered = candidate.to_lowercase();
        if candidate == name || offered.is_empty() {
            continue;
        }
        let edits = strsim::damerau_levenshtein(&wanted, &offered);
        let starts = length >= 3 && offered.starts_with(&wanted);
        let rank = match (edits <= allowed && edits < length, starts) {
            (true, _) => edits,
            (false, true) => allowed + edits,
            (false, false) => continue,
        };
        if best.is_none_or(|(least, _)| rank < least) {
            best = Some((rank, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    fn check(name: &str, candidates: &[&str], expect: Option<&str>) {
        assert_eq!(nearest(name, candidates.iter().copied()), expect, "{name}");
    }

    #[test]
    fn suggests_the_nearest_name() {
        check("nmae", &["groups", "name"], Some("name"));
        check("pkgss", &["packages", "pkgs"], Some("pkgs"));
        check("servcies", &["services", "service"], Some("services"));
        check("Enable", &["enable"], Some("enable"));
    }

    #[test]
    fn suggests_a_longer_name_by_its_start() {
        check("pack", &["users", "packages"], Some("packages"));
    }

    #[test]
    fn stays_silent_where_nothing_is_near() {
        check("firewall", &["users", "packages"], None);
        check("x", &["y"], None);
        check("ab", &["cd"], None);
    }
}
