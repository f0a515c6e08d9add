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
        let below = |column: usize| (column + 1..used.nrows()).filter(|row| used[(*row, column)]).collect();
        Elimination::of_columns((0..used.nrows()).map(below).collect())
    }

    /// From the rows below the diagonal, ascending, of each column that differ from zero: adds the places that
    /// elimination fills.
    pub fn of_columns(mut columns: Vec<Vec<usize>>) -> Elimination {
        for column in 0..columns.len() {
            // A column fills the first one that it reaches, which fills further ones in its turn (Liu 1990).
            let Some((&parent, others)) = columns[column].split_first() else { continue };
            let mut merged: Vec<usize> = columns[parent].iter().chain(others).copied().collect();
            merged.sort_unstable();
            merged.dedup();
            columns[parent] = merged;
        }
        let (mut places, mut starts) = (Vec::new(), vec![0]);
        for (column, rows) in columns.iter().enumerate() {
            places.extend(rows.iter().map(|row| (*row, column)));
            starts.push(places.len());
        }
        let mut targets = Vec::new();
        for rows in &columns {
            for (k, low) in rows.iter().enumerate() {
                for high in &rows[k + 1..] {
                    let at = columns[*low].binary_search(high).expect("elimination fills this place");
                    targets.push(starts[*low] + at);
                }
            }
        }
        Elimination { places, starts, targets }
    }

    /// The inverse's diagonal: its entries at the places follow from those of later columns (Takahashi, Fagan and Chen
    /// 1973).
    pub fn inverse_diagonal(&self, factors: &Factors) -> DVector<f64> {
        let count = factors.diagonal.len();
        let mut diagonal = factors.diagonal.map(f64::recip);
        let mut entries = DVector::<f64>::zeros(self.places.len());
        let mut ends: usize = self.targets.len();
        for column in (0..count).rev() {
            let (from, to) = (self.starts[column], self.starts[column + 1]);
            let size = to - from;
            let first = ends - size * size.saturating_sub(1) / 2;
            let mut next = first;
            for k in 0..size {
                entries[from + k] -= diagonal[self.places[from + k].0] * factors.entries[from + k];
                for other in k + 1..size {
                    let shared = entries[self.targets[next]];
                    entries[from + k] -= shared * factors.entries[from + other];
                    entries[from + other] -= shared * factors.entries[from + k];
                    next += 1;
                }
            }
            let fed: f64 = (from..to).map(|k| factors.entries[k] * entries[k]).sum();
            diagonal[column] -= fed;
            ends = first;
        }
        diagonal
    }

    /// The factors of a matrix given by its diagonal and its entries at the places. Where a pivot is not above its floor
    /// the floor takes its place, so that the factors are those of a positive definite matrix.
    pub fn factors(
        &self,
        mut diagonal: DVector<f64>,
        mut entries: DVector<f64>,
        floors: &DVector<f64>,
    ) -> Factors {
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
        assert!(
            (elimination.turned(&factors, &elimination.solved(&factors, right.clone())) - &right).amax()
                < 1e-12
        );
        let turned = elimination.turned(&factors, &right);
        let square: f64 = turned.iter().zip(&factors.diagonal).map(|(x, d)| x * x * d).sum();
        assert!((square - right.dot(&(&matrix * &right))).abs() < 1e-12);
        let inverse = matrix.try_inverse().expect("a positive definite matrix");
        assert!((elimination.inverse_diagonal(&factors) - inverse.diagonal()).amax() < 1e-12);
    }
}
