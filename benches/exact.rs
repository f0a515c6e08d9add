//! Exact sums and delta kernels against what their formulas say: one line for each target, `TARGET name ratio bound pass|miss`,
//! after lines with what was measured. Arguments choose rows whose names contain one of them.
#![allow(clippy::disallowed_methods, reason = "benchmarks read variables and the clock")]
#![allow(clippy::print_stdout, reason = "a benchmark reports on standard output")]

#[path = "engine/measure.rs"]
mod measure;
#[path = "engine/objective.rs"]
mod objective;
#[path = "engine/report.rs"]
#[allow(dead_code, reason = "the engine's benchmark asks for rows by their names")]
mod report;

use std::fmt::Write;

use measure::{Work, interleaved};
use objective::compile;
use report::Report;
use vic::graph::{Graph, Node};
use vic::lower::Objective;
use vic::program::{Program, Workspace};

fn main() {
    let mut report = Report::from_arguments();
    if report.wants("hmm_time_exponent") {
        let lengths = [100, 316, 1000, 3162, 10_000];
        exponent(&mut report, ("hmm_time_exponent", 1.0), &lengths, |length| chain(length, 6));
    }
    if report.wants("hmm_state_exponent") {
        let states = [3, 10, 30, 100, 300];
        exponent(&mut report, ("hmm_state_exponent", 2.0), &states, |states| chain(40, states));
    }
    if report.wants("mixture_over_hand") {
        mixture(&mut report);
    }
    if report.wants("blanket_over_density") {
        blanket(&mut report);
    }
}

/// Nodes of a model at one position, to be computed over and over.
struct Evaluation {
    program: Program,
    workspace: Workspace,
    position: Vec<f64>,
    outputs: Vec<Vec<f64>>,
}

impl Evaluation {
    fn new(graph: &Graph, roots: &[Node], width: usize) -> Self {
        let program = Program::compile(graph, roots);
        Self {
            workspace: program.workspace(1),
            position: numbers(width).iter().map(|x| 0.4 * x).collect(),
            outputs: roots.iter().map(|&root| vec![0.0; graph.len_of(root)]).collect(),
            program,
        }
    }

    /// Value and gradient of a density.
    fn of(objective: &Objective) -> Self {
        let roots: Vec<Node> =
            std::iter::once(objective.log_joint).chain(objective.gradient.clone()).collect();
        Self::new(&objective.graph, &roots, objective.width())
    }

    fn call(&mut self) {
        let mut slices: Vec<&mut [f64]> = self.outputs.iter_mut().map(Vec::as_mut_slice).collect();
        self.program.run(&mut self.workspace, &self.position, &[], &mut slices);
    }
}

/// Generic numbers in (-1, 1).
fn numbers(count: usize) -> Vec<f64> {
    (0..count).map(|k| ((k as f64 * 0.754_877_666).fract() * 2.0 - 1.0) * 0.98).collect()
}

fn list(values: &[f64]) -> String {
    let mut text = "[".to_string();
    for value in values {
        let _ = write!(text, "{}{value:.6}", if text.len() > 1 { ", " } else { "" });
    }
    text + "]"
}

/// A hidden Markov model.
fn chain(length: usize, states: usize) -> Objective {
    let text = format!(
        "dim time\ndim state = {states}\ndata y[time]: real\nlatent start[state] ~ dirichlet(1 over state)\n\
         latent A[from: state, to: state] ~ dirichlet(1 over to)\nlatent mu[state] ~ normal(0, 10)\n\
         latent sigma ~ half_normal(5)\n\
         latent z[t: time]: state ~ categorical(if t == 1 then start else A[z[t-1]])\nobserve y ~ normal(mu[z], sigma)\n"
    );
    compile(&text, &format!("{{\"y\": {}}}", list(&numbers(length))))
}

/// The power of its size with which a model's time grows, by least squares in logarithms; against the power that its
/// formula has.
fn exponent(
    report: &mut Report,
    (name, wanted): (&str, f64),
    sizes: &[usize],
    model: impl Fn(usize) -> Objective,
) {
    let mut points = Vec::new();
    for &size in sizes {
        let mut evaluation = Evaluation::of(&model(size));
        let mut works: Vec<Work> = vec![Box::new(|| evaluation.call())];
        let (times, _) = interleaved(&mut works);
        report.note(&format!("{name}: size {size}: {:.1} us", times[0] * 1e6));
        points.push(((size as f64).ln(), times[0].ln()));
    }
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let slope = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum::<f64>()
        / points.iter().map(|point| (point.0 - x).powi(2)).sum::<f64>();
    report.note(&format!("{name}: {slope:.3} for {wanted}"));
    report.target(name, slope / wanted, 1.1);
}

/// A mixture of a million rows against the same density marginalised by hand.
fn mixture(report: &mut Report) {
    let head = "dim obs\ndim comp = 3\ndata y[obs]: real\nlatent w[comp] ~ dirichlet(1 over comp)\n\
                latent mu[comp] ~ normal(0, 10)\nlatent sigma[comp] ~ half_normal(5)\n";
    let data = format!("{{\"y\": {}}}", list(&numbers(1_000_000)));
    let density = |rest: &str| Evaluation::of(&compile(&format!("{head}{rest}"), &data));
    let mut summed = density("latent z[obs]: comp ~ categorical(w)\nobserve y ~ normal(mu[z], sigma[z])\n");
    let mut hand = density(
        "let each[obs, k: comp] = log(w[k]) + log_prob(normal(mu[k], sigma[k]), y)\n\
         let row[i: obs] = log_sum_exp(each[i, k] over k: comp)\npotential row\n",
    );
    let mut named = density("observe y ~ mixture(w, normal(mu, sigma) over comp)\n");
    for evaluation in [&mut summed, &mut hand, &mut named] {
        evaluation.call();
    }
    let apart = |a: &Evaluation, b: &Evaluation| (a.outputs[0][0] / b.outputs[0][0] - 1.0).abs();
    assert!(apart(&summed, &hand) < 1e-9 && apart(&named, &hand) < 1e-9, "the densities are the same");
    let mut works: Vec<Work> =
        vec![Box::new(|| summed.call()), Box::new(|| hand.call()), Box::new(|| named.call())];
    let (times, ratios) = interleaved(&mut works);
    report.note(&format!(
        "mixture: summed out {:.2} ms, by hand {:.2} ms, `mixture(..)` {:.2} ms",
        times[0] * 1e3,
        times[1] * 1e3,
        times[2] * 1e3
    ));
    report.target("mixture_over_hand", ratios[1], 1.5);
    report.target("mixture_over_mixture_family", ratios[2], 1.5);
}

/// One Bernoulli of a thousand tried in its Markov blanket, against the whole density: all are tried together, and one
/// takes its share.
fn blanket(report: &mut Report) {
    const CELLS: usize = 1000;
    let rows = 400;
    let x: Vec<String> = (0..rows).map(|i| list(&numbers(CELLS + i)[i..])).collect();
    let text = "dim obs, pred\ndata X[obs, pred]: real\ndata y[obs]: real\nlatent on[pred] ~ bernoulli(0.3)\n\
                let b = on * 1.5\nobserve y ~ normal(X @ b, 1)\n";
    let data = format!("{{\"X\": [{}], \"y\": {}}}", x.join(", "), list(&numbers(rows)));
    let objective = compile(text, &data);
    let kept = &objective.kept[0];
    let changes = kept.changes.as_ref().expect("no recurrence is in the way");
    let mut kernel = Evaluation::new(&objective.graph, &[changes.node], objective.width());
    let mut density = Evaluation::new(&objective.graph, &[objective.log_joint], objective.width());
    for evaluation in [&mut kernel, &mut density] {
        evaluation.position.iter_mut().for_each(|x| *x = f64::from(u8::from(*x > 0.0)));
    }
    let mut works: Vec<Work> = vec![Box::new(|| kernel.call()), Box::new(|| density.call())];
    let (times, ratios) = interleaved(&mut works);
    report.note(&format!(
        "blanket: all {CELLS} cells tried in {:.1} us, the density in {:.1} us",
        times[0] * 1e6,
        times[1] * 1e6
    ));
    report.target("blanket_over_density", ratios[1] / CELLS as f64 / 0.05, 1.0);
}
