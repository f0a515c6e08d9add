//! What holds of any bytes: run by the fuzzer on what it makes up, and by `tests/fuzz_corpus.rs` on what it has kept.

use vic::diagnostics::render::{Files, Style, json, render, short};
use vic::diagnostics::{Diagnostic, File, allow, any_error};
use vic::driver;
use vic::source::Source;
use vic::syntax;

/// The data of a case of [`data`] begin behind such a line; its end is the form of the file.
const MARKS: [(&str, &str); 2] = [("\n===json\n", "d.json"), ("\n===csv\n", "d.csv")];

/// Any text is answered with a model or with an error; what is said has places inside of the text, and can be drawn.
pub fn front_end(bytes: &[u8]) {
    let source = Source::new("m.vi", String::from_utf8_lossy(bytes));
    let checked = driver::check(&source);
    assert_eq!(checked.model.is_none(), any_error(&checked.diagnostics), "no model, no error");
    said(&checked.diagnostics, &source, &[]);
    if checked.model.is_some() {
        let printed = Source::new("p.vi", syntax::print(&checked.tree));
        assert!(driver::check(&printed).model.is_some(), "the printed tree is no model:\n{}", printed.text());
    }
}

/// Any data are bound to any model, or refused with a diagnostic.
pub fn data(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let split = MARKS.iter().find_map(|(mark, name)| Some((text.split_once(mark)?, name)));
    let Some(((model, data), name)) = split else { return };
    let source = Source::new("m.vi", model);
    let Some(model) = driver::check(&source).model else { return };
    let files = [Source::new(*name, data)];
    let (bound, mut diagnostics) = driver::bind(&model, &files);
    assert_eq!(bound.is_none(), any_error(&diagnostics), "neither bound nor refused");
    allow::withhold(&mut diagnostics, &source);
    said(&diagnostics, &source, &files);
}

/// Formatting a model keeps its tree, and a second time changes nothing.
pub fn format(bytes: &[u8]) {
    let source = Source::new("m.vi", String::from_utf8_lossy(bytes));
    let Ok(once) = syntax::format(&source) else { return };
    let formatted = Source::new("m.vi", once.clone());
    assert_eq!(syntax::format(&formatted).as_deref(), Ok(once.as_str()), "the second time changes something");
    let tree = |source| syntax::outline(&syntax::parse(source).0);
    assert_eq!(tree(&source), tree(&formatted), "the tree changed");
}

fn said(diagnostics: &[Diagnostic], model: &Source, data: &[Source]) {
    let files = Files { model, data };
    assert_eq!(render(diagnostics, &files, Style::Plain, 80).is_empty(), diagnostics.is_empty());
    assert_eq!(short(diagnostics, &files).lines().count(), diagnostics.len());
    assert_eq!(json(diagnostics, &files).as_array().map(Vec::len), Some(diagnostics.len()));
    for label in diagnostics.iter().flat_map(|diagnostic| &diagnostic.labels) {
        let text = match label.file {
            File::Model => model.text(),
            File::Data(nth) => data[nth].text(),
        };
        let span = label.span;
        assert!(span.start <= span.end && span.end <= text.len(), "{label:?}");
        assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end), "{label:?}");
    }
    for edit in diagnostics.iter().flat_map(|diagnostic| &diagnostic.help).flat_map(|help| &help.edits) {
        assert!(model.text().get(edit.span.start..edit.span.end).is_some(), "{edit:?}");
    }
}
