//! What checks the estimators: the self-test of a model's gradients, the pilot, and bounds with and without exact sums.

use serde_json::{Value, json};

use vic::driver::{self, gradients};
use vic::estimator::{Choice, Measured};
use vic::inference::{FamilyChoice, Options, Unwatched};

use super::{Compiled, compile};

const SCHOOLS: &str = "dim school\ndata y[school]: real\ndata sigma[school]: positive\nlatent mu ~ normal(0, 5)\n\
                       latent tau ~ half_cauchy(5)\nlatent theta[school] ~ normal(mu, tau)\n\
                       observe y ~ normal(theta, sigma)\n";
const MIXTURE: &str = "dim obs\ndata y[obs]: real\nlatent mu ~ normal(0, 2)\nlatent gap ~ half_normal(3)\n\
                       latent z[obs] ~ bernoulli(0.4)\nobserve y ~ normal(mu + gap * z, 1)\n";
const CARRIED: &str = "dim t\ndata y[t]: real\nlatent z[i: t] ~ bernoulli(0.4)\n\
                       let h[i: t] = if i == 1 then 0 else 0.7 * h[i-1] + z[i]\nobserve y ~ normal(h, 0.5)\n";
const RATES: &str = "dim pump\ndata y[pump]: count\ndata t[pump]: positive\nlatent a ~ exponential(1)\n\
                     latent b ~ gamma(0.3, 1)\nlatent rate[pump] ~ gamma(a, b)\nobserve y ~ poisson(rate * t)\n";

fn schools() -> Value {
    json!({"y": [28, 8, -3, 7, -1, 1, 18, 12], "sigma": [15, 10, 16, 11, 9, 11, 10, 18]})
}

fn carried(length: usize) -> Value {
    let y: Vec<f64> = (0..length).map(|k| ((k * 5 % 7) as f64) * 0.25).collect();
    json!({"y": y})
}

/// Every kind of estimator is compared with something that it has no part in, and is right.
#[test]
fn the_self_test_finds_every_estimator_right() {
    let few = json!({"y": [-1.2, 0.3, 2.9, 3.8]});
    let rates = json!({"y": [5, 1, 5, 14], "t": [94.3, 15.7, 62.9, 126.0]});
    let jump = "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent a ~ normal(0, 1)\nlatent b ~ normal(0, 1)\n\
                observe y ~ normal(if x < a + b then 0 else 2, 1)\n";
    let steps = json!({"x": [-1.0, 0.2, 0.9], "y": [0.3, -0.2, 2.2]});
    let score = CARRIED.replace("bernoulli(0.4)", "bernoulli(0.4) using score");
    let local = MIXTURE.replace("bernoulli(0.4)", "bernoulli(0.4) using local");
    for (text, data, latent, against) in [
        (SCHOOLS, schools(), "theta", "Laplace's integral"),
        (SCHOOLS, schools(), "tau", "central differences"),
        (RATES, rates, "rate", "quadrature"),
        (MIXTURE, few.clone(), "z", "all assignments"),
        (local.as_str(), few, "z", "whole densities"),
        (CARRIED, carried(17), "z", "whole densities"),
        (score.as_str(), carried(17), "z", "whole densities"),
        (jump, steps, "a", "whole densities"),
    ] {
        let model = compile(text, &data);
        let found = gradients::check(&model.bound, &model.objective, 3);
        let one = found.iter().find(|one| one.latent == latent).expect("a row for each latent");
        assert_eq!(one.against, against, "{text}");
        assert!(found.iter().all(gradients::Checked::is_right), "{text}: {found:#?}");
    }
}

/// It is not blind: a density that is something else is found out, whatever the estimator.
#[test]
fn the_self_test_finds_a_wrong_density() {
    let few = json!({"y": [-1.2, 0.3, 2.9, 3.8]});
    for (text, data, latent) in
        [(SCHOOLS, schools(), "theta"), (MIXTURE, few, "z"), (SCHOOLS, schools(), "tau")]
    {
        let mut model = compile(text, &data);
        // The slope by a scalar latent in place of the density: finite, smooth and wrong.
        model.objective.log_joint = model.objective.gradient[0];
        let found = gradients::check(&model.bound, &model.objective, 3);
        let one = found.iter().find(|one| one.latent == latent).expect("a row for each latent");
        assert!(!one.is_right(), "{text}: {one:?}");
    }
}

fn choice_of(model: &Compiled, options: &Options) -> Choice {
    driver::measured_choices(&model.bound, &model.objective, options).remove(0)
}

/// Where prices leave two rules, both are measured, the same each time; where the model asks, nothing is.
#[test]
fn a_pilot_measures_what_prices_leave_open() {
    let model = compile(CARRIED, &carried(17));
    let options = Options { seed: 5, ..Options::default() };
    let [one, other] = [0, 1].map(|_| choice_of(&model, &options));
    let names: Vec<&str> = one.measured.iter().map(|row| row.estimator.name).collect();
    assert_eq!(names, ["disarm", "score"]);
    for (a, b) in one.measured.iter().zip(&other.measured) {
        assert_eq!((a.variance, a.evaluations), (b.variance, b.evaluations));
        assert!(a.variance > 0.0 && a.evaluations > 0.0, "{a:?}");
    }
    let asked = compile(&CARRIED.replace("bernoulli(0.4)", "bernoulli(0.4) using score"), &carried(17));
    assert!(choice_of(&asked, &options).measured.is_empty());
    let fitted = model.fit();
    assert_eq!(fitted.choices[0].measured.len(), 2);
}

/// Another rule is taken where its variance times cost is less than two thirds, and not for less.
#[test]
fn a_pilot_changes_the_choice_for_a_clear_win_alone() {
    let model = compile(CARRIED, &carried(17));
    let before = driver::choices(&model.bound, &model.objective).remove(0);
    let [own, other] = [before.estimator, before.others[0].0];
    assert_eq!((own.name, other.name), ("disarm", "score"));
    let after = |variance: f64, evaluations: f64| {
        let measured = vec![
            Measured { estimator: own, variance: 3.0, evaluations: 8.0 },
            Measured { estimator: other, variance, evaluations },
        ];
        before.clone().after(measured)
    };
    assert_eq!(after(2.1, 8.0).estimator.name, "disarm");
    assert_eq!(after(1.9, 8.0).estimator.name, "score");
    assert_eq!(after(1.0, 30.0).estimator.name, "disarm");
    assert_eq!(after(f64::NAN, 8.0).estimator.name, "disarm");
    assert!(after(1.0, 8.0).why.contains("1/3 of that of `disarm`") || after(1.0, 8.0).why.contains("0.33"));
}

/// What is summed out has no guide to fall short of the posterior: the bound can only rise (Jensen).
#[test]
fn bounds_rise_where_latents_leave() {
    let y: Vec<f64> =
        (0..12).map(|k| if k % 3 == 0 { 3.0 } else { 0.0 } + 0.3 * f64::from(k * 5 % 7) - 0.9).collect();
    let rates = json!({"y": [5, 1, 5, 14, 3, 19], "t": [94.3, 15.7, 62.9, 126.0, 5.24, 31.4]});
    for (text, data, from, to) in [
        (SCHOOLS, schools(), "normal(mu, tau)", "normal(mu, tau) using reparam"),
        (RATES, rates, "gamma(a, b)", "gamma(a, b) using reparam"),
        (MIXTURE, json!({"y": y}), "bernoulli(0.4)", "bernoulli(0.4) using local"),
    ] {
        let [out, within] = [text.to_string(), text.replace(from, to)].map(|text| {
            let model = compile(&text, &data);
            // Gaussians of all coordinates: that of fewer is a marginal of that of more.
            let options = Options { seed: 1, family: Some(FamilyChoice::FullRank), ..Options::default() };
            let fitted = driver::fit(&model.bound, &model.objective, &options, 1, &mut Unwatched);
            (model.objective.width(), fitted.fit.elbo)
        });
        assert!(out.0 < within.0, "{text}: {} {}", out.0, within.0);
        let error = 4.0 * out.1.standard_error.hypot(within.1.standard_error);
        assert!(out.1.value > within.1.value - error, "{text}: {:?} {:?}", out.1, within.1);
    }
}
