//! Asks before something is changed.
//!
//! In: a question. Out: yes or no. On a terminal a person answers; elsewhere only `-y` does, and its absence is an error
//! that names it: nothing waits for an answer that can't come.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use crate::error::CommandError;

/// What the command line says about questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consent {
    /// `-y`: every question is answered with yes.
    pub yes: bool,
    /// There is nothing to lose: no answer is needed off a terminal.
    pub harmless: bool,
}

/// Asks the question, unless the answer is known.
///
/// Errors: [`CommandError::NoTerminal`] when nobody can be asked; [`CommandError::Terminal`].
pub fn confirm(question: &str, consent: Consent) -> Result<bool, CommandError> {
    if consent.yes {
        return Ok(true);
    }
    let stdin = std::io::stdin();
    if !stdin.is_terminal() || !std::io::stderr().is_terminal() {
        return if consent.harmless {
            Ok(true)
        } else {
            Err(CommandError::NoTerminal {
                question: question.into(),
            })
        };
    }
    loop {
        anstream::eprint!("{question} [Y/n] ");
        std::io::stderr().flush().map_err(CommandError::Terminal)?;
        let mut answer = String::new();
        let count = stdin
            .lock()
            .read_line(&mut answer)
            .map_err(CommandError::Terminal)?;
        if let Some(answer) = understand(&answer, count == 0) {
            return Ok(answer);
        }
        anstream::eprintln!("please answer y or n");
    }
}

/// What an answer means; an empty line is yes, the end of the input is no.
fn understand(answer: &str, ended: bool) -> Option<bool> {
    match answer.trim().to_lowercase().as_str() {
        "" => Some(!ended),
        "y" | "yes" => Some(true),
        "n" | "no" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::understand;

    #[test]
    fn an_empty_line_agrees_and_the_end_of_input_does_not() {
        assert_eq!(understand("\n", false), Some(true));
        assert_eq!(understand("", true), Some(false));
        assert_eq!(understand(" Yes\n", false), Some(true));
        assert_eq!(understand("no\n", false), Some(false));
        assert_eq!(understand("what?\n", false), None);
    }
}
