//! Mean, standard deviation, quantiles and Monte Carlo error of weighted draws.

use super::{SiteDraws, StateSummary};

/// The summary of one scalar.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Posterior mean.
    pub mean: f64,
    /// Posterior standard deviation.
    pub sd: f64,
    /// 5 % quantile.
    pub q05: f64,
    /// Median.
    pub q50: f64,
    /// 95 % quantile.
    pub q95: f64,
    /// Monte Carlo standard error of the mean.
    pub mcse: f64,
    /// For a discrete latent with few states: value or label, and its posterior probability.
    pub prob: Option<Vec<(String, f64)>>,
}

/// Normalised weights of draws; none means all alike.
pub type Weights<'a> = Option<&'a [f64]>;

/// One row for each scalar of a site.
pub fn summarise(site: &SiteDraws, weights: Weights) -> Vec<Row> {
    if let Some(rows) = &site.rows {
        return rows.clone();
    }
    if let Some(states) = &site.states {
        return state_rows(site, states);
    }
    let width = site.names.len();
    let columns = site.names.iter().enumerate();
    columns
        .map(|(k, name)| {
            let values: Vec<f64> = site.values.iter().skip(k).step_by(width).copied().collect();
            row(name, values, weights)
        })
        .collect()
}

/// The row of one scalar.
pub(super) fn row(name: &str, values: Vec<f64>, weights: Weights) -> Row {
    let total = weights.map_or(values.len().max(1) as f64, |weights| weights.iter().sum());
    let weight = |k: usize| weights.map_or(1.0, |weights| weights[k]) / total;
    // From the first value on, so that what does not vary comes out exactly.
    let first = values.first().copied().unwrap_or(f64::NAN);
    let mean = first + values.iter().enumerate().map(|(k, value)| weight(k) * (value - first)).sum::<f64>();
    let spread = |k: usize, value: f64| weight(k) * (value - mean).powi(2);
    let variance: f64 = values.iter().enumerate().map(|(k, &value)| spread(k, value)).sum();
    // Delta-method variance of a self-normalised importance estimate (Owen, Monte Carlo theory, 9.8).
    let error: f64 = values.iter().enumerate().map(|(k, &value)| weight(k) * spread(k, value)).sum();
    let [q05, q50, q95] = quantiles(values, weights);
    Row { name: name.to_string(), mean, sd: variance.sqrt(), q05, q50, q95, mcse: error.sqrt(), prob: None }
}

/// Latents with more states than this are summarised without the probability of each.
const SHOWN_STATES: usize = 100;

/// Rows from the probabilities of states.
fn state_rows(site: &SiteDraws, states: &StateSummary) -> Vec<Row> {
    let count = states.values.len().max(1);
    let each = site.names.iter().zip(states.probabilities.chunks_exact(count)).zip(&states.errors);
    each.map(|((name, probabilities), &mcse)| state_row(name, (states, probabilities), mcse)).collect()
}

fn state_row(name: &str, (states, probabilities): (&StateSummary, &[f64]), mcse: f64) -> Row {
    let weighted = |power: &dyn Fn(f64) -> f64| -> f64 {
        states.values.iter().zip(probabilities).map(|(&value, p)| p * power(value)).sum()
    };
    let mean = weighted(&|value| value);
    let variance = weighted(&|value| (value - mean).powi(2));
    let [q05, q50, q95] = LEVELS.map(|level| {
        let mut below = 0.0;
        let reaches = |p: &f64| {
            below += p;
            below >= level
        };
        let place = probabilities.iter().position(reaches).unwrap_or(probabilities.len().saturating_sub(1));
        states.values.get(place).copied().unwrap_or(f64::NAN)
    });
    let named = states.names.iter().cloned().zip(probabilities.iter().copied());
    let shown = (1..=SHOWN_STATES).contains(&states.names.len());
    let prob = shown.then(|| named.collect());
    Row { name: name.to_string(), mean, sd: variance.sqrt(), q05, q50, q95, mcse, prob }
}

const LEVELS: [f64; 3] = [0.05, 0.5, 0.95];

fn quantiles(mut values: Vec<f64>, weights: Weights) -> [f64; 3] {
    match weights {
        None => {
            values.sort_by(f64::total_cmp);
            LEVELS.map(|level| between(&values, level))
        }
        Some(weights) => {
            let mut pairs: Vec<(f64, f64)> = values.into_iter().zip(weights.iter().copied()).collect();
            pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
            LEVELS.map(|level| weighted(&pairs, level))
        }
    }
}

/// Linear interpolation between order statistics (Hyndman and Fan 1996, type 7).
fn between(sorted: &[f64], level: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let at = level * last as f64;
    let low = at.floor() as usize;
    let high = (low + 1).min(last);
    sorted[low] + (at - low as f64) * (sorted[high] - sorted[low])
}

/// The value at which the running weight, counted to the middle of each draw, reaches the level.
fn weighted(sorted: &[(f64, f64)], level: f64) -> f64 {
    let mut below = 0.0;
    let mut previous: Option<(f64, f64)> = None;
    for &(value, weight) in sorted {
        let middle = below + 0.5 * weight;
        if middle >= level {
            return match previous {
                Some((at, earlier)) if middle > at => {
                    earlier + (level - at) / (middle - at) * (value - earlier)
                }
                _ => value,
            };
        }
        previous = Some((middle, value));
        below += weight;
    }
    sorted.last().map_or(f64::NAN, |&(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(values: &[f64]) -> SiteDraws {
        SiteDraws {
            site: crate::model::SiteId(0),
            names: vec!["x".into()],
            values: values.to_vec(),
            rows: None,
            states: None,
        }
    }

    #[test]
    fn equal_weights_agree_with_none() {
        let values: Vec<f64> = (0..1000).map(|k| ((k * 7919) % 1000) as f64 / 37.0).collect();
        let plain = &summarise(&site(&values), None)[0];
        let weighted = &summarise(&site(&values), Some(&vec![1e-3; 1000]))[0];
        assert!((plain.mean - weighted.mean).abs() < 1e-10);
        assert!((plain.sd - weighted.sd).abs() < 1e-10);
        assert!((plain.q05 - weighted.q05).abs() < 0.03 && (plain.q95 - weighted.q95).abs() < 0.03);
        assert!((plain.mcse - plain.sd / 1000f64.sqrt()).abs() < 1e-10);
    }

    #[test]
    fn weights_move_the_mean() {
        let row = &summarise(&site(&[1.0, 2.0, 4.0]), Some(&[0.5, 0.25, 0.25]))[0];
        assert_eq!(row.mean, 2.0);
        assert!((row.sd - 1.5f64.sqrt()).abs() < 1e-12);
    }
}
