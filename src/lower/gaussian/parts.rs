//! How the elements of several members are numbered one after another: where cells or steps have one each, the rest are slots.

use crate::graph::{Axis, Builder};

use super::Member;

/// The elements that a member has in each cell, or at each step.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) member: usize,
    /// Its axes but those of the cells.
    pub(super) within: Vec<Axis>,
    /// The first of its slots.
    pub(super) start: usize,
}

/// The parts of the members chosen, whose cells lie over `axes`, and how many slots they have together.
pub(super) fn parts(
    builder: &Builder,
    members: &[Member],
    axes: &[Axis],
    chosen: &[usize],
) -> (Vec<Part>, usize) {
    let mut slots = 0;
    let mut parts = Vec::with_capacity(chosen.len());
    for &member in chosen {
        let within: Vec<Axis> =
            members[member].axes.iter().copied().filter(|axis| !axes.contains(axis)).collect();
        let start = slots;
        slots += within.iter().map(|&axis| builder.graph().axis_size(axis)).product::<usize>();
        parts.push(Part { member, within, start });
    }
    (parts, slots)
}
