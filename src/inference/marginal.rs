//! A one-dimensional density given by its logarithm at nodes: piecewise exponential between fine knots, with exponential
//! tails; normalised, sampled and evaluated exactly.

/// A piecewise exponential density.
#[derive(Clone, Debug)]
pub struct Marginal {
    knots: Vec<f64>,
    /// Normalised log density at the knots.
    levels: Vec<f64>,
    /// Probability below each knot.
    below: Vec<f64>,
    left_rate: f64,
    right_rate: f64,
}

const CELLS: usize = 8;

impl Marginal {
    /// From ascending nodes with log densities up to a constant: cubic between nodes. `scale` is a width by which the
    /// tails fall off by at least half a nat.
    pub fn new(nodes: &[f64], logs: &[f64], scale: f64) -> Marginal {
        let slopes = node_slopes(nodes, logs);
        let (mut knots, mut levels) = (vec![nodes[0]], vec![logs[0]]);
        for j in 0..nodes.len() - 1 {
            let width = nodes[j + 1] - nodes[j];
            for cell in 1..=CELLS {
                let t = cell as f64 / CELLS as f64;
                knots.push(nodes[j] + t * width);
                levels.push(hermite(t, width, (logs[j], logs[j + 1]), (slopes[j], slopes[j + 1])));
            }
        }
        let least = 0.5 / scale;
        let left_rate = (0.85 * slopes[0]).max(least);
        let right_rate = (-0.85 * slopes[slopes.len() - 1]).max(least);
        let mut marginal = Marginal { knots, levels, below: Vec::new(), left_rate, right_rate };
        marginal.normalise();
        marginal
    }

    fn normalise(&mut self) {
        let top = self.levels.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        self.levels.iter_mut().for_each(|level| *level -= top);
        let mut total = self.levels[0].exp() / self.left_rate;
        let mut below = vec![total];
        for j in 1..self.knots.len() {
            let width = self.knots[j] - self.knots[j - 1];
            total += self.levels[j - 1].exp() * width * exponential_mean(self.levels[j] - self.levels[j - 1]);
            below.push(total);
        }
        total += self.levels[self.levels.len() - 1].exp() / self.right_rate;
        self.below = below.into_iter().map(|mass| mass / total).collect();
        self.levels.iter_mut().for_each(|level| *level -= total.ln());
    }

    /// Log density.
    pub fn log_density(&self, x: f64) -> f64 {
        let last = self.knots.len() - 1;
        if x < self.knots[0] {
            return self.levels[0] - self.left_rate * (self.knots[0] - x);
        }
        if x >= self.knots[last] {
            return self.levels[last] - self.right_rate * (x - self.knots[last]);
        }
        let j = self.knots.partition_point(|knot| *knot <= x).saturating_sub(1).min(last - 1);
        let t = (x - self.knots[j]) / (self.knots[j + 1] - self.knots[j]);
        self.levels[j] + t * (self.levels[j + 1] - self.levels[j])
    }

    /// The value below which a share `probability` in (0, 1) lies.
    pub fn quantile(&self, probability: f64) -> f64 {
        let last = self.knots.len() - 1;
        if probability < self.below[0] {
            return self.knots[0] + (probability / self.below[0]).ln() / self.left_rate;
        }
        if probability >= self.below[last] {
            let above = (1.0 - probability) / (1.0 - self.below[last]);
            return self.knots[last] - above.ln() / self.right_rate;
        }
        // Where the density has no number, neither has the draw; its weight will be 0.
        let j = self.below.partition_point(|mass| *mass <= probability).saturating_sub(1).min(last - 1);
        let width = self.knots[j + 1] - self.knots[j];
        let rise = self.levels[j + 1] - self.levels[j];
        let share = (probability - self.below[j]) / (self.below[j + 1] - self.below[j]);
        let t = if rise.abs() < 1e-9 { share } else { (share * rise.exp_m1()).ln_1p() / rise };
        self.knots[j] + t * width
    }
}

/// (exp(x) - 1) / x.
fn exponential_mean(x: f64) -> f64 {
    if x.abs() < 1e-9 { 1.0 } else { x.exp_m1() / x }
}

/// Slopes at nodes: of the parabola through neighbours inside, of the last chord with half the bend at the ends.
fn node_slopes(nodes: &[f64], logs: &[f64]) -> Vec<f64> {
    let last = nodes.len() - 1;
    let chords: Vec<f64> = (0..last).map(|j| (logs[j + 1] - logs[j]) / (nodes[j + 1] - nodes[j])).collect();
    (0..=last)
        .map(|j| match j {
            0 if last == 1 => chords[0],
            0 => chords[0] + 0.5 * (chords[0] - chords[1]),
            j if j == last && last == 1 => chords[0],
            j if j == last => chords[last - 1] + 0.5 * (chords[last - 1] - chords[last - 2]),
            j => {
                let (left, right) = (nodes[j] - nodes[j - 1], nodes[j + 1] - nodes[j]);
                (chords[j - 1] * right + chords[j] * left) / (left + right)
            }
        })
        .collect()
}

/// Cubic Hermite interpolation at a fraction `t` of an interval.
pub fn hermite(t: f64, width: f64, values: (f64, f64), slopes: (f64, f64)) -> f64 {
    let (t2, t3) = (t * t, t * t * t);
    (2.0 * t3 - 3.0 * t2 + 1.0) * values.0
        + (t3 - 2.0 * t2 + t) * width * slopes.0
        + (3.0 * t2 - 2.0 * t3) * values.1
        + (t3 - t2) * width * slopes.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_normal_from_nine_nodes() {
        let nodes: Vec<f64> = (-4..=4).map(f64::from).collect();
        let logs: Vec<f64> = nodes.iter().map(|x| 3.0 - 0.5 * x * x).collect();
        let marginal = Marginal::new(&nodes, &logs, 1.0);
        let exact = -0.918_938_533_204_672_8;
        assert!((marginal.log_density(0.3) - (exact - 0.045)).abs() < 0.02);
        for (probability, expected) in [(0.025, -1.959_964), (0.5, 0.0), (0.9, 1.281_552)] {
            assert!((marginal.quantile(probability) - expected).abs() < 0.02);
        }
        let step = 0.01;
        let total: f64 =
            (-2000..2000).map(|k| marginal.log_density((f64::from(k) + 0.5) * step).exp() * step).sum();
        assert!((total - 1.0).abs() < 1e-3, "{total}");
    }
}
