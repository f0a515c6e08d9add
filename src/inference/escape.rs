//! What the density does far out: its profile along single coordinates, all others settled by Newton's method (Laplace's
//! approximation of the marginal). Draws near the fit say nothing of it, and an improper posterior can look Gaussian there.

use nalgebra::DVector;

use super::draws::{Purpose, stream, structured};
use super::evaluator::Evaluator;
use super::gaussian::Gaussian;
use super::settle::{Node, Slice};

/// The way a coordinate goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// To minus infinity.
    Low,
    /// To infinity.
    High,
}

impl Side {
    fn sign(self) -> f64 {
        match self {
            Side::Low => -1.0,
            Side::High => 1.0,
        }
    }
}

/// How the marginal of a coordinate falls off far out.
#[derive(Clone, Debug, PartialEq)]
pub struct Escape {
    /// The coordinate.
    pub axis: usize,
    /// Which way.
    pub side: Side,
    /// Moments of the latent's value of order below this are finite: for a coordinate that is a value itself its density
    /// falls as |x|^-(1 + index), for the logarithm of one as exp(-index |x|). None above 0 means infinite mass.
    pub index: f64,
    /// Coordinates that go along in proportion.
    pub along: Vec<usize>,
}

/// An index up to which the mass far out is infinite, or as good as.
const NO_MASS: f64 = 0.05;
/// An index below which the sample of squares has no finite variance.
const HEAVY: f64 = 4.0;
/// Distances of a value, in standard deviations.
const REACHES: [f64; 4] = [4.0, 12.0, 36.0, 108.0];
/// Distances of the logarithm of a value beyond two standard deviations, and at least beyond 1.
const LOG_REACHES: [f64; 3] = [0.0, 2.5, 5.0];
/// Bounds of centres and widths that are looked at.
const MOST: f64 = 1e6;
/// Fall, in nats, at eight standard deviations along a line, below which a tail is looked at.
const SHALLOW: f64 = 9.5;
/// Fall, in nats, of a density that is level.
const LEVEL: f64 = 0.1;
/// Share of the distance that a coordinate has to go along, in standard deviations each.
const ALONG: f64 = 0.05;

impl Escape {
    /// Whether the mass this way is infinite.
    pub fn has_no_mass(&self) -> bool {
        self.index < NO_MASS
    }

    /// Whether the mass, though not the density alone, grows this way.
    pub fn rises(&self) -> bool {
        self.index < -NO_MASS
    }

    /// Whether standard deviations cannot be estimated from draws.
    pub fn is_heavy(&self) -> bool {
        self.index < HEAVY
    }
}

/// The part of a position and of the widths around it that is looked at.
pub struct Surroundings {
    centre: DVector<f64>,
    widths: DVector<f64>,
}

impl Surroundings {
    /// Of a Gaussian.
    pub fn of(gaussian: &Gaussian) -> Surroundings {
        Surroundings {
            centre: gaussian.mean.map(|x| if x.is_nan() { 0.0 } else { x.clamp(-MOST, MOST) }),
            widths: gaussian.deviations().map(|s| if s.is_nan() { 1.0 } else { s.clamp(1.0 / MOST, MOST) }),
        }
    }

    /// How a coordinate, of a latent with so many ends, falls off one way; `None` where that cannot be computed.
    pub fn escape(
        &self,
        evaluator: &mut Evaluator,
        (axis, ends): (usize, usize),
        side: Side,
    ) -> Option<Escape> {
        let rest: Vec<usize> = (0..self.centre.len()).filter(|i| *i != axis).collect();
        let slice = Slice { moved: axis, rest, base: self.centre.clone() };
        let width = self.widths[axis];
        let reaches: Vec<f64> = match ends {
            0 => REACHES.iter().map(|reach| reach * width).collect(),
            _ => LOG_REACHES.iter().map(|reach| reach + (2.0 * width).clamp(1.0, 40.0)).collect(),
        };
        let middle = self.centre[axis];
        let mut nodes: Vec<Node> = Vec::new();
        let mut guess = slice.rest_of(&self.centre);
        for reach in &reaches {
            let Some(node) = slice.settle(evaluator, middle + side.sign() * reach, guess) else { break };
            if !node.log_marginal.is_finite() {
                break;
            }
            guess = extrapolated(nodes.last(), &node, middle, (ends, side));
            nodes.push(node);
        }
        let falls: Vec<f64> = nodes.windows(2).map(|pair| rate(pair, middle, ends)).collect();
        let [.., near, far] = nodes.as_slice() else { return None };
        let index = *falls.last()?;
        // Where the rest settles in another mode on the way, the marginal may rise for a while.
        let stays = falls.len() < 2 || falls[falls.len() - 2] < NO_MASS;
        let is_flat = index < NO_MASS && stays && self.goes_on(evaluator, &slice, (near, far), ends);
        // Between two ends the density has corners there, which look wide to Laplace's approximation.
        let is_flat = is_flat && (ends < 2 || density_rate(near, far) < NO_MASS);
        // Nearer by, a light tail looks like a heavy one.
        if !is_flat && (index < NO_MASS || falls.len() < 2) {
            return None;
        }
        let moved = (far.at - near.at).abs() / width;
        let along = slice
            .rest
            .iter()
            .enumerate()
            .filter(|(k, i)| ((far.mean[*k] - near.mean[*k]) / self.widths[**i]).abs() > ALONG * moved);
        let along = along.map(|(_, i)| *i).collect();
        Some(Escape { axis, side, index, along })
    }

    /// Whether a value's flat density stays flat a hundred times further out; with the rest settled, or else along a line.
    fn goes_on(
        &self,
        evaluator: &mut Evaluator,
        slice: &Slice,
        (near, far): (&Node, &Node),
        ends: usize,
    ) -> bool {
        if ends > 0 {
            return true;
        }
        let slope = (&far.mean - &near.mean) / (far.at - near.at);
        [10.0, 100.0].into_iter().all(|factor| {
            let place = far.at + (factor - 1.0) * (far.at - self.centre[slice.moved]);
            let rest = &far.mean + &slope * (place - far.at);
            match slice.settle(evaluator, place, rest.clone()) {
                Some(node) => rate(&[far.clone(), node], self.centre[slice.moved], ends) < NO_MASS,
                None => {
                    let line = [(far.at, &far.mean), (place, &rest)];
                    let positions: Vec<f64> = line
                        .iter()
                        .flat_map(|(at, rest)| slice.joined(*at, rest).as_slice().to_vec())
                        .collect();
                    let values = evaluator.value(&positions);
                    values[1] >= values[0] - LEVEL
                }
            }
        })
    }
}

/// How the marginal falls between two nodes, as an index.
fn rate(pair: &[Node], middle: f64, ends: usize) -> f64 {
    let (near, far) = (&pair[0], &pair[1]);
    let fall = near.log_marginal - far.log_marginal;
    match ends {
        0 => fall / ((far.at - middle) / (near.at - middle)).ln() - 1.0,
        _ => fall / (far.at - near.at).abs(),
    }
}

/// How the density with the rest settled, without its volume, falls along a logarithm.
fn density_rate(near: &Node, far: &Node) -> f64 {
    let density = |node: &Node| node.log_marginal + 0.5 * node.log_diagonal.sum();
    (density(near) - density(far)) / (far.at - near.at).abs()
}

/// Where the rest of the next node is expected: on along a line for values, where it is for logarithms.
fn extrapolated(before: Option<&Node>, node: &Node, middle: f64, (ends, _): (usize, Side)) -> DVector<f64> {
    match before.filter(|_| ends == 0) {
        // The next distance is thrice this one, which was thrice the one before.
        Some(before) => {
            let slope = (&node.mean - &before.mean) / (node.at - before.at);
            &node.mean + slope * (2.0 * (node.at - middle))
        }
        None => node.mean.clone(),
    }
}

/// Coordinates whose density falls too little along the line that the Gaussian's correlations show, least first.
pub fn shallow(evaluator: &mut Evaluator, gaussian: &Gaussian, axes: &[usize]) -> Vec<(usize, Side)> {
    let mut positions: Vec<f64> = gaussian.mean.iter().copied().collect();
    for axis in axes {
        let row = gaussian.factor().row(*axis).transpose();
        let step = gaussian.factor() * &row * (8.0 / row.norm().max(1e-300));
        positions.extend((&gaussian.mean - &step).iter());
        positions.extend((&gaussian.mean + &step).iter());
    }
    let values = evaluator.value(&positions);
    let mut found: Vec<(f64, usize, Side)> = axes
        .iter()
        .zip(values[1..].chunks(2))
        .flat_map(|(axis, ends)| {
            [(values[0] - ends[0], *axis, Side::Low), (values[0] - ends[1], *axis, Side::High)]
        })
        .filter(|(fall, _, _)| *fall < SHALLOW)
        .collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found.into_iter().map(|(_, axis, side)| (axis, side)).collect()
}

/// How many positions far out are looked at for other modes.
const WIDE: usize = 96;
/// How many of them, those whose density is furthest above the Gaussian's, a line to the centre is drawn from.
const LINES: usize = 8;
/// Points of such a line between its ends.
const BETWEEN: usize = 12;
/// Nats above the Gaussian's density from which on a position is worth a line.
const EXCESS: f64 = 4.0;
/// Depth of a dip, in nats, that is worth a path.
const DIP: f64 = 2.0;

/// Positions far from a Gaussian between which and its centre the density dips: other modes may be near them. Where the
/// density is log-concave there are none. The most probable first.
pub fn beyond_dips(evaluator: &mut Evaluator, gaussian: &Gaussian, seed: u64) -> Vec<DVector<f64>> {
    let dimension = gaussian.dimension();
    let mut normals = structured(WIDE / 2, dimension, &mut stream(seed, Purpose::Probe, 7));
    for (k, row) in normals.chunks_mut(dimension).enumerate() {
        // Distances of 3 to 24 standard deviations, whatever the direction.
        let norm = row.iter().map(|x| x * x).sum::<f64>().sqrt();
        let reach = 3.0 * 8f64.powf((k / 2) as f64 / (WIDE / 2) as f64) * (dimension as f64).sqrt();
        row.iter_mut().for_each(|x| *x *= reach / norm.max(1e-300));
    }
    let positions = gaussian.positions(&normals);
    let mut values = evaluator.value(&[gaussian.mean.as_slice(), &positions].concat());
    let top = values.remove(0);
    let distances = gaussian.squared_distances(&positions);
    let mut far: Vec<(f64, usize)> = values
        .iter()
        .zip(&distances)
        .enumerate()
        .map(|(k, (value, distance))| (value - top + 0.5 * distance, k))
        .filter(|(excess, _)| excess.is_finite() && *excess > EXCESS)
        .collect();
    far.sort_by(|a, b| b.0.total_cmp(&a.0));
    far.truncate(LINES);
    let mut found: Vec<(f64, DVector<f64>)> = far
        .into_iter()
        .filter_map(|(_, k)| {
            let end = DVector::from_column_slice(&positions[k * dimension..(k + 1) * dimension]);
            before_dip(evaluator, &gaussian.mean, end)
        })
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.into_iter().map(|(_, position)| position).collect()
}

/// Where the density is greatest on a line to a centre before it dips, with it.
fn before_dip(
    evaluator: &mut Evaluator,
    centre: &DVector<f64>,
    end: DVector<f64>,
) -> Option<(f64, DVector<f64>)> {
    let line: Vec<DVector<f64>> =
        (0..=BETWEEN).map(|k| &end + (centre - &end) * (k as f64 / (BETWEEN + 1) as f64)).collect();
    let positions: Vec<f64> = line.iter().flat_map(|position| position.iter().copied()).collect();
    let values = evaluator.value(&positions);
    let mut best = 0;
    for k in 1..values.len() {
        if values[k] < values[best] - DIP {
            return Some((values[best], line[best].clone()));
        }
        if values[k] > values[best] {
            best = k;
        }
    }
    None
}
