//! `vic compare`: models of the same data, fitted one after the other and set side by side.

use std::path::Path;

use vic::data::BoundModel;
use vic::diagnostics::Diagnostic;
use vic::driver::learn::learn;
use vic::driver::{self, compare};
use vic::inference::Verdict;
use vic::report::{comparison, json};
use vic::source::Source;

use super::args::{CompareArguments, EngineArguments, TextFormat};
use super::output::{Loaded, Outcome, bind, load, read_data, report};
use super::watch::Terminal;
use super::{Status, terminal};

/// A model with its data.
struct Entry<'a> {
    path: &'a Path,
    loaded: Loaded,
    data: Vec<Source>,
    bound: BoundModel,
}

/// Runs the command.
pub fn run(arguments: &CompareArguments) -> Status {
    let mut entries: Vec<Entry> = Vec::new();
    for path in &arguments.models {
        let Some(entry) = read(path, arguments) else { return Status::Wrong };
        let first = entries.first().map(|first| (name(first.path), &first.bound));
        let first = first.as_ref().map(|(name, bound)| (name.as_str(), *bound));
        if let Err(refusal) = compare::check_data(&entry.bound, first) {
            terminal::diagnostics(&[*refusal], &entry.loaded.source, &entry.data);
            return Status::Wrong;
        }
        entries.push(entry);
    }
    let engine = &arguments.engine;
    let mut watch = Terminal::start(engine.line(), engine.max_time);
    let mut assessed = Vec::new();
    for entry in &entries {
        match assess(entry, engine, &mut watch) {
            Ok(assessment) => assessed.push(assessment),
            Err(refusal) => {
                watch.finish();
                terminal::diagnostics(&[*refusal], &entry.loaded.source, &entry.data);
                return Status::Wrong;
            }
        }
    }
    watch.finish();
    let unusable = assessed.iter().any(|one| one.verdict == Verdict::DoNotUse);
    let found = compare::report(assessed, engine.seed);
    terminal::result(&match arguments.format {
        TextFormat::Table => comparison::table(&found),
        TextFormat::Json => format!("{:#}", json::object(&found)),
    });
    if unusable { Status::DoNotUse } else { Status::Done }
}

/// Fits one model and predicts its points.
fn assess(
    entry: &Entry,
    engine: &EngineArguments,
    watch: &mut Terminal,
) -> Result<compare::Assessment, Box<Diagnostic>> {
    let (limits, options) = (engine.limits(), engine.options());
    let learning = learn(&entry.bound, &limits, &options, (engine.threads(), &mut *watch))?;
    let bound = learning.as_ref().map_or(&entry.bound, |learning| &learning.bound);
    let objective = driver::lower_within(bound, &limits)?;
    driver::request::check(bound, &objective, &options)?;
    let mut fitted = driver::fit(bound, &objective, &options, engine.threads(), watch);
    learning.iter().for_each(|learning| learning.doubt(&mut fitted.fit));
    compare::assess(&name(entry.path), bound, &fitted)
}

fn name(path: &Path) -> String {
    path.display().to_string()
}

fn read<'a>(path: &'a Path, arguments: &CompareArguments) -> Option<Entry<'a>> {
    let loaded = load(path)?;
    let data = read_data(path, &arguments.data)?;
    let mut found = loaded.checked.diagnostics.clone();
    let (bound, diagnostics) = bind(&loaded, &data);
    found.extend(diagnostics);
    if arguments.engine.quiet {
        found.retain(|diagnostic| diagnostic.is_error());
    }
    let outcome = report(&found, &loaded, &data);
    let (Some(bound), Outcome::Fine) = (bound, outcome) else { return None };
    Some(Entry { path, loaded, data, bound })
}
