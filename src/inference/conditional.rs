//! A Gaussian given one coordinate, along a grid of that coordinate (after the nested Laplace approximation of Rue,
//! Martino and Chopin 2009): exact for hierarchies that are Gaussian given a scale, funnels among them.

use nalgebra::{DMatrix, DVector};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::ChiSquared;

use super::draws::structured;
use super::evaluator::Evaluator;
use super::gaussian::{Gaussian, HALF_LOG_TAU};
use super::importance::{GUARD, Proposal, log_add};
use super::marginal::{Marginal, hermite};
use super::newton::Point;

const GUARD_FREEDOM: f64 = 6.0;
const GUARD_SCALE: f64 = 1.4;
const NODES_A_SIDE: usize = 24;
/// How far below the peak, in nats, the grid ends.
const DEPTH: f64 = 8.0;
/// A grid whose ends are less far below the peak does not enclose the posterior.
const LEAST_DEPTH: f64 = 3.0;

/// The Gaussian of the other coordinates at one value of the axis.
#[derive(Clone, Debug)]
struct Node {
    at: f64,
    mean: DVector<f64>,
    /// Change of the mean with the axis.
    slope: DVector<f64>,
    /// Unit lower triangle L of the precision L D L'.
    lower: DMatrix<f64>,
    /// ln D.
    log_diagonal: DVector<f64>,
    log_marginal: f64,
    /// Squared Newton decrement at the guess it was found from.
    surprise: f64,
}

/// A grid of conditional Gaussians with the marginal of the axis.
pub struct Conditional {
    name: String,
    axis: usize,
    nodes: Vec<Node>,
    marginal: Marginal,
}

impl Conditional {
    /// Explores the axis outwards from a Gaussian; `None` if the grid cannot be built.
    pub fn explore(
        evaluator: &mut Evaluator,
        gaussian: &Gaussian,
        axis: usize,
        name: &str,
    ) -> Option<Conditional> {
        let scale = gaussian.deviations()[axis];
        let rest = gaussian.mean.clone().remove_row(axis);
        let centre = settle(evaluator, axis, gaussian.mean[axis], rest)?;
        let mut peak = centre.log_marginal;
        let up = side(evaluator, axis, &centre, 0.6 * scale, &mut peak);
        let down = side(evaluator, axis, &centre, -0.6 * scale, &mut peak);
        let mut nodes: Vec<Node> = down.into_iter().rev().collect();
        nodes.push(centre);
        nodes.extend(up);
        nodes.retain(|node| node.log_marginal > peak - 2.0 * DEPTH);
        let ends = [nodes.first()?, nodes.last()?];
        if nodes.len() < 3 || ends.iter().any(|node| node.log_marginal > peak - LEAST_DEPTH) {
            return None;
        }
        let places: Vec<f64> = nodes.iter().map(|node| node.at).collect();
        let logs: Vec<f64> = nodes.iter().map(|node| node.log_marginal).collect();
        let marginal = Marginal::new(&places, &logs, scale);
        Some(Conditional { name: format!("Gaussian given {name}"), axis, nodes, marginal })
    }

    /// The conditional Gaussian at a value: mean, unit lower triangle and log diagonal of the precision.
    fn at(&self, place: f64) -> (DVector<f64>, DMatrix<f64>, DVector<f64>) {
        let last = self.nodes.len() - 1;
        let j = self.nodes.partition_point(|node| node.at <= place).clamp(1, last) - 1;
        let (low, high) = (&self.nodes[j], &self.nodes[j + 1]);
        let width = high.at - low.at;
        let t = (place - low.at) / width;
        let inside = t.clamp(0.0, 1.0);
        let mut mean = DVector::from_fn(low.mean.len(), |i, _| {
            hermite(inside, width, (low.mean[i], high.mean[i]), (low.slope[i], high.slope[i]))
        });
        let beyond = (t - inside) * width;
        mean += if t < 0.0 { &low.slope } else { &high.slope } * beyond;
        let lower = &low.lower * (1.0 - inside) + &high.lower * inside;
        let outside = t.clamp(-3.0, 4.0);
        (mean, lower, &low.log_diagonal * (1.0 - outside) + &high.log_diagonal * outside)
    }
}

/// Nodes from the centre to one side, until the marginal is negligible or no node can be found.
fn side(evaluator: &mut Evaluator, axis: usize, centre: &Node, first: f64, peak: &mut f64) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    let mut step = first;
    let mut attempts = 0;
    while nodes.len() < NODES_A_SIDE && attempts < 2 * NODES_A_SIDE && evaluator.may_continue() {
        attempts += 1;
        let last = nodes.last().unwrap_or(centre);
        let guess = &last.mean + &last.slope * step;
        let Some(node) = settle(evaluator, axis, last.at + step, guess) else {
            step *= 0.5;
            if nodes.len() + 6 < attempts {
                break;
            }
            continue;
        };
        let change = (node.log_marginal - last.log_marginal).abs();
        if change > 6.0 && attempts < NODES_A_SIDE {
            step *= 0.5;
            continue;
        }
        step *= growth(&nodes, centre, &node);
        *peak = peak.max(node.log_marginal);
        let done = node.log_marginal < *peak - DEPTH;
        nodes.push(node);
        if done {
            break;
        }
    }
    nodes
}

/// How much longer the next step may be: longer where the last two nodes foretold this one.
fn growth(nodes: &[Node], centre: &Node, node: &Node) -> f64 {
    let last = nodes.last().unwrap_or(centre);
    let before = if nodes.len() >= 2 { &nodes[nodes.len() - 2] } else { centre };
    let change = node.log_marginal - last.log_marginal;
    let share = (node.at - last.at) / (last.at - before.at);
    let bend = change - share * (last.log_marginal - before.log_marginal);
    let turn =
        (&node.log_diagonal - &last.log_diagonal) - (&last.log_diagonal - &before.log_diagonal) * share;
    if change.abs() > 2.5 || node.surprise > 2.0 {
        0.7
    } else if nodes.is_empty() || share.is_nan() {
        1.0
    } else if bend.abs() < 0.15 && node.surprise < 0.1 && turn.amax() < 0.1 {
        1.7
    } else if bend.abs() < 0.4 && node.surprise < 0.3 {
        1.2
    } else {
        1.0
    }
}

fn joined(axis: usize, place: f64, rest: &DVector<f64>) -> DVector<f64> {
    rest.clone().insert_row(axis, place)
}

/// The conditional mode and curvature at a value of the axis, by Newton's method from a guess.
fn settle(evaluator: &mut Evaluator, axis: usize, place: f64, guess: DVector<f64>) -> Option<Node> {
    if guess.is_empty() {
        let value = Point::at(evaluator, joined(axis, place, &guess)).value;
        let none = DVector::zeros(0);
        let node = Node {
            at: place,
            mean: guess,
            slope: none.clone(),
            lower: DMatrix::zeros(0, 0),
            log_diagonal: none,
            log_marginal: value,
            surprise: 0.0,
        };
        return value.is_finite().then_some(node);
    }
    let mut point = Point::at(evaluator, joined(axis, place, &guess));
    let mut surprise = None;
    for _ in 0..12 {
        if !point.value.is_finite() {
            return None;
        }
        let hessian = evaluator.hessian(&point.position)?;
        let cross = hessian.column(axis).clone_owned().remove_row(axis);
        let precision = -hessian.remove_row(axis).remove_column(axis);
        let rest = point.position.clone().remove_row(axis);
        let (gaussian, _) = Gaussian::from_precision(rest.clone(), &precision);
        let whitened = gaussian.factor.tr_mul(&point.gradient.clone().remove_row(axis));
        let decrement = whitened.norm_squared();
        let step = &gaussian.factor * &whitened;
        let surprise = *surprise.get_or_insert(decrement);
        if decrement < 0.02 {
            let slope = &gaussian.factor * gaussian.factor.tr_mul(&cross);
            let found = node(place, rest + step, slope, &gaussian, point.value + 0.5 * decrement)?;
            return Some(Node { surprise, ..found });
        }
        point = climb(evaluator, &point, step.insert_row(axis, 0.0))?;
    }
    None
}

/// The first of ever shorter steps that goes up.
fn climb(evaluator: &mut Evaluator, point: &Point, mut step: DVector<f64>) -> Option<Point> {
    for _ in 0..8 {
        let next = Point::at(evaluator, &point.position + &step);
        if next.value > point.value - 1e-9 * point.value.abs() {
            return Some(next);
        }
        step *= 0.35;
    }
    None
}

fn node(at: f64, mean: DVector<f64>, slope: DVector<f64>, gaussian: &Gaussian, value: f64) -> Option<Node> {
    let precision = gaussian.inverse.tr_mul(&gaussian.inverse);
    let triangle = precision.cholesky()?.unpack();
    let diagonal = triangle.diagonal();
    let mut lower = triangle;
    for (mut column, size) in lower.column_iter_mut().zip(diagonal.iter()) {
        column /= *size;
    }
    let log_diagonal = diagonal.map(|size| 2.0 * size.ln());
    let log_marginal = value - 0.5 * log_diagonal.sum() + mean.len() as f64 * HALF_LOG_TAU;
    Some(Node { at, mean, slope, lower, log_diagonal, log_marginal, surprise: 0.0 })
}

/// Log density, given the squared distance from a centre, of the normal guarded by a wider Student t; without volume.
fn guarded_log_density(distance: f64, dimension: f64) -> f64 {
    let core = (1.0 - GUARD).ln() - 0.5 * distance - dimension * HALF_LOG_TAU;
    let nu = GUARD_FREEDOM;
    let power = 0.5 * (nu + dimension);
    let level = GUARD.ln() + libm::lgamma(power)
        - libm::lgamma(0.5 * nu)
        - 0.5 * dimension * (nu * std::f64::consts::PI).ln()
        - dimension * GUARD_SCALE.ln();
    log_add(core, level - power * (distance / (GUARD_SCALE * GUARD_SCALE * nu)).ln_1p())
}

impl Proposal for Conditional {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn draw(&self, pairs: usize, generator: &mut ChaCha8Rng) -> Vec<f64> {
        let rest = self.nodes[0].mean.len();
        let normals = structured(pairs, rest.max(1), generator);
        let chi = ChiSquared::new(GUARD_FREEDOM).ok();
        let mut rows = Vec::with_capacity(2 * pairs * (rest + 1));
        for pair in 0..pairs {
            let place = self.marginal.quantile((pair as f64 + generator.random::<f64>()) / pairs as f64);
            let (mean, lower, log_diagonal) = self.at(place);
            let guarded = ((pair + 1) as f64 * GUARD).floor() > (pair as f64 * GUARD).floor();
            let scale = match chi.filter(|_| guarded) {
                Some(chi) => GUARD_SCALE * (GUARD_FREEDOM / generator.sample(chi).max(1e-300)).sqrt(),
                None => 1.0,
            };
            let normal = &normals[2 * pair * rest..][..rest];
            let scaled = DVector::from_fn(rest, |i, _| scale * normal[i] * (-0.5 * log_diagonal[i]).exp());
            let offset = lower.transpose().solve_upper_triangular(&scaled).unwrap_or(scaled);
            rows.extend(joined(self.axis, place, &(&mean + &offset)).iter());
            rows.extend(joined(self.axis, place, &(mean - offset)).iter());
        }
        rows
    }

    fn log_density(&self, positions: &[f64]) -> Vec<f64> {
        let dimension = self.nodes[0].mean.len() + 1;
        positions
            .chunks(dimension)
            .map(|row| {
                let position = DVector::from_column_slice(row);
                let place = position[self.axis];
                let (mean, lower, log_diagonal) = self.at(place);
                let turned = lower.tr_mul(&(position.remove_row(self.axis) - mean));
                let distance: f64 = turned.iter().zip(&log_diagonal).map(|(x, l)| x * x * l.exp()).sum();
                self.marginal.log_density(place)
                    + 0.5 * log_diagonal.sum()
                    + guarded_log_density(distance, (dimension - 1) as f64)
            })
            .collect()
    }
}
