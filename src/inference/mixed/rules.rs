//! The rules by which the expected log density given each value of a cell is estimated.
//!
//! For a cell with probabilities p_w = softmax(l), the bound's natural gradient by l_w is E[f | w] - l_w, up to a
//! constant over w. Each rule yields an unbiased estimate of that constant-free E[f | w]: `Local` computes it by trying
//! all w at each draw of the rest (Titsias and Lazaro-Gredilla 2015), the score rules divide the gradient by p_w.

use super::cells::probabilities;

/// E[f | w] - E[f | reference], by `changes` `[S][W]` of one cell: its mean over draws, each centred by the guide.
///
/// A draw's changes are relative to the draw's own value, and this choice must cancel: the mean under the guide is
/// subtracted.
pub fn local(changes: &[f64], guide: &[f64]) -> Vec<f64> {
    let width = guide.len();
    let draws = (changes.len() / width) as f64;
    let mut mean = vec![0.0; width];
    for row in changes.chunks_exact(width) {
        let row: Vec<f64> =
            row.iter().map(|x| if x.is_nan() { LEAST } else { x.clamp(LEAST, -LEAST) }).collect();
        let centre: f64 = row.iter().zip(guide).map(|(x, p)| x * p).sum();
        mean.iter_mut().zip(&row).for_each(|(sum, x)| *sum += (x - centre) / draws);
    }
    mean
}

/// What is impossible, for the purposes of a mean.
const LEAST: f64 = -1e4;

/// Gradient of E\[f\] by the log weights of one cell from draws: `places` are the values drawn, `f` the terms that depend
/// on the cell. Each draw is compared with the mean of the others, which depends on them alone (Kool, van Hoof and
/// Welling 2019): sum of (f_s - mean of f) grad log q(z_s), over S - 1.
pub fn leave_one_out(places: &[usize], f: &[f64], guide: &[f64]) -> Vec<f64> {
    let count = f.len() as f64;
    let mean = f.iter().sum::<f64>() / count;
    let mut gradient = vec![0.0; guide.len()];
    for (&place, f) in places.iter().zip(f) {
        let weight = (f - mean) / (count - 1.0);
        gradient.iter_mut().zip(guide).for_each(|(g, p)| *g -= weight * p);
        gradient[place] += weight;
    }
    gradient
}

/// Derivative of E\[f\] by the logit of one cell of two values, from pairs drawn with u and 1 - u:
/// (f(b) - f(b')) (-1)^b' [b != b'] sigmoid(|logit|) / 2 (Dong, Mnih and Tucker 2020).
pub fn paired(places: &[usize], f: &[f64], logit: f64) -> f64 {
    let weight = 1.0 / (1.0 + (-logit.abs()).exp());
    let pairs = places.chunks_exact(2).zip(f.chunks_exact(2));
    let each = pairs.map(|(b, f)| match (b[0], b[1]) {
        (1, 0) => 0.5 * (f[0] - f[1]) * weight,
        (0, 1) => -0.5 * (f[0] - f[1]) * weight,
        _ => 0.0,
    });
    each.sum::<f64>() / (places.len() / 2) as f64
}

/// d/d rate E\[f\] for a Poisson count: E\[f(z + 1) - f(z)\], from the differences at draws (measure-valued; Pflug 1989).
pub fn measure_valued(differences: &[f64]) -> f64 {
    differences.iter().sum::<f64>() / differences.len() as f64
}

/// Gradient of E\[f\] by mean and log standard deviation of a normal, from standard-normal draws: the score function with
/// each draw against the others.
pub fn normal_score(normals: &[f64], f: &[f64], deviation: f64) -> [f64; 2] {
    let count = f.len() as f64;
    let mean = f.iter().sum::<f64>() / count;
    let mut gradient = [0.0; 2];
    for (e, f) in normals.iter().zip(f) {
        let weight = (f - mean) / (count - 1.0);
        gradient[0] += weight * e / deviation;
        gradient[1] += weight * (e * e - 1.0);
    }
    gradient
}

/// The same by the pathwise gradient: `slopes` are f' at the draws. Wrong where f jumps.
pub fn normal_pathwise(normals: &[f64], slopes: &[f64], deviation: f64) -> [f64; 2] {
    let count = slopes.len() as f64;
    let mean = slopes.iter().sum::<f64>() / count;
    let spread = slopes.iter().zip(normals).map(|(g, e)| g * e * deviation).sum::<f64>() / count;
    [mean, spread]
}

/// How far a score rule may move a log weight at once.
const LONGEST: f64 = 2.0;
/// A probability below this does not lengthen a step further.
const RAREST: f64 = 0.02;

/// E[f | w] from a gradient by log weights, added to what the weights are: where f is the density less the guide's own
/// log weight, the guide does not move at its optimum.
pub fn from_gradient(gradient: &[f64], logits: &[f64]) -> Vec<f64> {
    let guide = probabilities(logits);
    let moved = gradient.iter().zip(&guide).zip(logits);
    moved.map(|((g, p), x)| x + (g / p.max(RAREST)).clamp(-LONGEST, LONGEST)).collect()
}

/// The same for the bins of a real cell, whose log weights are kept a parabola: the score function's natural gradient
/// within that family is the regression of f on place and its square, each centred by the other draws. `f` is the density
/// less the guide's own; the regression says by what the guide's parabola has to change.
pub fn quadratic(places: &[usize], f: &[f64], logits: &[f64]) -> Vec<f64> {
    let count = f.len() as f64;
    let at = |k: usize| places[k] as f64;
    let mean = |g: &dyn Fn(usize) -> f64| (0..f.len()).map(g).sum::<f64>() / count;
    let centre = mean(&at);
    let squared = |k: usize| (at(k) - centre).powi(2);
    let (spread, level) = (mean(&squared), mean(&|k| f[k]));
    let deviation = spread.sqrt().max(0.5);
    // Hermite polynomials of the place, orthogonal under a normal guide.
    let hermite = |k: usize| [(at(k) - centre) / deviation, squared(k) / (deviation * deviation) - 1.0];
    let slope = mean(&|k| (f[k] - level) * hermite(k)[0]);
    let bend = 0.5 * mean(&|k| (f[k] - level) * hermite(k)[1]);
    let (slope, bend) = (slope.clamp(-LONGEST, LONGEST), bend.clamp(-1.0, 0.4));
    let own = parabola(logits);
    let each = (0..logits.len()).map(|k| {
        let e = (k as f64 - centre) / deviation;
        own[0] + own[1] * k as f64 + own[2] * (k * k) as f64 + slope * e + bend * e * e
    });
    each.collect()
}

/// The parabola through log weights, weighted by what they weigh.
fn parabola(logits: &[f64]) -> [f64; 3] {
    let p = probabilities(logits);
    let mean: f64 = p.iter().enumerate().map(|(k, p)| p * k as f64).sum();
    let variance: f64 =
        p.iter().enumerate().map(|(k, p)| p * (k as f64 - mean).powi(2)).sum::<f64>().max(0.25);
    let curve = -0.5 / variance;
    [curve * mean * mean, -2.0 * curve * mean, curve]
}
