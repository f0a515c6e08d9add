//! Recurrences: the body's groups, once for each position, between copies in and out of its leaves.

use crate::graph::Direction;
use crate::program::code::{Input, ScanOp, Slice, Transfer};

use super::Frame;

pub(super) fn run<const N: usize>(frame: Frame, op: &ScanOp) {
    transfer::<N>(frame, &op.before);
    for step in 0..op.length {
        let position = match op.direction {
            Direction::Forward => step,
            Direction::Reverse => op.length - 1 - step,
        };
        for sequence in &op.sequences {
            read_slice::<N>(frame, sequence, (position, op.length));
        }
        frame.run(&op.body);
        for output in &op.outputs {
            write_slice::<N>(frame, output, (position, op.length));
        }
        transfer::<N>(frame, &op.next);
        transfer::<N>(frame, &op.carried);
    }
    transfer::<N>(frame, &op.after);
}

fn transfer<const N: usize>(frame: Frame, transfers: &[Transfer]) {
    for &Transfer { from, to, length } in transfers {
        let (from, to) = (frame.elements::<N>(from), frame.array(to));
        (0..length).for_each(|k| to[k].set(from.at(k)));
    }
}

/// Element (o, i) of a slice and of its array.
fn elements(slice: &Slice, (position, length): (usize, usize)) -> impl Iterator<Item = (usize, usize)> {
    let (outer, inner) = (slice.outer, slice.inner);
    (0..outer)
        .flat_map(move |o| (0..inner).map(move |i| (o * inner + i, (o * length + position) * inner + i)))
}

fn read_slice<const N: usize>(frame: Frame, slice: &Slice, at: (usize, usize)) {
    let Input::Array(leaf) = slice.slice else { unreachable!("a leaf is an array") };
    let (leaf, array) = (frame.array(leaf), frame.elements::<N>(slice.array));
    elements(slice, at).for_each(|(own, whole)| leaf[own].set(array.at(whole)));
}

fn write_slice<const N: usize>(frame: Frame, slice: &Slice, at: (usize, usize)) {
    let Input::Array(array) = slice.array else { unreachable!("an output is an array") };
    let (array, own_values) = (frame.array(array), frame.elements::<N>(slice.slice));
    elements(slice, at).for_each(|(own, whole)| array[whole].set(own_values.at(own)));
}
