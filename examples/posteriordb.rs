//! Fits every model under `models/posteriordb/` and prints how far it is from its reference posterior.
//!
//! `cargo run --release --example posteriordb -- DIR [SEEDS]`, DIR holding `data/` and `reference/`.
#![allow(clippy::disallowed_methods, reason = "an example reads files and the clock")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::path::PathBuf;
use std::time::Instant;

use vic::inference::Options;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder =
        arguments.next().map(PathBuf::from).or_else(support::posteriordb).expect("a folder is given");
    let seeds: u64 = arguments.next().and_then(|seeds| seeds.parse().ok()).unwrap_or(3);
    let only = arguments.next();
    println!(
        "| posterior | seed | max mean error / sd | at | mean | max log sd error | at | mean | k-hat | verdict | evaluations | seconds |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    for model in support::models("models/posteriordb") {
        let name = support::stem(&model);
        if only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
            continue;
        }
        let reference = support::reference(&folder.join("reference").join(format!("{name}.json")));
        for seed in 1..=seeds {
            row(&folder, &model, reference.as_ref(), (seed, only.is_some()));
        }
    }
}

fn row(
    folder: &std::path::Path,
    model: &std::path::Path,
    reference: Option<&support::Reference>,
    (seed, rungs): (u64, bool),
) {
    let name = support::stem(model);
    let start = Instant::now();
    let options = Options { seed, ..Options::default() };
    let outcome = match support::fit(model, &[support::posterior_data(folder, &name)], &options) {
        Ok(outcome) => outcome,
        Err(problem) => {
            println!("| {name} | {seed} | {} |", problem.lines().next().unwrap_or("failed"));
            return;
        }
    };
    let seconds = start.elapsed().as_secs_f64();
    let fit = &outcome.fitted.fit;
    let errors = match reference {
        Some(reference) => {
            let d = support::compare(&outcome.rows, reference);
            let missing = if d.missing.is_empty() {
                String::new()
            } else {
                format!(" (missing {})", d.missing.join(" "))
            };
            format!(
                "{:.3} | {}{missing} | {:.3} | {:.3} | {} | {:.3}",
                d.mean, d.mean_at, d.mean_average, d.sd, d.sd_at, d.sd_average
            )
        }
        None => "– | | – | – | | –".to_string(),
    };
    println!(
        "| {name} | {seed} | {errors} | {:.2} | {:?} | {} | {seconds:.3} |",
        fit.khat, fit.verdict, fit.evaluations
    );
    for reason in fit.reasons.iter().filter(|_| rungs) {
        println!("    {reason}");
    }
    for rung in fit.rungs.iter().filter(|_| rungs) {
        println!(
            "    {}: bound {:.2}, k-hat {:.2}, efficiency {:.2}, {} evaluations so far",
            rung.family, rung.elbo.value, rung.khat, rung.efficiency, rung.evaluations
        );
    }
}
