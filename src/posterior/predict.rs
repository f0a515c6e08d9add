//! The random values that generated quantities need, drawn for each posterior draw.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;

use crate::graph::{Axis, Graph, Node};
use crate::library::{Draw, Family, Over, Rank};
use crate::lower::{Objective, RandomSite};
use crate::translate::DrawPlan;

/// Truncated draws are made by throwing away; after so many the last one is kept.
const TRIES: usize = 10_000;

/// All random values, `[draw][offset…]`; each draw has its own stream, so that its values do not depend on the others.
pub(super) fn draw_randoms(objective: &Objective, draws: &[f64], count: usize, seed: u64) -> Vec<f64> {
    let total = objective.randoms.last().map_or(0, |last| last.offset + last.length);
    let mut random = vec![0.0; total * count];
    if total == 0 {
        return random;
    }
    for (stream, site) in objective.randoms.iter().enumerate() {
        let nodes = site.plan.nodes();
        let values = super::run_batches(&objective.graph, &nodes, draws, &random, count);
        for draw in 0..count {
            let mut rng = ChaCha12Rng::seed_from_u64(seed ^ 0x9e37_79b9_7f4a_7c15);
            rng.set_stream((stream * count + draw) as u64 + 1);
            let scope = Scope { graph: &objective.graph, nodes: &nodes, values: &values, draw };
            let start = draw * total + site.offset;
            scope.fill(site, &mut rng, &mut random[start..start + site.length]);
        }
    }
    random
}

/// The numbers of one posterior draw.
pub(super) struct Scope<'a> {
    pub(super) graph: &'a Graph,
    pub(super) nodes: &'a [Node],
    pub(super) values: &'a [Vec<f64>],
    pub(super) draw: usize,
}

/// A position along each of some axes.
pub(super) type Cell = Vec<(Axis, usize)>;

impl Scope<'_> {
    /// Draws all cells of a site.
    fn fill(&self, site: &RandomSite, rng: &mut ChaCha12Rng, out: &mut [f64]) {
        let joint = joint_axes(&site.plan);
        let outer: Vec<Axis> = site.axes.iter().copied().filter(|axis| !joint.contains(axis)).collect();
        for cell in self.cells(&outer) {
            let value = self.sample(&site.plan, &cell, rng);
            let inner = self.cells(&joint);
            for (within, number) in inner.iter().zip(value) {
                let all: Cell = cell.iter().chain(within).copied().collect();
                out[self.offset(&site.axes, &all)] = number;
            }
        }
    }

    /// One value of a distribution at a cell: one number, or all of a joint value.
    pub(super) fn sample(&self, plan: &DrawPlan, cell: &Cell, rng: &mut ChaCha12Rng) -> Vec<f64> {
        match plan {
            DrawPlan::Family { family, arguments, over } => {
                self.sample_family(family, arguments, over, cell, rng)
            }
            DrawPlan::If(condition, yes, no) => {
                let taken = if self.at(*condition, cell) != 0.0 { yes } else { no };
                self.sample(taken, cell, rng)
            }
            DrawPlan::Truncated(base, ends) => self.sample_between(base, ends, cell, rng),
            DrawPlan::Mixture(each) => {
                let weights: Vec<f64> = each.iter().map(|(weight, _)| self.at(*weight, cell)).collect();
                self.sample(&each[choose(&weights, rng)].1, cell, rng)
            }
            DrawPlan::MixtureOver(weights, axis, component) => {
                let at = |k: usize| -> Cell { cell.iter().copied().chain([(*axis, k)]).collect() };
                let weights: Vec<f64> =
                    (0..self.graph.axis_size(*axis)).map(|k| self.at(*weights, &at(k))).collect();
                let chosen = choose(&weights, rng);
                self.sample(component, &at(chosen), rng)
            }
            DrawPlan::State { weights, axis } => {
                let weights = self.log_weights(cell, *axis, |cell| self.at(*weights, cell));
                vec![choose(&weights, rng) as f64]
            }
            DrawPlan::Chain { filtered, step, along, states } => {
                let backward = self.sample_backward((*filtered, *step), *along, *states, cell, rng);
                backward.into_iter().map(|state| state as f64).collect()
            }
        }
    }

    /// States of a chain from its last element to its first: p(z_t | z_{t+1}, data) is proportional to what is known
    /// up to t times the weight of the step.
    fn sample_backward(
        &self,
        (filtered, step): (Node, Node),
        along: Axis,
        [previous, own]: [Axis; 2],
        cell: &Cell,
        rng: &mut ChaCha12Rng,
    ) -> Vec<usize> {
        let length = self.graph.axis_size(along);
        let mut chosen = vec![0; length];
        for t in (0..length).rev() {
            let at = |extra: &[(Axis, usize)]| -> Cell {
                cell.iter().copied().chain(extra.iter().copied()).collect()
            };
            let weights = self.log_weights(&at(&[(along, t)]), own, |cell| {
                let known = self.at(filtered, cell);
                let state = cell.last().map_or(0, |&(_, state)| state);
                let onwards = match chosen.get(t + 1) {
                    Some(&next) => self.at(step, &at(&[(along, t + 1), (previous, state), (own, next)])),
                    None => 0.0,
                };
                known + onwards
            });
            chosen[t] = choose(&weights, rng);
        }
        chosen
    }

    /// Weights along an axis from their logs, the largest being 1.
    fn log_weights(&self, cell: &Cell, axis: Axis, log_weight: impl Fn(&Cell) -> f64) -> Vec<f64> {
        let at = |k: usize| -> Cell { cell.iter().copied().chain([(axis, k)]).collect() };
        let logs: Vec<f64> = (0..self.graph.axis_size(axis)).map(|k| log_weight(&at(k))).collect();
        let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        logs.into_iter().map(|log| (log - largest).exp()).collect()
    }

    fn sample_between(
        &self,
        base: &DrawPlan,
        ends: &[Option<Node>; 2],
        cell: &Cell,
        rng: &mut ChaCha12Rng,
    ) -> Vec<f64> {
        let [low, high] = ends.map(|end| end.map(|end| self.at(end, cell)));
        if let (Some(low), Some(high)) = (low, high)
            && low == high
        {
            return vec![low];
        }
        let inside = |x: f64| low.is_none_or(|low| x >= low) && high.is_none_or(|high| x <= high);
        let mut value = self.sample(base, cell, rng);
        for _ in 0..TRIES {
            if value.iter().all(|&x| inside(x)) {
                break;
            }
            value = self.sample(base, cell, rng);
        }
        value
    }

    fn sample_family(
        &self,
        family: &Family,
        arguments: &[Node],
        over: &Over,
        cell: &Cell,
        rng: &mut ChaCha12Rng,
    ) -> Vec<f64> {
        match family.draw {
            Draw::Scalar(draw) => {
                let arguments: Vec<f64> = arguments.iter().map(|&argument| self.at(argument, cell)).collect();
                vec![draw(rng, &arguments)]
            }
            Draw::Joint(draw) => {
                let arguments: Vec<Vec<f64>> = arguments
                    .iter()
                    .zip(family.forms[0].parameters)
                    .map(|(&argument, parameter)| self.all_of(argument, parameter.rank, over, cell))
                    .collect();
                draw(rng, &arguments, self.graph.axis_size(over.axes[0]))
            }
            Draw::Impossible => vec![f64::NAN],
        }
    }

    /// An argument of a joint draw, row-major over the joint axes that its rank says.
    fn all_of(&self, node: Node, rank: Rank, over: &Over, cell: &Cell) -> Vec<f64> {
        let axes = match rank {
            Rank::Scalar | Rank::Positions => vec![],
            Rank::Vector => over.axes.clone(),
            Rank::Matrix => [over.axes.clone(), over.twins.clone()].concat(),
        };
        let within = self.cells(&axes);
        within.iter().map(|within| self.at(node, &cell.iter().chain(within).copied().collect())).collect()
    }

    /// A node's number at a cell; axes that the node lacks do not matter.
    fn at(&self, node: Node, cell: &Cell) -> f64 {
        let Some(place) = self.nodes.iter().position(|&known| known == node) else { return f64::NAN };
        let length = self.graph.len_of(node);
        self.values[place][self.draw * length + self.offset(self.graph.axes_of(node), cell)]
    }

    /// Row-major offset of a cell in an array over `axes`.
    pub(super) fn offset(&self, axes: &[Axis], cell: &Cell) -> usize {
        axes.iter().fold(0, |offset, axis| {
            let position =
                cell.iter().rev().find(|(known, _)| known == axis).map_or(0, |&(_, position)| position);
            offset * self.graph.axis_size(*axis) + position
        })
    }

    /// All cells of axes, row-major in the order given.
    pub(super) fn cells(&self, axes: &[Axis]) -> Vec<Cell> {
        axes.iter().fold(vec![vec![]], |cells: Vec<Cell>, &axis| {
            let size = self.graph.axis_size(axis);
            cells
                .iter()
                .flat_map(|cell| (0..size).map(move |k| [cell.clone(), vec![(axis, k)]].concat()))
                .collect()
        })
    }
}

/// The axes that one draw of a plan fills at once.
pub(super) fn joint_axes(plan: &DrawPlan) -> Vec<Axis> {
    match plan {
        DrawPlan::Family { family, over, .. } => match family.rank {
            Rank::Scalar | Rank::Positions => vec![],
            Rank::Vector => over.axes.clone(),
            Rank::Matrix => [over.axes.clone(), over.twins.clone()].concat(),
        },
        DrawPlan::If(_, yes, _) => joint_axes(yes),
        DrawPlan::Truncated(base, _) => joint_axes(base),
        DrawPlan::Mixture(each) => each.first().map_or(vec![], |(_, plan)| joint_axes(plan)),
        DrawPlan::MixtureOver(_, _, component) => joint_axes(component),
        DrawPlan::State { .. } => vec![],
        DrawPlan::Chain { along, .. } => vec![*along],
    }
}

/// One index by its (unnormalised) weight.
fn choose(weights: &[f64], rng: &mut ChaCha12Rng) -> usize {
    let mut left = rng.random::<f64>() * weights.iter().sum::<f64>();
    for (k, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return k;
        }
    }
    weights.len().saturating_sub(1)
}
