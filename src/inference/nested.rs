//! A Gaussian given several coordinates at once: its natural parameters (precision, and precision times mean) are sums of
//! what changes along each of those coordinates alone, which is exact for linear models with several scales. The
//! coordinates' own distribution is a mixture adapted to Laplace's approximation (nested Laplace, Rue, Martino and Chopin
//! 2009, with importance weights on top).

use nalgebra::{DMatrix, DVector};

use crate::numeric::random::Generator;

use super::adaptive;
use super::draws::structured;
use super::evaluator::Evaluator;
use super::gaussian::{Gaussian, HALF_LOG_TAU};
use super::importance::{Component, Guard, Mixture, Proposal, Tail, Weighted};
use super::ldl::{Elimination, Factors};
use super::marginal::hermite;
use super::settle::{Node, Slice, grid};

/// Pairs of each adaptation of the outer mixture.
const OUTER_PAIRS: usize = 150;
/// Adaptations of it.
const ADAPTATIONS: usize = 3;
/// Share of the wide part of the outer mixture, how much wider it is than the axes' density, and its degrees of freedom.
const GUARD: f64 = 0.1;
const WIDER: f64 = 1.8;
const FREEDOM: f64 = 5.0;
/// Least pivot of a precision, against the centre's.
const LEAST_PIVOT: f64 = 1e-4;
/// Entries of a unit triangle that count as nothing.
const NEGLIGIBLE: f64 = 1e-9;

/// Natural parameters of the rest's Gaussian in one vector: the precision's diagonal, its entries at the places of the
/// elimination, and precision times mean.
type Natural = DVector<f64>;

/// The Gaussian of the rest.
struct Shape {
    mean: DVector<f64>,
    factors: Factors,
}

impl Shape {
    /// ln det of the precision.
    fn log_determinant(&self) -> f64 {
        self.factors.diagonal.iter().map(|d| d.ln()).sum()
    }
}

/// The places of an arm's nodes, and the natural parameters there.
struct Arm {
    places: Vec<f64>,
    naturals: Vec<Natural>,
}

/// The proposal.
pub struct Nested {
    name: String,
    axes: Vec<usize>,
    rest: Vec<usize>,
    elimination: Elimination,
    centre: Natural,
    /// Least pivots of a precision.
    floors: DVector<f64>,
    arms: Vec<Arm>,
    outer: Mixture,
}

impl Nested {
    /// Explores each axis outwards from a Gaussian, the other axes staying at its mean.
    ///
    /// # Errors
    /// The place in `axes` of one along which no grid can be built.
    pub fn explore(
        evaluator: &mut Evaluator,
        gaussian: &Gaussian,
        axes: &[(usize, String)],
        generator: &mut Generator,
    ) -> Result<Nested, usize> {
        let moved: Vec<usize> = axes.iter().map(|(axis, _)| *axis).collect();
        let crowding = evaluator.crowding();
        let mut rest: Vec<usize> = (0..gaussian.dimension()).filter(|i| !moved.contains(i)).collect();
        // What few coordinates depend on comes last: conditionally independent coordinates keep a sparse triangle.
        rest.sort_by_key(|i| crowding[*i]);
        let deviations = gaussian.deviations();
        let mut arms = Vec::new();
        let mut guess = gaussian.mean.clone();
        for (k, &axis) in moved.iter().enumerate() {
            let slice = Slice { moved: axis, rest: rest.clone(), base: gaussian.mean.clone() };
            let centre = slice.settle(evaluator, gaussian.mean[axis], slice.rest_of(&guess)).ok_or(k)?;
            rest.iter().zip(centre.mean.iter()).for_each(|(i, x)| guess[*i] = *x);
            let nodes = grid(evaluator, &slice, &centre, 0.7 * deviations[axis]).ok_or(k)?;
            arms.push((nodes, centre));
        }
        let elimination = elimination(arms.iter().flat_map(|(nodes, _)| nodes));
        let centre = natural(&arms[0].1, &elimination);
        let floors = arms[0].1.log_diagonal.map(|l| LEAST_PIVOT * l.exp());
        let arms = arms.into_iter().map(|(nodes, _)| arm(&nodes, &elimination)).collect();
        let names: Vec<&str> = axes.iter().map(|(_, name)| name.as_str()).collect();
        let name = format!("Gaussian given {}", names.join(", "));
        let start = outer_start(gaussian, &moved);
        let outer = Mixture::guarded("", &start.widened(1.3));
        let mut nested = Nested { name, axes: moved, rest, elimination, centre, floors, arms, outer };
        nested.adapt(evaluator, &start, generator);
        Ok(nested)
    }

    /// Lets the outer mixture follow Laplace's approximation of the axes' density.
    fn adapt(&mut self, evaluator: &mut Evaluator, start: &Gaussian, generator: &mut Generator) {
        let weighted = self.outer_draws(evaluator, generator);
        self.outer = adaptive::spread(start, &weighted, generator);
        for _ in 0..ADAPTATIONS {
            let weighted = self.outer_draws(evaluator, generator);
            self.outer = adaptive::adapt(&self.outer, &weighted);
        }
        let weighted = self.outer_draws(evaluator, generator);
        self.guard_outer(&weighted);
    }

    /// Adds a wide part: the logarithm of a scale that may vanish has a tail that adapted parts cut off.
    fn guard_outer(&mut self, weighted: &Weighted) {
        let mean = weighted.moments().mean;
        let covariance = weighted.covariance(&weighted.smoothed.log_weights, &mean);
        if covariance.iter().chain(mean.iter()).any(|x| !x.is_finite()) {
            return;
        }
        let gaussian = Gaussian::from_covariance(mean, &(covariance * (WIDER * WIDER)));
        let parts = &mut self.outer.components;
        parts.iter_mut().for_each(|part| part.weight *= 1.0 - GUARD);
        parts.push(Component { weight: GUARD, gaussian, tail: Tail::Student(FREEDOM) });
    }

    fn outer_draws(&self, evaluator: &mut Evaluator, generator: &mut Generator) -> Weighted {
        let draws = self.outer.draw(OUTER_PAIRS, generator);
        let shapes: Vec<Shape> = draws.chunks(self.axes.len()).map(|places| self.at(places)).collect();
        let positions: Vec<f64> = draws
            .chunks(self.axes.len())
            .zip(&shapes)
            .flat_map(|(places, shape)| self.joined(places, &shape.mean))
            .collect();
        let values = evaluator.value(&positions);
        let level = self.rest.len() as f64 * HALF_LOG_TAU;
        let densities: Vec<f64> = values
            .iter()
            .zip(&shapes)
            .map(|(value, shape)| value + level - 0.5 * shape.log_determinant())
            .collect();
        Weighted::of(draws, densities, &self.outer)
    }

    /// The shape at values of the axes: the centre's natural parameters with the changes along every arm.
    fn at(&self, places: &[f64]) -> Shape {
        let mut sum = self.centre.clone();
        for (arm, place) in self.arms.iter().zip(places) {
            arm.add_change(&mut sum, &self.centre, *place);
        }
        let (rest, entries) = (self.rest.len(), self.elimination.places.len());
        let part = |from: usize, length: usize| sum.rows(from, length).clone_owned();
        let factors = self.elimination.factors(part(0, rest), part(rest, entries), &self.floors);
        let mean = self.elimination.solved_whole(&factors, part(rest + entries, rest));
        Shape { mean, factors }
    }

    fn joined(&self, places: &[f64], rest: &DVector<f64>) -> Vec<f64> {
        let mut position = vec![0.0; self.axes.len() + self.rest.len()];
        self.axes.iter().zip(places).for_each(|(i, x)| position[*i] = *x);
        self.rest.iter().zip(rest.iter()).for_each(|(i, x)| position[*i] = *x);
        position
    }
}

/// The marginal Gaussian of some coordinates.
fn outer_start(gaussian: &Gaussian, axes: &[usize]) -> Gaussian {
    let rows = gaussian.factor().select_rows(axes);
    let mean = DVector::from_iterator(axes.len(), axes.iter().map(|i| gaussian.mean[*i]));
    Gaussian::from_covariance(mean, &(&rows * rows.transpose()))
}

/// The elimination of all precisions whose factors some nodes hold.
fn elimination<'n>(nodes: impl Iterator<Item = &'n Node>) -> Elimination {
    let mut used: Option<DMatrix<bool>> = None;
    for node in nodes {
        let own = node.lower.map(|entry| entry.abs() > NEGLIGIBLE);
        used = Some(match used {
            None => own,
            Some(before) => before.zip_map(&own, |a, b| a || b),
        });
    }
    Elimination::of(&used.unwrap_or_else(|| DMatrix::from_element(0, 0, false)))
}

fn natural(node: &Node, elimination: &Elimination) -> Natural {
    let mut scaled = node.lower.clone();
    for (mut column, l) in scaled.column_iter_mut().zip(&node.log_diagonal) {
        column *= l.exp();
    }
    let precision = scaled * node.lower.transpose();
    let linear = &precision * &node.mean;
    let entries = elimination.places.iter().map(|place| precision[*place]);
    let all: Vec<f64> =
        precision.diagonal().iter().copied().chain(entries).chain(linear.iter().copied()).collect();
    DVector::from_vec(all)
}

fn arm(nodes: &[Node], elimination: &Elimination) -> Arm {
    Arm {
        places: nodes.iter().map(|node| node.at).collect(),
        naturals: nodes.iter().map(|node| natural(node, elimination)).collect(),
    }
}

impl Arm {
    /// Adds what changes from the centre to a place: cubic between nodes, constant beyond the ends.
    fn add_change(&self, sum: &mut Natural, centre: &Natural, place: f64) {
        let last = self.places.len() - 1;
        let j = self.places.partition_point(|at| *at <= place).clamp(1, last) - 1;
        let width = self.places[j + 1] - self.places[j];
        let t = ((place - self.places[j]) / width).clamp(0.0, 1.0);
        let (low, high) = (&self.naturals[j], &self.naturals[j + 1]);
        // The chords on both sides, or the own one at an end.
        let (before, after) = (j.max(1) - 1, (j + 2).min(last));
        let left = (&self.naturals[before], self.places[j] - self.places[before]);
        let right = (&self.naturals[after], self.places[after] - self.places[j + 1]);
        for i in 0..sum.len() {
            let chord = (high[i] - low[i]) / width;
            let start = slope((low[i] - left.0[i], left.1), (chord, width));
            let end = slope((right.0[i] - high[i], right.1), (chord, width));
            sum[i] += hermite(t, width, (low[i], high[i]), (start, end)) - centre[i];
        }
    }
}

/// The slope at a node from the change over the neighbouring cell and the own cell's chord: their harmonic mean where
/// both have one sign, so that the curve never overshoots (Fritsch and Carlson 1980).
fn slope((change, breadth): (f64, f64), (chord, width): (f64, f64)) -> f64 {
    if breadth <= 0.0 {
        return chord;
    }
    let other = change / breadth;
    if other * chord <= 0.0 {
        return 0.0;
    }
    let (a, b) = (2.0 * width + breadth, width + 2.0 * breadth);
    (a + b) / (a / chord + b / other)
}

impl Proposal for Nested {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn draw(&self, pairs: usize, generator: &mut Generator) -> Vec<f64> {
        let (outer, rest) = (self.axes.len(), self.rest.len());
        let places = self.outer.draw(pairs.div_ceil(2), generator);
        let normals = structured(pairs, rest, generator);
        let mut rows = Vec::with_capacity(2 * pairs * (outer + rest));
        for pair in 0..pairs {
            let places = &places[pair * outer..][..outer];
            let shape = self.at(places);
            let scale = Guard::scale(pair, generator);
            let normal = &normals[2 * pair * rest..][..rest];
            let scaled = DVector::from_fn(rest, |i, _| scale * normal[i] / shape.factors.diagonal[i].sqrt());
            let offset = self.elimination.solved(&shape.factors, scaled);
            rows.extend(self.joined(places, &(&shape.mean + &offset)));
            rows.extend(self.joined(places, &(&shape.mean - &offset)));
        }
        rows
    }

    fn log_density(&self, positions: &[f64]) -> Vec<f64> {
        let rest = self.rest.len();
        let mut places = Vec::with_capacity(positions.len());
        let inner: Vec<f64> = positions
            .chunks(rest + self.axes.len())
            .map(|row| {
                let own: Vec<f64> = self.axes.iter().map(|i| row[*i]).collect();
                let shape = self.at(&own);
                places.extend(own);
                let gap = DVector::from_fn(rest, |i, _| row[self.rest[i]] - shape.mean[i]);
                let turned = self.elimination.turned(&shape.factors, &gap);
                let distance: f64 = turned.iter().zip(&shape.factors.diagonal).map(|(x, d)| x * x * d).sum();
                0.5 * shape.log_determinant() + Guard::log_density(distance, rest as f64)
            })
            .collect();
        inner.into_iter().zip(self.outer.log_density(&places)).map(|(a, b)| a + b).collect()
    }
}
