//! Links that BUGS writes left of its arrow: `logit(p) <- a + b` gives the value of `p` by that of its logit.

use super::cut::Piece;
use super::parse::File;
use super::strays::clip;
use crate::diagnostics::syntax_codes::BARE_ASSIGNMENT;
use crate::diagnostics::{Diagnostic, Edit};
use crate::source::Span;

/// Each link, and what stands around the right side instead.
const LINKS: [(&str, [&str; 2]); 4] = [
    ("logit", ["inv_logit(", ")"]),
    ("log", ["exp(", ")"]),
    ("probit", ["inv_probit(", ")"]),
    ("cloglog", ["1 - exp(-exp(", "))"]),
];

/// What is said of an assignment to a link, whose sign is the token `nth` of its piece.
pub(super) fn inverted(file: &File<'_>, piece: &Piece, nth: usize, sign: Span) -> Option<Diagnostic> {
    let (first, at) = (piece.tokens.start, piece.tokens.start + nth);
    let (link, [before, after]) = LINKS.iter().find(|(link, _)| *link == file.word(first))?;
    if nth < 4 || file.word(first + 1) != "(" || file.word(at - 1) != ")" {
        return None;
    }
    let between = |from: usize, to: usize| file.tokens[from].span.to(file.tokens[to].span);
    let text = |span: Span| &file.text[span.start..span.end];
    let (left, name) = (between(first, at - 1), text(between(first + 2, at - 2)));
    let begins = (at + 1..piece.tokens.end).find(|at| file.tokens[*at].span.start >= sign.end)?;
    let right = between(begins, piece.tokens.end - 1);
    let insertion = |at: usize, text: &str| Edit { span: Span::new(at, at), text: text.to_owned() };
    let edits = vec![
        Edit { span: left, text: format!("let {name}") },
        Edit { span: sign, text: "=".to_owned() },
        insertion(right.start, before),
        insertion(right.end, after),
    ];
    let message = format!("`{}` is not a name that can be given a value", clip(text(left)));
    Some(
        Diagnostic::new(BARE_ASSIGNMENT, message)
            .at(left, format!("gives the {link} of `{name}`"))
            .fix(format!("write `let {name} = {before}{}{after}`", clip(text(right))), edits),
    )
}
