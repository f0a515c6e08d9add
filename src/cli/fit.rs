//! `vic fit`: from files to a printed posterior.
#![allow(clippy::disallowed_methods, reason = "the clock is read here")]

use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

use serde_json::Value;
use vic::data::BoundModel;
use vic::diagnostics::render::{Files, json as diagnostics_as_json};
use vic::diagnostics::{Diagnostic, allow, any_error};
use vic::driver::fault::{self, Traced};
use vic::driver::learn::Learning;
use vic::driver::outcome::{self, Circumstances};
use vic::driver::{self, Fitted};
use vic::inference::{Verdict, Watch};
use vic::lower::Objective;
use vic::report::{Report, Seconds, csv, json, text};
use vic::source::Source;

use super::args::{FitArguments, Format};
use super::output::{Loaded, Outcome, bind, learned, load, read_data, report as print_diagnostics};
use super::watch::Terminal;
use super::{Status, files, terminal};

/// Runs the command.
pub fn run(arguments: &FitArguments) -> Status {
    let start = Instant::now();
    let Some(loaded) = load(&arguments.model) else { return Status::Wrong };
    let Some(data) = read_data(&arguments.model, &arguments.data) else { return Status::Wrong };
    let mut found = loaded.checked.diagnostics.clone();
    let (bound, diagnostics) = bind(&loaded, &data);
    found.extend(diagnostics);
    if arguments.engine.quiet {
        found.retain(|diagnostic| diagnostic.is_error());
    }
    let outcome = print_diagnostics(&found, &loaded, &data);
    let (Some(bound), Outcome::Fine) = (bound, outcome) else { return Status::Wrong };
    let engine = &arguments.engine;
    let learning = match learned(&bound, engine) {
        Ok(learning) => learning,
        Err(refusal) => {
            terminal::diagnostics(&[*refusal], &loaded.source, &data);
            return Status::Wrong;
        }
    };
    let bound = learning.as_ref().map_or(bound, |learning| learning.bound.clone());
    let lowered = driver::lower_within(&bound, &engine.limits()).and_then(|objective| {
        driver::request::check(&bound, &objective, &engine.options()).map(|()| objective)
    });
    let objective = match lowered {
        Ok(objective) => objective,
        Err(refusal) => {
            terminal::diagnostics(&[*refusal], &loaded.source, &[]);
            return Status::Wrong;
        }
    };
    let inputs = Inputs { loaded: &loaded, data: &data, bound: &bound, objective: &objective, learning };
    match arguments.replay {
        Some(evaluation) => replay(arguments, &inputs, evaluation),
        None => fit_bound(arguments, &inputs, start),
    }
}

/// What a fit is made of.
struct Inputs<'a> {
    loaded: &'a Loaded,
    data: &'a [Source],
    bound: &'a BoundModel,
    objective: &'a Objective,
    learning: Option<Learning>,
}

impl Inputs<'_> {
    /// A fault as a diagnostic, unless the model allows it.
    fn fault(&self, traced: Option<Traced>) -> Vec<Diagnostic> {
        let mut found: Vec<Diagnostic> =
            traced.map(|traced| traced.located(self.bound, self.data)).into_iter().collect();
        allow::withhold(&mut found, &self.loaded.source);
        found
    }
}

/// Makes one evaluation again.
fn replay(arguments: &FitArguments, inputs: &Inputs<'_>, evaluation: u64) -> Status {
    let engine = &arguments.engine;
    let mut watch = Terminal::start(engine.line(), engine.max_time);
    let run = (engine.threads(), &mut watch as &mut dyn Watch);
    let seen = driver::replay::replay(inputs.bound, inputs.objective, &engine.options(), run, evaluation);
    watch.finish();
    let Some(seen) = seen else {
        terminal::problem(&format!("the fit ends before it comes to evaluation {evaluation}"));
        return Status::Usage;
    };
    let found = inputs.fault(seen.fault.clone());
    terminal::diagnostics(&found, &inputs.loaded.source, inputs.data);
    let point = outcome::point(&seen);
    terminal::result(&match arguments.format {
        Format::Json => format!("{:#}", with_diagnostics(json::point(&point), &found, inputs)),
        Format::Table | Format::Csv => text::point(&point),
    });
    Status::Done
}

/// A JSON object with the diagnostics of the run, if there are any.
fn with_diagnostics(mut object: Value, found: &[Diagnostic], inputs: &Inputs<'_>) -> Value {
    if let Some(fields) = object.as_object_mut().filter(|_| !found.is_empty()) {
        let files = Files { model: &inputs.loaded.source, data: inputs.data };
        fields.insert("diagnostics".to_string(), diagnostics_as_json(found, &files));
    }
    object
}

fn fit_bound(arguments: &FitArguments, inputs: &Inputs<'_>, start: Instant) -> Status {
    let Inputs { loaded, data, bound, objective, ref learning } = *inputs;
    let compiled = start.elapsed().as_secs_f64();
    let engine = &arguments.engine;
    let mut watch = Terminal::start(engine.line(), engine.max_time);
    let mut fitted = driver::fit(bound, objective, &engine.options(), engine.threads(), &mut watch);
    watch.finish();
    learning.iter().for_each(|learning| learning.doubt(&mut fitted.fit));
    let found = inputs.fault(fitted.fault.clone());
    if !engine.quiet || any_error(&found) {
        terminal::diagnostics(&found, &loaded.source, data);
    }
    if found.iter().any(|diagnostic| diagnostic.code == fault::START) {
        return Status::Wrong;
    }
    let total = start.elapsed().as_secs_f64();
    let circumstances = Circumstances {
        model: arguments.model.display().to_string(),
        seed: engine.seed,
        family: engine.options().family,
        seconds: Seconds { compile: compiled, fit: total - compiled, total },
        learning: learning.clone(),
    };
    let report = outcome::report(bound, &fitted.choices, &fitted, circumstances);
    if let Some(folder) = &arguments.out
        && let Err(problem) = write_out(folder, &report, &fitted)
    {
        terminal::problem(&problem);
        return Status::Wrong;
    }
    terminal::result(&match arguments.format {
        Format::Table => text::table(&report, arguments.rows, terminal::table_style()),
        Format::Json => format!("{:#}", with_diagnostics(json::object(&report), &found, inputs)),
        Format::Csv => csv::rows(&report),
    });
    if fitted.fit.verdict == Verdict::DoNotUse { Status::DoNotUse } else { Status::Done }
}

/// Writes what a later tool needs: the summary, the draws by name, and the fit on unconstrained space.
fn write_out(folder: &Path, report: &Report, fitted: &Fitted) -> Result<(), files::Problem> {
    files::write(&folder.join("summary.json"), &format!("{:#}\n", json::object(report)))?;
    files::write(&folder.join("draws.csv"), &draws(fitted))?;
    files::write(&folder.join("unconstrained.csv"), &unconstrained(fitted))
}

/// One line a draw: its weight (where draws are weighted), then every scalar whose draws were kept.
fn draws(fitted: &Fitted) -> String {
    let sites = || fitted.sites.iter().filter(|site| site.has_draws());
    let names = sites().flat_map(|site| &site.names).map(|name| quoted(name));
    let mut text: String = std::iter::once("weight".to_string()).chain(names).collect::<Vec<_>>().join(",");
    for draw in 0..fitted.count {
        let weight = fitted.weights.as_ref().map_or(1.0 / fitted.count as f64, |weights| weights[draw]);
        let _ = write!(text, "\n{weight}");
        for site in sites() {
            let width = site.names.len();
            for value in &site.values[draw * width..(draw + 1) * width] {
                let _ = write!(text, ",{value}");
            }
        }
    }
    text.push('\n');
    text
}

/// Names with a comma are quoted, as CSV wants it.
fn quoted(name: &str) -> String {
    if name.contains([',', '"']) { format!("\"{}\"", name.replace('"', "\"\"")) } else { name.to_string() }
}

/// One line a draw: the coordinates that the fit was made in.
fn unconstrained(fitted: &Fitted) -> String {
    let dimension = fitted.fit.mean.len();
    let names: Vec<String> = (1..=dimension).map(|k| format!("u{k}")).collect();
    let mut text = names.join(",");
    for draw in fitted.fit.draws.chunks_exact(dimension.max(1)) {
        let numbers: Vec<String> = draw.iter().map(f64::to_string).collect();
        let _ = write!(text, "\n{}", numbers.join(","));
    }
    text.push('\n');
    text
}
