//! What nodes would be if one element of an input took another value: delta kernels, from graph to graph.
//!
//! An input `z` over its own axes gets trial values, which may vary over those axes and over more of their own. For each
//! node that depends on `z`, and for all elements of `z` at once, the trial says what the node would be if that one
//! element had its trial value. It is kept sparse: a node over rows that read one element each differs from itself only
//! in the rows that read the element in question, so a `Branch` has a value for each row and says which element the
//! row reads. A sum over rows brings the differences to the elements; what has been mixed by a sum (`X @ z`) varies over
//! the elements from there on, and what is quadratic in that changes by two products (`shift`). The cost is that of the terms that each element occurs in: its Markov blanket.

mod branch;
mod rules;
mod shift;

use std::collections::HashMap;

use super::interpret::order;
use super::{Axis, Builder, Node};
use branch::{Branch, Match};

/// An operation on the way that a trial cannot follow: a recurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Untried;

/// The trial of one input, ready to be followed through a graph.
pub struct Trial<'b> {
    builder: &'b mut Builder,
    /// The input's own axes, ascending, and for each the axis of the element that is tried.
    own: Vec<Axis>,
    tried: Vec<Axis>,
    /// Axes of the trial values beyond the own.
    more: Vec<Axis>,
    known: HashMap<Node, Vec<Branch>>,
    /// By how much the trial moves sums that vary over all of the elements tried.
    shifts: HashMap<Node, Node>,
}

impl<'b> Trial<'b> {
    /// Tries `values` in place of `input`, one element at a time. `values` may vary over the input's axes and others.
    pub fn new(builder: &'b mut Builder, input: Node, values: Node) -> Self {
        let own = builder.axes_of(input).to_vec();
        let more = builder.axes_of(values).iter().copied().filter(|axis| !own.contains(axis)).collect();
        let tried = own.iter().map(|&axis| {
            let info = builder.graph().axis(axis).clone();
            builder.axis(format!("tried {}", info.label), info.size)
        });
        let tried: Vec<Axis> = tried.collect();
        let places = own.iter().map(|&axis| Match::Here(axis)).collect();
        let known = HashMap::from([(input, vec![Branch { places, value: values }])]);
        Self { builder, own, tried, more, known, shifts: HashMap::new() }
    }

    /// By how much the sum of all elements of all `tables` would change: over the input's own axes and the trial
    /// values' other axes.
    ///
    /// # Errors
    /// If a recurrence depends on the input.
    pub fn change(&mut self, tables: &[Node]) -> Result<Node, Untried> {
        self.follow(tables)?;
        let mut total = self.builder.constant(0.0);
        for &table in tables {
            if let Some(change) = self.polynomial_change(table) {
                total = self.builder.add(total, change);
                continue;
            }
            for branch in self.branches(table) {
                let change = self.builder.sub(branch.value, table);
                let change = self.spread(change, table);
                let axes = self.builder.axes_of(table).to_vec();
                let summed = self.brought(change, &branch, &axes);
                total = self.builder.add(total, summed);
            }
        }
        Ok(self.home(total))
    }

    /// The sum of those elements of all `tables` that depend on each element of the input: over the input's own axes.
    /// What depends on all elements counts for each.
    ///
    /// # Errors
    /// If a recurrence depends on the input.
    pub fn blanket(&mut self, tables: &[Node]) -> Result<Node, Untried> {
        self.follow(tables)?;
        let mut total = self.builder.constant(0.0);
        for &table in tables {
            let branches = self.branches(table);
            for (k, branch) in branches.iter().enumerate() {
                let rows = self.unless_earlier(&branches[..k], branch, table);
                let rows = self.spread(rows, table);
                let axes = self.builder.axes_of(table).to_vec();
                let summed = self.brought(rows, branch, &axes);
                total = self.builder.add(total, summed);
            }
        }
        let home = self.home(total);
        let axes = self.own.clone();
        let extra: Vec<Axis> =
            self.builder.axes_of(home).iter().copied().filter(|axis| !axes.contains(axis)).collect();
        debug_assert!(extra.is_empty(), "rows do not vary over trial values");
        Ok(home)
    }

    /// Whether a node depends on the input.
    ///
    /// # Errors
    /// If a recurrence depends on the input.
    pub fn reaches(&mut self, node: Node) -> Result<bool, Untried> {
        self.follow(&[node])?;
        Ok(!self.branches(node).is_empty())
    }

    fn branches(&self, node: Node) -> Vec<Branch> {
        self.known.get(&node).cloned().unwrap_or_default()
    }

    /// Follows the trial to `roots`.
    fn follow(&mut self, roots: &[Node]) -> Result<(), Untried> {
        for node in order(self.builder.graph(), roots) {
            if self.known.contains_key(&node) {
                continue;
            }
            let inputs = &self.builder.graph().node(node).inputs;
            if inputs.iter().any(|input| self.known.contains_key(input)) {
                let branches = self.through(node)?;
                if !branches.is_empty() {
                    self.known.insert(node, branches);
                }
            }
        }
        Ok(())
    }

    /// From axes of the element tried back to the input's own, over all of them.
    fn home(&mut self, node: Node) -> Node {
        let pairs: Vec<(Axis, Axis)> = self.tried.iter().copied().zip(self.own.iter().copied()).collect();
        let node = self.builder.rename(node, &pairs);
        let own = self.own.clone();
        self.builder.expand(node, &own)
    }
}

#[cfg(test)]
mod tests;
