//! Conditional modes and curvatures: the Gaussian of most coordinates at a value of one of them, others being fixed, and
//! grids of such Gaussians.

use nalgebra::{DMatrix, DVector};

use super::evaluator::Evaluator;
use super::gaussian::{Gaussian, HALF_LOG_TAU};
use super::newton::Point;

const NODES_A_SIDE: usize = 24;
/// How far below the peak, in nats, the grid ends.
const DEPTH: f64 = 8.0;
/// A grid whose ends are less far below the peak does not enclose the posterior.
const LEAST_DEPTH: f64 = 3.0;

/// The Gaussian of the other coordinates at one value of the axis.
#[derive(Clone, Debug)]
pub struct Node {
    /// Value of the moved coordinate.
    pub at: f64,
    /// Mean of the rest.
    pub mean: DVector<f64>,
    /// Change of the mean with the axis.
    pub slope: DVector<f64>,
    /// Unit lower triangle L of the precision L D L'.
    pub lower: DMatrix<f64>,
    /// ln D.
    pub log_diagonal: DVector<f64>,
    /// Log density of the moved coordinate by Laplace's approximation.
    pub log_marginal: f64,
    /// Squared Newton decrement at the guess it was found from.
    pub surprise: f64,
}

/// One coordinate moves, the rest settles, all others stay where the base has them.
#[derive(Clone, Debug)]
pub struct Slice {
    /// The coordinate that moves.
    pub moved: usize,
    /// The coordinates that settle, in the order of the nodes.
    pub rest: Vec<usize>,
    /// Values of all others.
    pub base: DVector<f64>,
}

/// A grid through a centre, outwards both ways; `None` if it does not enclose the posterior.
pub fn grid(evaluator: &mut Evaluator, slice: &Slice, centre: &Node, first: f64) -> Option<Vec<Node>> {
    let mut peak = centre.log_marginal;
    let up = side(evaluator, slice, centre, first, &mut peak);
    let down = side(evaluator, slice, centre, -first, &mut peak);
    let mut nodes: Vec<Node> = down.into_iter().rev().collect();
    nodes.push(centre.clone());
    nodes.extend(up);
    nodes.retain(|node| node.log_marginal > peak - 2.0 * DEPTH);
    let ends = [nodes.first()?, nodes.last()?];
    let encloses = ends.iter().all(|node| node.log_marginal <= peak - LEAST_DEPTH);
    (nodes.len() >= 3 && encloses).then_some(nodes)
}

impl Slice {
    /// The rest of a whole position.
    pub fn rest_of(&self, position: &DVector<f64>) -> DVector<f64> {
        DVector::from_iterator(self.rest.len(), self.rest.iter().map(|i| position[*i]))
    }

    /// A whole position.
    pub fn joined(&self, place: f64, rest: &DVector<f64>) -> DVector<f64> {
        let mut position = self.base.clone();
        position[self.moved] = place;
        self.rest.iter().zip(rest.iter()).for_each(|(i, x)| position[*i] = *x);
        position
    }

    /// A change of the rest as a change of the whole position.
    fn widened(&self, change: &DVector<f64>) -> DVector<f64> {
        let mut whole = DVector::zeros(self.base.len());
        self.rest.iter().zip(change.iter()).for_each(|(i, x)| whole[*i] = *x);
        whole
    }

    /// The conditional mode and curvature at a value of the moved coordinate, by Newton's method from a guess.
    pub fn settle(&self, evaluator: &mut Evaluator, place: f64, guess: DVector<f64>) -> Option<Node> {
        let mut point = Point::at(evaluator, self.joined(place, &guess));
        if guess.is_empty() {
            return point.value.is_finite().then(|| alone(place, point.value));
        }
        let mut surprise = None;
        for _ in 0..12 {
            if !point.value.is_finite() {
                return None;
            }
            let hessian = evaluator.hessian(&point.position)?;
            let cross = self.rest_of(&hessian.column(self.moved).clone_owned());
            let precision = -hessian.select_rows(&self.rest).select_columns(&self.rest);
            let rest = self.rest_of(&point.position);
            let (gaussian, _) = Gaussian::from_precision(rest.clone(), &precision);
            let whitened = gaussian.factor().tr_mul(&self.rest_of(&point.gradient));
            let decrement = whitened.norm_squared();
            let step = gaussian.factor() * &whitened;
            let surprise = *surprise.get_or_insert(decrement);
            if decrement < 0.02 {
                let slope = gaussian.factor() * gaussian.factor().tr_mul(&cross);
                let found = node(place, rest + step, slope, &gaussian, point.value + 0.5 * decrement)?;
                return Some(Node { surprise, ..found });
            }
            point = climb(evaluator, &point, self.widened(&step))?;
        }
        None
    }
}

/// The node where nothing is left to settle.
fn alone(at: f64, log_marginal: f64) -> Node {
    let none = DVector::zeros(0);
    Node {
        at,
        mean: none.clone(),
        slope: none.clone(),
        lower: DMatrix::zeros(0, 0),
        log_diagonal: none,
        log_marginal,
        surprise: 0.0,
    }
}

/// Nodes from the centre to one side, until the marginal is negligible or no node can be found.
fn side(evaluator: &mut Evaluator, slice: &Slice, centre: &Node, first: f64, peak: &mut f64) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    let mut step = first;
    let mut attempts = 0;
    while nodes.len() < NODES_A_SIDE && attempts < 2 * NODES_A_SIDE && evaluator.may_continue() {
        attempts += 1;
        let last = nodes.last().unwrap_or(centre);
        let guess = &last.mean + &last.slope * step;
        let Some(node) = slice.settle(evaluator, last.at + step, guess) else {
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
    let precision = gaussian.inverse().tr_mul(gaussian.inverse());
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
