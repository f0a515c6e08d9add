//! `vic check`: all that is wrong with a model and its data, and any stage of its compilation.

use std::path::Path;

use serde_json::{Value, json};
use vic::diagnostics::render::{self, Files, short};
use vic::diagnostics::{Diagnostic, any_error, apply, certain};
use vic::driver;
use vic::driver::gradients::Checked;
use vic::source::Source;

use super::args::{CheckArguments, DiagnosticFormat, Stage};
use super::output::{Loaded, bind, load, read_data};
use super::{Status, files, terminal};

/// Runs the command.
pub fn run(arguments: &CheckArguments) -> Status {
    if arguments.fix
        && let Err(problem) = fix(&arguments.model)
    {
        terminal::problem(&problem);
        return Status::Wrong;
    }
    let Some(loaded) = load(&arguments.model) else { return Status::Wrong };
    let Some(data) = read_data(&arguments.model, &arguments.data) else { return Status::Wrong };
    let mut found = loaded.checked.diagnostics.clone();
    let bound = if data.is_empty() && !needs_data(arguments.emit) && !arguments.gradients {
        None
    } else {
        let (bound, diagnostics) = bind(&loaded, &data);
        found.extend(diagnostics);
        bound
    };
    let objective =
        bound.as_ref().map(|bound| driver::lower_within(bound, &arguments.sums.limits())).transpose();
    if let Err(refusal) = &objective {
        found.push(refusal.as_ref().clone());
    }
    let objective = objective.ok().flatten();
    let is_one_object = arguments.gradients && arguments.format == DiagnosticFormat::Json;
    if !is_one_object {
        print(&found, &loaded, &data, arguments.format);
    }
    let emitted = match arguments.emit {
        None => None,
        Some(Stage::Tree) => Some(vic::syntax::outline(&loaded.checked.tree)),
        Some(Stage::Model) => loaded.checked.model.as_ref().map(|model| vic::model::print(model)),
        Some(Stage::Graph) => objective.as_ref().map(driver::print_graph),
        Some(Stage::Program) => objective.as_ref().map(driver::print_program),
    };
    emitted.iter().for_each(|text| terminal::result(text));
    let mut wrong = any_error(&found);
    let mut checked = Vec::new();
    if arguments.gradients
        && let (false, Some(bound), Some(objective)) = (wrong, &bound, &objective)
    {
        checked = driver::gradients::check(bound, objective, SEED);
        wrong = checked.iter().any(|checked| !checked.is_right());
        if !is_one_object {
            terminal::result(gradients(&checked).trim_end());
        }
    }
    if is_one_object {
        let files = Files { model: &loaded.source, data: &data };
        terminal::result(&format!("{:#}", with_gradients(render::json(&found, &files), &checked)));
    }
    if !wrong && arguments.emit.is_none() && arguments.format == DiagnosticFormat::Full {
        terminal::remark(&format!("{}: no errors", loaded.source.name()));
    }
    if wrong { Status::Wrong } else { Status::Done }
}

/// Key of the draws that gradients are compared at.
const SEED: u64 = 1;

/// One line for each latent.
fn gradients(checked: &[Checked]) -> String {
    let width = checked.iter().map(|checked| checked.latent.len()).max().unwrap_or(0).max("latent".len());
    let mut text = format!("{:width$}  estimator  deviation  variance   against\n", "latent");
    for checked in checked {
        let variance = checked.variance.map_or("none".to_string(), |variance| format!("{variance:.3e}"));
        let verdict = if checked.is_right() { "" } else { "  WRONG" };
        text += &format!(
            "{:width$}  {:9}  {:6.2} SE  {variance:9}  {}{verdict}\n",
            checked.latent, checked.estimator, checked.deviation, checked.against
        );
    }
    text
}

/// What was found in the files, and in the gradients, as one object.
fn with_gradients(diagnostics: Value, checked: &[Checked]) -> Value {
    let one = |checked: &Checked| {
        json!({
            "latent": checked.latent,
            "estimator": checked.estimator,
            "deviation": checked.deviation,
            "variance": checked.variance,
            "against": checked.against,
            "right": checked.is_right(),
        })
    };
    json!({ "diagnostics": diagnostics, "gradients": checked.iter().map(one).collect::<Vec<_>>() })
}

/// Rounds of edits: one may uncover the next, and a misspelt keyword hides the rest of its statement.
const ROUNDS: usize = 5;

/// Makes the certain edits in a model file, and says which.
fn fix(path: &Path) -> Result<(), String> {
    for _ in 0..ROUNDS {
        let source = files::read(path)?;
        let found = driver::check(&source).diagnostics;
        let mended = apply(source.text(), &certain(&found));
        if mended == source.text() {
            return Ok(());
        }
        files::write(path, &mended)?;
        for diagnostic in
            found.iter().filter(|diagnostic| !certain(std::slice::from_ref(diagnostic)).is_empty())
        {
            let line = diagnostic.labels.first().map_or(1, |label| source.position(label.span.start).line);
            let offered = diagnostic.help.iter().find(|help| !help.edits.is_empty());
            let done = offered.map_or("", |help| help.text.as_str());
            terminal::remark(&format!("{}:{line}: fixed {}: {done}", source.name(), diagnostic.message));
        }
    }
    Ok(())
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
        DiagnosticFormat::Json => terminal::result(&format!("{:#}", render::json(found, &files))),
    }
}
