//! Pareto-smoothed importance sampling: the tail shape k-hat of log weights, and the smoothed weights.
//!
//! Vehtari, Simpson, Gelman, Yao, Gabry (2024); generalised Pareto fit by Zhang and Stephens (2009).

/// Smoothed log weights and the shape of their tail.
#[derive(Clone, Debug)]
pub struct Smoothed {
    /// Normalised: the weights sum to one.
    pub log_weights: Vec<f64>,
    /// Estimated tail shape: moments of the weights of order below 1 / k exist.
    pub khat: f64,
    /// 1 / sum of squared weights.
    pub effective: f64,
}

/// The largest k-hat at which estimates from `draws` draws can be relied on.
pub fn threshold(draws: usize) -> f64 {
    (1.0 - 1.0 / (draws.max(2) as f64).log10()).clamp(0.0, 0.7)
}

/// Where no weight exceeds the mean so many times there is no tail to speak of: the shape of what little variation there
/// is says nothing, and is capped.
const EVEN: f64 = 2.0;
const EVEN_KHAT: f64 = 0.2;

/// Shape of the right tail of weights times squares: above 0.5 the estimated second moment has no finite variance, above
/// 1 it does not exist.
pub fn tail_of_squares(log_weights: &[f64], gaps: &[f64]) -> f64 {
    let products: Vec<f64> =
        log_weights.iter().zip(gaps).map(|(weight, gap)| weight + 2.0 * gap.abs().max(1e-150).ln()).collect();
    smooth(&products).khat
}

/// Draws of states repeat, and so do their weights: a few heights in the tail have no shape either, and where none exceeds
/// the mean so many times it is capped.
const REPEATED: f64 = 12.0;
const REPEATED_KHAT: f64 = 0.4;

/// Smooths log weights; a shape that says nothing is capped.
pub fn smooth(log_ratios: &[f64]) -> Smoothed {
    let smoothed = smooth_tail_of(log_ratios);
    let top = log_ratios.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mean = log_ratios.iter().map(|x| (x - top).exp()).sum::<f64>() / log_ratios.len() as f64;
    let cap = if mean > 1.0 / EVEN {
        EVEN_KHAT
    } else if mean > 1.0 / REPEATED && repeats(log_ratios) {
        REPEATED_KHAT
    } else {
        f64::INFINITY
    };
    Smoothed { khat: smoothed.khat.min(cap), ..smoothed }
}

/// Number of weights that make the tail.
fn tail_length(count: usize) -> usize {
    (0.2 * count as f64).min(3.0 * (count as f64).sqrt()).ceil() as usize
}

/// Whether fewer than half of the weights of the tail are distinct.
fn repeats(log_ratios: &[f64]) -> bool {
    let mut logs = log_ratios.to_vec();
    logs.sort_by(|a, b| b.total_cmp(a));
    let tail = &logs[..tail_length(logs.len())];
    let distinct = tail.windows(2).filter(|pair| pair[0] - pair[1] > 1e-9).count() + 1;
    2 * distinct < tail.len()
}

/// Smooths log weights, with the shape as it was fitted.
pub fn smooth_tail_of(log_ratios: &[f64]) -> Smoothed {
    let count = log_ratios.len();
    let top = log_ratios.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !top.is_finite() || log_ratios.iter().any(|ratio| ratio.is_nan()) {
        let level = -(count.max(1) as f64).ln();
        return Smoothed { log_weights: vec![level; count], khat: f64::INFINITY, effective: 0.0 };
    }
    let mut logs: Vec<f64> = log_ratios.iter().map(|x| x - top).collect();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|a, b| logs[*a].total_cmp(&logs[*b]));
    let tail = tail_length(count);
    let khat = if tail >= 5 && count > tail { smooth_tail(&mut logs, &order, tail) } else { f64::INFINITY };
    normalise(&mut logs);
    let effective = logs.iter().map(|x| (2.0 * x).exp()).sum::<f64>().recip();
    Smoothed { log_weights: logs, khat, effective }
}

/// Replaces the `tail` largest weights by the quantiles of a generalised Pareto fitted to them; returns its shape.
fn smooth_tail(logs: &mut [f64], order: &[usize], tail: usize) -> f64 {
    let members = &order[order.len() - tail..];
    let cutoff = logs[order[order.len() - tail - 1]].max(-700.0).exp();
    let excess: Vec<f64> = members.iter().map(|k| logs[*k].exp() - cutoff).collect();
    let largest = excess[tail - 1];
    if largest < 1e-9 {
        return 0.0;
    }
    let positive: Vec<f64> = excess.iter().map(|x| x.max(1e-12 * largest)).collect();
    let (shape, scale) = fit_pareto(&positive);
    if !shape.is_finite() {
        return f64::INFINITY;
    }
    for (rank, k) in members.iter().enumerate() {
        let probability = (rank as f64 + 0.5) / tail as f64;
        let quantile = pareto_quantile(probability, shape, scale);
        logs[*k] = (cutoff + quantile).ln().min(0.0);
    }
    shape
}

fn pareto_quantile(probability: f64, shape: f64, scale: f64) -> f64 {
    let survival = -(-probability).ln_1p();
    if shape.abs() < 1e-12 { scale * survival } else { scale * (shape * survival).exp_m1() / shape }
}

/// Shape and scale of a generalised Pareto from ascending positive values: the posterior mean over a data-driven grid
/// of Zhang and Stephens, then the shape drawn towards 0.5 as if by ten observations.
pub fn fit_pareto(ascending: &[f64]) -> (f64, f64) {
    let count = ascending.len() as f64;
    let grid = 30 + count.sqrt() as usize;
    let largest = ascending[ascending.len() - 1];
    let quartile = ascending[((count / 4.0 + 0.5) as usize).clamp(1, ascending.len()) - 1];
    let shape_at = |theta: f64| ascending.iter().map(|x| (-theta * x).ln_1p()).sum::<f64>() / count;
    let thetas: Vec<f64> = (1..=grid)
        .map(|j| 1.0 / largest + (1.0 - (grid as f64 / (j as f64 - 0.5)).sqrt()) / (3.0 * quartile))
        .collect();
    let profile: Vec<f64> = thetas
        .iter()
        .map(|theta| {
            let shape = shape_at(*theta);
            count * ((-theta / shape).ln() - shape - 1.0)
        })
        .collect();
    let weights: Vec<f64> = profile
        .iter()
        .map(|own| profile.iter().map(|other| (other - own).exp()).sum::<f64>().recip())
        .collect();
    let usable = weights.iter().map(|w| if w.is_finite() { *w } else { 0.0 });
    let total: f64 = usable.clone().sum();
    let theta: f64 = thetas.iter().zip(usable).map(|(t, w)| t * w).sum::<f64>() / total;
    let raw = shape_at(theta);
    (raw * count / (count + 10.0) + 0.5 * 10.0 / (count + 10.0), -raw / theta)
}

/// Shifts log weights so that the weights sum to one.
pub fn normalise(logs: &mut [f64]) {
    let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total = top + logs.iter().map(|x| (x - top).exp()).sum::<f64>().ln();
    for value in logs {
        *value -= total;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::draws::{Purpose, stream};
    use rand::RngExt;

    #[test]
    fn shape_of_pareto_tails() {
        for shape in [0.2, 0.5, 0.9] {
            let mut total = 0.0;
            for repeat in 0..20 {
                let mut generator = stream(repeat, Purpose::Probe, 0);
                let logs: Vec<f64> =
                    (0..4000).map(|_| -shape * (1.0 - generator.random::<f64>()).ln()).collect();
                total += smooth(&logs).khat;
            }
            let mean = total / 20.0;
            assert!((mean - shape).abs() < 0.07, "{shape} {mean}");
        }
    }

    #[test]
    fn equal_weights_stay_equal() {
        let smoothed = smooth(&vec![3.0; 1000]);
        assert_eq!(smoothed.khat, 0.0);
        assert!((smoothed.effective - 1000.0).abs() < 1e-6);
    }

    #[test]
    fn nothing_finite_is_infinite() {
        assert_eq!(smooth(&[f64::NEG_INFINITY; 50]).khat, f64::INFINITY);
    }
}
