//! The posterior of discrete latents that were summed out: probabilities of their states, and joint draws.

use crate::graph::{Axis, Node, Unary, autodiff};
use crate::model::{AxisVar, Kind, Model, SiteId, SiteKind, StatesOf, Term, TermKind};
use crate::translate::{DrawPlan, States, Translator};

use super::SummedOut;
use super::buckets;
use super::eliminate::{Chain, Eliminated, Elimination, How};
use super::predict::{RandomSite, enter};
use super::states::Range;

/// Posterior probabilities of a latent's states, for one draw of the rest.
#[derive(Clone, Debug)]
pub struct StateProbabilities {
    /// The latent.
    pub site: SiteId,
    /// The probabilities, over its cells and its states.
    pub node: Node,
    /// Its axes in declared order, then the axis of its states.
    pub axes: Vec<Axis>,
    /// The numbers that stand for its states.
    pub values: StateValues,
}

/// The numbers that stand for the states of a latent.
#[derive(Clone, Debug, PartialEq)]
pub enum StateValues {
    /// This one, and so on by 1.
    From(f64),
    /// Several for each, ascending and alike in probability: a bucket of a continuous latent.
    Spread(Vec<f64>),
    /// Not the same in all cells or draws: only draws say.
    Drawn,
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
        let values = match translator.states(latent.site) {
            Some(States::From { low, .. }) => StateValues::From(*low),
            _ => match buckets::spread(translator, latent.site) {
                Some(values) => StateValues::Spread(values),
                None => StateValues::Drawn,
            },
        };
        StateProbabilities { site: latent.site, node, axes, values }
    });
    each.collect()
}

/// States what `prob(z)` is.
pub(super) fn bind_probabilities(translator: &mut Translator, probabilities: &[StateProbabilities]) {
    for states in probabilities {
        let (Some(&axis), StateValues::From(low)) = (states.axes.last(), &states.values) else { continue };
        let node = match translator.model().site(states.site).value {
            Kind::Index(dim) => {
                let own = translator.axis(AxisVar { dim, copy: 0 });
                if translator.builder.axes_of(states.node).contains(&own) {
                    continue;
                }
                translator.builder.rename(states.node, &[(axis, own)])
            }
            _ => {
                let last = translator.builder.constant(1.0 - low);
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
        let (Some(&axis), StateValues::From(low)) = (chosen.axes.last(), chosen.values) else { continue };
        let builder = &mut translator.builder;
        let position = builder.iota(axis);
        let value = builder.plus(position, low);
        let weighted = builder.mul(chosen.node, value);
        let mean = builder.sum(weighted, &[axis]);
        let best = builder.unary(Unary::Round, mean);
        translator.bind_state_summary(StatesOf::Best, chosen.site, best);
    }
}

/// What summing a latent out visits.
pub(super) fn summed_out(
    translator: &Translator,
    latent: &Eliminated,
    ranges: &[(SiteId, Range)],
) -> SummedOut {
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
        range: ranges.iter().find(|(site, _)| *site == latent.site).map(|(_, range)| *range),
    }
}

/// Joint draws of all states: the latent summed out last is drawn first, and the others given those already drawn.
pub(super) fn bind_states(
    translator: &mut Translator,
    eliminated: &[Eliminated],
    randoms: &mut Vec<RandomSite>,
) {
    let mut drawn: Vec<(Axis, Node)> = Vec::new();
    for latent in eliminated.iter().rev() {
        let plan = match &latent.how {
            How::Local(table) => {
                let weights = given(translator, *table, &drawn);
                DrawPlan::State { weights, axis: latent.home.axis }
            }
            How::Chain(Chain { along, previous, filtered, step }) => DrawPlan::Chain {
                filtered: given(translator, *filtered, &drawn),
                step: given(translator, *step, &drawn),
                along: *along,
                states: [*previous, latent.home.axis],
            },
        };
        let axes = translator.axes(&translator.model().site(latent.site).axes);
        let position = enter(translator, randoms, plan, axes);
        drawn.push((latent.home.axis, position));
        let value = match translator.states(latent.site) {
            Some(States::From { low, .. }) => {
                let low = *low;
                translator.builder.plus(position, low)
            }
            _ => buckets::value(translator, latent.site, position, randoms),
        };
        translator.settle(latent.site, value);
    }
}

/// A table at the states drawn for other latents.
fn given(translator: &mut Translator, table: Node, drawn: &[(Axis, Node)]) -> Node {
    let own = translator.builder.axes_of(table).to_vec();
    let at: Vec<(Axis, Node)> = drawn.iter().copied().filter(|(axis, _)| own.contains(axis)).collect();
    at.into_iter()
        .fold(table, |table, (axis, position)| translator.builder.gather(table, &[(axis, position)]))
}
