//! Whole fits against a plain mean-field ADVI of 10,000 steps over the same compiled program: evaluations, errors and time.
//!
//! `cargo bench --bench fits [-- DIR]`, DIR holding the `data/` and `reference/` of the models in `models/posteriordb/`.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads files and the clock")]

mod advi;
mod memory;
#[path = "../engine/report.rs"]
#[allow(dead_code, reason = "the engine's benchmark chooses rows, too")]
mod report;
#[path = "../../tests/support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};

use cpu_time::ThreadTime;
use vic::driver::target::CompiledTarget;
use vic::driver::{self, Fitted};
use vic::inference::{Options, Progress, Verdict, Watch};
use vic::lower::Objective;
use vic::posterior::{self, Row, summarise};

use report::Report;

/// Stages that are the search for the Gaussian of greatest bound: what ADVI does, too.
const SEARCH: [&str; 3] = ["finding starts", "fitting a Gaussian", "linear response"];
/// Milliseconds of processor time that the median fit may take.
const MILLISECONDS: f64 = 100.0;
/// Median evaluations of a fit.
const EVALUATIONS: f64 = 3000.0;

/// Counts what the search for a Gaussian costs.
#[derive(Default)]
struct Search {
    spent: u64,
    last: Option<(&'static str, u64)>,
}

impl Watch for Search {
    fn progress(&mut self, progress: &Progress) {
        if let Some((stage, before)) = self.last.filter(|(stage, _)| SEARCH.contains(stage)) {
            let _ = stage;
            self.spent += progress.evaluations.saturating_sub(before);
        }
        self.last = Some((progress.stage, progress.evaluations));
    }

    fn should_stop(&mut self) -> bool {
        false
    }
}

/// A model with its data and reference.
struct Case {
    model: PathBuf,
    data: PathBuf,
    reference: Option<support::Reference>,
}

/// What was measured of a case.
struct Measured {
    evaluations: f64,
    milliseconds: f64,
}

fn main() {
    let folder = std::env::args().skip(1).map(PathBuf::from).find(|path| path.join("data").is_dir());
    let mut report = Report::from_arguments();
    memory::measure(&mut report);
    let (mut evaluations, mut milliseconds) = (Vec::new(), Vec::new());
    for case in cases(folder.as_deref()) {
        if let Some(measured) = measure(&case, &mut report) {
            evaluations.push(measured.evaluations);
            milliseconds.push(measured.milliseconds);
        }
    }
    if let Some(median) = median(milliseconds) {
        report.target("median_processor_time_over_100_ms", median / MILLISECONDS, 1.0);
    }
    if let Some(median) = median(evaluations) {
        report.target("median_evaluations_over_3000", median / EVALUATIONS, 1.0);
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn cases(folder: Option<&Path>) -> Vec<Case> {
    let own = support::models("models").into_iter().map(|model| Case {
        data: model.with_extension("data.json"),
        reference: support::reference(&model.with_extension("expected.json")),
        model,
    });
    let mut all: Vec<Case> = own.collect();
    if let Some(folder) = folder {
        all.extend(support::models("models/posteriordb").into_iter().map(|model| {
            let name = support::stem(&model);
            Case {
                data: support::posterior_data(folder, &name),
                reference: support::reference(&folder.join("reference").join(format!("{name}.json"))),
                model,
            }
        }));
    }
    all.retain(|case| case.data.exists());
    all
}

/// Fits a case both ways.
fn measure(case: &Case, report: &mut Report) -> Option<Measured> {
    let name = support::stem(&case.model);
    let (model, data) = (support::source(&case.model), support::source(&case.data));
    let bound = driver::bind(driver::check(&model).model.as_ref()?, &[data]).0?;
    let objective = driver::lower(&bound).ok()?;
    let mut search = Search::default();
    let start = ThreadTime::now();
    let fitted = driver::fit(&bound, &objective, &Options::default(), 1, &mut search);
    let milliseconds = start.elapsed().as_secs_f64() * 1e3;
    let fit = &fitted.fit;
    report.note(&format!(
        "{name}: {} evaluations ({} of them for the Gaussian), {milliseconds:.0} ms, {:?}, {}",
        fit.evaluations,
        search.spent,
        fit.verdict,
        errors(&rows(&fitted), case.reference.as_ref())
    ));
    let measured = Measured { evaluations: fit.evaluations as f64, milliseconds };
    if !objective.kept.is_empty() || objective.layout.dimension == 0 {
        return Some(measured);
    }
    let Some(found) = advi::fit(&mut CompiledTarget::new(&objective, 1)) else {
        report.note("  ADVI: no finite bound at any step size");
        return Some(measured);
    };
    let its = advi_rows(&bound, &objective, &found);
    report.note(&format!(
        "  ADVI: {} evaluations ({} gradients at steps, the rest bounds and the choice of a step size), step size {}, bound {:.2}{}, {}",
        found.evaluations,
        advi::STEPS,
        found.rate,
        found.bound,
        if found.settled { "" } else { ", not settled" },
        errors(&its, case.reference.as_ref())
    ));
    if found.settled && fit.verdict == Verdict::Trust {
        let all = found.evaluations as f64;
        report.target(&format!("{name}_gaussian_over_advi"), search.spent as f64 / all, 0.1);
        report.note(&format!("  whole fit over ADVI: {:.3}", fit.evaluations as f64 / all));
    }
    Some(measured)
}

fn rows(fitted: &Fitted) -> Vec<Row> {
    fitted.sites.iter().flat_map(|site| summarise(site, fitted.weights.as_deref())).collect()
}

fn advi_rows(bound: &vic::data::BoundModel, objective: &Objective, found: &advi::Found) -> Vec<Row> {
    let draws = found.draws(4000);
    let sites = posterior::evaluate(bound, objective, &draws, 4000, 1);
    sites.iter().flat_map(|site| summarise(site, None)).collect()
}

fn errors(rows: &[Row], reference: Option<&support::Reference>) -> String {
    match reference {
        Some(reference) => {
            let off = support::compare(rows, reference);
            format!("off by {:.3} sd, {:.3} of a log sd", off.mean, off.sd)
        }
        None => "no reference".to_owned(),
    }
}
