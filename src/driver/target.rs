//! An objective as inference sees it: compiled programs, evaluated in batches, on as many threads as allowed.

use std::collections::HashMap;

use crate::data::BoundModel;
use crate::graph::{Graph, Node};
use crate::inference::{Block, Expected, Guide, Known, Target, Unknown};
use crate::lower::{Layout, Limits, Matrices, Objective};
use crate::posterior::scalar_names;
use crate::program::{Constants, Inexact, Program, Share, Workspace};

use super::exact::Exact;

use super::guide::{self, CompiledGuide, Part};
use super::team::Team;

/// Positions evaluated by one call of a program: bounds the memory of a workspace.
const BATCH: usize = 32;

/// A compiled objective.
pub struct CompiledTarget {
    dimension: usize,
    blocks: Vec<Block>,
    names: Vec<String>,
    parts: Vec<Part>,
    value: Compiled,
    gradient: Compiled,
    product: Compiled,
    exact: Exact,
    inexact: Vec<Inexact>,
    team: Team,
}

impl CompiledTarget {
    /// Compiles the density, its gradient and its Hessian-vector product.
    pub fn new(objective: &Objective, threads: usize) -> Self {
        let graph = &objective.graph;
        let gradient: Vec<Node> =
            std::iter::once(objective.log_joint).chain(objective.gradient.clone()).collect();
        let mut constants = constants(&objective.limits);
        let mut compiled = |roots: &[Node]| Compiled::sharing(graph, roots, &mut constants);
        let [value, gradient, product] =
            [&[objective.log_joint][..], &gradient, &objective.hessian_vector].map(&mut compiled);
        Self {
            dimension: objective.layout.dimension,
            names: blocks(objective).iter().flat_map(Block::numbered).collect(),
            blocks: blocks(objective),
            parts: guide::parts(objective),
            value,
            gradient,
            product,
            inexact: constants.inexact().to_vec(),
            exact: Exact::new(objective, constants),
            team: Team::for_graph(graph, threads),
        }
    }
}

impl CompiledTarget {
    /// The same, its coordinates named by the labels of the data where each is an element of a latent.
    pub fn labelled(mut self, bound: &BoundModel, objective: &Objective) -> Self {
        let names = objective.layout.blocks.iter().zip(&self.blocks).flat_map(|(latent, block)| {
            let labels = scalar_names(bound, latent.site);
            let is_each = bound.model().site(latent.site).axes.len() == 1 && labels.len() == latent.length;
            if is_each { labels } else { block.numbered() }
        });
        self.names = names.collect();
        self
    }

    /// The matrices that rounding was considered for.
    pub(super) fn inexact(&self) -> &[Inexact] {
        &self.inexact
    }

    /// Evaluations that an expectation costs as much as.
    pub(super) fn cost(&self) -> u64 {
        self.exact.cost()
    }
}

/// What programs of an objective have in common, before the first of them.
pub(super) fn constants(limits: &Limits) -> Constants {
    match limits.matrices {
        Matrices::Exact => Constants::default(),
        Matrices::Single => Constants::in_single(),
    }
}

/// The real coordinates by latent.
pub(super) fn blocks(objective: &Objective) -> Vec<Block> {
    blocks_of(&objective.layout)
}

/// The same, by the layout.
pub(super) fn blocks_of(layout: &Layout) -> Vec<Block> {
    let blocks = layout.blocks.iter().map(|block| Block {
        name: block.name.clone(),
        start: block.offset,
        end: block.offset + block.length,
        ends: block.ends,
    });
    blocks.collect()
}

impl Target for CompiledTarget {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn evaluate(&mut self, positions: &[f64], values: &mut [f64], gradients: &mut [f64]) {
        let d = self.dimension;
        let outputs = self.gradient.run(positions, &[], d, &self.team);
        let count = values.len();
        values.copy_from_slice(&outputs[0]);
        lay_out(&self.blocks, &outputs[1..], gradients, (count, d));
    }

    fn value(&mut self, positions: &[f64], values: &mut [f64]) {
        let outputs = self.value.run(positions, &[], self.dimension, &self.team);
        values.copy_from_slice(&outputs[0]);
    }

    fn hessian_vector(&mut self, positions: &[f64], directions: &[f64], products: &mut [f64]) {
        let d = self.dimension;
        let count = positions.len().checked_div(d).unwrap_or(0);
        let outputs = self.product.run(positions, directions, d, &self.team);
        lay_out(&self.blocks, outputs, products, (count, d));
    }

    fn known(&mut self, draws: usize) -> Option<Known> {
        self.exact.known(draws)
    }

    fn expected(&mut self, mean: &[f64], root: &[f64]) -> Result<Expected, Unknown> {
        self.exact.expected(mean, root)
    }

    fn evaluate_left(&mut self, positions: &[f64], values: &mut [f64], gradients: &mut [f64]) {
        self.exact.evaluate_left(positions, values, gradients, &self.team);
    }

    fn blocks(&self) -> Vec<Block> {
        self.blocks.clone()
    }

    fn names(&self) -> Vec<String> {
        self.names.clone()
    }

    fn guide(&self) -> Option<Box<dyn Guide>> {
        Some(Box::new(CompiledGuide::new(&self.parts)))
    }
}

/// Outputs by block, `[S][length]` each, as rows `[S][D]`.
pub(super) fn lay_out(blocks: &[Block], outputs: &[Vec<f64>], rows: &mut [f64], (count, d): (usize, usize)) {
    for (block, output) in blocks.iter().zip(outputs) {
        let length = block.end - block.start;
        for sample in 0..count {
            let row = sample * d + block.start;
            rows[row..row + length].copy_from_slice(&output[sample * length..(sample + 1) * length]);
        }
    }
}

/// One program with the memory it has been run with.
pub(super) struct Compiled {
    program: Program,
    lengths: Vec<usize>,
    workspaces: HashMap<(usize, usize), Workspace>,
    /// By number of samples, one for each thread that shares rows.
    sharing: HashMap<usize, Vec<Workspace>>,
    outputs: Vec<Vec<f64>>,
}

impl Compiled {
    pub(super) fn new(graph: &Graph, roots: &[Node]) -> Self {
        Self::sharing(graph, roots, &mut Constants::default())
    }

    /// The same, beside programs that read the same data.
    pub(super) fn sharing(graph: &Graph, roots: &[Node], constants: &mut Constants) -> Self {
        let lengths: Vec<usize> = roots.iter().map(|&root| graph.len_of(root)).collect();
        let outputs = vec![Vec::new(); roots.len()];
        let (workspaces, sharing) = (HashMap::new(), HashMap::new());
        let program = Program::compile(graph, roots).sharing(constants);
        Self { program, lengths, workspaces, sharing, outputs }
    }

    /// Outputs `[S][length]` for positions `[S][D]`, S being as many as there are positions.
    pub(super) fn run(
        &mut self,
        positions: &[f64],
        directions: &[f64],
        d: usize,
        team: &Team,
    ) -> &[Vec<f64>] {
        let count = positions.len().checked_div(d).unwrap_or(1);
        self.run_with(positions, directions, count, team)
    }

    /// The same with vectors of any length for `count` samples.
    pub(super) fn run_with(
        &mut self,
        positions: &[f64],
        directions: &[f64],
        count: usize,
        team: &Team,
    ) -> &[Vec<f64>] {
        for (output, length) in self.outputs.iter_mut().zip(&self.lengths) {
            output.resize(count * length, 0.0);
        }
        if team.size() > 1 && self.program.is_shareable() {
            self.run_shared(positions, directions, (count, team));
            return &self.outputs;
        }
        let pieces = pieces(count, team.size());
        for (slot, &(from, to)) in pieces.iter().enumerate() {
            let key = (slot % team.size(), to - from);
            if !self.workspaces.contains_key(&key) {
                self.workspaces.insert(key, self.program.workspace(to - from));
            }
        }
        self.run_pieces(&pieces, positions, directions, (count, team));
        &self.outputs
    }

    /// All threads work on the same samples, each on its share of the rows: data are read once for all samples.
    fn run_shared(&mut self, positions: &[f64], directions: &[f64], (count, team): (usize, &Team)) {
        let Self { program, lengths, sharing, outputs, .. } = self;
        let pieces = pieces(count, 1);
        for (piece, mut outputs) in split_outputs(outputs, lengths, &pieces) {
            let vectors = (slice(positions, piece, count), slice(directions, piece, count));
            let samples = piece.1 - piece.0;
            let workspaces = sharing
                .entry(samples)
                .or_insert_with(|| (0..team.size()).map(|_| program.workspace(samples)).collect());
            program.run_shared(workspaces, vectors, &mut outputs, &|shares| team.each(shares, Share::run));
        }
    }

    fn run_pieces(
        &mut self,
        pieces: &[(usize, usize)],
        positions: &[f64],
        directions: &[f64],
        (count, team): (usize, &Team),
    ) {
        let (program, lengths) = (&self.program, &self.lengths);
        let jobs = split_outputs(&mut self.outputs, lengths, pieces);
        let mut shares: Vec<(HashMap<usize, &mut Workspace>, Vec<Job>)> = Vec::new();
        shares.resize_with(team.size(), Default::default);
        for (&(slot, size), workspace) in &mut self.workspaces {
            if let Some((memory, _)) = shares.get_mut(slot) {
                memory.insert(size, workspace);
            }
        }
        for (slot, job) in jobs.into_iter().enumerate() {
            shares[slot % team.size()].1.push(job);
        }
        team.each(&mut shares, |(memory, jobs)| {
            for (piece, outputs) in jobs {
                let workspace =
                    memory.get_mut(&(piece.1 - piece.0)).expect("a workspace for each size was made");
                let vectors = [positions, directions].map(|all| slice(all, *piece, count));
                program.run(workspace, vectors[0], vectors[1], outputs);
            }
        });
    }
}

/// The rows of some of `count` samples.
fn slice(all: &[f64], (from, to): (usize, usize), count: usize) -> &[f64] {
    let width = all.len().checked_div(count).unwrap_or(0);
    &all[from * width..to * width]
}

/// Ranges of samples: at most `BATCH` each, and enough of them for every thread.
fn pieces(count: usize, threads: usize) -> Vec<(usize, usize)> {
    let size = count.div_ceil(threads).clamp(1, BATCH);
    (0..count).step_by(size).map(|from| (from, (from + size).min(count))).collect()
}

/// For each piece, its part of every output.
type Job<'a> = ((usize, usize), Vec<&'a mut [f64]>);

fn split_outputs<'a>(
    outputs: &'a mut [Vec<f64>],
    lengths: &[usize],
    pieces: &[(usize, usize)],
) -> Vec<Job<'a>> {
    let mut jobs: Vec<Job> = pieces.iter().map(|&piece| (piece, Vec::with_capacity(lengths.len()))).collect();
    for (output, length) in outputs.iter_mut().zip(lengths) {
        let mut rest = output.as_mut_slice();
        for (piece, parts) in &mut jobs {
            let (part, later) = rest.split_at_mut((piece.1 - piece.0) * length);
            parts.push(part);
            rest = later;
        }
    }
    jobs
}
