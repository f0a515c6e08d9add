//! Loops of many blocks. Rows are added up in stretches, and the sums of these in order, whoever did them.

use std::cell::Cell;

use crate::numeric::lanes::LANES;
use crate::program::code::RowGroup;

use super::{Abreast, Frame, layout, matrix};

/// Runs the loop for all frames: each block for all of them before the next, so that its constants are read from afar
/// once.
pub(in crate::program) fn run_rows<'a>(frames: impl Iterator<Item = Frame<'a>> + Clone, group: &RowGroup) {
    let stretches = group.stretches();
    for stretch in 0..stretches {
        run_stretch(frames.clone(), group, stretch);
        if stretches > 1 {
            frames.clone().for_each(|frame| frame.keep(group, stretch));
        }
    }
    if stretches > 1 {
        frames.for_each(|frame| frame.restore(group));
    }
}

/// Runs one stretch, whose sums alone are in the accumulators afterwards.
pub(in crate::program) fn run_stretch<'a>(
    frames: impl Iterator<Item = Frame<'a>> + Clone,
    group: &RowGroup,
    stretch: usize,
) {
    frames.clone().for_each(|frame| frame.clear(group));
    let rows = group.stretch();
    let last = (rows * (stretch + 1)).min(group.rows);
    for first in (rows * stretch..last).step_by(group.block) {
        frames.clone().for_each(|frame| frame.run_block(group, first));
    }
    frames.for_each(|frame| frame.finish(group));
}

impl<'a> Frame<'a> {
    fn elements_of(self, first: usize, length: usize) -> &'a [Cell<f64>] {
        let lanes = self.abreast.lanes();
        &self.memory[first * lanes..][..length * lanes]
    }

    /// Sets the accumulators of a group to 0.
    fn clear(self, group: &RowGroup) {
        let strands = group.strands.iter().map(|own| (own.strands, own.length * LANES));
        for (first, length) in group.sums.iter().copied().chain(strands) {
            self.elements_of(first, length).iter().for_each(|cell| cell.set(0.0));
        }
    }

    /// Adds up strands.
    fn finish(self, group: &RowGroup) {
        for own in &group.strands {
            let strands = self.elements_of(own.strands, own.length * LANES);
            let into = self.elements_of(own.into, own.length);
            match self.abreast {
                Abreast::Eight => matrix::finish::<LANES, layout::Samples>(strands, into),
                Abreast::One => matrix::finish::<LANES, layout::Rows>(strands, into),
            }
        }
    }

    /// The accumulators of a group, one after another.
    pub(in crate::program) fn sums(self, group: &RowGroup) -> impl Iterator<Item = &'a Cell<f64>> {
        group.sums.iter().flat_map(move |&(first, length)| self.elements_of(first, length))
    }

    /// Adds the sums of a stretch to those of the stretches before.
    fn keep(self, group: &RowGroup, stretch: usize) {
        for (sum, total) in self.sums(group).zip(self.totals) {
            total.set(if stretch == 0 { sum.get() } else { total.get() + sum.get() });
        }
    }

    /// Brings the totals to where they are read.
    fn restore(self, group: &RowGroup) {
        self.sums(group).zip(self.totals).for_each(|(sum, total)| sum.set(total.get()));
    }
}
