//! A Gaussian given one coordinate, along a grid of that coordinate (after the nested Laplace approximation of Rue,
//! Martino and Chopin 2009): exact for hierarchies that are Gaussian given a scale, funnels among them.

use nalgebra::{DMatrix, DVector};
use rand::RngExt;

use crate::numeric::random::Generator;

use super::draws::structured;
use super::evaluator::Evaluator;
use super::gaussian::Gaussian;
use super::importance::{Guard, Proposal};
use super::marginal::{Marginal, hermite};
use super::settle::{Node, Slice, grid};

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
        let rest = (0..gaussian.dimension()).filter(|i| *i != axis).collect();
        let slice = Slice { moved: axis, rest, base: gaussian.mean.clone() };
        let centre = slice.settle(evaluator, gaussian.mean[axis], slice.rest_of(&gaussian.mean))?;
        let nodes = grid(evaluator, &slice, &centre, 0.6 * scale)?;
        let places: Vec<f64> = nodes.iter().map(|node| node.at).collect();
        let logs: Vec<f64> = nodes.iter().map(|node| node.log_marginal).collect();
        let marginal = Marginal::new(&places, &logs, scale);
        let what = if gaussian.dimension() == 1 { "grid of" } else { "Gaussian given" };
        Some(Conditional { name: format!("{what} {name}"), axis, nodes, marginal })
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

fn joined(axis: usize, place: f64, rest: &DVector<f64>) -> DVector<f64> {
    rest.clone().insert_row(axis, place)
}

impl Proposal for Conditional {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn draw(&self, pairs: usize, generator: &mut Generator) -> Vec<f64> {
        let rest = self.nodes[0].mean.len();
        if rest == 0 {
            // The second of a pair is the quantile from the other end.
            let shares =
                (0..pairs).map(|pair| (pair as f64 + generator.random::<f64>()) / (2 * pairs) as f64);
            let both = shares.flat_map(|share| [share, 1.0 - share]);
            return both.map(|share| self.marginal.quantile(share)).collect();
        }
        let normals = structured(pairs, rest, generator);
        let mut rows = Vec::with_capacity(2 * pairs * (rest + 1));
        for pair in 0..pairs {
            let place = self.marginal.quantile((pair as f64 + generator.random::<f64>()) / pairs as f64);
            let (mean, lower, log_diagonal) = self.at(place);
            let scale = Guard::scale(pair, generator);
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
                    + Guard::log_density(distance, (dimension - 1) as f64)
            })
            .collect()
    }
}
