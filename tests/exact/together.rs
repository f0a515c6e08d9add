//! Latents that are normal together given everything else, against the density of the data by a dense covariance and
//! against the formulas of conditional normals.

use nalgebra::{DMatrix, DVector};
use serde_json::{Value, json};

use super::{Compiled, close, compile, generic, named};

/// A term of a location: the prior variances of coefficients, and for each row what they are multiplied by.
struct Design {
    mean: Vec<f64>,
    columns: Vec<Vec<f64>>,
    variances: Vec<f64>,
}

impl Design {
    /// Covariance of the data, without noise.
    fn covariance(&self) -> DMatrix<f64> {
        let n = self.mean.len();
        let mut sum = DMatrix::zeros(n, n);
        for (column, variance) in self.columns.iter().zip(&self.variances) {
            let column = DVector::from_column_slice(column);
            sum += &column * column.transpose() * *variance;
        }
        sum
    }
}

/// log N(y; m, C)
fn log_normal(y: &[f64], mean: &[f64], covariance: DMatrix<f64>) -> f64 {
    let gap = DVector::from_iterator(y.len(), y.iter().zip(mean).map(|(y, m)| y - m));
    let factor = covariance.cholesky().expect("positive definite");
    let half = factor.l().solve_lower_triangular(&gap).expect("not singular");
    let logs: f64 = factor.l().diagonal().iter().map(|x| x.ln()).sum();
    -0.5 * (y.len() as f64 * std::f64::consts::TAU.ln() + half.norm_squared()) - logs
}

fn number(k: usize) -> f64 {
    ((k * 7919 + 13) % 1009) as f64 / 504.5 - 1.0
}

fn one(model: &Compiled, position: &[f64], name: &str) -> f64 {
    named(&model.sites(position, 1), name).values[0]
}

const HIERARCHY: &str = "dim obs, group\ndata size_of[group]: real\ndata g[obs]: group\ndata x[obs]: real\ndata y[obs]: real\n\
    latent mu ~ normal(1, 5)\nlatent tau ~ half_normal(3)\nlatent theta[group] ~ normal(mu, tau)\n\
    latent slope ~ normal(0, precision = 0.25)\nlatent sigma ~ half_normal(2)\n\
    let centre[obs] = mu - 2 * slope * x\n\
    observe y ~ normal((theta[g] + centre - mu) / 2, sigma)\n";

fn hierarchy(rows: usize, shift: f64) -> Value {
    let rows = 0..rows;
    json!({
        "size_of": [0, 0, 0],
        "g": rows.clone().map(|k| 1 + k % 3).collect::<Vec<_>>(),
        "x": rows.clone().map(|k| 1.5 * number(k)).collect::<Vec<_>>(),
        "y": rows.map(|k| shift + 2.0 * number(k + 400)).collect::<Vec<_>>(),
    })
}

fn numbers(data: &Value, name: &str) -> Vec<f64> {
    data[name].as_array().expect("an array").iter().map(|x| x.as_f64().expect("a number")).collect()
}

/// Few rows, and so many that their sums are done once; data far away, where nothing may cancel.
#[test]
fn a_hierarchy_is_integrated_out() {
    for (rows, shift) in [(7, 0.0), (90, 0.0), (90, 3e4)] {
        let data = hierarchy(rows, shift);
        let model = compile(HIERARCHY, &data);
        assert_eq!(model.objective.layout.dimension, 2, "tau and sigma are left");
        let rest = compile(HIERARCHY, &json!({"size_of": [0, 0, 0], "g": [], "x": [], "y": []}));
        for scale in [1.0, -0.7] {
            let position: Vec<f64> = generic(2).iter().map(|u| scale * u).collect();
            model.check_gradient(&position);
            let (tau, sigma) = (one(&model, &position, "tau"), one(&model, &position, "sigma"));
            let g = numbers(&data, "g");
            let of_group = |k: usize| g.iter().map(|own| if *own == k as f64 { 0.5 } else { 0.0 }).collect();
            let mut columns: Vec<Vec<f64>> = (1..4).map(of_group).collect();
            columns.push(vec![0.5; rows]);
            columns.push(numbers(&data, "x").iter().map(|x| -x).collect());
            let variances = vec![tau * tau, tau * tau, tau * tau, 25.0, 4.0];
            let design = Design { mean: vec![0.5; rows], columns, variances };
            let noise = DMatrix::identity(rows, rows) * sigma * sigma;
            let truth = log_normal(&numbers(&data, "y"), &design.mean, design.covariance() + noise);
            close(model.density(&position), rest.density(&position) + truth, 1e-9);
        }
    }
}

const VARYING: &str = "dim obs, group\ndata g[obs]: group\ndata x[obs]: real\ndata y[obs]: real\n\
    latent tau ~ half_normal(3)\nlatent omega ~ half_normal(1)\nlatent sigma ~ half_normal(2)\n\
    latent mu ~ normal(1, 5)\nlatent beta ~ normal(0, 2)\n\
    latent theta[group] ~ normal(mu, tau)\nlatent gamma[group] ~ normal(beta, omega)\n\
    observe y ~ normal(theta[g] + gamma[g] * x, sigma)\n";

/// Intercepts and slopes that vary over more groups than a matrix of all would allow: they go cell by cell.
#[test]
fn groups_go_cell_by_cell() {
    let (groups, rows, count) = (40, 130, 8_000);
    let g: Vec<usize> = (0..rows).map(|k| 1 + (k * 7 + k / 40) % groups).collect();
    let x: Vec<f64> = (0..rows).map(|k| 1.5 * number(k)).collect();
    let y: Vec<f64> = (0..rows).map(|k| 3.0 * number(k + 400)).collect();
    let model = compile(VARYING, &json!({"g": g, "x": x, "y": y}));
    assert_eq!(model.objective.layout.dimension, 3, "scales are left");
    for scale in [1.0, -0.7, -3.0] {
        let position: Vec<f64> = generic(3).iter().map(|u| scale * u).collect();
        model.check_gradient(&position);
        let [tau, omega, sigma] = ["tau", "omega", "sigma"].map(|name| one(&model, &position, name));
        let of_group = |k: usize, by: &dyn Fn(usize) -> f64| -> Vec<f64> {
            (0..rows).map(|i| if g[i] == k { by(i) } else { 0.0 }).collect()
        };
        let mut columns: Vec<Vec<f64>> = (1..=groups).map(|k| of_group(k, &|_| 1.0)).collect();
        columns.extend((1..=groups).map(|k| of_group(k, &|i| x[i])));
        columns.extend([vec![1.0; rows], x.clone()]);
        let variances = [vec![tau * tau; groups], vec![omega * omega; groups], vec![25.0, 4.0]].concat();
        let design = Design { mean: vec![1.0; rows], columns, variances };
        let noise = DMatrix::identity(rows, rows) * sigma * sigma;
        let half = |x: f64, s: f64| {
            0.5 * (2.0 / std::f64::consts::PI).ln() - s.ln() - 0.5 * (x / s).powi(2) + x.ln()
        };
        let priors = half(tau, 3.0) + half(omega, 1.0) + half(sigma, 2.0);
        let truth = log_normal(&y, &design.mean, design.covariance() + &noise) + priors;
        close(model.density(&position), truth, 1e-9);
        // Given the data, a slope of a group with the mean of all.
        let gain = (design.covariance() + noise).try_inverse().expect("positive definite");
        let gap = DVector::from_iterator(rows, y.iter().map(|y| y - 1.0));
        let with = |k: usize, shared: usize| {
            let own = DVector::from_column_slice(&design.columns[k]) * design.variances[k];
            own + DVector::from_column_slice(&design.columns[shared]) * design.variances[shared]
        };
        let beta = DVector::from_column_slice(&x) * 4.0;
        let gamma = with(groups + 2, 2 * groups + 1);
        let drawn = model.sites(&position, count);
        let mean = |of: &[f64]| of.iter().sum::<f64>() / count as f64;
        let slopes: Vec<f64> =
            named(&drawn, "gamma").values.iter().skip(2).step_by(groups).copied().collect();
        let shared = &named(&drawn, "beta").values;
        for (found, cross, prior) in [(&slopes, &gamma, omega * omega + 4.0), (shared, &beta, 4.0)] {
            let wanted = cross.dot(&(&gain * &gap));
            let variance = prior - cross.dot(&(&gain * cross));
            let error = variance.sqrt() / (count as f64).sqrt();
            assert!((mean(found) - wanted).abs() < 5.0 * error, "{}, not {wanted}", mean(found));
            let spread = mean(&found.iter().map(|x| (x - wanted).powi(2)).collect::<Vec<_>>());
            assert!((spread / variance - 1.0).abs() < 0.08, "{spread}, not {variance}");
        }
        let both: Vec<f64> =
            slopes.iter().zip(shared).map(|(a, b)| (a - mean(&slopes)) * (b - mean(shared))).collect();
        let wanted = 4.0 - gamma.dot(&(&gain * &beta));
        assert!((mean(&both) - wanted).abs() < 0.05 * (omega * omega + 4.0), "{}, not {wanted}", mean(&both));
    }
}

/// Effects that are correlated within a subject: a cell has several elements.
#[test]
fn correlated_effects_go_cell_by_cell() {
    let text = "dim obs, subject\ndim effect = 2\ndata who[obs]: subject\ndata x[obs]: real\ndata y[obs]: real\n\
                latent s[effect] ~ half_normal(2)\nlatent g[effect] ~ normal(0, 3)\n\
                let R[i: effect, j: effect] = if i == j then 1.0 else 0.6\n\
                latent b[subject, effect] ~ multi_normal(g, sd = s, corr = R)\n\
                observe y ~ normal(b[who, 1] + b[who, 2] * x, 0.8)\n";
    let (subjects, rows) = (9, 40);
    let who: Vec<usize> = (0..rows).map(|k| 1 + (k * 5 + k / 9) % subjects).collect();
    let x: Vec<f64> = (0..rows).map(|k| 1.5 * number(k)).collect();
    let y: Vec<f64> = (0..rows).map(|k| 3.0 * number(k + 400)).collect();
    let model = compile(text, &json!({"who": who, "x": x, "y": y}));
    assert_eq!(model.objective.layout.dimension, 2, "standard deviations are left");
    let position = generic(2);
    model.check_gradient(&position);
    let s = named(&model.sites(&position, 1), "s").values.clone();
    let covariance = DMatrix::from_fn(rows, rows, |i, j| {
        let shared = 9.0 * (1.0 + x[i] * x[j]);
        let cross = 0.6 * s[0] * s[1] * (x[i] + x[j]);
        let own = s[0] * s[0] + cross + s[1] * s[1] * x[i] * x[j];
        let noise = if i == j { 0.64 } else { 0.0 };
        shared + noise + if who[i] == who[j] { own } else { 0.0 }
    });
    let half =
        |x: f64| 0.5 * (2.0 / std::f64::consts::PI).ln() - 2f64.ln() - 0.5 * (x / 2.0).powi(2) + x.ln();
    let truth = log_normal(&y, &vec![0.0; rows], covariance) + half(s[0]) + half(s[1]);
    close(model.density(&position), truth, 1e-9);
}

/// Draws have the mean and the covariance of a normal given the data.
#[test]
fn draws_are_joint() {
    let (rows, count) = (7, 20_000);
    let data = hierarchy(rows, 0.0);
    let model = compile(HIERARCHY, &data);
    let position = generic(2);
    let (tau, sigma) = (one(&model, &position, "tau"), one(&model, &position, "sigma"));
    let g = numbers(&data, "g");
    // theta, slope as functions of mu, three deviations of groups, and the slope itself: all independent a priori.
    let variances = DVector::from_vec(vec![25.0, tau * tau, tau * tau, tau * tau, 4.0]);
    let x = numbers(&data, "x");
    let design = DMatrix::from_fn(rows, 5, |i, j| match j {
        0 => 0.5,
        4 => -x[i],
        group => {
            if g[i] == group as f64 {
                0.5
            } else {
                0.0
            }
        }
    });
    let prior = DMatrix::from_diagonal(&variances);
    let noise = DMatrix::identity(rows, rows) * sigma * sigma;
    let total = &design * &prior * design.transpose() + noise;
    let gain = &prior * design.transpose() * total.try_inverse().expect("positive definite");
    let y = DVector::from_vec(numbers(&data, "y"));
    let mean = &gain * y.map(|y| y - 0.5);
    let covariance = &prior - &gain * &design * &prior;
    // theta[1], theta[3], slope
    let read = DMatrix::from_row_slice(3, 5, &[1., 1., 0., 0., 0., 1., 0., 0., 1., 0., 0., 0., 0., 0., 1.]);
    let wanted_mean = &read * mean + DVector::from_vec(vec![1.0, 1.0, 0.0]);
    let wanted = &read * covariance * read.transpose();
    let drawn = model.sites(&position, count);
    let (theta, slope) = (&named(&drawn, "theta").values, &named(&drawn, "slope").values);
    let row = |s: usize| DVector::from_vec(vec![theta[3 * s], theta[3 * s + 2], slope[s]]);
    let sum = (0..count).map(row).fold(DVector::zeros(3), |sum, row| sum + row) / count as f64;
    let mut spread = DMatrix::zeros(3, 3);
    for s in 0..count {
        let gap = row(s) - &sum;
        spread += &gap * gap.transpose() / count as f64;
    }
    for i in 0..3 {
        let sd = wanted[(i, i)].sqrt();
        assert!(
            (sum[i] - wanted_mean[i]).abs() < 5.0 * sd / (count as f64).sqrt(),
            "{i}: {} {}",
            sum[i],
            wanted_mean[i]
        );
        for j in 0..3 {
            let scale = sd * wanted[(j, j)].sqrt();
            assert!((spread[(i, j)] - wanted[(i, j)]).abs() < 0.05 * scale, "{i}, {j}: {spread} {wanted}");
        }
    }
}

/// What is computed from a latent follows it to its draws, though a product with its constant scale is written otherwise.
#[test]
fn lets_follow_the_draws() {
    let text = "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent s ~ half_normal(1)\nlatent a ~ normal(0, 2)\n\
                let twice = s * a\nobserve y ~ normal(twice * x, 1)\n";
    let model = compile(text, &json!({"x": [0.4, 1.2, -0.7], "y": [1.0, 2.2, -0.4]}));
    assert_eq!(model.objective.layout.dimension, 1, "s is left");
    let sites = model.sites(&generic(1), 50);
    let [s, a, twice] = ["s", "a", "twice"].map(|name| named(&sites, name).values.clone());
    assert!(a.windows(2).any(|pair| pair[0] != pair[1]));
    for k in 0..50 {
        close(twice[k], s[k] * a[k], 1e-12);
    }
}

/// A discrete latent that is kept is among what is given: each of its values has a normal of its own.
#[test]
fn slopes_beside_inclusion() {
    let text = "dim obs, pred\ndata X[obs, pred]: real\ndata y[obs]: real\nlatent on[pred] ~ bernoulli(0.3) using local\n\
                latent tau ~ half_normal(1)\nlatent slab[pred] ~ normal(0, tau)\nlet b = on * slab\nobserve y ~ normal(X @ b, 0.7)\n";
    let (rows, columns) = (9, 4);
    let x: Vec<Vec<f64>> = (0..rows).map(|i| (0..columns).map(|j| number(31 * i + j)).collect()).collect();
    let y: Vec<f64> = (0..rows).map(|i| 1.5 * number(900 + i)).collect();
    let model = compile(text, &json!({"X": x, "y": y}));
    assert_eq!(model.objective.layout.dimension, 1, "tau is left");
    for on in [[0., 1., 1., 0.], [1., 1., 1., 1.], [0., 0., 0., 0.]] {
        let position = [&generic(1)[..], &on].concat();
        let tau = one(&model, &position, "tau");
        let column = |j: usize| x.iter().map(|row| row[j] * on[j]).collect();
        let design = Design {
            mean: vec![0.0; rows],
            columns: (0..columns).map(column).collect(),
            variances: vec![tau * tau; columns],
        };
        let noise = DMatrix::identity(rows, rows) * 0.49;
        let included: f64 = on.iter().map(|&z: &f64| if z == 1.0 { 0.3f64.ln() } else { 0.7f64.ln() }).sum();
        // half_normal(1) at tau, with the volume of exp.
        let of_tau = 0.5 * (2.0 / std::f64::consts::PI).ln() - 0.5 * tau * tau + tau.ln();
        let truth = log_normal(&y, &design.mean, design.covariance() + noise) + included + of_tau;
        close(model.density(&position), truth, 1e-9);
    }
}

/// Effects that could each leave by themselves leave with the mean that they have in common, and those without such stay by
/// themselves.
#[test]
fn effects_leave_with_their_mean() {
    let head = "dim school\ndata y[school]: real\ndata w[school]: real\ndata sd[school]: positive\n\
                latent mu ~ normal(1, 5)\nlatent tau ~ half_normal(3)\nlatent theta[school] ~ normal(mu, tau)\n\
                observe y ~ normal(theta, sd)\n";
    let schools = 9;
    let [y, w, sd]: [Vec<f64>; 3] = [(1, 8.0), (500, 4.0), (900, 0.0)]
        .map(|(from, size)| (from..from + schools).map(|k| size * number(k)).collect());
    let sd: Vec<f64> = sd.iter().enumerate().map(|(k, zero)| zero.abs() + 0.5 + 0.3 * k as f64).collect();
    for (rest, is_shared) in [
        ("latent eta[school] ~ normal(0, tau)\nobserve w ~ normal(eta, sd)\n", false),
        ("latent eta[school] ~ normal(mu, tau)\nobserve w ~ normal(eta, sd)\n", true),
    ] {
        let model = compile(&format!("{head}{rest}"), &json!({"y": y, "w": w, "sd": sd}));
        assert_eq!(model.objective.layout.dimension, 1, "tau is left");
        let alone = model.objective.centring.integrated.len() - model.objective.centring.together.len();
        assert_eq!(alone, usize::from(!is_shared), "eta goes with mu where it reads it");
        let position = [0.4];
        model.check_gradient(&position);
        let tau = one(&model, &position, "tau");
        let all = 2 * schools;
        let has_mean = |k: usize| k < schools || is_shared;
        let mean: Vec<f64> = (0..all).map(|k| f64::from(u8::from(has_mean(k)))).collect();
        let design = Design { columns: vec![mean.clone()], mean, variances: vec![25.0] };
        let own =
            DMatrix::from_fn(all, all, |i, j| if i == j { tau * tau + sd[i % schools].powi(2) } else { 0.0 });
        let data: Vec<f64> = y.iter().chain(&w).copied().collect();
        let of_tau = 0.5 * (2.0 / std::f64::consts::PI).ln() - 3f64.ln() - tau * tau / 18.0 + tau.ln();
        let truth = log_normal(&data, &design.mean, design.covariance() + own) + of_tau;
        close(model.density(&position), truth, 1e-9);
    }
}

/// A walk reads its own earlier elements, with missing data and a second branch.
#[test]
fn a_walk_with_gaps() {
    let text = "dim time\ndata y[time]: real?\nlatent sd ~ half_normal(1)\n\
                latent x[t: time] ~ if t == 1 then normal(2, 3) else normal(0.9 * x[t-1], sd)\nobserve y ~ normal(x, 0.5)\n";
    let y = [Some(1.2), None, Some(-0.4), Some(0.3), None, Some(2.2)];
    let model = compile(text, &json!({"y": y}));
    assert_eq!(model.objective.layout.dimension, 1, "sd is left");
    let position = generic(1);
    model.check_gradient(&position);
    let sd = one(&model, &position, "sd");
    // x is a sum of what comes in at each step, weighted by powers of 0.9.
    let steps = y.len();
    let coefficient = |t: usize, s: usize| if s <= t { 0.9f64.powi((t - s) as i32) } else { 0.0 };
    let seen: Vec<usize> = (0..steps).filter(|t| y[*t].is_some()).collect();
    let design = Design {
        mean: seen.iter().map(|&t| 2.0 * coefficient(t, 0)).collect(),
        columns: (0..steps).map(|s| seen.iter().map(|&t| coefficient(t, s)).collect()).collect(),
        variances: (0..steps).map(|s| if s == 0 { 9.0 } else { sd * sd }).collect(),
    };
    let observed: Vec<f64> = seen.iter().filter_map(|&t| y[t]).collect();
    let noise = DMatrix::identity(seen.len(), seen.len()) * 0.25;
    let of_sd = 0.5 * (2.0 / std::f64::consts::PI).ln() - 0.5 * sd * sd + sd.ln();
    close(
        model.density(&position),
        log_normal(&observed, &design.mean, design.covariance() + noise) + of_sd,
        1e-9,
    );
}

/// Which latents go together: not one that is multiplied by another, or that something else reads.
#[test]
fn what_does_not_belong_stays() {
    let head =
        "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent a ~ normal(0, 1)\nlatent b ~ normal(0, 1)\n";
    let data = json!({"x": [0.3, -1.2, 0.8], "y": [1.0, 0.2, 0.4]});
    for (rest, left) in [
        ("observe y ~ normal(a + b * x, 1)\n", 0),
        ("observe y ~ normal(a * b * x, 1)\n", 1),
        ("observe y ~ normal(a + exp(b) * x, 1)\n", 1),
        ("observe y ~ normal(a + b * x, exp(b))\n", 1),
        ("observe y ~ student_t(4, a + b * x, 1)\n", 2),
        ("observe y ~ normal(a + b * x, 1)\npotential -b^4\n", 1),
        ("observe y ~ normal(if a > 0 then x else b * x, 1)\n", 1),
        ("observe y ~ normal(sum(a * x) + cumsum(b * x over obs), 1)\n", 0),
        ("let m[o: obs] = if o == 1 then a else 0.5 * m[o-1] + b\nobserve y ~ normal(m, 1)\n", 2),
        ("latent c ~ normal(a, 1) using reparam\nobserve y ~ normal(b * x + c, 1)\n", 2),
        ("latent k ~ bernoulli(0.5)\nobserve y ~ normal(a * x + b * k, 1)\n", 2),
    ] {
        let model = compile(&format!("{head}{rest}"), &data);
        assert_eq!(model.objective.layout.dimension, left, "{rest}");
    }
}
