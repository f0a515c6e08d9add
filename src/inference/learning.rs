//! Learned values: the bound on the evidence is maximised over them, with the best Gaussian over all other coordinates at each
//! step (variational expectation-maximisation: Neal and Hinton 1998). At that Gaussian the bound's slope in what is learned
//! is the average of the density's.

mod shape;

use nalgebra::{DMatrix, DVector};

use super::Watch;
use super::draws::{Purpose, objective_draws, stream, structured};
use super::evaluator::Evaluator;
use super::gaussian::Gaussian;
use super::lbfgs::{Outcome, Search};
use super::target::{Block, Target};
use super::{mean_field, natural, path};
use shape::Shape;

/// The end of a search.
#[derive(Clone, Debug, PartialEq)]
pub struct Learnt {
    /// The learned coordinates.
    pub position: Vec<f64>,
    /// The bound there.
    pub bound: f64,
    /// Evaluations that it took.
    pub evaluations: u64,
    /// How it ended.
    pub ending: Ending,
}

/// How a search for learned values ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// At a maximum.
    Maximum,
    /// At the steps or the evaluations there were.
    Unfinished,
    /// Where the bound hardly changes along these coordinates, however far they go: it has no maximum, or many.
    Flat(Vec<usize>),
    /// Where the bound is so sharp that values fit to the last digits: it grows without limit.
    Unbounded,
}

/// What is searched, and what a search may spend.
pub struct Request<'r> {
    /// The learned coordinates of the target, ascending.
    pub learned: &'r [usize],
    /// Where they start.
    pub start: &'r [f64],
    /// Evaluations.
    pub limit: u64,
    /// The seed of the fixed draws.
    pub seed: u64,
}

const STEPS: usize = 1000;
/// Steps over which a negligible gain ends the search, and that gain against the bound's size.
const PATIENCE: (usize, f64) = (5, 1e-9);
/// Searches that are begun again where one ended at a saddle, and the first step away from it.
const SADDLES: usize = 3;
const AWAY: f64 = 0.3;
/// The least that is gained away from a saddle, in nats.
const GAIN: f64 = 1e-3;
/// Starts of the paths to a first Gaussian.
const PATHS: u64 = 4;

/// A target with some of its coordinates given.
struct Given<'t> {
    target: &'t mut dyn Target,
    /// The coordinates that are not.
    rest: Vec<usize>,
    learned: &'t [usize],
    values: Vec<f64>,
}

impl Given<'_> {
    /// Positions of the whole target, `[S][D]`, for those of the rest.
    fn whole(&self, positions: &[f64]) -> Vec<f64> {
        let dimension = self.target.dimension();
        let count = positions.len().checked_div(self.rest.len()).unwrap_or(1);
        let mut whole = vec![0.0; count * dimension];
        for (k, row) in whole.chunks_exact_mut(dimension).enumerate() {
            self.learned.iter().zip(&self.values).for_each(|(&at, value)| row[at] = *value);
            let own = &positions[k * self.rest.len()..(k + 1) * self.rest.len()];
            self.rest.iter().zip(own).for_each(|(&at, value)| row[at] = *value);
        }
        whole
    }

    /// Of rows over all coordinates, those of the rest.
    fn narrow(&self, rows: &[f64], out: &mut [f64]) {
        let wide = rows.chunks_exact(self.target.dimension());
        for (row, own) in wide.zip(out.chunks_exact_mut(self.rest.len().max(1))) {
            own.iter_mut().zip(&self.rest).for_each(|(out, &at)| *out = row[at]);
        }
    }
}

impl Target for Given<'_> {
    fn dimension(&self) -> usize {
        self.rest.len()
    }

    fn evaluate(&mut self, positions: &[f64], values: &mut [f64], gradients: &mut [f64]) {
        let whole = self.whole(positions);
        let mut slopes = vec![0.0; whole.len()];
        self.target.evaluate(&whole, values, &mut slopes);
        self.narrow(&slopes, gradients);
    }

    fn value(&mut self, positions: &[f64], values: &mut [f64]) {
        let whole = self.whole(positions);
        self.target.value(&whole, values);
    }

    fn hessian_vector(&mut self, positions: &[f64], directions: &[f64], products: &mut [f64]) {
        let whole = self.whole(positions);
        let dimension = self.target.dimension();
        let mut along = vec![0.0; whole.len()];
        let own = directions.chunks_exact(self.rest.len().max(1));
        for (row, own) in along.chunks_exact_mut(dimension).zip(own) {
            self.rest.iter().zip(own).for_each(|(&at, value)| row[at] = *value);
        }
        let mut found = vec![0.0; whole.len()];
        self.target.hessian_vector(&whole, &along, &mut found);
        self.narrow(&found, products);
    }

    fn blocks(&self) -> Vec<Block> {
        let mut start = 0;
        let each = self.target.blocks().into_iter().filter_map(|block| {
            let length = self.rest.iter().filter(|at| (block.start..block.end).contains(at)).count();
            start += length;
            (length > 0).then(|| Block { start: start - length, end: start, ..block })
        });
        each.collect()
    }
}

/// Searches the values; `None` where the bound is no number at the start.
pub fn learn(target: &mut dyn Target, request: &Request, watch: &mut dyn Watch) -> Option<Learnt> {
    let dimension = target.dimension();
    let rest: Vec<usize> = (0..dimension).filter(|at| !request.learned.contains(at)).collect();
    let mut generator = stream(request.seed, Purpose::Objective, 0);
    let normals = match rest.len() {
        0 => vec![],
        count => structured(objective_draws(count) / 2, count, &mut generator),
    };
    let given = Given { target, rest, learned: request.learned, values: request.start.to_vec() };
    let mut climb = Climb { given, normals, gaussian: None, spent: 0, request, watch };
    if !climb.given.rest.is_empty() {
        climb.gaussian = Some(climb.first_gaussian()?);
    }
    let mut found = climb.ascend(DVector::from_column_slice(request.start))?;
    for _ in 0..=SADDLES {
        let Some(shape) = Shape::at(&mut climb, &found) else { break };
        let further = shape.upwards().and_then(|way| climb.ascend(&found.position + way * AWAY));
        match further.filter(|further| further.bound > found.bound + GAIN) {
            Some(further) => found = further,
            None => {
                let flat = shape.flat(&mut climb, &found);
                if shape.is_sharp(&found) {
                    found.ending = Ending::Unbounded;
                } else if !flat.is_empty() {
                    found.ending = Ending::Flat(flat.into_iter().map(|k| request.learned[k]).collect());
                }
                break;
            }
        }
    }
    let Found { position, bound, ending } = found;
    Some(Learnt { position: position.as_slice().to_vec(), bound, evaluations: climb.spent, ending })
}

/// Where an ascent ended.
pub(super) struct Found {
    pub(super) position: DVector<f64>,
    pub(super) bound: f64,
    ending: Ending,
}

/// A search under way.
pub(super) struct Climb<'t, 'r> {
    given: Given<'t>,
    normals: Vec<f64>,
    /// The Gaussian over the rest that was best at the last position; none where there is no rest.
    gaussian: Option<Gaussian>,
    spent: u64,
    request: &'r Request<'r>,
    watch: &'t mut dyn Watch,
}

impl Climb<'_, '_> {
    fn ascend(&mut self, start: DVector<f64>) -> Option<Found> {
        let mut search = Search::new(start, 10);
        let mut bounds: Vec<f64> = Vec::new();
        let mut ending = Ending::Unfinished;
        for _ in 0..STEPS {
            let outcome = search.step(&mut |at| self.negative_bound(at));
            let value = search.value().filter(|value| value.is_finite())?;
            bounds.push(-value);
            let since = bounds.len().checked_sub(1 + PATIENCE.0).map(|k| -value - bounds[k]);
            if outcome != Outcome::Moved || since.is_some_and(|gain| gain < PATIENCE.1 * (1.0 + value.abs()))
            {
                ending = Ending::Maximum;
                break;
            }
            if !self.may_continue() {
                break;
            }
        }
        Some(Found { position: search.position().clone(), bound: *bounds.last()?, ending })
    }

    /// Whether there is leave to spend more.
    pub(super) fn may_continue(&mut self) -> bool {
        self.spent < self.request.limit && !self.watch.should_stop()
    }

    /// Whether every evaluation of the bound is one of the density, without a search of its own.
    pub(super) fn is_direct(&self) -> bool {
        self.gaussian.is_none()
    }

    fn first_gaussian(&mut self) -> Option<Gaussian> {
        let left = self.request.limit.saturating_sub(self.spent);
        let mut evaluator = Evaluator::new(&mut self.given, self.watch, left);
        evaluator.enter("learning values");
        let found = (0..PATHS).find_map(|index| {
            let start = path::start(&mut evaluator, self.request.seed, index)?;
            path::follow(&mut evaluator, start, self.request.seed, index).filter(|path| path.elbo.is_finite())
        });
        self.spent += evaluator.spent();
        found.map(|path| path.gaussian)
    }

    /// Minus the best bound over the rest at learned values, with its slope.
    pub(super) fn negative_bound(&mut self, learned: &DVector<f64>) -> (f64, DVector<f64>) {
        self.given.values.copy_from_slice(learned.as_slice());
        let nowhere = || (f64::INFINITY, DVector::zeros(learned.len()));
        let (entropy, positions) = match self.gaussian.take() {
            None => (0.0, vec![]),
            Some(gaussian) => {
                let fitted = self.fitted(&gaussian);
                let best = fitted.as_ref().unwrap_or(&gaussian).clone();
                let found = (best.entropy(), best.positions(&self.normals));
                self.gaussian = Some(best);
                if fitted.is_none() {
                    return nowhere();
                }
                found
            }
        };
        let whole = self.given.whole(&positions);
        let count = whole.len() / self.given.target.dimension();
        let (mut values, mut slopes) = (vec![0.0; count], vec![0.0; whole.len()]);
        self.given.target.evaluate(&whole, &mut values, &mut slopes);
        self.spent += count as u64;
        let value = values.iter().sum::<f64>() / count as f64 + entropy;
        let slopes = DMatrix::from_column_slice(self.given.target.dimension(), count, &slopes);
        let slope = DVector::from_fn(learned.len(), |k, _| -slopes.row(self.request.learned[k]).mean());
        if !value.is_finite() || slope.iter().any(|x| !x.is_finite()) {
            return nowhere();
        }
        (-value, slope)
    }

    /// The best Gaussian at the learned values, from one that was best nearby.
    fn fitted(&mut self, start: &Gaussian) -> Option<Gaussian> {
        let left = self.request.limit.saturating_sub(self.spent).max(1);
        let mut evaluator = Evaluator::new(&mut self.given, self.watch, left);
        evaluator.enter("learning values");
        let found = match start.dimension() {
            0..=path::NEWTON_LIMIT => natural::maximise(&mut evaluator, start, &self.normals),
            _ => mean_field::maximise(&mut evaluator, start, &self.normals),
        };
        self.spent += evaluator.spent();
        found.map(|fitted| fitted.gaussian)
    }
}
