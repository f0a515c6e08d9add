//! Triangular systems: an unknown is what is left of the right-hand side when products with the unknowns found before are
//! taken from it in the order in which these were found, over the diagonal. Where lanes are samples, tiles of rows and
//! right-hand sides stay in registers; for one sample, lanes are right-hand sides, or rows if there is one of them.
#![allow(clippy::needless_range_loop, reason = "loops of constant count over several arrays, to be unrolled")]

use std::cell::Cell;
use std::ops::Range;

use crate::graph::Direction;
use crate::numeric::dispatch::Isa;
use crate::numeric::lanes::{F8, LANES, Lanes, load, store, vectors};
use crate::program::code::{COLUMNS, Lines, Matrices, Offset};

use super::linear::{View, view};
use super::{Frame, small};

/// Vectors that a line of right-hand sides has where lanes are right-hand sides.
const WIDTH: usize = COLUMNS / LANES;

/// A triangular system. Its rows are numbered in the order in which they are solved.
#[derive(Clone, Copy)]
struct System<'a, const N: usize> {
    matrix: View<'a, N>,
    size: usize,
    direction: Direction,
}

impl<const N: usize> System<'_, N> {
    /// The row of the matrix that is solved in a step.
    #[inline(always)]
    fn row(self, step: usize) -> usize {
        match self.direction {
            Direction::Forward => step,
            Direction::Reverse => self.size - 1 - step,
        }
    }

    /// The coefficient, in the row of a step, of the unknown of another.
    #[inline(always)]
    fn entry(self, step: usize, before: usize) -> Lanes<N> {
        self.matrix.at(self.row(step), self.row(before))
    }
}

/// Some lines of an array.
type Sides<'a, const N: usize> = (&'a [Cell<Lanes<N>>], &'a Lines, Range<usize>);

/// Substitution, forward for L x = b and backward for L' x = b.
#[inline(always)]
pub(super) fn solve_triangular<I: Isa, const N: usize>(
    frame: Frame,
    l: &Matrices,
    (b, x): (&(Offset, Lines), &(Offset, Lines)),
    direction: Direction,
) {
    if l.size <= small::SIZE {
        return small::solve::<I, N>(frame, l, (b, x), direction);
    }
    let (known, unknown) = (frame.array::<N>(b.0), frame.array::<N>(x.0));
    let mut first = 0;
    for starts in l.starts.chunk_by(|a, b| a == b) {
        let matrix = view(l, frame.array::<N>(l.array), starts[0]);
        let matrix = if direction == Direction::Forward { matrix } else { matrix.transposed() };
        let system = System { matrix, size: l.size, direction };
        let last = first + starts.len();
        while first < last {
            let sides = first..last.min(first + if N == 1 { COLUMNS } else { 4 });
            first = sides.end;
            let (b, x) = ((known, &b.1, sides.clone()), (unknown, &x.1, sides));
            match N {
                1 => alone::<I, N>(system, (b, x), frame.numbers),
                _ => abreast::<I, N>(system, (b, x)),
            }
        }
    }
}

/// Up to four right-hand sides, lanes are samples.
#[inline(always)]
fn abreast<I: Isa, const N: usize>(system: System<N>, (b, x): (Sides<N>, Sides<N>)) {
    match (b.2.len(), I::ROOMY) {
        (4, true) => tiles::<I, N, 4, 4>(system, &(b, x), 0),
        (4, false) => {
            tiles::<I, N, 2, 2>(system, &(b.clone(), x.clone()), 0);
            tiles::<I, N, 2, 2>(system, &(b, x), 2);
        }
        (count, _) => (0..count).for_each(|k| tiles::<I, N, 4, 1>(system, &(b.clone(), x.clone()), k)),
    }
}

/// Solves for K right-hand sides, R rows at a time.
#[inline(always)]
fn tiles<I: Isa, const N: usize, const R: usize, const K: usize>(
    system: System<N>,
    sides: &(Sides<N>, Sides<N>),
    from: usize,
) {
    let (mut known, mut unknown) = ([0; K], [0; K]);
    known.copy_from_slice(&sides.0.1.starts[sides.0.2.start + from..][..K]);
    unknown.copy_from_slice(&sides.1.1.starts[sides.1.2.start + from..][..K]);
    let mut step = 0;
    while step + R <= system.size {
        tile::<I, N, R, K>(system, sides, (&known, &unknown), step);
        step += R;
    }
    while step < system.size {
        tile::<I, N, 1, K>(system, sides, (&known, &unknown), step);
        step += 1;
    }
}

#[inline(always)]
fn tile<I: Isa, const N: usize, const R: usize, const K: usize>(
    system: System<N>,
    ((b, b_lines, _), (x, x_lines, _)): &(Sides<N>, Sides<N>),
    (known, unknown): (&[u32; K], &[u32; K]),
    first: usize,
) {
    let mut rest = [[Lanes::ZERO; K]; R];
    for r in 0..R {
        let step = b_lines.steps[system.row(first + r)];
        for k in 0..K {
            rest[r][k] = b[(known[k] + step) as usize].get();
        }
    }
    // A copy that is read at constant places alone stays in registers.
    let mut sums = rest;
    for before in 0..first {
        let step = x_lines.steps[system.row(before)];
        let mut found = [Lanes::ZERO; K];
        for k in 0..K {
            found[k] = x[(unknown[k] + step) as usize].get();
        }
        for r in 0..R {
            let entry = system.entry(first + r, before);
            for k in 0..K {
                sums[r][k] = entry.subtracted_from::<I>(found[k], sums[r][k]);
            }
        }
    }
    rest = sums;
    for r in 0..R {
        for q in 0..r {
            let entry = system.entry(first + r, first + q);
            for k in 0..K {
                rest[r][k] = entry.subtracted_from::<I>(rest[q][k], rest[r][k]);
            }
        }
        let diagonal = system.entry(first + r, first + r);
        let step = x_lines.steps[system.row(first + r)];
        for k in 0..K {
            rest[r][k] = rest[r][k].over(diagonal);
            x[(unknown[k] + step) as usize].set(rest[r][k]);
        }
    }
}

/// Up to 32 right-hand sides of one sample.
#[inline(always)]
fn alone<I: Isa, const N: usize>(
    system: System<N>,
    ((known, b, sides), (unknown, x, _)): (Sides<N>, Sides<N>),
    room: &[Cell<f64>],
) {
    let (from, to) = (&b.starts[sides.clone()], &x.starts[sides]);
    let count = from.len();
    let width = if count == 1 { 1 } else { count.next_multiple_of(LANES) };
    let room = &room[..system.size * width];
    for (line, step) in room.chunks_exact(width).zip(0..system.size) {
        let step = b.steps[system.row(step)];
        line.iter().zip(from).for_each(|(cell, &k)| cell.set(known[(k + step) as usize].get().0[0]));
        line[count..].iter().for_each(|cell| cell.set(0.0));
    }
    match width / LANES {
        0 => by_rows::<I, N>(system, room),
        WIDTH => by_sides::<I, N, WIDTH>(system, room),
        3 => by_sides::<I, N, 3>(system, room),
        2 => by_sides::<I, N, 2>(system, room),
        _ => by_sides::<I, N, 1>(system, room),
    }
    for (line, step) in room.chunks_exact(width).zip(0..system.size) {
        let step = x.steps[system.row(step)];
        let cells = line.iter().zip(to);
        cells.for_each(|(cell, &k)| unknown[(k + step) as usize].set(Lanes::splat(cell.get())));
    }
}

/// Lanes are right-hand sides, W vectors of them, which stand in `room` step after step.
#[inline(always)]
fn by_sides<I: Isa, const N: usize, const W: usize>(system: System<N>, room: &[Cell<f64>]) {
    let mut step = 0;
    if I::ROOMY {
        while step + 4 <= system.size {
            lines::<I, N, W, 4>(system, room, step);
            step += 4;
        }
    }
    while step < system.size {
        lines::<I, N, W, 1>(system, room, step);
        step += 1;
    }
}

/// R steps together.
#[inline(always)]
fn lines<I: Isa, const N: usize, const W: usize, const R: usize>(
    system: System<N>,
    room: &[Cell<f64>],
    first: usize,
) {
    let mut rest = [[F8::ZERO; W]; R];
    for r in 0..R {
        for w in 0..W {
            rest[r][w] = load(room, ((first + r) * W + w) * LANES);
        }
    }
    let lines = &vectors::<LANES>(room)[..first * W];
    let mut sums = rest;
    for before in 0..first {
        let line = &lines[before * W..][..W];
        let mut found = [F8::ZERO; W];
        for w in 0..W {
            found[w] = line[w].get();
        }
        for r in 0..R {
            let entry = F8::splat(system.entry(first + r, before).0[0]);
            for w in 0..W {
                sums[r][w] = entry.subtracted_from::<I>(found[w], sums[r][w]);
            }
        }
    }
    rest = sums;
    for r in 0..R {
        for q in 0..r {
            let entry = F8::splat(system.entry(first + r, first + q).0[0]);
            for w in 0..W {
                rest[r][w] = entry.subtracted_from::<I>(rest[q][w], rest[r][w]);
            }
        }
        let diagonal = F8::splat(system.entry(first + r, first + r).0[0]);
        for w in 0..W {
            rest[r][w] = rest[r][w].over(diagonal);
            store(room, ((first + r) * W + w) * LANES, rest[r][w]);
        }
    }
}

/// One right-hand side, lanes are eight steps: products with what was found before them are taken from all of these, then they
/// are solved one after another.
#[inline(always)]
fn by_rows<I: Isa, const N: usize>(system: System<N>, room: &[Cell<f64>]) {
    for first in (0..system.size).step_by(LANES) {
        let count = LANES.min(system.size - first);
        let mut rest = F8::ZERO;
        for lane in 0..count {
            rest.0[lane] = room[first + lane].get();
        }
        for before in 0..first {
            let mut entries = F8::ZERO;
            for lane in 0..LANES {
                entries.0[lane] = system.entry((first + lane).min(system.size - 1), before).0[0];
            }
            let found = F8::splat(room[before].get());
            rest = entries.subtracted_from::<I>(found, rest);
        }
        for lane in 0..count {
            let mut own = Lanes([rest.0[lane]]);
            for before in 0..lane {
                let entry = system.entry(first + lane, first + before).0[0];
                own = Lanes([entry]).subtracted_from::<I>(Lanes([room[first + before].get()]), own);
            }
            room[first + lane].set(own.0[0] / system.entry(first + lane, first + lane).0[0]);
        }
    }
}
