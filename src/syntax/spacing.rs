//! Where the formatter puts spaces between two tokens of a line.

use super::token::{Token, TokenKind};
use super::words::{self, StatementWord};

/// Whether a token touches its neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    None,
    One,
}

/// The tokens of a sound file without its comments.
pub(super) struct Tokens<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: &'a [Token],
}

impl<'a> Tokens<'a> {
    pub(super) fn word(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| token.text(self.text))
    }

    fn before(&self, at: usize) -> Option<&Token> {
        self.tokens.get(at.checked_sub(1)?)
    }

    fn ends_operand(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.ends_operand(self.text))
            && StatementWord::of(self.word(at)).is_none()
    }

    /// A minus without a left side.
    fn is_prefix(&self, at: usize) -> bool {
        self.word(at) == "-" && (at == 0 || !self.ends_operand(at - 1) || self.is_contextual(at - 1, None))
    }

    /// `init`, `missing`, `rate` … where they are no names: behind something complete, or `rate` behind its comma.
    fn is_contextual(&self, at: usize, bracket: Option<char>) -> bool {
        let word = self.word(at);
        let behind_operand = at > 0 && self.ends_operand(at - 1);
        match word {
            "init" | "missing" | "using" | "from" | "at" => behind_operand,
            "rate" => at > 0 && self.word(at - 1) == "," && bracket.is_none_or(|bracket| bracket == '{'),
            _ => false,
        }
    }

    /// `+` or `-` in an index, kept tight where it was written so: `h[t-1]`.
    fn is_tight(&self, at: usize, bracket: Option<char>) -> bool {
        let (Some(before), Some(sign), Some(after)) =
            (self.before(at), self.tokens.get(at), self.tokens.get(at + 1))
        else {
            return false;
        };
        bracket == Some('[')
            && matches!(self.word(at), "+" | "-")
            && !self.is_prefix(at)
            && before.span.end == sign.span.start
            && sign.span.end == after.span.start
    }

    /// The space between the token at `at` and the one before it, inside of `bracket`.
    pub(super) fn space(&self, at: usize, bracket: Option<char>) -> Space {
        let Some(left) = at.checked_sub(1) else { return Space::None };
        let touches = match (self.word(left), self.word(at)) {
            ("{", _) | (_, "}") => false,
            ("(" | "[", _) | (_, ")" | "]" | "," | ":" | "?") => true,
            ("," | ":" | "=" | "~", _) => false,
            (".." | "^", _) | (_, ".." | "^") => true,
            ("-", _) if self.is_prefix(left) => true,
            (_, "(" | "[") => self.is_suffix(at, bracket),
            _ => self.is_tight(left, bracket) || self.is_tight(at, bracket),
        };
        if touches { Space::None } else { Space::One }
    }

    /// Whether the bracket at `at` calls or indexes what stands before it.
    fn is_suffix(&self, at: usize, bracket: Option<char>) -> bool {
        let left = at - 1;
        let word = self.word(left);
        let callable = match self.tokens[left].kind {
            TokenKind::Word => !words::is_reserved(word) && !self.is_contextual(left, bracket),
            TokenKind::Close => true,
            _ => false,
        };
        // `at ts (solver = "bdf")` gives options; it calls nothing.
        let options = self.word(at) == "(" && left > 0 && self.is_contextual(left - 1, bracket);
        callable && !options
    }
}
