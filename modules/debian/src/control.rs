//! Stanzas of fields: the form of Packages, Release, control and apt's `.sources`.
//!
//! In: a text. Out: slices of it; nothing is copied. Source: deb822(5).

/// The stanzas of a text, in order; comment lines (`#`) and blank lines between them are skipped.
pub fn stanzas(text: &str) -> impl Iterator<Item = Stanza<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let (line, after) = split_line(rest);
            if !(line.trim().is_empty() || line.starts_with('#')) {
                break;
            }
            if rest.is_empty() {
                return None;
            }
            rest = after;
        }
        let start = rest;
        while !rest.is_empty() {
            let (line, after) = split_line(rest);
            if line.trim().is_empty() {
                break;
            }
            rest = after;
        }
        Some(Stanza {
            text: &start[..start.len() - rest.len()],
        })
    })
}

/// The first line without its end, and what follows it.
fn split_line(text: &str) -> (&str, &str) {
    text.split_once('\n').unwrap_or((text, ""))
}

/// One stanza.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stanza<'a> {
    text: &'a str,
}

impl<'a> Stanza<'a> {
    /// The stanza's own text, with its line ends, without the blank line after it.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// Name and value of each field; the value of a folded field has its line ends and the blanks after them.
    pub fn fields(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let mut rest = self.text;
        std::iter::from_fn(move || {
            loop {
                if rest.is_empty() {
                    return None;
                }
                let start = rest;
                rest = split_line(rest).1;
                while rest.starts_with([' ', '\t', '#']) {
                    rest = split_line(rest).1;
                }
                let field = &start[..start.len() - rest.len()];
                if let Some((name, value)) = field.split_once(':')
                    && !field.starts_with('#')
                {
                    return Some((name, value.trim()));
                }
            }
        })
    }

    /// The value of this field; names are compared without case.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.fields()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stanzas_are_split_at_blank_lines_and_fields_keep_their_folds() {
        let text = "# head\n\nA: 1\nB: x\n y\n# between\n z\n\n \nC:\n 2\n";
        let found: Vec<Vec<_>> = stanzas(text)
            .map(|stanza| stanza.fields().collect())
            .collect();
        assert_eq!(
            found,
            [
                vec![("A", "1"), ("B", "x\n y\n# between\n z")],
                vec![("C", "2")]
            ]
        );
    }

    #[test]
    fn names_are_found_without_case_and_empty_texts_have_no_stanza() {
        let stanza = stanzas("Package: a").next().unwrap();
        assert_eq!(
            (stanza.get("package"), stanza.get("Version")),
            (Some("a"), None)
        );
        assert_eq!(stanzas("\n\n# only\n").count(), 0);
    }
}
