//! Learned values against closed forms, enumeration and the distance to their neighbours.

use serde_json::{Value, json};

use vic::data::BoundModel;
use vic::driver::learn::{Learning, learn};
use vic::driver::{self};
use vic::inference::learning::Ending;
use vic::inference::{Options, Unwatched, Verdict};
use vic::lower::{Limits, learned};
use vic::source::Source;

use super::close;

fn bind(text: &str, data: &Value) -> BoundModel {
    let checked = driver::check(&Source::new("model.vi", text.to_string()));
    let model = checked.model.unwrap_or_else(|| panic!("{text}\n{:#?}", checked.diagnostics));
    let (bound, diagnostics) = driver::bind(&model, &[Source::new("data.json", data.to_string())]);
    bound.unwrap_or_else(|| panic!("{text}\n{diagnostics:#?}"))
}

fn search(text: &str, data: &Value) -> Learning {
    let bound = bind(text, data);
    let found = learn(&bound, &Limits::default(), &Options::default(), (1, &mut Unwatched));
    found.unwrap_or_else(|refusal| panic!("{refusal:#?}")).expect("something is learned")
}

fn values(learning: &Learning, name: &str) -> Vec<f64> {
    let bound = &learning.bound;
    let site = learned(bound.model()).into_iter().find(|site| bound.model().site(*site).name == name);
    bound.bindings().values[site.expect("it is learned").0].clone().expect("it has a value").values.to_vec()
}

const Y: [f64; 7] = [1.0, 2.5, 0.3, 4.1, 2.2, 3.3, 1.7];

fn moments(y: &[f64]) -> (f64, f64) {
    let mean = y.iter().sum::<f64>() / y.len() as f64;
    (mean, y.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / y.len() as f64)
}

#[test]
fn a_mean_and_a_scale_are_those_of_the_data() {
    let text =
        "dim obs\ndata y[obs]: real\nlearn mu\nlearn sigma: positive init 2\nobserve y ~ normal(mu, sigma)\n";
    let found = search(text, &json!({"y": Y}));
    let (mean, variance) = moments(&Y);
    assert_eq!((&found.ending, found.starts), (&Ending::Maximum, 4));
    close(values(&found, "mu")[0], mean, 1e-5);
    close(values(&found, "sigma")[0], variance.sqrt(), 1e-5);
}

#[test]
fn shares_over_a_simplex_are_those_of_the_counts() {
    let text = "dim kind = 3\ndim obs\ndata z[obs]: kind\nlearn p[kind]: simplex init [0.2, 0.3, 0.5]\n\
                observe z ~ categorical(p)\n";
    let found = search(text, &json!({"z": [1, 2, 2, 3, 2, 1, 2, 3, 3, 2]}));
    for (found, wanted) in values(&found, "p").into_iter().zip([0.2, 0.5, 0.3]) {
        close(found, wanted, 1e-5);
    }
}

const GROUPS: &str =
    "dim g, obs\ndata of[obs]: g\ndata y[obs]: real\nlearn mu init mean(y)\nlearn tau: positive init 1\n";

/// Rows of groups of three, without pattern.
fn grouped() -> Value {
    let of: Vec<usize> = (0..18).map(|k| k / 3 + 1).collect();
    let y: Vec<f64> =
        of.iter().enumerate().map(|(k, g)| (*g as f64 * 2.1).sin() * 2.0 + (k as f64 * 1.3).cos()).collect();
    json!({"of": of, "y": y})
}

/// With groups of n rows of variance 1 the group means have the variance tau^2 + 1 / n.
#[test]
fn a_location_and_a_scale_of_effects_are_those_of_the_marginal_likelihood() {
    let data = grouped();
    let y: Vec<f64> = data["y"].as_array().expect("a list").iter().filter_map(Value::as_f64).collect();
    let means: Vec<f64> = y.chunks(3).map(|rows| rows.iter().sum::<f64>() / 3.0).collect();
    let (mean, variance) = moments(&means);
    // Integrated out together, and in the guide, whose Gaussian is exact here but is sought for each step to a tolerance.
    for (using, tolerance) in [("", 1e-4), (" using reparam", 1e-3)] {
        let text = format!("{GROUPS}latent a[g] ~ normal(mu, tau){using}\nobserve y ~ normal(a[of], 1)\n");
        let found = search(&text, &data);
        assert_eq!(found.ending, Ending::Maximum);
        close(values(&found, "mu")[0], mean, tolerance);
        close(values(&found, "tau")[0], (variance - 1.0 / 3.0).sqrt(), tolerance);
        let objective = driver::lower(&found.bound).expect("nothing to refuse");
        let fitted = driver::fit(&found.bound, &objective, &Options::default(), 1, &mut Unwatched);
        assert_eq!(fitted.fit.verdict, Verdict::Trust);
    }
}

const BELIEFS: &str = "dim image, pixel\ndim h1 = 3\ndim h2 = 2\ndata x[image, pixel]: bool\n\
    learn W2[h2, h1] init normal(0, 0.5)\nlearn c1[h1]\nlearn W1[h1, pixel] init normal(0, 0.5)\nlearn c0[pixel]\n\
    latent top[image, h2] ~ bernoulli(0.5)\nlatent mid[image, h1] ~ bernoulli(logit = top @ W2 + c1)\n\
    observe x ~ bernoulli(logit = mid @ W1 + c0)\n";

fn log_bernoulli(on: bool, logit: f64) -> f64 {
    -(if on { -logit } else { logit }).exp().ln_1p()
}

/// log p(x) of a two-layer belief net, all states of each image added up.
fn beliefs(x: &[[bool; 4]], [w2, c1, w1, c0]: [&[f64]; 4]) -> f64 {
    let each = x.iter().map(|x| {
        let mut logs: Vec<f64> = Vec::new();
        for (top, mid) in (0..4).flat_map(|top| (0..8).map(move |mid| (top, mid))) {
            let on = |states: usize, k: usize| states >> k & 1 == 1;
            let mut log = 0.25f64.ln();
            for j in 0..3 {
                let logit = c1[j] + (0..2).filter(|&i| on(top, i)).map(|i| w2[i * 3 + j]).sum::<f64>();
                log += log_bernoulli(on(mid, j), logit);
            }
            for (p, &x) in x.iter().enumerate() {
                let logit = c0[p] + (0..3).filter(|&j| on(mid, j)).map(|j| w1[j * 4 + p]).sum::<f64>();
                log += log_bernoulli(x, logit);
            }
            logs.push(log);
        }
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        most + logs.iter().map(|log| (log - most).exp()).sum::<f64>().ln()
    });
    each.sum()
}

/// Every image by itself, so that the sums visit the states of one image at a time; and at the weights that are found the
/// likelihood is that of enumeration, and no neighbour has a greater one.
#[test]
fn weights_of_a_belief_net_have_the_greatest_likelihood_near_by() {
    let x: Vec<[bool; 4]> = (0..30).map(|k| [k % 3 == 0, k % 2 == 0, k % 5 < 2, (k * 7) % 4 == 1]).collect();
    let found = search(BELIEFS, &json!({"x": x}));
    let parts = ["W2", "c1", "W1", "c0"].map(|name| values(&found, name));
    let at = |parts: &[Vec<f64>; 4]| beliefs(&x, parts.each_ref().map(Vec::as_slice));
    let best = at(&parts);
    let objective = driver::lower(&found.bound).expect("all is summed");
    let visited: f64 = objective.sums.iter().map(|sum| sum.cost).sum();
    assert_eq!(visited, 30.0 * (4.0 * 8.0 + 8.0));
    let fitted = driver::fit(&found.bound, &objective, &Options::default(), 1, &mut Unwatched);
    close(fitted.fit.elbo.value, best, 1e-9);
    for (part, length) in parts.iter().map(Vec::len).enumerate() {
        for k in 0..length {
            for step in [-0.05, 0.05] {
                let mut moved = parts.clone();
                moved[part][k] += step;
                assert!(at(&moved) < best + 1e-4, "{part} {k} {step}: {} for {best}", at(&moved));
            }
        }
    }
}

fn is_told(text: &str, data: &Value, flat: &[&str]) {
    let found = search(text, data);
    let objective = driver::lower(&found.bound).expect("nothing to refuse");
    let mut fitted = driver::fit(&found.bound, &objective, &Options::default(), 1, &mut Unwatched);
    found.doubt(&mut fitted.fit);
    assert_eq!(fitted.fit.verdict, Verdict::Check, "{text}");
    match &found.ending {
        Ending::Maximum => panic!("{text}"),
        Ending::Unfinished | Ending::Unbounded => {}
        Ending::Flat(_) => assert_eq!(found.flat, flat, "{text}"),
    }
}

#[test]
fn what_has_no_maximum_is_told() {
    let rows = json!({"y": [1.0, 2.0, 4.0], "of": [1, 2, 3]});
    let scale = "dim obs\ndata y[obs]: real\ndata of[obs]: obs\nlearn m[obs]\nlearn s: positive init 1\n\
                 observe y ~ normal(m[of], s)\n";
    is_told(scale, &rows, &[]);
    let separated = "dim obs\ndata x[obs]: real\ndata y[obs]: bool\nlearn b init 0\nobserve y ~ bernoulli(logit = b * x)\n";
    is_told(separated, &json!({"x": [-2.0, -1.0, 1.0, 3.0], "y": [false, false, true, true]}), &["b"]);
    let sum = "dim obs\ndata y[obs]: real\nlearn a\nlearn b\nobserve y ~ normal(a + b, 1)\n";
    is_told(sum, &json!({"y": Y}), &["a", "b"]);
    let effects = "dim g\ndata y[g]: real\nlearn tau: positive init 1\nlatent a[g] ~ normal(0, tau)\n\
                   observe y ~ normal(a, 1)\n";
    is_told(effects, &json!({"y": [0.1, -0.2, 0.15, 0.05]}), &["tau"]);
}

/// Both means start alike, where the slope between them is 0 and the bound is a saddle.
#[test]
fn a_saddle_is_left() {
    let text = "dim obs\ndim k = 2\ndata y[obs]: real\nlearn m[k] init 0\n\
                let each[obs, j: k] = log_prob(normal(m[j], 1), y)\n\
                let row[i: obs] = log_sum_exp(each[i, j] over j: k)\npotential row\n";
    let y: Vec<f64> = (0..40).map(|i| if i % 2 == 0 { 3.0 } else { -3.0 } + (i as f64 * 1.7).sin()).collect();
    let found = search(text, &json!({"y": y}));
    assert_eq!(found.ending, Ending::Maximum);
    let mut means = values(&found, "m");
    means.sort_by(f64::total_cmp);
    assert!((means[0] + 3.0).abs() < 0.3 && (means[1] - 3.0).abs() < 0.3, "{means:?}");
}
