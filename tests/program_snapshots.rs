//! The programs of the benchmark models as text: groups, instructions and slots change only on purpose.

#[path = "../benches/engine/models.rs"]
#[allow(dead_code, reason = "the benchmark has more models than are kept as text")]
mod models;

use models::Model;
use vic::graph::interpret::interpret;
use vic::program::Program;

fn describe(model: &Model) -> String {
    Program::compile(&model.graph, &model.roots).describe()
}

#[test]
fn eight_schools() {
    insta::assert_snapshot!(describe(&models::eight_schools()));
}

#[test]
fn logistic() {
    insta::assert_snapshot!(describe(&models::logistic(1000, 50)));
}

#[test]
fn negative_binomial() {
    insta::assert_snapshot!(describe(&models::negative_binomial(1000, 30)));
}

/// One loop over the rows of a plate between two barriers.
#[test]
fn likelihoods_take_one_loop() {
    for model in [models::logistic(1000, 50), models::negative_binomial(1000, 30)] {
        let text = describe(&model);
        assert_eq!(text.matches("loop over [n]").count(), 1, "{text}");
    }
}

#[test]
fn values_and_gradients_are_those_of_the_interpreter() {
    let small = [models::eight_schools(), models::linear(1000, 3)];
    let large = [models::logistic(1000, 50), models::negative_binomial(1000, 30)];
    let plates =
        [models::robust(100), models::two_plates(20, 200), models::nested(8, 50), models::garch(300)];
    for model in small.into_iter().chain(large).chain(plates) {
        let position = models::numbers(5, model.dimension);
        let program = Program::compile(&model.graph, &model.roots);
        let lengths = model.roots.iter().map(|&root| model.graph.len_of(root));
        let mut outputs: Vec<Vec<f64>> = lengths.map(|length| vec![0.0; length]).collect();
        let mut slices: Vec<&mut [f64]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
        program.run(&mut program.workspace(1), &position, &[], &mut slices);
        let wanted = interpret(&model.graph, &position, &[], &model.roots);
        for (got, want) in outputs.iter().flatten().zip(wanted.iter().flatten()) {
            assert!((got - want).abs() <= 1e-11 * want.abs().max(1.0), "{got} for {want}");
        }
    }
}

/// Hessian times direction, which also reads the second parameter vector.
#[test]
fn hessian_products_are_those_of_the_interpreter() {
    let small = [models::eight_schools(), models::linear(300, 3)];
    let large = [models::logistic(300, 7), models::negative_binomial(300, 11)];
    for model in small.into_iter().chain(large) {
        let dimension = model.dimension;
        let (graph, products) = model.hessian_product();
        let (position, direction) = (models::numbers(5, dimension), models::numbers(6, dimension));
        let program = Program::compile(&graph, &products);
        let mut outputs: Vec<Vec<f64>> = products.iter().map(|&root| vec![0.0; graph.len_of(root)]).collect();
        let mut slices: Vec<&mut [f64]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
        program.run(&mut program.workspace(1), &position, &direction, &mut slices);
        let wanted = interpret(&graph, &position, &direction, &products);
        for (got, want) in outputs.iter().flatten().zip(wanted.iter().flatten()) {
            assert!((got - want).abs() <= 1e-10 * want.abs().max(1.0), "{got} for {want}");
        }
    }
}
