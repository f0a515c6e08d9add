//! A guide whose families match the latents' domains, as a rung of the ladder: its bound over fixed structured uniforms is
//! maximised through the implicit derivatives of its draws, and it is kept where its weights are better.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use crate::numeric::random::Generator;
use nalgebra::DVector;
use rand::RngExt;

use super::candidate::Candidate;
use super::draws::{Purpose, stream, structured};
use super::elbo::{Estimate, of_pairs};
use super::evaluator::Evaluator;
use super::fit::FamilyChoice;
use super::gaussian::Gaussian;
use super::guide::Guide;
use super::importance::{Component, Proposal, Tail, Weighted, log_add};
use super::ladder::Ladder;
use super::lbfgs::{Outcome, Search};
use crate::numeric::special::normal_cdf;

/// What independence may cost, in nats, for weights to be good: what was kept of the models at hand cost up to 0.3, and what
/// cost 2 or more was never kept.
const AFFORDABLE: f64 = 1.0;
/// Beyond so many coordinates its roots cost too much to be tried unasked.
const MOST: usize = 96;
/// Pairs of fixed draws.
const PAIRS: usize = 64;
const STEPS: usize = 100;
/// Gain of a step, in nats, below which it is the last.
const LEAST_GAIN: f64 = 1e-4;
/// Share of the Student t that guards the tails.
const GUARD: f64 = 0.1;
/// Number of the first stream of draws.
const APART: u64 = 1 << 20;
/// How far out, in logits, the two ends of a circle are compared.
const END: f64 = 30.0;

/// A fitted guide with a wide Student t beside it.
struct Matched {
    guide: RefCell<Box<dyn Guide>>,
    parameters: Vec<f64>,
    guard: Component,
}

impl Proposal for Matched {
    fn name(&self) -> String {
        self.guide.borrow().name()
    }

    fn draw(&self, pairs: usize, generator: &mut Generator) -> Vec<f64> {
        let guarded = guarded(pairs);
        let mut guide = self.guide.borrow_mut();
        let uniforms = uniforms(pairs - guarded, guide.uniforms(), generator);
        let mut rows = guide.draw(&self.parameters, &uniforms).0;
        if guarded > 0 {
            rows.extend(self.guard.draw(guarded, generator));
        }
        rows
    }

    fn log_density(&self, positions: &[f64]) -> Vec<f64> {
        let own = self.guide.borrow_mut().log_density(&self.parameters, positions);
        let guard = self.guard.log_density(positions);
        let both = own.iter().zip(guard);
        both.map(|(own, guard)| log_add(own + (1.0 - GUARD).ln(), guard + GUARD.ln())).collect()
    }

    /// That of the guide alone, by the draws that came from it.
    fn bound(&self, weighted: &Weighted) -> Estimate {
        let rows = 2 * (weighted.count() / 2 - guarded(weighted.count() / 2));
        let width = weighted.draws.len() / weighted.count();
        let positions = &weighted.draws[..rows * width];
        let own = self.guide.borrow_mut().log_density(&self.parameters, positions);
        let ratios: Vec<f64> = weighted.log_densities.iter().zip(own).map(|(p, q)| p - q).collect();
        of_pairs(&ratios)
    }
}

/// How many of so many pairs the guard draws.
fn guarded(pairs: usize) -> usize {
    (GUARD * pairs as f64).round() as usize
}

/// `2 * pairs` rows of numbers in (0, 1), u and 1 - u after each other.
fn uniforms(pairs: usize, width: usize, generator: &mut Generator) -> Vec<f64> {
    const LEAST: f64 = f64::EPSILON / 2.0;
    let normals = structured(pairs, width, generator);
    normals.into_iter().map(|z| normal_cdf(z).clamp(LEAST, 1.0 - LEAST)).collect()
}

/// `2 * pairs` rows, u and 1 - u after each other, each column of which has the middle of every stratum once (a Latin
/// hypercube): the scores of independent latents, functions of a single column, are then next to free of noise.
fn strata(pairs: usize, width: usize, generator: &mut Generator) -> Vec<f64> {
    let mut rows = vec![0.0; 2 * pairs * width];
    for column in 0..width {
        let mut order: Vec<usize> = (0..pairs).collect();
        for k in (1..pairs).rev() {
            order.swap(k, (generator.random::<f64>() * (k + 1) as f64) as usize);
        }
        for (pair, stratum) in order.into_iter().enumerate() {
            let low = (stratum as f64 + 0.5) / (2 * pairs) as f64;
            let first = if generator.random::<bool>() { low } else { 1.0 - low };
            rows[2 * pair * width + column] = first;
            rows[(2 * pair + 1) * width + column] = 1.0 - first;
        }
    }
    rows
}

/// Minus the bound over fixed uniforms, with its gradient.
fn negative_bound(
    evaluator: &mut Evaluator,
    guide: &mut dyn Guide,
    uniforms: &[f64],
    parameters: &DVector<f64>,
) -> (f64, DVector<f64>) {
    let (positions, densities) = guide.draw(parameters.as_slice(), uniforms);
    let batch = evaluator.evaluate(&positions);
    let count = densities.len() as f64;
    let value = batch.values.iter().zip(&densities).map(|(p, q)| p - q).sum::<f64>() / count;
    let mut slope = DVector::zeros(parameters.len());
    if !value.is_finite() {
        return (f64::INFINITY, slope);
    }
    let rows = guide.slopes(parameters.as_slice(), uniforms, &batch.gradients);
    for row in rows.chunks(parameters.len()) {
        slope.iter_mut().zip(row).for_each(|(sum, x)| *sum -= x / count);
    }
    if slope.iter().all(|x| x.is_finite()) { (-value, slope) } else { (f64::INFINITY, slope.map(|_| 0.0)) }
}

/// The parameters of greatest bound; none if none has a finite one.
fn maximise(
    evaluator: &mut Evaluator,
    guide: &mut dyn Guide,
    uniforms: &[f64],
    start: Vec<f64>,
) -> Option<Vec<f64>> {
    let mut search = Search::new(DVector::from_vec(start), 12);
    let mut idle = 0;
    for _ in 0..STEPS {
        let before = search.value();
        let outcome = search.step(&mut |at| negative_bound(evaluator, guide, uniforms, at));
        let gain = before.zip(search.value()).map_or(f64::INFINITY, |(before, after)| before - after);
        // A step that gains nothing may have forgotten the curvature only.
        idle = if (0.0..LEAST_GAIN).contains(&gain) { idle + 1 } else { 0 };
        if outcome != Outcome::Moved || idle > 1 || !evaluator.may_continue() {
            break;
        }
    }
    let bound = -search.value()?;
    evaluator.note(bound);
    bound.is_finite().then(|| search.position().as_slice().to_vec())
}

/// What independence costs a Gaussian's bound, in nats: the divergence from it of the closest product of distributions of
/// these groups of coordinates, `(sum ln det P_gg - ln det P) / 2` of its precision P.
fn price_of_independence(gaussian: &Gaussian, groups: &[Range<usize>]) -> f64 {
    let root = gaussian.inverse();
    let of_group = |group: &Range<usize>| {
        let columns = root.columns(group.start, group.len());
        let triangle = (columns.transpose() * columns).cholesky();
        triangle.map_or(0.0, |triangle| triangle.l_dirty().diagonal().iter().map(|x| x.ln()).sum::<f64>())
    };
    groups.iter().map(of_group).sum::<f64>() + gaussian.log_determinant
}

/// Skewness of the coordinates of weighted draws.
fn skewness(weighted: &Weighted) -> Vec<f64> {
    let found = weighted.moments();
    let dimension = found.mean.len();
    let mut sums = vec![0.0; dimension];
    for (row, log) in weighted.draws.chunks(dimension).zip(&weighted.smoothed.log_weights) {
        for (i, sum) in sums.iter_mut().enumerate() {
            *sum += log.exp() * ((row[i] - found.mean[i]) / found.deviation[i]).powi(3);
        }
    }
    sums.iter().map(|sum| if sum.is_finite() { *sum } else { 0.0 }).collect()
}

impl Ladder<'_, '_> {
    /// The better one of a candidate and the matched guide, which is tried where the candidate is not good, or asked for.
    pub(super) fn with_matched(&mut self, gaussian: &Gaussian, best: Candidate) -> Candidate {
        let is_asked = self.options.family == Some(FamilyChoice::Matched);
        let is_wanted = self.options.family.is_none() && !best.is_good() && gaussian.dimension() <= MOST;
        if !(is_asked || is_wanted) || !self.evaluator.may_continue() {
            return best;
        }
        let is_hopeful = |guide: &dyn Guide| {
            !guide.is_gaussian() && price_of_independence(gaussian, &guide.groups()) < AFFORDABLE
        };
        let found = self.evaluator.guide().filter(|guide| is_asked || is_hopeful(guide.as_ref()));
        let Some(matched) = found.and_then(|guide| self.matched(gaussian, &best, guide)) else { return best };
        // A stream apart, so that the other rungs have the draws that they would have had.
        let before = self.proposals;
        self.proposals += APART;
        let candidate = self.weigh(Rc::new(matched));
        self.proposals = before;
        if is_asked || candidate.badness() < best.badness() { candidate } else { best }
    }

    fn matched(
        &mut self,
        gaussian: &Gaussian,
        best: &Candidate,
        mut guide: Box<dyn Guide>,
    ) -> Option<Matched> {
        self.evaluator.enter("fitting matched families");
        if !self.closes(gaussian, &guide.seams()) {
            return None;
        }
        let mut generator = stream(self.options.seed, Purpose::Objective, 1);
        let uniforms = strata(PAIRS * self.options.effort, guide.uniforms(), &mut generator);
        let deviations = gaussian.deviations();
        let start = guide.start(gaussian.mean.as_slice(), deviations.as_slice(), &skewness(&best.weighted));
        let parameters = maximise(self.evaluator, guide.as_mut(), &uniforms, start)?;
        let wide = gaussian.widened(1.5);
        let guard = Component { weight: GUARD, gaussian: wide, tail: Tail::Student(4.0) };
        Some(Matched { guide: RefCell::new(guide), parameters, guard })
    }

    /// Whether the density is the same at both ends of each circle, at the Gaussian's mean of all else.
    fn closes(&mut self, gaussian: &Gaussian, seams: &[usize]) -> bool {
        seams.iter().all(|&seam| {
            let rows: Vec<f64> = [-END, END]
                .into_iter()
                .flat_map(|end| {
                    let mut row = gaussian.mean.clone();
                    row[seam] = end;
                    row.as_slice().to_vec()
                })
                .collect();
            let values = self.evaluator.value(&rows);
            (values[0] - values[1]).abs() <= 1e-6 * (1.0 + values[0].abs())
        })
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;

    use super::*;

    #[test]
    fn each_column_has_each_stratum_once_and_neighbours_mirror() {
        let (pairs, width) = (16, 3);
        let rows = strata(pairs, width, &mut stream(3, Purpose::Objective, 1));
        for column in 0..width {
            let mut all: Vec<f64> = rows.iter().skip(column).step_by(width).copied().collect();
            assert!(all.chunks(2).all(|pair| (pair[0] + pair[1] - 1.0).abs() < 1e-15));
            all.sort_by(f64::total_cmp);
            let middle = |k: usize| (k as f64 + 0.5) / (2 * pairs) as f64;
            assert!(all.iter().enumerate().all(|(k, u)| (u - middle(k)).abs() < 1e-15));
        }
    }

    #[test]
    fn independence_costs_a_gaussian_the_divergence_of_its_nearest_product() {
        let correlated =
            |r: f64| DMatrix::from_row_slice(3, 3, &[4.0, 2.0 * r, 0.0, 2.0 * r, 1.0, 0.0, 0.0, 0.0, 9.0]);
        let price = |covariance: &DMatrix<f64>, groups: &[Range<usize>]| {
            price_of_independence(&Gaussian::from_covariance(DVector::zeros(3), covariance), groups)
        };
        let each = [0..1, 1..2, 2..3];
        for r in [0.0_f64, 0.5, -0.9] {
            // Of a normal given the other, N(0, v (1 - r^2)), against its marginal: -ln(1 - r^2) / 2.
            let expected = -0.5 * (1.0 - r * r).ln();
            assert!((price(&correlated(r), &each) - expected).abs() < 1e-10, "{r}");
            assert!(price(&correlated(r), &[0..2, 2..3]).abs() < 1e-10, "{r}");
        }
        // Three that share one part: the precision 2.5 I - 0.5 has the diagonal 2 and the determinant 6.25.
        let shared =
            (DMatrix::identity(3, 3) * 2.5 - DMatrix::from_element(3, 3, 0.5)).try_inverse().unwrap();
        let expected = 0.5 * (3.0 * 2.0_f64.ln() - 6.25_f64.ln());
        assert!((price(&shared, &each) - expected).abs() < 1e-10);
    }
}
