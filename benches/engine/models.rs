//! The models that the engine is measured on, built by hand: value and gradient of a log density.

use vic::graph::autodiff::{gradient, hessian_vector};
use vic::graph::blocks::in_blocks;
use vic::graph::condense::condense;
use vic::graph::{Axis, Builder, Direction, Graph, Node, Op, ScanBody, Unary, Vector};

/// A log density with its gradient.
pub struct Model {
    /// The graph.
    pub graph: Graph,
    /// The value, then the gradient piece by piece.
    pub roots: Vec<Node>,
    /// Number of coordinates.
    pub dimension: usize,
}

impl Model {
    /// The product of the Hessian with a direction, piece by piece, as roots of the graph grown by it.
    pub fn hessian_product(self) -> (Graph, Vec<Node>) {
        let mut b = Builder::resume(self.graph);
        let is_position =
            |node: &Node| matches!(b.graph().node(*node).op, Op::Parameter { vector: Vector::Position, .. });
        let latents: Vec<Node> = b.graph().nodes().filter(is_position).collect();
        let mut directions = vec![];
        for &latent in &latents {
            let Op::Parameter { offset, .. } = b.graph().node(latent).op else { unreachable!("filtered") };
            let axes = b.axes_of(latent).to_vec();
            directions.push(b.parameter(Vector::Direction, offset, &axes));
        }
        let products = hessian_vector(&mut b, &self.roots[1..], &latents, &directions);
        (b.finish(), products)
    }
}

/// Generic numbers in (-1, 1).
pub fn numbers(seed: u64, count: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// Latents laid out one after another.
struct Latents {
    nodes: Vec<Node>,
    dimension: usize,
}

impl Latents {
    fn new() -> Self {
        Self { nodes: vec![], dimension: 0 }
    }

    fn add(&mut self, b: &mut Builder, axes: &[Axis]) -> Node {
        let node = b.parameter(Vector::Position, self.dimension, axes);
        self.dimension += b.graph().len_of(node);
        self.nodes.push(node);
        node
    }

    fn model(self, mut b: Builder, value: Node) -> Model {
        let value = condense(&mut b, value);
        let value = in_blocks(&mut b, value);
        self.with_gradient(b, value)
    }

    fn with_gradient(self, mut b: Builder, value: Node) -> Model {
        let mut roots = vec![value];
        roots.extend(gradient(&mut b, value, &self.nodes));
        Model { graph: b.finish(), roots, dimension: self.dimension }
    }
}

/// -x^2 / (2 scale^2), summed.
fn normal_prior(b: &mut Builder, x: Node, scale: f64) -> Node {
    let square = b.square(x);
    let sum = b.sum_all(square);
    b.times(sum, -0.5 / (scale * scale))
}

fn total(b: &mut Builder, terms: &[Node]) -> Node {
    terms[1..].iter().fold(terms[0], |sum, &term| b.add(sum, term))
}

/// Eight schools, non-centred: 10 coordinates.
pub fn eight_schools() -> Model {
    let mut b = Builder::new();
    let school = b.axis("school", 8);
    let y = b.data(&[school], vec![28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0]);
    let sigma = b.data(&[school], vec![15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0]);
    let mut latents = Latents::new();
    let mu = latents.add(&mut b, &[]);
    let log_tau = latents.add(&mut b, &[]);
    let z = latents.add(&mut b, &[school]);
    let tau = b.exp(log_tau);
    let effect = b.mul(tau, z);
    let theta = b.add(mu, effect);
    let difference = b.sub(y, theta);
    let residual = b.div(difference, sigma);
    let scaled = b.times(tau, 0.2);
    let square = b.square(scaled);
    let cauchy = b.log1p(square);
    let tau_prior = b.sub(log_tau, cauchy);
    let terms = [
        normal_prior(&mut b, mu, 5.0),
        tau_prior,
        normal_prior(&mut b, z, 1.0),
        normal_prior(&mut b, residual, 1.0),
    ];
    let value = total(&mut b, &terms);
    latents.model(b, value)
}

/// Covariates, row-major, and outcomes 0 and 1.
pub fn logistic_data(rows: usize, columns: usize) -> (Vec<f64>, Vec<f64>) {
    (numbers(1, rows * columns), numbers(2, rows).iter().map(|u| f64::from(*u > 0.0)).collect())
}

/// Logistic regression with `rows` rows and `columns` covariates.
pub fn logistic(rows: usize, columns: usize) -> Model {
    logistic_of(logistic_data(rows, columns), columns)
}

/// The same with covariates that single precision does not change.
pub fn logistic_in_single(rows: usize, columns: usize) -> Model {
    let (x, y) = logistic_data(rows, columns);
    logistic_of((x.into_iter().map(|x| f64::from(x as f32)).collect(), y), columns)
}

fn logistic_of((x, y): (Vec<f64>, Vec<f64>), columns: usize) -> Model {
    let mut b = Builder::new();
    let (n, p) = (b.axis("n", y.len()), b.axis("p", columns));
    let x = b.data(&[n, p], x);
    let y = b.data(&[n], y);
    let mut latents = Latents::new();
    let alpha = latents.add(&mut b, &[]);
    let beta = latents.add(&mut b, &[p]);
    let linear = b.contract(x, beta, &[p]);
    let eta = b.add(alpha, linear);
    let taken = b.mul(y, eta);
    let softplus = b.softplus(eta);
    let row = b.sub(taken, softplus);
    let likelihood = b.sum_all(row);
    let terms = [normal_prior(&mut b, alpha, 2.5), normal_prior(&mut b, beta, 1.0), likelihood];
    let value = total(&mut b, &terms);
    latents.model(b, value)
}

/// Covariates, row-major, counts, and the group of each row.
pub fn negative_binomial_data(rows: usize, groups: usize) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let y = numbers(2, rows).iter().map(|u| ((u + 1.0) * 25.0).floor()).collect();
    let group = numbers(3, rows).iter().map(|u| ((u + 1.0) * 0.5 * groups as f64).floor()).collect();
    (numbers(1, rows * 5), y, group)
}

/// Negative binomial regression, log link, five covariates, `groups` group effects, free dispersion.
pub fn negative_binomial(rows: usize, groups: usize) -> Model {
    let mut b = Builder::new();
    let (n, p, g) = (b.axis("n", rows), b.axis("p", 5), b.axis("g", groups));
    let (x, y, group) = negative_binomial_data(rows, groups);
    let x = b.data(&[n, p], x);
    let y = b.data(&[n], y);
    let group = b.data(&[n], group);
    let mut latents = Latents::new();
    let [alpha, log_tau, log_phi] = [(); 3].map(|()| latents.add(&mut b, &[]));
    let beta = latents.add(&mut b, &[p]);
    let z = latents.add(&mut b, &[g]);
    let tau = b.exp(log_tau);
    let effects = b.mul(tau, z);
    let effect = b.gather(effects, &[(g, group)]);
    let linear = b.contract(x, beta, &[p]);
    let eta = b.add(alpha, linear);
    let eta = b.add(eta, effect);
    let phi = b.exp(log_phi);
    let logit = b.sub(eta, log_phi);
    let count = b.add(y, phi);
    let log_count = b.lgamma(count);
    let log_phi_gamma = b.lgamma(phi);
    let softplus = b.unary(Unary::Softplus, logit);
    let failures = b.mul(count, softplus);
    let successes = b.mul(y, logit);
    let row = b.sub(successes, failures);
    let row = b.add(row, log_count);
    let row = b.sub(row, log_phi_gamma);
    let likelihood = b.sum_all(row);
    let mut terms = vec![likelihood];
    for scalar in [alpha, log_tau, log_phi, beta, z] {
        terms.push(normal_prior(&mut b, scalar, 1.0));
    }
    let value = total(&mut b, &terms);
    latents.model(b, value)
}

/// Linear regression with normal noise of unknown scale.
pub fn linear(rows: usize, columns: usize) -> Model {
    let mut b = Builder::new();
    let (n, p) = (b.axis("n", rows), b.axis("p", columns));
    let x = b.data(&[n, p], numbers(1, rows * columns));
    let y = b.data(&[n], numbers(2, rows));
    let mut latents = Latents::new();
    let [alpha, log_sigma] = [(); 2].map(|()| latents.add(&mut b, &[]));
    let beta = latents.add(&mut b, &[p]);
    let sigma = b.exp(log_sigma);
    let slopes = b.contract(x, beta, &[p]);
    let mean = b.add(alpha, slopes);
    let difference = b.sub(y, mean);
    let residual = b.div(difference, sigma);
    let square = b.square(residual);
    let half = b.times(square, -0.5);
    let row = b.sub(half, log_sigma);
    let likelihood = b.sum_all(row);
    let terms = [normal_prior(&mut b, alpha, 2.5), normal_prior(&mut b, beta, 1.0), likelihood];
    let value = total(&mut b, &terms);
    latents.model(b, value)
}

/// The terms of a regression with errors of a Student-t distribution with 4 degrees of freedom: nothing to condense.
fn robust_rows(b: &mut Builder, [center, log_scale]: [Node; 2], y: Node) -> Node {
    let inverse = b.neg(log_scale);
    let inverse = b.exp(inverse);
    let difference = b.sub(y, center);
    let scaled = b.mul(difference, inverse);
    let square = b.square(scaled);
    let quarter = b.times(square, 0.25);
    let tail = b.log1p(quarter);
    let tail = b.times(tail, -2.5);
    let row = b.sub(tail, log_scale);
    b.sum_all(row)
}

/// One plate.
pub fn robust(rows: usize) -> Model {
    let mut b = Builder::new();
    let n = b.axis("n", rows);
    let x = b.data(&[n], numbers(1, rows));
    let y = b.data(&[n], numbers(2, rows));
    let mut latents = Latents::new();
    let [alpha, beta, log_scale] = [(); 3].map(|()| latents.add(&mut b, &[]));
    let slope = b.mul(beta, x);
    let center = b.add(alpha, slope);
    let likelihood = robust_rows(&mut b, [center, log_scale], y);
    let mut terms = vec![likelihood];
    terms.extend([alpha, beta, log_scale].map(|latent| normal_prior(&mut b, latent, 1.0)));
    let value = total(&mut b, &terms);
    latents.model(b, value)
}

/// Two plates that share their parameters.
pub fn two_plates(first: usize, second: usize) -> Model {
    let mut b = Builder::new();
    let mut latents = Latents::new();
    let [alpha, beta, log_scale] = [(); 3].map(|()| latents.add(&mut b, &[]));
    let mut terms: Vec<Node> =
        [alpha, beta, log_scale].map(|latent| normal_prior(&mut b, latent, 1.0)).into();
    for (label, rows) in [("n", first), ("m", second)] {
        let axis = b.axis(label, rows);
        let x = b.data(&[axis], numbers(1, rows));
        let y = b.data(&[axis], numbers(2, rows));
        let slope = b.mul(beta, x);
        let center = b.add(alpha, slope);
        terms.push(robust_rows(&mut b, [center, log_scale], y));
    }
    let value = total(&mut b, &terms);
    latents.model(b, value)
}

/// Groups, each with rows of its own.
pub fn nested(groups: usize, rows: usize) -> Model {
    let mut b = Builder::new();
    let (g, k) = (b.axis("g", groups), b.axis("k", rows));
    let y = b.data(&[g, k], numbers(2, groups * rows));
    let mut latents = Latents::new();
    let [mu, log_tau, log_scale] = [(); 3].map(|()| latents.add(&mut b, &[]));
    let z = latents.add(&mut b, &[g]);
    let tau = b.exp(log_tau);
    let effect = b.mul(tau, z);
    let center = b.add(mu, effect);
    let likelihood = robust_rows(&mut b, [center, log_scale], y);
    let mut terms = vec![likelihood];
    terms.extend([mu, log_tau, log_scale, z].map(|latent| normal_prior(&mut b, latent, 1.0)));
    let value = total(&mut b, &terms);
    latents.model(b, value)
}

/// A recurrence: variances that follow past squares and past variances (Bollerslev 1986).
pub fn garch(steps: usize) -> Model {
    let (b, latents, value) = garch_density(steps);
    latents.model(b, value)
}

/// The same as it is written.
#[allow(dead_code, reason = "only tests compare with it")]
pub fn garch_without_blocks(steps: usize) -> Model {
    let (b, latents, value) = garch_density(steps);
    latents.with_gradient(b, value)
}

fn garch_density(steps: usize) -> (Builder, Latents, Node) {
    let mut b = Builder::new();
    let t = b.axis("t", steps);
    let squares = b.data(&[t], numbers(2, steps).iter().map(|y| y * y).collect::<Vec<_>>());
    let mut latents = Latents::new();
    let [base, news, memory] = [(); 3].map(|()| latents.add(&mut b, &[]));
    let parameters = [b.exp(base), b.unary(Unary::Sigmoid, news), b.unary(Unary::Sigmoid, memory)];
    let scan = b.begin_scan(t, Direction::Forward);
    let [variance, square, w, a, c] = [0, 1, 2, 3, 4].map(|k| b.leaf(scan, k, &[]));
    let shock = b.mul(a, square);
    let kept = b.mul(c, variance);
    let sum = b.add(shock, kept);
    let half = b.times(sum, 0.5);
    let new = b.add(w, half);
    let body = ScanBody {
        axis: t,
        direction: Direction::Forward,
        carries: vec![variance],
        sequences: vec![square],
        constants: vec![w, a, c],
        next: vec![new],
        outputs: vec![variance],
    };
    let start = b.constant(1.0);
    let node = b.end_scan(scan, body, &[start], &[squares], &parameters);
    let variances = b.output(node, 0);
    let log = b.log(variances);
    let quotient = b.div(squares, variances);
    let row = b.add(log, quotient);
    let likelihood = b.sum_all(row);
    let likelihood = b.times(likelihood, -0.5);
    let mut terms = vec![likelihood];
    terms.extend([base, news, memory].map(|latent| normal_prior(&mut b, latent, 1.0)));
    let value = total(&mut b, &terms);
    (b, latents, value)
}
