//! Joint draws of states that hang together: chains from their last elements back, trees from their roots on.

use crate::graph::{Axis, Node};
use crate::numeric::random::Generator;
use crate::translate::DrawStep;

use super::predict::{Cell, Scope, choose};

/// A node's numbers at a cell, addressed along some further axes.
struct View<'a> {
    values: &'a [f64],
    /// Element at the cell, position 0 along the axes.
    base: usize,
    /// Distance between positions along each axis; 0 where the node does not vary.
    strides: Vec<usize>,
}

impl<'a> View<'a> {
    fn new(scope: &Scope<'a>, node: Node, cell: &Cell, axes: &[Axis]) -> Self {
        let strides = axes.iter().map(|&axis| scope.stride(node, axis)).collect();
        Self { values: scope.numbers(node), base: scope.offset_of(node, cell), strides }
    }

    fn at(&self, positions: impl IntoIterator<Item = (usize, usize)>) -> usize {
        self.base + positions.into_iter().map(|(axis, position)| self.strides[axis] * position).sum::<usize>()
    }
}

/// Where the states of chains lie among the axes of a view: the chain's own axis first, then the lags of each latent.
#[derive(Clone, Copy)]
struct Lags {
    latents: usize,
    order: usize,
}

impl Lags {
    fn place(self, latent: usize, lag: usize) -> usize {
        1 + latent * (self.order + 1) + lag
    }

    /// The element `at` of the chain, with the states chosen at so many lags.
    fn later(self, chosen: &[usize], at: usize, lags: usize) -> impl Iterator<Item = (usize, usize)> {
        let each = (0..lags).flat_map(move |lag| (0..self.latents).map(move |latent| (lag, latent)));
        let placed = each
            .map(move |(lag, latent)| (self.place(latent, lag), chosen[(at - lag) * self.latents + latent]));
        std::iter::once((0, at)).chain(placed)
    }

    /// What states add to the element of a view.
    fn own(self, view: &View, state: &[usize], lag: usize) -> usize {
        state.iter().enumerate().map(|(latent, z)| z * view.strides[self.place(latent, lag)]).sum()
    }

    /// Offsets of all states at lags from `first` on, which are not chosen yet.
    fn older(self, view: &View, sizes: &[usize], first: usize) -> Vec<usize> {
        let mut offsets = vec![0];
        for lag in first..self.order {
            for (latent, &size) in sizes.iter().enumerate() {
                let stride = view.strides[self.place(latent, lag)];
                offsets = offsets.iter().flat_map(|from| (0..size).map(move |z| from + z * stride)).collect();
            }
        }
        offsets
    }
}

/// Chains along an axis: p(z_t | later elements, data) is proportional to what is known of the elements up to the last
/// that a step from z_t reaches, times that step.
pub(super) fn chain(
    scope: &Scope,
    (filtered, steps): (Node, &[DrawStep]),
    (along, lags): (Axis, &[Vec<Axis>]),
    cell: &Cell,
    rng: &mut Generator,
) -> Vec<usize> {
    let axes: Vec<Axis> = std::iter::once(along).chain(lags.iter().flatten().copied()).collect();
    let known = View::new(scope, filtered, cell, &axes);
    let steps: Vec<[View; 3]> = steps
        .iter()
        .map(|step| [step.when, step.yes, step.no].map(|node| View::new(scope, node, cell, &axes)))
        .collect();
    let sizes: Vec<usize> = lags.iter().map(|own| scope.size(own[0])).collect();
    let states = combinations(&sizes);
    let (length, latents) = (scope.size(along), lags.len());
    let lags = Lags { latents, order: lags[0].len() - 1 };
    let mut chosen = vec![0; length * latents];
    let mut logs = vec![0.0; states.len()];
    for t in (0..length).rev() {
        let last = (t + lags.order - 1).min(length - 1);
        let base = known.at(lags.later(&chosen, last, last - t));
        let older = lags.older(&known, &sizes, last - t + 1);
        let is_read = last + 1 < length && last + 1 == t + lags.order;
        let onward = steps.iter().filter(|_| is_read).map(|[when, yes, no]| {
            let taken = if when.values[when.at([(0, last + 1)])] != 0.0 { yes } else { no };
            (taken, taken.at(lags.later(&chosen, last + 1, lags.order)))
        });
        let onward: Vec<(&View, usize)> = onward.collect();
        for (log, state) in logs.iter_mut().zip(&states) {
            let here = base + lags.own(&known, state, last - t);
            *log = log_sum(&known.values[here..], &older);
            for (view, offset) in &onward {
                *log += view.values[offset + lags.own(view, state, lags.order)];
            }
        }
        let state = &states[by_log(&mut logs, rng)];
        chosen[t * latents..(t + 1) * latents].copy_from_slice(state);
    }
    chosen
}

/// All combinations of states.
fn combinations(sizes: &[usize]) -> Vec<Vec<usize>> {
    sizes.iter().fold(vec![vec![]], |all: Vec<Vec<usize>>, &size| {
        all.iter().flat_map(|states| (0..size).map(move |z| [states.clone(), vec![z]].concat())).collect()
    })
}

/// A tree: each node given its parent, which comes first.
pub(super) fn tree(
    scope: &Scope,
    (below, step): (Node, Node),
    (along, [own, above]): (Axis, [Axis; 2]),
    (parents, cell): (&[Option<usize>], &Cell),
    rng: &mut Generator,
) -> Vec<usize> {
    let axes = [along, own, above];
    let (below, step) = (View::new(scope, below, cell, &axes), View::new(scope, step, cell, &axes));
    let mut chosen: Vec<usize> = Vec::with_capacity(parents.len());
    let mut logs = vec![0.0; scope.size(own)];
    for (node, parent) in parents.iter().enumerate() {
        let from = parent.map_or(0, |parent| chosen[parent]);
        for (state, log) in logs.iter_mut().enumerate() {
            *log = below.values[below.at([(0, node), (1, state)])]
                + step.values[step.at([(0, node), (1, state), (2, from)])];
        }
        chosen.push(by_log(&mut logs, rng));
    }
    chosen
}

/// One index by its log weight.
fn by_log(logs: &mut [f64], rng: &mut Generator) -> usize {
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    logs.iter_mut().for_each(|log| *log = (*log - largest).exp());
    choose(logs, rng)
}

/// log of the sum of exponentials of some elements.
fn log_sum(values: &[f64], at: &[usize]) -> f64 {
    if let [only] = at {
        return values[*only];
    }
    let largest = at.iter().map(|&place| values[place]).fold(f64::NEG_INFINITY, f64::max);
    if largest == f64::NEG_INFINITY {
        return largest;
    }
    largest + at.iter().map(|&place| (values[place] - largest).exp()).sum::<f64>().ln()
}
