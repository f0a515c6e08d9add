//! The random values that generated quantities need, drawn for each posterior draw.

use rand::RngExt;
use rand::seq::SliceRandom;

use crate::graph::{Axis, Graph, Node};
use crate::library::{Draw, Family, Over, Rank};
use crate::lower::{Objective, RandomSite};
use crate::numeric::random::Generator;
use crate::translate::DrawPlan;

use super::{Batches, sequences};

/// Truncated draws are made by throwing away; after so many the last one is kept.
const TRIES: usize = 10_000;

/// What tells these streams from those of the fit.
const SALT: u64 = 0x9e37_79b9_7f4a_7c15;

/// Array elements held at a time.
const HELD: usize = 4_000_000;

/// All random values, `[draw][offset…]`; each draw has its own stream, so that its values do not depend on the others, but
/// for those that are spread evenly over all.
pub(super) fn draw_randoms(objective: &Objective, draws: &[f64], count: usize, seed: u64) -> Vec<f64> {
    let total = objective.randoms.last().map_or(0, |last| last.offset + last.length);
    let mut random = vec![0.0; total * count];
    if total == 0 || count == 0 {
        return random;
    }
    let stream_of = |site: usize| (site as u64) << 40;
    for (k, site) in objective.randoms.iter().enumerate().filter(|(_, site)| is_even(site)) {
        let mut rng = Generator::new(seed ^ SALT, stream_of(k));
        spread(site, (&mut random, total), &mut rng);
    }
    let graph = &objective.graph;
    let prepared: Vec<(Vec<Node>, Batches)> = objective
        .randoms
        .iter()
        .map(|site| {
            let nodes = site.plan.nodes();
            let batches = Batches::new(graph, &nodes);
            (nodes, batches)
        })
        .collect();
    let largest = prepared.iter().map(|(_, batches)| batches.width()).max().unwrap_or(1);
    let (chunk, d) = ((HELD / largest.max(1)).clamp(1, count), draws.len() / count);
    for from in (0..count).step_by(chunk) {
        let to = (from + chunk).min(count);
        let sites = objective.randoms.iter().zip(&prepared).enumerate();
        for (k, (site, (nodes, batches))) in sites.filter(|(_, (site, _))| !is_even(site)) {
            let known = &random[from * total..to * total];
            let values = batches.run(&draws[from * d..to * d], known, to - from);
            for draw in from..to {
                let mut rng = Generator::new(seed ^ SALT, stream_of(k) | draw as u64);
                let scope = Scope { graph, nodes, values: &values, draw: draw - from };
                let start = draw * total + site.offset;
                scope.fill(site, &mut rng, &mut random[start..start + site.length]);
            }
        }
    }
    random
}

fn is_even(site: &RandomSite) -> bool {
    matches!(site.plan, DrawPlan::Even)
}

/// Fills the stretch of a site in all draws: for each element one number from each of as many equal parts of the unit interval
/// as there are draws, in random order.
fn spread(site: &RandomSite, (random, total): (&mut [f64], usize), rng: &mut Generator) {
    let count = random.len() / total;
    let mut parts: Vec<usize> = (0..count).collect();
    for element in site.offset..site.offset + site.length {
        parts.shuffle(rng);
        for (draw, part) in parts.iter().enumerate() {
            random[draw * total + element] = (*part as f64 + inside(rng)) / count as f64;
        }
    }
}

/// A number between 0 and 1, neither of which it is.
fn inside(rng: &mut Generator) -> f64 {
    (rng.random::<f64>() + f64::EPSILON / 4.0).min(1.0 - f64::EPSILON)
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

impl<'a> Scope<'a> {
    /// Draws all cells of a site.
    fn fill(&self, site: &RandomSite, rng: &mut Generator, out: &mut [f64]) {
        let joint = site.plan.joint_axes();
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
    pub(super) fn sample(&self, plan: &DrawPlan, cell: &Cell, rng: &mut Generator) -> Vec<f64> {
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
            DrawPlan::Even => vec![inside(rng)],
            DrawPlan::State { weights, axis } => {
                let weights = self.log_weights(cell, *axis, |cell| self.at(*weights, cell));
                vec![choose(&weights, rng) as f64]
            }
            DrawPlan::Chain { filtered, steps, along, lags, .. } => {
                let drawn = sequences::chain(self, (*filtered, steps), (*along, lags), cell, rng);
                drawn.into_iter().map(|state| state as f64).collect()
            }
            DrawPlan::Tree { below, step, along, parents, states } => {
                let drawn = sequences::tree(self, (*below, *step), (*along, *states), (parents, cell), rng);
                drawn.into_iter().map(|state| state as f64).collect()
            }
        }
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
        rng: &mut Generator,
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
        rng: &mut Generator,
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

    /// Number of positions of an axis.
    pub(super) fn size(&self, axis: Axis) -> usize {
        self.graph.axis_size(axis)
    }

    /// All numbers of a node.
    pub(super) fn numbers(&self, node: Node) -> &'a [f64] {
        let place = self.nodes.iter().position(|&known| known == node).unwrap_or(0);
        let length = self.graph.len_of(node);
        &self.values[place][self.draw * length..(self.draw + 1) * length]
    }

    /// Distance between positions of a node along an axis; 0 where it lacks the axis.
    pub(super) fn stride(&self, node: Node, axis: Axis) -> usize {
        let own = self.graph.axes_of(node);
        let Some(place) = own.iter().position(|known| *known == axis) else { return 0 };
        own[place + 1..].iter().map(|&later| self.graph.axis_size(later)).product()
    }

    /// The element of a node at a cell.
    pub(super) fn offset_of(&self, node: Node, cell: &Cell) -> usize {
        self.offset(self.graph.axes_of(node), cell)
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

/// One index by its (unnormalised) weight.
pub(super) fn choose(weights: &[f64], rng: &mut Generator) -> usize {
    let mut left = rng.random::<f64>() * weights.iter().sum::<f64>();
    for (k, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return k;
        }
    }
    weights.len().saturating_sub(1)
}
