//! The posterior of discrete latents: the probabilities of their states, averaged over the draws of all else.
//!
//! Averaging probabilities in place of sampled states takes the sampling noise of the states out (Rao and Blackwell).

use crate::data::BoundModel;
use crate::lower::{Kept, Objective, StateProbabilities, StateValues, Support};
use crate::model::{Kind, SiteId};
use crate::translate::Coordinates;

use super::{SiteDraws, declared_order, run_batches};

/// Array elements held at a time.
const HELD: usize = 4_000_000;

/// Probabilities averaged over draws: beyond so many elements fewer draws are taken.
const WORK: usize = 20_000_000;

/// Unconstrained draws with their weights.
#[derive(Clone, Copy, Debug)]
pub struct Draws<'a> {
    /// `[count][D]`
    pub positions: &'a [f64],
    /// How many.
    pub count: usize,
    /// Weights that sum to 1; none where all count alike.
    pub weights: Option<&'a [f64]>,
}

/// The probabilities of the states of a latent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StateSummary {
    /// Value or label of each state; empty where the states are parts of buckets.
    pub names: Vec<String>,
    /// The number that stands for each state.
    pub values: Vec<f64>,
    /// Posterior probabilities, `[scalar][state]`.
    pub probabilities: Vec<f64>,
    /// Monte Carlo standard error of each scalar's mean.
    pub errors: Vec<f64>,
}

/// Fills in the probabilities of all discrete latents.
pub fn average_states(bound: &BoundModel, objective: &Objective, draws: Draws, sites: &mut [SiteDraws]) {
    for states in objective.probabilities.iter().filter(|states| states.values != StateValues::Drawn) {
        let place = objective.reported.iter().position(|reported| reported.site == states.site);
        if let Some(site) = place.and_then(|place| sites.get_mut(place)) {
            let elements = objective.graph.len_of(states.node);
            let step = (draws.count * elements).div_ceil(WORK).max(1);
            let (positions, weights) = every(draws, step);
            let kept = Draws { positions: &positions, count: weights.len(), weights: Some(&weights) };
            site.states = Some(averaged(bound, objective, kept, states));
        }
    }
}

/// Fills in the probabilities of discrete latents that stayed in the guide, by their weighted draws.
pub fn count_states(
    bound: &BoundModel,
    objective: &Objective,
    weights: Option<&[f64]>,
    sites: &mut [SiteDraws],
) {
    for kept in objective.kept.iter().filter(|kept| kept.support != Support::Real) {
        let place = objective.reported.iter().position(|reported| reported.site == kept.site);
        if let Some(site) = place.and_then(|place| sites.get_mut(place)) {
            site.states = counted(bound, kept, &site.values, (site.names.len(), weights));
        }
    }
}

/// The states from the smallest to the largest that is possible, or that was drawn.
fn counted(
    bound: &BoundModel,
    kept: &Kept,
    values: &[f64],
    (scalars, weights): (usize, Option<&[f64]>),
) -> Option<StateSummary> {
    let (low, count) = match kept.support {
        Support::Whole { low, count: Some(count) } => (low, count),
        _ => {
            let low = values.iter().copied().fold(f64::INFINITY, f64::min);
            let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            (low, (high - low) as usize + 1)
        }
    };
    let draws = values.len().checked_div(scalars).filter(|draws| *draws > 0)?;
    let (names, numbers) = numbered(bound, kept.site, (low, count));
    let first = numbers[0];
    let mut sums = Sums::new(scalars, count);
    for (draw, row) in values.chunks_exact(scalars).enumerate() {
        let weight = weights.map_or(1.0 / draws as f64, |weights| weights[draw]);
        let probabilities = row.iter().flat_map(|value| {
            let place = (value - first).round() as usize;
            (0..count).map(move |k| if k == place { 1.0 } else { 0.0 })
        });
        sums.add(weight, probabilities, &numbers);
    }
    let errors = sums.errors(&numbers);
    Some(StateSummary { names, values: numbers, probabilities: sums.probabilities, errors })
}

/// Every so many draws, with weights that sum to 1.
fn every(draws: Draws, step: usize) -> (Vec<f64>, Vec<f64>) {
    let d = draws.positions.len() / draws.count.max(1);
    let kept = || (0..draws.count).step_by(step);
    let positions = kept().flat_map(|draw| &draws.positions[draw * d..(draw + 1) * d]).copied().collect();
    let weight = |draw: usize| draws.weights.map_or(1.0, |weights| weights[draw]);
    let total: f64 = kept().map(weight).sum();
    (positions, kept().map(|draw| weight(draw) / total).collect())
}

fn averaged(
    bound: &BoundModel,
    objective: &Objective,
    draws: Draws,
    states: &StateProbabilities,
) -> StateSummary {
    let graph = &objective.graph;
    let count = states.axes.last().map_or(1, |&axis| graph.axis_size(axis));
    let (names, values, split) = states_of(bound, states, count);
    let order = declared_order(graph, states.node, &states.axes);
    let mut sums = Sums::new(order.len() / count.max(1), values.len());
    let chunk = (HELD / order.len().max(1)).clamp(1, draws.count.max(1));
    let d = draws.positions.len() / draws.count.max(1);
    for from in (0..draws.count).step_by(chunk) {
        let to = (from + chunk).min(draws.count);
        let positions = &draws.positions[from * d..to * d];
        let each = run_batches(&objective.graph, &[states.node], positions, &[], to - from).remove(0);
        for (draw, probabilities) in (from..to).zip(each.chunks_exact(order.len().max(1))) {
            let weight = draws.weights.map_or(1.0 / draws.count as f64, |weights| weights[draw]);
            let each = order
                .iter()
                .flat_map(|&place| std::iter::repeat_n(probabilities[place] / split as f64, split));
            sums.add(weight, each, &values);
        }
    }
    let errors = sums.errors(&values);
    StateSummary { names, values, probabilities: sums.probabilities, errors }
}

/// Names and numbers of a latent's states, and into how many numbers each state is split.
fn states_of(
    bound: &BoundModel,
    states: &StateProbabilities,
    count: usize,
) -> (Vec<String>, Vec<f64>, usize) {
    let low = match &states.values {
        StateValues::From(low) => *low,
        StateValues::Spread(values) => {
            return (vec![], values.clone(), values.len() / count.max(1));
        }
        StateValues::Drawn => f64::NAN,
    };
    let (names, values) = numbered(bound, states.site, (low, count));
    (names, values, 1)
}

/// Names and numbers of the states of a site from a value on.
fn numbered(bound: &BoundModel, site: SiteId, (low, count): (f64, usize)) -> (Vec<String>, Vec<f64>) {
    let positions = 0..count;
    match bound.model().site(site).value {
        Kind::Index(dim) => {
            let coordinates = &bound.bindings().coordinates[dim.0];
            let first = first_coordinate(coordinates);
            positions.map(|k| (coordinates.name(k), first + k as f64)).unzip()
        }
        _ => positions.map(|k| (format!("{}", low + k as f64), low + k as f64)).unzip(),
    }
}

/// The number that stands for the first element of a dim.
pub(super) fn first_coordinate(coordinates: &Coordinates) -> f64 {
    match coordinates {
        Coordinates::Integers { first } => *first as f64,
        Coordinates::Labels(_) | Coordinates::Selected(_) => 1.0,
    }
}

/// Weighted sums over draws.
struct Sums {
    count: usize,
    /// Of the probabilities, `[scalar][state]`.
    probabilities: Vec<f64>,
    /// Of the squared weights, times the mean given each draw to the powers 1 and 2, by scalar.
    squares: Vec<[f64; 2]>,
    squared_weights: f64,
}

impl Sums {
    fn new(scalars: usize, count: usize) -> Self {
        let probabilities = vec![0.0; scalars * count];
        Self { count, probabilities, squares: vec![[0.0; 2]; scalars], squared_weights: 0.0 }
    }

    fn add(&mut self, weight: f64, mut probabilities: impl Iterator<Item = f64>, values: &[f64]) {
        self.squared_weights += weight * weight;
        for (sums, squares) in self.probabilities.chunks_exact_mut(self.count.max(1)).zip(&mut self.squares) {
            let mut mean = 0.0;
            for ((sum, value), probability) in sums.iter_mut().zip(values).zip(&mut probabilities) {
                *sum += weight * probability;
                mean += probability * value;
            }
            squares[0] += weight * weight * mean;
            squares[1] += weight * weight * mean * mean;
        }
    }

    /// sqrt(sum of w^2 (m - mean)^2), the delta-method error of a self-normalised estimate.
    fn errors(&self, values: &[f64]) -> Vec<f64> {
        let scalars = self.probabilities.chunks_exact(self.count.max(1)).zip(&self.squares);
        let each = scalars.map(|(probabilities, [first, second])| {
            let mean: f64 = probabilities.iter().zip(values).map(|(p, value)| p * value).sum();
            (second - 2.0 * mean * first + mean * mean * self.squared_weights).max(0.0).sqrt()
        });
        each.collect()
    }
}
