//! The quadratic function that a density is of some latents, by its derivatives.

use crate::graph::condense::condense;
use crate::graph::replace::{depends, replace};
use crate::graph::{Axis, Builder, Node, Vector, autodiff};
use crate::translate::Translator;

use super::{ASIDE, Member};

/// Slopes, and products of minus the curvature with directions, for each member.
pub(super) struct Curvature {
    opens: Vec<Node>,
    directions: Vec<Node>,
    slopes: Vec<Node>,
    products: Vec<Node>,
}

impl Curvature {
    /// Of the sum of all tables.
    pub(super) fn new(translator: &mut Translator, members: &[Member], tables: &[(String, Node)]) -> Self {
        let builder = &mut translator.builder;
        let opens: Vec<Node> = members.iter().map(|member| member.open).collect();
        let mut total = builder.constant(0.0);
        for (_, table) in tables {
            // What does not read a member has no slope, and need not be condensed twice.
            if !depends(builder.graph(), *table, &opens) {
                continue;
            }
            let sum = builder.sum_all(*table);
            let sum = condense(builder, sum);
            total = builder.add(total, sum);
        }
        let slopes = autodiff::gradient(builder, total, &opens);
        let beyond = ASIDE + members.last().map_or(0, |last| last.start + last.length);
        let directions: Vec<Node> = members
            .iter()
            .map(|member| builder.parameter(Vector::Direction, beyond + member.start, &member.axes))
            .collect();
        let products = autodiff::hessian_vector(builder, &slopes, &opens, &directions);
        let zeros: Vec<(Node, Node)> = opens.iter().map(|&open| (open, builder.zeros_like(open))).collect();
        let slopes = replace(builder, &slopes, &zeros);
        let products = replace(builder, &products, &zeros);
        let products = products.into_iter().map(|product| builder.neg(product)).collect();
        Self { opens, directions, slopes, products }
    }

    /// The slope of a member, over its axes.
    pub(super) fn slope(&self, builder: &mut Builder, members: &[Member], k: usize) -> Node {
        builder.expand(self.slopes[k], &members[k].axes)
    }

    /// Products with the directions given, by member, and 0 for the others: over the members' axes and `more`.
    pub(super) fn along(
        &self,
        builder: &mut Builder,
        members: &[Member],
        (given, more): (&[(usize, Node)], &[Axis]),
    ) -> Vec<Node> {
        let pairs = self.directions.iter().enumerate().map(|(k, &direction)| {
            let own = given.iter().find(|(member, _)| *member == k).map(|(_, node)| *node);
            (direction, own.unwrap_or_else(|| builder.zeros_like(self.opens[k])))
        });
        let pairs: Vec<(Node, Node)> = pairs.collect();
        let products = replace(builder, &self.products, &pairs);
        let each = products.into_iter().zip(members).map(|(product, member)| {
            let axes: Vec<Axis> = member.axes.iter().chain(more).copied().collect();
            builder.expand(product, &axes)
        });
        each.collect()
    }
}
