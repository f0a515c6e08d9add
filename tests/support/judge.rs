//! Whether a fit is its reference posterior: the tolerances of the tests, in one place.

use vic::inference::Verdict;
use vic::posterior::Row;

use super::{Moments, Outcome, Reference};

/// Largest error of a mean or quantile in posterior standard deviations, beyond four Monte Carlo errors.
pub const LOCATION: f64 = 0.12;

/// Largest error of the logarithm of a standard deviation.
pub const SPREAD: f64 = 0.12;

/// Largest error of a 5 or 95 % quantile: a thousand effective draws leave it three times as uncertain as a median.
pub const OUTER: f64 = 3.0 * LOCATION;

/// A scalar of a model that is compared by its quantiles, since its tails make the moments of any sample erratic.
pub struct HeavyTail {
    pub model: &'static str,
    /// The scalar's name up to its bracket.
    pub site: &'static str,
    pub reason: &'static str,
}

/// A fit that is off its reference and is known to be.
pub struct Known {
    pub model: &'static str,
    pub told: Told,
    pub reason: &'static str,
}

/// Whether a fit that is off says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The verdict is not `trust`, or there is no fit.
    Yes,
    /// The verdict is `trust`: a fault of the diagnostics on top of that of the fit.
    No,
}

/// Scalars off their reference, each as a sentence.
pub fn faults(name: &str, rows: &[Row], reference: &Reference, heavy: &[HeavyTail]) -> Vec<String> {
    let mut faults = Vec::new();
    for (scalar, truth) in reference {
        let Some(row) = rows.iter().find(|row| row.name == *scalar) else {
            faults.push(format!("{scalar}: not reported"));
            continue;
        };
        let site = scalar.split('[').next().unwrap_or(scalar);
        let by_quantiles = heavy.iter().any(|tail| tail.model == name && tail.site == site);
        faults.extend(if by_quantiles { off_quantiles(row, truth) } else { off_moments(row, truth) });
    }
    faults
}

/// Scalars that the reference holds constant, such as the diagonal of a correlation matrix, must be so in the fit.
fn off_moments(row: &Row, truth: &Moments) -> Option<String> {
    if truth.sd <= 1e-9 * truth.mean.abs().max(1.0) {
        let same = (row.mean - truth.mean).abs() <= 1e-6 * truth.mean.abs().max(1.0) && row.sd <= 1e-6;
        return (!same)
            .then(|| format!("{}: {} ± {} for the constant {}", row.name, row.mean, row.sd, truth.mean));
    }
    let mean = (row.mean - truth.mean).abs() / truth.sd;
    let sampling = 4.0 * row.mcse.hypot(truth.mcse) / truth.sd;
    let spread = (row.sd / truth.sd).ln().abs();
    let fine = mean <= LOCATION + sampling && spread <= SPREAD;
    let text = || {
        format!(
            "{}: mean {:.5} for {:.5} ({mean:.3} sd, mcse {:.3} sd), sd {:.5} for {:.5} (log {spread:.3})",
            row.name,
            row.mean,
            truth.mean,
            row.mcse / truth.sd,
            row.sd,
            truth.sd
        )
    };
    (!fine).then(text)
}

/// In units of the standard deviation of a Gaussian that has the 5 and 95 % quantiles on the side concerned.
fn off_quantiles(row: &Row, truth: &Moments) -> Option<String> {
    let Some(wanted) = truth.quantiles else {
        return Some(format!("{}: the reference has no quantiles", row.name));
    };
    let found = [row.q05, row.q50, row.q95];
    let side = [wanted[1] - wanted[0], wanted[2] - wanted[0], wanted[2] - wanted[1]];
    let unit = [side[0] / 1.645, side[1] / 3.290, side[2] / 1.645];
    let errors: Vec<f64> = (0..3).map(|k| (found[k] - wanted[k]).abs() / unit[k]).collect();
    let fine = errors[1] <= LOCATION && errors[0] <= OUTER && errors[2] <= OUTER;
    (!fine).then(|| format!("{}: quantiles {found:.5?} for {wanted:.5?} (errors {errors:.3?})", row.name))
}

/// What is wrong with a fit as a whole: numbers that are off, or a verdict that is.
pub fn complaints(name: &str, outcome: &Outcome, reference: &Reference, heavy: &[HeavyTail]) -> Vec<String> {
    let mut faults = faults(name, &outcome.rows, reference, heavy);
    let fit = &outcome.fitted.fit;
    match (fit.verdict, faults.is_empty()) {
        (Verdict::DoNotUse, true) => {
            faults.push(format!("right, but the verdict is do-not-use: {:?}", fit.reasons))
        }
        (Verdict::Trust, false) => faults.push("off, but the verdict is trust".to_owned()),
        _ => {}
    }
    faults
}

/// Compares all complaints with the table of known ones: panics with a list where something is new or is mended.
pub fn settle(found: &[(String, Vec<String>)], known: &[Known]) {
    let mut text = String::new();
    for (name, complaints) in found {
        match (known.iter().find(|known| known.model == name), complaints.is_empty()) {
            (None, false) => text += &format!("{name}\n  {}\n", complaints.join("\n  ")),
            (Some(_), true) => text += &format!("{name}\n  is right by now: take it from the table\n"),
            (Some(known), false) => {
                println!("known: {name}: {} ({})", known.reason, complaints.join("; "));
                let trusted = complaints.iter().any(|complaint| complaint.contains("verdict is trust"));
                if trusted != (known.told == Told::No) {
                    text += &format!("{name}\n  is off as known, but the table has its verdict wrong\n");
                }
            }
            (None, true) => {}
        }
    }
    assert!(text.is_empty(), "\n{text}");
}
