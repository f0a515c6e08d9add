//! A graph compiled for repeated evaluation at batches of positions.
//!
//! Constants are computed when the program is made. What varies is computed for eight samples at a time, one in each
//! lane of the virtual vector, by loops over the rows of plates that are cut in blocks (see `schedule` and `code`).
//! Nothing that a sample goes through depends on the other samples, so its results have the same bits in any batch.

mod code;
mod compile;
mod describe;
mod domain;
mod execute;
mod peephole;
mod roles;
mod rows;
mod scan;
mod schedule;
mod slots;
#[cfg(test)]
mod tests;
mod whole;

use std::cell::Cell;

use crate::graph::{Graph, Node};
use crate::numeric::dispatch::InstructionSet;
use crate::numeric::lanes::{F8, LANES};

use code::{Code, Group, Input, ParameterSpace, Root};
use execute::Frame;

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
    /// Chunks, one after another.
    memory: Vec<F8>,
    scratch: Vec<F8>,
    numbers: Vec<f64>,
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
        let code = compile::compile(&graph, &roots);
        let description = describe::describe(&graph, &code);
        Self { code, set: InstructionSet::detect(), description }
    }

    /// The same program run by another instruction set.
    pub fn with_instruction_set(self, set: InstructionSet) -> Self {
        Self { set, ..self }
    }

    /// All memory that evaluations of `samples` samples need.
    pub fn workspace(&self, samples: usize) -> Workspace {
        let chunks = samples.div_ceil(LANES);
        let mut memory = vec![F8::ZERO; chunks * self.code.memory];
        for chunk in memory.chunks_exact_mut(self.code.memory.max(1)) {
            for &(column, offset) in &self.code.splats {
                for (cell, &value) in chunk[offset..].iter_mut().zip(self.code.columns[column].iter()) {
                    *cell = F8::splat(value);
                }
            }
        }
        Workspace {
            samples,
            memory,
            scratch: vec![F8::ZERO; self.code.scratch],
            numbers: vec![0.0; self.code.numbers],
        }
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
        assert_eq!(outputs.len(), self.code.roots.len(), "an output for each root");
        let samples = workspace.samples;
        let length = self.code.memory;
        for (chunk, memory) in workspace.memory.chunks_exact_mut(length.max(1)).enumerate() {
            let rows = Rows { first: chunk * LANES, samples };
            rows.load(&self.code.positions, positions, memory);
            rows.load(&self.code.directions, directions, memory);
        }
        self.execute(workspace);
        for (root, output) in self.code.roots.iter().zip(outputs) {
            self.store(root, workspace, output);
        }
    }

    /// A text that shows groups, instructions and slots; the same for the same graph.
    pub fn describe(&self) -> String {
        self.description.clone()
    }

    /// Chunks run one after another, except that a loop of many blocks runs all chunks on a block before the next:
    /// its constants are read from afar once.
    fn execute(&self, workspace: &mut Workspace) {
        let memory = Cell::from_mut(workspace.memory.as_mut_slice()).as_slice_of_cells();
        let scratch = Cell::from_mut(workspace.scratch.as_mut_slice()).as_slice_of_cells();
        let numbers = Cell::from_mut(workspace.numbers.as_mut_slice()).as_slice_of_cells();
        let frame = |memory| Frame { code: &self.code, memory, scratch, numbers, set: self.set };
        let chunks = || memory.chunks_exact(self.code.memory.max(1)).map(frame);
        let is_long = |group: &Group| matches!(group, Group::Rows(group) if group.rows > group.block);
        for groups in self.code.groups.chunk_by(|a, b| !is_long(a) && !is_long(b)) {
            match groups {
                [Group::Rows(group)] if group.rows > group.block => {
                    chunks().for_each(|frame| frame.clear(group));
                    for first in (0..group.rows).step_by(group.block) {
                        chunks().for_each(|frame| frame.run_block(group, first));
                    }
                }
                groups => chunks().for_each(|frame| frame.run(groups)),
            }
        }
    }

    fn store(&self, root: &Root, workspace: &Workspace, output: &mut [f64]) {
        assert_eq!(output.len(), workspace.samples * root.length, "an output has a row for each sample");
        for (sample, row) in output.chunks_exact_mut(root.length.max(1)).enumerate() {
            match root.from {
                Input::Column(column) => row.copy_from_slice(&self.code.columns[column]),
                Input::Array(offset) => {
                    let first = sample / LANES * self.code.memory + offset;
                    for (value, lanes) in row.iter_mut().zip(&workspace.memory[first..]) {
                        *value = lanes.0[sample % LANES];
                    }
                }
            }
        }
    }
}

/// The samples of a chunk.
struct Rows {
    first: usize,
    samples: usize,
}

impl Rows {
    /// Transposes the chunk's rows of a parameter vector into memory; lanes beyond the last sample repeat it, so that
    /// they meet no values that the samples do not.
    fn load(&self, space: &ParameterSpace, vectors: &[f64], memory: &mut [F8]) {
        if space.length == 0 {
            return;
        }
        let width = vectors.len() / self.samples;
        assert!(width >= space.length, "a vector is as long as the graph reads it");
        for lane in 0..LANES {
            let sample = (self.first + lane).min(self.samples - 1);
            let row = &vectors[sample * width..][..space.length];
            for (cell, &value) in memory[space.first..].iter_mut().zip(row) {
                cell.0[lane] = value;
            }
        }
    }
}
