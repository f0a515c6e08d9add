//! A state of a discrete latent under which the data are impossible leaves value, gradient and Hessian of the rest alone.

use vic::driver;
use vic::source::Source;

/// Fits a model; the posterior mean of its first latent.
fn first_mean(model: &str, data: &str) -> f64 {
    let checked = driver::check(&Source::new("m.vi", model));
    let model = checked.model.unwrap_or_else(|| panic!("{:#?}", checked.diagnostics));
    let (bound, diagnostics) = driver::bind(&model, &[Source::new("d.json", data)]);
    let bound = bound.unwrap_or_else(|| panic!("{diagnostics:#?}"));
    let objective = driver::lower(&bound).unwrap_or_else(|refusal| panic!("{refusal:#?}"));
    let options = vic::inference::Options::default();
    let fitted = driver::fit(&bound, &objective, &options, 1, &mut vic::inference::Unwatched);
    vic::posterior::summarise(&fitted.sites[0], fitted.weights.as_deref())[0].mean
}

const DATA: &str = r#"{"y": [3, 0, 2, 5, 0, 1, 4, 0]}"#;

#[test]
fn a_rate_of_zero() {
    let model = |rate: &str| {
        format!(
            "dim obs\ndata y[obs]: count\nlatent a ~ normal(0, 2)\nlatent p ~ beta(2, 3)\n\
             latent out[obs] ~ bernoulli(p)\nobserve y ~ poisson(if out then {rate} else exp(a))\n"
        )
    };
    let (zero, nearly) = (first_mean(&model("0"), DATA), first_mean(&model("1e-12"), DATA));
    assert!((zero - nearly).abs() < 1e-3, "{zero} {nearly}");
}

#[test]
fn a_probability_of_zero() {
    let model = |p: &str| {
        format!(
            "dim obs\ndata y[obs]: count\nlatent a ~ normal(0, 2)\nlatent p ~ beta(2, 3)\n\
             latent out[obs] ~ bernoulli(p)\nobserve y ~ binomial(9, if out then {p} else inv_logit(a))\n"
        )
    };
    let (zero, nearly) = (first_mean(&model("0"), DATA), first_mean(&model("1e-12"), DATA));
    assert!((zero - nearly).abs() < 1e-3, "{zero} {nearly}");
}

#[test]
fn counts_above_zero() {
    let inflated =
        "dim obs\ndata y[obs]: count\nlatent m ~ gamma(2, 1)\nobserve y ~ hurdle(0.4, poisson(m))\n";
    let truncated =
        "dim obs\ndata y[obs]: count\nlatent m ~ gamma(2, 1)\nobserve y ~ truncated(poisson(m), 1..)\n";
    let (hurdle, alone) = (first_mean(inflated, DATA), first_mean(truncated, r#"{"y": [3, 2, 5, 1, 4]}"#));
    assert!((hurdle - alone).abs() < 0.02, "{hurdle} {alone}");
}
