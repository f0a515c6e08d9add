//! Run-time faults, planted: each kind is traced to its expression, its cell and the values of the latents, can be
//! replayed, and takes nothing away from what the fit had.

use vic::data::BoundModel;
use vic::diagnostics::{Diagnostic, File};
use vic::driver::{self, Fitted, replay::Replay};
use vic::inference::{Options, Unwatched, Verdict};
use vic::lower::Objective;
use vic::source::Source;

/// A model with data, fitted.
struct Case {
    source: Source,
    data: Vec<Source>,
    bound: BoundModel,
    objective: Objective,
    fitted: Fitted,
}

const SEED: u64 = 3;

fn options() -> Options {
    Options { seed: SEED, ..Options::default() }
}

fn case(model: &str, data: &str) -> Case {
    let source = Source::new("m.vi", model);
    let checked = driver::check(&source);
    let model = checked.model.unwrap_or_else(|| panic!("{:?}", checked.diagnostics));
    let data = vec![Source::new("d.json", data)];
    let (bound, said) = driver::bind(&model, &data);
    let bound = bound.unwrap_or_else(|| panic!("{said:?}"));
    let objective = driver::lower(&bound).expect("nothing discrete");
    let fitted = driver::fit(&bound, &objective, &options(), 1, &mut Unwatched);
    Case { source, data, bound, objective, fitted }
}

impl Case {
    fn fault(&self) -> Diagnostic {
        let traced =
            self.fitted.fault.clone().unwrap_or_else(|| panic!("no fault: {:?}", self.fitted.fit.faults));
        traced.located(&self.bound, &self.data)
    }

    /// Text under each label, and the label.
    fn labels(&self) -> Vec<(String, String)> {
        let fault = self.fault();
        let labels = fault.labels.iter().map(|label| {
            let source = match label.file {
                File::Model => &self.source,
                File::Data(nth) => &self.data[nth],
            };
            (source.slice(label.span).to_string(), label.text.clone())
        });
        labels.collect()
    }

    fn replay(&self) -> Replay {
        let message = self.fault().message;
        let number = message.split("evaluation ").nth(1).and_then(|rest| rest.split(' ').next());
        let number: u64 = number.and_then(|digits| digits.parse().ok()).expect("a number of an evaluation");
        let run = (1, &mut Unwatched as &mut dyn vic::inference::Watch);
        driver::replay::replay(&self.bound, &self.objective, &options(), run, number).expect("it comes to it")
    }
}

/// Draws are left, and the verdict is honest.
fn nothing_lost(case: &Case) {
    assert!(!case.fitted.fit.draws.is_empty(), "{:?}", case.fitted.fit.reasons);
    assert!(case.fitted.fit.draws.iter().all(|x| x.is_finite()));
    assert_ne!(case.fitted.fit.verdict, Verdict::Trust, "{:?}", case.fitted.fit.reasons);
}

/// A latent's value in a label of the fault, as it is when the evaluation is made again.
fn agrees_with_the_replay(case: &Case, latent: &str) {
    let replay = case.replay();
    assert!(replay.log_density.is_nan() || replay.log_density.is_infinite(), "{replay:?}");
    let (_, value) = replay.latents.iter().find(|(name, _)| name == latent).expect("a latent");
    let shown = format!("`{latent}` is {}", driver::fault::number(*value));
    assert!(case.labels().iter().any(|(_, text)| *text == shown), "{shown} in {:?}", case.labels());
    assert_eq!(replay.fault.expect("the fault again").diagnostic.message, case.fault().message);
}

const OVERFLOW: &str = "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent a ~ normal(0, 1)\n\
                        let m = exp(exp(6 * a) * x) - exp(exp(6 * a) * x)\nobserve y ~ normal(m, 1)\n";

#[test]
fn an_overflow_is_traced_to_its_expression_cell_and_datum() {
    let case = case(OVERFLOW, r#"{"x": [0, 1, 0], "y": [0.5, 1.5, 2.5]}"#);
    let fault = case.fault();
    assert_eq!(fault.code.to_string(), "V0902");
    assert!(
        fault.message.starts_with("the log density of `y` is not a number at obs 2, at evaluation"),
        "{fault:?}"
    );
    let labels = case.labels();
    assert!(labels[0].0.starts_with("exp(") && labels[0].1 == "this is infinite", "{labels:?}");
    assert!(labels.contains(&("1.5".to_string(), "observed here".to_string())), "{labels:?}");
    agrees_with_the_replay(&case, "a");
    nothing_lost(&case);
    let (lost, draws) = case.fitted.fit.faults.lost_draws;
    assert!(lost > 0 && lost < draws, "{lost} of {draws}");
}

#[test]
fn a_result_that_lost_draws_to_undefined_densities_is_not_trusted() {
    // Half of the prior's mass lies where the density cannot be computed.
    let case = case("latent a ~ normal(0, 1)\npotential sqrt(exp(a) - 1)", "{}");
    nothing_lost(&case);
    assert!(
        case.labels().iter().any(|(at, text)| at == "sqrt(exp(a) - 1)" && text == "this is not a number")
    );
    agrees_with_the_replay(&case, "a");
}

#[test]
fn an_open_support_is_checked_at_every_evaluation() {
    // For zeros, the formula of a Poisson density gives numbers for negative rates too.
    let model = "dim obs\ndata y[obs]: count\nlatent a ~ normal(0, 3)\n\
                 let rate = a + 0.1 * a^2\nobserve y ~ poisson(rate + 0.1)";
    let case = case(model, r#"{"y": [0, 0, 0]}"#);
    let rates = case.fitted.sites.iter().find(|site| site.names == ["rate"]).expect("the rate is reported");
    let weights = case.fitted.weights.clone().unwrap_or_else(|| vec![1.0; case.fitted.count]);
    for (rate, weight) in rates.values.iter().zip(weights) {
        assert!(*rate + 0.1 >= 0.0 || weight < 1e-300, "a negative rate {rate} has weight {weight}");
    }
    assert!(case.fitted.fit.faults.undefined > 0);
    let fault = case.fault();
    assert!(case.labels()[0].1.starts_with("the mean of `poisson` is -"), "{fault:?}");
    agrees_with_the_replay(&case, "a");
}

#[test]
fn a_covariance_that_is_not_positive_definite_is_traced() {
    // Both the density's best place and half of the prior are beyond the matrices that are covariances.
    let model = "dim k = 2\ndim obs\ndata y[obs, k]: real\nlatent r ~ normal(3, 1)\n\
                 let S[i: k, j: k] = if i == j then 1.0 else r / 3\nobserve y ~ multi_normal(0, S)";
    let case = case(model, r#"{"y": [[1, 1.01], [-0.4, -0.41], [0.3, 0.3]]}"#);
    let position = case.fitted.fit.faults.first.first().expect("a fault").position.clone();
    let moment = driver::fault::Moment::Evaluation { number: 1, seed: SEED };
    let traced =
        driver::fault::at_evaluation(&case.bound, &case.objective, &position, moment).expect("a trace");
    let said = traced.diagnostic.labels[0].text.clone();
    assert!(said.contains("of `multi_normal`") && said.contains("positive definite"), "{said}");
}

#[test]
fn an_infinite_slope_is_traced_to_its_latent() {
    let case =
        case("latent a ~ normal(0, 1) using reparam\nlatent b ~ normal(0, 1)\npotential -sqrt(abs(b))", "{}");
    let moment = driver::fault::Moment::Evaluation { number: 1, seed: SEED };
    let traced = driver::fault::at_evaluation(&case.bound, &case.objective, &[0.3, 0.0], moment);
    let message = traced.expect("a trace").diagnostic.message;
    assert!(message.starts_with("the slope of the log density in `b` is not a number"), "{message}");
    assert!(driver::fault::at_evaluation(&case.bound, &case.objective, &[0.3, 0.2], moment).is_none());
}

#[test]
fn a_step_that_was_rejected_on_the_way_to_a_good_fit_is_not_mentioned() {
    let model = "dim obs\ndata y[obs]: real\nlatent a ~ normal(40, 1)\nobserve y ~ normal(sqrt(a + 1), 0.1)";
    let source = format!("{model}\n");
    let case = case(&source, r#"{"y": [6.4, 6.3, 6.5]}"#);
    assert_eq!(case.fitted.fit.verdict, Verdict::Trust, "{:?}", case.fitted.fit.reasons);
    assert!(case.fitted.fit.faults.undefined > 0, "the starts around 0 reach below -1");
    assert!(case.fitted.fault.is_none());
}

#[test]
fn every_evaluation_can_be_made_again() {
    let case = case(OVERFLOW, r#"{"x": [0, 1, 0], "y": [0.5, 1.5, 2.5]}"#);
    for number in [1, 2, 40, case.fitted.fit.evaluations] {
        let run = (2, &mut Unwatched as &mut dyn vic::inference::Watch);
        let replay = driver::replay::replay(&case.bound, &case.objective, &options(), run, number);
        let replay = replay.unwrap_or_else(|| panic!("evaluation {number}"));
        let sum: f64 = replay.terms.iter().map(|(_, term)| term).sum();
        assert!(sum.is_nan() == replay.log_density.is_nan());
        assert!(sum.is_nan() || (sum - replay.log_density).abs() < 1e-9 * (1.0 + sum.abs()), "{replay:?}");
    }
    let run = (1, &mut Unwatched as &mut dyn vic::inference::Watch);
    let beyond = case.fitted.fit.evaluations + 1;
    assert!(driver::replay::replay(&case.bound, &case.objective, &options(), run, beyond).is_none());
}

#[test]
fn a_guide_that_did_not_converge_names_what_still_moves() {
    // Separated data and a flat prior: the slope's bound rises for ever.
    let model = "dim obs\ndata x[obs]: real\ndata y[obs]: bool\nlatent a ~ normal(0, 1)\nlatent slope ~ flat\n\
                 observe y ~ bernoulli(logit = a + slope * x)";
    let case = case(model, r#"{"x": [-2, -1, 1, 2], "y": [0, 0, 1, 1]}"#);
    let fit = &case.fitted.fit;
    assert_ne!(fit.verdict, Verdict::Trust);
    if let Some((name, step)) = fit.moving.first() {
        assert_eq!(name, "slope");
        assert!(step.abs() > 0.01);
        assert!(
            fit.reasons.iter().any(|reason| reason.contains("`slope` would still move by")),
            "{:?}",
            fit.reasons
        );
    }
}
