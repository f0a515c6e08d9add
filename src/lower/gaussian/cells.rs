//! Members that are taken cell by cell: given all else, their elements in a cell meet no elements of theirs in another.

use crate::graph::interpret::interpret;
use crate::graph::{Axis, Binary, Builder, Node, Unary};

use super::Member;
use super::curvature::Curvature;
use super::parts::{Part, parts};

/// Cells from which on it pays.
const MANY: usize = 4;
/// The most elements in a cell.
const SLOTS: usize = 12;
/// Products that differ by more than this share are not the same.
pub(super) const TOLERANCE: f64 = 1e-9;
/// Positions at which structure is looked for.
pub(super) const PROBES: usize = 2;

/// How such members lie in cells.
#[derive(Clone, Debug)]
pub(super) struct Cells {
    /// The axes of the cells.
    pub(super) axes: Vec<Axis>,
    /// The axis of all elements of a cell, and its twin.
    pub(super) pair: [Axis; 2],
    parts: Vec<Part>,
}

impl Cells {
    /// The largest set of elements that go cell by cell; none where that does not pay. `width` numbers make a position.
    pub(super) fn find(
        builder: &mut Builder,
        members: &[Member],
        curvature: &Curvature,
        width: usize,
    ) -> Option<Self> {
        let mut ways: Vec<Vec<Axis>> = Vec::new();
        for member in members {
            ways.push(member.axes.clone());
            ways.extend(member.axes.iter().map(|&axis| vec![axis]));
        }
        let size = |builder: &Builder, axes: &[Axis]| -> usize {
            axes.iter().map(|&axis| builder.graph().axis_size(axis)).product()
        };
        ways.retain(|axes| !axes.is_empty() && size(builder, axes) >= MANY);
        ways.sort_by_key(|axes| std::cmp::Reverse(size(builder, axes)));
        ways.dedup();
        ways.into_iter().find_map(|axes| Self::along(builder, (members, axes), curvature, width))
    }

    /// As many members as possible, with cells over these axes.
    fn along(
        builder: &mut Builder,
        (members, axes): (&[Member], Vec<Axis>),
        curvature: &Curvature,
        width: usize,
    ) -> Option<Self> {
        let mut found: Option<Self> = None;
        for k in (0..members.len()).filter(|&k| axes.iter().all(|axis| members[k].axes.contains(axis))) {
            let chosen = found.iter().flat_map(|cells| cells.members()).chain([k]).collect::<Vec<_>>();
            let tried = Self::of(builder, members, &axes, &chosen);
            if tried.is_some_and(|tried| tried.holds(builder, members, curvature, width)) {
                found = Self::of(builder, members, &axes, &chosen);
            }
        }
        found
    }

    fn of(builder: &mut Builder, members: &[Member], axes: &[Axis], chosen: &[usize]) -> Option<Self> {
        let (parts, slots) = parts(builder, members, axes, chosen);
        if slots > SLOTS {
            return None;
        }
        let pair = ["slot", "slot"].map(|label| builder.axis(label.to_string(), slots));
        Some(Self { axes: axes.to_vec(), pair, parts })
    }

    /// The members that go this way.
    pub(super) fn members(&self) -> impl Iterator<Item = usize> {
        self.parts.iter().map(|part| part.member)
    }

    /// For each of the members, for each slot along the twin, 1 at the elements in that slot.
    pub(super) fn units(&self, builder: &mut Builder, members: &[Member]) -> Vec<(usize, Node)> {
        let each = self.parts.iter().map(|part| {
            let places = part.places(builder);
            let slots = builder.iota(self.pair[1]);
            let unit = builder.equal(places, slots);
            (part.member, builder.expand(unit, &members[part.member].axes))
        });
        each.collect()
    }

    /// Values of members, which may vary over `more`, as one array over cells and slots, these along `along`.
    pub(super) fn joined(&self, builder: &mut Builder, of: &[Node], along: Axis, more: &[Axis]) -> Node {
        let axes: Vec<Axis> = self.axes.iter().chain([&along]).chain(more).copied().collect();
        let mut all = builder.constant(0.0);
        for part in &self.parts {
            let places = part.places(builder);
            let own = builder.scatter(of[part.member], &[(along, places)], &axes);
            all = builder.add(all, own);
        }
        builder.expand(all, &axes)
    }

    /// The values of each of the members, from an array over cells and slots along the first axis of the pair.
    pub(super) fn split(&self, builder: &mut Builder, values: Node) -> Vec<(usize, Node)> {
        let each = self.parts.iter().map(|part| {
            let places = part.places(builder);
            (part.member, builder.gather(values, &[(self.pair[0], places)]))
        });
        each.collect()
    }

    /// Whether products with numbers without pattern are those of a matrix of its own in each cell, which products with
    /// units tell. The structure of a graph does not depend on the numbers at which it is looked at, but for a set of
    /// them without volume.
    fn holds(&self, builder: &mut Builder, members: &[Member], curvature: &Curvature, width: usize) -> bool {
        let numbers: Vec<(usize, Node)> = self
            .members()
            .map(|k| {
                let own = (0..members[k].length).map(|i| generic(7 + 3 * i + 1009 * k)).collect::<Vec<_>>();
                (k, builder.data(&members[k].axes, own))
            })
            .collect();
        let twin = self.pair[1];
        let whole = curvature.along(builder, members, (&numbers, &[]));
        let units = self.units(builder, members);
        let columns = curvature.along(builder, members, (&units, &[twin]));
        let mut by_member = vec![builder.constant(0.0); members.len()];
        numbers.iter().for_each(|(k, own)| by_member[*k] = *own);
        let slots = self.joined(builder, &by_member, twin, &[]);
        let sizes = builder.unary(Unary::Abs, slots);
        let mut roots = Vec::new();
        for k in self.members() {
            let parts = builder.contract(columns[k], slots, &[twin]);
            let beyond = builder.sub(whole[k], parts);
            let beyond = builder.unary(Unary::Abs, beyond);
            let scale = builder.unary(Unary::Abs, columns[k]);
            let scale = builder.contract(scale, sizes, &[twin]);
            let allowed = builder.times(scale, TOLERANCE);
            roots.push(builder.binary(Binary::LessEqual, beyond, allowed));
        }
        (0..PROBES).all(|probe| {
            let position: Vec<f64> = (0..width).map(|i| 0.7 * generic(31 * i + 577 * probe)).collect();
            interpret(builder.graph(), &position, &[], &roots).concat().iter().all(|&holds| holds == 1.0)
        })
    }
}

impl Part {
    /// The slot of each of its elements in a cell.
    fn places(&self, builder: &mut Builder) -> Node {
        if self.within.is_empty() {
            return builder.constant(self.start as f64);
        }
        let length: usize = self.within.iter().map(|&axis| builder.graph().axis_size(axis)).product();
        let places: Vec<f64> = (self.start..self.start + length).map(|slot| slot as f64).collect();
        builder.data(&self.within, places)
    }
}

/// A number without pattern, not near 0.
pub(super) fn generic(k: usize) -> f64 {
    let x = (k as f64 * 1.618_033_988_749_895).fract() - 0.5;
    x + 0.25f64.copysign(x)
}
