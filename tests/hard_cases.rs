//! Posteriors that are hard for any approximation (`models/hard/`), each with what is known of it: a fit is right and
//! trusted, or it names what is the matter, with the latents concerned. Wrong but confident must not happen.
#![allow(clippy::disallowed_methods, reason = "tests read files")]

mod support;

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use nalgebra::{DMatrix, DVector};
use support::Outcome;
use vic::inference::{Failure, Options, Verdict};

/// Seeds that each case is fitted with.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=5;
/// Seeds of these with which a posterior that can be found has to be trusted.
const TRUSTED: usize = 4;
/// Largest error of a trusted mean, in standard deviations, and of the logarithm of a trusted standard deviation.
const OFF: f64 = 0.15;

/// Name, mean and standard deviation of a scalar.
type Truth = Vec<(String, f64, f64)>;

/// What is known of a case.
enum Known {
    /// Its moments; it can be found.
    Moments(Truth),
    /// Its moments, which are found; a fit that is not trusted names one of these failures, in these latents.
    Found(Truth, &'static [Failure], &'static [&'static str]),
    /// What is the matter with it: one of these failures, in these latents. Where moments are given, they are found
    /// nevertheless.
    Failures(&'static [Failure], &'static [&'static str], Truth),
}

fn at(name: &str, mean: f64, sd: f64) -> (String, f64, f64) {
    (name.to_owned(), mean, sd)
}

/// Fields of the case's data file.
struct Data(serde_json::Value);

impl Data {
    fn numbers(&self, field: &str) -> Vec<f64> {
        let values = self.0[field].as_array().expect("a list");
        values.iter().map(|x| x.as_f64().or(x.as_bool().map(f64::from)).expect("a number")).collect()
    }
}

fn known(name: &str, data: &Data) -> Known {
    use Failure::{
        Funnel, HeavyTails, Improper, LabelSwitching, Multimodality, NonIdentified, Separation, Unbounded,
    };
    let named = |failures, latents| Known::Failures(failures, latents, vec![]);
    match name {
        "all_zero" => named(&[Separation], &["a"]),
        "banana" => Known::Moments(vec![at("x", 0.0, 1.0), at("y", 1.0, 2.01f64.sqrt())]),
        "cauchy_pair" => Known::Moments(cauchy_pair(&data.numbers("y"))),
        "chain" => Known::Moments(chain(&data.numbers("at"), &data.numbers("y"))),
        "compass" => Known::Moments((1..=5).flat_map(compass).collect()),
        "corner" => Known::Moments(vec![
            at("a", 0.0, 2f64.sqrt()),
            at("b", 0.5, 12f64.sqrt().recip()),
            at("c", 0.0, 1.5),
        ]),
        "crowd" => Known::Moments(crowd(&data.numbers("y"))),
        "empty_grade" => Known::Moments(empty_grade(&data.numbers("y"))),
        // Halfway into the spike it looks like a funnel, and the advice is the same.
        "equal_rows" => named(&[Unbounded, Funnel], &["sigma"]),
        "funnel" | "funnel_without" => Known::Failures(&[HeavyTails], &["x"], vec![at("v", 0.0, 3.0)]),
        "funnel_data" => Known::Moments(funnel_data(&data.numbers("y"))),
        "gp_ridge" => Known::Moments(gp_ridge(&data.numbers("x"), &data.numbers("y"))),
        "haldane" => named(&[Improper], &["p"]),
        // The local scales have no variance.
        "horseshoe" => Known::Failures(&[HeavyTails, Funnel], &["lambda"], vec![]),
        "labels" => named(&[LabelSwitching], &["mu"]),
        "labels_three" => named(&[LabelSwitching, Multimodality], &["mu"]),
        "one_row" => named(&[Improper], &["sigma"]),
        "outlying_groups" => Known::Moments(outlying_groups(&data.numbers("y"), &data.numbers("se"))),
        "product" => {
            let truth = product(&data.numbers("y"));
            // `a` is integrated out, given `b`, whose two modes may be found as one.
            Known::Found(truth, &[Multimodality], &["b"])
        }
        "rare_kinds" => {
            let share = |k: usize| at(&format!("p[{k}]"), 1.0 / 6.0, (5.0 / 36.0 / 1.6f64).sqrt());
            Known::Moments((1..=6).map(share).collect())
        }
        "ridge" => Known::Moments(ridge(data)),
        "rosenbrock" => {
            let pair =
                |k: usize| [at(&format!("x[{k}]"), 1.0, 1.0), at(&format!("y[{k}]"), 2.0, 6.0625f64.sqrt())];
            Known::Moments((1..=5).flat_map(pair).collect())
        }
        "separated" => Known::Moments(separated(&data.numbers("x"), &data.numbers("y"))),
        "separated_flat" => named(&[Separation], &["b"]),
        "small_shape" => Known::Moments(vec![at("g", 0.2, 0.2f64.sqrt()), at("p", 0.4, 0.4)]),
        // Its spread may also grow without end.
        "spike" => named(&[Unbounded, Improper], &["s"]),
        "student" => named(&[HeavyTails], &["x"]),
        "student_heavy" => named(&[HeavyTails], &["x"]),
        "sum" => {
            // The sum of three data; the difference keeps its prior.
            let total = (3.0f64 + 1.0 / 200.0).recip();
            let mean = total * data.numbers("y").iter().sum::<f64>() / 2.0;
            let sd = (total / 4.0 + 50.0).sqrt();
            Known::Moments(vec![at("a", mean, sd), at("b", mean, sd)])
        }
        "sum_flat" => named(&[NonIdentified], &["a", "b"]),
        "three_modes" => named(&[Multimodality], &["z"]),
        "tiny_mode" => {
            let (mean, variance) = (0.36, 0.97 + 0.03 * 0.25 + 0.97 * 0.03 * 144.0);
            let truth = (1..=2).map(|axis| at(&format!("z[{axis}]"), mean, f64::sqrt(variance))).collect();
            Known::Failures(&[Multimodality], &["z"], truth)
        }
        "two_groups" | "vague_scale" => named(&[Improper], &["tau"]),
        "two_modes" => {
            let truth = line("x", -12.0..12.0, |x| -0.5 * (x / 5.0f64).powi(2) - 0.5 * (9.0 - x * x).powi(2));
            Known::Failures(&[Multimodality], &["x"], truth)
        }
        "two_rows" => Known::Moments(two_rows(&data.numbers("y"))),
        "two_rows_line" => Known::Moments(two_rows_line(&data.numbers("x"), &data.numbers("y"))),
        "unbounded_shape" => Known::Failures(&[HeavyTails], &["shape"], unbounded_shape(&data.numbers("y"))),
        "unreached" => named(&[Improper], &["b"]),
        _ => panic!("{name} has no truth"),
    }
}

/// Mean and variance of a scalar given a point of the plane.
type MeanAndVariance<'a> = &'a dyn Fn(f64, f64) -> (f64, f64);

/// Moments of functions of a point of the plane, by the midpoint rule.
fn plane(
    [first, second]: [std::ops::Range<f64>; 2],
    log_density: impl Fn(f64, f64) -> f64,
    of: &[(&str, MeanAndVariance)],
) -> Truth {
    let count = 600;
    let place = |range: &std::ops::Range<f64>, k: usize| {
        range.start + (range.end - range.start) * (k as f64 + 0.5) / count as f64
    };
    let grid = || (0..count).flat_map(|i| (0..count).map(move |j| (i, j)));
    let logs: Vec<f64> = grid().map(|(i, j)| log_density(place(&first, i), place(&second, j))).collect();
    let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = logs.iter().map(|log| (log - top).exp()).sum();
    let moments = |of: MeanAndVariance| {
        let sums = grid().zip(&logs).fold((0.0, 0.0), |sums, ((i, j), log)| {
            let weight = (log - top).exp() / total;
            let (mean, variance) = of(place(&first, i), place(&second, j));
            (sums.0 + weight * mean, sums.1 + weight * (mean * mean + variance))
        });
        (sums.0, (sums.1 - sums.0 * sums.0).sqrt())
    };
    of.iter().map(|(name, of)| (*name, moments(*of))).map(|(name, (mean, sd))| at(name, mean, sd)).collect()
}

fn line(name: &str, range: std::ops::Range<f64>, log_density: impl Fn(f64) -> f64) -> Truth {
    plane([range, 0.0..1.0], |x, _| log_density(x), &[(name, &|x, _| (x, 0.0))])
}

fn compass(k: usize) -> Truth {
    let pi = std::f64::consts::PI;
    line(&format!("a[{k}]"), -pi..pi, |a| 1.2 * (a - 3.0).cos())
}

fn cauchy_pair(y: &[f64]) -> Truth {
    let log = |m: f64| -0.5 * (m / 20.0).powi(2) - y.iter().map(|y| (y - m).powi(2).ln_1p()).sum::<f64>();
    line("m", -120.0..120.0, log)
}

/// Moments of a Gaussian with this precision and precision times mean.
fn gaussian(precision: DMatrix<f64>, linear: &DVector<f64>) -> Vec<(f64, f64)> {
    let covariance = precision.cholesky().expect("a precision").inverse();
    let mean = &covariance * linear;
    mean.iter().zip(covariance.diagonal().iter()).map(|(mean, variance)| (*mean, variance.sqrt())).collect()
}

fn chain(places: &[f64], y: &[f64]) -> Truth {
    let mut precision = DMatrix::zeros(1000, 1000);
    let mut linear = DVector::zeros(1000);
    precision[(0, 0)] = 1.0;
    for t in 1..1000 {
        precision[(t, t)] += 1.0 / 0.09;
        precision[(t - 1, t - 1)] += 0.95 * 0.95 / 0.09;
        precision[(t, t - 1)] -= 0.95 / 0.09;
        precision[(t - 1, t)] -= 0.95 / 0.09;
    }
    for (place, y) in places.iter().zip(y) {
        let t = *place as usize - 1;
        precision[(t, t)] += 4.0;
        linear[t] += 4.0 * y;
    }
    let moments = gaussian(precision, &linear).into_iter().enumerate();
    moments.map(|(t, (mean, sd))| at(&format!("x[{}]", t + 1), mean, sd)).collect()
}

/// Given the level each effect is the half of what is left of its datum.
fn crowd(y: &[f64]) -> Truth {
    let variance = (y.len() as f64 / 2.0 + 0.01).recip();
    let level = variance * y.iter().sum::<f64>() / 2.0;
    let effect = |(j, y): (usize, &f64)| {
        at(&format!("effect[{}]", j + 1), (y - level) / 2.0, (0.5 + variance / 4.0).sqrt())
    };
    std::iter::once(at("level", level, variance.sqrt())).chain(y.iter().enumerate().map(effect)).collect()
}

/// Quadrature over the spread; each group is Gaussian given it.
fn funnel_data(y: &[f64]) -> Truth {
    let log = |tau: f64, _: f64| {
        let variance = tau * tau + 0.01;
        -0.5 * (tau / 3.0).powi(2) - y.iter().map(|y| 0.5 * (y * y / variance + variance.ln())).sum::<f64>()
    };
    let seen = |tau: f64, _: f64| {
        let share = tau * tau / (tau * tau + 0.01);
        (share * y[0], share * 0.01)
    };
    plane(
        [0.0..15.0, 0.0..1.0],
        log,
        &[("tau", &|tau, _| (tau, 0.0)), ("theta[1]", &seen), ("theta[2]", &|tau, _| (0.0, tau * tau))],
    )
}

fn product(y: &[f64]) -> Truth {
    let log = |a: f64, b: f64| {
        -0.5 * (a * a + b * b) - y.iter().map(|y| 0.5 * ((y - a * b) / 0.2).powi(2)).sum::<f64>()
    };
    plane([-6.0..6.0, -6.0..6.0], log, &[("a", &|a, _| (a, 0.0)), ("b", &|_, b| (b, 0.0))])
}

fn ridge(data: &Data) -> Truth {
    let (x, z, y) = (data.numbers("x"), data.numbers("z"), data.numbers("y"));
    let design = DMatrix::from_fn(x.len(), 3, |i, j| [1.0, x[i], z[i]][j]);
    let precision = design.tr_mul(&design) + DMatrix::identity(3, 3) * 0.01;
    let moments = gaussian(precision, &design.tr_mul(&DVector::from_vec(y)));
    ["a", "b", "c"].iter().zip(moments).map(|(name, (mean, sd))| at(name, mean, sd)).collect()
}

fn separated(x: &[f64], y: &[f64]) -> Truth {
    let log = |a: f64, b: f64| {
        let rows = x.iter().zip(y).map(|(x, y)| {
            let eta = a + b * x;
            -if *y > 0.5 { (-eta).exp().ln_1p() } else { eta.exp().ln_1p() }
        });
        rows.sum::<f64>() - (a * a + b * b) / 50.0
    };
    plane([-25.0..25.0, -10.0..35.0], log, &[("a", &|a, _| (a, 0.0)), ("b", &|_, b| (b, 0.0))])
}

fn two_rows(y: &[f64]) -> Truth {
    let log = |mu: f64, log_sigma: f64| {
        let sigma = log_sigma.exp();
        let rows = y.iter().map(|y| -0.5 * ((y - mu) / sigma).powi(2) - log_sigma).sum::<f64>();
        rows - mu * mu / 200.0 - 0.5 * (sigma / 5.0).powi(2) + log_sigma
    };
    plane([-30.0..30.0, -4.0..4.0], log, &[("mu", &|mu, _| (mu, 0.0)), ("sigma", &|_, s| (s.exp(), 0.0))])
}

/// Quadrature over the noise; the line is Gaussian given it.
fn two_rows_line(x: &[f64], y: &[f64]) -> Truth {
    let design = DMatrix::from_fn(2, 2, |i, j| [1.0, x[i]][j]);
    let y = DVector::from_column_slice(y);
    let at_noise = |sigma: f64| {
        let precision = design.tr_mul(&design) / (sigma * sigma) + DMatrix::identity(2, 2) * 0.25;
        gaussian(precision, &(design.tr_mul(&y) / (sigma * sigma)))
    };
    let log = |sigma: f64, _: f64| {
        let covariance = &design * design.transpose() * 4.0 + DMatrix::identity(2, 2) * (sigma * sigma);
        let inverse = covariance.clone().try_inverse().expect("a covariance");
        -0.5 * (covariance.determinant().ln() + y.dot(&(inverse * &y))) - 0.5 * sigma * sigma
    };
    let coefficient = |k: usize| {
        move |sigma: f64, at: &dyn Fn(f64) -> Vec<(f64, f64)>| {
            let (mean, sd) = at(sigma)[k];
            (mean, sd * sd)
        }
    };
    plane(
        [0.0..8.0, 0.0..1.0],
        log,
        &[
            ("a", &|sigma, _| coefficient(0)(sigma, &at_noise)),
            ("b", &|sigma, _| coefficient(1)(sigma, &at_noise)),
            ("sigma", &|sigma, _| (sigma, 0.0)),
        ],
    )
}

/// The logarithm of the normal distribution function.
fn log_below(x: f64) -> f64 {
    (0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)).ln()
}

/// Quadrature over the two thresholds; their prior is that of the ordered pair.
fn empty_grade(y: &[f64]) -> Truth {
    let (low, high) = (y.iter().filter(|y| **y < 0.5).count(), y.iter().filter(|y| **y > 1.5).count());
    let log = |first: f64, gap: f64| {
        let second = first + gap;
        -(first * first + second * second) / 18.0
            + low as f64 * log_below(first)
            + high as f64 * log_below(-second)
    };
    plane(
        [-4.0..3.0, 0.0..4.0],
        log,
        &[("c[1]", &|first, _| (first, 0.0)), ("c[2]", &|first, gap| (first + gap, 0.0))],
    )
}

/// Quadrature over length and height.
fn gp_ridge(x: &[f64], y: &[f64]) -> Truth {
    let y = DVector::from_column_slice(y);
    let log = |rho: f64, alpha: f64| {
        let covariance = DMatrix::from_fn(4, 4, |i, j| {
            let noise = if i == j { 0.01 } else { 0.0 };
            alpha * alpha * (-0.5 * ((x[i] - x[j]) / rho).powi(2)).exp() + noise
        });
        let root = covariance.cholesky().expect("a covariance").unpack();
        let turned = root.solve_lower_triangular(&y).expect("a root");
        let volume: f64 = root.diagonal().iter().map(|x| x.ln()).sum();
        -0.5 * turned.norm_squared() - volume - (rho * rho + alpha * alpha) / 200.0
    };
    plane([0.0..50.0, 0.0..50.0], log, &[("rho", &|rho, _| (rho, 0.0)), ("alpha", &|_, alpha| (alpha, 0.0))])
}

/// Quadrature over level and spread on a coarser plane, and over each effect given them.
fn outlying_groups(y: &[f64], se: &[f64]) -> Truth {
    let count = 90;
    let (mut sums, mut total) = ([[0.0; 2]; 2], 0.0);
    for i in 0..count {
        let mu = -10.0 + 24.0 * (f64::from(i) + 0.5) / f64::from(count);
        for j in 0..count {
            let tau = 9.0 * (f64::from(j) + 0.5) / f64::from(count);
            let mut log = -0.5 * (mu / 5.0).powi(2) - 0.5 * (tau / 2.0).powi(2);
            for (y, se) in y.iter().zip(se) {
                let inner = (0..80).map(|k| {
                    let z = 8.0 * ((f64::from(k) + 0.5) / 40.0 - 1.0);
                    let t = (y + se * z - mu) / tau;
                    (-0.5 * z * z).exp() * (1.0 + 0.5 * t * t).powf(-1.5) / tau
                });
                log += inner.sum::<f64>().ln();
            }
            let weight = log.exp();
            total += weight;
            for (sum, value) in sums.iter_mut().zip([mu, tau]) {
                sum[0] += weight * value;
                sum[1] += weight * value * value;
            }
        }
    }
    let moments = sums.map(|[first, second]| {
        let mean = first / total;
        (mean, (second / total - mean * mean).sqrt())
    });
    vec![at("mu", moments[0].0, moments[0].1), at("tau", moments[1].0, moments[1].1)]
}

/// Quadrature over the mean and the logarithm of the shape; the mean has moments.
fn unbounded_shape(y: &[f64]) -> Truth {
    let log = |m: f64, log_shape: f64| {
        let shape = log_shape.exp();
        let rows = y.iter().map(|y| {
            // Gamma(y + shape) / Gamma(shape) as a product, which does not cancel.
            let rising: f64 = (0..*y as usize).map(|k| ((shape + k as f64) / (m + shape)).ln()).sum();
            rising + y * m.ln() - shape * (m / shape).ln_1p()
        });
        m.ln() - 0.4 * m - (shape / 5.0).powi(2).ln_1p() + log_shape + rows.sum::<f64>()
    };
    plane([0.5..14.0, -2.0..22.0], log, &[("m", &|m, _| (m, 0.0))])
}

/// The largest error, with where it is.
fn error(outcome: &Outcome, truth: &Truth) -> (f64, String) {
    let of = |(name, mean, sd): &(String, f64, f64)| {
        let row = outcome.rows.iter().find(|row| row.name == *name).expect("each truth is of a scalar");
        let error = ((row.mean - mean).abs() / sd).max((row.sd / sd).ln().abs());
        (error, format!("{name}: {:.4} ± {:.4} for {mean:.4} ± {sd:.4}", row.mean, row.sd))
    };
    let largest = |a: (f64, String), b: (f64, String)| if b.0 > a.0 || b.0.is_nan() { b } else { a };
    truth.iter().map(of).fold((0.0, String::new()), largest)
}

/// Whether a fit names one of the failures, in all of the latents, and says what to do.
fn names(outcome: &Outcome, failures: &[Failure], latents: &[&str]) -> bool {
    let fit = &outcome.fitted.fit;
    let concerned = |found: &[String], latent: &str| {
        found.iter().any(|name| name == latent || name.starts_with(&format!("{latent}[")))
    };
    fit.findings.iter().any(|finding| {
        failures.contains(&finding.failure)
            && latents.iter().all(|latent| concerned(&finding.latents, latent))
            && fit.reasons.iter().any(|reason| reason.contains(finding.failure.advice()))
    })
}

/// What is wrong with a case.
fn complaints(name: &str, model: &Path) -> Vec<String> {
    let file = model.with_extension("data.json");
    let files: Vec<_> = file.exists().then(|| file.clone()).into_iter().collect();
    let text = files.first().map_or("{}".to_owned(), |file| std::fs::read_to_string(file).expect("data"));
    let known = known(name, &Data(serde_json::from_str(&text).expect("JSON")));
    let (mut found, mut trusted) = (Vec::new(), 0);
    for seed in SEEDS {
        let outcome = match support::fit(model, &files, &Options { seed, ..Options::default() }) {
            Ok(outcome) => outcome,
            Err(text) => return vec![text],
        };
        let fit = &outcome.fitted.fit;
        let is_trusted = fit.verdict == Verdict::Trust;
        trusted += usize::from(is_trusted);
        let truth = match &known {
            Known::Moments(truth) | Known::Failures(_, _, truth) | Known::Found(truth, _, _) => truth,
        };
        let (error, place) = error(&outcome, truth);
        println!(
            "{name} {seed}: {:?}, off by {error:.3} ({place}), {} evaluations",
            fit.verdict, fit.evaluations
        );
        // An error that is not a number is off, too.
        let is_off = error.is_nan() || error >= OFF;
        let complain = match &known {
            Known::Moments(_) => (is_trusted && is_off) || fit.verdict == Verdict::DoNotUse,
            Known::Found(_, failures, latents) => {
                is_off || !(is_trusted || names(&outcome, failures, latents))
            }
            Known::Failures(failures, latents, _) => {
                is_trusted || !names(&outcome, failures, latents) || is_off
            }
        };
        if complain {
            found.push(format!(
                "seed {seed}: {:?}, off by {error:.3} ({place}): {:#?}",
                fit.verdict, fit.reasons
            ));
        }
    }
    if matches!(known, Known::Moments(_)) && trusted < TRUSTED {
        found.push(format!("trusted with {trusted} seeds only"));
    }
    found
}

#[test]
fn a_fit_is_right_or_says_what_is_the_matter() {
    let only = std::env::var("ONLY").ok();
    let is_wanted = |name: &str| only.as_ref().is_none_or(|only| only.split(',').any(|one| one == name));
    let models: Vec<_> =
        support::models("models/hard").into_iter().filter(|model| is_wanted(&support::stem(model))).collect();
    let next = AtomicUsize::new(0);
    let text = Mutex::new(String::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(model) = models.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let name = support::stem(model);
                    let found = complaints(&name, model);
                    if !found.is_empty() {
                        *text.lock().expect("no fit panics") +=
                            &format!("{name}\n  {}\n", found.join("\n  "));
                    }
                }
            });
        }
    });
    let text = text.into_inner().expect("no fit panics");
    assert!(text.is_empty(), "\n{text}");
}
