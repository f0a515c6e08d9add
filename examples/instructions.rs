//! Evaluates value and gradient of the eight schools a number of times, for `.ci/instructions` to count machine
//! instructions of: `instructions SAMPLES TIMES`. `VIC_ISA` names the instruction set.
#![allow(clippy::disallowed_methods, reason = "an example reads its arguments and a variable")]

use vic::driver;
use vic::numeric::dispatch::InstructionSet;
use vic::program::Program;
use vic::source::Source;

/// Not centred, as written; with all latents in the fit, whose loops are what is counted.
const MODEL: &str = "dim school\n\
                     data y[school]: real\n\
                     data sigma[school]: positive\n\
                     latent mu ~ normal(0, 5) using reparam\n\
                     latent tau ~ half_cauchy(5)\n\
                     latent z[school] ~ normal(0, 1) using reparam\n\
                     observe y ~ normal(mu + tau * z, sigma)\n";

const DATA: &str = r#"{"y": [28, 8, -3, 7, -1, 1, 18, 12], "sigma": [15, 10, 16, 11, 9, 11, 10, 18]}"#;

fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse().expect("a number"));
    let mut number = || arguments.next().expect("two numbers: samples and times");
    let (samples, times): (usize, usize) = (number(), number());
    let named = std::env::var("VIC_ISA").expect("VIC_ISA names an instruction set");
    let set = InstructionSet::named(&named).expect("this machine has the instruction set");

    let model = driver::check(&Source::new("schools.vi", MODEL)).model.expect("the model is right");
    let data = Source::new("schools.json", DATA);
    let bound = driver::bind(&model, &[data]).0.expect("the data fit the model");
    let objective = driver::lower(&bound).expect("there is nothing to sum out");
    let roots: Vec<_> = std::iter::once(objective.log_joint).chain(objective.gradient.clone()).collect();
    let program = Program::compile(&objective.graph, &roots).with_instruction_set(set);

    let positions: Vec<f64> =
        (0..samples * objective.layout.dimension).map(|k| 0.7 * (1.3 * k as f64).sin()).collect();
    let mut outputs: Vec<Vec<f64>> =
        roots.iter().map(|&root| vec![0.0; samples * objective.graph.len_of(root)]).collect();
    let mut slices: Vec<&mut [f64]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
    let mut workspace = program.workspace(samples);
    for _ in 0..times {
        program.run(&mut workspace, &positions, &[], &mut slices);
    }
    println!("{:?}", outputs[0]);
}
