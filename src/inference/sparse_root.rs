//! The square root of a covariance whose inverse, the precision, is sparse: by the factors L D L' of the reordered
//! precision. Time and memory follow the number of entries, for independent groups around a few shared coordinates linear in
//! the number of groups.

use std::sync::Arc;

use nalgebra::DVector;

use super::ldl::{Elimination, Factors};

/// An order of elimination with the places that it fills.
#[derive(Debug)]
pub struct Ordering {
    /// The coordinate that is eliminated at each step.
    pub order: Vec<usize>,
    /// The step at which each coordinate is.
    pub step: Vec<usize>,
    /// The elimination, of steps.
    pub elimination: Elimination,
}

/// By the factors of the reordered precision.
#[derive(Clone, Debug)]
pub struct SparseRoot {
    ordering: Arc<Ordering>,
    factors: Factors,
}

impl Ordering {
    /// Of a symmetric pattern, given by the rows of each column: the coordinate with the fewest neighbours goes first, each
    /// time (minimum degree, Tinney and Walker 1967). `None` if more than `most` places fill.
    pub fn of(rows: &[Vec<usize>], most: usize) -> Option<Ordering> {
        let count = rows.len();
        let mut near: Vec<Vec<usize>> = rows
            .iter()
            .enumerate()
            .map(|(j, rows)| rows.iter().copied().filter(|i| *i != j).collect())
            .collect();
        let mut left: std::collections::BTreeSet<(usize, usize)> =
            near.iter().enumerate().map(|(j, near)| (near.len(), j)).collect();
        let (mut order, mut step, mut filled) = (Vec::with_capacity(count), vec![0; count], 0);
        while let Some((degree, next)) = left.pop_first() {
            filled += degree;
            if filled > most {
                return None;
            }
            step[next] = order.len();
            order.push(next);
            let around = std::mem::take(&mut near[next]);
            for &one in &around {
                left.remove(&(near[one].len(), one));
                let mut merged: Vec<usize> =
                    near[one].iter().chain(&around).copied().filter(|i| *i != one && *i != next).collect();
                merged.sort_unstable();
                merged.dedup();
                near[one] = merged;
                left.insert((near[one].len(), one));
            }
        }
        let below = |k: usize| {
            let mut rows: Vec<usize> = rows[order[k]].iter().map(|i| step[*i]).filter(|i| *i > k).collect();
            rows.sort_unstable();
            rows
        };
        let elimination = Elimination::of_columns((0..count).map(below).collect());
        Some(Ordering { order, step, elimination })
    }
}

impl SparseRoot {
    /// From the precision's diagonal and its entries at the places of the elimination, both by steps. Pivots below the
    /// floors are replaced by them.
    pub fn of(
        ordering: &Arc<Ordering>,
        diagonal: DVector<f64>,
        entries: DVector<f64>,
        floors: &DVector<f64>,
    ) -> SparseRoot {
        let factors = ordering.elimination.factors(diagonal, entries, floors);
        SparseRoot { ordering: Arc::clone(ordering), factors }
    }

    fn to_steps(&self, vector: &DVector<f64>) -> DVector<f64> {
        DVector::from_fn(vector.len(), |k, _| vector[self.ordering.order[k]])
    }

    fn to_coordinates(&self, vector: &DVector<f64>) -> DVector<f64> {
        DVector::from_fn(vector.len(), |i, _| vector[self.ordering.step[i]])
    }

    /// ln |det root|.
    pub fn log_determinant(&self) -> f64 {
        -0.5 * self.factors.diagonal.iter().map(|d| d.ln()).sum::<f64>()
    }

    /// Root times a vector.
    pub fn pushed(&self, normals: &DVector<f64>) -> DVector<f64> {
        let scaled = normals.zip_map(&self.factors.diagonal, |x, d| x / d.sqrt());
        self.to_coordinates(&self.ordering.elimination.solved(&self.factors, scaled))
    }

    /// The root's transpose times a vector: solves D^(1/2) L' root' = identity backwards.
    pub fn pulled(&self, gradient: &DVector<f64>) -> DVector<f64> {
        let mut right = self.to_steps(gradient);
        for (&(row, column), entry) in
            self.ordering.elimination.places.iter().zip(self.factors.entries.iter())
        {
            right[row] -= entry * right[column];
        }
        right.zip_map(&self.factors.diagonal, |x, d| x / d.sqrt())
    }

    /// Covariance times a vector.
    pub fn covariance_times(&self, vector: &DVector<f64>) -> DVector<f64> {
        self.to_coordinates(&self.ordering.elimination.solved_whole(&self.factors, self.to_steps(vector)))
    }

    /// The squared length of a vector in whitened coordinates.
    pub fn squared(&self, vector: &DVector<f64>) -> f64 {
        let turned = self.ordering.elimination.turned(&self.factors, &self.to_steps(vector));
        turned.iter().zip(&self.factors.diagonal).map(|(x, d)| x * x * d).sum()
    }

    /// Variances of the coordinates.
    pub fn variances(&self) -> DVector<f64> {
        self.to_coordinates(&self.ordering.elimination.inverse_diagonal(&self.factors))
    }

    /// The same root times a scale.
    pub fn widened(&self, scale: f64) -> SparseRoot {
        let diagonal = &self.factors.diagonal / (scale * scale);
        let factors = Factors { entries: self.factors.entries.clone(), diagonal };
        SparseRoot { ordering: Arc::clone(&self.ordering), factors }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::DMatrix;

    #[test]
    fn an_arrow_is_held_without_fill_and_exactly() {
        let count = 12;
        let matrix = DMatrix::from_fn(count, count, |i, j| match (i.min(j), i.abs_diff(j)) {
            (_, 0) => 5.0 + i as f64,
            (0, _) => 0.8 - 0.05 * (i.max(j) as f64),
            (_, 1) => 0.4,
            _ => 0.0,
        });
        let rows: Vec<Vec<usize>> =
            (0..count).map(|j| (0..count).filter(|i| matrix[(*i, j)] != 0.0).collect()).collect();
        let ordering = Arc::new(Ordering::of(&rows, 1000).expect("few places fill"));
        let elimination = &ordering.elimination;
        assert!(elimination.places.len() <= 2 * count, "{}", elimination.places.len());
        let diagonal = DVector::from_fn(count, |k, _| matrix[(ordering.order[k], ordering.order[k])]);
        let entries =
            elimination.places.iter().map(|(i, j)| matrix[(ordering.order[*i], ordering.order[*j])]);
        let entries = DVector::from_iterator(elimination.places.len(), entries);
        let root = SparseRoot::of(&ordering, diagonal, entries, &DVector::zeros(count));
        let covariance = matrix.clone().try_inverse().expect("positive definite");
        let factor = DMatrix::from_columns(
            &(0..count)
                .map(|k| root.pushed(&DVector::from_fn(count, |i, _| f64::from(u8::from(i == k)))))
                .collect::<Vec<_>>(),
        );
        assert!((&factor * factor.transpose() - &covariance).amax() < 1e-12);
        assert!((root.variances() - covariance.diagonal()).amax() < 1e-12);
        let vector = DVector::from_fn(count, |i, _| (1.7 * i as f64).cos());
        assert!((root.pulled(&vector) - factor.tr_mul(&vector)).amax() < 1e-12);
        assert!((root.covariance_times(&vector) - &covariance * &vector).amax() < 1e-12);
        assert!((root.squared(&vector) - vector.dot(&(&matrix * &vector))).abs() < 1e-9);
        assert!((root.widened(2.0).variances() - covariance.diagonal() * 4.0).amax() < 1e-12);
    }
}
