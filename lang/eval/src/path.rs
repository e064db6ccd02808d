//! Paths as the language writes them: `./x`, relative to the file that they stand in.
//!
//! In: a file's name and a written path. Out: the path relative to the configuration's root. Pure text: what really
//! lies there, and whether a symbolic link leads out, is the host's to say.

/// The normalised path of `written` in the file `source`; `None` if it leads out of the root (or of the library).
pub(crate) fn relative_to(source: &str, written: &str) -> Option<String> {
    let mut parts: Vec<&str> = source.split('/').collect();
    parts.pop();
    let fixed = usize::from(parts.first() == Some(&"<library>"));
    for part in written.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.len() > fixed => {
                parts.pop();
            }
            ".." => return None,
            part => parts.push(part),
        }
    }
    Some(if parts.is_empty() {
        ".".to_owned()
    } else {
        parts.join("/")
    })
}

#[cfg(test)]
mod tests {
    use super::relative_to;

    fn check(source: &str, written: &str, expect: Option<&str>) {
        assert_eq!(
            relative_to(source, written).as_deref(),
            expect,
            "{written} in {source}"
        );
    }

    #[test]
    fn is_relative_to_the_file_it_stands_in() {
        check("system.cairn", "./www", Some("www"));
        check(
            "hosts/web.cairn",
            "./www/index.html",
            Some("hosts/www/index.html"),
        );
        check("hosts/web.cairn", "../www", Some("www"));
        check(
            "<library>/services/nginx.cairn",
            "../page.html",
            Some("<library>/page.html"),
        );
        check("system.cairn", "./", Some("."));
    }

    #[test]
    fn never_leads_out_of_the_root() {
        check("system.cairn", "../secret", None);
        check("hosts/web.cairn", "../../x", None);
        check("<library>/a.cairn", "../../etc/passwd", None);
    }
}
