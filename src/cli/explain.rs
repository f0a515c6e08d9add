//! `vic explain`: how a model is compiled, or what a code means.

use std::path::Path;

use vic::diagnostics::codes::{CATALOGUE, Row};
use vic::driver;
use vic::inference::Options;
use vic::report::explain::{Story, explain};
use vic::report::story;

use super::args::{ExplainArguments, StoryFormat};
use super::output::{Outcome, bind, load, read_data, report};
use super::{Status, terminal};

/// Runs the command.
pub fn run(arguments: &ExplainArguments) -> Status {
    let path = Path::new(&arguments.what);
    match row(&arguments.what) {
        Some(row) if !path.exists() => {
            terminal::result(&long_form(row));
            Status::Done
        }
        _ if looks_like_a_code(&arguments.what) && !path.exists() => {
            terminal::problem(&format!(
                "there is no diagnostic `{}`; docs/errors.md lists them all",
                arguments.what
            ));
            Status::Usage
        }
        _ => explain_model(arguments, path),
    }
}

fn explain_model(arguments: &ExplainArguments, path: &Path) -> Status {
    let Some(loaded) = load(path) else { return Status::Wrong };
    let Some(data) = read_data(path, &arguments.data) else { return Status::Wrong };
    let mut found = loaded.checked.diagnostics.clone();
    let bound = if data.is_empty() {
        None
    } else {
        let (bound, diagnostics) = bind(&loaded, &data);
        found.extend(diagnostics);
        bound
    };
    let outcome = report(&found, &loaded, &data);
    let Some(model) = &loaded.checked.model else { return Status::Wrong };
    let lowered = bound.as_ref().map(|bound| (bound, driver::lower_within(bound, &arguments.sums.limits())));
    let (choices, sums, ways) = match lowered {
        None => (loaded.checked.choices.clone(), vec![], vec![]),
        Some((bound, Ok(objective))) => {
            let options = Options { seed: arguments.seed, ..Options::default() };
            let ways = driver::ways(&objective);
            (driver::measured_choices(bound, &objective, &options), objective.sums, ways)
        }
        Some((_, Err(refusal))) => {
            terminal::diagnostics(&[*refusal], &loaded.source, &data);
            return Status::Wrong;
        }
    };
    let story = Story { model, choices: &choices, bound: bound.as_ref(), sums: &sums, ways: &ways };
    terminal::result(&match arguments.format {
        StoryFormat::Text => explain(&story).trim_end().to_string(),
        StoryFormat::Json => format!("{:#}", story::json(&story)),
        StoryFormat::Dot => story::dot(&story),
    });
    if outcome == Outcome::Wrong { Status::Wrong } else { Status::Done }
}

/// `V` and digits, or `area::slug`.
fn looks_like_a_code(text: &str) -> bool {
    let digits = text.strip_prefix(['V', 'v']).unwrap_or("");
    text.contains("::") || (!digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()))
}

fn row(text: &str) -> Option<&'static Row> {
    let all = CATALOGUE.iter().flat_map(|rows| rows.iter());
    all.into_iter().find(|row| row.slug == text || row.code.to_string().eq_ignore_ascii_case(text))
}

fn long_form(row: &Row) -> String {
    let indented = |text: &str| text.trim().lines().map(|line| format!("    {line}\n")).collect::<String>();
    let mut text = format!("{} {}\n{}\n\n{}\n", row.code, row.slug, row.summary, row.explanation.trim());
    if !row.wrong.is_empty() {
        text += &format!("\nwrong:\n\n{}", indented(row.wrong));
    }
    if !row.right.is_empty() {
        text += &format!("\nright:\n\n{}", indented(row.right));
    }
    text
}
