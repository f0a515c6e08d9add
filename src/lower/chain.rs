//! Chains: a discrete latent that reads its own element before, summed out by the forward algorithm.

use crate::diagnostics::Diagnostic;
use crate::graph::{Axis, Direction, Node, ScanBody};
use crate::model::SiteId;
use crate::translate::{Place, Reference};

use super::eliminate::{Chain, Work};
use super::refusal;

impl Work<'_, '_> {
    /// The forward algorithm: carries log p(data so far, state), sums the last over its states. With what is left.
    pub(super) fn chain(
        &mut self,
        site: SiteId,
        home: &Reference,
        unary: Node,
        steps: &[(Node, Reference)],
    ) -> Result<(Chain, Node), Box<Diagnostic>> {
        let along = self.chain_axis(site, home, &steps[0].1)?;
        let previous = steps[0].1.axis;
        if steps.iter().any(|(_, read)| read.axis != previous) {
            return Err(refusal::not_a_chain(self, site));
        }
        let builder = &mut self.translator.builder;
        let zero = builder.constant(0.0);
        let step = steps.iter().fold(zero, |sum, (table, _)| builder.add(sum, *table));
        let step = builder.expand(step, &[along, previous, home.axis]);
        let (total, filtered) = self.forward(along, previous, home, (unary, step));
        let message = self.over_states(total, home.axis);
        Ok((Chain { along, previous, filtered, step }, message))
    }

    /// The scan: final carry, and the carries of all elements.
    fn forward(
        &mut self,
        along: Axis,
        previous: Axis,
        home: &Reference,
        (unary, step): (Node, Node),
    ) -> (Node, Node) {
        let builder = &mut self.translator.builder;
        let without =
            |axes: &[Axis]| -> Vec<Axis> { axes.iter().copied().filter(|&axis| axis != along).collect() };
        let unary_axes = without(builder.axes_of(unary));
        let step_axes = without(builder.axes_of(step));
        let mut carry_axes: Vec<Axis> = unary_axes.iter().chain(&step_axes).copied().collect();
        carry_axes.retain(|&axis| axis != previous);
        carry_axes.sort();
        carry_axes.dedup();
        let scan = builder.begin_scan(along, Direction::Forward);
        let carry = builder.leaf(scan, 0, &carry_axes);
        let unary_leaf = builder.leaf(scan, 1, &unary_axes);
        let step_leaf = builder.leaf(scan, 2, &step_axes);
        let before = builder.rename(carry, &[(home.axis, previous)]);
        let joint = builder.add(before, step_leaf);
        let summed = self.over_states(joint, previous);
        let builder = &mut self.translator.builder;
        let next = builder.add(summed, unary_leaf);
        let states = builder.graph().axis_size(home.axis) as f64;
        // The first step does not depend on the state before it: any weights that sum to 1 will do.
        let start = builder.constant(-states.ln());
        let start = builder.expand(start, &carry_axes);
        let body = ScanBody {
            axis: along,
            direction: Direction::Forward,
            carries: vec![carry],
            sequences: vec![unary_leaf, step_leaf],
            constants: vec![],
            next: vec![next],
            outputs: vec![next],
        };
        let scan = builder.end_scan(scan, body, &[start], &[unary, step], &[]);
        (builder.output(scan, 1), builder.output(scan, 0))
    }

    /// The one axis along which a read is one element back, at the cell itself along all others.
    fn chain_axis(
        &mut self,
        site: SiteId,
        home: &Reference,
        read: &Reference,
    ) -> Result<Axis, Box<Diagnostic>> {
        let mut found = None;
        for (own, place) in home.cells_in_order().iter().zip(&read.places) {
            match place {
                Place::Here(axis) if axis == own => {}
                Place::At(positions) if found.is_none() && self.is_previous(*positions, *own) => {
                    found = Some(*own)
                }
                _ => return Err(refusal::not_a_chain(self, site)),
            }
        }
        found.ok_or_else(|| refusal::not_a_chain(self, site))
    }

    fn is_previous(&mut self, positions: Node, axis: Axis) -> bool {
        let builder = &mut self.translator.builder;
        let here = builder.iota(axis);
        builder.plus(here, -1.0) == positions
    }

    /// The axes along which a latent reads other elements of its own within one term: it is summed out along them.
    pub(super) fn chain_axes(&mut self, site: SiteId) -> Vec<Axis> {
        let home = self.translator.home(site);
        let own = home.cells_in_order();
        let mut along = Vec::new();
        for table in self.tables_of(site) {
            let reads: Vec<Reference> =
                self.references(table).into_iter().filter(|read| read.site == site).collect();
            if reads.len() < 2 {
                continue;
            }
            for read in reads.iter().filter(|read| **read != home) {
                let elsewhere =
                    own.iter().zip(&read.places).filter(|(axis, place)| **place != Place::Here(**axis));
                along.extend(elsewhere.map(|(axis, _)| *axis));
            }
        }
        along
    }
}
