//! Continuous latents that are only compared with known numbers, against quadrature over them.

use serde_json::json;

use super::{Compiled, close, compile, generic, log_sum, named, rows};

const X: [f64; 5] = [-0.9, 0.3, 1.1, 1.1, 2.4];
const Y: [f64; 5] = [0.2, -0.4, 1.3, 0.8, 1.9];

fn normal(x: f64, mean: f64, sd: f64) -> f64 {
    -0.5 * ((x - mean) / sd).powi(2) - sd.ln() - 0.5 * std::f64::consts::TAU.ln()
}

/// The integral of exp(f) between two numbers, by Simpson's rule.
fn integral(f: &dyn Fn(f64) -> f64, low: f64, high: f64) -> f64 {
    const PIECES: usize = 2000;
    let h = (high - low) / PIECES as f64;
    let at = |k: usize| f(low + k as f64 * h).exp();
    let inner: f64 = (1..PIECES).map(|k| if k % 2 == 1 { 4.0 * at(k) } else { 2.0 * at(k) }).sum();
    h / 3.0 * (at(0) + inner + at(PIECES))
}

/// log of the integral over the latent: prior times likelihood, piece by piece between thresholds.
fn over_pieces(prior: &dyn Fn(f64) -> f64, likelihood: &dyn Fn(f64) -> f64, ends: [f64; 2]) -> f64 {
    let mut edges: Vec<f64> = X.iter().copied().filter(|x| ends[0] < *x && *x < ends[1]).collect();
    edges.extend(ends);
    edges.sort_by(f64::total_cmp);
    let pieces = edges.windows(2).filter(|pair| pair[1] > pair[0]);
    log_sum(pieces.map(|pair| likelihood(0.5 * (pair[0] + pair[1])) + integral(prior, pair[0], pair[1]).ln()))
}

fn step(a: f64, b: f64) -> impl Fn(f64) -> f64 {
    move |cut| X.iter().zip(&Y).map(|(&x, &y)| normal(y, if x < cut { a } else { b }, 1.0)).sum()
}

fn model(prior: &str, before: &str) -> Compiled {
    let text = format!(
        "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent a ~ normal(0, 1)\nlatent b ~ normal(0, 1)\n{before}\
         latent cut{prior}\nobserve y ~ normal(if x < cut then a else b, 1)\n"
    );
    compile(&text, &json!({"x": X, "y": Y}))
}

/// Each prior with its log density and the ends of its support.
#[test]
fn densities_are_integrals_over_the_latent() {
    let position = generic(2);
    let (a, b) = (position[0], position[1]);
    let priors = normal(a, 0.0, 1.0) + normal(b, 0.0, 1.0);
    let check = |prior: &str, density: &dyn Fn(f64) -> f64, ends: [f64; 2]| {
        let model = model(prior, "");
        assert_eq!(model.objective.layout.dimension, 2, "{prior}: the latent is summed out");
        let truth = over_pieces(density, &step(a, b), ends);
        close(model.density(&position), priors + truth, 1e-9);
        model.check_gradient(&position);
    };
    check(" ~ normal(0.4, 1.3)", &|c| normal(c, 0.4, 1.3), [-14.0, 15.0]);
    check(" ~ uniform(-3, 5)", &|_| -(8.0f64.ln()), [-3.0, 5.0]);
    check(": real(-3..5) ~ uniform", &|_| -(8.0f64.ln()), [-3.0, 5.0]);
    check(" ~ exponential(0.7)", &|c| 0.7f64.ln() - 0.7 * c, [0.0, 60.0]);
    let above = integral(&|c| normal(c, 0.4, 1.3), 0.5, 15.0).ln();
    check(": real(0.5..) ~ normal(0.4, 1.3)", &|c| normal(c, 0.4, 1.3) - above, [0.5, 15.0]);
    let between = integral(&|c| normal(c, 0.4, 1.3), -1.0, 2.0).ln();
    check(": real(-1..2) ~ normal(0.4, 1.3)", &|c| normal(c, 0.4, 1.3) - between, [-1.0, 2.0]);
}

/// The prior's mean and sd are latent: the masses of buckets carry their gradients.
#[test]
fn the_prior_may_depend_on_latents() {
    let model = model(" ~ normal(m, s)", "latent m ~ normal(0, 1)\nlatent s ~ half_normal(1)\n");
    let position = generic(4);
    let sites = model.sites(&position, 1);
    let value = |name: &str| named(&sites, name).values[0];
    let (a, b, m, s) = (value("a"), value("b"), value("m"), value("s"));
    // half_normal(1) of s = exp(u), with the volume u.
    let priors = normal(a, 0.0, 1.0) + normal(b, 0.0, 1.0) + normal(m, 0.0, 1.0);
    let priors = priors + 2.0f64.ln() + normal(s, 0.0, 1.0) + s.ln();
    let truth = over_pieces(&|c| normal(c, m, s), &step(a, b), [m - 12.0 * s, m + 12.0 * s]);
    close(model.density(&position), priors + truth, 1e-9);
    model.check_gradient(&position);
}

/// Far in a tail of the prior the masses do not vanish, nor their gradients.
#[test]
fn buckets_in_the_tails_keep_their_mass() {
    for mean in [-30.0, 30.0] {
        let model = model(&format!(" ~ normal({mean} + 0 * a, 1)"), "");
        let position = generic(2);
        assert!(model.density(&position).is_finite());
        model.check_gradient(&position);
    }
}

/// Mean, sd and quantiles of a change point, against quadrature over all three unknowns' exact posterior: the rates are
/// conjugate, so that given the change point they integrate to gamma functions.
#[test]
fn a_change_point_in_continuous_time_has_its_posterior() {
    let y = [4u32, 5, 4, 0, 1, 4, 3, 4, 0, 6, 3, 3, 4, 0, 2, 0, 1, 1, 0, 2, 1, 0, 0, 1, 0, 1, 0, 1, 1, 0];
    let text = "dim year = 1901..1930\ndata y[year]: count\nlatent early ~ exponential(1)\n\
                latent late ~ exponential(1)\nlatent switch ~ uniform(1901, 1930)\n\
                observe y[t: year] ~ poisson(if t < switch then early else late)\n";
    let fitted = compile(text, &json!({"y": y})).fit();
    let log_factorial = |n: u32| (1..=n).map(|k| f64::from(k).ln()).sum::<f64>();
    // Between years k and k + 1 the first k years are early: the integrals of the rates are s! / (k + 1)^(s + 1).
    let weight = |k: usize| {
        let part = |part: &[u32]| {
            let sum: u32 = part.iter().sum();
            log_factorial(sum) - f64::from(sum + 1) * (part.len() as f64 + 1.0).ln()
        };
        part(&y[..k]) + part(&y[k..])
    };
    let total = log_sum((1..30).map(weight));
    let share: Vec<f64> = (1..30).map(|k| (weight(k) - total).exp()).collect();
    let middle = |k: usize| 1900.5 + k as f64;
    let mean: f64 = share.iter().enumerate().map(|(i, p)| p * middle(i + 1)).sum();
    let second: f64 =
        share.iter().enumerate().map(|(i, p)| p * ((middle(i + 1) - mean).powi(2) + 1.0 / 12.0)).sum();
    let row = &rows(&fitted, "switch")[0];
    assert!((row.mean - mean).abs() < 0.03 * second.sqrt(), "{} {mean}", row.mean);
    assert!((row.sd / second.sqrt() - 1.0).abs() < 0.03, "{} {}", row.sd, second.sqrt());
    for (level, found) in [(0.05, row.q05), (0.5, row.q50), (0.95, row.q95)] {
        let below = |x: f64| -> f64 {
            share.iter().enumerate().map(|(i, p)| p * (x - 1901.0 - i as f64).clamp(0.0, 1.0)).sum()
        };
        assert!((below(found) - level).abs() < 0.02, "{level}: {found}, below which {} lies", below(found));
    }
}

/// Draws lie in the bucket that was drawn, and follow the prior within it.
#[test]
fn draws_follow_the_posterior() {
    const COUNT: usize = 20_000;
    let model = model(" ~ normal(0.4, 1.3)", "");
    let position = generic(2);
    let sites = model.sites(&position, COUNT);
    let likelihood = step(position[0], position[1]);
    let prior = |c: f64| normal(c, 0.4, 1.3);
    let total = over_pieces(&prior, &likelihood, [-14.0, 15.0]);
    let drawn = &named(&sites, "cut").values;
    for cut in [-2.0, -0.9, 0.0, 0.3, 0.7, 1.1, 1.6, 2.4, 3.0] {
        let truth = (over_pieces(&prior, &likelihood, [-14.0, cut]) - total).exp();
        let found = drawn.iter().filter(|x| **x < cut).count() as f64 / COUNT as f64;
        let error = (truth * (1.0 - truth) / COUNT as f64).sqrt();
        assert!((found - truth).abs() < 5.0 * error + 1e-4, "{cut}: {found} {truth}");
    }
}
