//! Paths from a random start towards a mode, stopping at the Gaussian with the best evidence lower bound along the way
//! (after Pathfinder: Zhang, Carpenter, Gelman, Vehtari 2022), never at the bare mode: the density of a hierarchical
//! model often grows without limit where a scale vanishes, the bound does not.

use nalgebra::DVector;
use rand::RngExt;

use super::draws::{Purpose, stream, structured};
use super::elbo;
use super::evaluator::Evaluator;
use super::gaussian::{Definiteness, Gaussian, are_near};
use super::lbfgs;
use super::newton::{Move, Point, Quadratic, advance, glide};

/// Up to this many coordinates a path takes Newton steps with the whole Hessian.
pub const NEWTON_LIMIT: usize = 256;
const STEPS: usize = 100;
/// Newton decrement, squared, at which a path has arrived: the guide's own ascent takes it from there.
const SETTLED: f64 = 1e-2;
/// Scores clearly below the best at which a path has passed it.
const FALLS: usize = 2;
/// The most evaluations between two Hessians where Gaussians are scored, and before.
const BETWEEN_SCORES: u64 = 3;
const MOST_BETWEEN: u64 = 32;
/// Steps over which a negligible gain ends a path, and that gain in nats: at corners slopes never vanish.
const PATIENCE: (usize, f64) = (8, 0.05);
const SCORING_PAIRS: usize = 8;

/// How a path ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// At a stationary point, or where a path led that was known.
    Mode,
    /// The bound fell while the density rose.
    Passed,
    /// Neither, within the steps or the leave there was.
    Unfinished,
}

/// The best Gaussian of a path.
#[derive(Clone, Debug)]
pub struct Path {
    /// It.
    pub gaussian: Gaussian,
    /// Its bound over the scoring draws.
    pub elbo: f64,
    /// How the path ended.
    pub ending: Ending,
    /// Whether the density curved downwards everywhere around the path's end.
    pub definiteness: Definiteness,
    /// The largest coordinate magnitude the path reached.
    pub reach: f64,
}

/// The first starts are wherever chance puts them, so that they see all regions; later ones are scouted, so that a region
/// far from the middle is found too.
const SCOUTED_FROM: u64 = 2;

/// Candidates of a scouted start: a batch.
const CANDIDATES: usize = 96;

/// Widths at which a random position is tried, against its own, and how far, in nats for each coordinate and in all, the widest
/// may lie below the best.
const NEARER: [f64; 4] = [1.0, 0.5, 0.25, 0.125];
const FALLEN: [f64; 2] = [10.0, 100.0];

/// Where paths begin, in order.
pub struct Starts {
    seed: u64,
    first: u64,
    /// Scouted positions that no path has begun at, the best last; `None` before they are looked for.
    scouted: Option<Vec<DVector<f64>>>,
}

impl Starts {
    /// From number `first` on.
    pub fn from(seed: u64, first: u64) -> Self {
        Self { seed, first, scouted: None }
    }

    /// Start number `index` with a finite density; `None` if none is found.
    pub fn next(&mut self, evaluator: &mut Evaluator, index: u64) -> Option<Point> {
        let scouted = if index >= SCOUTED_FROM { self.scouted(evaluator) } else { None };
        scouted.or_else(|| random_start(evaluator, self.seed, index))
    }

    /// The next best of the candidates.
    fn scouted(&mut self, evaluator: &mut Evaluator) -> Option<Point> {
        let (seed, first) = (self.seed, self.first);
        let left = self.scouted.get_or_insert_with(|| candidates(evaluator, seed, first));
        let point = Point::at(evaluator, left.pop()?);
        point.value.is_finite().then_some(point)
    }
}

/// A start on its own.
pub fn start(evaluator: &mut Evaluator, seed: u64, index: u64) -> Option<Point> {
    Starts::from(seed, index).next(evaluator, index)
}

/// Positions with a density in boxes of growing width around the origin, ascending in density.
fn candidates(evaluator: &mut Evaluator, seed: u64, index: u64) -> Vec<DVector<f64>> {
    let dimension = evaluator.dimension();
    let mut generator = stream(seed, Purpose::Start, index);
    let mut positions = Vec::with_capacity(CANDIDATES * dimension);
    for candidate in 0..CANDIDATES {
        let width = 4.0 * (candidate + 1) as f64 / CANDIDATES as f64;
        positions.extend((0..dimension).map(|_| width * (2.0 * generator.random::<f64>() - 1.0)));
    }
    let values = evaluator.value(&positions);
    let mut order: Vec<usize> = (0..CANDIDATES).filter(|k| values[*k].is_finite()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let position = |k: usize| DVector::from_column_slice(&positions[k * dimension..(k + 1) * dimension]);
    order.into_iter().map(position).collect()
}

/// A position drawn from uniform(-2, 2), and then from narrower boxes. Odd starts mirror the even ones before them,
/// which sets apart modes that exchange or negate coordinates.
fn random_start(evaluator: &mut Evaluator, seed: u64, index: u64) -> Option<Point> {
    let mut generator = stream(seed, Purpose::Start, index / 2);
    let mut width = if index.is_multiple_of(2) { 2.0 } else { -2.0 };
    for _ in 0..10 {
        let position =
            DVector::from_fn(evaluator.dimension(), |_, _| width * (2.0 * generator.random::<f64>() - 1.0));
        if let Some(point) = not_fallen(evaluator, &position) {
            return Some(point);
        }
        width *= 0.7;
    }
    None
}

/// The widest of a position and nearer ones in its direction from which the density has not fallen far: where exponentials
/// overflow, a path spends most of its steps on the way back.
fn not_fallen(evaluator: &mut Evaluator, position: &DVector<f64>) -> Option<Point> {
    let dimension = position.len();
    let positions: Vec<f64> =
        NEARER.iter().flat_map(|share| position.iter().map(move |x| share * x)).collect();
    let batch = evaluator.evaluate(&positions);
    let best = batch.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let floor = best - FALLEN[0] * dimension as f64 - FALLEN[1];
    let k = batch.values.iter().position(|value| value.is_finite() && *value >= floor)?;
    let row = k * dimension..(k + 1) * dimension;
    Some(Point {
        position: DVector::from_column_slice(&positions[row.clone()]),
        value: batch.values[k],
        gradient: DVector::from_column_slice(&batch.gradients[row]),
    })
}

/// A path that is a Gaussian alone, scored by other draws than the paths are; `None` where it reaches to where there is
/// no density.
pub fn given(evaluator: &mut Evaluator, gaussian: &Gaussian, seed: u64) -> Option<Path> {
    let mut generator = stream(seed, Purpose::Path, u64::from(u32::MAX));
    let normals = structured(SCORING_PAIRS, gaussian.dimension(), &mut generator);
    let elbo = elbo::of_gaussian(evaluator, gaussian, &normals);
    let reach = gaussian.mean.amax();
    let (ending, definiteness) = (Ending::Mode, Definiteness::Definite);
    elbo.is_finite().then(|| Path { gaussian: gaussian.clone(), elbo, ending, definiteness, reach })
}

/// Follows a path from a start.
pub fn follow(evaluator: &mut Evaluator, start: Point, seed: u64, index: u64) -> Option<Path> {
    follow_apart(evaluator, start, (seed, index), &[])
}

/// Follows a path from a start until it comes to where one that is known led.
pub fn follow_apart(
    evaluator: &mut Evaluator,
    start: Point,
    (seed, index): (u64, u64),
    known: &[Path],
) -> Option<Path> {
    let dimension = evaluator.dimension();
    let normals = structured(SCORING_PAIRS, dimension, &mut stream(seed, Purpose::Path, index));
    if dimension <= NEWTON_LIMIT {
        newton_path(evaluator, start, &normals, known)
    } else {
        long_path(evaluator, start, &normals)
    }
}

/// Keeps the best Gaussian scored so far.
struct Best {
    path: Option<Path>,
    falls: usize,
}

/// A local Gaussian with its bound.
struct Scored {
    gaussian: Gaussian,
    definiteness: Definiteness,
    elbo: f64,
}

impl Scored {
    fn of(
        evaluator: &mut Evaluator,
        (gaussian, definiteness): (Gaussian, Definiteness),
        normals: &[f64],
    ) -> Scored {
        let elbo = elbo::of_gaussian(evaluator, &gaussian, normals);
        Scored { gaussian, definiteness, elbo }
    }
}

impl Best {
    /// Takes in a scored Gaussian; counts how often the bound fell clearly below the best since it was found.
    fn consider(&mut self, Scored { gaussian, definiteness, elbo }: Scored, reach: f64) {
        let best = self.path.as_ref().map_or(f64::NEG_INFINITY, |path| path.elbo);
        if elbo > best || self.path.is_none() {
            self.falls = 0;
            self.path = Some(Path { gaussian, elbo, ending: Ending::Unfinished, definiteness, reach });
        } else if elbo < best - 1.0 {
            self.falls += 1;
        }
    }
}

fn newton_path(evaluator: &mut Evaluator, start: Point, normals: &[f64], known: &[Path]) -> Option<Path> {
    let near = 4.0 * evaluator.dimension() as f64 + 16.0;
    let (mut point, mut damping, mut reach) = (start, 1e-3, 0.0_f64);
    let mut best = Best { path: None, falls: 0 };
    let mut ending = Ending::Unfinished;
    let mut values: Vec<f64> = Vec::new();
    for step in 0..STEPS {
        let Some(quadratic) = Quadratic::at(evaluator, &point) else { break };
        let decrement = quadratic.decrement();
        reach = reach.max(point.position.amax());
        values.push(point.value);
        let stands = step >= PATIENCE.0 && point.value - values[step - PATIENCE.0] < PATIENCE.1;
        let settled = decrement < SETTLED || stands;
        if settled || decrement < near || step + 1 == STEPS || !evaluator.may_continue() {
            let (gaussian, definiteness) = quadratic.gaussian(&point);
            if let Some(path) = known.iter().find(|path| are_near(&path.gaussian, &gaussian)) {
                // Where another path led, its bound is known well enough.
                let (elbo, ending) = (path.elbo, Ending::Mode);
                return Some(Path { gaussian, elbo, ending, definiteness, reach });
            }
            best.consider(Scored::of(evaluator, (gaussian, definiteness), normals), reach);
        }
        if settled || best.falls >= FALLS {
            ending = if settled { Ending::Mode } else { Ending::Passed };
            break;
        }
        if evaluator.halt().is_some() {
            break;
        }
        let Move::To(next) = advance(evaluator, &point, &quadratic, &mut damping) else {
            best.consider(Scored::of(evaluator, quadratic.gaussian(&point), normals), reach);
            ending = if decrement < SETTLED { Ending::Mode } else { Ending::Unfinished };
            break;
        };
        // As much again as the Hessian has cost, where no Gaussian is worth a score.
        let price = 2 * evaluator.hessian_products() as u64;
        let most = if decrement < near { BETWEEN_SCORES } else { price.min(MOST_BETWEEN) };
        point = glide(evaluator, (&point, &quadratic), next, (most, 0.25 * SETTLED));
    }
    best.path.map(|path| Path { ending, reach, ..path })
}

/// L-BFGS with diagonal Gaussians scored along the way, for dimensions where the whole Hessian costs too much.
fn long_path(evaluator: &mut Evaluator, start: Point, normals: &[f64]) -> Option<Path> {
    let mut best: Option<(Gaussian, f64)> = None;
    let mut falls = 0;
    let mut reach = 0.0_f64;
    let mut variances = DVector::from_element(start.position.len(), 1e-2);
    let mut search = lbfgs::Search::new(start.position, 20);
    let mut ending = Ending::Unfinished;
    for step in 0..1000 {
        let outcome = search.step(&mut |position: &DVector<f64>| {
            let batch = evaluator.evaluate(position.as_slice());
            (-batch.values[0], -DVector::from_vec(batch.gradients))
        });
        if let Some((change, turn)) = search.last_pair() {
            variances = lbfgs::diagonal_update(&variances, change, turn);
        }
        reach = reach.max(search.position().amax());
        let ended = outcome != lbfgs::Outcome::Moved;
        if step % 10 == 9 || ended {
            let gaussian = Gaussian::diagonal(search.position().clone(), &variances.map(f64::sqrt));
            let elbo = elbo::of_gaussian(evaluator, &gaussian, normals);
            let top = best.as_ref().map_or(f64::NEG_INFINITY, |(_, elbo)| *elbo);
            falls = if elbo < top - 1.0 { falls + 1 } else { 0 };
            if elbo > top || best.is_none() {
                best = Some((gaussian, elbo));
            }
        }
        if outcome == lbfgs::Outcome::Converged {
            ending = Ending::Mode;
        } else if falls >= 5 {
            ending = Ending::Passed;
        }
        if ended || falls >= 5 || !evaluator.may_continue() {
            break;
        }
    }
    best.map(|(gaussian, elbo)| Path { gaussian, elbo, ending, definiteness: Definiteness::Definite, reach })
}
