//! A coupling layer (Dinh, Sohl-Dickstein, Bengio 2017): some coordinates are held, the others are stretched and moved by
//! what a network makes of those. y = x * exp(s) + t, with s bounded softly, so that no layer stretches without limit.

use crate::numeric::random::Generator;
use nalgebra::DMatrix;

use super::network::{Network, Pass};

/// The greatest log of a stretch by one layer.
const MOST_STRETCH: f64 = 2.0;

/// One layer.
#[derive(Clone, Debug)]
pub struct Coupling {
    held: Vec<usize>,
    moved: Vec<usize>,
    network: Network,
}

/// What a pass over a batch leaves behind for its derivatives.
pub struct Step {
    pass: Pass,
    /// The moved coordinates before.
    before: DMatrix<f64>,
    stretch: DMatrix<f64>,
}

impl Coupling {
    /// A layer that does almost nothing at first.
    pub fn faint(held: Vec<usize>, moved: Vec<usize>, hidden: usize, generator: &mut Generator) -> Coupling {
        let network = Network::faint(held.len(), hidden, 2 * moved.len(), generator);
        Coupling { held, moved, network }
    }

    fn pass(&self, columns: &DMatrix<f64>) -> (Pass, DMatrix<f64>) {
        let pass = self.network.pass(columns.select_rows(&self.held));
        let stretch =
            pass.outputs.rows(0, self.moved.len()).map(|raw| MOST_STRETCH * (raw / MOST_STRETCH).tanh());
        (pass, stretch)
    }

    fn offset(&self, pass: &Pass, i: usize, sample: usize) -> f64 {
        pass.outputs[(self.moved.len() + i, sample)]
    }

    /// Moves a batch, and adds the log of the volume to that of each sample.
    pub fn forward(&self, columns: &mut DMatrix<f64>, volumes: &mut [f64]) -> Step {
        let (pass, stretch) = self.pass(columns);
        let before = columns.select_rows(&self.moved);
        for (sample, volume) in volumes.iter_mut().enumerate() {
            for (i, row) in self.moved.iter().enumerate() {
                let s = stretch[(i, sample)];
                columns[(*row, sample)] = before[(i, sample)] * s.exp() + self.offset(&pass, i, sample);
                *volume += s;
            }
        }
        Step { pass, before, stretch }
    }

    /// Moves a batch back, and adds the log of the volume of the way there.
    pub fn backward(&self, columns: &mut DMatrix<f64>, volumes: &mut [f64]) {
        let (pass, stretch) = self.pass(columns);
        for (sample, volume) in volumes.iter_mut().enumerate() {
            for (i, row) in self.moved.iter().enumerate() {
                let s = stretch[(i, sample)];
                let gap = columns[(*row, sample)] - self.offset(&pass, i, sample);
                columns[(*row, sample)] = gap * (-s).exp();
                *volume += s;
            }
        }
    }

    /// Slopes by the network's outputs, given those by stretches and offsets.
    fn outward(step: &Step, stretches: &DMatrix<f64>, offsets: &DMatrix<f64>) -> DMatrix<f64> {
        let moved = stretches.nrows();
        DMatrix::from_fn(2 * moved, stretches.ncols(), |i, sample| {
            if i < moved {
                let share = step.stretch[(i, sample)] / MOST_STRETCH;
                stretches[(i, sample)] * (1.0 - share * share)
            } else {
                offsets[(i - moved, sample)]
            }
        })
    }

    /// Turns slopes by the outputs of a step into slopes by its inputs, and appends those by the parameters; `volumes` are
    /// the slopes by the samples' volumes.
    pub fn pull(&self, step: &Step, slopes: &mut DMatrix<f64>, volumes: &[f64], gradient: &mut Vec<f64>) {
        let offsets = slopes.select_rows(&self.moved);
        let stretched = offsets.zip_map(&step.stretch, |slope, s| slope * s.exp());
        let mut stretches = stretched.component_mul(&step.before);
        for (mut column, volume) in stretches.column_iter_mut().zip(volumes) {
            column.add_scalar_mut(*volume);
        }
        let outward = Self::outward(step, &stretches, &offsets);
        let inward = self.network.all_slopes(&step.pass, &outward, gradient);
        self.place(slopes, &stretched, &inward);
    }

    /// Turns the slopes of the log density of a step's inputs into those of its outputs.
    pub fn push_density(&self, step: &Step, slopes: &mut DMatrix<f64>) {
        let own = slopes.select_rows(&self.moved);
        let shrunk = own.zip_map(&step.stretch, |slope, s| slope * (-s).exp());
        let stretches = own.zip_map(&step.before, |slope, x| -slope * x - 1.0);
        let outward = Self::outward(step, &stretches, &-&shrunk);
        let inward = self.network.slopes(&step.pass, &outward);
        self.place(slopes, &shrunk, &inward);
    }

    /// Replaces the slopes by what is moved, and adds to those by what is held.
    fn place(&self, slopes: &mut DMatrix<f64>, moved: &DMatrix<f64>, held: &DMatrix<f64>) {
        for sample in 0..slopes.ncols() {
            for (i, row) in self.moved.iter().enumerate() {
                slopes[(*row, sample)] = moved[(i, sample)];
            }
            for (i, row) in self.held.iter().enumerate() {
                slopes[(*row, sample)] += held[(i, sample)];
            }
        }
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The network, to be changed.
    pub fn network_mut(&mut self) -> &mut Network {
        &mut self.network
    }
}
