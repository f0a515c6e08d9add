//! Limited-memory BFGS with a line search that survives non-finite values.

use std::collections::VecDeque;

use nalgebra::DVector;

/// What one step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Went down.
    Moved,
    /// The gradient, measured by the inverse Hessian, is negligible.
    Converged,
    /// No step along the direction goes down, from steepest descent as well.
    Stalled,
}

/// A minimisation in progress.
pub struct Search {
    position: DVector<f64>,
    current: Option<(f64, DVector<f64>)>,
    history: VecDeque<(DVector<f64>, DVector<f64>)>,
    memory: usize,
}

/// An objective: its value and gradient at a position.
pub type Objective<'a> = dyn FnMut(&DVector<f64>) -> (f64, DVector<f64>) + 'a;

impl Search {
    /// From a position, remembering `memory` changes of the gradient.
    pub fn new(position: DVector<f64>, memory: usize) -> Search {
        Search { position, current: None, history: VecDeque::new(), memory }
    }

    /// At a position with its value, after a step from the origin with these gradients at both ends, in coordinates in which
    /// curvature is about one.
    pub fn resumed(
        position: DVector<f64>,
        value: f64,
        gradients: &[DVector<f64>; 2],
        memory: usize,
    ) -> Search {
        let turn = &gradients[1] - &gradients[0];
        let mut history = VecDeque::new();
        if position.dot(&turn) > 1e-12 * turn.norm_squared() {
            history.push_back((position.clone(), turn));
        }
        Search { position, current: Some((value, gradients[1].clone())), history, memory }
    }

    /// Where it is.
    pub fn position(&self) -> &DVector<f64> {
        &self.position
    }

    /// The objective there, once a step has been tried.
    pub fn value(&self) -> Option<f64> {
        self.current.as_ref().map(|(value, _)| *value)
    }

    /// The last remembered change of position and of gradient.
    pub fn last_pair(&self) -> Option<(&DVector<f64>, &DVector<f64>)> {
        self.history.back().map(|(change, turn)| (change, turn))
    }

    /// One step down.
    pub fn step(&mut self, objective: &mut Objective) -> Outcome {
        let (value, gradient) = match self.current.take() {
            Some(current) => current,
            None => objective(&self.position),
        };
        let direction = self.direction(&gradient);
        let slope = direction.dot(&gradient);
        let outcome = if -slope < 1e-10 * (1.0 + 1e-3 * value.abs()) {
            Outcome::Converged
        } else if let Some(found) = line_search(objective, (&self.position, value), &direction, slope) {
            self.accept(found, &gradient);
            return Outcome::Moved;
        } else if self.history.is_empty() {
            Outcome::Stalled
        } else {
            self.history.clear();
            Outcome::Moved
        };
        self.current = Some((value, gradient));
        outcome
    }

    fn accept(&mut self, found: Found, gradient: &DVector<f64>) {
        let change = &found.position - &self.position;
        let turn = &found.gradient - gradient;
        if change.dot(&turn) > 1e-12 * turn.norm_squared() {
            self.history.push_back((change, turn));
            if self.history.len() > self.memory {
                self.history.pop_front();
            }
        }
        self.position = found.position;
        self.current = Some((found.value, found.gradient));
    }

    /// Minus the approximate inverse Hessian times the gradient (two-loop recursion).
    fn direction(&self, gradient: &DVector<f64>) -> DVector<f64> {
        let mut vector = -gradient;
        let mut coefficients = Vec::with_capacity(self.history.len());
        for (change, turn) in self.history.iter().rev() {
            let coefficient = change.dot(&vector) / change.dot(turn);
            vector.axpy(-coefficient, turn, 1.0);
            coefficients.push(coefficient);
        }
        match self.history.back() {
            Some((change, turn)) => vector *= change.dot(turn) / turn.norm_squared(),
            None => vector /= gradient.norm().max(1.0),
        }
        for ((change, turn), coefficient) in self.history.iter().zip(coefficients.iter().rev()) {
            let correction = coefficient - turn.dot(&vector) / change.dot(turn);
            vector.axpy(correction, change, 1.0);
        }
        vector
    }
}

struct Found {
    position: DVector<f64>,
    value: f64,
    gradient: DVector<f64>,
}

/// Weak Wolfe conditions by bisection and doubling, which also serves objectives that are infinite somewhere.
fn line_search(
    objective: &mut Objective,
    from: (&DVector<f64>, f64),
    direction: &DVector<f64>,
    slope: f64,
) -> Option<Found> {
    let (mut low, mut high, mut length) = (0.0, f64::INFINITY, 1.0);
    let mut acceptable = None;
    for _ in 0..40 {
        let position = from.0 + direction * length;
        let (value, gradient) = objective(&position);
        let descends = value.is_finite() && value <= from.1 + 1e-4 * length * slope;
        if !descends {
            high = length;
        } else {
            let flat = gradient.dot(direction) >= 0.9 * slope;
            acceptable = Some(Found { position, value, gradient });
            if flat {
                return acceptable;
            }
            low = length;
        }
        length = if high.is_finite() { 0.5 * (low + high) } else { 2.0 * length };
        if high.is_finite() && high - low < 1e-3 * high && acceptable.is_some() {
            break;
        }
    }
    acceptable
}

/// The diagonal inverse-Hessian estimate after one more change of position and gradient (Gilbert and Lemaréchal 1989).
pub fn diagonal_update(variances: &DVector<f64>, change: &DVector<f64>, turn: &DVector<f64>) -> DVector<f64> {
    let along = change.dot(turn);
    let weighted_turn: f64 = turn.iter().zip(variances).map(|(y, v)| y * y * v).sum();
    let weighted_change: f64 = change.iter().zip(variances).map(|(s, v)| s * s / v).sum();
    DVector::from_fn(variances.len(), |i, _| {
        let (v, y, s) = (variances[i], turn[i], change[i]);
        let precision = weighted_turn / (along * v) + y * y / along
            - weighted_turn * s * s / (along * weighted_change * v * v);
        if precision.is_finite() && precision > 0.0 { precision.recip() } else { v }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_minimum_of_rosenbrock_behind_a_wall() {
        let mut objective = |z: &DVector<f64>| {
            let (a, b) = (z[0], z[1]);
            let value = (1.0 - a).powi(2) + 100.0 * (b - a * a).powi(2);
            let gradient = vec![-2.0 * (1.0 - a) - 400.0 * a * (b - a * a), 200.0 * (b - a * a)];
            (if b > 3.0 { f64::NAN } else { value }, DVector::from_vec(gradient))
        };
        let mut search = Search::new(DVector::from_vec(vec![-1.3, 2.1]), 8);
        let mut outcome = Outcome::Moved;
        for _ in 0..200 {
            outcome = search.step(&mut objective);
            if outcome != Outcome::Moved {
                break;
            }
        }
        assert_eq!(outcome, Outcome::Converged);
        assert!((search.position() - DVector::from_vec(vec![1.0, 1.0])).amax() < 1e-4);
    }

    #[test]
    fn a_search_that_is_resumed_steps_to_the_minimum_of_what_is_round() {
        let low = DVector::from_vec(vec![3.0, -40.0, 0.5]);
        let slope = |z: &DVector<f64>| z - &low;
        let value = |z: &DVector<f64>| 0.5 * (z - &low).norm_squared();
        let at = DVector::from_vec(vec![1.0, -7.0, 2.0]);
        let gradients = [slope(&DVector::zeros(3)), slope(&at)];
        let mut search = Search::resumed(at.clone(), value(&at), &gradients, 8);
        let mut evaluations = 0;
        let outcome = search.step(&mut |z| {
            evaluations += 1;
            (value(z), slope(z))
        });
        assert_eq!((outcome, evaluations), (Outcome::Moved, 1));
        assert!((search.position() - low).amax() < 1e-12);
    }

    #[test]
    fn a_search_that_is_resumed_after_a_step_along_which_slopes_fell_still_goes_down() {
        // Around its top the objective curves downwards: cos z.
        let at = DVector::from_vec(vec![0.8]);
        let slope = |z: &DVector<f64>| z.map(|x| -x.sin());
        let gradients = [slope(&DVector::zeros(1)), slope(&at)];
        let mut search = Search::resumed(at.clone(), at[0].cos(), &gradients, 8);
        assert_eq!(search.step(&mut |z| (z[0].cos(), slope(z))), Outcome::Moved);
        assert!(search.value().is_some_and(|value| value < at[0].cos()));
        assert!(search.position()[0] > at[0]);
    }
}
