//! JSON data files: an object of fields or a list of records, with NaN and infinities, which JSON lacks.

use crate::source::{Source, Span};

use super::fields::{Elements, Field, Layout, Origin};
use super::json_text::{Cursor, Halt, Scalar};
use super::records;
use super::tally::Tally;
use super::words;
use crate::diagnostics::{Diagnostic, File};

/// Lists in lists in lists: no array of a model has as many axes.
const DEEPEST: usize = 32;

/// What one file gave.
#[derive(Debug, Default)]
pub(super) struct Harvest {
    /// Its fields.
    pub fields: Vec<Field>,
    /// What is wrong with it.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether the file could be read to its end.
    pub extent: Extent,
}

/// How far a file could be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Extent {
    /// To its end.
    #[default]
    Whole,
    /// To a place where its form is wrong: fields may be lacking.
    Part,
}

/// Reads a file.
pub(super) fn read(source: &Source, file: usize) -> Harvest {
    let mut reader = Reader { cursor: Cursor::new(source, file), harvest: Harvest::default() };
    if let Err(diagnostic) = reader.document() {
        reader.harvest.diagnostics.push(*diagnostic);
        reader.harvest.extent = Extent::Part;
    }
    reader.harvest
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    harvest: Harvest,
}

impl Reader<'_> {
    fn document(&mut self) -> Halt<()> {
        match self.cursor.peek() {
            Some(b'{') => self.object()?,
            Some(b'[') => records::read(&mut self.cursor, &mut self.harvest)?,
            _ => return Err(self.cursor.not_a_file()),
        }
        self.cursor.nothing_more()
    }

    fn object(&mut self) -> Halt<()> {
        self.cursor.enter();
        if self.cursor.peek() == Some(b'}') {
            self.cursor.leave();
            return Ok(());
        }
        loop {
            let (name, key) = self.cursor.key()?;
            let start = self.cursor.place();
            let mut tally = Tally::new();
            value(&mut self.cursor, &mut tally)?;
            let span = Span::new(start, self.cursor.at);
            self.keep(name, (key, span), tally);
            if self.cursor.next_or_leave(b'}')? == Next::End {
                return Ok(());
            }
        }
    }

    fn keep(&mut self, name: String, (key, value): (Span, Span), tally: Tally) {
        let file = self.cursor.file;
        if let Some(fault) = &tally.fault {
            self.harvest.diagnostics.push(words::not_an_array(&name, File::Data(file), fault));
        }
        let (shape, Elements { values, missing, stray }) = tally.finish();
        let origin = Origin { file, key, value, layout: Layout::Value };
        self.harvest.fields.push(Field { name, shape, values, missing, stray, origin });
    }
}

/// Whether another element follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// One does.
    More,
    /// The list or object has ended.
    End,
}

/// Reads one value, a single one or nested lists, into the tally.
pub(super) fn value(cursor: &mut Cursor<'_>, tally: &mut Tally) -> Halt<()> {
    let base = tally.depth();
    loop {
        match cursor.peek() {
            Some(b'[') => {
                let at = cursor.at;
                if tally.depth() - base == DEEPEST {
                    return Err(cursor.too_deep());
                }
                tally.enter(at);
                cursor.enter();
                if cursor.peek() != Some(b']') {
                    continue;
                }
                cursor.leave();
                tally.leave(cursor.at);
            }
            _ => element(cursor, tally)?,
        }
        while tally.depth() > base {
            match cursor.next_or_leave(b']')? {
                Next::More => break,
                Next::End => tally.leave(cursor.at),
            }
        }
        if tally.depth() == base {
            return Ok(());
        }
    }
}

fn element(cursor: &mut Cursor<'_>, tally: &mut Tally) -> Halt<()> {
    let at = cursor.place();
    let scalar = cursor.scalar()?;
    tally.element(at);
    match scalar {
        Scalar::Number(number) => tally.column.push_number(number),
        Scalar::Text(text) => tally.column.push_text(&text),
        Scalar::Missing => tally.column.push_missing(),
    }
    Ok(())
}
