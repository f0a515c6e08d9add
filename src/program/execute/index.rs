//! Gathers and scatters whose positions differ from sample to sample.
#![allow(clippy::needless_range_loop, reason = "loops of constant count over several arrays, to be unrolled")]

use std::cell::Cell;
use std::sync::Arc;

use crate::numeric::lanes::Lanes;
use crate::program::code::{Input, Positions};

use super::Frame;

/// out\[row] = source[starts\[row] + the positions], clamped into their axes.
pub(super) fn gather<const N: usize>(
    frame: Frame,
    source: Input,
    (starts, at): (&[u32], &[Positions]),
    out: &[Cell<Lanes<N>>],
) {
    let source = frame.elements::<N>(source);
    for (row, (&start, cell)) in starts.iter().zip(out).enumerate() {
        let mut elements = [start as usize; N];
        for positions in at {
            let read = frame.elements::<N>(positions.from).at(positions.rows[row] as usize);
            for (element, position) in elements.iter_mut().zip(read.0) {
                // The cast clamps below at 0, and takes NaN there.
                *element +=
                    (position.round() as usize).min(positions.size.saturating_sub(1)) * positions.stride;
            }
        }
        let mut result = Lanes::ZERO;
        for lane in 0..N {
            result.0[lane] = source.at(elements[lane]).0[lane];
        }
        cell.set(result);
    }
}

/// out[starts\[row] + the positions] += values\[row]; positions outside of their axes drop the row.
pub(super) fn scatter<const N: usize>(
    frame: Frame,
    (values, rows): &(Input, Arc<[u32]>),
    (starts, at): (&[u32], &[Positions]),
    out: &[Cell<Lanes<N>>],
) {
    out.iter().for_each(|cell| cell.set(Lanes::ZERO));
    let values = frame.elements::<N>(*values);
    for (row, &start) in starts.iter().enumerate() {
        let mut elements = [Some(start as usize); N];
        for positions in at {
            let read = frame.elements::<N>(positions.from).at(positions.rows[row] as usize);
            for (element, position) in elements.iter_mut().zip(read.0) {
                let position = position.round();
                let inside = (0.0..positions.size as f64).contains(&position);
                *element =
                    element.filter(|_| inside).map(|element| element + position as usize * positions.stride);
            }
        }
        let value = values.at(rows[row] as usize);
        for lane in 0..N {
            if let Some(element) = elements[lane] {
                let mut sum = out[element].get();
                sum.0[lane] += value.0[lane];
                out[element].set(sum);
            }
        }
    }
}
