//! A fit stops when more would not change it: twice the draws and evaluations, half the squared Monte Carlo error, and
//! no mean moves by more than a twentieth of a standard deviation.
#![allow(clippy::disallowed_methods, reason = "tests read files")]

mod support;

use std::path::{Path, PathBuf};

use support::Outcome;
use vic::inference::{Options, Verdict};

/// The largest change of a mean, in standard deviations.
const LARGEST: f64 = 0.05;

/// The largest change of a mean between two fits, with its scalar.
fn change(one: &Outcome, other: &Outcome) -> (f64, String) {
    let changes = one.rows.iter().zip(&other.rows).map(|(a, b)| {
        let size = if b.sd > 1e-12 * b.mean.abs() { (a.mean - b.mean).abs() / b.sd } else { 0.0 };
        (size, a.name.clone())
    });
    changes.fold((0.0, String::new()), |worst, next| if next.0 > worst.0 { next } else { worst })
}

/// A fit as it is made by default, and one with twice the effort.
fn both(model: &Path, data: &Path, seed: u64) -> Option<[Outcome; 2]> {
    let with = |effort: usize| {
        let defaults = Options { seed, ..Options::default() };
        let options =
            Options { effort, max_evaluations: defaults.max_evaluations * effort as u64, ..defaults };
        support::fit(model, &[data.to_path_buf()], &options).ok()
    };
    Some([with(1)?, with(2)?])
}

fn line(name: &str, [one, two]: &[Outcome; 2]) -> (f64, String) {
    let (size, scalar) = change(one, two);
    let (a, b) = (&one.fitted.fit, &two.fitted.fit);
    let text = format!(
        "{name:<44} {size:.3} sd ({scalar}), {} and {} evaluations, {:?} and {:?}",
        a.evaluations, b.evaluations, a.verdict, b.verdict
    );
    (size, text)
}

#[test]
fn twice_the_effort_changes_no_mean() {
    let mut faults = Vec::new();
    for model in support::models("models") {
        let (name, data) = (support::stem(&model), model.with_extension("data.json"));
        if !data.exists() {
            continue;
        }
        let fits = both(&model, &data, 1).unwrap_or_else(|| panic!("{name} can be fitted"));
        let (size, text) = line(&name, &fits);
        println!("{text}");
        // A fit that is not to be trusted says so, and may change.
        let trusted = fits[0].fitted.fit.verdict == Verdict::Trust;
        if size > LARGEST && trusted {
            faults.push(text);
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The same over the benchmark, as a table: `cargo test --release --test stopping -- --ignored --nocapture`.
#[test]
#[ignore = "takes minutes, and the benchmark's data"]
fn twice_the_effort_over_the_benchmark() {
    let Some(folder) = support::posteriordb() else { return };
    let models: Vec<PathBuf> = support::models("models/posteriordb");
    let mut moved = 0;
    for model in &models {
        let name = support::stem(model);
        let data = support::posterior_data(&folder, &name);
        if let Some(fits) = data.exists().then(|| both(model, &data, 1)).flatten() {
            let (size, text) = line(&name, &fits);
            let trusted = fits[0].fitted.fit.verdict == Verdict::Trust;
            moved += usize::from(size > LARGEST && trusted);
            println!("{text}");
        }
    }
    println!("{moved} trusted fits with a mean that moves by more than {LARGEST} sd");
}
