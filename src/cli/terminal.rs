//! Printing: results to standard output, everything else to standard error; colour where it is wanted.
#![allow(clippy::disallowed_methods, reason = "NO_COLOR and the like are read here")]

use std::io::{self, IsTerminal, Write};
use std::panic;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use vic::diagnostics::Diagnostic;
use vic::diagnostics::render::{Files, Style, render};
use vic::report::text::Style as TableStyle;
use vic::source::Source;

use super::args::Colour;

static COLOURED: AtomicBool = AtomicBool::new(false);
static PANIC: Mutex<String> = Mutex::new(String::new());

/// Settles whether diagnostics are coloured: the flag first, then NO_COLOR, TERM and the terminal.
pub fn choose_colour(colour: Colour) {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let coloured = match colour {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => !unwanted && io::stderr().is_terminal(),
    };
    COLOURED.store(coloured, Ordering::Relaxed);
}

/// The style of diagnostics.
pub fn style() -> Style {
    if COLOURED.load(Ordering::Relaxed) { Style::Colour } else { Style::Plain }
}

/// The style of the posterior table.
pub fn table_style() -> TableStyle {
    if COLOURED.load(Ordering::Relaxed) && io::stdout().is_terminal() {
        TableStyle::Colour
    } else {
        TableStyle::Plain
    }
}

/// Prints a result. A closed pipe is the reader's choice, not an error.
pub fn result(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    if !text.ends_with('\n') {
        let _ = out.write_all(b"\n");
    }
    let _ = out.flush();
}

/// Prints a remark.
pub fn remark(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", text.trim_end());
}

/// Prints a problem that has no place in a file.
pub fn problem(text: &str) {
    remark(&format!("error: {text}"));
}

/// Prints diagnostics with excerpts.
pub fn diagnostics(found: &[Diagnostic], model: &Source, data: &[Source]) {
    if !found.is_empty() {
        remark(&render(found, &Files { model, data }, style(), width()));
    }
}

/// Columns to draw diagnostics in.
pub fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    columns.unwrap_or(100usize).clamp(40, 140)
}

/// Keeps a panic's text for the report instead of printing it at once.
pub fn quiet_panics() {
    panic::set_hook(Box::new(|info| {
        if let Ok(mut text) = PANIC.lock() {
            *text = info.to_string();
        }
    }));
}

/// Asks for a report of a fault of our own.
pub fn report_fault() {
    let text = PANIC.lock().map(|text| text.clone()).unwrap_or_default();
    remark(&format!(
        "error: this is a fault in vic {}, not in your model\n  {}\n  please report it with the model, the data and the command you ran",
        env!("CARGO_PKG_VERSION"),
        text.replace('\n', "\n  ")
    ));
}
