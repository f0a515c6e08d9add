//! A Gaussian given two coordinates, over a grid of both: means and triangles of precisions at the nodes of the grid, cubic
//! between them. What two scales change together (a covariance function of height and length) is in it, which changes
//! along each alone do not add up to (nested Laplace, Rue, Martino and Chopin 2009, with importance weights on top).

use std::collections::BTreeMap;

use nalgebra::{DMatrix, DVector, Matrix2, Vector2};

use crate::numeric::random::Generator;

use super::draws::structured;
use super::evaluator::Evaluator;
use super::gaussian::Gaussian;
use super::importance::{Guard, Proposal};
use super::settle::{Node, Slice};
use super::surface::Surface;

/// Distance of nodes, in standard deviations.
const STEP: f64 = 1.5;
/// Nodes from the centre to each side, at first and at most.
const FIRST: i32 = 2;
const MOST: i32 = 6;
/// The most nodes.
const MOST_NODES: usize = 80;
/// The grid goes on where its edge is less than so many nats below the peak.
const DEPTH: f64 = 5.0;
/// Around a node so far below the peak none is looked for.
const HOPELESS: f64 = 15.0;
/// Fall from a peak to all its neighbours from which on the grid is too wide.
const TOO_WIDE: f64 = 5.0;
/// How often its step is halved then.
const HALVINGS: usize = 3;

type Place = (i32, i32);

/// The two coordinates in standard units.
#[derive(Clone, Debug)]
struct Frame {
    axes: [usize; 2],
    centre: Vector2<f64>,
    /// Lower triangle; its product with its transpose is their covariance.
    root: Matrix2<f64>,
}

impl Frame {
    fn of(gaussian: &Gaussian, axes: [usize; 2]) -> Option<Frame> {
        let rows = gaussian.factor().select_rows(&axes);
        let covariance = &rows * rows.transpose();
        let covariance =
            Matrix2::new(covariance[(0, 0)], covariance[(0, 1)], covariance[(1, 0)], covariance[(1, 1)]);
        let root = covariance.cholesky()?.l() * STEP;
        Some(Frame { axes, centre: Vector2::new(gaussian.mean[axes[0]], gaussian.mean[axes[1]]), root })
    }

    fn outside(&self, inside: [f64; 2]) -> Vector2<f64> {
        self.centre + self.root * Vector2::from(inside)
    }

    fn inside(&self, outside: Vector2<f64>) -> [f64; 2] {
        let gap = outside - self.centre;
        let first = gap[0] / self.root[(0, 0)];
        [first, (gap[1] - self.root[(1, 0)] * first) / self.root[(1, 1)]]
    }

    fn log_volume(&self) -> f64 {
        (self.root[(0, 0)] * self.root[(1, 1)]).abs().ln()
    }
}

/// The proposal.
pub struct Plane {
    name: String,
    frame: Frame,
    rest: Vec<usize>,
    low: [i32; 2],
    size: [usize; 2],
    /// For each node, the second coordinate's fastest: mean, entries below the diagonal of the unit triangle by columns, and
    /// log diagonal of the precision.
    shapes: Vec<DVector<f64>>,
    surface: Surface,
}

impl Plane {
    /// Explores the plane of two coordinates around a Gaussian; `None` if no grid encloses the posterior.
    pub fn explore(
        evaluator: &mut Evaluator,
        gaussian: &Gaussian,
        axes: [(usize, &str); 2],
    ) -> Option<Plane> {
        let mut frame = Frame::of(gaussian, axes.map(|(axis, _)| axis))?;
        let rest: Vec<usize> = (0..gaussian.dimension()).filter(|i| !frame.axes.contains(i)).collect();
        for _ in 0..HALVINGS {
            let mut search =
                Search { evaluator, gaussian, frame: &frame, rest: &rest, nodes: BTreeMap::new() };
            let (low, high) = search.explore()?;
            let nodes = search.nodes;
            if is_too_wide(&nodes) {
                frame.root *= 0.5;
                continue;
            }
            let size = size(low, high);
            let places: Vec<Place> =
                (low[0]..=high[0]).flat_map(|i| (low[1]..=high[1]).map(move |j| (i, j))).collect();
            let filled: Vec<(DVector<f64>, f64)> =
                places.iter().map(|place| filled(&nodes, *place)).collect::<Option<_>>()?;
            let levels: Vec<f64> = filled.iter().map(|(_, level)| *level).collect();
            let surface = Surface::new(low, size, &levels)?;
            let name = format!("Gaussian given {} and {}", axes[0].1, axes[1].1);
            let shapes = filled.into_iter().map(|(shape, _)| shape).collect();
            return Some(Plane { name, frame, rest, low, size, shapes, surface });
        }
        None
    }

    /// Mean, unit lower triangle and log diagonal of the precision at a place.
    fn at(&self, inside: [f64; 2]) -> (DVector<f64>, DMatrix<f64>, DVector<f64>) {
        let (first, row) = stencil(inside[0] - f64::from(self.low[0]), self.size[0]);
        let (second, column) = stencil(inside[1] - f64::from(self.low[1]), self.size[1]);
        let mut shape = DVector::zeros(self.shapes[0].len());
        for (i, a) in row.iter().enumerate() {
            for (j, b) in column.iter().enumerate() {
                shape.axpy(a * b, &self.shapes[(first + i) * self.size[1] + second + j], 1.0);
            }
        }
        let rest = self.rest.len();
        let mut lower = DMatrix::identity(rest, rest);
        let below = (0..rest).flat_map(|j| (j + 1..rest).map(move |i| (i, j)));
        below.zip(shape.iter().skip(rest)).for_each(|(place, entry)| lower[place] = *entry);
        let end = shape.len() - rest;
        (shape.rows(0, rest).clone_owned(), lower, shape.rows(end, rest).clone_owned())
    }

    fn joined(&self, outside: Vector2<f64>, rest: &DVector<f64>) -> Vec<f64> {
        let mut position = vec![0.0; self.rest.len() + 2];
        self.frame.axes.iter().zip(outside.iter()).for_each(|(i, x)| position[*i] = *x);
        self.rest.iter().zip(rest.iter()).for_each(|(i, x)| position[*i] = *x);
        position
    }
}

/// Nodes of a grid as they are found.
struct Search<'s, 'e> {
    evaluator: &'s mut Evaluator<'e>,
    gaussian: &'s Gaussian,
    frame: &'s Frame,
    rest: &'s [usize],
    nodes: BTreeMap<Place, Node>,
}

impl Search<'_, '_> {
    /// The corners of a grid whose edges are far enough below the peak, or as large as allowed.
    fn explore(&mut self) -> Option<([i32; 2], [i32; 2])> {
        let (mut low, mut high) = ([-FIRST; 2], [FIRST; 2]);
        loop {
            self.fill(low, high)?;
            if is_too_wide(&self.nodes) {
                return Some((low, high));
            }
            let grown = grown(&self.nodes, low, high);
            if grown == (low, high) || !self.evaluator.may_continue() {
                return Some((low, high));
            }
            (low, high) = grown;
        }
    }

    /// Settles what is not settled between two corners, from the centre outwards; `None` if not even the centre can be.
    fn fill(&mut self, low: [i32; 2], high: [i32; 2]) -> Option<()> {
        let mut places: Vec<Place> =
            (low[0]..=high[0]).flat_map(|i| (low[1]..=high[1]).map(move |j| (i, j))).collect();
        places.retain(|place| !self.nodes.contains_key(place));
        places.sort_by_key(|place| (distance(*place, (0, 0)), *place));
        for place in places {
            let near = nearest(&self.nodes, place);
            if near.is_some_and(|(_, node)| node.log_marginal < peak(&self.nodes) - HOPELESS) {
                continue;
            }
            let guess = match near {
                None => {
                    DVector::from_iterator(self.rest.len(), self.rest.iter().map(|i| self.gaussian.mean[*i]))
                }
                Some((at, node)) => {
                    let behind = (2 * at.0 - place.0, 2 * at.1 - place.1);
                    match self.nodes.get(&behind) {
                        Some(other) => &node.mean * 2.0 - &other.mean,
                        None => node.mean.clone(),
                    }
                }
            };
            let outside = self.frame.outside([f64::from(place.0), f64::from(place.1)]);
            let mut base = self.gaussian.mean.clone();
            base[self.frame.axes[1]] = outside[1];
            let slice = Slice { moved: self.frame.axes[0], rest: self.rest.to_vec(), base };
            match slice.settle(self.evaluator, outside[0], guess) {
                Some(node) if node.log_marginal.is_finite() => {
                    self.nodes.insert(place, node);
                }
                _ if place == (0, 0) => return None,
                _ => {}
            }
        }
        Some(())
    }
}

/// The corners moved out by a node to each side where the marginal is not far enough below the peak, the highest edge first,
/// for as long as the grid does not get too large: one that is cut off all round for the sake of one side misses tails.
fn grown(nodes: &BTreeMap<Place, Node>, low: [i32; 2], high: [i32; 2]) -> ([i32; 2], [i32; 2]) {
    let edge = |axis: usize, at: i32| {
        let on = nodes.iter().filter(|(place, _)| [place.0, place.1][axis] == at);
        on.map(|(_, node)| node.log_marginal).fold(f64::NEG_INFINITY, f64::max)
    };
    let of_axis = |axis: usize| [(edge(axis, low[axis]), axis, -1), (edge(axis, high[axis]), axis, 1)];
    let mut sides: Vec<(f64, usize, i32)> = (0..2).flat_map(of_axis).collect();
    sides.sort_by(|one, other| other.0.total_cmp(&one.0));
    let floor = peak(nodes) - DEPTH;
    sides.into_iter().filter(|(level, ..)| *level > floor).fold((low, high), |corners, (_, axis, way)| {
        let mut wider = corners;
        let corner = if way < 0 { &mut wider.0[axis] } else { &mut wider.1[axis] };
        *corner += way;
        let fits = corner.abs() <= MOST && size(wider.0, wider.1).iter().product::<usize>() <= MOST_NODES;
        if fits { wider } else { corners }
    })
}

/// Nodes from one corner to the other, by axes.
fn size(low: [i32; 2], high: [i32; 2]) -> [usize; 2] {
    [0, 1].map(|axis| (high[axis] - low[axis] + 1) as usize)
}

fn distance(one: Place, other: Place) -> i32 {
    (one.0 - other.0).pow(2) + (one.1 - other.1).pow(2)
}

fn nearest(nodes: &BTreeMap<Place, Node>, place: Place) -> Option<(Place, &Node)> {
    let near = nodes.iter().min_by_key(|(at, _)| (distance(**at, place), distance(**at, (0, 0))));
    near.map(|(at, node)| (*at, node))
}

fn peak(nodes: &BTreeMap<Place, Node>) -> f64 {
    nodes.values().map(|node| node.log_marginal).fold(f64::NEG_INFINITY, f64::max)
}

/// Whether nearly all mass is at one node.
fn is_too_wide(nodes: &BTreeMap<Place, Node>) -> bool {
    let Some((top, node)) = nodes.iter().max_by(|a, b| a.1.log_marginal.total_cmp(&b.1.log_marginal)) else {
        return false;
    };
    let others = nodes.iter().filter(|(place, _)| *place != top);
    others.map(|(_, other)| other.log_marginal).fold(f64::NEG_INFINITY, f64::max)
        < node.log_marginal - TOO_WIDE
}

/// Shape and log marginal at a place; where nothing could be settled, the shape of the nearest node and little mass.
fn filled(nodes: &BTreeMap<Place, Node>, place: Place) -> Option<(DVector<f64>, f64)> {
    let (at, node) = nearest(nodes, place)?;
    let level = if at == place { node.log_marginal } else { node.log_marginal.min(peak(nodes) - HOPELESS) };
    let rest = node.mean.len();
    let below = (0..rest).flat_map(|j| (j + 1..rest).map(move |i| node.lower[(i, j)]));
    let all: Vec<f64> =
        node.mean.iter().copied().chain(below).chain(node.log_diagonal.iter().copied()).collect();
    Some((DVector::from_vec(all), level))
}

/// The first of four neighbouring nodes and the weights of cubic interpolation; beyond the ends, as at the ends.
pub(super) fn stencil(at: f64, count: usize) -> (usize, [f64; 4]) {
    let at = at.clamp(0.0, (count - 1) as f64);
    let first = (at.floor() as usize).saturating_sub(1).min(count - 4);
    let t = at - first as f64;
    let weights = [
        -(t - 1.0) * (t - 2.0) * (t - 3.0) / 6.0,
        t * (t - 2.0) * (t - 3.0) / 2.0,
        -t * (t - 1.0) * (t - 3.0) / 2.0,
        t * (t - 1.0) * (t - 2.0) / 6.0,
    ];
    (first, weights)
}

impl Proposal for Plane {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn draw(&self, pairs: usize, generator: &mut Generator) -> Vec<f64> {
        let rest = self.rest.len();
        let normals = structured(pairs, rest.max(1), generator);
        let places = self.surface.draw(pairs, generator);
        let mut rows = Vec::with_capacity(2 * pairs * (rest + 2));
        for (pair, inside) in places.into_iter().enumerate() {
            let outside = self.frame.outside(inside);
            let (mean, lower, log_diagonal) = self.at(inside);
            let scale = Guard::scale(pair, generator);
            let normal = &normals[2 * pair * rest..][..rest];
            let scaled = DVector::from_fn(rest, |i, _| scale * normal[i] * (-0.5 * log_diagonal[i]).exp());
            let offset = lower.tr_solve_lower_triangular(&scaled).unwrap_or(scaled);
            rows.extend(self.joined(outside, &(&mean + &offset)));
            rows.extend(self.joined(outside, &(mean - offset)));
        }
        rows
    }

    fn log_density(&self, positions: &[f64]) -> Vec<f64> {
        let rest = self.rest.len();
        positions
            .chunks(rest + 2)
            .map(|row| {
                let [first, second] = self.frame.axes;
                let inside = self.frame.inside(Vector2::new(row[first], row[second]));
                let (mean, lower, log_diagonal) = self.at(inside);
                let gap = DVector::from_fn(rest, |i, _| row[self.rest[i]] - mean[i]);
                let turned = lower.tr_mul(&gap);
                let distance: f64 = turned.iter().zip(&log_diagonal).map(|(x, l)| x * x * l.exp()).sum();
                self.surface.log_density(inside) - self.frame.log_volume()
                    + 0.5 * log_diagonal.sum()
                    + Guard::log_density(distance, rest as f64)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cubics_are_interpolated_exactly_and_ends_hold() {
        let cubic = |x: f64| 2.0 - x + 0.5 * x * x - 0.1 * x * x * x;
        for at in [0.0, 0.3, 1.7, 3.2, 5.0] {
            let (first, weights) = stencil(at, 6);
            let value: f64 = (0..4).map(|k| weights[k] * cubic((first + k) as f64)).sum();
            assert!((value - cubic(at)).abs() < 1e-12, "{at}");
        }
        assert_eq!(stencil(-3.0, 6), stencil(0.0, 6));
        assert_eq!(stencil(9.0, 6), stencil(5.0, 6));
    }

    fn level(log_marginal: f64) -> Node {
        let none = DVector::zeros(0);
        let lower = DMatrix::zeros(0, 0);
        let (mean, slope, log_diagonal) = (none.clone(), none.clone(), none);
        Node { at: 0.0, mean, slope, lower, log_diagonal, log_marginal, surprise: 0.0 }
    }

    /// Nodes of a grid between two corners, with such a log marginal.
    fn nodes([low, high]: [[i32; 2]; 2], of: impl Fn(Place) -> f64) -> BTreeMap<Place, Node> {
        let places = (low[0]..=high[0]).flat_map(|i| (low[1]..=high[1]).map(move |j| (i, j)));
        places.map(|place| (place, level(of(place)))).collect()
    }

    #[test]
    fn a_grid_grows_to_where_the_marginal_is_and_no_further() {
        let narrow = |(i, j): Place| -f64::from(i * i) - 0.4 * f64::from((j - 1).pow(2));
        let (low, high) = ([-2, -2], [2, 2]);
        // At the edges: 4 and 4 below the peak along the first, 3.6 and 0.4 along the second.
        assert_eq!(grown(&nodes([low, high], narrow), low, high), ([-3, -3], [3, 3]));
        let (low, high) = ([-3, -3], [3, 3]);
        // Now 9 and 9, 6.4 and 1.6.
        assert_eq!(grown(&nodes([low, high], narrow), low, high), (low, [3, 4]));
    }

    #[test]
    fn a_grid_too_large_to_grow_all_round_grows_where_most_is_cut_off() {
        let (low, high) = ([-4, -3], [4, 4]);
        // Of 9 by 8 nodes one side of 8 fits, and one of 9 would, but not both: the highest edge is at the first's low end.
        let wide = |(i, j): Place| -0.05 * f64::from((i + 1).pow(2)) - 0.1 * f64::from(j * j);
        assert_eq!(grown(&nodes([low, high], wide), low, high), ([-5, -3], high));
        let (low, high) = ([-6, -2], [6, 2]);
        let long = |(i, j): Place| 0.1 * f64::from(j) - 0.01 * f64::from(i * i);
        assert_eq!(grown(&nodes([low, high], long), low, high), (low, [6, 3]));
    }
}
