//! How a value of a distribution is drawn once the numbers that it depends on are known.

use std::sync::Arc;

use crate::graph::{Axis, Node};
use crate::library::{Family, Over, Rank};
use crate::model::Distribution;

use super::Translator;
use super::distributions::Called;

/// A distribution whose numbers are nodes of a graph, over (at most) the cells' axes and the joint axes.
#[derive(Clone, Debug)]
pub enum DrawPlan {
    /// A row of the library.
    Family {
        /// The row.
        family: &'static Family,
        /// Canonical arguments.
        arguments: Vec<Node>,
        /// Joint axes.
        over: Over,
    },
    /// One or the other, by a condition.
    If(Node, Box<DrawPlan>, Box<DrawPlan>),
    /// Draws outside of the ends are thrown away.
    Truncated(Box<DrawPlan>, [Option<Node>; 2]),
    /// One of several, by their probabilities.
    Mixture(Vec<(Node, DrawPlan)>),
    /// One along an axis, by the probabilities along it.
    MixtureOver(Node, Axis, Box<DrawPlan>),
    /// A number between 0 and 1, spread evenly over the posterior draws (McKay, Beckman and Conover 1979).
    Even,
    /// The position of a state, by its log weight along an axis.
    State {
        /// Log weights, not normalised.
        weights: Node,
        /// The axis of the states.
        axis: Axis,
    },
    /// Positions of the states of chains, drawn from their last elements backwards (Scott 2002).
    Chain {
        /// log weight of the states at all lags but the longest, given all up to the element.
        filtered: Node,
        /// log weights of each step.
        steps: Vec<DrawStep>,
        /// The axis they run along.
        along: Axis,
        /// For each chain, the axes of its states at the lags 0, 1 … up to the longest.
        lags: Vec<Vec<Axis>>,
        /// The axis of the result along which the chains lie.
        member: Axis,
    },
    /// Positions of the states of a tree, drawn from its roots.
    Tree {
        /// log weight of each node's states, given all below it.
        below: Node,
        /// log weight of a node's state given its parent's.
        step: Node,
        /// The axis of the nodes.
        along: Axis,
        /// The parent of each node, before it.
        parents: Arc<[Option<usize>]>,
        /// States of a node, and of its parent.
        states: [Axis; 2],
    },
}

/// log weights of the steps of a chain, over states at some lags.
#[derive(Clone, Copy, Debug)]
pub struct DrawStep {
    /// Along the chain.
    pub when: Node,
    /// Where it is not 0.
    pub yes: Node,
    /// Where it is 0.
    pub no: Node,
}

impl Translator<'_> {
    /// The plan of a distribution. Censoring does not change what is drawn.
    pub fn draw_plan(&mut self, distribution: &Distribution) -> DrawPlan {
        match distribution {
            Distribution::Family(call) => {
                let Called { arguments, over } = self.called(call);
                DrawPlan::Family { family: call.family, arguments, over }
            }
            Distribution::If(condition, yes, no) => {
                let condition = self.term(condition);
                DrawPlan::If(condition, Box::new(self.draw_plan(yes)), Box::new(self.draw_plan(no)))
            }
            Distribution::Truncated { base, ends, .. } => {
                let ends = ends.clone().map(|end| end.map(|end| self.term(&end)));
                DrawPlan::Truncated(Box::new(self.draw_plan(base)), ends)
            }
            Distribution::Censored { base, .. } => self.draw_plan(base),
            Distribution::Mixture { weights, components, .. } => {
                let each = weights.iter().zip(components).map(|(weight, component)| {
                    let weight = self.term(weight);
                    (weight, self.draw_plan(component))
                });
                DrawPlan::Mixture(each.collect())
            }
            Distribution::MixtureOver { weights, component, axis, .. } => {
                let weights = self.term(weights);
                let axis = self.axis(*axis);
                DrawPlan::MixtureOver(weights, axis, Box::new(self.draw_plan(component)))
            }
        }
    }
}

impl DrawPlan {
    /// The axes that one draw of a plan fills at once.
    pub fn joint_axes(&self) -> Vec<Axis> {
        match self {
            Self::Family { family, over, .. } => match family.rank {
                Rank::Scalar | Rank::Positions => vec![],
                Rank::Vector => over.axes.clone(),
                Rank::Matrix => [over.axes.clone(), over.twins.clone()].concat(),
            },
            Self::If(_, yes, _) => yes.joint_axes(),
            Self::Truncated(base, _) => base.joint_axes(),
            Self::Mixture(each) => each.first().map_or(vec![], |(_, plan)| plan.joint_axes()),
            Self::MixtureOver(_, _, component) => component.joint_axes(),
            Self::Even | Self::State { .. } => vec![],
            Self::Chain { along, member, .. } => vec![*along, *member],
            Self::Tree { along, .. } => vec![*along],
        }
    }

    /// All nodes that the plan needs the values of.
    pub fn nodes(&self) -> Vec<Node> {
        match self {
            Self::Family { arguments, .. } => arguments.clone(),
            Self::If(condition, yes, no) => [vec![*condition], yes.nodes(), no.nodes()].concat(),
            Self::Truncated(base, ends) => {
                base.nodes().into_iter().chain(ends.iter().copied().flatten()).collect()
            }
            Self::Mixture(each) => {
                each.iter().flat_map(|(weight, plan)| std::iter::once(*weight).chain(plan.nodes())).collect()
            }
            Self::MixtureOver(weights, _, component) => {
                std::iter::once(*weights).chain(component.nodes()).collect()
            }
            Self::Even => vec![],
            Self::State { weights, .. } => vec![*weights],
            Self::Chain { filtered, steps, .. } => {
                let steps = steps.iter().flat_map(|step| [step.when, step.yes, step.no]);
                std::iter::once(*filtered).chain(steps).collect()
            }
            Self::Tree { below, step, .. } => vec![*below, *step],
        }
    }
}
