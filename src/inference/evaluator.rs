//! A target with an account: counts evaluations, keeps the limit, and asks the caller whether to go on.

use std::ops::Range;

use nalgebra::{DMatrix, DVector};

use super::faults::{Lack, Log, numbers};
use super::gaussian::Gaussian;
use super::guide::Guide;
use super::sparse::Pattern;
use super::target::{Block, Expected, Target, Unknown};

/// What the caller is told while a fit runs.
#[derive(Clone, Debug)]
pub struct Progress {
    /// What is being done, as a short phrase.
    pub stage: &'static str,
    /// Evaluations so far.
    pub evaluations: u64,
    /// The best evidence lower bound so far, if one is known.
    pub elbo: Option<f64>,
}

/// The caller's side of a running fit: time limits, interrupts and progress lines live there.
pub trait Watch {
    /// Called now and then.
    fn progress(&mut self, progress: &Progress);
    /// Whether the fit has to end with what it has.
    fn should_stop(&mut self) -> bool;
    /// Seconds by the caller's clock; `None` where there is none, since inference has none of its own.
    fn seconds(&mut self) -> Option<f64> {
        None
    }
}

/// A watch that looks away.
pub struct Unwatched;

impl Watch for Unwatched {
    fn progress(&mut self, _: &Progress) {}
    fn should_stop(&mut self) -> bool {
        false
    }
}

/// Why a fit was ended from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// The evaluation limit.
    Limit,
    /// The caller asked.
    Asked,
}

/// Log densities and gradients of some positions.
pub struct Batch {
    /// `[S]`; minus infinity where the density could not be computed.
    pub values: Vec<f64>,
    /// `[S][D]`.
    pub gradients: Vec<f64>,
}

/// The target, with its account.
pub struct Evaluator<'a> {
    target: &'a mut dyn Target,
    watch: &'a mut dyn Watch,
    limit: u64,
    /// Part of the limit that only weighting draws may spend, so that a fit that is cut short has weights.
    reserve: u64,
    spent: u64,
    stage: &'static str,
    best: Option<f64>,
    halt: Option<Halt>,
    pattern: Option<Pattern>,
    faults: Log,
}

/// What a log density lacks, if it is no number.
fn lack(value: f64) -> Option<Lack> {
    match value {
        f64::NEG_INFINITY => Some(Lack::Probability),
        _ if value.is_finite() => None,
        _ => Some(Lack::Value),
    }
}

/// Columns of a Hessian that are taken at once where it is not held whole.
const CHUNK: usize = 64;
/// Positions between which the caller is asked whether to go on: a few large densities take seconds.
const PIECE: usize = 32;
/// Evaluations kept back for weighting, where the limit is wide enough.
const RESERVE: u64 = 1000;

/// From so many coordinates on a Hessian is taken by its pattern.
const SPARSE: usize = 12;

impl<'a> Evaluator<'a> {
    /// Opens an account of `limit` evaluations.
    pub fn new(target: &'a mut dyn Target, watch: &'a mut dyn Watch, limit: u64) -> Self {
        let reserve = RESERVE.min(limit / 4);
        Evaluator {
            target,
            watch,
            limit,
            reserve,
            spent: 0,
            stage: "starting",
            best: None,
            halt: None,
            pattern: None,
            faults: Log::default(),
        }
    }

    /// Number of coordinates.
    pub fn dimension(&self) -> usize {
        self.target.dimension()
    }

    /// The coordinates of each latent.
    pub fn blocks(&self) -> Vec<Block> {
        self.target.blocks()
    }

    /// The guide whose families match the latents.
    pub fn guide(&self) -> Option<Box<dyn Guide>> {
        self.target.guide()
    }

    /// Evaluations so far: one for each position, two for each Hessian-vector product.
    pub fn spent(&self) -> u64 {
        self.spent
    }

    /// Seconds by the caller's clock.
    pub fn seconds(&mut self) -> Option<f64> {
        self.watch.seconds()
    }

    /// Gives the reserve free, and tells how many of `wanted` evaluations can still be had: one pair at least, which has
    /// no density if the limit is reached.
    pub fn affordable_pairs(&mut self, wanted: usize) -> usize {
        self.reserve = 0;
        let left = self.limit.saturating_sub(self.spent) / 2;
        wanted.min(usize::try_from(left).unwrap_or(usize::MAX)).max(1)
    }

    /// How many of `wanted` units, each of so many evaluations, may be spent; the limit is a bound. Ends the fit where
    /// not all of them may.
    fn afford(&mut self, wanted: usize, each: u64) -> usize {
        let left = self.limit.saturating_sub(self.spent + self.reserve) / each;
        let granted = wanted.min(usize::try_from(left).unwrap_or(usize::MAX));
        if granted < wanted {
            self.halt = self.halt.or(Some(Halt::Limit));
        }
        self.spent += granted as u64 * each;
        granted
    }

    /// Why the fit was ended from outside, if it was.
    pub fn halt(&self) -> Option<Halt> {
        self.halt
    }

    /// Evaluations so far that gave no number.
    pub fn faults(&self) -> &Log {
        &self.faults
    }

    /// Names what comes next.
    pub fn enter(&mut self, stage: &'static str) {
        self.stage = stage;
        self.tell();
    }

    /// Notes an evidence lower bound for progress.
    pub fn note(&mut self, elbo: f64) {
        self.best = Some(self.best.map_or(elbo, |best| best.max(elbo)));
    }

    /// Whether there is leave to spend more.
    pub fn may_continue(&mut self) -> bool {
        let is_free = self.halt.is_none() && !self.is_asked_to_stop();
        if is_free && self.spent + self.reserve >= self.limit {
            self.halt = Some(Halt::Limit);
        }
        self.tell();
        self.halt.is_none()
    }

    /// Asks the caller. A fit that is asked to stop ends with at most half as many evaluations again, for its weights.
    fn is_asked_to_stop(&mut self) -> bool {
        if self.halt != Some(Halt::Asked) && self.watch.should_stop() {
            self.halt = Some(Halt::Asked);
            self.reserve = self.reserve.min(self.spent / 2);
            self.limit = self.limit.min(self.spent + self.reserve);
        }
        self.halt == Some(Halt::Asked)
    }

    /// Does units of work that have been afforded, of so many evaluations each, piece by piece for as long as the caller
    /// lets them; returns how many were done.
    fn in_pieces(
        &mut self,
        granted: usize,
        each: u64,
        mut work: impl FnMut(&mut Self, Range<usize>),
    ) -> usize {
        let was_asked = self.halt == Some(Halt::Asked);
        for from in (0..granted).step_by(PIECE) {
            if from > 0 && !was_asked && self.is_asked_to_stop() {
                self.spent -= (granted - from) as u64 * each;
                return from;
            }
            work(self, from..(from + PIECE).min(granted));
        }
        granted
    }

    fn tell(&mut self) {
        let progress = Progress { stage: self.stage, evaluations: self.spent, elbo: self.best };
        self.watch.progress(&progress);
    }

    /// Log densities and gradients at `[S][D]`.
    pub fn evaluate(&mut self, positions: &[f64]) -> Batch {
        self.evaluate_with(positions, Target::evaluate)
    }

    fn evaluate_with(
        &mut self,
        positions: &[f64],
        evaluate: fn(&mut (dyn Target + 'a), &[f64], &mut [f64], &mut [f64]),
    ) -> Batch {
        let count = positions.len() / self.dimension().max(1);
        let (first, dimension) = (self.spent, self.dimension());
        let granted = self.afford(count, 1);
        let mut batch =
            Batch { values: vec![f64::NEG_INFINITY; count], gradients: vec![0.0; positions.len()] };
        let done = self.in_pieces(granted, 1, |own, piece| {
            let within = piece.start * dimension..piece.end * dimension;
            let gradients = &mut batch.gradients[within.clone()];
            evaluate(own.target, &positions[within], &mut batch.values[piece], gradients);
        });
        self.settle(&mut batch, positions, (first, done));
        batch
    }

    /// Notes values and slopes that are no numbers, and takes them for impossible.
    fn settle(&mut self, batch: &mut Batch, positions: &[f64], (first, granted): (u64, usize)) {
        let dimension = self.dimension();
        let gradients = batch.gradients.chunks(dimension).zip(positions.chunks(dimension));
        let numbers = numbers(first, granted);
        for ((value, (gradient, position)), number) in batch.values.iter_mut().zip(gradients).zip(numbers) {
            let slopes = gradient.iter().all(|slope| slope.is_finite());
            if let Some(lack) = lack(*value).or((!slopes).then_some(Lack::Slope)) {
                self.faults.note(lack, number, position);
                *value = f64::NEG_INFINITY;
            }
        }
    }

    /// Whether the target knows anything of expectations under a Gaussian that would else be averages over so many draws.
    pub fn knows(&mut self, draws: usize) -> bool {
        self.target.known(draws).is_some()
    }

    /// What the target knows of the expectation under a Gaussian; `None` if that is not precise, or not affordable.
    pub fn expected(&mut self, gaussian: &Gaussian, draws: usize) -> Option<Expected> {
        let root = gaussian.factor().transpose();
        loop {
            let known = self.target.known(draws)?;
            if self.afford(1, known.cost) == 0 {
                return None;
            }
            match self.target.expected(gaussian.mean.as_slice(), root.as_slice()) {
                Ok(expected) => return Some(expected),
                Err(Unknown::Yet) => {}
                Err(Unknown::Here) => return None,
            }
        }
    }

    /// What is left of the log density at a Gaussian's draws, a column of `normals` for each; `None` if nothing is.
    pub fn left(&mut self, gaussian: &Gaussian, normals: &DMatrix<f64>) -> Option<Batch> {
        if !self.target.known(normals.ncols())?.left {
            return None;
        }
        let positions = gaussian.positions(normals.as_slice());
        Some(self.evaluate_with(&positions, Target::evaluate_left))
    }

    /// Log densities at `[S][D]`.
    pub fn value(&mut self, positions: &[f64]) -> Vec<f64> {
        let (first, dimension) = (self.spent, self.dimension());
        let mut values = vec![f64::NEG_INFINITY; positions.len() / dimension.max(1)];
        let granted = self.afford(values.len(), 1);
        let done = self.in_pieces(granted, 1, |own, piece| {
            let within = piece.start * dimension..piece.end * dimension;
            own.target.value(&positions[within], &mut values[piece]);
        });
        let places = positions.chunks(dimension.max(1)).zip(numbers(first, done));
        for (value, (position, number)) in values.iter_mut().zip(places) {
            if let Some(lack) = lack(*value) {
                self.faults.note(lack, number, position);
                *value = f64::NEG_INFINITY;
            }
        }
        values
    }

    /// The log density of a target without coordinates.
    pub fn constant(&mut self) -> f64 {
        let mut values = [f64::NEG_INFINITY];
        self.target.value(&[], &mut values);
        self.spent += 1;
        values[0]
    }

    /// Hessian times direction for `[S][D]` positions and directions.
    pub fn products(&mut self, positions: &[f64], directions: &[f64]) -> Vec<f64> {
        let (first, dimension) = (self.spent, self.dimension());
        let mut products = vec![f64::NAN; positions.len()];
        let granted = self.afford(positions.len() / dimension.max(1), 2);
        let done = self.in_pieces(granted, 2, |own, piece| {
            let within = piece.start * dimension..piece.end * dimension;
            let (positions, directions) = (&positions[within.clone()], &directions[within.clone()]);
            own.target.hessian_vector(positions, directions, &mut products[within]);
        });
        let mut rows = products[..done * dimension].chunks(dimension.max(1));
        if let Some(nth) = rows.position(|row| row.iter().any(|x| !x.is_finite())) {
            let position = &positions[nth * dimension..(nth + 1) * dimension];
            self.faults.note(Lack::Curvature, first + 2 * nth as u64 + 1, position);
        }
        products
    }

    /// Which entries of the Hessian differ from zero near a position, without holding it whole; it is kept for later
    /// Hessians. `None` where a product is not finite.
    pub fn pattern(&mut self, position: &DVector<f64>) -> Option<Pattern> {
        if let Some(pattern) = &self.pattern {
            return Some(pattern.clone());
        }
        let dimension = self.dimension();
        let mut rows: Vec<Vec<usize>> = (0..dimension).map(|j| vec![j]).collect();
        let columns: Vec<usize> = (0..dimension).collect();
        for chunk in columns.chunks(CHUNK) {
            let mut directions = vec![0.0; chunk.len() * dimension];
            chunk.iter().enumerate().for_each(|(k, j)| directions[k * dimension + j] = 1.0);
            let products = self.products_at(position, &directions);
            for (j, product) in chunk.iter().zip(products.chunks(dimension)) {
                if product.iter().any(|x| !x.is_finite()) {
                    return None;
                }
                // Both triangles, since an entry may be lost to rounding on one side.
                for (i, _) in product.iter().enumerate().filter(|(_, x)| **x != 0.0) {
                    rows[*j].push(i);
                    rows[i].push(*j);
                }
            }
        }
        rows.iter_mut().for_each(|rows| {
            rows.sort_unstable();
            rows.dedup();
        });
        self.pattern = Some(Pattern::of_rows(rows));
        self.pattern.clone()
    }

    /// How many products the next Hessian is likely to take.
    pub fn hessian_products(&self) -> usize {
        let all = self.dimension();
        self.pattern.as_ref().map_or(all, |pattern| pattern.products().min(all))
    }

    /// With how many coordinates each one interacts, as far as is known.
    pub fn crowding(&self) -> Vec<usize> {
        self.pattern.as_ref().map_or_else(|| vec![0; self.dimension()], Pattern::crowding)
    }

    /// The Hessian at a position; `None` where an entry is not finite. Its entries that vanish are not asked for again.
    pub fn hessian(&mut self, position: &DVector<f64>) -> Option<DMatrix<f64>> {
        if let Some(pattern) = self.pattern.take() {
            let found = (5 * pattern.products() <= 4 * self.dimension())
                .then(|| self.sparse_hessian(position, &pattern))
                .flatten();
            self.pattern = Some(pattern);
            match found {
                Some(Ok(hessian)) => return Some(hessian),
                Some(Err(())) => return None,
                None => {}
            }
        }
        let identity = DMatrix::<f64>::identity(self.dimension(), self.dimension());
        let products = self.products_at(position, identity.as_slice());
        if products.iter().any(|x| !x.is_finite()) {
            return None;
        }
        let hessian = DMatrix::from_column_slice(self.dimension(), self.dimension(), &products);
        if self.dimension() >= SPARSE {
            self.pattern = Some(Pattern::of(&hessian, self.pattern.as_ref()));
        }
        Some((&hessian + hessian.transpose()) * 0.5)
    }

    /// The Hessian by its pattern: an error if it is not finite, `None` if the pattern lacks entries.
    fn sparse_hessian(
        &mut self,
        position: &DVector<f64>,
        pattern: &Pattern,
    ) -> Option<Result<DMatrix<f64>, ()>> {
        let products = self.products_at(position, &pattern.directions());
        if products.iter().any(|x| !x.is_finite()) {
            return Some(Err(()));
        }
        pattern.hessian(&products).map(Ok)
    }

    fn products_at(&mut self, position: &DVector<f64>, directions: &[f64]) -> Vec<f64> {
        let count = directions.len() / self.dimension().max(1);
        let positions: Vec<f64> = (0..count).flat_map(|_| position.iter().copied()).collect();
        self.products(&positions, directions)
    }
}
