//! `vic fit`: from files to a printed posterior.
#![allow(clippy::disallowed_methods, reason = "the clock is read here")]

use std::path::Path;
use std::time::Instant;

use vic::data::BoundModel;
use vic::driver::{self, Fitted};
use vic::inference::{FamilyChoice, Options, Verdict};
use vic::report::{self, Report, Seconds};

use super::args::{FamilyName, FitArguments, Format};
use super::output::{Loaded, Outcome, bind, load, read_data, report as print_diagnostics};
use super::watch::{Line, Terminal};
use super::{Status, files, terminal};

/// Runs the command.
pub fn run(arguments: &FitArguments) -> Status {
    let start = Instant::now();
    let Some(loaded) = load(&arguments.model) else { return Status::Wrong };
    let Some(data) = read_data(&arguments.model, &arguments.data.data) else { return Status::Wrong };
    let mut found = loaded.checked.diagnostics.clone();
    let (bound, diagnostics) = bind(&loaded.checked, &data);
    found.extend(diagnostics);
    if arguments.quiet {
        found.retain(|diagnostic| diagnostic.is_error());
    }
    let outcome = print_diagnostics(&found, &loaded, &data);
    let (Some(bound), Outcome::Fine) = (bound, outcome) else { return Status::Wrong };
    fit_bound(arguments, &loaded, &bound, start)
}

fn fit_bound(arguments: &FitArguments, loaded: &Loaded, bound: &BoundModel, start: Instant) -> Status {
    let objective = driver::lower(bound);
    let compiled = start.elapsed().as_secs_f64();
    let line = if arguments.quiet { Line::Hidden } else { Line::Shown };
    let mut watch = Terminal::start(line, arguments.max_time);
    let fitted = driver::fit(bound, &objective, &options(arguments), threads(arguments), &mut watch);
    watch.finish();
    let total = start.elapsed().as_secs_f64();
    let seconds = Seconds { compile: compiled, fit: total - compiled, total };
    let report = report::assemble(bound, &loaded.checked.choices, &fitted_view(&fitted), arguments.seed, seconds);
    let report = Report { model: arguments.model.display().to_string(), ..report };
    if let Some(folder) = &arguments.out
        && let Err(problem) = write_out(folder, &report, &fitted)
    {
        terminal::problem(&problem);
        return Status::Wrong;
    }
    terminal::result(&match arguments.format {
        Format::Table => report::text::table(&report),
        Format::Json => report::json::object(&report),
        Format::Csv => report::csv::rows(&report),
    });
    if fitted.fit.verdict == Verdict::DoNotUse { Status::DoNotUse } else { Status::Done }
}

fn options(arguments: &FitArguments) -> Options {
    let defaults = Options::default();
    Options {
        seed: arguments.seed,
        draws: arguments.draws as usize,
        family: arguments.family.map(|family| match family {
            FamilyName::MeanField => FamilyChoice::MeanField,
            FamilyName::FullRank => FamilyChoice::FullRank,
        }),
        max_evaluations: arguments.max_evaluations.unwrap_or(defaults.max_evaluations),
        ..defaults
    }
}

fn threads(arguments: &FitArguments) -> usize {
    let available = || std::thread::available_parallelism().map_or(1, usize::from);
    arguments.threads.map_or_else(available, usize::from)
}
