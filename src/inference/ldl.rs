//! The factors L D L' of symmetric matrices that share one sparse pattern.

use nalgebra::{DMatrix, DVector};

/// Places below the diagonal where the factor can differ from zero, with the steps of the elimination.
#[derive(Clone, Debug)]
pub struct Elimination {
    /// (row, column), columns ascending.
    pub places: Vec<(usize, usize)>,
    /// Where each column's places start.
    starts: Vec<usize>,
    /// For each column, in order, the place that each pair of its places changes; the column's size for a diagonal.
    targets: Vec<usize>,
}

/// The factors: L's entries below its diagonal, and D.
#[derive(Clone, Debug)]
pub struct Factors {
    /// By place.
    pub entries: DVector<f64>,
    /// Positive.
    pub diagonal: DVector<f64>,
}

impl Elimination {
    /// From where a matrix differs from zero: adds the places that elimination fills.
    pub fn of(used: &DMatrix<bool>) -> Elimination {
        let count = used.nrows();
        let mut filled = used.clone();
        for column in 0..count {
            let rows: Vec<usize> = (column + 1..count).filter(|row| filled[(*row, column)]).collect();
            for (k, low) in rows.iter().enumerate() {
                rows[k + 1..].iter().for_each(|high| filled[(*high, *low)] = true);
            }
        }
        let (mut places, mut starts) = (Vec::new(), Vec::new());
        let mut index = DMatrix::from_element(count, count, usize::MAX);
        for column in 0..count {
            starts.push(places.len());
            for row in (column + 1..count).filter(|row| filled[(*row, column)]) {
                index[(row, column)] = places.len();
                places.push((row, column));
            }
        }
        starts.push(places.len());
        let mut targets = Vec::new();
        for column in 0..count {
            let own = &places[starts[column]..starts[column + 1]];
            for (k, (low, _)) in own.iter().enumerate() {
                targets.extend(own[k + 1..].iter().map(|(high, _)| index[(*high, *low)]));
            }
        }
        Elimination { places, starts, targets }
    }

    /// The factors of a matrix given by its diagonal and its entries at the places. Where a pivot is not above its floor
    /// the floor takes its place, so that the factors are those of a positive definite matrix.
    pub fn factors(&self, mut diagonal: DVector<f64>, mut entries: DVector<f64>, floors: &DVector<f64>) -> Factors {
        let mut next = 0;
        for column in 0..diagonal.len() {
            let pivot = diagonal[column].max(floors[column]);
            diagonal[column] = pivot;
            let (from, to) = (self.starts[column], self.starts[column + 1]);
            for k in from..to {
                let scaled = entries[k] / pivot;
                diagonal[self.places[k].0] -= scaled * entries[k];
                for other in k + 1..to {
                    let change = scaled * entries[other];
                    entries[self.targets[next]] -= change;
                    next += 1;
                }
            }
            for k in from..to {
                entries[k] /= pivot;
            }
        }
        Factors { entries, diagonal }
    }

    /// L' times a vector.
    pub fn turned(&self, factors: &Factors, vector: &DVector<f64>) -> DVector<f64> {
        let mut turned = vector.clone();
        for (&(row, column), entry) in self.places.iter().zip(factors.entries.iter()) {
            turned[column] += entry * vector[row];
        }
        turned
    }

    /// The solution of L' x = right.
    pub fn solved(&self, factors: &Factors, mut right: DVector<f64>) -> DVector<f64> {
        for (&(row, column), entry) in self.places.iter().zip(factors.entries.iter()).rev() {
            right[column] -= entry * right[row];
        }
        right
    }

    /// The solution of L D L' x = right.
    pub fn solved_whole(&self, factors: &Factors, mut right: DVector<f64>) -> DVector<f64> {
        for (&(row, column), entry) in self.places.iter().zip(factors.entries.iter()) {
            right[row] -= entry * right[column];
        }
        right.component_div_assign(&factors.diagonal);
        self.solved(factors, right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_a_sparse_system_and_turns_back() {
        let count = 7;
        let matrix = DMatrix::from_fn(count, count, |i, j| match (i.max(j), i.abs_diff(j)) {
            (_, 0) => 4.0 + i as f64,
            (6, _) => 0.7 - 0.1 * (i.min(j) as f64),
            (5, 3) => 0.9,
            _ => 0.0,
        });
        let elimination = Elimination::of(&matrix.map(|x| x != 0.0));
        let entries = DVector::from_iterator(
            elimination.places.len(),
            elimination.places.iter().map(|place| matrix[*place]),
        );
        let factors = elimination.factors(matrix.diagonal(), entries, &DVector::zeros(count));
        let right = DVector::from_fn(count, |i, _| (i as f64 * 1.3).sin());
        assert!((&matrix * elimination.solved_whole(&factors, right.clone()) - &right).amax() < 1e-12);
        assert!((elimination.turned(&factors, &elimination.solved(&factors, right.clone())) - &right).amax() < 1e-12);
        let turned = elimination.turned(&factors, &right);
        let square: f64 = turned.iter().zip(&factors.diagonal).map(|(x, d)| x * x * d).sum();
        assert!((square - right.dot(&(&matrix * &right))).abs() < 1e-12);
    }
}
