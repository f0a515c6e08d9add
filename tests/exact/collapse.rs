//! Conjugate latents that are collapsed, against their closed forms and against the same model with the latent left in.

use serde_json::json;

use vic::diagnostics::Code;
use vic::driver;
use vic::source::Source;

use super::{close, compile, generic, named, rows};

/// log Gamma at whole and half numbers.
fn log_gamma(x: f64) -> f64 {
    if x > 1.5 {
        return (x - 1.0).ln() + log_gamma(x - 1.0);
    }
    match x {
        1.0 => 0.0,
        1.5 => 0.5 * std::f64::consts::PI.ln() - 2.0f64.ln(),
        0.5 => 0.5 * std::f64::consts::PI.ln(),
        _ => panic!("{x} is no multiple of a half"),
    }
}

fn log_beta(a: f64, b: f64) -> f64 {
    log_gamma(a) + log_gamma(b) - log_gamma(a + b)
}

#[test]
fn a_rate_of_successes() {
    let text = "dim obs\ndata n[obs]: count\ndata y[obs]: count\nlatent p ~ beta(1.5, 2) using exact\nobserve y ~ binomial(n, p)\n";
    let model = compile(text, &json!({"n": [7, 4, 9], "y": [5, 1, 6]}));
    assert_eq!(model.objective.layout.dimension, 0, "the latent is integrated out");
    let ways = 21.0f64.ln() + 4.0f64.ln() + 84.0f64.ln();
    close(model.density(&[]), ways + log_beta(13.5, 10.0) - log_beta(1.5, 2.0), 1e-12);
    let row = &rows(&model.fit(), "p")[0];
    let (mean, sd) = (13.5 / 23.5, (13.5 * 10.0 / 23.5f64.powi(2) / 24.5).sqrt());
    assert!((row.mean - mean).abs() < 5.0 * sd / 4000.0f64.sqrt() && (row.sd / sd - 1.0).abs() < 0.06);
}

/// Read at an index, several likelihoods at once, one group without data.
#[test]
fn rates_of_groups() {
    let text = "dim obs, group, trial\ndata g[obs]: group\ndata size_of[group]: real\ndata y[obs]: count\ndata t[obs]: positive\n\
                data w[group, trial]: positive\nlatent a ~ exponential(1)\nlatent rate[group] ~ gamma(a, 2) using exact\n\
                observe y ~ poisson(rate[g] * t)\nobserve w[k: group, j: trial] ~ exponential(rate[k])\n";
    let data = json!({"g": [1, 3, 1], "size_of": [0, 0, 0], "y": [4, 0, 2], "t": [1.5, 0.4, 2.0],
                      "w": [[0.3, 0.9], [1.2, 0.1], [0.7, 0.2]]});
    let collapsed = compile(text, &data);
    let whole = compile(&text.replace(" using exact", ""), &data);
    assert_eq!((collapsed.objective.layout.dimension, whole.objective.layout.dimension), (1, 4));
    let position = generic(1);
    collapsed.check_gradient(&position);
    // The density of the rest is that of all over the posterior of the rates, at any rates.
    let sites = whole.sites(&[position[0], 0.2, -0.4, 0.7], 1);
    let (a, rates) = (named(&sites, "a").values[0], named(&sites, "rate").values.clone());
    let (counts, sums): ([f64; 3], [f64; 3]) = ([6.0, 0.0, 0.0], [3.5 + 1.2, 1.3, 0.4 + 0.9]);
    let special = |x: f64| {
        // Stirling's series after shifting the argument up.
        let (mut x, mut shift) = (x, 0.0);
        while x < 20.0 {
            shift += x.ln();
            x += 1.0;
        }
        (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + 1.0 / (12.0 * x)
            - 1.0 / (360.0 * x.powi(3))
            + 1.0 / (1260.0 * x.powi(5))
            - shift
    };
    let posterior: f64 = (0..3)
        .map(|k| {
            let (shape, rate) = (a + counts[k] + 2.0, 2.0 + sums[k]);
            // The volume of the transform, log rate, goes with the density of the whole.
            shape * rate.ln() - special(shape) + (shape - 1.0) * rates[k].ln() - rate * rates[k]
                + rates[k].ln()
        })
        .sum();
    let truth = whole.density(&[position[0], 0.2, -0.4, 0.7]) - posterior;
    close(collapsed.density(&position), truth, 1e-10);
    let drawn = collapsed.sites(&position, 20_000);
    let values = &named(&drawn, "rate").values;
    for k in 0..3 {
        let (shape, rate) = (a + counts[k] + 2.0, 2.0 + sums[k]);
        let mean = values.iter().skip(k).step_by(3).sum::<f64>() / 20_000.0;
        assert!((mean - shape / rate).abs() < 5.0 * shape.sqrt() / rate / 20_000.0f64.sqrt(), "{k}: {mean}");
    }
}

/// Where something else reads the latent, or nothing is conjugate, `using exact` is refused.
#[test]
fn other_reads_are_refused() {
    let head = "dim obs\ndata y[obs]: count\nlatent p ~ beta(2, 2) using exact\n";
    for rest in [
        "observe y ~ binomial(9, 0.5 * p)\n",
        "let q = 1 - p\nobserve y ~ binomial(9, p)\npotential q\n",
        "latent z ~ normal(p, 1)\nobserve y ~ binomial(9, p)\npotential -z^2\n",
        "observe y ~ mixture(0.5, binomial(9, p), binomial(9, 0.1))\n",
        "observe y ~ binomial(9, logit = p)\n",
    ] {
        let checked = driver::check(&Source::new("model.vi", format!("{head}{rest}")));
        let codes: Vec<Code> = checked.diagnostics.iter().filter(|d| d.is_error()).map(|d| d.code).collect();
        assert_eq!(codes, [Code(805)], "{rest}");
    }
}
