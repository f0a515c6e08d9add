//! Leave-one-out prediction: against closed forms, against fits without each point, against another implementation on
//! the same draws, and the points themselves against sums over all states.
#![allow(clippy::disallowed_methods, reason = "tests read files")]

use serde_json::{Value, json};

use vic::data::BoundModel;
use vic::driver::{self, Fitted, compare};
use vic::inference::loo::{Loo, leave_one_out};
use vic::inference::{Options, Unwatched};
use vic::lower::{self, Centring, Limits, Objective};
use vic::posterior::{self, Draws, Row, SiteDraws, summarise};
use vic::source::Source;

fn bind(text: &str, data: &Value) -> BoundModel {
    let checked = driver::check(&Source::new("m.vi", text));
    let model = checked.model.unwrap_or_else(|| panic!("{text}\n{:?}", checked.diagnostics));
    let (bound, found) = driver::bind(&model, &[Source::new("d.json", data.to_string())]);
    bound.unwrap_or_else(|| panic!("{found:?}"))
}

fn fit(bound: &BoundModel) -> Fitted {
    let objective = driver::lower(bound).expect("it can be lowered");
    driver::fit(bound, &objective, &Options::default(), 1, &mut Unwatched)
}

fn loo_of(bound: &BoundModel) -> Loo {
    compare::assess("m", bound, &fit(bound)).expect("points").loo
}

fn log_normal(x: f64, mean: f64, variance: f64) -> f64 {
    -0.5 * (std::f64::consts::TAU * variance).ln() - 0.5 * (x - mean).powi(2) / variance
}

#[test]
fn a_conjugate_normal_is_predicted_as_its_closed_form() {
    let y = [1.2, -0.3, 0.8, 2.9, 1.1, 0.4, -1.0, 1.7, 0.2, 1.5];
    let text =
        "dim obs\ndata y[obs]: real\nlatent mu ~ normal(0.5, 2) using reparam\nobserve y ~ normal(mu, 1.5)\n";
    let bound = bind(text, &json!({ "y": y }));
    let assessed = compare::assess("m", &bound, &fit(&bound)).expect("points");
    let mut worst: f64 = 0.0;
    for (i, point) in assessed.loo.points.iter().enumerate() {
        let rest: f64 = y.iter().enumerate().filter(|(k, _)| *k != i).map(|(_, y)| y).sum();
        let precision = 1.0 / 4.0 + (y.len() - 1) as f64 / 2.25;
        let mean = (0.5 / 4.0 + rest / 2.25) / precision;
        let exact = log_normal(y[i], mean, 2.25 + 1.0 / precision);
        worst = worst.max((point.elpd - exact).abs());
        assert!(point.khat < assessed.loo.threshold(), "{}: {}", assessed.names[i], point.khat);
    }
    assert!(worst < 0.01, "{worst}");
    // The evidence by the chain rule: each point given those before it.
    let (mut precision, mut sum, mut evidence) = (0.25, 0.5 / 4.0, 0.0);
    for y in y {
        evidence += log_normal(y, sum / precision, 2.25 + 1.0 / precision);
        (precision, sum) = (precision + 1.0 / 2.25, sum + y / 2.25);
    }
    let found = assessed.log_evidence.expect("the weights are good").value;
    assert!((found - evidence).abs() < 0.01, "{found} {evidence}");
}

/// log of the mean, over weighted draws, of a density of the named scalars.
fn predictive(fitted: &Fitted, names: &[&str], density: impl Fn(&[f64]) -> f64) -> f64 {
    let column = |name: &&str| -> Vec<f64> {
        let site = fitted.sites.iter().find(|site| site.names[0] == **name).expect("a scalar");
        site.values.clone()
    };
    let columns: Vec<Vec<f64>> = names.iter().map(column).collect();
    let weight = |s: usize| fitted.weights.as_ref().map_or(1.0 / fitted.count as f64, |weights| weights[s]);
    let each = (0..fitted.count).map(|s| {
        let at: Vec<f64> = columns.iter().map(|column| column[s]).collect();
        weight(s) * density(&at).exp()
    });
    each.sum::<f64>().ln()
}

fn without<T: Clone>(values: &[T], i: usize) -> Vec<T> {
    values.iter().enumerate().filter(|(k, _)| *k != i).map(|(_, value)| value.clone()).collect()
}

#[test]
fn eight_schools_are_predicted_as_by_fits_without_each() {
    let text = include_str!("../models/eight_schools.vi");
    let y = [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0];
    let sigma = [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0];
    let loo = loo_of(&bind(text, &json!({ "y": y, "sigma": sigma })));
    let mut total = 0.0;
    for (i, point) in loo.points.iter().enumerate() {
        let rest = fit(&bind(text, &json!({ "y": without(&y, i), "sigma": without(&sigma, i) })));
        let exact = predictive(&rest, &["mu", "tau"], |at| {
            log_normal(y[i], at[0], at[1] * at[1] + sigma[i] * sigma[i])
        });
        total += exact;
        let allowed = if point.khat < loo.threshold() { 0.05 } else { 0.2 };
        assert!((point.elpd - exact).abs() < allowed, "{i}: {} {exact}, k-hat {}", point.elpd, point.khat);
    }
    assert!((loo.elpd().value - total).abs() < 0.2, "{} {total}", loo.elpd().value);
}

#[test]
fn a_regression_is_predicted_as_by_fits_without_each_row() {
    let text = "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent a ~ normal(0, 5)\nlatent b ~ normal(0, 5)\n\
                latent s ~ half_normal(3)\nobserve y ~ normal(a + b * x, s)\n";
    let x = [-1.6, -1.1, -0.9, -0.4, 0.0, 0.1, 0.6, 0.8, 1.3, 1.7, 2.0, 2.4];
    let y = [-2.1, -0.9, -1.6, 0.3, 0.2, 1.3, 1.0, 2.6, 2.2, 4.1, 3.6, 5.3];
    let loo = loo_of(&bind(text, &json!({ "x": x, "y": y })));
    for (i, point) in loo.points.iter().enumerate() {
        let rest = fit(&bind(text, &json!({ "x": without(&x, i), "y": without(&y, i) })));
        let exact =
            predictive(&rest, &["a", "b", "s"], |at| log_normal(y[i], at[0] + at[1] * x[i], at[2] * at[2]));
        let allowed = if point.khat < loo.threshold() { 0.05 } else { 0.3 };
        assert!((point.elpd - exact).abs() < allowed, "{i}: {} {exact}, k-hat {}", point.elpd, point.khat);
    }
}

/// A thousand draws of two numbers by formula, and the log densities of eight data at them.
fn formula() -> (Vec<f64>, Vec<f64>) {
    let y = [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0];
    let sigma = [7.5, 5.0, 8.0, 5.5, 4.5, 5.5, 5.0, 9.0f64];
    let mut densities = Vec::new();
    let mut weights = Vec::new();
    for s in 0..1000 {
        let place = f64::from(s + 1);
        let u = (place * 0.618_033_988_749_894_9).fract();
        let v = (place * 0.414_213_562_373_095_15 + 0.25).fract();
        let mu: f64 = 5.0 + 2.0 * (u / (1.0 - u)).ln();
        let tau: f64 = (1.0 + 0.5 * (v / (1.0 - v)).ln()).exp();
        densities
            .extend(y.iter().zip(&sigma).map(|(y, sigma)| log_normal(*y, mu, tau * tau + sigma * sigma)));
        weights.push(-0.3 * ((mu - 5.0).powi(2) / 20.0).ln_1p() + 0.2 * tau.ln());
    }
    (densities, weights)
}

fn close(found: f64, wanted: f64, what: &str) {
    assert!((found - wanted).abs() < 1e-6, "{what}: {found} for {wanted}");
}

/// Outside values: ArviZ 0.23.4, `az.loo(…, reff=1.0, pointwise=True)`.
#[test]
fn the_same_draws_give_the_numbers_of_arviz() {
    let (densities, _) = formula();
    let loo = leave_one_out(&densities, 1000, None);
    let elpd = [
        -8.373762017624276,
        -3.2885716664449918,
        -3.7630300484877592,
        -3.177681488002996,
        -4.76346351980442,
        -3.455568332174588,
        -7.724642366789617,
        -3.6226350464612374,
    ];
    let khat = [
        0.8935745698829098,
        0.6722923794764731,
        0.6274274393386376,
        0.5428183772099353,
        1.253435876078629,
        0.8853729548442031,
        1.2720533995723007,
        0.4084757625552089,
    ];
    for (i, point) in loo.points.iter().enumerate() {
        close(point.elpd, elpd[i], "elpd");
        close(point.khat, khat[i], "k-hat");
    }
    close(loo.elpd().value, -38.16935448578988, "elpd_loo");
    close(loo.effective_parameters().value, 8.124190531715357, "p_loo");
    // ArviZ divides the variance by N, the paper of 2017 and this by N - 1.
    close(loo.elpd().standard_error, 5.523161917137695 * (8.0f64 / 7.0).sqrt(), "se");
    assert_eq!(loo.unreliable(), [0, 1, 4, 5, 6]);
}

/// Outside values: ArviZ 0.23.4, `az.psislw(log_weights - log_likelihood, reff=1.0)`.
#[test]
fn weighted_draws_give_the_numbers_of_arviz() {
    let (densities, weights) = formula();
    let loo = leave_one_out(&densities, 1000, Some(&weights));
    let elpd = [
        -8.058372760247916,
        -3.271449943874291,
        -3.734450453486952,
        -3.195022245905843,
        -4.397348661777152,
        -3.4158555577148704,
        -7.265648922655336,
        -3.628947530390449,
    ];
    let khat = [
        0.7608818247234069,
        0.588318332419315,
        0.6878385550581677,
        0.508271485154972,
        1.172283015311839,
        0.7831998136216575,
        1.2294231604143195,
        0.5913585394849089,
    ];
    let lpd = [
        -5.992021784133136,
        -3.005070497363077,
        -3.562875733218619,
        -2.9992892147911556,
        -3.2880055309994827,
        -3.1138308318558314,
        -4.566522413723832,
        -3.521836957338162,
    ];
    for (i, point) in loo.points.iter().enumerate() {
        close(point.elpd, elpd[i], "elpd");
        close(point.khat, khat[i], "k-hat");
        close(point.lpd, lpd[i], "lpd");
    }
}

/// Names of the points and their log densities at one position.
fn points_at(text: &str, data: &Value, position: &[f64]) -> Vec<(String, f64)> {
    let bound = bind(text, data);
    let likelihood = lower::likelihood(&bound, &Centring::default(), &Limits::default()).expect("points");
    let points = posterior::points(&bound, &likelihood, position, 1);
    points.names.into_iter().zip(points.log_likelihood).collect()
}

fn assert_points(found: &[(String, f64)], wanted: &[(&str, f64)]) {
    assert_eq!(found.len(), wanted.len(), "{found:?}");
    for ((name, value), (wanted_name, wanted)) in found.iter().zip(wanted) {
        assert_eq!(name, wanted_name);
        assert!((value - wanted).abs() < 1e-9, "{name}: {value} for {wanted}");
    }
}

fn log_add(a: f64, b: f64) -> f64 {
    a.max(b) + (-(a - b).abs()).exp().ln_1p()
}

#[test]
fn a_point_is_a_cell_and_a_joint_value_is_one_point() {
    let text = "dim obs\ndim k = 2\ndata y[obs]: real\ndata w[obs, k]: real\ndata c: count\nlatent m ~ normal(0, 1)\n\
                let S[i: k, j: k] = if i == j then 2 else 0.5\nobserve y ~ normal(m, 2)\nobserve w ~ multi_normal(m, S)\n\
                observe c ~ poisson(exp(m))\n";
    let data = json!({ "y": [1.0, 3.0], "w": [[0.5, 1.5], [2.0, -1.0]], "c": 2 });
    let found = points_at(text, &data, &[0.7]);
    let joint = |a: f64, b: f64| {
        let (a, b) = (a - 0.7, b - 0.7);
        let square = (2.0 * a * a - a * b + 2.0 * b * b) / 3.75;
        -std::f64::consts::TAU.ln() - 0.5 * 3.75f64.ln() - 0.5 * square
    };
    let count = 2.0 * 0.7 - 0.7f64.exp() - 2.0f64.ln();
    let wanted = [
        ("y[1]", log_normal(1.0, 0.7, 4.0)),
        ("y[2]", log_normal(3.0, 0.7, 4.0)),
        ("w[1,_]", joint(0.5, 1.5)),
        ("w[2,_]", joint(2.0, -1.0)),
        ("c", count),
    ];
    assert_points(&found, &wanted);
}

#[test]
fn a_discrete_latent_joins_the_data_of_its_element() {
    let text = "dim person\ndim obs\ndata g[obs]: person\ndata y[obs]: real\ndata w[person]: real\nlatent m ~ normal(0, 1)\n\
                latent z[person] ~ bernoulli(0.3)\nobserve y ~ normal(m + 2 * z[g], 1)\nobserve w ~ normal(z, 1)\n";
    let (y, w, g) = ([0.4, 2.2, 1.0, -0.6], [0.9, 0.1], [1, 2, 1, 2]);
    let found = points_at(text, &json!({ "y": y, "w": w, "g": g }), &[0.25]);
    let person = |p: usize| {
        let given = |z: f64| {
            let own = (0..4).filter(|k| g[*k] == p + 1).map(|k| log_normal(y[k], 0.25 + 2.0 * z, 1.0));
            own.sum::<f64>() + log_normal(w[p], z, 1.0)
        };
        log_add(0.7f64.ln() + given(0.0), 0.3f64.ln() + given(1.0))
    };
    assert_points(&found, &[("y, w at person 1", person(0)), ("y, w at person 2", person(1))]);
}

#[test]
fn the_prior_of_a_latent_that_reads_a_discrete_one_is_no_part_of_a_point() {
    let text = "dim obs\ndata y[obs]: real\nlatent z[obs] ~ bernoulli(0.4)\nlatent t[obs] ~ normal(3 * z, 1)\n\
                observe y ~ normal(t + z, 0.5)\n";
    let (y, t) = ([1.0, 2.5], [0.2, 1.9]);
    let found = points_at(text, &json!({ "y": y }), &t);
    let point = |i: usize| {
        let prior = |z: f64, p: f64| f64::ln(p) + log_normal(t[i], 3.0 * z, 1.0);
        let data = |z: f64| log_normal(y[i], t[i] + z, 0.25);
        log_add(prior(0.0, 0.6) + data(0.0), prior(1.0, 0.4) + data(1.0))
            - log_add(prior(0.0, 0.6), prior(1.0, 0.4))
    };
    assert_points(&found, &[("y[1]", point(0)), ("y[2]", point(1))]);
}

#[test]
fn a_chain_is_one_point() {
    let text = "dim t\ndata y[t]: real\nlatent m ~ normal(0, 1)\n\
                latent z[t: t] ~ bernoulli(if t > 1 then (if z[t-1] then 0.8 else 0.3) else 0.4)\n\
                observe y ~ normal(m + z, 1)\n";
    let y = [0.3, 1.4, 1.1, -0.5];
    let found = points_at(text, &json!({ "y": y }), &[0.1]);
    let mut total = f64::NEG_INFINITY;
    for states in 0..16u32 {
        let z: Vec<bool> = (0..4).map(|t| states >> t & 1 == 1).collect();
        let mut log = 0.0;
        for t in 0..4 {
            let one: f64 = match t {
                0 => 0.4,
                _ if z[t - 1] => 0.8,
                _ => 0.3,
            };
            log += if z[t] { one.ln() } else { (1.0 - one).ln() };
            log += log_normal(y[t], 0.1 + f64::from(z[t]), 1.0);
        }
        total = if total.is_finite() { log_add(total, log) } else { log };
    }
    assert_points(&found, &[("y[_]", total)]);
}

#[test]
fn differences_are_paired() {
    let data = json!({ "y": [0.1, -0.4, 0.3, 1.2, 0.8, -0.2], "x": [0.0, -1.0, 0.5, 2.0, 1.0, -0.5] });
    let head = "dim obs\ndata y[obs]: real\ndata x[obs]: real\nlatent a ~ normal(0, 1)\n";
    let line = bind(&format!("{head}latent b ~ normal(0, 1)\nobserve y ~ normal(a + b * x, 0.5)\n"), &data);
    let level = bind(&format!("{head}observe y ~ normal(a, 0.5)\n"), &data);
    let assessed = [("line", &line), ("level", &level)]
        .map(|(name, bound)| compare::assess(name, bound, &fit(bound)).expect("points"));
    let gaps: Vec<f64> =
        assessed[0].loo.points.iter().zip(&assessed[1].loo.points).map(|(a, b)| b.elpd - a.elpd).collect();
    let sum: f64 = gaps.iter().sum();
    let spread: f64 = gaps.iter().map(|gap| (gap - sum / 6.0).powi(2)).sum::<f64>() / 5.0;
    let report = compare::report(assessed.to_vec(), 1);
    assert_eq!(report.models[0].model, "line");
    assert_eq!(report.models[0].difference.expect("the same points").value, 0.0);
    let gap = report.models[1].difference.expect("the same points");
    close(gap.value, sum, "difference");
    close(gap.se, (6.0 * spread).sqrt(), "its standard error");
}

/// Rows of the site of that name.
fn rows(
    (bound, objective): (&BoundModel, &Objective),
    draws: Draws,
    sites: &mut [SiteDraws],
    name: &str,
) -> Vec<Row> {
    posterior::summarise_long(bound, objective, draws, sites);
    let named = |site: &&SiteDraws| site.names[0].split('[').next() == Some(name);
    sites.iter().filter(named).flat_map(|site| summarise(site, draws.weights)).collect()
}

/// Beyond ten million numbers draws of a derived quantity are not kept. Its summary is that of draws put together from
/// parts, which are.
#[test]
fn long_derived_quantities_are_summarised_without_their_draws() {
    let text = "dim n\ndim p\ndim g\ndata x[n, p]: real\ndata group[n]: g\ndata y[n]: real\n\
        latent a ~ normal(0, 1) using reparam\nlatent b[p] ~ normal(0, 1) using reparam\n\
        latent u[g] ~ normal(0, 1) using reparam\nlet eta[n] = a + x @ b + u[group[n]]\nlet part[p, n] = exp(x[n, p] * b[p]) + eta[n]\n\
        observe y ~ normal(eta, 1)\n";
    let (n, count) = (1300, 4000);
    let number = |k: usize| (k as f64 * 0.61).sin();
    let x: Vec<[f64; 2]> = (0..n).map(|k| [number(k), number(k + n)]).collect();
    let group: Vec<usize> = (0..n).map(|k| 1 + k * 7 % 5).collect();
    let y: Vec<f64> = (0..n).map(|k| number(3 * k)).collect();
    let bound = bind(text, &json!({ "x": x, "group": group, "y": y, "g": 5 }));
    let objective = driver::lower(&bound).expect("it can be lowered");
    let positions: Vec<f64> = (0..count * objective.width()).map(|k| number(5 * k) + number(k * k)).collect();
    let weights: Vec<f64> = (0..count).map(|k| (1.5 + number(11 * k)) / (1.5 * count as f64)).collect();
    let draws = Draws { positions: &positions, count, weights: Some(&weights) };
    let evaluate = |positions: &[f64], count| posterior::evaluate(&bound, &objective, positions, count, 1);
    let mut long = evaluate(&positions, count);
    assert_eq!(long.iter().filter(|site| !site.has_draws()).count(), 1);
    let mut parts = positions.chunks(positions.len() / 2).map(|part| evaluate(part, count / 2));
    let mut whole = parts.next().expect("two parts");
    for part in parts {
        whole.iter_mut().zip(part).for_each(|(site, part)| site.values.extend(part.values));
    }
    assert!(whole.iter().all(|site| site.values.len() == site.names.len() * count), "a part is kept");
    let got = rows((&bound, &objective), draws, &mut long, "part");
    let want = rows((&bound, &objective), draws, &mut whole, "part");
    assert_eq!(want.len(), 2 * n);
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * b.abs().max(1.0);
    for (got, want) in got.iter().zip(&want) {
        assert_eq!(got.name, want.name);
        let numbers = |row: &Row| [row.mean, row.sd, row.q05, row.q50, row.q95, row.mcse];
        let pairs = numbers(got).into_iter().zip(numbers(want));
        assert!(pairs.into_iter().all(|(a, b)| close(a, b)), "{got:?} {want:?}");
    }
    assert_eq!(got.len(), want.len());
}
