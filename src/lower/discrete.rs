//! The posterior of discrete latents that were summed out: probabilities of their states, and joint draws.

use crate::graph::{Axis, Node, autodiff};
use crate::model::SiteId;
use crate::translate::{DrawPlan, Translator};

use super::SummedOut;
use super::eliminate::{Chain, Eliminated, Elimination, How};
use super::predict::{RandomSite, enter};

/// Posterior probabilities of a latent's states, for one draw of the rest.
#[derive(Clone, Debug)]
pub struct StateProbabilities {
    /// The latent.
    pub site: SiteId,
    /// The probabilities, over its cells and its states.
    pub node: Node,
    /// Its axes in declared order, then the axis of its states.
    pub axes: Vec<Axis>,
    /// The value of the first state.
    pub low: f64,
}

/// The derivative of the log density by a constant added to a state's weight is that state's probability.
pub(super) fn probabilities(
    translator: &mut Translator,
    elimination: &Elimination,
) -> Vec<StateProbabilities> {
    let tapped: Vec<(&Eliminated, Node)> =
        elimination.eliminated.iter().filter_map(|latent| Some((latent, latent.tap?))).collect();
    let taps: Vec<Node> = tapped.iter().map(|(_, tap)| *tap).collect();
    let nodes = autodiff::gradient(&mut translator.builder, elimination.total, &taps);
    let each = tapped.into_iter().zip(nodes).map(|((latent, _), node)| {
        let mut axes = translator.axes(&translator.model().site(latent.site).axes);
        axes.push(latent.home.axis);
        StateProbabilities { site: latent.site, node, axes, low: latent.low }
    });
    each.collect()
}

/// What summing a latent out visits.
pub(super) fn summed_out(translator: &Translator, latent: &Eliminated) -> SummedOut {
    let graph = translator.builder.graph();
    let table = match &latent.how {
        How::Local(table) => *table,
        How::Chain(chain) => chain.step,
    };
    let axes = graph.axes_of(table);
    let cost = axes.iter().map(|&axis| graph.axis_size(axis) as f64).product();
    SummedOut {
        site: latent.site,
        axes: axes.iter().map(|&axis| graph.axis(axis).label.clone()).collect(),
        cost,
    }
}

/// Joint draws of all states: the latent summed out last is drawn first, and the others given those already drawn.
pub(super) fn bind_states(
    translator: &mut Translator,
    eliminated: &[Eliminated],
    randoms: &mut Vec<RandomSite>,
) {
    for (k, latent) in eliminated.iter().enumerate().rev() {
        let low = latent.low;
        let drawn = &eliminated[k + 1..];
        let plan = match &latent.how {
            How::Local(table) => {
                let weights = given(translator, *table, drawn);
                DrawPlan::State { weights, axis: latent.home.axis, low }
            }
            How::Chain(Chain { along, previous, filtered, step }) => DrawPlan::Chain {
                filtered: given(translator, *filtered, drawn),
                step: given(translator, *step, drawn),
                along: *along,
                states: [*previous, latent.home.axis],
                low,
            },
        };
        let axes = translator.axes(&translator.model().site(latent.site).axes);
        let value = enter(translator, randoms, plan, axes);
        translator.settle(latent.site, value);
    }
}

/// A table at the states drawn for other latents.
fn given(translator: &mut Translator, table: Node, drawn: &[Eliminated]) -> Node {
    drawn.iter().fold(table, |table, other| {
        if !translator.builder.axes_of(table).contains(&other.home.axis) {
            return table;
        }
        let value = translator.site(other.site);
        let position = translator.builder.plus(value, -other.low);
        translator.builder.gather(table, &[(other.home.axis, position)])
    })
}
