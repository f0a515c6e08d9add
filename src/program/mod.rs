//! A graph compiled for repeated evaluation at batches of positions.
//!
//! Constants are computed when the program is made. What varies is computed by loops over the rows of plates that are
//! cut in blocks (see `schedule` and `code`). The lanes of the virtual vector are eight samples; for samples that are
//! left over they are eight rows of a plate. The order of all operations on a sample is the same either way, and nothing
//! that it goes through depends on the others, so its results have the same bits in any batch.

mod checked;
mod code;
mod compile;
mod constants;
mod describe;
mod domain;
mod execute;
mod flat;
mod peephole;
mod roles;
mod room;
mod rows;
mod scan;
mod schedule;
mod share;
mod slots;
#[cfg(test)]
mod tests;
mod tile;
mod whole;

use std::cell::Cell;

use crate::graph::{Graph, Node};
use crate::numeric::dispatch::InstructionSet;
use crate::numeric::lanes::LANES;

pub use checked::Checked;
pub use constants::{Constants, Inexact};
pub use share::Share;

use code::{Code, Group, Input, ParameterSpace, Root, RowGroup, Splat};
use execute::{Abreast, Ahead, Frame, run_rows};

/// A compiled graph.
#[derive(Clone, Debug)]
pub struct Program {
    code: Code,
    set: InstructionSet,
    description: String,
}

/// The memory of a program for a number of samples.
#[derive(Clone, Debug)]
pub struct Workspace {
    samples: usize,
    parts: Vec<Part>,
    memory: Numbers,
    scratch: Numbers,
    numbers: Vec<f64>,
    totals: Vec<f64>,
    /// Sums by stretch, where stretches are shared out.
    kept: Vec<f64>,
}

/// Samples that are computed together, and where their memory begins.
#[derive(Clone, Copy, Debug)]
struct Part {
    first: usize,
    abreast: Abreast,
    start: usize,
    /// The part's place among the totals.
    totals: usize,
}

/// Numbers that begin where a line of the cache does.
#[derive(Debug)]
struct Numbers {
    room: Vec<f64>,
    length: usize,
}

/// Numbers in a line of the cache.
const LINE: usize = 8;
/// More samples than these are computed eight abreast even if fewer than eight are left.
const ONE_BY_ONE: usize = 3;

impl Numbers {
    fn new(length: usize) -> Self {
        Self { room: vec![0.0; length + LINE], length }
    }

    fn get(&mut self) -> &mut [f64] {
        let skipped = self.room.as_ptr().align_offset(LINE * size_of::<f64>()).min(LINE);
        &mut self.room[skipped..][..self.length]
    }
}

impl Clone for Numbers {
    /// The copy may begin elsewhere in its room.
    fn clone(&self) -> Self {
        let mut from = Self { room: self.room.clone(), length: self.length };
        let skipped = self.room.as_ptr().align_offset(LINE * size_of::<f64>()).min(LINE);
        from.get().copy_from_slice(&self.room[skipped..][..self.length]);
        from
    }
}

impl Workspace {
    /// Number of samples it is for.
    pub fn samples(&self) -> usize {
        self.samples
    }
}

impl Program {
    /// Compiles the computation of `roots`, each of which yields as many numbers per sample as it has elements.
    pub fn compile(graph: &Graph, roots: &[Node]) -> Self {
        let (graph, roots) = graph.pruned(roots);
        let mut code = compile::compile(&graph, &roots);
        let description = describe::describe(&graph, &code);
        flat::flatten(&mut code);
        Self { code, set: InstructionSet::detect(), description }
    }

    /// The same program run by another instruction set.
    pub fn with_instruction_set(self, set: InstructionSet) -> Self {
        Self { set, ..self }
    }

    /// All memory that evaluations of `samples` samples need.
    pub fn workspace(&self, samples: usize) -> Workspace {
        let mut parts = vec![];
        let (mut first, mut start, mut totals) = (0, 0, 0);
        while first < samples {
            let abreast = match samples - first {
                1..=ONE_BY_ONE => Abreast::One,
                _ => Abreast::Eight,
            };
            parts.push(Part { first, abreast, start, totals });
            first += abreast.lanes();
            start += self.part_length(abreast);
            totals += self.code.totals * abreast.lanes();
        }
        let mut memory = Numbers::new(start);
        for part in &parts {
            let lanes = part.abreast.lanes();
            for &Splat { column, to, length } in &self.code.splats {
                let cells = &mut memory.get()[part.start + to * lanes..][..length * lanes];
                let values = self.code.columns[column].iter();
                cells.chunks_exact_mut(lanes).zip(values).for_each(|(cells, &value)| cells.fill(value));
            }
        }
        Workspace {
            samples,
            parts,
            memory,
            scratch: Numbers::new(self.code.scratch * LANES),
            numbers: vec![0.0; self.code.numbers],
            totals: vec![0.0; totals],
            kept: vec![],
        }
    }

    /// Numbers in the memory of a part: whole lines, and one to spare for vectors that begin with an array's last rows.
    fn part_length(&self, abreast: Abreast) -> usize {
        (self.code.memory * abreast.lanes()).next_multiple_of(LINE) + LINE
    }

    /// Evaluates the roots at `positions`, S rows, with `directions`, S rows or none; `outputs` has for each root S
    /// rows of its elements. S is the workspace's number of samples.
    pub fn run(
        &self,
        workspace: &mut Workspace,
        positions: &[f64],
        directions: &[f64],
        outputs: &mut [&mut [f64]],
    ) {
        self.load(workspace, positions, directions);
        self.execute(workspace, &self.code.groups);
        self.store_all(workspace, outputs);
    }

    fn load(&self, workspace: &mut Workspace, positions: &[f64], directions: &[f64]) {
        let Workspace { samples, parts, memory, .. } = workspace;
        let memory = memory.get();
        for part in parts.iter() {
            let memory = &mut memory[part.start..];
            part.load(*samples, &self.code.positions, positions, memory);
            part.load(*samples, &self.code.directions, directions, memory);
        }
    }

    fn store_all(&self, workspace: &mut Workspace, outputs: &mut [&mut [f64]]) {
        assert_eq!(outputs.len(), self.code.roots.len(), "an output for each root");
        let Workspace { samples, parts, memory, .. } = workspace;
        let memory = memory.get();
        for (root, output) in self.code.roots.iter().zip(outputs) {
            assert_eq!(output.len(), *samples * root.length, "an output has a row for each sample");
            parts.iter().for_each(|part| self.store(root, part, &memory[part.start..], output));
        }
    }

    /// A text that shows groups, instructions and slots; the same for the same graph.
    pub fn describe(&self) -> String {
        self.description.clone()
    }

    /// Parts run one after another, except that a loop of many blocks runs all parts on a block before the next.
    fn execute(&self, workspace: &mut Workspace, groups: &[Group]) {
        let frames = self.frames(workspace);
        if frames.len() == 1 {
            return frames.for_each(|frame| frame.run(groups));
        }
        for groups in groups.chunk_by(|a, b| long(a).is_none() && long(b).is_none()) {
            match groups {
                [Group::Rows(group)] if group.is_long() => run_rows(frames.clone(), group),
                groups => frames.clone().for_each(|frame| frame.run(groups)),
            }
        }
    }

    /// What the instructions see of each part.
    fn frames<'a>(
        &'a self,
        workspace: &'a mut Workspace,
    ) -> impl ExactSizeIterator<Item = Frame<'a>> + Clone {
        let Workspace { parts, memory, scratch, numbers, totals, .. } = workspace;
        let memory = Cell::from_mut(memory.get()).as_slice_of_cells();
        let scratch = Cell::from_mut(scratch.get()).as_slice_of_cells();
        let numbers = Cell::from_mut(numbers.as_mut_slice()).as_slice_of_cells();
        let totals = Cell::from_mut(totals.as_mut_slice()).as_slice_of_cells();
        // Eight samples take long enough to ask for everything on the way.
        let wide = parts.first().is_some_and(|part| part.abreast == Abreast::Eight);
        parts.iter().map(move |part| Frame {
            code: &self.code,
            memory: &memory[part.start..][..self.part_length(part.abreast)],
            scratch,
            numbers,
            totals: &totals[part.totals..],
            set: self.set,
            abreast: part.abreast,
            ahead: if part.first > 0 && wide { Ahead::Follows } else { Ahead::Asks },
        })
    }

    fn store(&self, root: &Root, part: &Part, memory: &[f64], output: &mut [f64]) {
        let (length, lanes) = (root.length, part.abreast.lanes());
        let rest = &mut output[part.first * length..];
        match (root.from, part.abreast) {
            (Input::Column(column), _) => {
                let rows = rest.chunks_exact_mut(length.max(1)).take(lanes);
                rows.for_each(|row| row.copy_from_slice(&self.code.columns[column][..length]));
            }
            (Input::Array(offset), Abreast::One) => copy(&memory[offset..], &mut rest[..length]),
            (Input::Array(offset), Abreast::Eight) => {
                let elements = &memory[offset * LANES..][..length * LANES];
                for (lane, row) in rest.chunks_exact_mut(length.max(1)).take(lanes).enumerate() {
                    let from = elements.chunks_exact(LANES);
                    row.iter_mut().zip(from).for_each(|(value, lanes)| *value = lanes[lane]);
                }
            }
        }
    }
}

/// A loop of many blocks.
fn long(group: &Group) -> Option<&RowGroup> {
    match group {
        Group::Rows(group) if group.is_long() => Some(group),
        _ => None,
    }
}

/// Fills `to`; for few numbers quicker than a call of the system's copy.
fn copy(from: &[f64], to: &mut [f64]) {
    to.iter_mut().zip(from).for_each(|(to, &from)| *to = from);
}

impl Part {
    /// Brings the rows of a parameter vector into memory; lanes beyond the last sample repeat it, so that they meet no
    /// values that the samples do not.
    fn load(&self, samples: usize, space: &ParameterSpace, vectors: &[f64], memory: &mut [f64]) {
        if space.length == 0 {
            return;
        }
        let width = if samples == 1 { vectors.len() } else { vectors.len() / samples };
        assert!(width >= space.length, "a vector is as long as the graph reads it");
        if self.abreast == Abreast::One {
            return copy(&vectors[self.first * width..], &mut memory[space.first..][..space.length]);
        }
        let elements = &mut memory[space.first * LANES..][..space.length * LANES];
        for lane in 0..LANES {
            let sample = (self.first + lane).min(samples - 1);
            let row = &vectors[sample * width..][..space.length];
            let cells = elements.chunks_exact_mut(LANES);
            cells.zip(row).for_each(|(cells, &value)| cells[lane] = value);
        }
    }
}
