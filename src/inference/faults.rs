//! Evaluations that gave no number: which, and where. They are rejected steps and lost draws to everything else here;
//! what they mean is for the caller to say, who knows the model.

use std::ops::Range;

/// What was no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// The log density is NaN or plus infinity.
    Value,
    /// The log density is finite, and its gradient is not.
    Slope,
    /// The product of the Hessian with a direction is not finite.
    Curvature,
    /// The log density is minus infinity: the position is impossible, which is no fault in itself.
    Probability,
}

/// An evaluation without a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Its number, from 1: one for each position, two for each Hessian-vector product.
    pub evaluation: u64,
    /// The position.
    pub position: Vec<f64>,
    /// What was no number.
    pub lack: Lack,
}

/// What went wrong on the way of a fit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    /// How many evaluations had an undefined value or slope.
    pub undefined: usize,
    /// The first of each kind, in the order of [`Lack`].
    pub first: Vec<Fault>,
    /// The first of the result's own draws whose density is undefined.
    pub lost: Option<Fault>,
    /// How many of the result's draws those are, and how many draws there are.
    pub lost_draws: (usize, usize),
}

impl Faults {
    /// The same, with evaluations counted after so many others.
    pub fn after(mut self, spent: u64) -> Self {
        for fault in self.first.iter_mut().chain(&mut self.lost) {
            fault.evaluation += spent;
        }
        self
    }
}

/// The account of a running fit.
#[derive(Clone, Debug, Default)]
pub struct Log {
    first: Vec<Fault>,
    /// Numbers of evaluations without value or slope, ascending.
    undefined: Vec<u64>,
}

impl Log {
    /// Notes an evaluation without a number.
    pub fn note(&mut self, lack: Lack, evaluation: u64, position: &[f64]) {
        if matches!(lack, Lack::Value | Lack::Slope) {
            self.undefined.push(evaluation);
        }
        if let Err(place) = self.first.binary_search_by_key(&lack, |fault| fault.lack) {
            self.first.insert(place, Fault { evaluation, position: position.to_vec(), lack });
        }
    }

    /// What went wrong, given the draws of the result `[S][D]` and the numbers of their evaluations.
    pub fn close(&self, draws: &[f64], evaluations: &[u64]) -> Faults {
        let mut faults =
            Faults { undefined: self.undefined.len(), first: self.first.clone(), ..Faults::default() };
        let dimension = draws.len().checked_div(evaluations.len()).unwrap_or(0);
        let lost = |evaluation: &u64| self.undefined.binary_search(evaluation).is_ok();
        let places: Vec<usize> = (0..evaluations.len()).filter(|&k| lost(&evaluations[k])).collect();
        faults.lost_draws = (places.len(), evaluations.len());
        faults.lost = places.first().map(|&k| Fault {
            evaluation: evaluations[k],
            position: draws[k * dimension..(k + 1) * dimension].to_vec(),
            lack: Lack::Value,
        });
        faults
    }
}

/// The numbers of the next `count` evaluations.
pub fn numbers(spent: u64, count: usize) -> Range<u64> {
    spent + 1..spent + 1 + count as u64
}
