//! The letters of JSON: a cursor that reads brackets, texts and numbers, and says where it stopped and why.

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
    source: &'a Source,
    bytes: &'a [u8],
    /// The next byte to read.
    pub at: usize,
    /// The number of the file.
    pub file: usize,
    /// First bytes of the lists and objects that are open.
    open: Vec<usize>,
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

    /// The character here.
    fn here(&self) -> Span {
        let length = self.source.text().get(self.at..).and_then(|rest| rest.chars().next());
        Span::new(self.at, self.at + length.map_or(0, char::len_utf8))
    }

    fn fault(&self, code: crate::diagnostics::Code, message: String) -> Diagnostic {
        let at = self.source.position(self.at);
        Diagnostic::new(code, format!("{}:{at}: {message}", self.source.name()))
    }

    fn unexpected(&self, wanted: &str) -> Box<Diagnostic> {
        let span = self.here();
        let found = self.source.slice(span);
        let fault = self.fault(codes::JSON, format!("found `{}`, expected {wanted}", found.escape_debug()));
        let fault = fault.in_file(File::Data(self.file), span, format!("expected {wanted}"));
        Box::new(match found {
            "'" => fault.help("JSON puts texts in double quotes"),
            "/" | "#" => fault.help("JSON has no comments"),
            "[" | "\"" if wanted.starts_with('`') => fault.help("a comma is missing before this"),
            _ => fault,
        })
    }

    fn no_value(&self, span: Span) -> Box<Diagnostic> {
        let word = self.source.slice(span);
        let message = format!("`{}` is no value", shortened(word));
        let place = self.source.position(span.start);
        let fault = Diagnostic::new(codes::JSON, format!("{}:{place}: {message}", self.source.name()));
        let fault =
            fault.in_file(File::Data(self.file), span, "expected a number, a text, true, false or null");
        Box::new(match word.to_ascii_lowercase().as_str() {
            "true" | "false" => fault.help(format!("write `{}`", word.to_ascii_lowercase())),
            "none" | "na" | "missing" | "undefined" => fault.help("write `null` for a missing value"),
            lower if lower.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.') => {
                fault.help("a number is digits with `.` and an exponent: `-1.5e3`")
            }
            _ => fault.help("texts stand in double quotes"),
        })
    }

    fn unclosed_text(&self, span: Span) -> Box<Diagnostic> {
        let fault = self.fault(codes::JSON, "a text is not closed on its line".to_owned());
        Box::new(fault.in_file(File::Data(self.file), span, "opened here").help("close it with `\"`"))
    }

    fn stray_comma(&self, comma: usize) -> Box<Diagnostic> {
        let fault = self.fault(codes::JSON, "a comma with nothing after it".to_owned());
        let fault = fault.in_file(File::Data(self.file), Span::new(comma, comma + 1), "nothing follows");
        Box::new(fault.help("remove the comma"))
    }

    /// The file ends where something is open, or where a value is wanted.
    pub fn ended(&self) -> Box<Diagnostic> {
        let end = self.source.position(self.bytes.len());
        let last = self.bytes.len().saturating_sub(1);
        let name = self.source.name();
        let Some(&open) = self.open.last() else {
            return Box::new(Diagnostic::new(
                codes::TRUNCATED,
                format!("{name} ends at {end} without a value"),
            ));
        };
        let what = match self.bytes.get(open) {
            Some(b'{') => "object",
            Some(b'[') => "array",
            _ => "text",
        };
        let opened = self.source.position(open);
        let message = format!("{name} ends at {end} inside the {what} opened at {opened}");
        let file = File::Data(self.file);
        let fault = Diagnostic::new(codes::TRUNCATED, message)
            .in_file(file, Span::new(open, open + 1), "never closed")
            .in_file(file, Span::new(self.floor(last), self.bytes.len()), "the file ends here");
        Box::new(fault.help("the file may have been cut off while it was written or copied"))
    }

    /// The first byte of the character that a byte belongs to.
    fn floor(&self, at: usize) -> usize {
        (0..=at).rev().find(|&at| self.source.text().is_char_boundary(at)).unwrap_or(0)
    }

    /// Neither an object nor a list at the top, or nothing at all.
    pub fn not_a_file(&mut self) -> Box<Diagnostic> {
        match self.peek() {
            None => {
                let message = format!("{} is empty", self.source.name());
                let help = "a data file is an object of fields: `{\"y\": [1.2, 3.4]}`";
                Box::new(Diagnostic::new(codes::EMPTY_FILE, message).help(help))
            }
            Some(_) => self.unexpected("`{` of an object of fields, or `[` of a list of records"),
        }
    }

    /// Something other than an object in a list of records.
    pub fn not_a_record(&self) -> Box<Diagnostic> {
        let fault = self.unexpected("`{` of a record");
        Box::new(
            fault.help(
                "a list without a name has records in it; for numbers, name them: `{\"y\": [1.2, 3.4]}`",
            ),
        )
    }

    fn nested_object(&self) -> Box<Diagnostic> {
        let message = "a field holds an object; it should be a number, a text or nested lists of these";
        let fault = self.fault(codes::OBJECT, message.to_owned());
        let fault = fault.in_file(File::Data(self.file), self.here(), "an object");
        Box::new(fault.help("make each of its entries a field of its own, at the top of the file"))
    }

    /// Lists nested deeper than any array.
    pub fn too_deep(&self) -> Box<Diagnostic> {
        let fault = self.fault(codes::DEPTH, "lists are nested too deeply to be an array".to_owned());
        Box::new(fault.in_file(File::Data(self.file), self.here(), "the 33rd list inside a list"))
    }
}

fn in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'_')
}

fn shortened(word: &str) -> String {
    if word.chars().count() <= 30 { word.to_owned() } else { word.chars().take(29).chain(['…']).collect() }
}

/// Where a quoted text ends.
enum Quoted {
    /// One past its closing quote.
    Closed(usize),
    /// At the end of its line, unclosed.
    Line(usize),
    /// At the end of the file, unclosed.
    File,
}

fn quoted_end(bytes: &[u8], start: usize) -> Quoted {
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

/// What a token of a text that has been read before is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A key of an object.
    Key,
    /// A single value.
    Element,
}

/// Keys and single values of a text that has been read before, without their meaning.
pub(super) struct Tokens<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    /// Those inside a span.
    pub fn new(text: &'a str, span: Span) -> Self {
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
