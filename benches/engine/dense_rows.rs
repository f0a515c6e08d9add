//! Rows for normal latents that are integrated out: by one dense factorisation, or by many small ones side by side.

use std::fmt::Write;

use nalgebra::DMatrix;
use vic::graph::Node;
use vic::lower::Objective;

use crate::evaluation::Evaluation;
use crate::measure::{Work, interleaved};
use crate::models;
use crate::objective::compile;
use crate::report::Report;

/// Groups, and rows of each.
const GROUPS: usize = 500;
const ROWS: usize = 10;
/// Steps of the walk.
const STEPS: usize = 100;

/// All rows.
pub fn run(report: &mut Report) {
    if report.wants("dense") {
        dense(report);
    }
    for (name, make) in [("intercepts", intercepts as fn() -> Objective), ("slopes", slopes)] {
        let name = format!("small_{name}");
        if report.wants(&name) {
            small(report, &name, &make());
        }
    }
}

fn list(values: impl Iterator<Item = f64>) -> String {
    let mut text = "[".to_string();
    for value in values {
        let _ = write!(text, "{}{value:.4}", if text.len() > 1 { ", " } else { "" });
    }
    text + "]"
}

/// A random walk seen with noise: a matrix of 100 rows.
fn walk() -> Objective {
    let text = format!(
        "dim time = {STEPS}\ndata y[time]: real\nlatent drift ~ half_normal(1)\nlatent noise ~ half_normal(1)\n\
         latent level[t: time] ~ if t == 1 then normal(0, 3) else normal(level[t-1], drift)\n\
         observe y ~ normal(level, noise)\n"
    );
    compile(&text, &format!("{{\"y\": {}}}", list(models::numbers(2, STEPS).into_iter())))
}

fn grouped(text: &str) -> Objective {
    let rows = GROUPS * ROWS;
    let group = list((0..rows).map(|row| (row % GROUPS + 1) as f64).map(f64::trunc)).replace(".0000", "");
    let data = format!(
        "{{\"group\": {group}, \"x\": {}, \"y\": {}}}",
        list(models::numbers(1, rows).into_iter()),
        list(models::numbers(2, rows).into_iter()),
    );
    let head = format!(
        "dim obs\ndim g = {GROUPS}\ndata group[obs]: g\ndata x[obs]: real\ndata y[obs]: real\n\
         latent sigma ~ half_normal(1)\nlatent mu ~ normal(0, 3)\nlatent tau ~ half_normal(1)\n\
         latent a[g] ~ normal(mu, tau)\n"
    );
    compile(&format!("{head}{text}"), &data)
}

/// An intercept for each group.
fn intercepts() -> Objective {
    grouped("latent b ~ normal(0, 1)\nobserve y ~ normal(a[group] + b * x, sigma)\n")
}

/// An intercept and a slope for each group.
fn slopes() -> Objective {
    grouped(
        "latent nu ~ normal(0, 3)\nlatent omega ~ half_normal(1)\nlatent b[g] ~ normal(nu, omega)\n\
         observe y ~ normal(a[group] + b[group] * x, sigma)\n",
    )
}

/// Value; value and gradient for 1, 8 and 10 samples; product with the Hessian for 1 and 8.
fn evaluations(objective: &Objective) -> Vec<Evaluation> {
    let value = vec![objective.log_joint];
    let gradient: Vec<Node> = value.iter().chain(&objective.gradient).copied().collect();
    let product = objective.hessian_vector.clone();
    let roots = [(&value, 1), (&gradient, 1), (&gradient, 8), (&gradient, 10), (&product, 1), (&product, 8)];
    let width = objective.width();
    roots.map(|(roots, samples)| Evaluation::new(&objective.graph, roots, width, samples)).into()
}

const NAMES: [&str; 6] = ["value", "gradient", "gradient S=8", "gradient S=10", "product", "product S=8"];

fn note(report: &mut Report, name: &str, times: &[f64]) {
    let cells = NAMES.iter().zip(times).map(|(name, time)| format!("{name} {:.1} us", time * 1e6));
    report.note(&format!("{name}: {}", cells.collect::<Vec<_>>().join(", ")));
}

fn dense(report: &mut Report) {
    let mut evaluations = evaluations(&walk());
    let matrix =
        DMatrix::from_fn(STEPS, STEPS, |i, j| if i == j { 3.0 } else { 1.0 / (1 + i.abs_diff(j)) as f64 });
    let mut works: Vec<Work> = evaluations.iter_mut().map(|own| Box::new(|| own.call()) as Work).collect();
    works.push(Box::new(|| {
        std::hint::black_box(matrix.clone().cholesky());
    }));
    let (times, _) = interleaved(&mut works);
    note(report, "dense", &times);
    report.note(&format!("factorisation {:.1} us", times[6] * 1e6));
    report.target("dense_gradient_over_value", times[1] / times[0], 4.0);
    report.target("dense_product_over_gradient", times[4] / times[1], 4.0);
}

fn small(report: &mut Report, name: &str, objective: &Objective) {
    let mut evaluations = evaluations(objective);
    let mut works: Vec<Work> = evaluations.iter_mut().map(|own| Box::new(|| own.call()) as Work).collect();
    let (times, _) = interleaved(&mut works);
    note(report, name, &times);
    report.target(&format!("{name}_product_over_gradient"), times[4] / times[1], 2.0);
}
