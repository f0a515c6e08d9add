//! `normal(0, 1) T[0, ]`: a truncation as Stan and BUGS write it.

use super::parse::File;
use super::token::TokenKind;
use crate::diagnostics::Edit;
use crate::source::Span;

/// The truncated distribution that ends before the token `at`, a `T`, in this language, with its edit. An `I` of BUGS censors.
pub(super) fn rewritten(file: &File<'_>, at: usize) -> Option<(String, Edit)> {
    let close = closing(file, at + 1)?;
    let comma = (at + 2..close).find(|inner| file.word(*inner) == ",")?;
    let first = opening(file, at.checked_sub(1)?)?.checked_sub(1)?;
    let plain = |range: std::ops::Range<usize>| {
        range.clone().all(|inner| !matches!(file.word(inner), "," | "(" | "[")).then(|| text(file, range))
    };
    let (low, high) = (plain(at + 2..comma)?, plain(comma + 1..close)?);
    let is_bare = low.is_empty() && high.is_empty();
    if file.word(at) != "T" || is_bare || file.tokens[first].kind != TokenKind::Word {
        return None;
    }
    let written = format!("truncated({}, {low}..{high})", text(file, first..at));
    let span = file.tokens[first].span.to(file.tokens[close].span);
    Some((written.clone(), Edit { span, text: written }))
}

fn text<'a>(file: &File<'a>, tokens: std::ops::Range<usize>) -> &'a str {
    if tokens.is_empty() {
        return "";
    }
    let Span { start, end } = file.tokens[tokens.start].span.to(file.tokens[tokens.end - 1].span);
    &file.text[start..end]
}

/// Where the bracket that a token opens is closed.
fn closing(file: &File<'_>, open: usize) -> Option<usize> {
    let mut depth = 0usize;
    (open..file.tokens.len()).find(|at| {
        match file.word(*at) {
            "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0
    })
}

/// Where the bracket that a token closes was opened.
fn opening(file: &File<'_>, close: usize) -> Option<usize> {
    let mut depth = 0usize;
    (0..=close).rev().find(|at| {
        match file.word(*at) {
            ")" | "]" => depth += 1,
            "(" | "[" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0
    })
}
