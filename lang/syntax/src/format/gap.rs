//! What stands between two tokens: comments and line breaks.
//!
//! In: the text between two tokens. Out: a [`Gap`]. Refuses to know tokens.

/// What stands between two tokens.
#[derive(Debug, Default)]
pub struct Gap<'t> {
    /// In the order of the text.
    pub comments: Vec<Comment<'t>>,
    /// How many line breaks stand before the token after the gap, from the last comment on.
    pub breaks: usize,
    /// Whether more than one blank stands at the beginning.
    pub wide: bool,
}

/// A comment.
#[derive(Debug)]
pub struct Comment<'t> {
    /// From its `#` on, without blanks at its end.
    pub text: &'t str,
    /// How many line breaks stand before it, from the comment or the token before it on.
    pub breaks: usize,
}

impl<'t> Gap<'t> {
    /// Takes a gap apart.
    pub fn new(text: &'t str) -> Self {
        let mut gap = Self::default();
        let blanks = text.len() - text.trim_start_matches([' ', '\t']).len();
        gap.wide = blanks > 1 || text.starts_with('\t');
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if c == '#' {
                let end = rest.find('\n').unwrap_or(rest.len());
                gap.comments.push(Comment {
                    text: rest[..end].trim_end(),
                    breaks: std::mem::take(&mut gap.breaks),
                });
                rest = &rest[end..];
            } else {
                gap.breaks += usize::from(c == '\n');
                rest = &rest[c.len_utf8()..];
            }
        }
        gap
    }

    /// Whether a line ends in it.
    pub fn breaks(&self) -> bool {
        self.breaks > 0 || !self.comments.is_empty()
    }
}
