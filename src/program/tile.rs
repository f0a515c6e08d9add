//! Constant matrices as products read them: packed in blocks of rows, and in single precision where that is exact.

use std::sync::Arc;

use crate::numeric::entry::Entry;

/// A constant matrix in blocks of rows, each block column-major: B rows, P columns, the last block padded with 0.
#[derive(Clone, Debug)]
pub(super) struct Tile {
    pub rows: usize,
    pub columns: usize,
    pub block: usize,
    pub entries: Entries,
}

/// The numbers of a matrix.
#[derive(Clone, Debug)]
pub(super) enum Entries {
    Double(Arc<[f64]>),
    /// Widened where they are read, which changes none of them.
    Single(Arc<[f32]>),
}

/// The shape of a packed matrix.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub rows: usize,
    pub columns: usize,
    pub block: usize,
}

impl Tile {
    /// Element (i, j) of the matrix is at `starts[i] + steps[j]` of `values`.
    pub fn pack(values: &[f64], (starts, steps): (&[u32], &[u32]), block: usize) -> Self {
        let shape = Shape { rows: starts.len(), columns: steps.len(), block };
        let entries = match values.iter().all(|&x| is_single(x)) {
            true => Entries::Single(packed(values, (starts, steps), shape, |x| x as f32)),
            false => Entries::Double(packed(values, (starts, steps), shape, |x| x)),
        };
        Self { rows: shape.rows, columns: shape.columns, block, entries }
    }

    /// The numbers in single precision, and how far that moves one at most, in standard deviations of its column (of a
    /// column without a deviation, in multiples of itself).
    pub fn narrowed(&self) -> Option<(Arc<[f32]>, f64)> {
        let Entries::Double(entries) = &self.entries else { return None };
        let moved = (0..self.columns).map(|column| moved(|| self.column(entries, column)));
        Some((entries.iter().map(|&x| x as f32).collect(), moved.fold(0.0, f64::max)))
    }

    /// The numbers of a column that are finite.
    fn column<'a>(&self, entries: &'a [f64], column: usize) -> impl Iterator<Item = f64> + 'a {
        let (block, rows) = (self.block, self.rows);
        let blocks = entries.chunks_exact(block * self.columns);
        let numbers = blocks.flat_map(move |own| &own[column * block..][..block]).copied();
        numbers.take(rows).filter(|x| x.is_finite())
    }

    /// How many numbers there are, with the padding.
    pub fn len(&self) -> usize {
        match &self.entries {
            Entries::Double(entries) => entries.len(),
            Entries::Single(entries) => entries.len(),
        }
    }
}

/// Whether a number is the same, by its bits, after it has been in single precision.
pub(super) fn is_single(x: f64) -> bool {
    f64::from(x as f32).to_bits() == x.to_bits()
}

/// How far single precision moves one of some numbers at most.
fn moved<I: Iterator<Item = f64>>(numbers: impl Fn() -> I) -> f64 {
    let most = numbers().map(|x| (x - f64::from(x as f32)).abs()).fold(0.0, f64::max);
    let count = numbers().count() as f64;
    let mean = numbers().sum::<f64>() / count;
    let variance = numbers().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
    match (most > 0.0, variance > 0.0) {
        (false, _) => 0.0,
        (true, true) => most / variance.sqrt(),
        (true, false) => most / mean.abs(),
    }
}

fn packed<E: Entry>(
    values: &[f64],
    (starts, steps): (&[u32], &[u32]),
    Shape { rows, columns, block }: Shape,
    narrow: impl Fn(f64) -> E,
) -> Arc<[E]> {
    let length = rows.div_ceil(block) * block * columns;
    let mut packed: Arc<[E]> = std::iter::repeat_n(narrow(0.0), length).collect();
    let entries = Arc::get_mut(&mut packed).expect("nothing else knows it yet");
    for (row, &start) in starts.iter().enumerate() {
        let base = row / block * block * columns + row % block;
        for (column, &step) in steps.iter().enumerate() {
            entries[base + column * block] = narrow(values[(start + step) as usize]);
        }
    }
    packed
}

#[cfg(test)]
mod tests {
    use super::{Entries, is_single};
    use crate::graph::interpret::interpret;
    use crate::graph::{Builder, Graph, Node, Unary, Vector};
    use crate::numeric::dispatch::InstructionSet;
    use crate::program::Program;

    /// Numbers that single precision holds, among them the smallest and the two zeros.
    fn singles(count: usize) -> Vec<f64> {
        let special = [0.0f32, -0.0, f32::MIN_POSITIVE, 1e-42, -3.5, 1.0e7];
        let number = |k: usize| match k % 7 {
            0 => special[k / 7 % special.len()],
            _ => (k as f32 * 0.37).sin(),
        };
        (0..count).map(|k| f64::from(number(k))).collect()
    }

    /// tanh(X b) and X' tanh(X b)
    fn products(x: Vec<f64>, rows: usize) -> (Graph, [Node; 2]) {
        let mut b = Builder::new();
        let columns = x.len() / rows;
        let (n, p) = (b.axis("n", rows), b.axis("p", columns));
        let x = b.data(&[n, p], x);
        let beta = b.parameter(Vector::Position, 0, &[p]);
        let linear = b.contract(x, beta, &[p]);
        let curved = b.unary(Unary::Tanh, linear);
        let back = b.contract(x, curved, &[n]);
        (b.finish(), [curved, back])
    }

    fn run(program: &Program, positions: &[f64], (rows, columns): (usize, usize)) -> [Vec<f64>; 2] {
        let samples = positions.len() / columns;
        let mut outputs = [vec![7.0; samples * rows], vec![7.0; samples * columns]];
        let mut slices: Vec<&mut [f64]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
        program.run(&mut program.workspace(samples), positions, &[], &mut slices);
        outputs
    }

    fn bits(outputs: &[Vec<f64>; 2]) -> Vec<u64> {
        outputs.iter().flatten().map(|x| x.to_bits()).collect()
    }

    /// Flat code, one block and a rest, several blocks; narrow and wide; lanes of rows and of samples.
    #[test]
    fn single_precision_changes_no_bit() {
        for (rows, columns) in [(5, 3), (61, 2), (300, 19), (517, 7), (131, 33)] {
            let (graph, roots) = products(singles(rows * columns), rows);
            for set in InstructionSet::all() {
                let narrow = Program::compile(&graph, &roots).with_instruction_set(set);
                let mut wide = narrow.clone();
                for tile in &mut wide.code.tiles {
                    let Entries::Single(entries) = &tile.entries else { panic!("not narrowed") };
                    tile.entries = Entries::Double(entries.iter().map(|&x| f64::from(x)).collect());
                }
                for samples in [1, 3, 8, 10] {
                    let positions: Vec<f64> =
                        (0..samples * columns).map(|k| 0.3 * (k as f64 * 1.7).cos()).collect();
                    let got = run(&narrow, &positions, (rows, columns));
                    let shape = (rows, columns, samples, set.name());
                    assert_eq!(bits(&got), bits(&run(&wide, &positions, (rows, columns))), "{shape:?}");
                    let want = interpret(&graph, &positions[..columns], &[], &roots);
                    for (want, got) in want.iter().zip(&got) {
                        let pairs = got.iter().zip(want);
                        pairs
                            .for_each(|(a, b)| assert!((a - b).abs() <= 1e-12 * b.abs().max(1.0), "{a} {b}"));
                    }
                }
            }
        }
    }

    #[test]
    fn what_it_would_change_stays_double() {
        for other in [0.1, 1e300, 1e-50, 16_777_217.0, f64::from_bits(0x7ff8_0000_0000_0001)] {
            assert!(!is_single(other), "{other}");
            let x = [singles(40), vec![other]].concat();
            let (graph, roots) = products(x, 41);
            let program = Program::compile(&graph, &roots);
            let is_double = |entries: &Entries| matches!(entries, Entries::Double(_));
            assert!(program.code.tiles.iter().all(|tile| is_double(&tile.entries)), "{other}");
        }
        assert!([1.0, 0.5, -0.0, f64::INFINITY, f64::NAN, 16_777_216.0].into_iter().all(is_single));
    }
}
