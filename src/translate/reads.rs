//! Reading arrays at the cell, or at positions.

use crate::graph::{Axis, Node};
use crate::model::{Address, AxisVar, SiteId};

use super::Translator;

impl Translator<'_> {
    /// The value of a site at one address for each of its axes.
    pub(super) fn read(&mut self, source: Node, site: SiteId, addresses: &[Address]) -> Node {
        let own = self.model.site(site).axes.clone();
        self.read_at(source, own.into_iter().zip(addresses))
    }

    /// The same for what is left of a member of a recurrence once its place along the scan is settled.
    pub(super) fn read_rest(
        &mut self,
        source: Node,
        own: &[AxisVar],
        addresses: &[Address],
        settled: usize,
    ) -> Node {
        let rest = own.iter().copied().zip(addresses).enumerate().filter(|(place, _)| *place != settled);
        self.read_at(source, rest.map(|(_, pair)| pair))
    }

    fn read_at<'b>(&mut self, source: Node, places: impl Iterator<Item = (AxisVar, &'b Address)>) -> Node {
        let mut renamed = Vec::new();
        let mut at = Vec::new();
        for (axis, address) in places {
            match address {
                Address::Here(here) => renamed.push((self.axis(axis), self.axis(*here))),
                Address::At(position) => {
                    let position = self.term(position);
                    at.push((axis, position));
                }
            }
        }
        let at = self.apart(at, &mut renamed);
        let source = self.builder.rename(source, &renamed);
        if at.is_empty() { source } else { self.builder.gather(source, &at) }
    }

    /// The axes to be addressed, moved out of the way where another axis is about to take their name.
    fn apart(&mut self, at: Vec<(AxisVar, Node)>, renamed: &mut Vec<(Axis, Axis)>) -> Vec<(Axis, Node)> {
        let taken: Vec<Axis> = renamed.iter().map(|&(_, to)| to).collect();
        let mut addressed = Vec::new();
        for (axis, position) in at {
            let own = self.axis(axis);
            let moved = if taken.contains(&own) { self.spare_axis(axis, &taken) } else { own };
            if moved != own {
                renamed.push((own, moved));
            }
            addressed.push((moved, position));
        }
        addressed
    }

    /// An axis of the same dim that is not in use here.
    fn spare_axis(&mut self, axis: AxisVar, taken: &[Axis]) -> Axis {
        let mut copy = axis.copy + 2;
        loop {
            let spare = self.axis(AxisVar { dim: axis.dim, copy });
            if !taken.contains(&spare) {
                return spare;
            }
            copy += 1;
        }
    }
}
