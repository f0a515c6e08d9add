//! Automatic differentiation variational inference with independent Gaussians, as Stan runs it (Kucukelbir, Tran, Ranganath,
//! Gelman and Blei 2017): one draw a step, step sizes eta k^(-1/2) / (1 + root of a running mean of squared gradients), eta
//! from a ladder by short trials, the bound by 100 draws every 100 steps. It always takes all its steps.

use rand::RngExt;
use rand_distr::StandardNormal;
use vic::inference::Target;
use vic::numeric::random::Generator;

/// Steps.
pub const STEPS: usize = 10_000;
const RATES: [f64; 5] = [100.0, 10.0, 1.0, 0.1, 0.01];
const TRIAL: usize = 50;
const BOUND_DRAWS: usize = 100;
const EVERY: usize = 100;
/// Relative change of the bound, in the median of ten, that Stan stops at.
const TOLERANCE: f64 = 0.01;

/// Where it ended.
pub struct Found {
    mean: Vec<f64>,
    log_deviation: Vec<f64>,
    /// The bound there.
    pub bound: f64,
    /// Step size that the trials chose.
    pub rate: f64,
    /// Log densities computed, with or without a gradient.
    pub evaluations: u64,
    /// Whether Stan would have stopped by itself.
    pub settled: bool,
}

impl Found {
    /// `[count][D]` draws.
    pub fn draws(&self, count: usize) -> Vec<f64> {
        let mut generator = Generator::new(7, 0);
        let mut rows = Vec::with_capacity(count * self.mean.len());
        for _ in 0..count {
            for (mean, log_deviation) in self.mean.iter().zip(&self.log_deviation) {
                rows.push(mean + log_deviation.exp() * generator.sample::<f64, _>(StandardNormal));
            }
        }
        rows
    }
}

struct Run<'t> {
    target: &'t mut dyn Target,
    generator: Generator,
    evaluations: u64,
    /// Means, then logarithms of standard deviations.
    parameters: Vec<f64>,
    squares: Vec<f64>,
}

/// Runs it; `None` if no step size gives a finite bound.
pub fn fit(target: &mut dyn Target) -> Option<Found> {
    let dimension = target.dimension();
    let mut run = Run {
        target,
        generator: Generator::new(1, 0),
        evaluations: 0,
        parameters: vec![0.0; 2 * dimension],
        squares: Vec::new(),
    };
    let start = run.parameters.clone();
    let mut best: Option<(f64, f64)> = None;
    for rate in RATES {
        run.restart(&start);
        (1..=TRIAL).for_each(|k| run.step(k, rate));
        let bound = run.bound();
        if bound.is_finite() && best.is_none_or(|(known, _)| bound > known) {
            best = Some((bound, rate));
        }
    }
    let (_, rate) = best?;
    run.restart(&start);
    let (mut bound, mut changes, mut settled) = (f64::NEG_INFINITY, Vec::new(), false);
    for k in 1..=STEPS {
        run.step(k, rate);
        if k % EVERY == 0 {
            let next = run.bound();
            changes.push(((next - bound) / next).abs());
            bound = next;
            let mut last: Vec<f64> = changes.iter().rev().take(10).copied().collect();
            last.sort_by(f64::total_cmp);
            settled |= changes.len() > 10 && last[last.len() / 2] < TOLERANCE;
        }
    }
    let (mean, log_deviation) = run.parameters.split_at(dimension);
    Some(Found {
        mean: mean.to_vec(),
        log_deviation: log_deviation.to_vec(),
        bound,
        rate,
        evaluations: run.evaluations,
        settled,
    })
}

impl Run<'_> {
    fn restart(&mut self, start: &[f64]) {
        self.parameters = start.to_vec();
        self.squares.clear();
    }

    fn normals(&mut self) -> Vec<f64> {
        (0..self.parameters.len() / 2).map(|_| self.generator.sample(StandardNormal)).collect()
    }

    fn position(&self, normals: &[f64]) -> Vec<f64> {
        let (mean, log_deviation) = self.parameters.split_at(normals.len());
        (0..normals.len()).map(|i| mean[i] + log_deviation[i].exp() * normals[i]).collect()
    }

    fn step(&mut self, k: usize, rate: f64) {
        let normals = self.normals();
        let position = self.position(&normals);
        let (mut value, mut slopes) = ([0.0], vec![0.0; normals.len()]);
        self.target.evaluate(&position, &mut value, &mut slopes);
        self.evaluations += 1;
        if slopes.iter().any(|slope| !slope.is_finite()) {
            return;
        }
        let log_deviation = &self.parameters[normals.len()..];
        let scales = slopes.iter().zip(&normals).zip(log_deviation).map(|((g, e), l)| g * e * l.exp() + 1.0);
        let gradient: Vec<f64> = slopes.iter().copied().chain(scales).collect();
        if self.squares.is_empty() {
            self.squares = gradient.iter().map(|g| g * g).collect();
        } else {
            let means = self.squares.iter_mut().zip(&gradient);
            means.for_each(|(s, g)| *s = 0.1 * g * g + 0.9 * *s);
        }
        let length = rate / (k as f64).sqrt();
        for ((parameter, g), s) in self.parameters.iter_mut().zip(&gradient).zip(&self.squares) {
            *parameter += length * g / (1.0 + s.sqrt());
        }
    }

    fn bound(&mut self) -> f64 {
        let count = self.parameters.len() / 2;
        let mut positions = Vec::with_capacity(BOUND_DRAWS * count);
        for _ in 0..BOUND_DRAWS {
            let normals = self.normals();
            positions.extend(self.position(&normals));
        }
        let mut values = vec![0.0; BOUND_DRAWS];
        self.target.value(&positions, &mut values);
        self.evaluations += BOUND_DRAWS as u64;
        let entropy: f64 = self.parameters[count..].iter().map(|l| l + 1.418_938_533_204_672_7).sum();
        values.iter().sum::<f64>() / BOUND_DRAWS as f64 + entropy
    }
}
