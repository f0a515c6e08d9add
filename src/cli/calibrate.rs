//! `vic calibrate`: simulation-based calibration from the terminal.

use std::sync::Mutex;

use vic::driver;
use vic::driver::calibrate::{self, Observer, Settings};
use vic::report::calibration::{self, Finding};
use vic::report::json;

use super::args::{CalibrateArguments, TextFormat};
use super::output::{Outcome, bind, load, read_data, report};
use super::watch::Terminal;
use super::{Status, terminal};

/// The terminal, for several threads.
struct Shared(Mutex<Terminal>);

impl Observer for Shared {
    fn finished(&self, done: usize, of: usize) {
        if let Ok(terminal) = self.0.lock() {
            terminal.say(format!("{done} of {of} replicates"));
        }
    }

    fn should_stop(&self) -> bool {
        self.0.lock().is_ok_and(|terminal| terminal.is_over())
    }
}

/// Runs the command.
pub fn run(arguments: &CalibrateArguments) -> Status {
    let Some(loaded) = load(&arguments.model) else { return Status::Wrong };
    let Some(data) = read_data(&arguments.model, &arguments.data) else { return Status::Wrong };
    let mut found = loaded.checked.diagnostics.clone();
    let (bound, diagnostics) = bind(&loaded, &data);
    found.extend(diagnostics);
    if arguments.engine.quiet {
        found.retain(|diagnostic| diagnostic.is_error());
    }
    let outcome = report(&found, &loaded, &data);
    let (Some(bound), Outcome::Fine) = (bound, outcome) else { return Status::Wrong };
    let engine = &arguments.engine;
    let limits = engine.limits();
    let asked = driver::lower_within(&bound, &limits)
        .and_then(|objective| driver::request::check(&bound, &objective, &engine.options()));
    if let Err(refusal) = asked {
        terminal::diagnostics(&[*refusal], &loaded.source, &data);
        return Status::Wrong;
    }
    let settings = Settings {
        replicates: arguments.replicates as usize,
        options: engine.options(),
        threads: engine.threads(),
    };
    let shared = Shared(Mutex::new(Terminal::start(engine.line(), engine.max_time)));
    let result = calibrate::calibrate(
        &bound,
        &settings,
        &|bound, options, watch| calibrate::fit(bound, &limits, options, watch),
        &shared,
    );
    if let Ok(terminal) = shared.0.lock() {
        terminal.finish();
    }
    let calibration = match result {
        Ok(calibration) => calibration,
        Err(refusal) => {
            terminal::diagnostics(&[*refusal], &loaded.source, &data);
            return Status::Wrong;
        }
    };
    terminal::result(&match arguments.format {
        TextFormat::Table => calibration::table(&calibration),
        TextFormat::Json => format!("{:#}", json::object(&calibration)),
    });
    match calibration.finding() {
        Finding::Calibrated | Finding::Unknown => Status::Done,
        Finding::Miscalibrated => Status::DoNotUse,
    }
}
