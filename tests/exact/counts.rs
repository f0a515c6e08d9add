//! Latent counts: sums over windows against sums written here, term by term.

use serde_json::json;

use super::{close, compile, generic, log_sum, named, rows};
use vic::lower::Beyond;

/// log n!
fn log_factorial(n: u64) -> f64 {
    (1..=n).map(|k| (k as f64).ln()).sum()
}

fn poisson(n: u64, mean: f64) -> f64 {
    n as f64 * mean.ln() - mean - log_factorial(n)
}

fn binomial(x: u64, n: u64, p: f64) -> f64 {
    if x > n {
        return f64::NEG_INFINITY;
    }
    let ways = log_factorial(n) - log_factorial(x) - log_factorial(n - x);
    ways + x as f64 * p.ln() + (n - x) as f64 * (-p).ln_1p()
}

fn normal(x: f64, mean: f64, sd: f64) -> f64 {
    -0.5 * ((x - mean) / sd).powi(2) - sd.ln() - 0.5 * std::f64::consts::TAU.ln()
}

const MIXTURE: &str = "dim site, visit\ndata y[site, visit]: count\nlatent lambda ~ gamma(2, 0.1)\n\
                       latent p ~ beta(2, 2)\n";

/// Abundance from repeated counts: one unknown number for each site, shared by its visits.
#[test]
fn unknown_numbers_are_summed_term_by_term() {
    let y = [[7u64, 9, 6], [2, 0, 1], [0, 0, 0]];
    let whole = format!(
        "{MIXTURE}latent n[site] ~ poisson(lambda)\nobserve y[i: site, j: visit] ~ binomial(n[i], p)\n"
    );
    let prior = format!("{MIXTURE}observe y[i: site, j: visit] ~ poisson(1)\n");
    let (model, prior) = (compile(&whole, &json!({"y": y})), compile(&prior, &json!({"y": y})));
    let position = generic(2);
    let sites = model.sites(&position, 1);
    let (lambda, p) = (named(&sites, "lambda").values[0], named(&sites, "p").values[0]);
    let ones: f64 = y.iter().flatten().map(|&count| poisson(count, 1.0)).sum();
    let weight = |row: &[u64; 3], n: u64| {
        poisson(n, lambda) + row.iter().map(|&count| binomial(count, n, p)).sum::<f64>()
    };
    let truth: f64 = y.iter().map(|row| log_sum((0..400).map(|n| weight(row, n)))).sum();
    close(model.density(&position), prior.density(&position) - ones + truth, 1e-11);
    model.check_gradient(&position);
    let states = named(&sites, "n").states.as_ref().expect("a discrete latent has states");
    let width = states.values.len();
    for (row, own) in y.iter().zip(states.probabilities.chunks(width)) {
        let total = log_sum((0..400).map(|n| weight(row, n)));
        for (n, found) in own.iter().enumerate() {
            close(*found, (weight(row, n as u64) - total).exp(), 1e-10);
        }
    }
}

/// Data far from where the prior has its mass: the window follows them.
#[test]
fn a_window_follows_the_data() {
    let model = "dim obs\ndata y[obs]: real\nlatent n ~ poisson(3)\nobserve y ~ normal(n, 0.5)\n";
    let y = [60.2, 61.1, 60.7];
    let model = compile(model, &json!({"y": y}));
    let weight = |n: u64| poisson(n, 3.0) + y.iter().map(|&y| normal(y, n as f64, 0.5)).sum::<f64>();
    close(model.density(&[]), log_sum((0..300).map(weight)), 1e-10);
    let fitted = model.fit();
    let row = &rows(&fitted, "n")[0];
    let total = log_sum((0..300).map(weight));
    let mean: f64 = (0..300).map(|n| n as f64 * (weight(n) - total).exp()).sum();
    close(row.mean, mean, 1e-10);
    let window = &fitted.windows[0];
    assert!(window.beyond < 1e-9 && window.high < 300.0, "{window:?}");
}

#[test]
fn a_known_prior_says_where_its_window_ends() {
    let model = "dim obs\ndata y[obs]: real\nlatent n ~ poisson(3)\nobserve y ~ normal(n, 2)\n";
    let model = compile(model, &json!({"y": [2.3, 4.1]}));
    let range = model.objective.sums[0].range.expect("poisson has no end");
    let beyond: f64 = (range.high as u64 + 1..100).map(|n| poisson(n, 3.0).exp()).sum();
    let Beyond::OfPrior(stated) = range.beyond else { panic!("{range:?}") };
    assert!(beyond < 1e-12 && (stated - beyond).abs() < 1e-13, "{stated} {beyond}");
    let one_less: f64 = (range.high as u64..100).map(|n| poisson(n, 3.0).exp()).sum();
    assert!(one_less > 1e-12, "{one_less}: the window is longer than it has to be");
}

/// Each family of counts, and trials that are latent themselves.
#[test]
fn all_families_of_counts_are_summed() {
    let log_geometric = |n: u64| 0.3f64.ln() + n as f64 * 0.7f64.ln();
    let negative = |n: u64| {
        // shape 2: (n + 1) (mean / (mean + 2))^n (2 / (mean + 2))^2
        ((n + 1) as f64).ln() + n as f64 * (5.0f64 / 7.0).ln() + 2.0 * (2.0f64 / 7.0).ln()
    };
    let y = [3.2, 4.4, 2.9];
    let likelihood = |n: u64| y.iter().map(|&y| normal(y, n as f64, 1.0)).sum::<f64>();
    let found = |prior: &str| {
        let text = format!("dim obs\ndata y[obs]: real\n{prior}\nobserve y ~ normal(n, 1)\n");
        compile(&text, &json!({"y": y})).density(&[])
    };
    let truth = |prior: &dyn Fn(u64) -> f64| log_sum((0..200).map(|n| prior(n) + likelihood(n)));
    close(found("latent n ~ poisson(2.5)"), truth(&|n| poisson(n, 2.5)), 1e-11);
    close(found("latent n ~ binomial(9, 0.4)"), truth(&|n| binomial(n, 9, 0.4)), 1e-11);
    close(found("latent n ~ geometric(0.3)"), truth(&log_geometric), 1e-11);
    close(found("latent n ~ neg_binomial(5, 2)"), truth(&negative), 1e-11);
    let thinned = |n: u64| log_sum((0..200).map(|trials| poisson(trials, 6.0) + binomial(n, trials, 0.45)));
    close(found("latent trials ~ poisson(6)\nlatent n ~ binomial(trials, 0.45)"), truth(&thinned), 1e-11);
}

/// The probability of the counts between two ends is their sum, for latents and for data.
#[test]
fn truncated_counts_are_normalised() {
    let sum = |range: std::ops::Range<u64>| log_sum(range.map(|n| poisson(n, 4.0)));
    let y = [3.2, 4.4, 2.9];
    let likelihood = |n: u64| y.iter().map(|&y| normal(y, n as f64, 1.0)).sum::<f64>();
    let found = |prior: &str| {
        let text = format!("dim obs\ndata y[obs]: real\n{prior}\nobserve y ~ normal(n, 1)\n");
        compile(&text, &json!({"y": y})).density(&[])
    };
    let between =
        |low: u64, high: u64| log_sum((low..high).map(|n| poisson(n, 4.0) + likelihood(n))) - sum(low..high);
    close(found("latent n: int(0..60) ~ poisson(4)"), between(0, 61), 1e-11);
    close(found("latent n: int(2..5) ~ poisson(4)"), between(2, 6), 1e-11);
    close(found("latent n ~ truncated(poisson(4), 3..)"), between(3, 200), 1e-11);
    let data = "dim obs\ndata y[obs]: count\nobserve y ~ truncated(poisson(4), 2..9)\n";
    let data = compile(data, &json!({"y": [3, 8, 2]}));
    let truth: f64 = [3, 8, 2].iter().map(|&y| poisson(y, 4.0) - sum(2..10)).sum();
    close(data.density(&[]), truth, 1e-11);
}

/// A fit with a latent rate, against sums and a grid over the rate.
#[test]
fn a_fit_of_unknown_numbers_is_their_posterior() {
    let y = [[7u64, 9, 6], [12, 10, 14], [3, 2, 5], [8, 11, 9], [20, 17, 22]];
    let text = "dim site, visit\ndata y[site, visit]: count\nlatent lambda ~ gamma(2, 0.1)\n\
                latent n[site] ~ poisson(lambda)\nobserve y[i: site, j: visit] ~ binomial(n[i], 0.6)\n";
    let fitted = compile(text, &json!({"y": y})).fit();
    let weight = |row: &[u64; 3], n: u64, lambda: f64| {
        poisson(n, lambda) + row.iter().map(|&count| binomial(count, n, 0.6)).sum::<f64>()
    };
    let grid: Vec<f64> = (1..600).map(|k| 0.1 * f64::from(k)).collect();
    let given: Vec<f64> = grid
        .iter()
        .map(|&lambda| {
            let rows: f64 = y.iter().map(|row| log_sum((0..90).map(|n| weight(row, n, lambda)))).sum();
            lambda.ln() - 0.1 * lambda + rows
        })
        .collect();
    let total = log_sum(given.iter().copied());
    let share: Vec<f64> = given.iter().map(|log| (log - total).exp()).collect();
    let lambda: f64 = grid.iter().zip(&share).map(|(lambda, share)| lambda * share).sum();
    let row = &rows(&fitted, "lambda")[0];
    assert!((row.mean - lambda).abs() < 0.05 * row.sd, "{} {lambda}", row.mean);
    for (found, row) in rows(&fitted, "n").iter().zip(&y) {
        let mean_given = |lambda: f64| {
            let logs: Vec<f64> = (0..90).map(|n| weight(row, n, lambda)).collect();
            let total = log_sum(logs.iter().copied());
            logs.iter().enumerate().map(|(n, log)| n as f64 * (log - total).exp()).sum::<f64>()
        };
        let mean: f64 = grid.iter().zip(&share).map(|(&lambda, share)| share * mean_given(lambda)).sum();
        assert!((found.mean - mean).abs() < 0.05 * found.sd, "{} {mean}", found.mean);
        let prob = found.prob.as_ref().expect("few states have a probability each");
        close(prob.iter().map(|(_, p)| p).sum(), 1.0, 1e-9);
    }
}
