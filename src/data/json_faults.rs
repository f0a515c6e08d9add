//! What is said about a JSON text that is not well formed.

use crate::diagnostics::{Diagnostic, File};
use crate::source::Span;

use super::codes;
use super::json_text::Cursor;

impl Cursor<'_> {
    /// The character here.
    pub fn here(&self) -> Span {
        let length = self.source.text().get(self.at..).and_then(|rest| rest.chars().next());
        Span::new(self.at, self.at + length.map_or(0, char::len_utf8))
    }

    /// Something else than what is wanted here.
    pub fn unexpected(&self, wanted: &str) -> Box<Diagnostic> {
        let span = self.here();
        let found = self.source.slice(span);
        let fault =
            Diagnostic::new(codes::JSON, format!("found `{}`, expected {wanted}", found.escape_debug()));
        let fault = fault.in_file(File::Data(self.file), span, format!("expected {wanted}"));
        Box::new(match found {
            "'" => fault.help("JSON puts texts in double quotes"),
            "/" | "#" => fault.help("JSON has no comments"),
            "[" | "\"" if wanted.starts_with('`') => fault.help("a comma is missing before this"),
            _ => fault,
        })
    }

    /// A bare word that means nothing.
    pub fn no_value(&self, span: Span) -> Box<Diagnostic> {
        let word = self.source.slice(span);
        let message = format!("`{}` is no value", shortened(word));
        let fault = Diagnostic::new(codes::JSON, message);
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

    /// A text that goes to the end of its line.
    pub fn unclosed_text(&self, span: Span) -> Box<Diagnostic> {
        let fault = Diagnostic::new(codes::JSON, "a text is not closed on its line".to_owned());
        Box::new(fault.in_file(File::Data(self.file), span, "opened here").help("close it with `\"`"))
    }

    /// A comma before a closing bracket.
    pub fn stray_comma(&self, comma: usize) -> Box<Diagnostic> {
        let fault = Diagnostic::new(codes::JSON, "a comma with nothing after it".to_owned());
        let fault = fault.in_file(File::Data(self.file), Span::new(comma, comma + 1), "nothing follows");
        Box::new(fault.help("remove the comma"))
    }

    /// The file ends where something is open, or where a value is wanted.
    pub fn ended(&self) -> Box<Diagnostic> {
        let end = self.source.position(self.source.text().len());
        let last = self.source.text().len().saturating_sub(1);
        let name = self.source.name();
        let Some(&open) = self.open.last() else {
            return Box::new(Diagnostic::new(
                codes::TRUNCATED,
                format!("{name} ends at {end} without a value"),
            ));
        };
        let what = match self.source.text().as_bytes().get(open) {
            Some(b'{') => "object",
            Some(b'[') => "array",
            _ => "text",
        };
        let opened = self.source.position(open);
        let message = format!("{name} ends at {end} inside the {what} opened at {opened}");
        let file = File::Data(self.file);
        let fault = Diagnostic::new(codes::TRUNCATED, message)
            .in_file(file, Span::new(open, open + 1), "never closed")
            .in_file(file, Span::new(self.floor(last), self.source.text().len()), "the file ends here");
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

    /// An object where a value is wanted.
    pub fn nested_object(&self) -> Box<Diagnostic> {
        let message = "a field holds an object; it should be a number, a text or nested lists of these";
        let fault = Diagnostic::new(codes::OBJECT, message.to_owned());
        let fault = fault.in_file(File::Data(self.file), self.here(), "an object");
        Box::new(fault.help("make each of its entries a field of its own, at the top of the file"))
    }

    /// Lists nested deeper than any array.
    pub fn too_deep(&self) -> Box<Diagnostic> {
        let fault = Diagnostic::new(codes::DEPTH, "lists are nested too deeply to be an array".to_owned());
        let fault = fault.in_file(File::Data(self.file), self.here(), "the 33rd list inside a list");
        Box::new(fault.help("an array has one level of lists for each axis; is a bracket repeated?"))
    }
}

fn shortened(word: &str) -> String {
    if word.chars().count() <= 30 { word.to_owned() } else { word.chars().take(29).chain(['…']).collect() }
}
