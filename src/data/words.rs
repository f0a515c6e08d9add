//! Words that several diagnostics of data share.

use crate::diagnostics::{Diagnostic, File};

use super::codes;
use super::tally::Fault;

/// Lists that are not an array.
pub(super) fn not_an_array(name: &str, file: File, fault: &Fault) -> Diagnostic {
    match fault {
        Fault::Ragged([first, other]) => {
            let message = format!("lists of different lengths in `{name}`: {} and {}", first.0, other.0);
            Diagnostic::new(codes::RAGGED, message)
                .in_file(file, other.1, counted(other.0, "element"))
                .in_file(file, first.1, format!("{}, in the first of its level", counted(first.0, "element")))
                .help("make all as long, or give one long list and a second one that says which group each is in")
        }
        Fault::Mixed([first, other]) => {
            let message = format!("`{name}` has a list where it has a single value elsewhere");
            Diagnostic::new(codes::RAGGED, message)
                .in_file(file, *other, "at another depth than the rest")
                .in_file(file, *first, "unlike this")
                .help("an array has all its numbers at one depth of lists")
        }
    }
}

/// `1 row`, `2 rows`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// A number as a person would write it.
pub(super) fn shown(number: f64) -> String {
    let size = number.abs();
    if number.is_finite() && size != 0.0 && !(1e-5..1e15).contains(&size) {
        format!("{number:e}")
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity".to_owned() } else { "-Infinity".to_owned() }
    } else {
        format!("{number}")
    }
}

/// Names in one phrase: `a`, `b` and `c`; at most eight of them.
pub(super) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [rest @ .., last] if names.len() <= 8 => format!("{} and {last}", rest.join(", ")),
        many => format!("{} and {} more", many[..7].join(", "), many.len() - 7),
    }
}
