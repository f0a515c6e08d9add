//! Guides: their densities and samplers agree, and the gradients of expectations through them are right, whether taken
//! along the path of the draws or by the score: against quadrature, at generic parameters. Through a step, the path's is
//! wrong, and is refused.

use rand::{RngExt, SeedableRng};
use vic::driver;
use vic::graph::{Builder, Node, Unary, Vector, autodiff::gradient};
use vic::library::{Closure, GUIDES, Guide, GuideAxes, GuideRange, Rank, Seen, guide};
use vic::numeric::random::Generator;
use vic::program::Program;
use vic::source::Source;

/// Parameter points of each guide.
const POINTS: usize = 20;
/// Draws at each of them.
const DRAWS: usize = 3000;
/// Largest error in standard errors.
const MOST: f64 = 4.5;
/// Numbers in a vector of probabilities.
const SHARES: usize = 3;

fn row(name: &str) -> &'static Guide {
    GUIDES.iter().find(|guide| guide.name == name).expect("a row")
}

/// Ranges of constrained parameters in which the functions below have the moments that the errors need.
fn ranges(name: &str) -> &'static [[f64; 2]] {
    match name {
        "gaussian" => &[[-1.5, 1.5], [0.3, 2.0]],
        "student_t" => &[[9.0, 20.0], [-1.5, 1.5], [0.3, 1.5]],
        "gamma" => &[[-1.0, 1.0], [0.15, 0.35], [1.5, 6.0], [-1.0, 1.0]],
        "beta" => &[[-1.5, 1.5], [0.2, 9.0]],
        "dirichlet" => &[[0.07, 4.0]],
        "von_mises" => &[[-2.9, 2.9], [0.2, 9.0]],
        _ => panic!("{name} has no ranges"),
    }
}

/// The value of the domain, or a smooth function of it, from the draw.
fn value(b: &mut Builder, guide: &Guide, x: Node, axes: &GuideAxes) -> Node {
    match guide.name {
        "gamma" => b.exp(x),
        "beta" => b.sigmoid(x),
        "dirichlet" => {
            // The first of the shares, which softmax of the Helmert coordinates gives.
            let (values, free) = (axes.values.expect("joint"), axes.free.expect("joint"));
            let root = |k: f64| (k * (k + 1.0)).sqrt().recip();
            let basis = [root(1.0), root(2.0), -root(1.0), root(2.0), 0.0, -2.0 * root(2.0)];
            let basis = b.data(&[values, free], basis.to_vec());
            let logs = b.contract(x, basis, &[free]);
            let normaliser = b.log_sum_exp(logs, &[values]);
            let log = b.sub(logs, normaliser);
            let shares = b.exp(log);
            let first = b.constant(0.0);
            b.gather(shares, &[(values, first)])
        }
        "von_mises" => {
            let angle = angle(b, x);
            let sine = b.unary(Unary::Sin, angle);
            let cosine = b.unary(Unary::Cos, angle);
            let sine = b.times(sine, 0.7);
            b.add(sine, cosine)
        }
        _ => x,
    }
}

fn angle(b: &mut Builder, x: Node) -> Node {
    let share = b.sigmoid(x);
    let turned = b.times(share, std::f64::consts::TAU);
    b.plus(turned, -std::f64::consts::PI)
}

type Function = fn(&mut Builder, Node) -> Node;

/// Functions whose expectations are differentiated.
const FUNCTIONS: [(&str, Function); 4] = [
    ("5 + v", |b, v| b.plus(v, 5.0)),
    ("v^2", |b, v| b.square(v)),
    ("sin v", |b, v| b.unary(Unary::Sin, v)),
    ("log(1 + v^2)", |b, v| {
        let square = b.square(v);
        b.log1p(square)
    }),
];

/// Programs of one guide.
struct Case {
    guide: &'static Guide,
    /// Elements of each parameter.
    width: usize,
    /// For each function the path's gradient and the score's, of parameters and uniforms.
    gradients: Program,
    /// The draw, of parameters and uniforms.
    draw: Program,
    /// The log density and the functions' values, of parameters and draws.
    density: Program,
}

impl Case {
    fn new(guide: &'static Guide) -> Self {
        let mut b = Builder::new();
        let is_joint = guide.rank == Rank::Vector;
        let (values, free) = (b.axis("values", SHARES), b.axis("free", SHARES - 1));
        let axes = if is_joint {
            GuideAxes { values: Some(values), free: Some(free) }
        } else {
            GuideAxes::default()
        };
        let (inner, outer) =
            (if is_joint { vec![values] } else { vec![] }, if is_joint { vec![free] } else { vec![] });
        let width = if is_joint { SHARES } else { 1 };
        let numbers: Vec<Node> =
            (0..guide.parameters.len()).map(|k| b.parameter(Vector::Position, k * width, &inner)).collect();
        let constrained: Vec<Node> = guide
            .parameters
            .iter()
            .zip(&numbers)
            .map(|(p, &free)| p.range.constrained(&mut b, free))
            .collect();
        let u = b.parameter(Vector::Direction, 0, &inner);
        let draw = (guide.sample)(&mut b, &constrained, u, &axes);
        let fixed = b.stop_gradient(draw);
        let score = (guide.log_density)(&mut b, &constrained, fixed, &axes);
        let score = gradient(&mut b, score, &numbers);
        let mut roots = vec![];
        for (_, function) in FUNCTIONS {
            let moving = value(&mut b, guide, draw, &axes);
            let moving = function(&mut b, moving);
            roots.extend(gradient(&mut b, moving, &numbers));
            let still = b.stop_gradient(moving);
            roots.extend(score.iter().map(|&slope| b.mul(still, slope)).collect::<Vec<_>>());
        }
        let given = b.parameter(Vector::Direction, 0, &outer);
        let mut densities = vec![(guide.log_density)(&mut b, &constrained, given, &axes)];
        for (_, function) in FUNCTIONS {
            let of = value(&mut b, guide, given, &axes);
            densities.push(function(&mut b, of));
        }
        let graph = b.finish();
        Self {
            guide,
            width,
            gradients: Program::compile(&graph, &roots),
            draw: Program::compile(&graph, &[draw]),
            density: Program::compile(&graph, &densities),
        }
    }

    /// Unconstrained parameters at a generic point.
    fn point(&self, index: usize) -> Vec<f64> {
        let mut generator = Generator::seed_from_u64(17 + index as u64);
        let rows = self.guide.parameters.iter().zip(ranges(self.guide.name));
        rows.flat_map(|(parameter, &[low, high])| {
            let numbers: Vec<f64> = (0..self.width)
                .map(|_| parameter.range.free(low + (high - low) * generator.random::<f64>()))
                .collect();
            numbers
        })
        .collect()
    }
}

/// Outputs of a program for the same parameters and rows of directions.
fn run(
    program: &Program,
    parameters: &[f64],
    directions: &[f64],
    lengths: &[usize],
    count: usize,
) -> Vec<Vec<f64>> {
    let positions: Vec<f64> = parameters.iter().copied().cycle().take(parameters.len() * count).collect();
    let mut outputs: Vec<Vec<f64>> = lengths.iter().map(|length| vec![0.0; length * count]).collect();
    let mut slices: Vec<&mut [f64]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
    program.run(&mut program.workspace(count), &positions, directions, &mut slices);
    outputs
}

/// Places on the line and their weights: the trapezium rule after x = sinh y.
fn line() -> (Vec<f64>, Vec<f64>) {
    let step = 0.004;
    (-2250..=2250).map(|k| f64::from(k) * step).map(|y| (y.sinh(), step * y.cosh())).unzip()
}

/// Expectations of the functions, and the total mass, of a guide of a single number.
fn expectations(case: &Case, parameters: &[f64]) -> [f64; 5] {
    let (places, weights) = line();
    let found = run(&case.density, parameters, &places, &[1; 5], places.len());
    let mut sums = [0.0; 5];
    for (k, weight) in weights.iter().enumerate() {
        let mass = weight * found[0][k].exp();
        if mass > 0.0 {
            sums[4] += mass;
            (0..4).for_each(|f| sums[f] += mass * found[f + 1][k]);
        }
    }
    sums
}

/// The same for the first share of a Dirichlet, which is a beta.
fn expectations_of_share(beta: &Case, parameters: &[f64]) -> [f64; 5] {
    let a: Vec<f64> = parameters.iter().map(|a| a.exp()).collect();
    let rest: f64 = a[1..].iter().sum();
    expectations(beta, &[(a[0] / rest).ln(), (a[0] + rest).ln()])
}

/// Derivatives of the expectations by each parameter: central differences of fourth order.
fn exact(of: &dyn Fn(&[f64]) -> [f64; 5], parameters: &[f64]) -> Vec<[f64; 5]> {
    let h = 2e-3;
    let slope = |k: usize| {
        let at = |times: f64| {
            let mut moved = parameters.to_vec();
            moved[k] += times * h;
            of(&moved)
        };
        let [near, opposite, far, across] = [1.0, -1.0, 2.0, -2.0].map(at);
        std::array::from_fn(|f| (8.0 * (near[f] - opposite[f]) - (far[f] - across[f])) / (12.0 * h))
    };
    (0..parameters.len()).map(slope).collect()
}

/// Error of a mean in standard errors; 0 where nothing varies and it is right.
fn deviate(terms: impl Iterator<Item = f64> + Clone, expected: f64) -> f64 {
    let count = terms.clone().count() as f64;
    let mean = terms.clone().sum::<f64>() / count;
    let variance = terms.map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let error = (variance / count).sqrt().max(1e-9);
    (mean - expected).abs() / error
}

fn are_unbiased(name: &str) {
    let (case, beta) = (Case::new(row(name)), Case::new(row("beta")));
    let of = |parameters: &[f64]| match name {
        "dirichlet" => expectations_of_share(&beta, parameters),
        _ => expectations(&case, parameters),
    };
    for index in 0..POINTS {
        let parameters = case.point(index);
        let truth = exact(&of, &parameters);
        let mut generator = Generator::seed_from_u64(900 + index as u64);
        let uniforms: Vec<f64> = (0..DRAWS * case.width).map(|_| generator.random::<f64>()).collect();
        let each = case.guide.parameters.len();
        let lengths = vec![case.width; 2 * each * FUNCTIONS.len()];
        let found = run(&case.gradients, &parameters, &uniforms, &lengths, DRAWS);
        for (k, output) in found.iter().enumerate() {
            let (function, rest) = (k / (2 * each), k % (2 * each));
            let estimator = if rest < each { "path" } else { "score" };
            for element in 0..case.width {
                let parameter = (rest % each) * case.width + element;
                let terms = output.iter().skip(element).step_by(case.width).copied();
                let z = deviate(terms, truth[parameter][function]);
                let name = (case.guide.name, estimator, FUNCTIONS[function].0);
                assert!(z < MOST, "{name:?} by parameter {parameter} at {parameters:?} is off by {z} errors");
            }
        }
    }
}

#[test]
fn gradients_through_gaussians_are_unbiased() {
    are_unbiased("gaussian");
}

#[test]
fn gradients_through_students_are_unbiased() {
    are_unbiased("student_t");
}

#[test]
fn gradients_through_gammas_are_unbiased() {
    are_unbiased("gamma");
}

#[test]
fn gradients_through_betas_are_unbiased() {
    are_unbiased("beta");
}

#[test]
fn gradients_through_dirichlets_are_unbiased() {
    are_unbiased("dirichlet");
}

#[test]
fn gradients_through_von_mises_are_unbiased() {
    are_unbiased("von_mises");
}

#[test]
fn densities_integrate_to_one_and_draws_are_their_quantiles() {
    for guide in GUIDES.iter().filter(|guide| guide.rank == Rank::Scalar) {
        let case = Case::new(guide);
        for index in 0..POINTS {
            let parameters = case.point(index);
            let mass = expectations(&case, &parameters)[4];
            assert!((mass - 1.0).abs() < 1e-7, "{} has a mass of {mass}", guide.name);
            if guide.closure == Closure::Circle {
                continue;
            }
            let (places, weights) = line();
            let densities = &run(&case.density, &parameters, &places, &[1; 5], places.len())[0];
            let u = [0.03, 0.41, 0.88];
            for (u, x) in u.into_iter().zip(&run(&case.draw, &parameters, &u, &[1], 3)[0]) {
                let below = places.partition_point(|place| place < x);
                let sum: f64 = (0..below).map(|k| weights[k] * densities[k].exp()).sum();
                // The sum ends within a step of the draw.
                let step = weights[below] * densities[below].exp();
                assert!((sum - u).abs() < step + 1e-6, "{} at {u}: {sum} within {step}", guide.name);
            }
        }
    }
}

#[test]
fn starts_have_the_moments_that_were_seen() {
    for name in ["gaussian", "gamma", "beta"] {
        let case = Case::new(row(name));
        for (mean, deviation) in [(0.3, 0.4), (-1.2, 1.3), (0.8, 2.9)] {
            let seen = Seen { mean: &[mean], deviation: &[deviation], skewness: &[-0.6], width: 1 };
            let parameters = (case.guide.start)(&seen).concat();
            let (places, weights) = line();
            let densities = &run(&case.density, &parameters, &places, &[1; 5], places.len())[0];
            let moment = |power: i32| -> f64 {
                let terms = places.iter().zip(&weights).zip(densities);
                terms.map(|((x, weight), log)| weight * log.exp() * (x - mean).powi(power)).sum()
            };
            let (found, spread) = (mean + moment(1), moment(2).sqrt());
            assert!(
                (found - mean).abs() < 0.01 && (spread / deviation - 1.0).abs() < 0.01,
                "{name}: {found} {spread}"
            );
        }
    }
}

/// E f(z) for z = m + s e and a function that steps at a half.
fn stepped(b: &mut Builder, z: Node) -> Node {
    let half = b.constant(0.5);
    let is_above = b.less(half, z);
    let square = b.square(z);
    let (above, below) = (b.plus(square, 1.0), b.neg(z));
    b.select(is_above, above, below)
}

#[test]
fn the_path_through_a_step_is_biased_and_refused() {
    let guide = row("gaussian");
    let mut b = Builder::new();
    let [m, s] = [0, 1].map(|k| b.parameter(Vector::Position, k, &[]));
    let scale = b.exp(s);
    let u = b.parameter(Vector::Direction, 0, &[]);
    let z = (guide.sample)(&mut b, &[m, scale], u, &GuideAxes::default());
    let f = stepped(&mut b, z);
    let slope = gradient(&mut b, f, &[m])[0];
    let graph = b.finish();
    let mut generator = Generator::seed_from_u64(5);
    let uniforms: Vec<f64> = (0..40_000).map(|_| generator.random::<f64>()).collect();
    let parameters = [0.3, 0.8f64.ln()];
    let program = Program::compile(&graph, &[slope]);
    let terms = &run(&program, &parameters, &uniforms, &[1], uniforms.len())[0];
    // The derivative by m of the integral of f against the density, by Simpson's rule on either side of the step.
    let side = |low: f64, high: f64, f: &dyn Fn(f64) -> f64| -> f64 {
        let count = 4000;
        let h = (high - low) / f64::from(count);
        let term = |k: i32| {
            let (x, weight) = (low + h * f64::from(k), [2.0, 4.0][(k % 2) as usize]);
            let e = (x - 0.3) / 0.8;
            let weight = if k == 0 || k == count { 1.0 } else { weight };
            weight * f(x) * e / 0.8 * (-0.5 * e * e).exp() / (0.8 * (2.0 * std::f64::consts::PI).sqrt())
        };
        (0..=count).map(term).sum::<f64>() * h / 3.0
    };
    let truth = side(-8.0, 0.5, &|z| -z) + side(0.5, 9.0, &|z| z * z + 1.0);
    assert!((truth - 1.1066).abs() < 1e-3, "{truth}");
    let z = deviate(terms.iter().copied(), truth);
    assert!(z > 20.0 * MOST, "the path through a step is off by {z} errors only");
    let source = Source::new(
        "step.vi",
        "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent z ~ normal(0.3, 0.8) using reparam\n\
         observe y ~ normal(if x > z then 1 else 0, 1)\n",
    );
    let codes: Vec<u16> = driver::check(&source).diagnostics.iter().map(|found| found.code.0).collect();
    assert!(codes.contains(&806), "{codes:?}");
}

/// An angle itself is no function on the circle: where the guide has mass at the seam, its path is biased.
#[test]
fn the_path_across_a_seam_is_biased() {
    let guide = row("von_mises");
    let mut b = Builder::new();
    let [loc, k] = [0, 1].map(|k| b.parameter(Vector::Position, k, &[]));
    let concentration = guide.parameters[1].range.constrained(&mut b, k);
    let u = b.parameter(Vector::Direction, 0, &[]);
    let x = (guide.sample)(&mut b, &[loc, concentration], u, &GuideAxes::default());
    let f = angle(&mut b, x);
    let slope = gradient(&mut b, f, &[loc])[0];
    let graph = b.finish();
    let program = Program::compile(&graph, &[slope]);
    let mut generator = Generator::seed_from_u64(6);
    let uniforms: Vec<f64> = (0..4000).map(|_| generator.random::<f64>()).collect();
    let parameters = [2.1, guide.parameters[1].range.free(0.9)];
    let terms = &run(&program, &parameters, &uniforms, &[1], uniforms.len())[0];
    // dE/dloc is 1 less 2 pi times the density at the seam.
    let at_seam =
        (0.9 * (std::f64::consts::PI - 2.1).cos()).exp() / (std::f64::consts::TAU * 1.212_985_165_728_68);
    let z = deviate(terms.iter().copied(), 1.0 - std::f64::consts::TAU * at_seam);
    assert!(z > 20.0 * MOST, "{z}");
}

#[test]
fn every_domain_has_a_guide_of_its_own_where_there_is_one() {
    let of = |domain: &str, prior| guide(vic::library::domain(domain).expect("a domain"), prior).name;
    assert_eq!(of("positive", Some("gamma")), "gamma");
    assert_eq!(of("unit", None), "beta");
    assert_eq!(of("simplex", Some("dirichlet")), "dirichlet");
    assert_eq!(of("real", Some("cauchy")), "student_t");
    assert_eq!(of("real", Some("normal")), "gaussian");
    assert_eq!(of("interval", Some("von_mises")), "von_mises");
    assert_eq!(of("interval", Some("uniform")), "beta");
    assert_eq!(of("ordered", None), "gaussian");
    assert_eq!(GuideRange::Below(4.0).free(2.0), 0.0);
}
