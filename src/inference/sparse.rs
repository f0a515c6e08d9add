//! Whole Hessians from few products: columns that share no row go into one direction, the crowded columns are taken
//! alone and give their rows by symmetry (Curtis, Powell and Reid 1974; Powell and Toint 1979).

use nalgebra::{DMatrix, DVector};

/// Which entries of a Hessian can differ from zero, as far as has been seen, and directions that tell them apart.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// Rows of each column that can differ from zero.
    rows: Vec<Vec<usize>>,
    /// Columns taken alone.
    hubs: Vec<usize>,
    /// Columns that share a direction.
    groups: Vec<Vec<usize>>,
}

/// Relative gap between a product and the one foretold from the entries, above which entries must be missing.
const TOLERANCE: f64 = 1e-7;
/// Numbers of hubs that are tried.
const TRIALS: usize = 64;

impl Pattern {
    /// The pattern of a Hessian, joined with an earlier one.
    pub fn of(hessian: &DMatrix<f64>, earlier: Option<&Pattern>) -> Pattern {
        let dimension = hessian.nrows();
        let rows = (0..dimension).map(|j| {
            let known = earlier.map_or(&[][..], |pattern| &pattern.rows[j]);
            (0..dimension)
                .filter(|&i| i == j || hessian[(i, j)] != 0.0 || known.binary_search(&i).is_ok())
                .collect()
        });
        Pattern::of_rows(rows.collect())
    }

    /// The pattern of a matrix given by the rows of each column, ascending, that can differ from zero.
    pub fn of_rows(rows: Vec<Vec<usize>>) -> Pattern {
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|&j| std::cmp::Reverse(rows[j].len()));
        let mut best: Option<(Vec<usize>, Vec<Vec<usize>>)> = None;
        for count in hub_counts(&rows, &order) {
            let groups = coloured(&rows, &order, count);
            let found = best.as_ref().map_or(usize::MAX, |(hubs, groups)| hubs.len() + groups.len());
            if count + groups.len() < found {
                best = Some((order[..count].to_vec(), groups));
            }
        }
        let (hubs, groups) = best.unwrap_or((order, Vec::new()));
        Pattern { rows, hubs, groups }
    }

    /// How many rows of each column can differ from zero.
    pub fn crowding(&self) -> Vec<usize> {
        self.rows.iter().map(Vec::len).collect()
    }

    /// Rows of each column that can differ from zero.
    pub fn rows(&self) -> &[Vec<usize>] {
        &self.rows
    }

    /// Entries of the Hessian at its rows, column by column, from the products or from a sum of such; `None` if the check
    /// shows entries outside of the pattern.
    pub fn entries(&self, products: &[f64]) -> Option<Vec<Vec<f64>>> {
        let dimension = self.rows.len();
        let mut direction = vec![0; dimension];
        let mut is_hub = vec![false; dimension];
        self.hubs.iter().enumerate().for_each(|(k, hub)| (direction[*hub], is_hub[*hub]) = (k, true));
        for (k, group) in self.groups.iter().enumerate() {
            group.iter().for_each(|j| direction[*j] = self.hubs.len() + k);
        }
        let one = |i: usize, j: usize| products[direction[j] * dimension + i];
        let entry = |i: usize, j: usize| match (is_hub[i], is_hub[j]) {
            (true, false) => one(j, i),
            (false, true) => one(i, j),
            _ => 0.5 * (one(i, j) + one(j, i)),
        };
        let entries: Vec<Vec<f64>> = self
            .rows
            .iter()
            .enumerate()
            .map(|(j, rows)| rows.iter().map(|i| entry(*i, j)).collect())
            .collect();
        let seen = &products[(self.products() - 1) * dimension..];
        let direction = check(dimension);
        let (mut foretold, mut sizes) = (DVector::<f64>::zeros(dimension), DVector::<f64>::zeros(dimension));
        for (j, rows) in self.rows.iter().enumerate() {
            for (i, entry) in rows.iter().zip(&entries[j]) {
                foretold[*i] += entry * direction[j];
                sizes[*i] += entry.abs() * direction[j];
            }
        }
        let fits = (0..dimension)
            .all(|i: usize| f64::abs(foretold[i] - seen[i]) <= TOLERANCE * (sizes[i] + seen[i].abs()));
        fits.then_some(entries)
    }

    /// How many products a Hessian takes, the one that checks the pattern included.
    pub fn products(&self) -> usize {
        self.hubs.len() + self.groups.len() + 1
    }

    /// The directions `[products][D]`; the last is the check.
    pub fn directions(&self) -> Vec<f64> {
        let dimension = self.rows.len();
        let mut directions = vec![0.0; self.products() * dimension];
        for (k, hub) in self.hubs.iter().enumerate() {
            directions[k * dimension + hub] = 1.0;
        }
        for (k, group) in self.groups.iter().enumerate() {
            let row = (self.hubs.len() + k) * dimension;
            group.iter().for_each(|j| directions[row + j] = 1.0);
        }
        let last = (self.products() - 1) * dimension;
        directions[last..].copy_from_slice(check(dimension).as_slice());
        directions
    }

    /// The Hessian of the products; `None` if the check shows entries outside of the pattern.
    pub fn hessian(&self, products: &[f64]) -> Option<DMatrix<f64>> {
        let dimension = self.rows.len();
        let mut hessian = DMatrix::zeros(dimension, dimension);
        let mut is_hub = vec![false; dimension];
        for (hub, product) in self.hubs.iter().zip(products.chunks(dimension)) {
            is_hub[*hub] = true;
            for (i, entry) in product.iter().enumerate() {
                hessian[(i, *hub)] = *entry;
                hessian[(*hub, i)] = *entry;
            }
        }
        for (group, product) in self.groups.iter().zip(products.chunks(dimension).skip(self.hubs.len())) {
            for &j in group {
                for &i in self.rows[j].iter().filter(|&&i| !is_hub[i]) {
                    hessian[(i, j)] = product[i];
                }
            }
        }
        let seen = &products[(self.products() - 1) * dimension..];
        let direction = check(dimension);
        let foretold = &hessian * &direction;
        let sizes = hessian.abs() * &direction;
        let fits =
            (0..dimension).all(|i| (foretold[i] - seen[i]).abs() <= TOLERANCE * (sizes[i] + seen[i].abs()));
        fits.then(|| (&hessian + hessian.transpose()) * 0.5)
    }
}

/// A direction without symmetries, all of it positive.
fn check(dimension: usize) -> DVector<f64> {
    DVector::from_fn(dimension, |i, _| 0.6 + (0.618_033_988_749_895 * (i + 1) as f64).fract())
}

/// How many of the most crowded columns may be taken alone: as many as have more than each of the distinct counts.
fn hub_counts(rows: &[Vec<usize>], order: &[usize]) -> Vec<usize> {
    let mut counts = vec![0];
    for k in 1..order.len() {
        if rows[order[k]].len() < rows[order[k - 1]].len() {
            counts.push(k);
        }
    }
    let step = counts.len().div_ceil(TRIALS);
    counts.into_iter().step_by(step).collect()
}

/// Groups of the columns after the hubs, greedily: two columns of a group share no row but those of hubs.
fn coloured(rows: &[Vec<usize>], order: &[usize], hubs: usize) -> Vec<Vec<usize>> {
    let dimension = rows.len();
    let mut is_hub = vec![false; dimension];
    order[..hubs].iter().for_each(|&j| is_hub[j] = true);
    let mut groups: Vec<(Vec<usize>, Vec<bool>)> = Vec::new();
    for &j in &order[hubs..] {
        let own = || rows[j].iter().filter(|&&i| !is_hub[i]);
        let at = groups.iter().position(|(_, taken)| own().all(|&i| !taken[i]));
        let at = at.unwrap_or_else(|| {
            groups.push((Vec::new(), vec![false; dimension]));
            groups.len() - 1
        });
        groups[at].0.push(j);
        own().for_each(|&i| groups[at].1[i] = true);
    }
    groups.into_iter().map(|(columns, _)| columns).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An arrow (two hubs) with a band of width one.
    fn arrow(dimension: usize) -> DMatrix<f64> {
        DMatrix::from_fn(dimension, dimension, |i, j| {
            let (low, high) = (i.min(j), i.max(j));
            if low < 2 || high - low < 2 { 1.0 + (low as f64).sin() + high as f64 / 7.0 } else { 0.0 }
        })
    }

    fn products(hessian: &DMatrix<f64>, pattern: &Pattern) -> Vec<f64> {
        let directions =
            DMatrix::from_column_slice(hessian.nrows(), pattern.products(), &pattern.directions());
        (hessian * directions).as_slice().to_vec()
    }

    #[test]
    fn an_arrow_takes_few_products() {
        let hessian = arrow(40);
        let pattern = Pattern::of(&hessian, None);
        assert_eq!(pattern.products(), 6);
        let found = pattern.hessian(&products(&hessian, &pattern)).expect("the pattern is complete");
        assert!((&found - &hessian).amax() < 1e-12);
        let entries = pattern.entries(&products(&hessian, &pattern)).expect("the pattern is complete");
        for (j, rows) in pattern.rows().iter().enumerate() {
            rows.iter().zip(&entries[j]).for_each(|(i, x)| assert!((x - hessian[(*i, j)]).abs() < 1e-12));
        }
    }

    #[test]
    fn entries_outside_of_the_pattern_are_noticed_and_learned() {
        let mut hessian = arrow(40);
        let pattern = Pattern::of(&hessian, None);
        (hessian[(7, 31)], hessian[(31, 7)]) = (0.3, 0.3);
        assert!(pattern.hessian(&products(&hessian, &pattern)).is_none());
        let wider = Pattern::of(&hessian, Some(&pattern));
        let found = wider.hessian(&products(&hessian, &wider)).expect("the pattern is complete");
        assert!((found - hessian).amax() < 1e-12);
    }
}
