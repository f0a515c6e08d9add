//! What is looked at after a fit for its verdict alone: tails far out, the latents that a bad fit is due to, what
//! independence hides.

use nalgebra::{DMatrix, DVector};

use super::draws::{Purpose, stream};
use super::escape::{self, Escape, Side, Surroundings};
use super::evaluator::Evaluator;
use super::gaussian::{Gaussian, Root};
use super::importance::{Mixture, Weighted};
use super::ladder::Climb;
use super::moments::moments;
use super::natural::Status;
use super::psis;
use super::target::Block;

/// Up to this many coordinates all others are settled while one goes far out.
const SETTLED_LIMIT: usize = 128;
/// Share of the evaluations so far that may be spent on tails, and a least number; both where something is wrong.
const ALLOWANCE: (f64, u64) = (0.15, 500);
const SUSPICIOUS_ALLOWANCE: (f64, u64) = (0.5, 4000);
/// The most coordinates of each kind that are looked at.
const MOST: usize = 6;
/// Kurtosis from which on a coordinate's tails are looked at; a normal has 3, a Laplace 6.
const OUTLYING: f64 = 7.0;
/// Kurtosis at which a few draws make up the variance, and shape of the tail of squares at which they do.
const EXTREME: (f64, f64) = (12.0, 0.65);
/// A k-hat from which on a fit is suspicious.
const SUSPICIOUS: f64 = 0.6;
/// A standard deviation from which on a fit is suspicious.
const WIDE: f64 = 1e4;
/// Pairs for the k-hat of one latent, and the most latents.
const BLOCK_PAIRS: usize = 100;
const MOST_BLOCKS: usize = 16;
/// Linear response over the guide's standard deviation from which on independence hides something.
const HIDDEN: f64 = 2.0;

/// What was seen.
#[derive(Debug, Default)]
pub struct Symptoms {
    /// How the density falls off far out.
    pub escapes: Vec<Escape>,
    /// Coordinates with heavy-tailed draws of which nothing is known far out.
    pub outlying: Vec<usize>,
    /// Latents with a bad k-hat given all others, the worst first.
    pub misfits: Vec<(String, f64)>,
    /// Coordinates whose linear response is far from the guide.
    pub hidden: Vec<usize>,
}

/// Looks at a climb and its result.
pub fn diagnose(
    evaluator: &mut Evaluator,
    climb: &Climb,
    (draws, log_weights): (&[f64], Option<&[f64]>),
    seed: u64,
) -> Symptoms {
    let blocks = evaluator.blocks();
    let ends: Vec<usize> =
        blocks.iter().flat_map(|block| vec![block.ends; block.end - block.start]).collect();
    let outliers = log_weights.map_or_else(Vec::new, |weights| outliers(&ends, draws, weights));
    let hidden = (0..ends.len())
        .filter(|i| climb.gaussian.deviations()[*i] > HIDDEN * climb.guide_deviation[*i])
        .collect();
    let mut symptoms = Symptoms { hidden, ..Symptoms::default() };
    if evaluator.halt().is_some() {
        return symptoms;
    }
    evaluator.enter("looking at the tails");
    if ends.len() <= SETTLED_LIMIT {
        symptoms.escapes = escapes(evaluator, climb, &ends, &outliers);
    }
    let known = |axis: usize| symptoms.escapes.iter().any(|escape| escape.axis == axis);
    symptoms.outlying = outliers
        .iter()
        .filter(|outlier| !known(outlier.axis) && outlier.is_extreme())
        .map(|outlier| outlier.axis)
        .collect();
    if climb.weighted.smoothed.khat > SUSPICIOUS {
        symptoms.misfits = misfits(evaluator, &climb.gaussian, &blocks, seed);
    }
    symptoms
}

/// A coordinate with draws far out.
struct Outlier {
    axis: usize,
    kurtosis: f64,
    shape: f64,
}

impl Outlier {
    fn of(axis: usize, values: &[f64], log_weights: &[f64]) -> Self {
        let found = moments(values, log_weights, 1);
        let gaps: Vec<f64> = values.iter().map(|x| (x - found.mean[0]) / found.deviation[0]).collect();
        let kurtosis: f64 = gaps.iter().zip(log_weights).map(|(gap, w)| w.exp() * gap.powi(4)).sum();
        Self { axis, kurtosis, shape: psis::tail_of_squares(log_weights, &gaps) }
    }

    fn is_extreme(&self) -> bool {
        self.kurtosis > EXTREME.0 && self.shape > EXTREME.1
    }
}

/// Whether few of the weighted values make up their standard deviation.
pub fn is_outlying(values: &[f64], log_weights: &[f64]) -> bool {
    Outlier::of(0, values, log_weights).is_extreme()
}

/// Coordinates whose latent's squared deviations have outliers under the weights, the worst first. Values of a half-line
/// are exponentials; those of an interval have no tails.
fn outliers(ends: &[usize], draws: &[f64], weights: &[f64]) -> Vec<Outlier> {
    let dimension = ends.len();
    let of = |axis: usize| {
        let value = |row: &[f64]| if ends[axis] == 1 { row[axis].min(300.0).exp() } else { row[axis] };
        let values: Vec<f64> = draws.chunks(dimension).map(value).collect();
        Outlier::of(axis, &values, weights)
    };
    let mut found: Vec<Outlier> = (0..dimension)
        .filter(|axis| ends[*axis] < 2)
        .map(of)
        .filter(|outlier| outlier.kurtosis > OUTLYING)
        .collect();
    found.sort_by(|a, b| b.kurtosis.total_cmp(&a.kurtosis));
    found
}

/// Tails of scales, of coordinates that seem to fall off too little, and of those with outliers.
fn escapes(evaluator: &mut Evaluator, climb: &Climb, ends: &[usize], outliers: &[Outlier]) -> Vec<Escape> {
    let gaussian = &climb.gaussian;
    let deviations = gaussian.deviations();
    let is_suspicious = climb.status == Status::Unconverged
        || climb.weighted.smoothed.khat.is_nan()
        || climb.weighted.smoothed.khat >= SUSPICIOUS
        || deviations.iter().any(|s| s.is_nan() || *s >= WIDE);
    let (share, least) = if is_suspicious { SUSPICIOUS_ALLOWANCE } else { ALLOWANCE };
    let before = evaluator.spent();
    let most = before + least.max((share * before as f64) as u64);
    let values: Vec<usize> = (0..ends.len()).filter(|axis| ends[*axis] == 0).collect();
    let mut sides = escape::shallow(evaluator, gaussian, &values);
    sides.truncate(MOST);
    let both = |axis: usize| [(axis, Side::Low), (axis, Side::High)];
    sides.extend(outliers.iter().take(MOST).flat_map(|outlier| both(outlier.axis)));
    if is_suspicious {
        let mut widest = values.clone();
        widest.sort_by(|a, b| deviations[*b].total_cmp(&deviations[*a]));
        sides.extend(widest.into_iter().take(MOST).flat_map(both));
    }
    let bounded = (0..ends.len()).filter(|axis| ends[*axis] > 0);
    let mut all: Vec<(usize, Side)> = bounded.take(2 * MOST).flat_map(both).collect();
    all.extend(sides);
    let surroundings = Surroundings::of(gaussian);
    let mut found: Vec<Escape> = Vec::new();
    let mut next = 0;
    while next < all.len() && evaluator.spent() < most && evaluator.may_continue() {
        let (axis, side) = all[next];
        next += 1;
        if found.iter().any(|escape| escape.axis == axis && escape.side == side) {
            continue;
        }
        if let Some(escape) = surroundings.escape(evaluator, (axis, ends[axis]), side) {
            if escape.has_no_mass() && ends[axis] == 0 {
                all.insert(next, (axis, if side == Side::Low { Side::High } else { Side::Low }));
            }
            found.push(escape);
        }
    }
    found
}

/// Latents whose k-hat, all others staying at the mean, is bad; the worst first.
fn misfits(
    evaluator: &mut Evaluator,
    gaussian: &Gaussian,
    blocks: &[Block],
    seed: u64,
) -> Vec<(String, f64)> {
    let Root::Whole { inverse, .. } = &gaussian.root else { return Vec::new() };
    let limit = psis::threshold(2 * BLOCK_PAIRS);
    let mut found = Vec::new();
    for (k, block) in blocks.iter().enumerate().filter(|(_, block)| block.end > block.start).take(MOST_BLOCKS)
    {
        if !evaluator.may_continue() {
            break;
        }
        let axes: Vec<usize> = (block.start..block.end).collect();
        // The precision of these coordinates given all others.
        let columns = inverse.select_columns(&axes);
        let precision: DMatrix<f64> = columns.tr_mul(&columns);
        let mean = DVector::from_iterator(axes.len(), axes.iter().map(|i| gaussian.mean[*i]));
        let proposal = Mixture::guarded("", &Gaussian::from_precision(mean, &precision).0);
        let mut generator = stream(seed, Purpose::Probe, 100 + k as u64);
        let draws = super::importance::Proposal::draw(&proposal, BLOCK_PAIRS, &mut generator);
        let mut positions = Vec::with_capacity(draws.len() / axes.len() * gaussian.dimension());
        for row in draws.chunks(axes.len()) {
            let mut position = gaussian.mean.clone();
            axes.iter().zip(row).for_each(|(i, x)| position[*i] = *x);
            positions.extend(position.iter());
        }
        let values = evaluator.value(&positions);
        let khat = Weighted::of(draws, values, &proposal).smoothed.khat;
        if khat > limit {
            found.push((block.name.clone(), khat));
        }
    }
    found.sort_by(|a, b| b.1.total_cmp(&a.1));
    found
}
