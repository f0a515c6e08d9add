//! Trees: a latent that reads its own element at a parent known from data, `x[parent[n]]`, summed out from the leaves to
//! the roots, all nodes of one depth at a time (Pearl 1982; Felsenstein 1981 for phylogenies).

use std::sync::Arc;

use crate::diagnostics::Diagnostic;
use crate::graph::interpret::interpret;
use crate::graph::{Axis, Node};
use crate::model::SiteId;
use crate::translate::Reference;

use super::chain::{Reading, Shift};
use super::eliminate::Work;
use super::refusal;

/// Deeper trees would make graphs that are too large.
const DEEPEST: usize = 300;

/// A tree along an axis.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    /// The axis of its nodes.
    pub(super) along: Axis,
    /// The parent of each node, before it; roots have none.
    pub(super) parents: Arc<[Option<usize>]>,
    /// States of a node, and of its parent.
    pub(super) states: [Axis; 2],
    /// log weight of each node's states, given all below it.
    pub(super) below: Node,
    /// log weight of a node's state given its parent's.
    pub(super) step: Node,
}

impl Work<'_, '_> {
    /// Sums a tree out.
    pub(super) fn tree(
        &mut self,
        site: SiteId,
        home: &Reference,
        unary: Node,
        readings: Vec<Reading>,
    ) -> Result<Tree, Box<Diagnostic>> {
        let mut place: Option<(Axis, Vec<f64>, Axis)> = None;
        for (_, axis, shift) in readings.iter().flat_map(|reading| &reading.reads) {
            match (shift, &place) {
                (Shift::Here, _) => {}
                (Shift::Known(along, positions), None) => place = Some((*along, positions.clone(), *axis)),
                (Shift::Known(..), Some((_, _, known))) if known == axis => {}
                _ => return Err(refusal::not_a_chain(self, site)),
            }
        }
        let Some((along, positions, above)) = place else { return Err(refusal::not_a_chain(self, site)) };
        let builder = &mut self.translator.builder;
        let zero = builder.constant(0.0);
        let step = readings.iter().fold(zero, |sum, reading| builder.add(sum, reading.table));
        let step = builder.expand(step, &[along, above, home.axis]);
        let parents: Vec<Option<usize>> = positions
            .iter()
            .enumerate()
            .map(|(node, &at)| (at >= 0.0 && at < node as f64).then_some(at as usize))
            .collect();
        self.check_roots(site, (along, above), &parents, step)?;
        let mut depths = vec![0usize; parents.len()];
        for (node, parent) in parents.iter().enumerate() {
            depths[node] = parent.map_or(0, |parent| depths[parent] + 1);
        }
        let deepest = depths.iter().copied().max().unwrap_or(0);
        if deepest > DEEPEST {
            return Err(refusal::too_deep(self, site, deepest, DEEPEST));
        }
        let states = [home.axis, above];
        let mut below = unary;
        for depth in (0..=deepest).rev() {
            let nodes: Vec<usize> = (0..parents.len()).filter(|&node| depths[node] == depth).collect();
            below = self.level(below, step, (along, states), &nodes, &parents);
        }
        Ok(Tree { along, parents: parents.into(), states, below, step })
    }

    /// Sums the nodes of one depth out, into their parents or, of roots, into a table.
    fn level(
        &mut self,
        below: Node,
        step: Node,
        (along, [own, above]): (Axis, [Axis; 2]),
        nodes: &[usize],
        parents: &[Option<usize>],
    ) -> Node {
        let builder = &mut self.translator.builder;
        let level = builder.axis("level", nodes.len());
        let data =
            |of: &dyn Fn(usize) -> usize| nodes.iter().map(|&node| of(node) as f64).collect::<Vec<f64>>();
        let rows = builder.data(&[level], data(&|node| node));
        let step = builder.gather(step, &[(along, rows)]);
        let own_weights = builder.gather(below, &[(along, rows)]);
        let joint = builder.add(step, own_weights);
        let message = self.over_states(joint, own);
        let builder = &mut self.translator.builder;
        if nodes.iter().any(|&node| parents[node].is_none()) {
            // A root's step does not depend on the state of a parent.
            let first = builder.constant(0.0);
            let message = builder.gather(message, &[(above, first)]);
            self.tables.push(message);
            return below;
        }
        let at = builder.data(&[level], data(&|node| parents[node].unwrap_or(0)));
        let message = builder.rename(message, &[(above, own)]);
        let axes = builder.axes_of(below).to_vec();
        let received = builder.scatter(message, &[(along, at)], &axes);
        builder.add(below, received)
    }

    /// A node whose parent is not before it must not read it: its step is the same for all states of a parent.
    fn check_roots(
        &mut self,
        site: SiteId,
        (along, above): (Axis, Axis),
        parents: &[Option<usize>],
        step: Node,
    ) -> Result<(), Box<Diagnostic>> {
        let roots: Vec<usize> = (0..parents.len()).filter(|&node| parents[node].is_none()).collect();
        let builder = &mut self.translator.builder;
        let root = builder.axis("root", roots.len());
        let rows = builder.data(&[root], roots.iter().map(|&node| node as f64).collect::<Vec<f64>>());
        let step = builder.gather(step, &[(along, rows)]);
        let [largest, least] = {
            let largest = builder.max(step, &[above]);
            let negative = builder.neg(step);
            let least = builder.max(negative, &[above]);
            [largest, builder.neg(least)]
        };
        let axes: Vec<Axis> = builder.axes_of(largest).to_vec();
        let dimension = self.dimension;
        let generic: Vec<f64> = (0..dimension).map(|k| (1.7 * k as f64 + 0.4).sin()).collect();
        let graph = self.translator.builder.graph();
        let values = interpret(graph, &generic, &[], &[largest, least]);
        let differs =
            values[0].iter().zip(&values[1]).position(|(a, b)| a != b && !(a.is_nan() && b.is_nan()));
        let Some(flat) = differs else { return Ok(()) };
        let after = axes.iter().skip_while(|axis| **axis != root).skip(1);
        let stride: usize = after.map(|&axis| graph.axis_size(axis)).product();
        Err(refusal::not_before(self, site, along, roots[flat / stride % roots.len()]))
    }
}
