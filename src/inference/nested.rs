//! A Gaussian given several coordinates at once: its mean and precision are sums of what changes along each of those
//! coordinates alone, and their own distribution is a mixture adapted to Laplace's approximation (nested Laplace, Rue,
//! Martino and Chopin 2009, with importance weights on top).

use nalgebra::DVector;
use rand_chacha::ChaCha8Rng;

use super::adaptive;
use super::draws::structured;
use super::evaluator::Evaluator;
use super::gaussian::{Gaussian, HALF_LOG_TAU};
use super::importance::{Guard, Mixture, Proposal, Weighted};
use super::marginal::hermite;
use super::settle::{Node, Slice, grid};

/// Pairs of each adaptation of the outer mixture.
const OUTER_PAIRS: usize = 150;
/// Adaptations of it.
const ADAPTATIONS: usize = 4;

/// The Gaussian of the rest: its mean, and L and D of its precision L D L'.
#[derive(Clone, Debug)]
struct Shape {
    mean: DVector<f64>,
    log_diagonal: DVector<f64>,
    /// Entries of the unit lower triangle below its diagonal, by column.
    entries: DVector<f64>,
}

/// A node of an arm: a place, the shape there, and the change of the mean.
struct Joint {
    at: f64,
    shape: Shape,
    slope: DVector<f64>,
}

/// The proposal.
pub struct Nested {
    name: String,
    axes: Vec<usize>,
    rest: Vec<usize>,
    /// Where the entries of the lower triangle are: (row, column), columns ascending.
    places: Vec<(usize, usize)>,
    centre: Shape,
    arms: Vec<Vec<Joint>>,
    outer: Mixture,
}

impl Nested {
    /// Explores each axis outwards from a Gaussian, the other axes staying at its mean; `None` if a grid cannot be built.
    pub fn explore(
        evaluator: &mut Evaluator,
        gaussian: &Gaussian,
        axes: &[(usize, String)],
        generator: &mut ChaCha8Rng,
    ) -> Option<Nested> {
        let moved: Vec<usize> = axes.iter().map(|(axis, _)| *axis).collect();
        let crowding = evaluator.crowding();
        let mut rest: Vec<usize> = (0..gaussian.dimension()).filter(|i| !moved.contains(i)).collect();
        // What few coordinates depend on comes last: conditionally independent coordinates keep a sparse triangle.
        rest.sort_by_key(|i| crowding[*i]);
        let deviations = gaussian.deviations();
        let mut arms = Vec::new();
        let mut guess = gaussian.mean.clone();
        for &axis in &moved {
            let slice = Slice { moved: axis, rest: rest.clone(), base: gaussian.mean.clone() };
            let centre = slice.settle(evaluator, gaussian.mean[axis], slice.rest_of(&guess))?;
            rest.iter().zip(centre.mean.iter()).for_each(|(i, x)| guess[*i] = *x);
            arms.push((grid(evaluator, &slice, &centre, 0.7 * deviations[axis])?, centre));
        }
        let places = entries_of(arms.iter().flat_map(|(nodes, _)| nodes));
        let centre = shape(&arms[0].1, &places);
        let arms = arms
            .into_iter()
            .map(|(nodes, _)| nodes.into_iter().map(|node| joint(node, &places)).collect())
            .collect();
        let names: Vec<&str> = axes.iter().map(|(_, name)| name.as_str()).collect();
        let name = format!("Gaussian given {}", names.join(", "));
        let start = outer_start(gaussian, &moved);
        let outer = Mixture::guarded("", &start.widened(1.3));
        let mut nested = Nested { name, axes: moved, rest, places, centre, arms, outer };
        nested.adapt(evaluator, &start, generator);
        Some(nested)
    }

    /// Lets the outer mixture follow Laplace's approximation of the axes' density.
    fn adapt(&mut self, evaluator: &mut Evaluator, start: &Gaussian, generator: &mut ChaCha8Rng) {
        let weighted = self.outer_draws(evaluator, generator);
        self.outer = adaptive::spread(start, &weighted, generator);
        for _ in 0..ADAPTATIONS {
            let weighted = self.outer_draws(evaluator, generator);
            self.outer = adaptive::adapt(&self.outer, &weighted);
        }
    }

    fn outer_draws(&self, evaluator: &mut Evaluator, generator: &mut ChaCha8Rng) -> Weighted {
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
            .map(|(value, shape)| value + level - 0.5 * shape.log_diagonal.sum())
            .collect();
        Weighted::of(draws, densities, &self.outer)
    }

    /// The shape at values of the axes: the centre's with the changes along every arm.
    fn at(&self, places: &[f64]) -> Shape {
        let mut shape = self.centre.clone();
        for (nodes, place) in self.arms.iter().zip(places) {
            let there = interpolated(nodes, *place);
            shape.mean += there.mean - &self.centre.mean;
            shape.log_diagonal += there.log_diagonal - &self.centre.log_diagonal;
            shape.entries += there.entries - &self.centre.entries;
        }
        shape
    }

    fn joined(&self, places: &[f64], rest: &DVector<f64>) -> Vec<f64> {
        let mut position = vec![0.0; self.axes.len() + self.rest.len()];
        self.axes.iter().zip(places).for_each(|(i, x)| position[*i] = *x);
        self.rest.iter().zip(rest.iter()).for_each(|(i, x)| position[*i] = *x);
        position
    }

    /// The solution of L' x = right.
    fn solved(&self, shape: &Shape, mut right: DVector<f64>) -> DVector<f64> {
        for (&(row, column), entry) in self.places.iter().zip(shape.entries.iter()).rev() {
            right[column] -= entry * right[row];
        }
        right
    }

    /// L' times a vector.
    fn turned(&self, shape: &Shape, vector: &DVector<f64>) -> DVector<f64> {
        let mut turned = vector.clone();
        for (&(row, column), entry) in self.places.iter().zip(shape.entries.iter()) {
            turned[column] += entry * vector[row];
        }
        turned
    }
}

/// The marginal Gaussian of some coordinates.
fn outer_start(gaussian: &Gaussian, axes: &[usize]) -> Gaussian {
    let rows = gaussian.factor.select_rows(axes);
    let mean = DVector::from_iterator(axes.len(), axes.iter().map(|i| gaussian.mean[*i]));
    Gaussian::from_covariance(mean, &(&rows * rows.transpose()))
}

/// Places below the diagonal where any node's triangle differs from zero, columns ascending.
fn entries_of<'n>(nodes: impl Iterator<Item = &'n Node> + Clone) -> Vec<(usize, usize)> {
    let count = nodes.clone().next().map_or(0, |node| node.mean.len());
    let floor = 1e-9;
    let is_used = |row, column| nodes.clone().any(|node| node.lower[(row, column)].abs() > floor);
    (0..count)
        .flat_map(|column| (column + 1..count).map(move |row| (row, column)))
        .filter(|(row, column)| is_used(*row, *column))
        .collect()
}

fn shape(node: &Node, places: &[(usize, usize)]) -> Shape {
    let entries = DVector::from_iterator(places.len(), places.iter().map(|place| node.lower[*place]));
    Shape { mean: node.mean.clone(), log_diagonal: node.log_diagonal.clone(), entries }
}

fn joint(node: Node, places: &[(usize, usize)]) -> Joint {
    Joint { at: node.at, shape: shape(&node, places), slope: node.slope }
}

/// The shape between nodes: cubic for the mean, linear for the rest, continued beyond the ends.
fn interpolated(nodes: &[Joint], place: f64) -> Shape {
    let last = nodes.len() - 1;
    let j = nodes.partition_point(|node| node.at <= place).clamp(1, last) - 1;
    let (low, high) = (&nodes[j], &nodes[j + 1]);
    let width = high.at - low.at;
    let t = (place - low.at) / width;
    let inside = t.clamp(0.0, 1.0);
    let mut mean = DVector::from_fn(low.slope.len(), |i, _| {
        hermite(inside, width, (low.shape.mean[i], high.shape.mean[i]), (low.slope[i], high.slope[i]))
    });
    let beyond = (t - inside) * width;
    if beyond != 0.0 {
        mean.axpy(beyond, if t < 0.0 { &low.slope } else { &high.slope }, 1.0);
    }
    let between = |a: &DVector<f64>, b: &DVector<f64>, t: f64| a.zip_map(b, |a, b| a + t * (b - a));
    Shape {
        mean,
        log_diagonal: between(&low.shape.log_diagonal, &high.shape.log_diagonal, t.clamp(-3.0, 4.0)),
        entries: between(&low.shape.entries, &high.shape.entries, inside),
    }
}

impl Proposal for Nested {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn draw(&self, pairs: usize, generator: &mut ChaCha8Rng) -> Vec<f64> {
        let (outer, rest) = (self.axes.len(), self.rest.len());
        let places = self.outer.draw(pairs.div_ceil(2), generator);
        let normals = structured(pairs, rest, generator);
        let mut rows = Vec::with_capacity(2 * pairs * (outer + rest));
        for pair in 0..pairs {
            let places = &places[pair * outer..][..outer];
            let shape = self.at(places);
            let scale = Guard::scale(pair, generator);
            let normal = &normals[2 * pair * rest..][..rest];
            let scaled =
                DVector::from_fn(rest, |i, _| scale * normal[i] * (-0.5 * shape.log_diagonal[i]).exp());
            let offset = self.solved(&shape, scaled);
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
                let turned = self.turned(&shape, &gap);
                let distance: f64 =
                    turned.iter().zip(&shape.log_diagonal).map(|(x, l)| x * x * l.exp()).sum();
                0.5 * shape.log_diagonal.sum() + Guard::log_density(distance, rest as f64)
            })
            .collect();
        inner.into_iter().zip(self.outer.log_density(&places)).map(|(a, b)| a + b).collect()
    }
}
