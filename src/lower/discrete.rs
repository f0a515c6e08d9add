//! The posterior of discrete latents that were summed out: probabilities of their states, and joint draws.

use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic};
use crate::graph::{Axis, Node, Unary, autodiff};
use crate::model::{AxisVar, Kind, Model, SiteId, SiteKind, StatesOf, Term, TermKind};
use crate::translate::{DrawPlan, DrawStep, States, Translator};

use super::SummedOut;
use super::buckets;
use super::eliminate::{Eliminated, Elimination, How, Member};
use super::kept::Kept;
use super::predict::{RandomSite, enter};
use super::states::Range;
use super::switch::Step;

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
    let members = elimination.eliminated.iter().flat_map(|latents| &latents.members);
    let tapped: Vec<(&Member, Node)> = members.filter_map(|latent| Some((latent, latent.tap?))).collect();
    let taps: Vec<Node> = tapped.iter().map(|(_, tap)| *tap).collect();
    let nodes = autodiff::gradient(&mut translator.builder, elimination.total, &taps);
    let each = tapped.into_iter().zip(nodes).map(|((latent, _), node)| {
        let mut axes = translator.axes(&translator.model().site(latent.site).axes);
        if let Some(States::Assignments { low, count, along, elements }) =
            translator.states(latent.site).cloned()
        {
            let (node, values) = by_element(translator, latent, node, (count, along, elements));
            axes.push(values);
            return StateProbabilities { site: latent.site, node, axes, values: StateValues::From(low) };
        }
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

/// The probabilities of each element's values from those of all assignments, and the axis of the values.
fn by_element(
    translator: &mut Translator,
    latent: &Member,
    node: Node,
    (count, mut axes, elements): (usize, Vec<Axis>, usize),
) -> (Node, Axis) {
    let name = translator.model().site(latent.site).name.clone();
    let builder = &mut translator.builder;
    let values = builder.axis(format!("values of {name}"), count);
    let assignments = latent.home.axis;
    let all = builder.graph().axis_size(assignments);
    let is = |k: usize, s: usize, value: usize| f64::from(u8::from(s / count.pow(k as u32) % count == value));
    let each =
        (0..elements).flat_map(|k| (0..all).flat_map(move |s| (0..count).map(move |value| is(k, s, value))));
    let each: Vec<f64> = each.collect();
    axes.extend([assignments, values]);
    let indicator = builder.data(&axes, each);
    (builder.contract(indicator, node, &[assignments]), values)
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

/// States what `prob(z)` is of a latent that is kept: 1 at the value of the draw, so that its mean is the probability.
///
/// # Errors
/// If its best states are asked for: those given the rest of a draw are known only of what is summed out.
pub(super) fn bind_kept(translator: &mut Translator, kept: &[Kept]) -> Result<(), Box<Diagnostic>> {
    for kept in kept {
        let site = translator.model().site(kept.site);
        if wants(translator.model(), |of, site| of == StatesOf::Best && site == kept.site) {
            let message = format!(
                "`best({})` is known only of latents that are summed out: not supported yet",
                kept.name
            );
            return Err(Box::new(
                Diagnostic::new(Code(801), message).at(site.span, "is not summed out").help(format!(
                    "read `{}` itself: each draw has its values, and the summary the probability of each",
                    kept.name
                )),
            ));
        }
        let value = translator.site(kept.site);
        let node = match site.value {
            Kind::Index(dim) => {
                let states = translator.axis(AxisVar { dim, copy: 0 });
                if translator.builder.axes_of(value).contains(&states) {
                    continue;
                }
                let position = translator.builder.iota(states);
                translator.builder.equal(value, position)
            }
            _ => value,
        };
        translator.bind_state_summary(StatesOf::Probability, kept.site, node);
    }
    Ok(())
}

/// Whether something asks for the most probable states.
pub(super) fn wants_best(model: &Model) -> bool {
    wants(model, |of, _| of == StatesOf::Best)
}

fn wants(model: &Model, which: impl Fn(StatesOf, SiteId) -> bool) -> bool {
    let best = |term: &Term| matches!(term.kind, TermKind::States(of, site) if which(of, site));
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

/// What summing latents out visits.
pub(super) fn summed_out(
    translator: &Translator,
    latents: &Eliminated,
    ranges: &[(SiteId, Range)],
) -> Vec<SummedOut> {
    let graph = translator.builder.graph();
    let axes: Vec<Axis> = match &latents.how {
        How::Local(table) => graph.axes_of(*table).to_vec(),
        How::Tree(tree) => graph.axes_of(tree.step).to_vec(),
        How::Chain(chain) => {
            // The largest table of a step: all lags but the longest, and one latent at the longest.
            let mut axes = graph.axes_of(chain.filtered).to_vec();
            let oldest = chain.lags.iter().filter_map(|own| own.last());
            axes.extend(oldest.max_by_key(|axis| graph.axis_size(**axis)));
            axes
        }
    };
    let cost: f64 = axes.iter().map(|&axis| graph.axis_size(axis) as f64).product();
    let labels: Vec<String> = axes.iter().map(|&axis| graph.axis(axis).label.clone()).collect();
    let range =
        |member: &Member| ranges.iter().find(|(site, _)| *site == member.site).map(|(_, range)| *range);
    let each = latents.members.iter().map(|member| SummedOut {
        site: member.site,
        axes: labels.clone(),
        cost,
        range: range(member),
    });
    each.collect()
}

/// Joint draws of all states: what was summed out last is drawn first, and the rest given what is already drawn.
pub(super) fn bind_states(
    translator: &mut Translator,
    eliminated: &[Eliminated],
    randoms: &mut Vec<RandomSite>,
) {
    let mut drawn: Vec<(Axis, Node)> = Vec::new();
    for latents in eliminated.iter().rev() {
        let positions = draw(translator, latents, &drawn, randoms);
        for (member, position) in latents.members.iter().zip(positions) {
            drawn.push((member.home.axis, position));
            let value = match translator.states(member.site) {
                Some(States::From { low, .. }) => {
                    let low = *low;
                    translator.builder.plus(position, low)
                }
                Some(States::Assignments { .. }) => {
                    let values = translator.site(member.site);
                    translator.builder.gather(values, &[(member.home.axis, position)])
                }
                _ => buckets::value(translator, member.site, position, randoms),
            };
            translator.settle(member.site, value);
        }
    }
}

/// The positions of the states drawn for latents that were summed out together.
fn draw(
    translator: &mut Translator,
    latents: &Eliminated,
    drawn: &[(Axis, Node)],
    randoms: &mut Vec<RandomSite>,
) -> Vec<Node> {
    let first = &latents.members[0];
    let mut axes = first.home.cells.clone();
    let plan = match &latents.how {
        How::Local(table) => {
            DrawPlan::State { weights: given(translator, *table, drawn), axis: first.home.axis }
        }
        How::Tree(tree) => DrawPlan::Tree {
            below: given(translator, tree.below, drawn),
            step: given(translator, tree.step, drawn),
            along: tree.along,
            parents: Arc::clone(&tree.parents),
            states: tree.states,
        },
        How::Chain(chain) => {
            let member = translator.builder.axis("chain", latents.members.len());
            axes.push(member);
            let plan = DrawPlan::Chain {
                filtered: given(translator, chain.filtered, drawn),
                steps: chain.steps.iter().map(|step| given_step(translator, *step, drawn)).collect(),
                along: chain.along,
                lags: chain.lags.clone(),
                member,
            };
            let all = enter(translator, randoms, plan, axes);
            let one = |k: usize| {
                let position = translator.builder.constant(k as f64);
                translator.builder.gather(all, &[(member, position)])
            };
            return (0..latents.members.len()).map(one).collect();
        }
    };
    vec![enter(translator, randoms, plan, axes)]
}

/// A step at the states drawn for other latents.
fn given_step(translator: &mut Translator, step: Step, drawn: &[(Axis, Node)]) -> DrawStep {
    match step {
        Step::Table(table) => {
            let (table, always) = (given(translator, table, drawn), translator.builder.constant(1.0));
            DrawStep { when: always, yes: table, no: table }
        }
        Step::Switch { when, yes, no } => {
            DrawStep { when, yes: given(translator, yes, drawn), no: given(translator, no, drawn) }
        }
    }
}

/// A table at the states drawn for other latents.
fn given(translator: &mut Translator, table: Node, drawn: &[(Axis, Node)]) -> Node {
    let own = translator.builder.axes_of(table).to_vec();
    let at: Vec<(Axis, Node)> = drawn.iter().copied().filter(|(axis, _)| own.contains(axis)).collect();
    at.into_iter()
        .fold(table, |table, (axis, position)| translator.builder.gather(table, &[(axis, position)]))
}
