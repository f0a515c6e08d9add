//! Edits carried out on a text.

use super::{Diagnostic, Edit};

/// The edits that a `fix` may make without asking: those of errors and warnings that offer exactly one.
pub fn certain(diagnostics: &[Diagnostic]) -> Vec<Edit> {
    let offers = diagnostics.iter().map(|diagnostic| {
        let mut offered = diagnostic.help.iter().filter(|help| !help.edits.is_empty());
        match (offered.next(), offered.next()) {
            (Some(only), None) => only.edits.as_slice(),
            _ => &[],
        }
    });
    offers.flatten().cloned().collect()
}

/// The text with the edits made, in any order given. Of two that overlap, the first in the text is made; an edit that
/// lies outside of the text or cuts a character is left out.
pub fn apply(text: &str, edits: &[Edit]) -> String {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort_by_key(|edit| edit.span);
    sorted.dedup();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in sorted {
        if edit.span.start < at {
            continue;
        }
        if let (Some(kept), Some(_)) =
            (text.get(at..edit.span.start), text.get(edit.span.start..edit.span.end))
        {
            out.push_str(kept);
            out.push_str(&edit.text);
            at = edit.span.end;
        }
    }
    out.push_str(&text[at..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Code;
    use crate::source::Span;

    fn edit(start: usize, end: usize, text: &str) -> Edit {
        Edit { span: Span::new(start, end), text: text.to_owned() }
    }

    #[test]
    fn edits_are_made_in_the_order_of_the_text() {
        assert_eq!(apply("abcdef", &[edit(4, 5, "E"), edit(0, 1, "A"), edit(2, 2, "-")]), "Ab-cdEf");
    }

    #[test]
    fn of_overlapping_edits_the_first_is_made() {
        assert_eq!(apply("abcdef", &[edit(2, 5, "Y"), edit(1, 3, "X")]), "aXdef");
        assert_eq!(apply("abc", &[edit(1, 1, "x"), edit(1, 1, "x")]), "axbc");
    }

    #[test]
    fn edits_that_do_not_fit_are_left_out() {
        assert_eq!(apply("aéb", &[edit(2, 3, "X"), edit(7, 9, "Y"), edit(3, 4, "c")]), "aéc");
    }

    #[test]
    fn what_offers_a_choice_is_left_to_the_person() {
        let one = Diagnostic::new(Code(101), "a").fix("f", vec![edit(0, 1, "x")]);
        let two =
            Diagnostic::new(Code(101), "b").fix("f", vec![edit(1, 2, "y")]).fix("g", vec![edit(1, 2, "z")]);
        assert_eq!(certain(&[one, two]), [edit(0, 1, "x")]);
    }
}
