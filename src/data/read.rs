//! All data files of a run read into one set of fields.

use crate::diagnostics::{Diagnostic, File};
use crate::model::{Model, SiteId, SiteKind};
use crate::source::{Decimal, Source, Span};

use super::codes;
use super::fields::{Field, Fields};
use super::json::{Extent, Harvest};
use super::{csv, json};

/// How a data file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON: an object of fields, or a list of records.
    Json,
    /// A table with a header.
    Table {
        /// What parts its columns.
        delimiter: u8,
    },
}

impl Format {
    /// As a person says; by the ending of the name; else by the first character.
    pub fn of(source: &Source) -> Self {
        let name = source.name().to_ascii_lowercase();
        let by_name = if name.ends_with(".tsv") { b'\t' } else { b',' };
        match source.table() {
            Some(table) if !name.ends_with(".json") => {
                // A comma before the decimals cannot part columns too.
                let usual = if table.decimal == Decimal::Comma && by_name == b',' { b';' } else { by_name };
                return Self::Table { delimiter: table.delimiter.unwrap_or(usual) };
            }
            _ => {}
        }
        if name.ends_with(".csv") {
            Self::Table { delimiter: b',' }
        } else if name.ends_with(".tsv") {
            Self::Table { delimiter: b'\t' }
        } else if name.ends_with(".json") {
            Self::Json
        } else {
            let text = source.text().trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']);
            let table = !text.is_empty() && !text.starts_with(['{', '[']);
            if table { Self::Table { delimiter: b',' } } else { Self::Json }
        }
    }
}

/// Reads the files in order; later ones add fields.
pub fn read(files: &[Source]) -> (Fields, Vec<Diagnostic>) {
    let reading = read_all(files);
    (reading.fields, reading.diagnostics)
}

/// Where some elements of a data site were written; `wanted` holds row-major positions in ascending order.
pub fn places(model: &Model, files: &[Source], site: SiteId, wanted: &[usize]) -> Vec<(File, Span)> {
    let SiteKind::Data { field, .. } = &model.site(site).kind else { return Vec::new() };
    let reading = read_all(files);
    let Some(field) = reading.fields.get(field) else { return Vec::new() };
    field.places(files, wanted).into_iter().map(|span| (field.file(), span)).collect()
}

/// What all files gave.
pub(super) struct Reading {
    /// Fields by name.
    pub fields: Fields,
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether every file could be read to its end.
    pub extent: Extent,
}

/// [`read`], with the knowledge whether fields may be lacking.
pub(super) fn read_all(files: &[Source]) -> Reading {
    let mut reading = Reading { fields: Fields::default(), diagnostics: Vec::new(), extent: Extent::Whole };
    for (file, source) in files.iter().enumerate() {
        let harvest = match Format::of(source) {
            Format::Json => json::read(source, file),
            Format::Table { delimiter } => csv::read(source, file, delimiter),
        };
        reading.gather(harvest, files);
    }
    reading
}

impl Reading {
    fn gather(&mut self, harvest: Harvest, files: &[Source]) {
        self.diagnostics.extend(harvest.diagnostics);
        if harvest.extent == Extent::Part {
            self.extent = Extent::Part;
        }
        for field in harvest.fields {
            if let Some(again) = self.fields.add(field) {
                self.clash(&again, files);
            }
        }
    }

    fn clash(&mut self, again: &Field, files: &[Source]) {
        let Some(first) = self.fields.get(&again.name) else { return };
        let name = |field: &Field| files.get(field.origin.file).map_or("", Source::name).to_owned();
        let both = (name(first), name(again));
        let message = if first.origin.file == again.origin.file {
            format!("{} has the field `{}` twice", both.0, again.name)
        } else {
            format!("{} and {} both have the field `{}`", both.0, both.1, again.name)
        };
        let diagnostic = Diagnostic::new(codes::DUPLICATE, message)
            .in_file(again.file(), again.origin.key, "again here")
            .in_file(first.file(), first.origin.key, "first here")
            .help("rename or remove one of them");
        self.diagnostics.push(diagnostic);
    }
}

/// A data file's bytes as a text: UTF-8, or an error that says where they are not.
pub fn decode(name: &str, bytes: Vec<u8>) -> Result<Source, Diagnostic> {
    let wide = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Source::new(name, text)),
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let before = &error.as_bytes()[..good];
            let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
            let byte = error.as_bytes()[good];
            let message = format!("{name}: byte {} (0x{byte:02x}, in line {line}) is not UTF-8", good + 1);
            let help = if wide { "the file is UTF-16" } else { "the file may be Latin-1 or Windows-1252" };
            Err(Diagnostic::new(codes::ENCODING, message).help(format!("{help}; save it as UTF-8")))
        }
    }
}
