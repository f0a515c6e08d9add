//! What data files hold, before any model is looked at: named arrays, and where each was written.

use std::collections::HashMap;

use crate::diagnostics::File;
use crate::source::{Source, Span};

use super::{csv, json_tokens};

/// The fields of all data files together.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    fields: Vec<Field>,
    by_name: HashMap<String, usize>,
}

/// A named array as it stands in a file.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its key or its column's header.
    pub name: String,
    /// Length along each axis; empty for a single value.
    pub shape: Vec<usize>,
    /// Its elements, row-major.
    pub values: Values,
    /// Row-major positions, ascending, of elements that are missing (`null`, `NA`, an empty cell).
    pub missing: Vec<usize>,
    /// Where numbers and texts are mixed: the position of the first text.
    pub stray: Option<usize>,
    /// Where it was written.
    pub origin: Origin,
}

/// The elements of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// All numbers (or true and false, as 1 and 0); a missing one is NaN here.
    Numbers(Vec<f64>),
    /// At least one is text; a missing one is empty here.
    Text(Vec<String>),
    /// Not an array; this has been reported.
    Broken,
}

/// Where a field was written.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Which file.
    pub file: usize,
    /// The key, or the header of the column.
    pub key: Span,
    /// All of the value (the whole file for columns and records).
    pub value: Span,
    /// How its elements are found again.
    pub layout: Layout,
}

/// How the elements of a field lie in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One value after a key.
    Value,
    /// One value in each record of a list of records.
    Records,
    /// One column of a table.
    Column {
        /// Which, from 0.
        index: usize,
        /// What parts the columns.
        delimiter: u8,
    },
}

impl Field {
    /// Number of elements.
    pub fn len(&self) -> usize {
        match &self.values {
            Values::Numbers(numbers) => numbers.len(),
            Values::Text(texts) => texts.len(),
            Values::Broken => 0,
        }
    }

    /// Whether it has no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The file it is in.
    pub fn file(&self) -> File {
        File::Data(self.origin.file)
    }

    /// Where some of its elements were written; `wanted` holds row-major positions in ascending order.
    ///
    /// The file is read again: positions are kept for no element, since they are needed for a few at most.
    pub fn places(&self, files: &[Source], wanted: &[usize]) -> Vec<Span> {
        let Some(source) = files.get(self.origin.file) else { return Vec::new() };
        match self.origin.layout {
            Layout::Value => json_tokens::places(source.text(), self.origin.value, None, wanted),
            Layout::Records => {
                json_tokens::places(source.text(), self.origin.value, Some(&self.name), wanted)
            }
            Layout::Column { index, delimiter } => csv::places(source.text(), index, delimiter, wanted),
        }
    }
}

impl Fields {
    /// The field of this name.
    pub fn get(&self, name: &str) -> Option<&Field> {
        self.by_name.get(name).map(|&at| &self.fields[at])
    }

    /// All fields in the order read.
    pub fn iter(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter()
    }

    /// Adds a field; if there is one of its name already, leaves that and gives the new one back.
    pub(super) fn add(&mut self, field: Field) -> Option<Field> {
        if self.by_name.contains_key(&field.name) {
            return Some(field);
        }
        self.by_name.insert(field.name.clone(), self.fields.len());
        self.fields.push(field);
        None
    }
}

/// Elements as they are read: numbers until the first text.
#[derive(Clone, Debug, Default)]
pub(super) struct Column {
    numbers: Vec<f64>,
    texts: Vec<String>,
    missing: Vec<usize>,
    /// How many elements are written as numbers.
    numeric: usize,
    first_text: Option<usize>,
}

/// A column that has been read.
pub(super) struct Elements {
    /// The elements.
    pub values: Values,
    /// Positions of the missing ones.
    pub missing: Vec<usize>,
    /// The first text, where there are numbers too.
    pub stray: Option<usize>,
}

impl Column {
    fn len(&self) -> usize {
        self.numbers.len().max(self.texts.len())
    }

    /// A number, true or false.
    pub fn push_number(&mut self, number: f64) {
        self.numeric += 1;
        if self.texts.is_empty() {
            self.numbers.push(number);
        } else {
            self.texts.push(number.to_string());
        }
    }

    /// A number in a column that is known to have texts: kept as it is spelled.
    pub fn push_spelled(&mut self, number: &str) {
        self.numeric += 1;
        self.push_label(number);
    }

    /// A text. Numbers before it become texts too: `1` beside `"a"` is a label.
    pub fn push_text(&mut self, text: &str) {
        self.first_text.get_or_insert(self.len());
        self.push_label(text);
    }

    fn push_label(&mut self, text: &str) {
        if self.texts.is_empty() {
            let Self { numbers, missing, .. } = self;
            let spelled = |(at, number): (usize, &f64)| match missing.binary_search(&at) {
                Ok(_) => String::new(),
                Err(_) => number.to_string(),
            };
            self.texts = numbers.iter().enumerate().map(spelled).collect();
            self.numbers = Vec::new();
        }
        self.texts.push(text.to_owned());
    }

    /// An element without a value.
    pub fn push_missing(&mut self) {
        self.missing.push(self.len());
        if self.texts.is_empty() {
            self.numbers.push(f64::NAN);
        } else {
            self.texts.push(String::new());
        }
    }

    /// What has been read.
    pub fn finish(self) -> Elements {
        let values =
            if self.texts.is_empty() { Values::Numbers(self.numbers) } else { Values::Text(self.texts) };
        Elements { values, missing: self.missing, stray: self.first_text.filter(|_| self.numeric > 0) }
    }
}

/// A number in any of the spellings of data files, if the text is one.
pub(super) fn number(text: &str) -> Option<f64> {
    let first = *text.as_bytes().first()?;
    if first.is_ascii_digit() {
        return text.parse().ok();
    }
    let (sign, rest) = match first {
        b'-' => (-1.0, &text[1..]),
        b'+' => (1.0, &text[1..]),
        _ => (1.0, text),
    };
    match rest {
        "NaN" | "nan" | "NAN" => Some(f64::NAN),
        "Inf" | "inf" | "INF" | "Infinity" | "infinity" => Some(sign * f64::INFINITY),
        _ => {
            let plain = rest.starts_with(|letter: char| letter.is_ascii_digit() || letter == '.');
            plain.then(|| rest.parse::<f64>().ok()).flatten().map(|value| sign * value)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_many_spellings() {
        for (text, value) in [("3", 3.0), ("-2.5e-3", -0.0025), ("+4", 4.0), (".5", 0.5), ("-.25", -0.25)] {
            assert_eq!(number(text), Some(value), "{text}");
        }
        assert_eq!(number("-Inf"), Some(f64::NEG_INFINITY));
        assert_eq!(number("+Infinity"), Some(f64::INFINITY));
        assert!(number("NaN").is_some_and(f64::is_nan));
        for text in ["", "-", "1.2kg", "infinit", "--1", "e5", "0x10", "1_000", "."] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn a_text_turns_the_numbers_before_it_into_labels() {
        let mut column = Column::default();
        column.push_number(1.0);
        column.push_missing();
        column.push_text("a");
        column.push_missing();
        let labels = ["1", "", "a", ""].map(str::to_owned).to_vec();
        let read = column.finish();
        assert_eq!((read.values, read.missing, read.stray), (Values::Text(labels), vec![1, 3], Some(2)));
    }
}
