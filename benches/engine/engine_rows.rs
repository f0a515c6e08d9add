//! Rows that need programs alone: against kernels written by hand, against the memory's bandwidth, against themselves.

use std::hint::black_box;

use crate::evaluation::{Evaluation, instruction_set};
use crate::hand::{eight_schools, logistic, negative_binomial};
use crate::measure::{Work, interleaved};
use crate::models;
use crate::report::Report;

const ROWS: usize = 100_000;
const COLUMNS: usize = 50;
const GROUPS: usize = 1000;

/// All rows.
pub fn run(report: &mut Report) {
    if report.wants("m1_over_hand") {
        eight_schools_by_hand(report);
    }
    if report.wants("m2_over_hand") {
        logistic_by_hand(report);
    }
    if report.wants("m3_over_hand") {
        negative_binomial_by_hand(report);
    }
    if report.wants("m2_over_memory_read") {
        memory_read(report);
    }
    for (samples, bound) in [(1, 0.75), (10, 1.1)] {
        let name = format!("m2_{samples}_samples_in_single_over_double");
        if report.wants(&name) {
            single_precision(report, (&name, bound), samples);
        }
    }
    batches(report);
    hessian_products(report);
    if report.wants("linear_1e6_over_1e4_rows") {
        linear(report);
    }
}

/// Microseconds of each, as text.
fn microseconds(names: &[&str], times: &[f64]) -> String {
    let cell = |(name, time): (&&str, &f64)| format!("{name} {:.2} us", time * 1e6);
    names.iter().zip(times).map(cell).collect::<Vec<_>>().join(", ")
}

/// Times an evaluation against the same by hand, having seen that they agree.
fn against_hand(
    report: &mut Report,
    (name, bound): (&str, f64),
    mut engine: Evaluation,
    hand: &dyn Fn(&[f64], &mut [f64]) -> f64,
) {
    engine.call();
    let position = engine.positions().to_vec();
    let mut gradient = vec![0.0; position.len()];
    let value = hand(&position, &mut gradient);
    let by_hand = [vec![value], gradient.clone()].concat();
    for (got, want) in engine.outputs().iter().zip(&by_hand) {
        assert!((got - want).abs() <= 1e-9 * want.abs().max(1.0), "{name}: {got} for {want}");
    }
    let mut works: Vec<Work> = vec![
        Box::new(|| engine.call()),
        Box::new(|| {
            black_box(hand(black_box(&position), &mut gradient));
        }),
    ];
    let (times, quotients) = interleaved(&mut works);
    report.note(&microseconds(&["engine", "hand"], &times));
    report.target(name, quotients[1], bound);
}

fn eight_schools_by_hand(report: &mut Report) {
    let engine = Evaluation::of(&models::eight_schools(), 1);
    let set = instruction_set();
    let hand =
        |position: &[f64], gradient: &mut [f64]| set.run(eight_schools::Density { position, gradient });
    against_hand(report, ("m1_over_hand", 3.0), engine, &hand);
}

fn logistic_by_hand(report: &mut Report) {
    let engine = Evaluation::of(&models::logistic(ROWS, COLUMNS), 1);
    let (x, y) = models::logistic_data(ROWS, COLUMNS);
    let (data, set) = (logistic::Data::new(&x, &y, COLUMNS), instruction_set());
    let hand = |position: &[f64], gradient: &mut [f64]| {
        set.run(logistic::Density { data: &data, position, gradient })
    };
    against_hand(report, ("m2_over_hand", 1.4), engine, &hand);
}

fn negative_binomial_by_hand(report: &mut Report) {
    let engine = Evaluation::of(&models::negative_binomial(ROWS, GROUPS), 1);
    let (x, y, group) = models::negative_binomial_data(ROWS, GROUPS);
    let (data, set) = (negative_binomial::Data::new(&x, &y, &group, GROUPS), instruction_set());
    let hand = |position: &[f64], gradient: &mut [f64]| {
        set.run(negative_binomial::Density { data: &data, position, gradient })
    };
    against_hand(report, ("m3_over_hand", 1.4), engine, &hand);
}

/// The engine on M2 against reading as many bytes from memory once, the fastest of the ways to read tried here.
fn memory_read(report: &mut Report) {
    let mut engine = Evaluation::of(&models::logistic(ROWS, COLUMNS), 1);
    let matrix = models::numbers(1, ROWS * COLUMNS);
    let mut works: Vec<Work> = vec![
        Box::new(|| engine.call()),
        Box::new(|| {
            black_box(read::<8>(black_box(&matrix)));
        }),
        Box::new(|| {
            black_box(read::<32>(black_box(&matrix)));
        }),
    ];
    let (times, quotients) = interleaved(&mut works);
    let fastest = times[1].min(times[2]);
    let bandwidth = (ROWS * COLUMNS * 8) as f64 / fastest / 1e9;
    report.note(&format!("{}, {bandwidth:.1} GB/s", microseconds(&["engine", "read", "read"], &times)));
    report.target("m2_over_memory_read", quotients[1].max(quotients[2]), 1.0 / 0.75);
}

/// Sum of all bits, in strands: as fast as memory gives.
fn read<const STRANDS: usize>(numbers: &[f64]) -> u64 {
    let mut sums = [0u64; STRANDS];
    for chunk in numbers.chunks_exact(STRANDS) {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *sum = sum.wrapping_add(x.to_bits());
        }
    }
    sums.iter().fold(0, |a, b| a.wrapping_add(*b))
}

/// M2 with covariates that fit single precision, against covariates that do not.
fn single_precision(report: &mut Report, (name, bound): (&str, f64), samples: usize) {
    let models = [models::logistic_in_single(ROWS, COLUMNS), models::logistic(ROWS, COLUMNS)];
    let mut evaluations = models.map(|model| Evaluation::of(&model, samples));
    let mut works: Vec<Work> = evaluations.iter_mut().map(|own| Box::new(|| own.call()) as Work).collect();
    let (times, quotients) = interleaved(&mut works);
    report.note(&microseconds(&["single", "double"], &times));
    report.target(name, quotients[1], bound);
}

fn batches(report: &mut Report) {
    let models = [
        ("m1", models::eight_schools(), 2.0),
        ("m2", models::logistic(ROWS, COLUMNS), 4.0),
        ("m3", models::negative_binomial(ROWS, GROUPS), 10.0),
    ];
    for (name, model, bound) in models {
        let name = format!("{name}_10_samples_over_1");
        if !report.wants(&name) {
            continue;
        }
        let mut evaluations = [10, 1, 8, 16].map(|samples| Evaluation::of(&model, samples));
        let mut works: Vec<Work> =
            evaluations.iter_mut().map(|own| Box::new(|| own.call()) as Work).collect();
        let (times, quotients) = interleaved(&mut works);
        report.note(&microseconds(&["S=10", "S=1", "S=8", "S=16"], &times));
        report.target(&name, quotients[1], bound);
    }
}

fn hessian_products(report: &mut Report) {
    type Make = fn() -> models::Model;
    let models: [(&str, Make); 3] = [
        ("m1", models::eight_schools),
        ("m2", || models::logistic(ROWS, COLUMNS)),
        ("m3", || models::negative_binomial(ROWS, GROUPS)),
    ];
    for (name, make) in models {
        let name = format!("{name}_hessian_product_over_gradient");
        if !report.wants(&name) {
            continue;
        }
        let model = make();
        let (dimension, mut gradient) = (model.dimension, Evaluation::of(&model, 1));
        let (graph, roots) = model.hessian_product();
        let mut product = Evaluation::new(&graph, &roots, dimension, 1);
        let mut works: Vec<Work> = vec![Box::new(|| product.call()), Box::new(|| gradient.call())];
        let (times, quotients) = interleaved(&mut works);
        report.note(&microseconds(&["product", "gradient"], &times));
        report.target(&name, quotients[1], 2.0);
    }
}

fn linear(report: &mut Report) {
    let mut evaluations = [1_000_000, 10_000].map(|rows| Evaluation::of(&models::linear(rows, 8), 1));
    let mut works: Vec<Work> = evaluations.iter_mut().map(|own| Box::new(|| own.call()) as Work).collect();
    let (times, quotients) = interleaved(&mut works);
    report.note(&microseconds(&["1e6 rows", "1e4 rows"], &times));
    report.target("linear_1e6_over_1e4_rows", quotients[1], 1.2);
}
