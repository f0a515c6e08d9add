//! The posterior of discrete latents that were summed out: probabilities of their states, and joint draws.

use crate::graph::{Axis, Node, Unary, autodiff};
use crate::model::{AxisVar, Kind, Model, SiteId, SiteKind, StatesOf, Term, TermKind};
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

/// States what `prob(z)` is.
pub(super) fn bind_probabilities(translator: &mut Translator, probabilities: &[StateProbabilities]) {
    for states in probabilities {
        let Some(&axis) = states.axes.last() else { continue };
        let node = match translator.model().site(states.site).value {
            Kind::Index(dim) => {
                let own = translator.axis(AxisVar { dim, copy: 0 });
                if translator.builder.axes_of(states.node).contains(&own) {
                    continue;
                }
                translator.builder.rename(states.node, &[(axis, own)])
            }
            _ => {
                let last = translator.builder.constant(1.0 - states.low);
                translator.builder.gather(states.node, &[(axis, last)])
            }
        };
        translator.bind_state_summary(StatesOf::Probability, states.site, node);
    }
}

/// Whether something asks for the most probable states.
pub(super) fn wants_best(model: &Model) -> bool {
    let best = |term: &Term| matches!(term.kind, TermKind::States(StatesOf::Best, _));
    model.site_ids().any(|id| match &model.site(id).kind {
        SiteKind::Generate(term) => term.any(&best),
        SiteKind::GenerateDraw(distribution) => {
            let mut found = false;
            distribution.walk(&mut |term| found |= best(term));
            found
        }
        _ => false,
    })
}

/// States what `best(z)` is: the derivative of a maximum by what is added to each state is 1 at the state that attains
/// it (a chain's are the path of Viterbi 1967). Equally good states share it; their mean is rounded.
pub(super) fn bind_best(translator: &mut Translator, elimination: &Elimination) {
    for chosen in probabilities(translator, elimination) {
        let Some(&axis) = chosen.axes.last() else { continue };
        let builder = &mut translator.builder;
        let position = builder.iota(axis);
        let value = builder.plus(position, chosen.low);
        let weighted = builder.mul(chosen.node, value);
        let mean = builder.sum(weighted, &[axis]);
        let best = builder.unary(Unary::Round, mean);
        translator.bind_state_summary(StatesOf::Best, chosen.site, best);
    }
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
