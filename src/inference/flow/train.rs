//! A flow's parameters by stochastic ascent of the evidence lower bound: fresh draws at each step, gradients along the
//! path alone (Roeder, Wu, Duvenaud 2017), whose variance vanishes as the flow becomes the target, steps by Adam (Kingma,
//! Ba 2015). They are shortened where the bound no longer rises beyond its noise, and at last averaged.

use crate::numeric::random::Generator;
use nalgebra::DMatrix;

use super::super::draws::structured;
use super::super::evaluator::Evaluator;
use super::Flow;

/// Evaluations that training may take, at most.
const MOST_EVALUATIONS: u64 = 40_000;
/// Pairs of draws a step, at least, and for each coordinate.
const PAIRS: (usize, usize) = (24, 2);
/// Steps between looks at the bound.
const WINDOW: usize = 40;
/// Length of the first steps, by what it is divided at a plateau, and how often.
const LENGTH: f64 = 0.01;
const SHORTER: f64 = 0.3;
const STAGES: usize = 3;
/// A gain, in nats, that does not count even where it is seen through the noise.
const NEGLIGIBLE: f64 = 0.01;
/// Decay of the average slope and of its square.
const MEMORY: (f64, f64) = (0.9, 0.99);
/// Share of a batch without density from which on training ends.
const MOST_LOST: f64 = 0.3;

/// The slopes of one batch.
struct Slopes {
    elbo: f64,
    gradient: Vec<f64>,
}

/// Adam's averages.
struct Adam {
    parameters: Vec<f64>,
    first: Vec<f64>,
    second: Vec<f64>,
    steps: i32,
}

impl Adam {
    fn new(parameters: Vec<f64>) -> Adam {
        let zeros = vec![0.0; parameters.len()];
        Adam { parameters, first: zeros.clone(), second: zeros, steps: 0 }
    }

    /// One step up.
    fn step(&mut self, gradient: &[f64], length: f64) {
        self.steps += 1;
        let shares = (1.0 - MEMORY.0.powi(self.steps), 1.0 - MEMORY.1.powi(self.steps));
        let averages = self.first.iter_mut().zip(&mut self.second);
        for ((x, slope), (first, second)) in self.parameters.iter_mut().zip(gradient).zip(averages) {
            *first = MEMORY.0 * *first + (1.0 - MEMORY.0) * slope;
            *second = MEMORY.1 * *second + (1.0 - MEMORY.1) * slope * slope;
            *x += length * (*first / shares.0) / ((*second / shares.1).sqrt() + 1e-8);
        }
    }
}

/// Trains a flow; `None` where too many draws have no density.
pub fn train(mut flow: Flow, evaluator: &mut Evaluator, generator: &mut Generator) -> Option<Flow> {
    let dimension = flow.dimension();
    let pairs = PAIRS.0.max(PAIRS.1 * dimension);
    let most = (MOST_EVALUATIONS / (2 * pairs as u64)) as usize;
    let mut adam = Adam::new(flow.parameters());
    let mut plateau = Plateau::default();
    for step in 0..most {
        if !evaluator.may_continue() {
            break;
        }
        let normals = structured(pairs, dimension, generator);
        let slopes = flow.slopes(evaluator, &normals)?;
        adam.step(&slopes.gradient, plateau.length());
        flow.set_parameters(&adam.parameters);
        plateau.note(slopes.elbo, &adam.parameters);
        if (step + 1).is_multiple_of(WINDOW) {
            evaluator.note(plateau.level());
            if plateau.turn() {
                break;
            }
        }
    }
    if let Some(average) = plateau.average() {
        flow.set_parameters(&average);
    }
    Some(flow)
}

/// The bound over windows of steps, and the average of the parameters over the last one.
#[derive(Default)]
struct Plateau {
    bounds: Vec<f64>,
    before: Option<(f64, f64)>,
    stage: usize,
    sum: Vec<f64>,
    averaged: Option<Vec<f64>>,
}

impl Plateau {
    fn length(&self) -> f64 {
        LENGTH * SHORTER.powi(self.stage as i32)
    }

    fn note(&mut self, elbo: f64, parameters: &[f64]) {
        self.sum.resize(parameters.len(), 0.0);
        self.sum.iter_mut().zip(parameters).for_each(|(sum, x)| *sum += x);
        self.bounds.push(elbo);
    }

    fn level(&self) -> f64 {
        self.bounds.iter().sum::<f64>() / self.bounds.len().max(1) as f64
    }

    /// Ends a window; whether the last stage has come to its plateau. The bound of a window is compared with that of the
    /// one before, by their standard errors.
    fn turn(&mut self) -> bool {
        let count = self.bounds.len() as f64;
        let mean = self.level();
        let variance = self.bounds.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count * (count - 1.0));
        let now = (mean, variance);
        let stands = self
            .before
            .is_some_and(|(before, noise)| mean - before < NEGLIGIBLE.max(2.0 * (noise + variance).sqrt()));
        self.averaged = Some(self.sum.iter().map(|sum| sum / count).collect());
        self.before = (!stands).then_some(now);
        self.stage += usize::from(stands);
        self.bounds.clear();
        self.sum.clear();
        self.stage >= STAGES
    }

    /// The average over the last whole window.
    fn average(self) -> Option<Vec<f64>> {
        self.averaged
    }
}

impl Flow {
    /// The bound over a batch of normals and its slopes along the path; `None` where too many draws have no density.
    fn slopes(&self, evaluator: &mut Evaluator, normals: &[f64]) -> Option<Slopes> {
        let dimension = self.dimension();
        let way = self.way(normals);
        let batch = evaluator.evaluate(&self.positions(&way));
        let own = self.log_densities(normals, &way);
        let ratios: Vec<f64> = batch.values.iter().zip(&own).map(|(p, q)| p - q).collect();
        let known: Vec<f64> = ratios.iter().copied().filter(|ratio| ratio.is_finite()).collect();
        if (known.len() as f64) < (1.0 - MOST_LOST) * ratios.len() as f64 {
            return None;
        }
        let target = DMatrix::from_column_slice(dimension, ratios.len(), &batch.gradients);
        let mut gaps = self.frame.pulled(target) - self.density_slopes(normals, &way);
        bound(&mut gaps, &ratios);
        gaps /= known.len() as f64;
        let gradient = self.gradient(&way, gaps, &vec![0.0; ratios.len()]);
        Some(Slopes { elbo: known.iter().sum::<f64>() / known.len() as f64, gradient })
    }
}

/// Leaves out draws without density, and shortens the slopes of those far out in the tails: their lengths are bounded by
/// a multiple of the middle one.
fn bound(gaps: &mut DMatrix<f64>, ratios: &[f64]) {
    let mut lengths: Vec<f64> = gaps.column_iter().map(|column| column.norm()).collect();
    lengths.sort_by(f64::total_cmp);
    let most = (5.0 * lengths[lengths.len() / 2]).max((gaps.nrows() as f64).sqrt());
    for (mut column, ratio) in gaps.column_iter_mut().zip(ratios) {
        let length = column.norm();
        if !ratio.is_finite() || !length.is_finite() {
            column.fill(0.0);
        } else if length > most {
            column *= most / length;
        }
    }
}
