//! Trees: a latent that reads its own element at a parent known from data, `x[parent[n]]`, summed out from the leaves to
//! the roots, all nodes of one depth at a time (Pearl 1982; Felsenstein 1981 for phylogenies).

use std::sync::Arc;

use crate::diagnostics::Diagnostic;
use crate::graph::interpret::interpret;
use crate::graph::{Axis, Node};
use crate::model::{Model, SiteId, TermKind};
use crate::translate::Reference;

use super::chain::{Reading, Shift};
use super::eliminate::Work;
use super::refusal;
use super::states::prior;

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
    /// Sums a tree out. With what is left: what the roots' nodes weigh.
    pub(super) fn tree(
        &mut self,
        site: SiteId,
        home: &Reference,
        unary: Node,
        readings: Vec<Reading>,
    ) -> Result<(Tree, Node), Box<Diagnostic>> {
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
        let at_depth = |depth: usize| (0..parents.len()).filter(|&node| depths[node] == depth).collect();
        for depth in (1..=deepest).rev() {
            let nodes: Vec<usize> = at_depth(depth);
            let level = self.translator.builder.axis("level", nodes.len());
            let message = self.messages((level, &nodes), (below, step), (along, home.axis));
            let above: Vec<f64> = nodes.iter().map(|&node| parents[node].unwrap_or(0) as f64).collect();
            let builder = &mut self.translator.builder;
            let at = builder.data(&[level], above);
            let message = builder.rename(message, &[(states[1], states[0])]);
            let axes = builder.axes_of(below).to_vec();
            let received = builder.scatter(message, &[(along, at)], &axes);
            below = builder.add(below, received);
        }
        let roots: Vec<usize> = at_depth(0);
        let level = self.translator.builder.axis("level", roots.len());
        let message = self.messages((level, &roots), (below, step), (along, home.axis));
        // A root's step does not depend on the state of a parent.
        let builder = &mut self.translator.builder;
        let first = builder.constant(0.0);
        let message = builder.gather(message, &[(above, first)]);
        Ok((Tree { along, parents: parents.into(), states, below, step }, message))
    }

    /// The nodes of a level summed out: what is left for each state of their parents.
    fn messages(
        &mut self,
        (level, nodes): (Axis, &[usize]),
        (below, step): (Node, Node),
        (along, own): (Axis, Axis),
    ) -> Node {
        let builder = &mut self.translator.builder;
        let rows = builder.data(&[level], nodes.iter().map(|&node| node as f64).collect::<Vec<f64>>());
        let step = builder.gather(step, &[(along, rows)]);
        let own_weights = builder.gather(below, &[(along, rows)]);
        let joint = builder.add(step, own_weights);
        self.over_states(joint, own)
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
        if !reads_itself(self.translator.model(), site) {
            return Err(refusal::not_a_chain(self, site));
        }
        Err(refusal::not_before(self, site, along, roots[flat / stride % roots.len()]))
    }
}

/// Whether a latent's prior reads the latent: where only other terms do, no order among its elements is meant.
fn reads_itself(model: &Model, site: SiteId) -> bool {
    let mut found = false;
    prior(model, site)
        .walk(&mut |term| found |= matches!(&term.kind, TermKind::Read(read, _) if *read == site));
    found
}
