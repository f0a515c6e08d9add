//! Ranks of true values among posterior draws, and whether many of them are uniform: simulation-based calibration.
//!
//! Talts, Betancourt, Simpson, Vehtari, Gelman (2018). If truths come from the prior and data from the likelihood, the
//! rank of a truth among exact posterior draws is uniform.

use rand::RngExt;

use crate::numeric::random::Generator;
use crate::numeric::special::gamma_q;

/// Draws among which a truth is ranked: ranks are 0 to 99.
pub const THINNED: usize = 99;

/// The rank of a truth among [`THINNED`] independent picks of weighted draws, equal ones counted by chance. `draws` are
/// the values of one scalar; `weights` sum to 1, or `None` where all count alike.
pub fn rank(draws: &[f64], weights: Option<&[f64]>, truth: f64, generator: &mut Generator) -> usize {
    let (mut below, mut equal) = (0, 0);
    for _ in 0..THINNED {
        let value = draws[pick(draws.len(), weights, generator)];
        below += usize::from(value < truth);
        equal += usize::from(value == truth);
    }
    below + if equal > 0 { generator.random_range(0..=equal) } else { 0 }
}

fn pick(count: usize, weights: Option<&[f64]>, generator: &mut Generator) -> usize {
    let Some(weights) = weights else { return generator.random_range(0..count) };
    let mut left = generator.random::<f64>();
    for (k, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return k;
        }
    }
    count - 1
}

/// The random numbers of one replicate's ranks.
pub fn generator(seed: u64, replicate: usize) -> Generator {
    Generator::new(seed ^ 0x2545_f491_4f6c_dd1d, replicate as u64)
}

/// Whether ranks are uniform.
#[derive(Clone, Debug, PartialEq)]
pub struct Uniformity {
    /// How many ranks fall into each of equal stretches.
    pub bins: Vec<usize>,
    /// The sum of (found - expected)^2 / expected.
    pub chi_square: f64,
    /// The chance of a sum as large if the ranks are uniform.
    pub p_value: f64,
    /// Mean of the ranks as a share, minus 1/2, in standard errors: below 0 the posterior lies too high, above 0 too low.
    pub shift: f64,
    /// Variance of the ranks minus that of uniform ones, in standard errors: above 0 the posterior is too narrow, below 0
    /// too wide.
    pub spread: f64,
}

/// How many stretches the ranks are counted in: twenty expected in each, where that leaves four at least.
fn bin_count(ranks: usize) -> usize {
    match ranks / 20 {
        20.. => 20,
        10..20 => 10,
        5..10 => 5,
        _ => 4,
    }
}

/// Tests ranks from 0 to [`THINNED`].
pub fn uniformity(ranks: &[usize]) -> Uniformity {
    let count = bin_count(ranks.len());
    let mut bins = vec![0; count];
    for rank in ranks {
        bins[(rank * count / (THINNED + 1)).min(count - 1)] += 1;
    }
    let total = ranks.len() as f64;
    let expected = total / count as f64;
    let chi_square = bins.iter().map(|found| (*found as f64 - expected).powi(2) / expected).sum::<f64>();
    let freedom = (count - 1) as f64;
    let share = |rank: &usize| (*rank as f64 + 0.5) / (THINNED + 1) as f64 - 0.5;
    let mean = ranks.iter().map(share).sum::<f64>() / total;
    // The variance of a uniform is 1/12, that of its square about the middle 1/80 - 1/144.
    let square = ranks.iter().map(|rank| share(rank).powi(2)).sum::<f64>() / total;
    Uniformity {
        bins,
        chi_square,
        p_value: if total > 0.0 { gamma_q(0.5 * freedom, 0.5 * chi_square) } else { f64::NAN },
        shift: mean * (12.0 * total).sqrt(),
        spread: (square - 1.0 / 12.0) / ((1.0 / 80.0 - 1.0 / 144.0) / total).sqrt(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniform_ranks_pass_and_others_are_named() {
        let even: Vec<usize> = (0..400).map(|k| (k * 37) % 100).collect();
        let found = uniformity(&even);
        assert_eq!(found.bins, vec![20; 20]);
        assert!(found.p_value > 0.999 && found.shift.abs() < 0.1 && found.spread.abs() < 0.1, "{found:?}");
        let narrow: Vec<usize> =
            even.iter().map(|k| if *k < 50 { k * k / 50 } else { 99 - (99 - k).pow(2) / 50 }).collect();
        let found = uniformity(&narrow);
        assert!(found.p_value < 1e-6 && found.spread > 5.0 && found.shift.abs() < 1.0, "{found:?}");
        let high: Vec<usize> = even.iter().map(|k| k * k / 100).collect();
        assert!(uniformity(&high).shift < -5.0);
    }

    #[test]
    fn the_test_has_its_level() {
        let mut generator = generator(3, 0);
        let below = |level: f64, generator: &mut Generator| {
            let mut count = 0;
            for _ in 0..2000 {
                let ranks: Vec<usize> = (0..200).map(|_| generator.random_range(0..=THINNED)).collect();
                count += usize::from(uniformity(&ranks).p_value < level);
            }
            f64::from(count as u32) / 2000.0
        };
        let (five, fifty) = (below(0.05, &mut generator), below(0.5, &mut generator));
        assert!((five - 0.05).abs() < 0.015 && (fifty - 0.5).abs() < 0.04, "{five} {fifty}");
    }

    #[test]
    fn a_rank_counts_weights_and_breaks_ties_by_chance() {
        let mut generator = generator(1, 0);
        let weighted = rank(&[0.0, 1.0], Some(&[0.0, 1.0]), 0.5, &mut generator);
        assert_eq!(weighted, 0);
        let mean = (0..500).map(|_| rank(&[1.0], None, 1.0, &mut generator) as f64).sum::<f64>() / 500.0;
        assert!((mean - 49.5).abs() < 5.0, "{mean}");
    }
}
