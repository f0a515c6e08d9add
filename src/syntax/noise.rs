//! What follows from a mistake that has been reported is taken back, and what is one mistake in several places is said once.

use super::clean;
use super::cut::{Piece, State};
use super::loops;
use super::parse::File;
use super::words;
use crate::diagnostics::syntax_codes::{LOOP, RESERVED, SEMICOLON, STAN_DECLARATION, UNEXPECTED};
use crate::diagnostics::{Diagnostic, Edit};
use crate::source::Span;
use std::collections::HashSet;

/// At most this many places get a label.
const LABELS: usize = 3;

/// The statement below the head of a loop is its body: it is written for one element, and not a statement as it stands.
pub(super) fn withhold_bodies(file: &File<'_>, pieces: &mut [Piece]) {
    for at in 1..pieces.len() {
        let before = &pieces[at - 1];
        let head = before.tokens.start;
        let is_loop = before.word.is_none() && matches!(file.word(head), "for" | "while");
        if is_loop && loops::first_token(file, head).is_some_and(|body| body == pieces[at].tokens.start) {
            pieces[at].state = State::Broken;
        }
    }
}

/// Reduces what was found to what has to be said.
pub(super) fn reduce(file: &File<'_>, pieces: &[Piece], diagnostics: &mut Vec<Diagnostic>) {
    let named: Vec<&str> = reserved_words(file, diagnostics);
    named.into_iter().for_each(|word| gather_reserved(file, pieces, word, diagnostics));
    drop_semicolons(file, pieces, diagnostics);
}

fn place(diagnostic: &Diagnostic) -> Option<Span> {
    diagnostic.labels.first().map(|label| label.span)
}

fn written<'a>(file: &File<'a>, diagnostic: &Diagnostic) -> &'a str {
    place(diagnostic).and_then(|span| file.text.get(span.start..span.end)).unwrap_or_default()
}

/// The reserved words that were taken for names.
fn reserved_words<'a>(file: &File<'a>, diagnostics: &[Diagnostic]) -> Vec<&'a str> {
    let own = diagnostics.iter().filter(|diagnostic| diagnostic.code == RESERVED);
    let mut seen = HashSet::new();
    own.map(|diagnostic| written(file, diagnostic)).filter(|word| seen.insert(*word)).collect()
}

/// One diagnostic for a reserved word wherever it is a name, with the edits of all these places.
fn gather_reserved(file: &File<'_>, pieces: &[Piece], word: &str, diagnostics: &mut Vec<Diagnostic>) {
    let is_own = |diagnostic: &Diagnostic| diagnostic.code == RESERVED && written(file, diagnostic) == word;
    let mut places: Vec<Span> = diagnostics.iter().filter(|own| is_own(own)).filter_map(place).collect();
    places.extend(pieces.iter().flat_map(|piece| named_in(file, piece, word)));
    places.sort_unstable();
    places.dedup();
    let follows = |diagnostic: &Diagnostic| {
        diagnostic.code == UNEXPECTED
            && place(diagnostic).is_some_and(|place| places.binary_search(&place).is_ok())
    };
    let Some(first) = diagnostics.iter().filter(|own| is_own(own)).min_by_key(|own| place(own)) else {
        return;
    };
    let mut whole = first.clone();
    let shown = whole.labels.len();
    for span in places.iter().filter(|span| Some(**span) != place(first)).take(LABELS - shown) {
        whole = whole.at(*span, "and here");
    }
    let text = format!("{word}_");
    if let Some(help) = whole.help.first_mut() {
        help.edits = places.iter().map(|span| Edit { span: *span, text: text.clone() }).collect();
    }
    diagnostics.retain(|diagnostic| !is_own(diagnostic) && !follows(diagnostic));
    diagnostics.push(whole);
}

/// Where a word stands in the place of a name or an operand. `if` and `not` begin operands by themselves.
fn named_in(file: &File<'_>, piece: &Piece, word: &str) -> Vec<Span> {
    let begins_operands = matches!(word, "if" | "not" | "true" | "false");
    let (start, end) = (piece.tokens.start, piece.tokens.end);
    let is_named = |at: &usize| {
        let before = &file.tokens[at - 1];
        let declared = piece.word.is_some() && *at == start + 1;
        let wanted = !before.ends_operand(file.text) && !words::asks_for_operand(before.text(file.text));
        declared || (wanted && !begins_operands)
    };
    let places = (start + 1..end).filter(|at| file.word(*at) == word).filter(is_named);
    places.map(|at| file.tokens[at].span).collect()
}

/// A semicolon after what has to be written anew goes with it.
fn drop_semicolons(file: &File<'_>, pieces: &[Piece], diagnostics: &mut Vec<Diagnostic>) {
    let explained = diagnostics.iter().filter(|own| matches!(own.code, STAN_DECLARATION | LOOP));
    let mut labels: Vec<Span> = explained.flat_map(|own| &own.labels).map(|label| label.span).collect();
    labels.sort_unstable();
    let holds_label = |piece: &Span| {
        let next = labels.partition_point(|label| label.start < piece.start);
        labels.get(next).is_some_and(|label| piece.contains(*label))
    };
    let strays = pieces.iter().filter(|piece| piece.word.is_none()).map(|piece| file.span(piece));
    let rewritten: Vec<Span> = strays.filter(holds_label).collect();
    let goes = |edit: &Edit| {
        let nth = rewritten.partition_point(|piece| piece.start <= edit.span.start);
        let Some(piece) = nth.checked_sub(1).map(|nth| rewritten[nth]) else { return false };
        let gap = file.text.get(piece.end..edit.span.start);
        piece.contains(edit.span) || gap.is_some_and(|gap| gap.chars().all(|c| c == ' '))
    };
    let Some(at) = diagnostics.iter().position(|own| own.code == SEMICOLON) else { return };
    let whole = diagnostics.remove(at);
    let edits = whole.help.into_iter().flat_map(|help| help.edits).filter(|edit| !goes(edit));
    diagnostics.extend(clean::semicolons(edits.collect()));
}
