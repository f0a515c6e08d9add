//! Data that may be missing: the density is that of the model in which the missing cells are no data at all.

use serde_json::{Value, json};

use super::{close, compile, generic};
use vic::posterior::observed_cells;

/// The same density, up to rounding, at generic positions.
fn agree((text, data): (&str, &Value), (other, rows): (&str, &Value)) {
    let (with, without) = (compile(text, data), compile(other, rows));
    assert_eq!(with.objective.width(), without.objective.width());
    for shift in 0..5 {
        let position: Vec<f64> =
            generic(with.objective.width()).iter().map(|x| x + 0.21 * f64::from(shift)).collect();
        close(with.density(&position), without.density(&position), 1e-12);
        with.check_gradient(&position);
    }
}

#[test]
fn a_missing_value_adds_nothing() {
    let model = "dim row, col\ndata y[row, col]: real?\nlatent m[col] ~ normal(0, 2)\nlatent s ~ half_normal(1)\nobserve y ~ normal(m, s)\n";
    let long = "dim obs\ndim col\ndata y[obs]: real\ndata c[obs]: col\nlatent m[col] ~ normal(0, 2)\nlatent s ~ half_normal(1)\nobserve y ~ normal(m[c], s)\n";
    agree(
        (model, &json!({"y": [[0.3, null, 1.2], [null, 2.0, -0.7]]})),
        (long, &json!({"y": [0.3, 1.2, 2.0, -0.7], "c": [1, 3, 2, 3]})),
    );
}

#[test]
fn a_number_may_stand_for_missing_values() {
    let model =
        |ty: &str| format!("dim obs\ndata k[obs]: {ty}\nlatent p ~ beta(2, 3)\nobserve k ~ binomial(9, p)\n");
    agree(
        (&model("count? missing -1"), &json!({"k": [4, -1, 7, -1]})),
        (&model("count"), &json!({"k": [4, 7]})),
    );
}

#[test]
fn sites_with_missing_visits() {
    let model = "dim site, visit\ndata y[site, visit]: bool?\nlatent a ~ normal(0, 2)\nlatent b ~ normal(0, 2)\nlatent z[site] ~ bernoulli(logit = a)\nobserve y[i: site, j: visit] ~ bernoulli(z[i] * inv_logit(b))\n";
    let data =
        json!({"y": [[true, null, false], [false, false, false], [null, null, null], [null, false, true]]});
    let compiled = compile(model, &data);
    let position = [0.4, -0.6];
    let (occupied, seen) = (1.0 / (1.0 + (-0.4f64).exp()), 1.0 / (1.0 + 0.6f64.exp()));
    let hidden = 1.0 - seen;
    // Each site apart: probability of what was seen there, over both of its states.
    let sites =
        [occupied * seen * hidden, occupied * hidden.powi(3) + 1.0 - occupied, 1.0, occupied * hidden * seen];
    let normal = |x: f64| -0.5 * (x / 2.0).powi(2) - 2.0f64.ln() - 0.5 * std::f64::consts::TAU.ln();
    let truth = normal(0.4) + normal(-0.6) + sites.iter().map(|p| p.ln()).sum::<f64>();
    close(compiled.density(&position), truth, 1e-12);
    compiled.check_gradient(&position);
}

#[test]
fn a_latent_may_stand_for_a_missing_predictor() {
    let model = "dim obs\ndata x[obs]: real?\ndata y[obs]: real\nlatent fill[obs] ~ normal(1, 2)\nlatent b ~ normal(0, 1)\nlet x_full[obs] = if is_missing(x) then fill else x\nobserve y ~ normal(b * x_full, 1)\n";
    let by_hand = "dim obs\ndata x[obs]: real\ndata gap[obs]: bool\ndata y[obs]: real\nlatent fill[obs] ~ normal(1, 2)\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * (if gap then fill else x), 1)\n";
    agree(
        (model, &json!({"x": [0.5, null, -1.0], "y": [1.0, 2.0, 0.1]})),
        (by_hand, &json!({"x": [0.5, 99.0, -1.0], "gap": [0, 1, 0], "y": [1.0, 2.0, 0.1]})),
    );
    let complete = "dim obs\ndata x[obs]: real?\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y[i: obs where not is_missing(x)] ~ normal(b * x[i], 1)\n";
    let dropped = "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * x, 1)\n";
    agree(
        (complete, &json!({"x": [0.5, null, -1.0], "y": [1.0, 2.0, 0.1]})),
        (dropped, &json!({"x": [0.5, -1.0], "y": [1.0, 0.1]})),
    );
}

#[test]
fn missing_cells_are_no_points() {
    let model = "dim obs\ndata y[obs]: real?\nlatent m ~ normal(0, 2)\nobserve y ~ normal(m, 1)\n";
    let compiled = compile(model, &json!({"y": [0.3, null, 1.2]}));
    let names: Vec<String> = observed_cells(&compiled.bound).into_iter().map(|cell| cell.name).collect();
    assert_eq!(names, ["y[1]", "y[3]"]);
}
