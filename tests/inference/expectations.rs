//! Expectations under a Gaussian that are known without draws: against a million draws, their derivatives against
//! differences, and what a fit makes of them.

use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;
use vic::driver::{self, target::CompiledTarget};
use vic::graph::expect::{Request, Rule, Takes, expect, stretches};
use vic::graph::{Axis, Builder, Node, Vector, autodiff};
use vic::inference::average::{Taken, average};
use vic::inference::draws::{Purpose, stream, structured};
use vic::inference::evaluator::Evaluator;
use vic::inference::gaussian::{Gaussian, Root};
use vic::inference::{Target, Unwatched, mean_field, natural};
use vic::numeric::random::Generator;
use vic::program::Program;
use vic::source::Source;

const D: usize = 4;
const ROWS: usize = 5;
const MEAN: [f64; D] = [0.31, -0.47, 0.83, -0.19];
/// Rows of the root: no zero, no symmetry.
const ROOT: [f64; D * D] =
    [0.47, 0.13, -0.22, 0.08, 0.29, 0.53, 0.11, -0.17, -0.37, 0.19, 0.43, 0.21, 0.05, -0.31, 0.27, 0.39];

struct Setting {
    b: Builder,
    row: Axis,
    own: Axis,
    z: Node,
    elements: Vec<Node>,
    y: Node,
    eta: Node,
}

fn setting() -> Setting {
    let mut b = Builder::new();
    let (row, own) = (b.axis("row", ROWS), b.axis("own", D));
    let z = b.parameter(Vector::Position, 0, &[own]);
    let elements = (0..D).map(|k| {
        let k = b.constant(k as f64);
        b.gather(z, &[(own, k)])
    });
    let elements = elements.collect();
    let design: Vec<f64> = (0..ROWS * D).map(|k| ((k * 29 + 11) % 17) as f64 / 11.0 - 0.6).collect();
    let design = b.data(&[row, own], design);
    let eta = b.contract(design, z, &[own]);
    let y = b.data(&[row], vec![3.0, 0.0, 1.0, 2.0, 7.0]);
    Setting { b, row, own, z, elements, y, eta }
}

/// Scalars with the best way that some piece of each goes.
fn cases(s: &mut Setting) -> Vec<(&'static str, Node, Takes)> {
    let Setting { b, row, own, z, elements, y, eta } = s;
    let (row, own, z, y, eta) = (*row, *own, *z, *y, *eta);
    let [first, second, third, scale] = [elements[0], elements[1], elements[2], elements[3]];
    let mut all = Vec::new();
    let away = b.sub(y, eta);
    let squares = b.square(away);
    let factor = b.sum(squares, &[row]);
    all.push(("squares", factor, Takes::ClosedForm));

    let deviation = b.exp(scale);
    let standard = b.div(away, deviation);
    let kernel = b.square(standard);
    let kernel = b.times(kernel, -0.5);
    let log_scale = b.log(deviation);
    let each = b.sub(kernel, log_scale);
    let factor = b.sum(each, &[row]);
    all.push(("squares over a scale", factor, Takes::ClosedForm));

    let counts = b.mul(y, eta);
    let rate = b.exp(eta);
    let each = b.sub(counts, rate);
    let factor = b.sum(each, &[row]);
    all.push(("Poisson", factor, Takes::ClosedForm));

    let exponent = b.times(third, 0.5);
    let exponent = b.sub(exponent, first);
    let level = b.exp(exponent);
    let product = b.mul(first, second);
    let factor = b.mul(product, level);
    all.push(("two factors and an exponential", factor, Takes::ClosedForm));

    let mask = b.data(&[row], vec![1.0, 0.0, 0.0, 1.0, 1.0]);
    let either = b.select(mask, squares, rate);
    let factor = b.sum(either, &[row]);
    all.push(("a choice by data", factor, Takes::ClosedForm));

    let half = b.times(z, 0.3);
    let level = b.exp(half);
    let each = b.mul(z, level);
    let sum = b.sum(each, &[own]);
    let factor = b.square(sum);
    all.push(("a double sum", factor, Takes::ClosedForm));

    let tails = b.softplus(eta);
    let each = b.sub(counts, tails);
    let factor = b.sum(each, &[row]);
    all.push(("logistic", factor, Takes::Quadrature));

    let each = b.times(squares, 0.25);
    let each = b.log1p(each);
    let factor = b.sum(each, &[row]);
    all.push(("Student t", factor, Takes::Quadrature));

    let each = b.square(standard);
    let each = b.log1p(each);
    let factor = b.sum(each, &[row]);
    all.push(("Student t of unknown scale", factor, Takes::Quadrature));

    let some = b.times(scale, 0.5);
    let some = b.add(third, some);
    let cost = b.softplus(some);
    let factor = b.mul(product, cost);
    all.push(("two factors and a function", factor, Takes::Quadrature));

    let odds = b.sub(eta, log_scale);
    let mirrored = b.neg(odds);
    let (up, down) = (b.softplus(mirrored), b.softplus(odds));
    let (up, down) = (b.mul(y, up), b.mul(deviation, down));
    let cost = b.add(up, down);
    let sum = b.add(y, deviation);
    let (upper, lower) = (b.lgamma(sum), b.lgamma(deviation));
    let ways = b.sub(upper, lower);
    let each = b.sub(ways, cost);
    let factor = b.sum(each, &[row]);
    all.push(("negative binomial", factor, Takes::Quadrature));

    let group = b.data(&[row], vec![2.0, 0.0, 3.0, 2.0, 1.0]);
    let chance = b.sigmoid(z);
    let chance = b.gather(chance, &[(own, group)]);
    let log = b.log(chance);
    let effect = b.gather(z, &[(own, group)]);
    let each = b.mul(log, effect);
    let factor = b.sum(each, &[row]);
    all.push(("functions that are read by group", factor, Takes::Quadrature));

    let state = b.axis("state", 3);
    let slope = b.data(&[state], vec![0.4, -0.9, 1.3]);
    let each = b.mul(slope, eta);
    let mixed = b.log_sum_exp(each, &[state]);
    let factor = b.sum(mixed, &[row]);
    all.push(("a mixture over states", factor, Takes::Quadrature));
    all
}

/// The expectations as one program: each with its derivatives by the mean and by the root.
struct Compiled {
    program: Program,
    lengths: Vec<usize>,
}

impl Compiled {
    fn new(b: &Builder, roots: &[Node]) -> Self {
        let lengths = roots.iter().map(|&root| b.graph().len_of(root)).collect();
        Self { program: Program::compile(b.graph(), roots), lengths }
    }

    fn run(&self, mean: &[f64], root: &[f64], count: usize) -> Vec<Vec<f64>> {
        let mut outputs: Vec<Vec<f64>> =
            self.lengths.iter().map(|length| vec![0.0; length * count]).collect();
        let mut slices: Vec<&mut [f64]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
        self.program.run(&mut self.program.workspace(count), mean, root, &mut slices);
        outputs
    }
}

fn request() -> Request {
    Request { dimension: D, rules: Some([Rule { nodes: 32 }, Rule { nodes: 24 }]), draws: 100_000 }
}

/// Mean and standard error of each scalar over a million draws, in pairs of opposite sign.
fn over_draws(b: &Builder, scalars: &[Node]) -> Vec<(f64, f64)> {
    const PAIRS: usize = 32;
    const BATCHES: usize = 15_625;
    let compiled = Compiled::new(b, scalars);
    let mut generator = Generator::seed_from_u64(7);
    let mut sums = vec![(0.0, 0.0); scalars.len()];
    let mut positions = vec![0.0; 2 * PAIRS * D];
    for _ in 0..BATCHES {
        for pair in positions.chunks_exact_mut(2 * D) {
            let normals: [f64; D] = std::array::from_fn(|_| generator.sample(StandardNormal));
            for i in 0..D {
                let away: f64 = (0..D).map(|j| ROOT[i * D + j] * normals[j]).sum();
                (pair[i], pair[D + i]) = (MEAN[i] + away, MEAN[i] - away);
            }
        }
        let values = compiled.run(&positions, &[], 2 * PAIRS);
        for ((sum, squares), values) in sums.iter_mut().zip(&values) {
            for pair in values.chunks_exact(2) {
                let half = 0.5 * (pair[0] + pair[1]);
                *sum += half;
                *squares += half * half;
            }
        }
    }
    let count = (PAIRS * BATCHES) as f64;
    let moments = |(sum, squares): (f64, f64)| {
        let mean = sum / count;
        (mean, ((squares / count - mean * mean) / count).sqrt())
    };
    sums.into_iter().map(moments).collect()
}

#[test]
fn expectations_are_averages_over_a_million_draws() {
    let mut s = setting();
    let cases = cases(&mut s);
    let scalars: Vec<Node> = cases.iter().map(|(_, node, _)| *node).collect();
    let drawn = over_draws(&s.b, &scalars);
    for ((name, factor, wanted), (mean, error)) in cases.into_iter().zip(drawn) {
        let found = expect(&mut s.b, &[factor], request());
        assert_eq!(found.left, None, "{name}: {:?}", found.pieces);
        assert!(found.pieces[0].iter().any(|piece| piece.way.takes == wanted), "{name}: {:?}", found.pieces);
        let value = Compiled::new(&s.b, &[found.value]).run(&MEAN, &ROOT, 1)[0][0];
        let z = (value - mean) / error;
        assert!(z.abs() < 4.0, "{name}: {value} against {mean} ± {error}");
        assert!(error < 0.02 * (1.0 + mean.abs()), "{name}: draws tell little: {mean} ± {error}");
    }
}

#[test]
fn slopes_are_central_differences() {
    let mut s = setting();
    for (name, factor, _) in cases(&mut s) {
        let found = expect(&mut s.b, &[factor], request());
        let inputs =
            [Vector::Position, Vector::Direction].map(|v| stretches(s.b.graph(), found.value, (v, D)));
        let nodes: Vec<Node> = inputs.iter().flatten().map(|stretch| stretch.node).collect();
        let slopes = autodiff::gradient(&mut s.b, found.value, &nodes);
        let outputs = Compiled::new(&s.b, &slopes).run(&MEAN, &ROOT, 1);
        let (mut by_mean, mut by_root) = (vec![0.0; D], vec![0.0; D * D]);
        for (stretch, output) in inputs[0].iter().zip(&outputs) {
            output.iter().enumerate().for_each(|(k, slope)| by_mean[stretch.offset + k] += slope);
        }
        for (stretch, output) in inputs[1].iter().zip(&outputs[inputs[0].len()..]) {
            output.iter().enumerate().for_each(|(k, slope)| by_root[stretch.offset * D + k] += slope);
        }
        let value = Compiled::new(&s.b, &[found.value]);
        let difference = |k: usize| {
            const STEP: f64 = 2e-5;
            let at = |step: f64| {
                let (mut mean, mut root) = (MEAN.to_vec(), ROOT.to_vec());
                if k < D {
                    mean[k] += step
                } else {
                    root[k - D] += step
                }
                value.run(&mean, &root, 1)[0][0]
            };
            (at(STEP) - at(-STEP)) / (2.0 * STEP)
        };
        for (k, slope) in by_mean.iter().chain(&by_root).enumerate() {
            let wanted = difference(k);
            assert!((slope - wanted).abs() < 1e-6 * (1.0 + wanted.abs()), "{name} {k}: {slope} for {wanted}");
        }
    }
}

fn target(model: &str, data: &str) -> CompiledTarget {
    let checked = driver::check(&Source::new("m.vi", model));
    let model = checked.model.expect("a right model");
    let (bound, found) = driver::bind(&model, &[Source::new("d.json", data)]);
    let bound = bound.unwrap_or_else(|| panic!("{found:?}"));
    CompiledTarget::new(&driver::lower(&bound).expect("nothing to refuse"), 1)
}

const LINE: &str = "dim n\ndata x[n]: real\ndata y[n]: real\nlatent a ~ normal(0, 5) using reparam\nlatent b ~ normal(0, 5) using reparam\n";
const DATA: &str = r#"{"x": [0.3, -1.2, 2.1, 0.7, -0.4], "y": [1.1, -0.6, 2.9, 2.2, 0.1]}"#;

fn guide() -> Gaussian {
    let factor = nalgebra::DMatrix::from_row_slice(2, 2, &[0.4, 0.1, -0.2, 0.3]);
    let inverse = factor.clone().try_inverse().expect("regular");
    let log_determinant = (0.4f64 * 0.3 + 0.1 * 0.2).ln();
    Gaussian {
        mean: nalgebra::DVector::from_vec(vec![0.7, 1.3]),
        root: Root::Whole { factor, inverse },
        log_determinant,
    }
}

/// The fixed draws have exact second moments, so that both ways agree on a quadratic density.
#[test]
fn on_a_quadratic_density_draws_and_the_closed_form_agree() {
    let mut target = target(&format!("{LINE}observe y ~ normal(a + b * x, 0.7)\n"), DATA);
    let known = target.known(32).expect("all of it is known");
    assert!(!known.left);
    let mut watch = Unwatched;
    let mut evaluator = Evaluator::new(&mut target, &mut watch, 10_000);
    let rows = structured(16, 2, &mut stream(3, Purpose::Objective, 0));
    let normals = nalgebra::DMatrix::from_column_slice(2, 32, &rows);
    let [one, other] =
        [Taken::Known, Taken::Drawn].map(|taken| average(&mut evaluator, &guide(), &normals, taken));
    assert_eq!(evaluator.spent(), known.cost + 32);
    assert!((one.value - other.value).abs() < 1e-9 * other.value.abs());
    assert!((&one.slope - &other.slope).amax() < 1e-9 * other.slope.amax());
    let products = [&one, &other].map(|average| average.product(&normals));
    assert!((&products[0] - &products[1]).amax() < 1e-9 * products[1].amax());
    for (average, product) in [&one, &other].into_iter().zip(&products) {
        assert!((average.diagonal(&normals) - product.diagonal()).amax() < 1e-12 * product.amax());
    }
}

/// A likelihood with kinks is left to draws, the priors are not; where all is known a fit has no noise.
#[test]
fn a_fit_has_the_noise_of_what_is_left() {
    let rows = structured(16, 2, &mut stream(3, Purpose::Objective, 0));
    let fitted = |likelihood: &str| {
        let mut target = target(&format!("{LINE}observe y ~ {likelihood}\n"), DATA);
        let left = target.known(32).expect("some of it is known").left;
        let mut watch = Unwatched;
        let mut evaluator = Evaluator::new(&mut target, &mut watch, 10_000);
        let fitted = natural::maximise(&mut evaluator, &guide(), &rows).expect("there is a maximum");
        assert_eq!(fitted.status, natural::Status::Converged);
        (left, fitted)
    };
    let (left, known) = fitted("student_t(4, a + b * x, 0.7)");
    assert!(!left && known.noise.amax() == 0.0);
    let (left, drawn) = fitted("laplace(a + b * x, 0.7)");
    assert!(left && drawn.noise.amin() > 0.0);
}

/// Independent coordinates have the same expectations: their bound is that of a million draws, and has no noise.
#[test]
fn independent_coordinates_know_their_bound_too() {
    let mut target = target(&format!("{LINE}observe y ~ student_t(4, a + b * x, 0.7)\n"), DATA);
    let rows = structured(16, 2, &mut stream(3, Purpose::Objective, 0));
    let mut watch = Unwatched;
    let mut evaluator = Evaluator::new(&mut target, &mut watch, 2_000_000);
    let deviations = nalgebra::DVector::from_vec(vec![0.4, 0.3]);
    let frame = Gaussian::diagonal(guide().mean, &deviations);
    let fitted = mean_field::maximise(&mut evaluator, &frame, &rows).expect("there is a maximum");
    assert_eq!(fitted.status, natural::Status::Converged);
    assert!(fitted.noise.amax() == 0.0 && fitted.step.amax() < 1e-3, "{:?}", fitted.step);
    let mut generator = Generator::seed_from_u64(5);
    let normals: Vec<f64> = (0..2_000_000).map(|_| generator.sample(StandardNormal)).collect();
    let values = evaluator.value(&fitted.gaussian.positions(&normals));
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let spread = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    let apart = fitted.elbo - mean - fitted.gaussian.entropy();
    assert!(apart.abs() < 4.0 * (spread / count).sqrt(), "{apart}");
}
