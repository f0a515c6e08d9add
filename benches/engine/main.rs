//! Value and gradient of three models, per call, for several batch sizes; and the time to compile them.
#![allow(clippy::disallowed_methods, reason = "tests and benchmarks read files, variables and the clock")]

mod models;

use divan::{Bencher, black_box};
use models::Model;
use vic::numeric::dispatch::InstructionSet;
use vic::program::Program;

fn main() {
    divan::main();
}

fn evaluate(bencher: Bencher, model: &Model, samples: usize) {
    let mut program = Program::compile(&model.graph, &model.roots);
    if let Some(set) = std::env::var("VIC_ISA").ok().and_then(|name| InstructionSet::named(&name)) {
        program = program.with_instruction_set(set);
    }
    let mut workspace = program.workspace(samples);
    let positions: Vec<f64> = models::numbers(7, samples * model.dimension).iter().map(|x| 0.3 * x).collect();
    let mut outputs: Vec<Vec<f64>> =
        model.roots.iter().map(|&root| vec![0.0; samples * model.graph.len_of(root)]).collect();
    bencher.bench_local(|| {
        let mut slices: Vec<&mut [f64]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
        program.run(&mut workspace, black_box(&positions), &[], &mut slices);
    });
}

#[divan::bench(args = [1, 8, 10, 32])]
fn m1_eight_schools(bencher: Bencher, samples: usize) {
    evaluate(bencher, &models::eight_schools(), samples);
}

#[divan::bench(args = [1, 8, 10, 32], max_time = 3)]
fn m2_logistic(bencher: Bencher, samples: usize) {
    evaluate(bencher, &models::logistic(100_000, 50), samples);
}

#[divan::bench(args = [1, 8, 10, 32], max_time = 3)]
fn m3_negative_binomial(bencher: Bencher, samples: usize) {
    evaluate(bencher, &models::negative_binomial(100_000, 1000), samples);
}

#[divan::bench]
fn compile_eight_schools(bencher: Bencher) {
    let model = models::eight_schools();
    bencher.bench_local(|| Program::compile(&model.graph, &model.roots));
}
