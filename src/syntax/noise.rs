//! What follows from a mistake that has been reported is taken back, and what is one mistake in several places is said once.

use super::clean;
use super::cut::{Piece, State};
use super::loops;
use super::parse::File;
use super::words;
use crate::diagnostics::syntax_codes::{
    BARE_ASSIGNMENT, BARE_TILDE, LOOP, RESERVED, SEMICOLON, STAN_DECLARATION, TARGET_INCREMENT, UNEXPECTED,
};
use crate::diagnostics::{Code, Diagnostic, Edit, Help};
use crate::source::Span;
use std::collections::HashSet;

/// At most this many places get a label.
const LABELS: usize = 3;

/// What is said of text that has to be written anew.
const REWRITTEN: [Code; 5] = [STAN_DECLARATION, LOOP, BARE_TILDE, BARE_ASSIGNMENT, TARGET_INCREMENT];

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

/// A semicolon after what has to be written anew goes with it: with its edits, if there are such.
fn drop_semicolons(file: &File<'_>, pieces: &[Piece], diagnostics: &mut Vec<Diagnostic>) {
    let Some(at) = diagnostics.iter().position(|own| own.code == SEMICOLON) else { return };
    let whole = diagnostics.remove(at);
    let mut explained: Vec<(Span, usize)> = diagnostics
        .iter()
        .enumerate()
        .filter(|(_, own)| REWRITTEN.contains(&own.code))
        .flat_map(|(nth, own)| own.labels.iter().map(move |label| (label.span, nth)))
        .collect();
    explained.sort_unstable();
    let held = |piece: Span| {
        let next = explained.partition_point(|(label, _)| label.start < piece.start);
        explained.get(next).filter(|(label, _)| piece.contains(*label)).map(|(_, nth)| (piece, *nth))
    };
    let strays = pieces.iter().filter(|piece| piece.word.is_none()).map(|piece| file.span(piece));
    let rewritten: Vec<(Span, usize)> = strays.filter_map(held).collect();
    let goes_with = |edit: &Edit| {
        let nth = rewritten.partition_point(|(piece, _)| piece.start <= edit.span.start);
        let (piece, own) = nth.checked_sub(1).map(|nth| rewritten[nth])?;
        let gap = file.text.get(piece.end..edit.span.start);
        let follows = gap.is_some_and(|gap| gap.chars().all(|c| c == ' '));
        (piece.contains(edit.span) || follows).then_some(own)
    };
    let mut left = Vec::new();
    for edit in whole.help.into_iter().flat_map(|help| help.edits) {
        let Some(own) = goes_with(&edit) else {
            left.push(edit);
            continue;
        };
        let edited = diagnostics[own].help.iter_mut().find(|help| !help.edits.is_empty());
        let taken = |help: &Help| help.edits.iter().any(|other| other.span.contains(edit.span));
        if let Some(help) = edited.filter(|help| !taken(help)) {
            help.edits.push(edit);
        }
    }
    diagnostics.extend(clean::semicolons(left));
}
