//! Benchmark posteriors of posteriordb and the BUGS examples, against their reference draws.
//!
//! The data and references lie outside of the repository (`POSTERIORDB`, or `../shared/posteriordb`); more references
//! are in `models/posteriordb/expected`.
#![allow(clippy::disallowed_methods, reason = "tests read files and the clock")]

mod support;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use support::judge::{HeavyTail, Known, Told, complaints, settle};
use vic::inference::Options;

/// Scalars compared by quantiles.
const HEAVY: &[HeavyTail] = &[];

/// Fits that are off.
const KNOWN: &[Known] = &[Known {
    model: "seeds_data-seeds_model",
    told: Told::Yes,
    reason: "the spread of the plates' effects misses its tail towards 0 (sd of `sigma` a third too small)",
}];

/// Fits that take too long for every day.
const SLOW: &[&str] = &["election88-election88_full", "rstan_downloads-prophet"];

/// What is wrong with one posterior. Without a reference it must only be fitted to an end.
fn posterior(folder: &Path, model: &Path) -> (String, Vec<String>) {
    let name = support::stem(model);
    let start = Instant::now();
    let outcome = match support::fit(model, &[support::posterior_data(folder, &name)], &Options::default()) {
        Ok(outcome) => outcome,
        Err(text) => return (name, vec![text]),
    };
    let file = format!("{name}.json");
    let beside = model.with_file_name("expected").join(&file);
    let reference =
        support::reference(&folder.join("reference").join(&file)).or_else(|| support::reference(&beside));
    let found = reference.as_ref().map_or(vec![], |reference| complaints(&name, &outcome, reference, HEAVY));
    let fit = &outcome.fitted.fit;
    let compared =
        reference.map_or("no reference".to_owned(), |reference| format!("{} scalars", reference.len()));
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{name}: {:?}, k-hat {:.2}, {compared}, {} evaluations, {seconds:.1} s{}",
        fit.verdict,
        fit.khat,
        fit.evaluations,
        found.iter().map(|complaint| format!("\n    {complaint}")).collect::<String>()
    );
    (name, found)
}

/// Fits all models, two at a time.
fn run(models: &[PathBuf]) {
    let Some(folder) = support::posteriordb() else {
        println!("skipped: no folder of benchmark posteriors; name one in POSTERIORDB");
        return;
    };
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(model) = models.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = posterior(&folder, model);
                    found.lock().expect("no fit panics").push(result);
                }
            });
        }
    });
    let mut found = found.into_inner().expect("no fit panics");
    found.sort();
    settle(&found, KNOWN);
}

fn split() -> (Vec<PathBuf>, Vec<PathBuf>) {
    let all = support::models("models/posteriordb");
    all.into_iter().partition(|model| !SLOW.contains(&support::stem(model).as_str()))
}

#[test]
fn posteriors_are_their_references() {
    run(&split().0);
}

#[test]
#[ignore = "slow: minutes without optimisation; run with `cargo test --release -- --ignored`"]
fn slow_posteriors_are_their_references() {
    run(&split().1);
}
