//! Fits every model under `models/posteriordb/` and prints how far it is from its reference posterior, and which targets
//! that meets: the tables of `docs/accuracy.md`.
//!
//! `cargo run --release --example posteriordb -- DIR [SEEDS [PART OF A NAME]]`, DIR holding `data/` and `reference/`; more
//! references are in `models/posteriordb/expected`. With a part of a name, what was tried is printed, too.
#![allow(clippy::disallowed_methods, reason = "an example reads files and the clock")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::time::Instant;

use support::Deviation;
use vic::inference::{Fit, Options, Progress, Verdict, Watch};

/// Counts evaluations by stage.
#[derive(Default)]
struct Stages {
    spent: Vec<(&'static str, u64)>,
    last: Option<(&'static str, u64)>,
}

impl Watch for Stages {
    fn progress(&mut self, progress: &Progress) {
        if let Some((stage, before)) = self.last {
            // An account is opened anew for each parameterisation.
            let spent = progress.evaluations.checked_sub(before).unwrap_or(progress.evaluations);
            match self.spent.iter_mut().find(|(known, _)| *known == stage) {
                Some((_, sum)) => *sum += spent,
                None => self.spent.push((stage, spent)),
            }
        }
        self.last = Some((progress.stage, progress.evaluations));
    }

    fn should_stop(&mut self) -> bool {
        false
    }
}

/// Which reference a posterior has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// Published draws: these the targets are about.
    Published,
    /// A long run of a sampler, kept in this repository.
    Own,
    /// None.
    Missing,
}

/// A fit, or why there is none.
struct Row {
    name: String,
    origin: Origin,
    seed: u64,
    deviation: Option<Deviation>,
    fit: Result<Fit, String>,
    seconds: f64,
}

impl Row {
    /// The larger one of the largest errors of a mean and of a log standard deviation.
    fn error(&self) -> f64 {
        match (&self.fit, &self.deviation) {
            (Ok(_), Some(d)) if d.missing.is_empty() && !d.mean.is_nan() && !d.sd.is_nan() => {
                d.mean.max(d.sd)
            }
            _ => f64::INFINITY,
        }
    }

    fn is_trusted(&self) -> bool {
        self.fit.as_ref().is_ok_and(|fit| fit.verdict == Verdict::Trust)
    }

    fn evaluations(&self) -> u64 {
        self.fit.as_ref().map_or(0, |fit| fit.evaluations)
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder =
        arguments.next().map(PathBuf::from).or_else(support::posteriordb).expect("a folder is given");
    let seeds: u64 = arguments.next().and_then(|seeds| seeds.parse().ok()).unwrap_or(3);
    let only = arguments.next();
    let mut rows = Vec::new();
    for model in support::models("models/posteriordb") {
        let name = support::stem(&model);
        if only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
            continue;
        }
        for seed in 1..=seeds {
            rows.push(row(&folder, &model, seed, only.is_some()));
        }
    }
    if only.is_none() {
        targets(&rows);
    }
    table("With published reference draws", &rows, Origin::Published);
    table("With a reference of our own: long runs of a sampler", &rows, Origin::Own);
    table("Without a reference", &rows, Origin::Missing);
}

fn row(folder: &Path, model: &Path, seed: u64, tells: bool) -> Row {
    let name = support::stem(model);
    let file = format!("{name}.json");
    let published = support::reference(&folder.join("reference").join(&file));
    let own = support::reference(&model.with_file_name("expected").join(&file));
    let origin = match (&published, &own) {
        (Some(_), _) => Origin::Published,
        (None, Some(_)) => Origin::Own,
        (None, None) => Origin::Missing,
    };
    let start = Instant::now();
    let options = Options { seed, ..Options::default() };
    let mut stages = Stages::default();
    let data = [support::posterior_data(folder, &name)];
    let outcome = support::fit_watched(model, &data, &options, &mut stages);
    let seconds = start.elapsed().as_secs_f64();
    match outcome {
        Ok(outcome) => {
            if tells {
                tell(&outcome, &stages);
            }
            let reference = published.or(own);
            let deviation = reference.map(|reference| support::compare(&outcome.rows, &reference));
            Row { name, origin, seed, deviation, fit: Ok(outcome.fitted.fit), seconds }
        }
        Err(problem) => {
            let line = problem.lines().next().unwrap_or("failed").to_owned();
            Row { name, origin, seed, deviation: None, fit: Err(line), seconds }
        }
    }
}

/// What was tried in a fit, and what it cost.
fn tell(outcome: &support::Outcome, stages: &Stages) {
    let fit = &outcome.fitted.fit;
    println!("{:?}, {} evaluations", fit.verdict, fit.evaluations);
    for reason in &fit.reasons {
        println!("    {reason}");
    }
    for tried in &outcome.fitted.tried {
        let rung = &tried.rung;
        println!(
            "    {}, {}: bound {:.2}, k-hat {:.2}, efficiency {:.2}, {} evaluations",
            tried.parameterisation,
            rung.family,
            rung.elbo.value,
            rung.khat,
            rung.efficiency,
            rung.evaluations
        );
    }
    for (stage, spent) in &stages.spent {
        println!("    {stage}: {spent}");
    }
}

/// Posteriors with published draws, each with its rows.
fn by_posterior(rows: &[Row]) -> Vec<(&str, Vec<&Row>)> {
    let mut found: Vec<(&str, Vec<&Row>)> = Vec::new();
    for row in rows.iter().filter(|row| row.origin == Origin::Published) {
        match found.iter_mut().find(|(name, _)| *name == row.name) {
            Some((_, own)) => own.push(row),
            None => found.push((&row.name, vec![row])),
        }
    }
    found
}

/// Counts what the targets are about, and prints it.
fn targets(rows: &[Row]) {
    let all = by_posterior(rows);
    let worst = |own: &[&Row]| own.iter().map(|row| row.error()).fold(0.0, f64::max);
    let below = |limit: f64| all.iter().filter(|(_, own)| worst(own) < limit).count();
    let trusted = all.iter().filter(|(_, own)| own.iter().all(|row| row.is_trusted())).count();
    let is_false = |row: &&Row| row.is_trusted() && row.error() > 0.3 && row.origin != Origin::Missing;
    let false_trust = rows.iter().filter(is_false).count();
    let mut evaluations: Vec<u64> =
        all.iter().flat_map(|(_, own)| own.iter().map(|row| row.evaluations())).collect();
    evaluations.sort_unstable();
    let median = evaluations.get(evaluations.len() / 2).copied().unwrap_or(0);
    let line = |target: &str, reached: String, is_met: bool| {
        println!("| {target} | {reached} | {} |", if is_met { "pass" } else { "miss" });
    };
    println!("\n## Targets\n\n| target | reached | |\n|---|---|---|");
    let count = all.len();
    line("largest errors below 0.1, on at least 20", format!("{} of {count}", below(0.1)), below(0.1) >= 20);
    line("largest errors below 0.25, on all", format!("{} of {count}", below(0.25)), below(0.25) == count);
    line(
        "`Trust` never given where an error exceeds 0.3, whatever the reference",
        format!("given {false_trust} times"),
        false_trust == 0,
    );
    line("`Trust` at every seed, on at least 18", format!("{trusted} of {count}"), trusted >= 18);
    line("median of evaluations below 3,000", median.to_string(), median < 3000);
    println!(
        "\n| posterior | largest mean error / sd | largest log sd error | `Trust` | evaluations by seed |\n|---|---|---|---|---|"
    );
    for (name, own) in &all {
        let largest = |of: fn(&Deviation) -> f64| {
            own.iter().filter_map(|row| row.deviation.as_ref()).map(of).fold(0.0, f64::max)
        };
        let spent: Vec<String> = own.iter().map(|row| row.evaluations().to_string()).collect();
        println!(
            "| {name} | {:.3} | {:.3} | {} of {} | {} |",
            largest(|d| d.mean),
            largest(|d| d.sd),
            own.iter().filter(|row| row.is_trusted()).count(),
            own.len(),
            spent.join(", ")
        );
    }
}

/// All fits of a kind, one a line.
fn table(title: &str, rows: &[Row], origin: Origin) {
    if rows.iter().all(|row| row.origin != origin) {
        return;
    }
    println!(
        "\n## {title}\n\n| posterior | seed | max mean error / sd | at | mean | max log sd error | at | mean | k-hat | verdict | evaluations | seconds |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    for row in rows.iter().filter(|row| row.origin == origin) {
        let errors = match &row.deviation {
            Some(d) => {
                let missing = match d.missing.is_empty() {
                    true => String::new(),
                    false => format!(" (missing {})", d.missing.join(" ")),
                };
                format!(
                    "{:.3} | {}{missing} | {:.3} | {:.3} | {} | {:.3}",
                    d.mean, d.mean_at, d.mean_average, d.sd, d.sd_at, d.sd_average
                )
            }
            None => "– | | – | – | | –".to_owned(),
        };
        let (name, seed, seconds) = (&row.name, row.seed, row.seconds);
        match &row.fit {
            Ok(fit) => println!(
                "| {name} | {seed} | {errors} | {:.2} | {:?} | {} | {seconds:.3} |",
                fit.khat, fit.verdict, fit.evaluations
            ),
            Err(problem) => println!("| {name} | {seed} | {problem} |"),
        }
    }
}
