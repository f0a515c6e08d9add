//! Tables: a header, then records; a column is a field along the rows. Read by the `csv` crate.

use std::collections::HashMap;

use ::csv::{ByteRecord, Reader, ReaderBuilder};

use crate::diagnostics::{Diagnostic, File};
use crate::source::{Decimal, Source, Span};

use super::codes;
use super::fields::{Column, Elements, Field, Layout, Origin, Values, number};
use super::json::{Extent, Harvest};
use super::words::counted;

/// Reads a table whose columns are parted by `delimiter`.
pub(super) fn read(source: &Source, file: usize, delimiter: u8) -> Harvest {
    let decimal = source.table().map_or(Decimal::Point, |table| table.decimal);
    let table = Table { source, file, delimiter, decimal };
    let mut harvest = Harvest::default();
    if let Err(diagnostic) = table.read(&mut harvest) {
        harvest.diagnostics.push(*diagnostic);
        harvest.extent = Extent::Part;
    }
    harvest
}

struct Table<'a> {
    source: &'a Source,
    file: usize,
    delimiter: u8,
    decimal: Decimal,
}

fn reader(text: &str, delimiter: u8) -> Reader<&[u8]> {
    ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes())
}

impl Table<'_> {
    fn read(&self, harvest: &mut Harvest) -> Result<(), Box<Diagnostic>> {
        let start = body_start(self.source.text());
        let header = fields_at(self.source.text(), start, self.delimiter);
        let names: Vec<String> =
            header.iter().map(|span| cell(self.source.slice(*span)).into_owned()).collect();
        self.check_header(&names, &header)?;
        let columns = self.columns(names.len())?;
        for (index, (column, name)) in columns.into_iter().zip(names).enumerate() {
            if name.is_empty() {
                continue;
            }
            let Elements { values, missing, stray } = column.finish();
            let rows = match &values {
                Values::Numbers(numbers) => numbers.len(),
                Values::Text(texts) => texts.len(),
                Values::Broken => 0,
            };
            let layout = Layout::Column { index, delimiter: self.delimiter };
            let whole = Span::new(start, self.source.text().len());
            let origin = Origin { file: self.file, key: header[index], value: whole, layout };
            harvest.fields.push(Field { name, shape: vec![rows], values, missing, stray, origin });
        }
        Ok(())
    }

    fn check_header(&self, names: &[String], header: &[Span]) -> Result<(), Box<Diagnostic>> {
        let file = File::Data(self.file);
        let name = self.source.name();
        if self.source.text()[body_start(self.source.text())..].trim().is_empty() {
            let message = format!("{name} is empty");
            return Err(Box::new(
                Diagnostic::new(codes::EMPTY_FILE, message)
                    .help("the first line of a table names its columns"),
            ));
        }
        if let [only] = names
            && let Some(other) = [';', '\t', '|', ','].into_iter().find(|&other| only.contains(other))
        {
            let message = format!("{name} has one column named `{}`", only.escape_debug());
            let fault = Diagnostic::new(codes::DELIMITER, message).in_file(file, header[0], "one column");
            return Err(Box::new(fault.help(delimiter_help(other, self.source.text()))));
        }
        if names.iter().all(|name| written_number(name, self.decimal).is_some()) {
            let message = format!("the first line of {name} holds numbers, not the names of its columns");
            let whole = header[0].to(header[header.len() - 1]);
            let fault = Diagnostic::new(codes::HEADER, message).in_file(file, whole, "names belong here");
            return Err(Box::new(fault.help("add a first line with a name for each column")));
        }
        let mut first = HashMap::new();
        for (name, span) in names.iter().zip(header).filter(|(name, _)| !name.is_empty()) {
            if let Some(earlier) = first.insert(name, *span) {
                let fault = Diagnostic::new(codes::DUPLICATE, format!("two columns are named `{name}`"));
                let fault = fault.in_file(file, *span, "again here").in_file(file, earlier, "first here");
                return Err(Box::new(fault.help("rename or remove one of them")));
            }
        }
        Ok(())
    }

    /// All columns, read twice: numbers first, and again as text where one cell is no number.
    fn columns(&self, width: usize) -> Result<Vec<Column>, Box<Diagnostic>> {
        let mut numeric = vec![true; width];
        let mut uneven = Vec::new();
        self.each_record(|row, record| {
            if record.len() != width {
                uneven.push((row, record.len(), record.position().map_or(0, |place| place.byte() as usize)));
            }
            for (plain, bytes) in numeric.iter_mut().zip(record) {
                *plain = *plain && !matches!(meaning(bytes, self.decimal), Cell::Text);
            }
        });
        if let Some(fault) = self.unclosed_quote() {
            return Err(Box::new(fault));
        }
        if !uneven.is_empty() {
            return Err(Box::new(self.uneven(width, &uneven)));
        }
        let mut columns = vec![Column::default(); width];
        self.each_record(|_, record| {
            for ((column, &plain), bytes) in columns.iter_mut().zip(&numeric).zip(record) {
                match meaning(bytes, self.decimal) {
                    Cell::Missing => column.push_missing(),
                    Cell::Number(value) if plain => column.push_number(value),
                    Cell::Number(_) => column.push_spelled(String::from_utf8_lossy(bytes).trim()),
                    Cell::Text => column.push_text(String::from_utf8_lossy(bytes).trim()),
                }
            }
        });
        Ok(columns)
    }

    fn each_record(&self, mut act: impl FnMut(usize, &ByteRecord)) {
        let start = body_start(self.source.text());
        let mut reader = reader(&self.source.text()[start..], self.delimiter);
        let mut record = ByteRecord::new();
        let mut row = 0;
        while reader.read_byte_record(&mut record).unwrap_or(false) {
            if row > 0 {
                act(row, &record);
            }
            row += 1;
        }
    }

    fn uneven(&self, width: usize, uneven: &[(usize, usize, usize)]) -> Diagnostic {
        let (row, found, byte) = uneven[0];
        let start = body_start(self.source.text()) + byte;
        let start = start + leading_breaks(&self.source.text()[start..]);
        let line = self.source.position(start).line;
        let end = self.source.text()[start..].find('\n').map_or(self.source.text().len(), |at| start + at);
        let message = format!(
            "record {row} (line {line}) has {}, the header has {width}{}",
            counted(found, "field"),
            if uneven.len() > 1 {
                format!(", and so {} more", counted(uneven.len() - 1, "record"))
            } else {
                String::new()
            }
        );
        Diagnostic::new(codes::CSV_WIDTH, message)
            .in_file(File::Data(self.file), Span::new(start, end), counted(found, "field"))
            .help("a text with a comma in it needs double quotes; an empty field stands for a missing value")
    }

    /// A quote that is opened and never closed swallows the rest of the file.
    fn unclosed_quote(&self) -> Option<Diagnostic> {
        let text = self.source.text();
        if text.bytes().filter(|&byte| byte == b'"').count().is_multiple_of(2) {
            return None;
        }
        let mut last = body_start(text);
        self.each_record(|_, record| {
            last = record.position().map_or(last, |at| at.byte() as usize + body_start(text))
        });
        let last = last + leading_breaks(&text[last..]);
        let open = *fields_at(text, last, self.delimiter).last()?;
        if !self.source.slice(open).starts_with('"') || open.end < text.len() {
            return None;
        }
        let at = self.source.position(open.start);
        let message = format!("{} ends inside the quoted text opened at {at}", self.source.name());
        let quote = Span::new(open.start, open.start + 1);
        let fault =
            Diagnostic::new(codes::CSV_QUOTE, message).in_file(File::Data(self.file), quote, "never closed");
        Some(fault.help("close it with `\"`; a quote inside of a quoted text is written twice"))
    }
}

fn delimiter_help(delimiter: char, text: &str) -> String {
    let digits = |at: usize| {
        let around = [at.wrapping_sub(1), at + 1].map(|at| text.as_bytes().get(at));
        around.iter().all(|byte| byte.is_some_and(u8::is_ascii_digit))
    };
    let commas = text.match_indices(',').any(|(at, _)| digits(at));
    match delimiter {
        '\t' => "say `--delimiter tab`, or name the file `.tsv`".to_owned(),
        ',' => "say `--delimiter ','`, or name the file `.csv`".to_owned(),
        other if commas => {
            format!(
                "say `--delimiter '{other}' --decimal ','`, as its numbers have a comma before the decimals"
            )
        }
        other => format!("say `--delimiter '{other}'`"),
    }
}

/// The first byte after the byte order mark and blank lines.
fn body_start(text: &str) -> usize {
    let mark = if text.starts_with('\u{feff}') { 3 } else { 0 };
    mark + leading_breaks(&text[mark..])
}

fn leading_breaks(text: &str) -> usize {
    text.len() - text.trim_start_matches(['\n', '\r']).len()
}

/// What a cell holds.
enum Cell {
    Missing,
    Number(f64),
    Text,
}

fn meaning(bytes: &[u8], decimal: Decimal) -> Cell {
    let text = std::str::from_utf8(bytes).unwrap_or("").trim();
    match text {
        "" | "NA" | "N/A" | "null" | "NULL" | "None" => Cell::Missing,
        "true" | "TRUE" | "True" => Cell::Number(1.0),
        "false" | "FALSE" | "False" => Cell::Number(0.0),
        _ => written_number(text, decimal).map_or(Cell::Text, Cell::Number),
    }
}

/// A number with the decimals of the table; the other sign would part thousands, and is not taken.
pub(super) fn written_number(text: &str, decimal: Decimal) -> Option<f64> {
    match decimal {
        Decimal::Point => number(text),
        Decimal::Comma if text.contains('.') => None,
        Decimal::Comma => number(&text.replacen(',', ".", 1)),
    }
}

/// The text of a cell as it stands in the file: without quotes and the white space around it.
fn cell(raw: &str) -> std::borrow::Cow<'_, str> {
    let trimmed = raw.trim();
    match trimmed.strip_prefix('"').map(|rest| rest.strip_suffix('"').unwrap_or(rest)) {
        Some(inside) => inside.replace("\"\"", "\"").trim().to_owned().into(),
        None => trimmed.into(),
    }
}

/// Spans of the fields of the record that begins at a byte: quotes as in the `csv` crate.
fn fields_at(text: &str, start: usize, delimiter: u8) -> Vec<Span> {
    let bytes = text.as_bytes();
    let mut spans = Vec::new();
    let mut from = start;
    let mut at = start;
    let mut quoted = bytes.get(at) == Some(&b'"');
    at += usize::from(quoted);
    loop {
        match bytes.get(at) {
            Some(b'"') if quoted => {
                quoted = bytes.get(at + 1) == Some(&b'"');
                at += 1 + usize::from(quoted);
            }
            Some(_) if quoted => at += 1,
            Some(&byte) if byte == delimiter => {
                spans.push(Span::new(from, at));
                from = at + 1;
                quoted = bytes.get(from) == Some(&b'"');
                at = from + usize::from(quoted);
            }
            Some(b'\n' | b'\r') | None => {
                spans.push(Span::new(from, at));
                return spans;
            }
            Some(_) => at += 1,
        }
    }
}

/// Spans of the cells of a column in the wanted rows (ascending, from 0) of a table that was read before.
pub(super) fn places(text: &str, column: usize, delimiter: u8, wanted: &[usize]) -> Vec<Span> {
    let start = body_start(text);
    let mut reader = reader(&text[start..], delimiter);
    let mut record = ByteRecord::new();
    let mut spans = Vec::with_capacity(wanted.len());
    let mut row = 0;
    while spans.len() < wanted.len() && reader.read_byte_record(&mut record).unwrap_or(false) {
        if row == wanted[spans.len()] + 1 {
            let at = start + record.position().map_or(0, |place| place.byte() as usize);
            let at = at + leading_breaks(&text[at..]);
            spans.push(fields_at(text, at, delimiter).get(column).copied().unwrap_or(Span::new(at, at)));
        }
        row += 1;
    }
    spans
}
