//! Laws of the inference room on targets written by hand: what is Gaussian is found exactly, what is known is found
//! closely, what is broken is not trusted.

mod dual;
mod expectations;
mod models;
mod paths;
#[path = "../support/mod.rs"]
mod support;
mod ways;

use dual::{Dual, Scripted, c, sum};
use models::{
    banana, funnel, line, logistic, normal, schools_centred, schools_noncentred, student, two_modes,
};
use vic::inference::{FamilyChoice, Fit, Options, Progress, Target, Unwatched, Verdict, Watch, fit};

fn run(dimension: usize, seed: u64, log_density: impl Fn(&[Dual]) -> Dual) -> Fit {
    let mut target = Scripted { dimension, log_density };
    fit(&mut target, &Options { seed, ..Options::default() }, &mut Unwatched)
}

/// Weighted mean and standard deviation of a function of the draws.
fn summary(fit: &Fit, dimension: usize, of: impl Fn(&[f64]) -> f64) -> (f64, f64) {
    let count = fit.draws.len() / dimension;
    let weight = |k: usize| fit.log_weights.as_ref().map_or(1.0 / count as f64, |logs| logs[k].exp());
    let values: Vec<f64> = fit.draws.chunks(dimension).map(of).collect();
    let mean: f64 = values.iter().enumerate().map(|(k, x)| weight(k) * x).sum();
    let variance: f64 = values.iter().enumerate().map(|(k, x)| weight(k) * (x - mean).powi(2)).sum();
    (mean, variance.sqrt())
}

/// A correlated Gaussian of condition number near 1e8: scales from 1e-2 to 1e2 and a chain of correlations.
struct Correlated {
    dimension: usize,
}

impl Correlated {
    fn scale(&self, i: usize) -> f64 {
        10f64.powf(-2.0 + 4.0 * i as f64 / (self.dimension - 1) as f64)
    }
    fn mean(i: usize) -> f64 {
        0.3 * i as f64 - 1.7
    }
    /// Precision of the chain x[i] = 0.6 x[i-1] + sqrt(1 - 0.36) e[i], times a direction.
    fn precision(&self, direction: &[f64]) -> Vec<f64> {
        let (d, rho) = (self.dimension, 0.6);
        let v: Vec<f64> = (0..d).map(|i| direction[i] / self.scale(i)).collect();
        (0..d)
            .map(|i| {
                let own = if i == 0 || i == d - 1 { 1.0 } else { 1.0 + rho * rho };
                let before = if i > 0 { v[i - 1] } else { 0.0 };
                let after = if i + 1 < d { v[i + 1] } else { 0.0 };
                (own * v[i] - rho * (before + after)) / (1.0 - rho * rho) / self.scale(i)
            })
            .collect()
    }
}

impl Target for Correlated {
    fn dimension(&self) -> usize {
        self.dimension
    }
    fn evaluate(&mut self, positions: &[f64], values: &mut [f64], gradients: &mut [f64]) {
        for (k, z) in positions.chunks(self.dimension).enumerate() {
            let gap: Vec<f64> = z.iter().enumerate().map(|(i, x)| x - Correlated::mean(i)).collect();
            let pull = self.precision(&gap);
            values[k] = -0.5 * gap.iter().zip(&pull).map(|(a, b)| a * b).sum::<f64>();
            gradients[k * self.dimension..][..self.dimension].iter_mut().zip(pull).for_each(|(g, p)| *g = -p);
        }
    }
    fn value(&mut self, positions: &[f64], values: &mut [f64]) {
        let mut gradients = vec![0.0; positions.len()];
        self.evaluate(positions, values, &mut gradients);
    }
    fn hessian_vector(&mut self, _: &[f64], directions: &[f64], products: &mut [f64]) {
        for (v, out) in directions.chunks(self.dimension).zip(products.chunks_mut(self.dimension)) {
            out.iter_mut().zip(self.precision(v)).for_each(|(o, p)| *o = -p);
        }
    }
    fn blocks(&self) -> Vec<vic::inference::Block> {
        vec![vic::inference::Block { name: "x".to_owned(), start: 0, end: self.dimension, ends: 0 }]
    }
}

#[test]
fn correlated_gaussians_are_exact() {
    for dimension in [2, 7, 30, 100] {
        let mut target = Correlated { dimension };
        let result = fit(&mut target, &Options::default(), &mut Unwatched);
        assert_eq!(result.verdict, Verdict::Trust, "{dimension} {:?}", result.reasons);
        for i in 0..dimension {
            let scale = target.scale(i);
            assert!((result.mean[i] - Correlated::mean(i)).abs() < 0.02 * scale, "{dimension} {i}");
            assert!((result.guide_deviation[i] / scale - 1.0).abs() < 1e-5, "{dimension} {i}");
            assert!((result.deviation[i] / scale).ln().abs() < 0.08, "{dimension} {i}");
        }
    }
}

#[test]
fn mean_field_with_linear_response_is_exact_for_a_gaussian() {
    let dimension = 6;
    let mut target = Correlated { dimension };
    let options = Options { family: Some(FamilyChoice::MeanField), ..Options::default() };
    let result = fit(&mut target, &options, &mut Unwatched);
    for i in 0..dimension {
        let scale = target.scale(i);
        let conditional = scale * f64::sqrt((1.0 - 0.36) / if i == 0 || i == 5 { 1.0 } else { 1.36 });
        assert!((result.guide_deviation[i] / conditional - 1.0).abs() < 1e-3, "{i}");
        assert!((result.deviation[i] / scale).ln().abs() < 0.08, "{i}");
    }
}

#[test]
fn many_coordinates_are_whitened() {
    let dimension = 150;
    let mut target = Correlated { dimension };
    let result = fit(&mut target, &Options { paths: 2, ..Options::default() }, &mut Unwatched);
    for i in 0..dimension {
        assert!((result.guide_deviation[i] / target.scale(i)).ln().abs() < 0.05, "{i}");
        assert!((result.mean[i] - Correlated::mean(i)).abs() < 0.1 * target.scale(i), "{i}");
    }
}

/// Means and standard deviations of theta[1..8], mu, tau from reference draws of posteriordb.
const SCHOOLS: [(f64, f64); 10] = [
    (6.15050, 5.61586),
    (4.93958, 4.64558),
    (3.90591, 5.28071),
    (4.79602, 4.77094),
    (3.61444, 4.61472),
    (4.05115, 4.79625),
    (6.31717, 5.00286),
    (4.88400, 5.31769),
    (4.41052, 3.30930),
    (3.60206, 3.19848),
];

fn check_schools(log_density: impl Fn(&[Dual]) -> Dual, school: impl Fn(&[f64], usize) -> f64) {
    for seed in 0..3 {
        let result = run(10, seed, &log_density);
        assert_eq!(result.verdict, Verdict::Trust, "{seed} {:?}", result.reasons);
        for (j, (mean, deviation)) in SCHOOLS.iter().enumerate() {
            let found = summary(&result, 10, |z| match j {
                9 => z[9].exp(),
                8 => z[8],
                j => school(z, j),
            });
            assert!((found.0 - mean).abs() < 0.1 * deviation, "{seed} {j} {found:?} {mean}");
            assert!((found.1 / deviation).ln().abs() < 0.1, "{seed} {j} {found:?} {deviation}");
        }
    }
}

#[test]
fn eight_schools_centred() {
    check_schools(schools_centred, |z, j| z[j]);
}

#[test]
fn eight_schools_noncentred() {
    check_schools(schools_noncentred, |z, j| z[8] + z[9].exp() * z[j]);
}

#[test]
fn a_trend_on_raw_years_with_flat_priors() {
    let x: Vec<f64> = (0..62).map(|k| 3952.0 + f64::from(k)).collect();
    let noise = |k: usize| ((k * 37 % 61) as f64 / 61.0 - 0.5) * 3.0;
    let y: Vec<f64> = x.iter().enumerate().map(|(k, x)| -50.0 + 0.015 * x + noise(k)).collect();
    let (mx, my) = (x.iter().sum::<f64>() / 62.0, y.iter().sum::<f64>() / 62.0);
    let sxx: f64 = x.iter().map(|x| (x - mx).powi(2)).sum();
    let slope = x.iter().zip(&y).map(|(x, y)| (x - mx) * (y - my)).sum::<f64>() / sxx;
    let rest: f64 = x.iter().zip(&y).map(|(x, y)| (y - my - slope * (x - mx)).powi(2)).sum();
    // Flat on sigma: the slope is Student t with n - 3 degrees of freedom.
    let deviation = (rest / sxx / 57.0).sqrt();
    for seed in 0..3 {
        let result = run(3, seed, |z| line(&x, &y, z));
        assert_eq!(result.verdict, Verdict::Trust, "{:?}", result.reasons);
        assert!((result.mean[1] - slope).abs() < 0.05 * deviation, "{} {slope}", result.mean[1]);
        assert!((result.deviation[1] / deviation).ln().abs() < 0.06, "{} {deviation}", result.deviation[1]);
    }
}

/// Moments of a two-dimensional density by brute force on a grid.
fn by_grid(log_density: impl Fn(&[Dual]) -> Dual, half_width: f64) -> [(f64, f64); 2] {
    let count = 400;
    let place = |k: usize| half_width * (2.0 * (k as f64 + 0.5) / count as f64 - 1.0);
    let mut totals = [0.0; 5];
    for i in 0..count {
        for j in 0..count {
            let weight = log_density(&[c(place(i)), c(place(j))]).v.exp();
            let terms = [1.0, place(i), place(i).powi(2), place(j), place(j).powi(2)];
            totals.iter_mut().zip(terms).for_each(|(total, term)| *total += weight * term);
        }
    }
    let moment = |first: f64, second: f64| {
        let mean = first / totals[0];
        (mean, (second / totals[0] - mean * mean).sqrt())
    };
    [moment(totals[1], totals[2]), moment(totals[3], totals[4])]
}

#[test]
fn skewed_two_dimensional_posteriors_match_a_grid() {
    let (x, y) = ([-2.0, -1.0, -0.4, 0.3, 1.1, 2.0, 0.7], [0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0]);
    let small =
        |z: &[Dual]| logistic(&x, &y, z) + normal(z[0], c(0.0), c(2.0)) + normal(z[1], c(0.0), c(2.0));
    for (name, truth, result) in [
        ("logistic", by_grid(small, 12.0), run(2, 3, small)),
        ("banana", by_grid(banana, 14.0), run(2, 3, banana)),
    ] {
        assert_eq!(result.verdict, Verdict::Trust, "{name} {:?}", result.reasons);
        for (i, (mean, deviation)) in truth.into_iter().enumerate() {
            assert!((result.mean[i] - mean).abs() < 0.06 * deviation, "{name} {i} {} {mean}", result.mean[i]);
            assert!((result.deviation[i] / deviation).ln().abs() < 0.06, "{name} {i}");
        }
    }
}

#[test]
fn neals_funnel_is_right_in_its_scale_and_its_heavy_tails_are_named() {
    for seed in 0..3 {
        let result = run(10, seed, funnel);
        assert_ne!(result.verdict, Verdict::Trust);
        assert!(result.mean[0].abs() < 0.1 * 3.0 && (result.deviation[0] / 3.0).ln().abs() < 0.1);
        assert!(result.reasons.iter().any(|reason| reason.contains("heavy tails")), "{:?}", result.reasons);
    }
}

#[test]
fn heavy_tails_are_not_trusted() {
    for seed in 0..4 {
        assert_ne!(run(2, seed, |z| student(2.0, z)).verdict, Verdict::Trust);
        assert_ne!(run(5, seed, |z| student(2.0, z)).verdict, Verdict::Trust);
        assert_ne!(run(2, seed, |z| student(1.0, z)).verdict, Verdict::Trust);
    }
}

#[test]
fn far_modes_are_found_by_mirrored_starts_and_not_trusted() {
    for seed in 0..4 {
        let result = run(2, seed, |z| two_modes(10.0, z));
        assert_eq!(result.verdict, Verdict::Check);
        assert!((result.deviation[0] - 101f64.sqrt()).abs() < 0.3, "{:?}", result.deviation);
        assert!((result.log_evidence - 2f64.ln()).abs() < 0.05);
    }
}

#[test]
fn improper_posteriors_are_refused() {
    for seed in 0..3 {
        let flat = run(2, seed, |z| normal(z[0], c(0.0), c(1.0)) + z[1] * 0.0);
        assert_eq!(flat.verdict, Verdict::DoNotUse, "{:?}", flat.reasons);
        let rising = run(2, seed, |z| normal(z[0], c(0.0), c(1.0)) + z[1] * 0.5);
        assert_eq!(rising.verdict, Verdict::DoNotUse, "{:?}", rising.reasons);
        let shelf = run(2, seed, |z| normal(z[0], c(0.0), c(1.0)) - (-z[1]).ln_1p_exp());
        assert_ne!(shelf.verdict, Verdict::Trust, "{:?}", shelf.reasons);
        let (x, y) = ([-2.0, -1.0, -0.4, 0.3, 1.1, 2.0], [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
        assert_ne!(run(2, seed, |z| logistic(&x, &y, z)).verdict, Verdict::Trust);
        let two = run(3, seed, |z| line(&[1.0, 2.0], &[1.0, 3.0], z));
        assert_eq!(two.verdict, Verdict::DoNotUse, "{seed} {:?}", two.reasons);
    }
}

#[test]
fn no_finite_start_is_said() {
    let result = run(2, 0, |z| sum(z.iter().copied()) * f64::NAN);
    assert_eq!(result.verdict, Verdict::DoNotUse);
    assert!(result.reasons[0].contains("starting point"));
}

#[test]
fn one_coordinate_and_none() {
    let single = run(1, 0, |z| -(z[0] * 2.0).exp() + z[0] * 3.0);
    // z = ln(x) / 2 for x of Gamma(1.5): mean psi(1.5) / 2, variance psi'(1.5) / 4.
    assert!((single.mean[0] - 0.018_244_9).abs() < 0.01, "{:?}", single.mean);
    assert!((single.deviation[0] - 0.483_417).abs() < 0.015, "{:?}", single.deviation);
    let none = run(0, 0, |_| c(-3.0));
    assert_eq!(none.verdict, Verdict::Trust);
    assert_eq!((none.elbo.value, none.log_evidence), (-3.0, -3.0));
}

#[test]
fn the_same_seed_gives_the_same_bits() {
    let (one, two) = (run(10, 5, schools_noncentred), run(10, 5, schools_noncentred));
    assert_eq!(one.draws, two.draws);
    assert_eq!(one.log_weights, two.log_weights);
    assert_ne!(one.draws, run(10, 6, schools_noncentred).draws);
}

#[test]
fn limits_and_requests_to_stop_are_honoured() {
    let mut target = Scripted { dimension: 10, log_density: schools_centred };
    let options = Options { max_evaluations: 800, ..Options::default() };
    let limited = fit(&mut target, &options, &mut Unwatched);
    assert!(limited.evaluations < 4000 && limited.verdict != Verdict::Trust);
    assert!(limited.stopped.contains("limit"), "{}", limited.stopped);
    // The rest of the fit is the first thing to try, and nothing else is blamed.
    assert!(limited.reasons.iter().any(|reason| reason.contains("fit to the end before anything else")));
    let blames = |reason: &&String| reason.contains("rescale") || reason.contains("compare");
    assert_eq!(limited.reasons.iter().find(blames), None, "{:?}", limited.reasons);

    struct Impatient(u32);
    impl Watch for Impatient {
        fn progress(&mut self, _: &Progress) {
            self.0 += 1;
        }
        fn should_stop(&mut self) -> bool {
            self.0 > 20
        }
    }
    let asked = fit(&mut target, &Options::default(), &mut Impatient(0));
    assert!(asked.stopped.contains("asked") && asked.verdict != Verdict::Trust);
}
