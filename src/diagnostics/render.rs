//! The only file that knows miette: diagnostics drawn for a terminal, in one line each, or as JSON.

use super::excerpt::{self, Block, Excerpt};
use super::{Diagnostic, Edit, File, Help, Label, Severity};
use crate::source::{Source, Span};
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode,
    SourceSpan, SpanContents,
};
use serde_json::{Value, json};
use std::fmt::{self, Write};

/// At most this many diagnostics are drawn.
const SHOWN: usize = 20;

/// Stands for a minus within code while lines are broken: a line may end at a hyphen, but not in `h[t-1]`.
const HELD: char = '\u{f8fe}';

/// A text whose code has no hyphens at which a line may end.
fn held(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let parts: Vec<String> = parts
        .map(|(at, part)| if at % 2 == 1 { part.replace('-', &HELD.to_string()) } else { part.to_owned() })
        .collect();
    parts.join("`")
}

/// Whether escape codes may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Text alone.
    Plain,
    /// With colours.
    Colour,
}

/// The texts that labels point into.
#[derive(Clone, Copy, Debug)]
pub struct Files<'a> {
    /// The `.vi` file.
    pub model: &'a Source,
    /// The data files, in the order given.
    pub data: &'a [Source],
}

impl<'a> Files<'a> {
    fn get(&self, file: File) -> Option<&'a Source> {
        match file {
            File::Model => Some(self.model),
            File::Data(nth) => self.data.get(nth),
        }
    }
}

/// Draws the diagnostics with excerpts of the texts, the first twenty of them, `width` characters wide.
pub fn render(diagnostics: &[Diagnostic], files: &Files<'_>, style: Style, width: usize) -> String {
    let width = width.max(40);
    let theme = match style {
        Style::Plain => GraphicalTheme::unicode_nocolor(),
        Style::Colour => GraphicalTheme::unicode(),
    };
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_width(width).tab_width(4);
    let mut out = String::new();
    for diagnostic in diagnostics.iter().take(SHOWN) {
        let report = Report::new(diagnostic, files, width);
        if handler.render_report(&mut out, &report).is_err() {
            out.push_str(&one_line(diagnostic, files));
        }
        out.push('\n');
    }
    out = out.replace(HELD, "-");
    if let Some(more) = diagnostics.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        let _ = writeln!(out, "and {more} more");
    }
    out
}

/// One line for each diagnostic: `model.vi:3:7: error[V0101]: message`.
pub fn short(diagnostics: &[Diagnostic], files: &Files<'_>) -> String {
    diagnostics.iter().map(|diagnostic| one_line(diagnostic, files)).collect()
}

/// An array of objects, one for each diagnostic.
pub fn json(diagnostics: &[Diagnostic], files: &Files<'_>) -> Value {
    diagnostics.iter().map(|diagnostic| object(diagnostic, files)).collect()
}

fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn one_line(diagnostic: &Diagnostic, files: &Files<'_>) -> String {
    let place = diagnostic.labels.first().and_then(|label| {
        let source = files.get(label.file)?;
        Some(format!("{}:{}", source.name(), source.position(source.floor(label.span.start))))
    });
    let place = place.unwrap_or_else(|| files.model.name().to_owned());
    let severity = severity_name(diagnostic.code.row().severity);
    let message = diagnostic.message.replace('\n', " ");
    format!("{place}: {severity}[{}]: {message}\n", diagnostic.code)
}

fn object(diagnostic: &Diagnostic, files: &Files<'_>) -> Value {
    let row = diagnostic.code.row();
    let help: Vec<&str> =
        diagnostic.help.iter().map(|help| help.text.as_str()).filter(|text| !text.is_empty()).collect();
    let offers: Vec<&Help> = diagnostic.help.iter().filter(|help| !help.edits.is_empty()).collect();
    let edits_of = |help: &Help| help.edits.iter().map(edit_object).collect::<Vec<_>>();
    let edits = match offers[..] {
        [only] => edits_of(only),
        _ => Vec::new(),
    };
    let mut object = json!({
        "code": diagnostic.code.to_string(),
        "slug": row.slug,
        "severity": severity_name(row.severity),
        "message": diagnostic.message,
        "labels": diagnostic.labels.iter().map(|label| label_object(label, files)).collect::<Vec<_>>(),
        "help": help,
        "edits": edits,
    });
    // Of several edits a person has to choose one.
    if offers.len() > 1 {
        let each = offers.iter().map(|help| json!({ "help": help.text, "edits": edits_of(help) }));
        object["alternatives"] = each.collect();
    }
    object
}

fn edit_object(edit: &Edit) -> Value {
    json!({ "start": edit.span.start, "end": edit.span.end, "text": edit.text })
}

fn label_object(label: &Label, files: &Files<'_>) -> Value {
    let source = files.get(label.file);
    let position = source.map(|source| source.position(source.floor(label.span.start)));
    let end = source.map(|source| source.position(source.ceil(label.span.end)));
    json!({
        "file": source.map(Source::name),
        "start": label.span.start,
        "end": label.span.end,
        "line": position.map(|position| position.line),
        "column": position.map(|position| position.column),
        "end_line": end.map(|position| position.line),
        "end_column": end.map(|position| position.column),
        "text": label.text,
    })
}

/// One diagnostic, or the part of it that lies in one text, as miette wants it.
#[derive(Debug)]
struct Report {
    message: String,
    code: Option<String>,
    severity: miette::Severity,
    help: Option<String>,
    excerpt: Option<Drawn>,
    related: Vec<Report>,
}

/// An excerpt and the name of its text.
#[derive(Debug)]
struct Drawn {
    name: String,
    excerpt: Excerpt,
}

impl Report {
    /// The first label's text is the main one; labels in other texts become related blocks.
    fn new(diagnostic: &Diagnostic, files: &Files<'_>, width: usize) -> Self {
        let mut order: Vec<File> = Vec::new();
        for label in &diagnostic.labels {
            if !order.contains(&label.file) {
                order.push(label.file);
            }
        }
        let mut drawn = order.iter().map(|file| Drawn::new(diagnostic, *file, (files, width)));
        let excerpt = drawn.next().flatten();
        let related = drawn.flatten().map(Self::elsewhere).collect();
        let severity = match diagnostic.code.row().severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        };
        let help: Vec<&str> =
            diagnostic.help.iter().map(|help| help.text.as_str()).filter(|text| !text.is_empty()).collect();
        let code = format!("{} {}", diagnostic.code, diagnostic.code.row().slug);
        let help = (!help.is_empty()).then(|| held(&help.join("\n")));
        Self { message: diagnostic.message.clone(), code: Some(code), severity, help, excerpt, related }
    }

    fn elsewhere(drawn: Drawn) -> Self {
        let message = format!("what {} says", drawn.name);
        let severity = miette::Severity::Advice;
        Self { message, code: None, severity, help: None, excerpt: Some(drawn), related: Vec::new() }
    }
}

impl Drawn {
    fn new(diagnostic: &Diagnostic, file: File, (files, width): (&Files<'_>, usize)) -> Option<Self> {
        let source = files.get(file)?;
        let here = diagnostic.labels.iter().filter(|label| label.file == file);
        let labels: Vec<(Span, &str)> = here.map(|label| (label.span, label.text.as_str())).collect();
        // What miette draws left of a line: its number and the gutter.
        const MARGIN: usize = 10;
        let excerpt = excerpt::excerpt(source, &labels, width - MARGIN);
        Some(Self { name: source.name().to_owned(), excerpt })
    }

    fn block(&self, offset: usize) -> Option<&Block> {
        let blocks = &self.excerpt.blocks;
        let nth = blocks.partition_point(|block| block.span.start <= offset).checked_sub(1)?;
        blocks.get(nth)
    }
}

impl SourceCode for Drawn {
    /// Gives the whole block around a span, and for a span without context its place in the text.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        _after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let block = self.block(span.offset()).ok_or(MietteError::OutOfBounds)?;
        let data = self.excerpt.text.get(block.span.start..block.span.end).ok_or(MietteError::OutOfBounds)?;
        let whole = SourceSpan::new(block.span.start.into(), data.len());
        let mark = self.excerpt.marks.iter().find(|mark| mark.span.start == span.offset());
        let (line, column) = match mark {
            Some(mark) if before == 0 => (mark.line, mark.column),
            _ => (block.line, 0),
        };
        let name = self.name.clone();
        let contents = MietteSpanContents::new_named(name, data.as_bytes(), whole, line, column, block.count);
        Ok(Box::new(contents))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report {}

impl miette::Diagnostic for Report {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code.as_ref().map(|code| Box::new(code) as Box<dyn fmt::Display + 'a>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display + 'a>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt.as_ref().map(|drawn| drawn as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let drawn = self.excerpt.as_ref()?;
        Some(Box::new(drawn.excerpt.marks.iter().enumerate().map(|(nth, mark)| {
            let text = (!mark.text.is_empty()).then(|| mark.text.clone());
            let span = SourceSpan::new(mark.span.start.into(), mark.span.end - mark.span.start);
            if nth == 0 {
                LabeledSpan::new_primary_with_span(text, span)
            } else {
                LabeledSpan::new_with_span(text, span)
            }
        })))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        if self.related.is_empty() {
            return None;
        }
        Some(Box::new(self.related.iter().map(|report| report as &dyn miette::Diagnostic)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Code;

    fn sources() -> (Source, Vec<Source>) {
        let model = Source::new(
            "m.vi",
            "dim n\ndata y[n]: real\nlatent mu ~ normal(0, 5\nobserve y ~ normal(mu, 1)\n",
        );
        let json = format!("{{\"y\": [{}NA]}}", "1.5, ".repeat(30_000));
        (model, vec![Source::new("y.json", json)])
    }

    fn both() -> Diagnostic {
        Diagnostic::new(Code(102), "a value is missing")
            .in_file(File::Data(0), Span::new(150_007, 150_009), "NA")
            .at(Span::new(6, 12), "declared here")
            .help("write `real?`")
    }

    #[test]
    fn a_huge_data_line_stays_small_and_the_model_is_a_related_block() {
        let (model, data) = sources();
        let text = render(&[both()], &Files { model: &model, data: &data }, Style::Plain, 100);
        assert!(text.len() < 2500, "{} bytes", text.len());
        for part in
            ["V0102", "a value is missing", "y.json:1:150008", "m.vi:2:1", "declared here", "write `real?`"]
        {
            assert!(text.contains(part), "{part} in\n{text}");
        }
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn twenty_are_drawn_and_the_rest_counted() {
        let (model, data) = sources();
        let many = vec![both(); 33];
        let text = render(&many, &Files { model: &model, data: &data }, Style::Colour, 80);
        assert_eq!(text.matches("a value is missing").count(), 20);
        assert!(text.ends_with("and 13 more\n"));
    }

    #[test]
    fn short_and_json_name_the_first_place() {
        let (model, data) = sources();
        let files = Files { model: &model, data: &data };
        assert_eq!(short(&[both()], &files), "y.json:1:150008: error[V0102]: a value is missing\n");
        let value = json(&[both()], &files);
        assert_eq!(value[0]["slug"], "syntax::unclosed");
        assert_eq!(value[0]["labels"][1]["line"], 2);
    }

    #[test]
    fn labels_outside_of_the_text_are_drawn_at_its_end() {
        let (model, _) = sources();
        let stray = Diagnostic::new(Code(101), "odd").at(Span::new(4000, 4100), "here");
        let text = render(&[stray], &Files { model: &model, data: &[] }, Style::Plain, 80);
        assert!(text.contains("odd"), "{text}");
    }
}
