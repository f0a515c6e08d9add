//! A target with an account: counts evaluations, keeps the limit, and asks the caller whether to go on.

use nalgebra::{DMatrix, DVector};

use super::faults::{Lack, Log, numbers};
use super::sparse::Pattern;
use super::target::Target;

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

/// From so many coordinates on a Hessian is taken by its pattern.
const SPARSE: usize = 12;

impl<'a> Evaluator<'a> {
    /// Opens an account of `limit` evaluations.
    pub fn new(target: &'a mut dyn Target, watch: &'a mut dyn Watch, limit: u64) -> Self {
        Evaluator {
            target,
            watch,
            limit,
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

    /// Evaluations so far: one for each position, two for each Hessian-vector product.
    pub fn spent(&self) -> u64 {
        self.spent
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
        if self.halt.is_none() {
            if self.watch.should_stop() {
                self.halt = Some(Halt::Asked);
            } else if self.spent >= self.limit {
                self.halt = Some(Halt::Limit);
            }
        }
        self.tell();
        self.halt.is_none()
    }

    fn tell(&mut self) {
        let progress = Progress { stage: self.stage, evaluations: self.spent, elbo: self.best };
        self.watch.progress(&progress);
    }

    /// Log densities and gradients at `[S][D]`.
    pub fn evaluate(&mut self, positions: &[f64]) -> Batch {
        let count = positions.len() / self.dimension().max(1);
        let mut batch = Batch { values: vec![0.0; count], gradients: vec![0.0; positions.len()] };
        self.target.evaluate(positions, &mut batch.values, &mut batch.gradients);
        let (numbers, dimension) = (numbers(self.spent, count), self.dimension());
        self.spent += count as u64;
        let gradients = batch.gradients.chunks(dimension).zip(positions.chunks(dimension));
        for ((value, (gradient, position)), number) in batch.values.iter_mut().zip(gradients).zip(numbers) {
            let slopes = gradient.iter().all(|slope| slope.is_finite());
            if let Some(lack) = lack(*value).or((!slopes).then_some(Lack::Slope)) {
                self.faults.note(lack, number, position);
                *value = f64::NEG_INFINITY;
            }
        }
        batch
    }

    /// Log densities at `[S][D]`.
    pub fn value(&mut self, positions: &[f64]) -> Vec<f64> {
        let mut values = vec![0.0; positions.len() / self.dimension().max(1)];
        self.target.value(positions, &mut values);
        let numbers = numbers(self.spent, values.len());
        self.spent += values.len() as u64;
        let places = positions.chunks(self.target.dimension().max(1)).zip(numbers);
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
        let mut products = vec![0.0; positions.len()];
        self.target.hessian_vector(positions, directions, &mut products);
        let rows = products.chunks(self.dimension().max(1));
        if let Some(nth) = rows.into_iter().position(|row| row.iter().any(|x| !x.is_finite())) {
            let position = &positions[nth * self.dimension()..(nth + 1) * self.dimension()];
            self.faults.note(Lack::Curvature, self.spent + 2 * nth as u64 + 1, position);
        }
        self.spent += 2 * (positions.len() / self.dimension().max(1)) as u64;
        products
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
