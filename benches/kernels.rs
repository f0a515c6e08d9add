//! Nanoseconds for each number of the element-wise kernels, as programs run them, and of random numbers, by every
//! instruction set of the machine: `cargo bench --bench kernels`.

#[path = "engine/measure.rs"]
mod measure;

use measure::{Work, interleaved};
use rand::RngExt;
use rand_distr::StandardNormal;
use vic::graph::{Builder, Unary, Vector};
use vic::numeric::dispatch::InstructionSet;
use vic::numeric::random::Generator;
use vic::program::Program;

const COUNT: usize = 4096;

const OPERATIONS: [Unary; 10] = [
    Unary::Exp,
    Unary::Expm1,
    Unary::Log,
    Unary::Log1p,
    Unary::Tanh,
    Unary::Softplus,
    Unary::Sigmoid,
    Unary::Lgamma,
    Unary::Polygamma(0),
    Unary::Polygamma(1),
];

fn main() {
    let sets = InstructionSet::all();
    let names: Vec<_> = sets.iter().map(|set| set.name()).collect();
    println!("KERNEL nanoseconds for each number: {}", names.join(", "));
    for op in OPERATIONS {
        print(&format!("{op:?}"), sets.iter().map(|&set| evaluation(op, set)).collect());
    }
    print("normals, in bulk", sets.iter().map(|&set| normals(set)).collect());
    print("normals, one by one", sets.iter().map(|&set| ziggurat(set)).collect());
}

fn print(name: &str, mut works: Vec<Work>) {
    let (times, _) = interleaved(&mut works);
    let times: Vec<_> = times.iter().map(|time| format!("{:.2}", time * 1e9 / COUNT as f64)).collect();
    println!("KERNEL {name}: {}", times.join(", "));
}

/// An operation of positive numbers.
fn evaluation(op: Unary, set: InstructionSet) -> Work<'static> {
    let mut builder = Builder::new();
    let axis = builder.axis("number", COUNT);
    let x = builder.parameter(Vector::Position, 0, &[axis]);
    let root = builder.unary(op, x);
    let program = Program::compile(&builder.finish(), &[root]).with_instruction_set(set);
    let mut workspace = program.workspace(1);
    let points: Vec<f64> = (0..COUNT).map(|k| 0.1 + 12.0 * (0.618 * k as f64).fract()).collect();
    let mut out = vec![0.0; COUNT];
    Box::new(move || program.run(&mut workspace, &points, &[], &mut [&mut out]))
}

fn normals(set: InstructionSet) -> Work<'static> {
    let mut generator = Generator::new(1, 1).with_instruction_set(set);
    let mut out = vec![0.0; COUNT];
    Box::new(move || generator.normals(&mut out))
}

fn ziggurat(set: InstructionSet) -> Work<'static> {
    let mut generator = Generator::new(1, 1).with_instruction_set(set);
    let mut out = vec![0.0; COUNT];
    Box::new(move || out.iter_mut().for_each(|x| *x = generator.sample(StandardNormal)))
}
