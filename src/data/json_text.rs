//! The letters of JSON: a cursor that reads brackets, texts and numbers.

use std::borrow::Cow;

use crate::diagnostics::{Diagnostic, File};
use crate::source::{Source, Span};

use super::codes;
use super::fields::number;
use super::json::Next;

/// A result whose failure ends the reading of the file.
pub(super) type Halt<T> = Result<T, Box<Diagnostic>>;

/// A single value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar<'a> {
    /// A number, true or false.
    Number(f64),
    /// A text.
    Text(Cow<'a, str>),
    /// `null` or `NA`.
    Missing,
}

/// A place in a JSON text, and what is open there.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    /// The file.
    pub source: &'a Source,
    bytes: &'a [u8],
    /// The next byte to read.
    pub at: usize,
    /// The number of the file.
    pub file: usize,
    /// First bytes of the lists and objects that are open.
    pub open: Vec<usize>,
}

impl<'a> Cursor<'a> {
    /// At the beginning, after the byte order mark if there is one.
    pub fn new(source: &'a Source, file: usize) -> Self {
        let at = if source.text().starts_with('\u{feff}') { 3 } else { 0 };
        Self { source, bytes: source.text().as_bytes(), at, file, open: Vec::new() }
    }

    /// The next byte that is not white space.
    pub fn peek(&mut self) -> Option<u8> {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    /// Where the next byte that is not white space is.
    pub fn place(&mut self) -> usize {
        self.peek();
        self.at
    }

    /// Takes an opening bracket.
    pub fn enter(&mut self) {
        self.open.push(self.at);
        self.at += 1;
    }

    /// Takes the closing bracket that has been seen.
    pub fn leave(&mut self) {
        self.open.pop();
        self.at += 1;
    }

    /// After an element: takes a comma or the closing bracket.
    pub fn next_or_leave(&mut self, close: u8) -> Halt<Next> {
        match self.peek() {
            Some(b',') => {
                let comma = self.at;
                self.at += 1;
                if self.peek() == Some(close) {
                    return Err(self.stray_comma(comma));
                }
                Ok(Next::More)
            }
            Some(byte) if byte == close => {
                self.leave();
                Ok(Next::End)
            }
            None => Err(self.ended()),
            Some(_) => Err(self.unexpected(&format!("`,` or `{}`", char::from(close)))),
        }
    }

    /// Takes a key with its colon.
    pub fn key(&mut self) -> Halt<(String, Span)> {
        match self.peek() {
            Some(b'"') => {}
            None => return Err(self.ended()),
            Some(_) => return Err(self.unexpected("a field's name in double quotes")),
        }
        let start = self.at;
        let name = self.text()?.into_owned();
        let span = Span::new(start, self.at);
        match self.peek() {
            Some(b':') => self.at += 1,
            None => return Err(self.ended()),
            Some(_) => return Err(self.unexpected("`:` and a value")),
        }
        Ok((name, span))
    }

    /// Takes a single value.
    pub fn scalar(&mut self) -> Halt<Scalar<'a>> {
        match self.peek() {
            None => Err(self.ended()),
            Some(b'"') => {
                let text = self.text()?;
                Ok(match text.as_ref() {
                    "NA" | "" => Scalar::Missing,
                    word if word.ends_with(['N', 'n', 'f', 'F', 'y']) => {
                        number(word).map_or(Scalar::Text(text), Scalar::Number)
                    }
                    _ => Scalar::Text(text),
                })
            }
            Some(b'{') => Err(self.nested_object()),
            Some(_) => self.word(),
        }
    }

    fn word(&mut self) -> Halt<Scalar<'a>> {
        let start = self.at;
        while self.bytes.get(self.at).copied().is_some_and(in_word) {
            self.at += 1;
        }
        let word = &self.source.text()[start..self.at];
        match word {
            "null" | "NA" => Ok(Scalar::Missing),
            "true" => Ok(Scalar::Number(1.0)),
            "false" => Ok(Scalar::Number(0.0)),
            "" => Err(self.unexpected("a value")),
            _ => match number(word) {
                Some(value) => Ok(Scalar::Number(value)),
                None if self.at == self.bytes.len() => Err(self.ended()),
                None => Err(self.no_value(Span::new(start, self.at))),
            },
        }
    }

    /// Takes a quoted text.
    fn text(&mut self) -> Halt<Cow<'a, str>> {
        let start = self.at;
        match quoted_end(self.bytes, start) {
            Quoted::Closed(end) => {
                self.at = end;
                Ok(unquote(&self.source.text()[start..end]))
            }
            Quoted::Line(end) => Err(self.unclosed_text(Span::new(start, end))),
            Quoted::File => {
                self.open.push(start);
                Err(self.ended())
            }
        }
    }

    /// Fails unless the file ends here.
    pub fn nothing_more(&mut self) -> Halt<()> {
        let Some(next) = self.peek() else { return Ok(()) };
        let span = self.here();
        let after = Diagnostic::new(codes::JSON, "the file goes on after its value has ended");
        let after = after.in_file(File::Data(self.file), span, "this is after the end");
        Err(Box::new(if next == b'{' {
            after.help("for one record per line, write one list: `[{…}, {…}]`")
        } else {
            after.help("a data file holds one object `{…}` or one list of records `[{…}, {…}]`")
        }))
    }
}

/// Whether a byte can be in a number or a bare word.
pub(super) fn in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'_')
}

/// Where a quoted text ends.
pub(super) enum Quoted {
    /// One past its closing quote.
    Closed(usize),
    /// At the end of its line, unclosed.
    Line(usize),
    /// At the end of the file, unclosed.
    File,
}

/// Where the text that begins at `start` ends.
pub(super) fn quoted_end(bytes: &[u8], start: usize) -> Quoted {
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return Quoted::Closed(at + 1),
            b'\n' => return Quoted::Line(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    Quoted::File
}

/// What a quoted text says. Escapes that mean nothing stand for themselves.
pub(super) fn unquote(quoted: &str) -> Cow<'_, str> {
    let inside = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or("");
    if !inside.contains('\\') {
        return Cow::Borrowed(inside);
    }
    let mut units: Vec<u16> = Vec::with_capacity(inside.len());
    let mut letters = inside.chars();
    while let Some(letter) = letters.next() {
        let meant = if letter == '\\' { letters.next() } else { None };
        match meant {
            None => units.extend(letter.encode_utf16(&mut [0; 2]).iter()),
            Some('u') => match letters.as_str().get(..4).and_then(|hex| u16::from_str_radix(hex, 16).ok()) {
                Some(unit) => {
                    units.push(unit);
                    letters = letters.as_str()[4..].chars();
                }
                None => units.push(u16::from(b'u')),
            },
            Some(other) => units.extend(escape(other).encode_utf16(&mut [0; 2]).iter()),
        }
    }
    Cow::Owned(String::from_utf16_lossy(&units))
}

fn escape(letter: char) -> char {
    match letter {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'b' => '\u{8}',
        'f' => '\u{c}',
        other => other,
    }
}
