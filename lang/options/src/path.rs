//! Option paths as text: `services.nginx.sites."example.org".port`.
//!
//! In: names, or text. Out: text, or names. Refuses to know which options exist.

/// The path as a user would write it: parts that are no names stand in quotes.
pub fn print<'t>(parts: impl IntoIterator<Item = &'t str>) -> String {
    // Few paths have more letters.
    let mut text = String::with_capacity(64);
    for part in parts {
        if !text.is_empty() {
            text.push('.');
        }
        let mut letters = part.bytes();
        let plain = letters
            .next()
            .is_some_and(|c| c.is_ascii_alphabetic() || c == b'_')
            && letters.all(|c| c.is_ascii_alphanumeric() || c == b'_' || c == b'-');
        if plain {
            text.push_str(part);
        } else {
            text.push('"');
            text.push_str(&part.replace('\\', "\\\\").replace('"', "\\\""));
            text.push('"');
        }
    }
    text
}

/// Splits what [`print`] wrote, each part with its first byte; the empty text is the whole configuration.
///
/// `None` where a quote stays open or a part is empty.
pub fn parse(text: &str) -> Option<Vec<(String, usize)>> {
    let mut parts = Vec::new();
    if text.is_empty() {
        return Some(parts);
    }
    let mut letters = text.char_indices().peekable();
    loop {
        let start = letters.peek().map(|(at, _)| *at)?;
        let mut part = String::new();
        if letters.next_if(|(_, c)| *c == '"').is_some() {
            loop {
                match letters.next()? {
                    (_, '"') => break,
                    (_, '\\') => part.push(letters.next()?.1),
                    (_, c) => part.push(c),
                }
            }
        } else {
            while let Some((_, c)) = letters.next_if(|(_, c)| *c != '.') {
                part.push(c);
            }
            if part.is_empty() {
                return None;
            }
        }
        parts.push((part, start));
        match letters.next() {
            None => return Some(parts),
            Some((_, '.')) => {}
            Some(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{parse, print};

    #[test]
    fn reads_back_what_it_prints() {
        for parts in [
            &["a", "b-c"][..],
            &["files", "/etc/a b.conf"],
            &["x", "say \"hi\" \\ .", "0"],
        ] {
            let text = print(parts.iter().copied());
            let read: Vec<String> = parse(&text)
                .unwrap()
                .into_iter()
                .map(|(part, _)| part)
                .collect();
            assert_eq!(read, parts, "{text}");
        }
    }

    #[test]
    fn refuses_empty_parts_and_open_quotes() {
        for bad in [".", "a.", "a..b", "a.\"b", "\"a\"b"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
