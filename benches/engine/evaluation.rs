//! A program with all that a call of it needs.

use vic::graph::{Graph, Node};
use vic::numeric::dispatch::InstructionSet;
use vic::program::{Program, Share, Workspace};

use crate::models::{self, Model};

/// A program to be called at the same positions over and over.
pub struct Evaluation {
    pub program: Program,
    workspace: Workspace,
    sharing: Vec<Workspace>,
    positions: Vec<f64>,
    directions: Vec<f64>,
    outputs: Vec<Vec<f64>>,
}

/// The instruction set named by `VIC_ISA`, else the widest.
pub fn instruction_set() -> InstructionSet {
    let named = std::env::var("VIC_ISA").ok();
    named.and_then(|name| InstructionSet::named(&name)).unwrap_or_else(InstructionSet::detect)
}

impl Evaluation {
    /// Value and gradient of a model at `samples` positions.
    pub fn of(model: &Model, samples: usize) -> Self {
        Self::new(&model.graph, &model.roots, model.dimension, samples)
    }

    /// The roots of a graph at `samples` positions.
    pub fn new(graph: &Graph, roots: &[Node], dimension: usize, samples: usize) -> Self {
        let program = Program::compile(graph, roots).with_instruction_set(instruction_set());
        let numbers = |seed| models::numbers(seed, samples * dimension).iter().map(|x| 0.3 * x).collect();
        Self {
            workspace: program.workspace(samples),
            sharing: vec![program.workspace(samples); 2],
            positions: numbers(7),
            directions: numbers(8),
            outputs: roots.iter().map(|&root| vec![0.0; samples * graph.len_of(root)]).collect(),
            program,
        }
    }

    /// Calls the program once.
    pub fn call(&mut self) {
        let mut slices: Vec<&mut [f64]> = self.outputs.iter_mut().map(Vec::as_mut_slice).collect();
        self.program.run(&mut self.workspace, &self.positions, &self.directions, &mut slices);
    }

    /// Calls the program once, in two shares.
    pub fn call_shared(&mut self, each: &dyn Fn(&mut [Share])) {
        let mut slices: Vec<&mut [f64]> = self.outputs.iter_mut().map(Vec::as_mut_slice).collect();
        self.program.run_shared(&mut self.sharing, (&self.positions, &self.directions), &mut slices, each);
    }

    /// The positions that it is called at.
    pub fn positions(&self) -> &[f64] {
        &self.positions
    }

    /// All outputs of the last call, root by root.
    pub fn outputs(&self) -> Vec<f64> {
        self.outputs.concat()
    }
}
