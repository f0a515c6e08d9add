//! From text to program for each model of the repository, and a fit of the eight schools.
#![allow(clippy::disallowed_methods, reason = "benchmarks read files")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::path::Path;

use divan::{Bencher, black_box};
use vic::driver;
use vic::inference::{Options, Unwatched};
use vic::source::Source;

fn main() {
    divan::main();
}

const MODELS: &[&str] = &[
    "baseball",
    "cars",
    "challenger",
    "cheese",
    "coal_logistic",
    "discoveries",
    "eight_schools",
    "insect_sprays",
    "lake_huron",
    "lynx",
    "nile",
    "orange_trees",
    "pumps",
    "sleep",
    "sleepstudy",
    "stack_loss",
];

/// A model of the repository and its data.
fn sources(name: &str) -> (Source, Source) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(format!("{name}.vi"));
    (support::source(&path), support::source(&path.with_extension("data.json")))
}

/// Source -> Tree -> Model.
#[divan::bench(args = MODELS)]
fn check(bencher: Bencher, name: &str) {
    let (model, _) = sources(name);
    bencher.bench_local(|| driver::check(black_box(&model)));
}

/// Source -> Tree -> Model -> BoundModel -> Objective.
#[divan::bench(args = MODELS)]
fn check_bind_and_lower(bencher: Bencher, name: &str) {
    let (model, data) = sources(name);
    let data = [data];
    bencher.bench_local(|| {
        let model = driver::check(black_box(&model)).model.expect("the model is right");
        let bound = driver::bind(&model, &data).0.expect("the data fit");
        driver::lower(&bound).expect("all can be summed out")
    });
}

/// Objective -> Program of the value and gradient, as text left out.
#[divan::bench(args = MODELS)]
fn compile(bencher: Bencher, name: &str) {
    let (model, data) = sources(name);
    let model = driver::check(&model).model.expect("the model is right");
    let bound = driver::bind(&model, &[data]).0.expect("the data fit");
    let objective = driver::lower(&bound).expect("all can be summed out");
    bencher.bench_local(|| driver::target::CompiledTarget::new(black_box(&objective), 1));
}

#[divan::bench]
fn fit_eight_schools(bencher: Bencher) {
    let (model, data) = sources("eight_schools");
    let model = driver::check(&model).model.expect("the model is right");
    let bound = driver::bind(&model, &[data]).0.expect("the data fit");
    let objective = driver::lower(&bound).expect("nothing to sum out");
    bencher.bench_local(|| driver::fit(&bound, &objective, &Options::default(), 1, &mut Unwatched));
}
