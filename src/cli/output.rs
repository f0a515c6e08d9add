//! What the commands share: a model read and checked, its data read and bound.

use std::path::Path;

use vic::data::BoundModel;
use vic::diagnostics::{Diagnostic, allow, any_error};
use vic::driver::learn::{Learning, learn};
use vic::driver::{self, Checked};
use vic::inference::Watch;
use vic::lower;
use vic::source::{Decimal, Source};

use super::args::{DataArguments, EngineArguments};
use super::watch::Terminal;
use super::{files, terminal};

/// A model with its text.
pub struct Loaded {
    pub source: Source,
    pub checked: Checked,
}

/// Reads and checks a model; prints nothing but a problem of reading.
pub fn load(path: &Path) -> Option<Loaded> {
    match files::read(path) {
        Ok(source) => {
            let checked = driver::check(&source);
            Some(Loaded { source, checked })
        }
        Err(problem) => {
            terminal::problem(&problem);
            None
        }
    }
}

/// Reads data files; prints what cannot be read.
pub fn read_data(model: &Path, given: &DataArguments) -> Option<Vec<Source>> {
    let table = given.table();
    if table.is_some_and(|table| table.decimal == Decimal::Comma && table.delimiter == Some(b',')) {
        terminal::problem(
            "a comma cannot part the columns and stand before decimals too; name another `--delimiter`",
        );
        return None;
    }
    let mut sources = Vec::new();
    for path in files::data_paths(model, &given.data) {
        match files::read(&path) {
            Ok(source) => sources.push(match table {
                Some(table) => source.as_table(table),
                None => source,
            }),
            Err(problem) => {
                terminal::problem(&problem);
                return None;
            }
        }
    }
    Some(sources)
}

/// Binds data to a checked model.
pub fn bind(loaded: &Loaded, data: &[Source]) -> (Option<BoundModel>, Vec<Diagnostic>) {
    let Some(model) = &loaded.checked.model else { return (None, vec![]) };
    let (bound, mut found) = driver::bind(model, data);
    allow::withhold(&mut found, &loaded.source);
    (bound, found)
}

/// Finds the values that a model learns; nothing where it learns none.
pub fn learned(bound: &BoundModel, engine: &EngineArguments) -> Result<Option<Learning>, Box<Diagnostic>> {
    if lower::learned(bound.model()).is_empty() {
        return Ok(None);
    }
    let mut watch = Terminal::start(engine.line(), engine.max_time);
    let run = (engine.threads(), &mut watch as &mut dyn Watch);
    let found = learn(bound, &engine.limits(), &engine.options(), run);
    watch.finish();
    found
}

/// Prints diagnostics as one list; whether there is an error among them.
pub fn report(found: &[Diagnostic], loaded: &Loaded, data: &[Source]) -> Outcome {
    terminal::diagnostics(found, &loaded.source, data);
    if any_error(found) { Outcome::Wrong } else { Outcome::Fine }
}

/// Whether diagnostics stop a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Fine,
    Wrong,
}
