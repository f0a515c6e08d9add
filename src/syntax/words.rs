//! The reserved words.

/// The words that begin a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StatementWord {
    Dim,
    Data,
    Let,
    Latent,
    Observe,
    Learn,
    Potential,
    Generate,
    Function,
    Guide,
    Ode,
}

impl StatementWord {
    /// The word that is spelt so.
    pub(super) fn of(text: &str) -> Option<Self> {
        Some(match text {
            "dim" => Self::Dim,
            "data" => Self::Data,
            "let" => Self::Let,
            "latent" => Self::Latent,
            "observe" => Self::Observe,
            "learn" => Self::Learn,
            "potential" => Self::Potential,
            "generate" => Self::Generate,
            "fn" => Self::Function,
            "guide" => Self::Guide,
            "ode" => Self::Ode,
            _ => return None,
        })
    }

    /// Whether it may stand inside of `guide { … }`.
    pub(super) fn fits_guide(self) -> bool {
        matches!(self, Self::Let | Self::Latent | Self::Learn)
    }

    /// Whether `word` continues such a statement on a new line without being reserved.
    pub(super) fn continues_with(self, word: &str) -> bool {
        match self {
            Self::Data => matches!(word, "from" | "missing"),
            Self::Latent => word == "using",
            Self::Learn => word == "init",
            Self::Ode => matches!(word, "from" | "at"),
            _ => false,
        }
    }
}

/// Words reserved inside of expressions that ask for an operand after them.
const ASKS: [&str; 12] =
    ["if", "then", "else", "and", "or", "not", "in", "div", "mod", "over", "where", "by"];

/// Whether an operand must follow the word: `if`, `and`, `over` …
pub(super) fn asks_for_operand(text: &str) -> bool {
    ASKS.contains(&text)
}

/// Whether no name may be spelt so.
pub(super) fn is_reserved(text: &str) -> bool {
    StatementWord::of(text).is_some() || asks_for_operand(text) || matches!(text, "true" | "false")
}
