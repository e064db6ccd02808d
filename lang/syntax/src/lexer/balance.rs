//! Brackets in pairs: after this the parser can rely on every opening bracket having its closing one.
//!
//! In: tokens as they stand in the text. Out: tokens in which stray closing brackets are gone and missing
//! ones are put in, zero bytes wide, with an error for each. Refuses to know grammar: it goes by the layout.
//!
//! A missing bracket is put where the text's indent says that the bracket's contents end: before the first
//! later line that is indented no deeper than the line of the opening one. So one missing bracket spoils
//! one definition and not the rest of the file.

use std::ops::Range;

use super::token::{Before, Token, TokenKind};
use super::torn::Torn;
use crate::diagnostic::Diagnostic;
use crate::span::SourceId;

/// How many brackets of a kind are reported at most.
const REPORTED: usize = 16;

/// Pairs the brackets of a text; `torn` are the bytes of its strings that did not end.
pub fn balance(
    text: &str,
    id: SourceId,
    tokens: Vec<Token>,
    torn: &[Range<usize>],
) -> (Vec<Token>, Vec<Diagnostic>) {
    let mut errors = Vec::new();
    let Pairs {
        mut partner,
        unclosed,
        stray,
    } = pair(&tokens);
    let mut torn = Torn::new(text, torn);
    let is_stray = |index: &&usize| {
        let token = &tokens[**index];
        torn.is_stray(token.kind, token.start as usize)
    };
    let certain: Vec<usize> = stray.iter().filter(is_stray).copied().collect();
    for &index in certain.iter().take(REPORTED) {
        let span = tokens[index].span(id);
        let sign = &text[tokens[index].start as usize..tokens[index].end as usize];
        errors.push(
            Diagnostic::error(
                "syntax::stray_bracket",
                span,
                format!("nothing opens this `{sign}`"),
            )
            .help("remove it"),
        );
    }
    // For each token, the closing brackets that are put in before it: innermost first.
    let mut before: Vec<(usize, usize)> = Vec::new();
    let indents = indents(text, &tokens);
    for (left, &(open, limit)) in unclosed.iter().enumerate().rev() {
        let at = end_by_layout(&indents, &tokens, &partner, open, limit);
        partner[open] = Some(at);
        before.push((at, open));
        let contents = tokens[open].start as usize..tokens[at].start as usize;
        if torn.is_unclosed(tokens[open].kind, &contents) && left < REPORTED {
            errors.push(missing(text, id, &tokens, &indents, &partner, open));
        }
    }
    before.sort_by_key(|(at, open)| (*at, std::cmp::Reverse(*open)));

    let mut balanced = Vec::with_capacity(tokens.len() + before.len());
    let mut before = before.into_iter().peekable();
    let kinds: Vec<Option<TokenKind>> = tokens.iter().map(|token| token.kind.closer()).collect();
    for (index, token) in tokens.into_iter().enumerate() {
        while let Some((_, open)) = before.next_if(|(at, _)| *at == index) {
            let end = balanced.last().map_or(0, |last: &Token| last.end);
            if let Some(kind) = kinds[open] {
                balanced.push(Token {
                    kind,
                    keyword: None,
                    before: Before::Nothing,
                    start: end,
                    end,
                    value: 0,
                });
            }
        }
        if stray.binary_search(&index).is_err() {
            balanced.push(token);
        }
    }
    pair_up(&mut balanced);
    (balanced, errors)
}

/// Tells each opening token where its closing one stands.
fn pair_up(tokens: &mut [Token]) {
    let mut open: Vec<usize> = Vec::new();
    for index in 0..tokens.len() {
        let kind = tokens[index].kind;
        if kind.closer().is_some() {
            open.push(index);
        } else if kind.is_closer()
            && let Some(opener) = open.pop()
        {
            tokens[opener].value = index as u32;
        }
    }
}

/// Which brackets belong together.
struct Pairs {
    /// For each opening bracket, where its closing one stands.
    partner: Vec<Option<usize>>,
    /// Opening brackets without a closing one, in order, with the token before which they must end.
    unclosed: Vec<(usize, usize)>,
    /// Closing brackets without an opening one, in order.
    stray: Vec<usize>,
}

/// The brackets that are open inside one string, one interpolation or the file itself.
#[derive(Default)]
struct Frame {
    open: Vec<usize>,
    /// How many of each kind are open, so that a stray bracket costs nothing to recognise.
    counts: [usize; 3],
}

fn pair(tokens: &[Token]) -> Pairs {
    let mut pairs = Pairs {
        partner: vec![None; tokens.len()],
        unclosed: Vec::new(),
        stray: Vec::new(),
    };
    let mut frame = Frame::default();
    let mut outer: Vec<(usize, Frame)> = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::StrOpen | TokenKind::InterpolationOpen => {
                outer.push((index, std::mem::take(&mut frame)));
            }
            // The lexer ends strings and interpolations always, so brackets do not reach out of them.
            TokenKind::StrClose | TokenKind::InterpolationClose => {
                let left = frame.open.drain(..).map(|open| (open, index));
                pairs.unclosed.extend(left);
                if let Some((open, before)) = outer.pop() {
                    pairs.partner[open] = Some(index);
                    frame = before;
                }
            }
            _ => frame.bracket(tokens, index, &mut pairs),
        }
    }
    let end = tokens.len().saturating_sub(1);
    let left = frame.open.into_iter().map(|open| (open, end));
    pairs.unclosed.extend(left);
    pairs.unclosed.sort_unstable();
    pairs
}

impl Frame {
    fn bracket(&mut self, tokens: &[Token], index: usize, pairs: &mut Pairs) {
        let kind = |index: usize| match tokens[index].kind {
            TokenKind::ParenOpen | TokenKind::ParenClose => Some(0),
            TokenKind::BracketOpen | TokenKind::BracketClose => Some(1),
            TokenKind::BraceOpen | TokenKind::BraceClose => Some(2),
            _ => None,
        };
        let Some(own) = kind(index) else { return };
        if tokens[index].kind.closer().is_some() {
            self.open.push(index);
            self.counts[own] += 1;
            return;
        }
        if self.counts[own] == 0 {
            pairs.stray.push(index);
            return;
        }
        while let Some(open) = self.open.pop() {
            let theirs = kind(open);
            self.counts[theirs.unwrap_or(own)] -= 1;
            if theirs == Some(own) {
                pairs.partner[open] = Some(index);
                return;
            }
            pairs.unclosed.push((open, index));
        }
    }
}

/// The token before which the contents of `open` end, going by the indent; `limit` at the latest.
fn end_by_layout(
    indents: &[usize],
    tokens: &[Token],
    partner: &[Option<usize>],
    open: usize,
    limit: usize,
) -> usize {
    let own = indents[open];
    let mut at = open + 1;
    while at < limit {
        let token = &tokens[at];
        if token.line_before() && indents[at] <= own {
            return at;
        }
        at = match partner[at] {
            // A bracket that was put in stands before its token, a real one is the token.
            Some(close) if tokens[close].kind.is_closer() => close + 1,
            Some(close) => close.max(at + 1),
            None => at + 1,
        };
    }
    limit
}

/// How many bytes of blanks the line of each token begins with.
fn indents(text: &str, tokens: &[Token]) -> Vec<usize> {
    let (mut line, mut at, mut indent) = (0, 0, 0);
    let mut first = true;
    let mut indents = Vec::with_capacity(tokens.len());
    for token in tokens {
        let start = token.start as usize;
        if let Some(found) = text[at..start].rfind('\n') {
            line = at + found + 1;
            first = true;
        }
        if std::mem::take(&mut first) {
            let rest = &text[line..];
            indent = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        }
        at = start;
        indents.push(indent);
    }
    indents
}

fn missing(
    text: &str,
    id: SourceId,
    tokens: &[Token],
    indents: &[usize],
    partner: &[Option<usize>],
    open: usize,
) -> Diagnostic {
    let sign = &text[tokens[open].start as usize..tokens[open].end as usize];
    let closing = match tokens[open].kind {
        TokenKind::ParenOpen => ")",
        TokenKind::BracketOpen => "]",
        _ => "}",
    };
    let span = tokens[open].span(id);
    let error = Diagnostic::error(
        "syntax::unclosed_bracket",
        span,
        format!("this `{sign}` is never closed"),
    )
    .label("opened here")
    .help(format!("add `{closing}`"));
    // A pair inside whose closing bracket is indented like our own line was probably meant for us.
    let own = indents[open];
    let thief = (open + 1..tokens.len()).find_map(|inner| {
        let close = partner[inner].filter(|close| tokens[*close].kind == TokenKind::BraceClose)?;
        let token = &tokens[close];
        let (mine, theirs) = (indents[close], indents[inner]);
        (token.line_before() && mine == own && theirs > own).then_some((inner, close))
    });
    match thief {
        Some((inner, close)) if tokens[open].kind == TokenKind::BraceOpen => Diagnostic {
            primary: crate::diagnostic::Label {
                span: tokens[inner].span(id),
                text: "opened here".to_owned(),
            },
            ..error
        }
        .also(
            tokens[close].span(id),
            "closed here, but this is indented like the bracket around it",
        ),
        _ => error,
    }
}
