//! Elements of a JSON text found again by their number, for messages: positions are not kept while reading.

use crate::source::Span;

use super::json_text::{Quoted, in_word, quoted_end, unquote};

/// Spans of the wanted elements (ascending, row-major) of a value that was read before; of one key's elements
/// where the value is a list of records.
pub(super) fn places(text: &str, value: Span, key: Option<&str>, wanted: &[usize]) -> Vec<Span> {
    let mut found = Vec::with_capacity(wanted.len());
    let mut counts = key.is_none();
    let mut element = 0;
    for (span, role) in Tokens::new(text, value) {
        match role {
            Role::Key => {
                counts = Some(unquote(&text[span.start..span.end]).as_ref()) == key;
            }
            Role::Element if counts => {
                if wanted.get(found.len()) == Some(&element) {
                    found.push(span);
                    if found.len() == wanted.len() {
                        return found;
                    }
                }
                element += 1;
            }
            Role::Element => {}
        }
    }
    found
}

/// What a token of a text that has been read before is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// A key of an object.
    Key,
    /// A single value.
    Element,
}

/// Keys and single values of a text that has been read before, without their meaning.
struct Tokens<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    /// Those inside a span.
    fn new(text: &'a str, span: Span) -> Self {
        Self { bytes: text.as_bytes().get(..span.end).unwrap_or(&[]), at: span.start }
    }
}

impl Iterator for Tokens<'_> {
    type Item = (Span, Role);

    fn next(&mut self) -> Option<Self::Item> {
        while !(in_word(*self.bytes.get(self.at)?) || self.bytes[self.at] == b'"') {
            self.at += 1;
        }
        let start = self.at;
        if self.bytes[start] != b'"' {
            while self.bytes.get(self.at).copied().is_some_and(in_word) {
                self.at += 1;
            }
            return Some((Span::new(start, self.at), Role::Element));
        }
        self.at = match quoted_end(self.bytes, start) {
            Quoted::Closed(end) | Quoted::Line(end) => end,
            Quoted::File => self.bytes.len(),
        };
        let span = Span::new(start, self.at);
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        let role = if self.bytes.get(self.at) == Some(&b':') { Role::Key } else { Role::Element };
        Some((span, role))
    }
}
