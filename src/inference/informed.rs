//! Coordinates that keep shares of their latents' locations and scales, learned with the evidence lower bound over fixed
//! draws (Gorinova, Moore and Hoffman 2020). A full-rank Gaussian on such coordinates, each element with shares of its
//! own, is what Ko and Domke (2025) call a model-informed flow.
//!
//! For given shares the best Gaussian is found, and the slope of its bound in the shares is the average slope of the
//! density: where the bound is greatest in the Gaussian, that Gaussian's own change counts for nothing.

use nalgebra::{DMatrix, DVector};

use super::draws::{Purpose, objective_draws, stream, structured};
use super::evaluator::{Evaluator, Watch};
use super::fit::Options;
use super::gaussian::Gaussian;
use super::lbfgs::{Outcome, Search};
use super::natural;
use super::target::Target;

/// Up to this many coordinates shares are learned: the Gaussian has to be full.
pub const INFORMED_LIMIT: usize = 256;
/// Evaluations that learning may take, at most.
const MOST_EVALUATIONS: u64 = 20_000;
const STEPS: usize = 8;
/// A gain by one step, in nats, that is not worth another.
const NEGLIGIBLE: f64 = 0.1;
/// First shares are no nearer than this to 0 and 1: the slopes of their angles vanish there.
const EDGE: f64 = 0.05;

/// A target whose coordinates keep shares of the locations and scales of their latents.
pub trait Informed: Target {
    /// The shares as they are, each in [0, 1].
    fn shares(&self) -> &[f64];
    /// The coordinate of each share.
    fn coordinates(&self) -> &[usize];
    /// Changes the shares, and with them the meaning of positions.
    fn set_shares(&mut self, shares: &[f64]);
    /// Begins a new mean of slopes.
    fn forget_slopes(&mut self);
    /// Mean slopes of the log density by the shares, over all positions evaluated since they were forgotten: what is
    /// evaluated together may come in several calls.
    fn share_slopes(&self) -> Vec<f64>;
    /// Positions `[S][D]` as they would be with other shares.
    fn moved(&mut self, positions: &[f64], shares: &[f64]) -> Vec<f64>;
}

/// Where learning begins.
pub struct Beginning<'b> {
    /// Draws near the posterior `[S][D]`, with the target's shares.
    pub draws: &'b [f64],
    /// Which number each share is: shares of one group stay the same.
    pub groups: &'b [usize],
    /// First shares; by how much the data inform each latent, where there are none.
    pub shares: Option<Vec<f64>>,
}

/// What was learned.
#[derive(Clone, Debug)]
pub struct Learned {
    /// The shares.
    pub shares: Vec<f64>,
    /// The Gaussian with them.
    pub gaussian: Gaussian,
    /// Its bound over the fixed draws.
    pub elbo: f64,
    /// Evaluations spent.
    pub evaluations: u64,
}

/// Learns shares; `None` where no Gaussian has a finite bound.
pub fn learn<T: Informed>(
    target: &mut T,
    beginning: &Beginning,
    options: &Options,
    watch: &mut dyn Watch,
) -> Option<Learned> {
    let dimension = target.dimension();
    let pairs = objective_draws(dimension) / 2 * options.effort;
    let normals = structured(pairs, dimension, &mut stream(options.seed, Purpose::Objective, 0));
    let first = match &beginning.shares {
        Some(shares) => shares.clone(),
        None => informativeness(target, beginning),
    };
    let shares: Vec<f64> = first.into_iter().map(|share| share.clamp(EDGE, 1.0 - EDGE)).collect();
    let moved = target.moved(beginning.draws, &shares);
    let start = gaussian_of(&moved, dimension)?;
    let left = MOST_EVALUATIONS.min(options.max_evaluations / 2);
    let groups = beginning.groups;
    let mut learner = Learner { target, watch, groups, normals, left, spent: 0, last: None, best: None };
    learner.fit_at(&shares, &start)?;
    let angles = grouped(groups, &shares, |x, count| x / count).map(|share| share.sqrt().asin());
    learner.climb(angles);
    let spent = learner.spent;
    learner.best.map(|learned| Learned { evaluations: spent, ..learned })
}

/// How much the data tell of each element beyond its prior: 1 less the variance of the standardised element. (For a
/// normal element with information J and prior precision P it is J / (J + P).) The mean of its group.
fn informativeness<T: Informed>(target: &mut T, beginning: &Beginning) -> Vec<f64> {
    let dimension = target.dimension();
    let none = vec![0.0; target.shares().len()];
    let standard = target.moved(beginning.draws, &none);
    let each: Vec<f64> = target
        .coordinates()
        .iter()
        .map(|coordinate| {
            let values = DVector::from_iterator(
                standard.len() / dimension,
                standard.chunks(dimension).map(|row| row[*coordinate]),
            );
            let variance = values.variance();
            if variance.is_finite() { (1.0 - variance).clamp(0.0, 1.0) } else { 0.0 }
        })
        .collect();
    let means = grouped(beginning.groups, &each, |x, count| x / count);
    beginning.groups.iter().map(|group| means[*group]).collect()
}

/// Sums over groups, each with the number of its members.
fn grouped(groups: &[usize], values: &[f64], of: impl Fn(f64, f64) -> f64) -> DVector<f64> {
    let count = groups.iter().max().map_or(0, |most| most + 1);
    let (mut sums, mut members) = (vec![0.0; count], vec![0.0; count]);
    for (group, value) in groups.iter().zip(values) {
        sums[*group] += value;
        members[*group] += 1.0;
    }
    DVector::from_iterator(count, sums.into_iter().zip(members).map(|(sum, count)| of(sum, count)))
}

/// The Gaussian with the moments of some draws; `None` where they have none.
fn gaussian_of(draws: &[f64], dimension: usize) -> Option<Gaussian> {
    let mut columns = DMatrix::from_column_slice(dimension, draws.len() / dimension, draws);
    let mean = columns.column_mean();
    columns.column_iter_mut().for_each(|mut column| column -= &mean);
    let covariance = &columns * columns.transpose() / columns.ncols() as f64;
    let finite = covariance.iter().chain(mean.iter()).all(|x| x.is_finite());
    finite.then(|| Gaussian::from_covariance(mean, &covariance))
}

/// The ascent in the shares.
struct Learner<'l, T: Informed> {
    target: &'l mut T,
    watch: &'l mut dyn Watch,
    groups: &'l [usize],
    normals: Vec<f64>,
    left: u64,
    spent: u64,
    /// The last Gaussian, which goes with the target's shares.
    last: Option<Gaussian>,
    best: Option<Learned>,
}

impl<T: Informed> Learner<'_, T> {
    /// L-BFGS in angles whose squared sines are the groups' shares: 0 and 1 are within reach.
    fn climb(&mut self, angles: DVector<f64>) {
        let mut search = Search::new(angles, 6);
        for _ in 0..STEPS {
            let before = search.value();
            let outcome = search.step(&mut |at| self.negative_bound(at));
            let gain = before.zip(search.value()).map_or(f64::INFINITY, |(before, after)| before - after);
            if outcome != Outcome::Moved || gain < NEGLIGIBLE || self.spent >= self.left {
                return;
            }
        }
    }

    fn negative_bound(&mut self, angles: &DVector<f64>) -> (f64, DVector<f64>) {
        let shares: Vec<f64> = self.groups.iter().map(|group| angles[*group].sin().powi(2)).collect();
        let moved = self.last.as_ref().and_then(|gaussian| {
            let draws = self.target.moved(&gaussian.positions(&self.normals), &shares);
            gaussian_of(&draws, gaussian.dimension())
        });
        let Some((bound, slopes)) = moved.and_then(|start| self.fit_at(&shares, &start)) else {
            return (f64::INFINITY, DVector::zeros(angles.len()));
        };
        let sums = grouped(self.groups, &slopes, |sum, _| sum);
        (-bound, sums.zip_map(angles, |slope, angle| -slope * (2.0 * angle).sin()))
    }

    /// The greatest bound of a Gaussian with some shares, and its slopes in these.
    fn fit_at(&mut self, shares: &[f64], start: &Gaussian) -> Option<(f64, Vec<f64>)> {
        let kept = self.target.shares().to_vec();
        self.target.set_shares(shares);
        let left = |spent: u64| self.left.saturating_sub(spent);
        let mut evaluator = Evaluator::new(&mut *self.target, &mut *self.watch, left(self.spent));
        evaluator.enter("learning what latents keep of their scales");
        let fitted = natural::maximise(&mut evaluator, start, &self.normals);
        self.spent += evaluator.spent();
        let Some(fitted) = fitted else {
            self.target.set_shares(&kept);
            return None;
        };
        self.target.forget_slopes();
        let mut evaluator = Evaluator::new(&mut *self.target, &mut *self.watch, left(self.spent));
        evaluator.evaluate(&fitted.gaussian.positions(&self.normals));
        self.spent += evaluator.spent();
        let slopes = self.target.share_slopes();
        if slopes.iter().any(|slope| !slope.is_finite()) {
            self.target.set_shares(&kept);
            return None;
        }
        if self.best.as_ref().is_none_or(|best| fitted.elbo > best.elbo) {
            let gaussian = fitted.gaussian.clone();
            self.best =
                Some(Learned { shares: shares.to_vec(), gaussian, elbo: fitted.elbo, evaluations: 0 });
        }
        self.last = Some(fitted.gaussian);
        Some((fitted.elbo, slopes))
    }
}
