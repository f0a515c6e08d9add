//! Texts that people write (models and data files), and places in them.

use std::fmt;

/// A half-open range of bytes in one [`Source`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The range `start..end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The smallest span that covers both.
    pub fn to(self, other: Self) -> Self {
        Self::new(self.start.min(other.start), self.end.max(other.end))
    }

    /// Whether all of another span is inside.
    pub fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The same span, moved `offset` bytes to the right: from a piece of a text to the whole text.
    pub fn shifted(self, offset: usize) -> Self {
        Self::new(self.start + offset, self.end + offset)
    }
}

/// How the numbers of a table are written, where a person has said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// What parts the columns; `None` for what the name of the file tells.
    pub delimiter: Option<u8>,
    /// What stands before the decimals.
    pub decimal: Decimal,
}

/// What stands before the decimals of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decimal {
    /// 1.5
    Point,
    /// 1,5
    Comma,
}

/// A named text: a model, or a data file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    name: String,
    text: String,
    line_starts: Vec<usize>,
    table: Option<Table>,
    /// Characters before every [`STRIDE`]-th byte: a line may be as long as the file, and columns count characters.
    strides: Vec<usize>,
}

/// Bytes between two counts of characters.
const STRIDE: usize = 1024;

/// How many characters begin in these bytes of a text.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0b1100_0000 != 0b1000_0000).count()
}

impl Source {
    /// Takes a name for messages (usually the path as the user gave it) and the text.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let mut strides = vec![0];
        for stride in text.as_bytes().chunks(STRIDE) {
            strides.push(strides[strides.len() - 1] + characters(stride));
        }
        Self { name: name.into(), text, line_starts, strides, table: None }
    }

    /// The same text, said to be a table that is written so.
    pub fn as_table(self, table: Table) -> Self {
        Self { table: Some(table), ..self }
    }

    /// How it is written as a table, if that was said.
    pub fn table(&self) -> Option<Table> {
        self.table
    }

    /// The name used in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text under a span; empty where the span is outside of the text or cuts a character.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or("")
    }

    /// The bytes of a line counted from 0, its line break left off; `None` past the last line.
    pub fn line_span(&self, line: usize) -> Option<Span> {
        let start = self.line_starts.get(line).copied()?;
        let end = self.line_starts.get(line + 1).map_or(self.text.len(), |next| next - 1);
        let text = self.text.get(start..end).unwrap_or("");
        Some(Span::new(start, start + text.trim_end_matches('\r').len()))
    }

    /// The nearest place at or before `byte` that lies in the text and cuts no character.
    pub fn floor(&self, byte: usize) -> usize {
        let mut at = byte.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    /// The nearest place at or after `byte` that cuts no character, or the end of the text.
    pub fn ceil(&self, byte: usize) -> usize {
        let mut at = byte.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at += 1;
        }
        at
    }

    /// The span, widened where it cuts characters.
    pub fn whole(&self, span: Span) -> Span {
        Span::new(self.floor(span.start), self.ceil(span.end))
    }

    /// Line and column of a byte, both from 1; the column counts characters.
    pub fn position(&self, byte: usize) -> Position {
        let line = self.line_starts.partition_point(|&start| start <= byte).max(1);
        let start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        let inside = self.text.is_char_boundary(byte) && byte >= start;
        let column =
            if inside { self.characters_before(byte) - self.characters_before(start) + 1 } else { 1 };
        Position { line, column }
    }

    fn characters_before(&self, byte: usize) -> usize {
        let stride = byte / STRIDE;
        self.strides[stride] + characters(&self.text.as_bytes()[stride * STRIDE..byte])
    }
}

/// A place for people: line and column from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}
