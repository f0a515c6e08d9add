//! Conjugate latents that are collapsed, against their closed forms and against the same model with the latent left in.

use serde_json::json;

use vic::diagnostics::Code;
use vic::driver::{self, compare};
use vic::lower;
use vic::posterior;
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
    let whole = compile(&text.replace(" using exact", " using reparam"), &data);
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

const GROUPS: &str = "dim obs, group\ndata g[obs]: group\ndata weight[group]: real\ndata x[obs]: real\ndata y[obs]: real\n\
                      latent mu ~ normal(0, 5) using reparam\nlatent tau ~ half_normal(3)\n\
                      latent sigma ~ half_normal(2)\n";

/// log N(y; mu, sigma^2 I + tau^2 x x') by the determinant and the inverse of a rank-one change.
fn correlated(y: &[f64], x: &[f64], (mu, tau, sigma): (f64, f64, f64)) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let gaps: Vec<f64> = y.iter().zip(x).map(|(y, x)| y - mu * x).collect();
    let total = sigma * sigma + tau * tau * dot(x, x);
    let (variance, cross) = (sigma * sigma, dot(&gaps, x));
    let form = (dot(&gaps, &gaps) - tau * tau * cross * cross / total) / variance;
    let determinant = (y.len() as f64 - 1.0) * variance.ln() + total.ln();
    -0.5 * (y.len() as f64 * std::f64::consts::TAU.ln() + determinant + form)
}

/// Means of groups leave a hierarchical model by themselves, whatever the scales are; far from 0 nothing is lost.
#[test]
fn means_of_groups_given_scales() {
    let rest =
        compile(&format!("{GROUPS}potential 0 * mu\n"), &json!({"g": [], "weight": [], "x": [], "y": []}));
    for (shift, ending, sd) in [
        (0.0, "observe y ~ normal(theta[g] * x, sigma)\n", 1.0),
        (4e4, "observe y ~ normal(theta[g] * x, sigma)\n", 1.0),
        (0.0, "observe y ~ normal(x * theta[g], precision = 1 / sigma^2)\n", 1.0),
        (0.0, "let z[obs] = exp(y)\nobserve z ~ lognormal(theta[g] * x, 2 * sigma)\n", 2.0),
    ] {
        let (g, x) = ([2, 1, 2, 2, 1], [1.0, 0.7, -1.3, 0.4, 1.1]);
        let y = [0.9 + shift, -1.2 - shift, 2.2, 0.1, 0.5 + 0.5 * shift];
        let data = json!({"g": g, "weight": [0, 0, 0], "x": x, "y": y});
        let text = format!("{GROUPS}latent theta[group] ~ normal(mu, tau)\n{ending}");
        let model = compile(&text, &data);
        assert_eq!(model.objective.layout.dimension, 3, "{ending}");
        for scale in [1.0, -0.6] {
            let position: Vec<f64> = generic(3).iter().map(|u| scale * u).collect();
            let sites = model.sites(&position, 1);
            let one = |name: &str| named(&sites, name).values[0];
            let own = |k: usize, of: &[f64; 5]| -> Vec<f64> {
                (0..5).filter(|&i| g[i] == k).map(|i| of[i]).collect()
            };
            let mut truth: f64 = (1..3)
                .map(|k| correlated(&own(k, &y), &own(k, &x), (one("mu"), one("tau"), sd * one("sigma"))))
                .sum();
            if ending.contains("lognormal") {
                truth -= y.iter().sum::<f64>();
            }
            let wanted = rest.density(&position) + truth;
            let found = model.density(&position);
            assert!(
                (found - wanted).abs() < 1e-9 * (1.0 + wanted.abs()),
                "{shift} {ending}: {found} {wanted}"
            );
            if shift == 0.0 {
                model.check_gradient(&position);
            }
        }
    }
}

/// Both factors of a product are conjugate given the other, but not together.
#[test]
fn of_two_that_meet_one_is_integrated_out() {
    let text = "dim obs\ndata y[obs]: count\nlatent a ~ gamma(2, 1.5)\nlatent b ~ gamma(3, 2)\nobserve y ~ poisson(a * b)\n";
    let y = [2.0, 0.0, 3.0];
    let model = compile(text, &json!({"y": [2, 0, 3]}));
    assert_eq!(model.objective.layout.dimension, 1);
    let position = [0.3];
    let b = 0.3_f64.exp();
    let (step, mut total) = (2e-4, 0.0);
    for k in 0..200_000 {
        let a = (f64::from(k) + 0.5) * step;
        let rate = a * b;
        let data: f64 = y.iter().map(|y| y * rate.ln() - rate - log_gamma(y + 1.0)).sum();
        total += step * (2.0 * 1.5_f64.ln() + a.ln() - 1.5 * a + data).exp();
    }
    let prior = 3.0 * 2.0_f64.ln() - log_gamma(3.0) + 2.0 * b.ln() - 2.0 * b + b.ln();
    close(model.density(&position), total.ln() + prior, 1e-7);
    model.check_gradient(&position);
}

/// What a discrete latent chooses, a function bends, or the model asks for stays in the guide.
#[test]
fn what_is_read_otherwise_stays() {
    let head = "dim obs\ndata y[obs]: real\n";
    for (rest, left) in [
        ("latent m ~ normal(0, 2)\nobserve y ~ normal(m, 1)\n", 0),
        ("latent m ~ normal(0, 2) using reparam\nobserve y ~ normal(m, 1)\n", 1),
        ("latent m ~ normal(0, 2)\nlet k = 2 * m\nobserve y ~ normal(m, 1)\n", 0),
        (
            "latent m ~ normal(0, 2)\nlatent z[obs] ~ bernoulli(0.4)\nobserve y ~ normal(m, if z then 1 else 3)\n",
            1,
        ),
        ("latent m ~ normal(0, 2)\nobserve y ~ normal(m + 1, 1)\n", 0),
        ("latent m ~ normal(0, 2)\nobserve y ~ normal(m, exp(m))\n", 1),
        ("latent m: positive ~ normal(0, 2)\nobserve y ~ normal(m, 1)\n", 1),
        ("latent m: real(-1..3) ~ normal(0, 2)\nobserve y ~ normal(m, 1)\n", 1),
    ] {
        let model = compile(&format!("{head}{rest}"), &json!({"y": [0.4, 1.1]}));
        assert_eq!(model.objective.layout.dimension, left, "{rest}");
    }
}

const SCHOOLS: &str = "dim school\ndata y[school]: real\ndata sigma[school]: positive\nlatent mu ~ normal(0, 5)\n\
                       latent tau ~ half_cauchy(5)\nlatent theta[school] ~ normal(mu, tau)\n\
                       observe y ~ normal(theta, sigma)\n";

/// Points of what is integrated out are its likelihood at the values that are drawn back.
#[test]
fn points_of_what_is_integrated_out() {
    let (y, sigma) =
        ([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0], [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0]);
    let model = compile(SCHOOLS, &json!({"y": y, "sigma": sigma}));
    assert_eq!(model.objective.layout.dimension, 1);
    let fitted = model.fit();
    let found = compare::assess("schools", &model.bound, &fitted).expect("points");
    let likelihood = lower::likelihood(&model.bound, &fitted.centring, &fitted.limits).expect("points");
    assert_eq!(likelihood.given.len(), 2, "mu, then theta");
    let mut position = vec![fitted.fit.draws[0], 2.5];
    let theta: Vec<f64> = (0..8).map(|k| 3.0 * f64::from(k) - 7.0).collect();
    position.extend(&theta);
    let points = posterior::points(&model.bound, &likelihood, &position, 1);
    for k in 0..8 {
        let z: f64 = (y[k] - theta[k]) / sigma[k];
        let truth = -0.5 * z * z - sigma[k].ln() - 0.5 * std::f64::consts::TAU.ln();
        close(points.log_likelihood[k], truth, 1e-12);
    }
    // The exact leave-one-out densities, by quadrature over mu and tau.
    let exact: f64 = (0..8).map(|out| left_out(&y, &sigma, out)).sum();
    let elpd = found.loo.elpd().value;
    assert!((elpd - exact).abs() < 0.15, "{elpd} for {exact}");
}

/// log p(y_out | others): densities given mu and log tau, weighted by a grid.
fn left_out(y: &[f64], sigma: &[f64], out: usize) -> f64 {
    let (mut total, mut with) = (0.0, 0.0);
    for a in 0..160 {
        for b in 0..200 {
            let (mu, tau) = (-20.0 + 0.25 * f64::from(a), (-5.0 + 0.05 * f64::from(b)).exp());
            let one = |k: usize| correlated(&y[k..=k], &[1.0], (mu, tau, sigma[k]));
            let prior = -0.5 * (mu / 5.0_f64).powi(2) - (1.0 + (tau / 5.0).powi(2)).ln() + tau.ln();
            let rest: f64 = prior + (0..8).filter(|&k| k != out).map(one).sum::<f64>();
            total += rest.exp();
            with += (rest + one(out)).exp();
        }
    }
    (with / total).ln()
}
