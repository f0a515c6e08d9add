//! `vic check`: all that is wrong with a model and its data, and any stage of its compilation.

use vic::diagnostics::render::{Files, json, short};
use vic::diagnostics::{Diagnostic, any_error};
use vic::driver;
use vic::source::Source;

use super::args::{CheckArguments, DiagnosticFormat, Stage};
use super::output::{Loaded, bind, load, read_data};
use super::{Status, terminal};

/// Runs the command.
pub fn run(arguments: &CheckArguments) -> Status {
    let Some(loaded) = load(&arguments.model) else { return Status::Wrong };
    let Some(data) = read_data(&arguments.model, &arguments.data.data) else { return Status::Wrong };
    let mut found = loaded.checked.diagnostics.clone();
    let bound = if data.is_empty() && !needs_data(arguments.emit) {
        None
    } else {
        let (bound, diagnostics) = bind(&loaded.checked, &data);
        found.extend(diagnostics);
        bound
    };
    let objective = bound.as_ref().map(driver::lower).transpose();
    if let Err(refusal) = &objective {
        found.push(refusal.as_ref().clone());
    }
    let objective = objective.ok().flatten();
    print(&found, &loaded, &data, arguments.format);
    let emitted = match arguments.emit {
        None => None,
        Some(Stage::Tree) => Some(vic::syntax::outline(&loaded.checked.tree)),
        Some(Stage::Model) => loaded.checked.model.as_ref().map(|model| vic::model::print(model)),
        Some(Stage::Graph) => objective.as_ref().map(driver::print_graph),
        Some(Stage::Program) => objective.as_ref().map(driver::print_program),
    };
    emitted.iter().for_each(|text| terminal::result(text));
    let wrong = any_error(&found);
    if !wrong && arguments.emit.is_none() && arguments.format == DiagnosticFormat::Full {
        terminal::remark(&format!("{}: no errors", loaded.source.name()));
    }
    if wrong { Status::Wrong } else { Status::Done }
}

fn needs_data(stage: Option<Stage>) -> bool {
    matches!(stage, Some(Stage::Graph | Stage::Program))
}

fn print(found: &[Diagnostic], loaded: &Loaded, data: &[Source], format: DiagnosticFormat) {
    let files = Files { model: &loaded.source, data };
    match format {
        DiagnosticFormat::Full => terminal::diagnostics(found, &loaded.source, data),
        DiagnosticFormat::Short if found.is_empty() => {}
        DiagnosticFormat::Short => terminal::result(&short(found, &files)),
        DiagnosticFormat::Json => terminal::result(&format!("{:#}", json(found, &files))),
    }
}
