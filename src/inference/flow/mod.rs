//! A real-valued non-volume-preserving flow (RealNVP; Dinh, Sohl-Dickstein, Bengio 2017) around a Gaussian: the Gaussian's
//! own coordinates, bent by coupling layers that begin as the identity.

mod coupling;
mod network;
mod rung;
mod train;

pub use train::train;

use crate::numeric::random::Generator;
use nalgebra::DMatrix;

use super::draws::structured;
use super::elbo::{Estimate, of_pairs};
use super::gaussian::{Gaussian, HALF_LOG_TAU};
use super::importance::{Guard, Proposal, Weighted};
use coupling::{Coupling, Step};

/// Up to this many coordinates a flow is tried.
pub const FLOW_LIMIT: usize = 50;

/// A flow: position = mean + root * layers(u), u standard normal.
#[derive(Clone, Debug)]
pub struct Flow {
    frame: Gaussian,
    layers: Vec<Coupling>,
}

/// A batch on its way through a flow.
struct Way {
    steps: Vec<Step>,
    /// In the frame's coordinates, a column for each sample.
    ends: DMatrix<f64>,
    /// Logs of the volumes of the layers.
    volumes: Vec<f64>,
}

impl Flow {
    /// The Gaussian itself, but for what is negligible, with so many layers of so many hidden units. Neighbouring layers
    /// exchange what they hold, and each pair parts the coordinates in another way.
    pub fn around(frame: &Gaussian, (layers, hidden): (usize, usize), generator: &mut Generator) -> Flow {
        let dimension = frame.dimension();
        let mut made = Vec::with_capacity(layers);
        for layer in 0..layers {
            let (mut held, mut moved): (Vec<usize>, Vec<usize>) =
                (0..dimension).partition(|i| is_held(*i, layer / 2, dimension));
            if layer % 2 == 1 {
                std::mem::swap(&mut held, &mut moved);
            }
            made.push(Coupling::faint(held, moved, hidden, generator));
        }
        Flow { frame: frame.clone(), layers: made }
    }

    fn dimension(&self) -> usize {
        self.frame.dimension()
    }

    fn way(&self, normals: &[f64]) -> Way {
        let dimension = self.dimension();
        let mut ends = DMatrix::from_column_slice(dimension, normals.len() / dimension, normals);
        let mut volumes = vec![0.0; ends.ncols()];
        let steps = self.layers.iter().map(|layer| layer.forward(&mut ends, &mut volumes)).collect();
        Way { steps, ends, volumes }
    }

    /// Positions of a batch.
    fn positions(&self, way: &Way) -> Vec<f64> {
        self.frame.positions(way.ends.as_slice())
    }

    /// Log densities of a batch of normals at their ends, without the guard.
    fn log_densities(&self, normals: &[f64], way: &Way) -> Vec<f64> {
        let dimension = self.dimension();
        let level = -self.frame.log_determinant - dimension as f64 * HALF_LOG_TAU;
        let rows = normals.chunks(dimension).zip(&way.volumes);
        rows.map(|(row, volume)| level - 0.5 * row.iter().map(|x| x * x).sum::<f64>() - volume).collect()
    }

    /// Log densities of positions `[S][D]`, by that of a normal's squared distance in so many dimensions.
    fn densities(&self, positions: &[f64], of_distance: impl Fn(f64, f64) -> f64) -> Vec<f64> {
        let dimension = self.dimension();
        let mut columns = DMatrix::from_column_slice(dimension, positions.len() / dimension, positions);
        columns.column_iter_mut().for_each(|mut column| column -= &self.frame.mean);
        let mut columns = self.frame.inverse() * columns;
        let mut volumes = vec![self.frame.log_determinant; columns.ncols()];
        self.layers.iter().rev().for_each(|layer| layer.backward(&mut columns, &mut volumes));
        let samples = columns.column_iter().zip(volumes);
        samples
            .map(|(column, volume)| of_distance(column.norm_squared(), dimension as f64) - volume)
            .collect()
    }

    /// The flow's own bound, by those of the first `pairs` weighted pairs that are not of the guard.
    fn bound(&self, weighted: &Weighted, pairs: usize) -> Estimate {
        let (mut positions, mut known) = (Vec::new(), Vec::new());
        let rows = weighted.draws.chunks(2 * self.dimension()).zip(weighted.log_densities.chunks(2));
        for (_, (pair, densities)) in rows.take(pairs).enumerate().filter(|(k, _)| !Guard::has(*k)) {
            positions.extend_from_slice(pair);
            known.extend_from_slice(densities);
        }
        let own =
            self.densities(&positions, |distance, dimension| -0.5 * distance - dimension * HALF_LOG_TAU);
        of_pairs(&known.iter().zip(own).map(|(p, q)| p - q).collect::<Vec<_>>())
    }

    /// Slopes of the log density by the frame's coordinates, at the ends of a batch.
    fn density_slopes(&self, normals: &[f64], way: &Way) -> DMatrix<f64> {
        let mut slopes = -DMatrix::from_column_slice(self.dimension(), way.volumes.len(), normals);
        for (layer, step) in self.layers.iter().zip(&way.steps) {
            layer.push_density(step, &mut slopes);
        }
        slopes
    }

    /// Slopes by the parameters, given those by the ends and by the volumes.
    fn gradient(&self, way: &Way, mut slopes: DMatrix<f64>, volumes: &[f64]) -> Vec<f64> {
        let mut parts: Vec<Vec<f64>> = Vec::with_capacity(self.layers.len());
        for (layer, step) in self.layers.iter().zip(&way.steps).rev() {
            let mut own = Vec::with_capacity(layer.network().size());
            layer.pull(step, &mut slopes, volumes, &mut own);
            parts.push(own);
        }
        parts.into_iter().rev().flatten().collect()
    }

    fn parameters(&self) -> Vec<f64> {
        let mut parameters = Vec::new();
        self.layers.iter().for_each(|layer| layer.network().write(&mut parameters));
        parameters
    }

    fn set_parameters(&mut self, mut parameters: &[f64]) {
        for layer in &mut self.layers {
            let network = layer.network_mut();
            let (own, rest) = parameters.split_at(network.size());
            network.read(own);
            parameters = rest;
        }
    }
}

/// Which coordinates the first layer of a pair holds: every other one, then halves, then every other two, and so on.
fn is_held(coordinate: usize, pair: usize, dimension: usize) -> bool {
    if dimension < 4 {
        return (coordinate + pair).is_multiple_of(dimension.max(2));
    }
    match pair % 3 {
        0 => coordinate.is_multiple_of(2),
        1 => coordinate < dimension / 2,
        _ => (coordinate / 2).is_multiple_of(2),
    }
}

impl Proposal for Flow {
    fn name(&self) -> String {
        "flow (RealNVP)".to_owned()
    }

    fn draw(&self, pairs: usize, generator: &mut Generator) -> Vec<f64> {
        let dimension = self.dimension();
        let mut normals = structured(pairs, dimension, generator);
        for (pair, rows) in normals.chunks_mut(2 * dimension).enumerate() {
            let scale = Guard::scale(pair, generator);
            rows.iter_mut().for_each(|x| *x *= scale);
        }
        self.positions(&self.way(&normals))
    }

    fn log_density(&self, positions: &[f64]) -> Vec<f64> {
        self.densities(positions, Guard::log_density)
    }
}

#[cfg(test)]
mod tests;
