//! Windows over counts that have no end: whether they are long enough, seen at positions of the other latents.

use crate::lower::{Limits, Objective, StateProbabilities};
use crate::model::SiteId;
use crate::posterior::run_batches;

/// The sum over a count without an end, as far as it went.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// The latent.
    pub site: SiteId,
    /// The first value.
    pub low: f64,
    /// The last value.
    pub high: f64,
    /// About how much of the posterior lies beyond, in the cell where this is most.
    pub beyond: f64,
}

/// More beyond a window than this, and it is doubled: before a fit, where only the order of magnitude matters.
pub(super) const BEFORE: f64 = 1e-6;

/// The same after a fit.
pub(super) const AFTER: f64 = 1e-9;

/// Positions looked at.
const POSITIONS: usize = 128;

/// All windows, judged at positions `[count][D]`.
pub fn windows(objective: &Objective, positions: &[f64], count: usize) -> Vec<Window> {
    let d = objective.width();
    let count = count.min(POSITIONS);
    let each = objective.sums.iter().filter_map(|sum| {
        let range = sum.range?;
        let states = objective.probabilities.iter().find(|states| states.site == sum.site)?;
        let beyond = beyond(objective, states, &positions[..count * d], count);
        Some(Window { site: sum.site, low: range.low, high: range.high, beyond })
    });
    each.collect()
}

/// Limits under which windows that leave out more than `tolerance` are twice as long; none if all are long enough.
pub fn widened(objective: &Objective, windows: &[Window], tolerance: f64) -> Option<Limits> {
    let mut limits = objective.limits.clone();
    let short: Vec<&Window> =
        windows.iter().filter(|window| window.beyond > tolerance || window.beyond.is_nan()).collect();
    for window in &short {
        limits.windows.insert(window.site, 2 * (window.high - window.low + 1.0) as usize);
    }
    (!short.is_empty()).then_some(limits)
}

/// The largest share beyond the last state over all cells, averaged over positions: the last probabilities go on
/// falling by the ratio at which they fall.
fn beyond(objective: &Objective, states: &StateProbabilities, positions: &[f64], count: usize) -> f64 {
    let graph = &objective.graph;
    let Some(&axis) = states.axes.last() else { return 0.0 };
    let (size, own) = (graph.axis_size(axis), graph.axes_of(states.node));
    let after = own.iter().skip_while(|own| **own != axis).skip(1);
    let stride: usize = after.map(|&own| graph.axis_size(own)).product();
    let length = graph.len_of(states.node);
    let values = run_batches(&objective.graph, &[states.node], positions, &[], count).swap_remove(0);
    let mean = |element: usize| -> f64 {
        values.chunks_exact(length.max(1)).map(|draw| draw[element]).sum::<f64>() / count.max(1) as f64
    };
    let cells = (0..length).filter(|element| (element / stride).is_multiple_of(size));
    let each = cells.map(|first| {
        let last = mean(first + (size - 1) * stride);
        if last == 0.0 || size < 2 {
            // Where even the first state has no mass the whole window is impossible.
            let total: f64 = (0..size).map(|state| mean(first + state * stride)).sum();
            return if total > 0.5 { 0.0 } else { f64::NAN };
        }
        let ratio = last / mean(first + (size - 2) * stride);
        if ratio < 1.0 { last * ratio / (1.0 - ratio) } else { 1.0 }
    });
    each.fold(0.0, |largest: f64, share| if share.is_nan() || share > largest { share } else { largest })
}
