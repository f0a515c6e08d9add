//! An objective with latents that are kept in the guide, as inference sees it.

use crate::graph::Node;
use crate::inference::Block;
use crate::inference::mixed::{CellBlock, MixedTarget, Rule, Support};
use crate::lower::{self, Objective, Tried};
use crate::program::Inexact;

use super::target::{Compiled, blocks, constants, lay_out};
use super::team::Team;

/// The compiled programs of a mixed objective.
pub struct CompiledMixed {
    dimension: usize,
    width: usize,
    blocks: Vec<Block>,
    cells: Vec<CellBlock>,
    value: Compiled,
    gradient: Compiled,
    product: Compiled,
    kernels: Vec<Kernels>,
    inexact: Vec<Inexact>,
    team: Team,
}

/// The programs of one latent that is kept.
struct Kernels {
    changes: Option<(Compiled, Tried)>,
    blanket: Option<Compiled>,
    /// Elements visited by one value of each cell, against those of the density.
    cost: f64,
}

impl CompiledMixed {
    /// Compiles everything; `rules` says how the expectation over each kept latent is taken.
    pub fn new(objective: &Objective, rules: &[Rule], threads: usize) -> Self {
        let graph = &objective.graph;
        let gradient: Vec<Node> =
            std::iter::once(objective.log_joint).chain(objective.gradient.clone()).collect();
        let mut constants = constants(&objective.limits);
        let mut compiled = |roots: &[Node]| Compiled::sharing(graph, roots, &mut constants);
        let [value, gradient, product] =
            [&[objective.log_joint][..], &gradient, &objective.hessian_vector].map(&mut compiled);
        let density = work(objective, &[objective.log_joint]);
        let cells = objective.kept.iter().zip(rules).map(|(kept, &rule)| CellBlock {
            name: kept.name.clone(),
            start: kept.offset,
            end: kept.offset + kept.length,
            support: match kept.support {
                lower::Support::Whole { low, count } => Support::Whole { low, count },
                lower::Support::Real => Support::Real,
            },
            rule,
        });
        let kernels = objective.kept.iter().map(|kept| {
            let tried = kept.changes.as_ref();
            let page =
                tried.map_or(1, |changes| if let Tried::Page(size) = changes.tried { size } else { 2 });
            Kernels {
                changes: tried.map(|changes| (compiled(&[changes.node]), changes.tried)),
                blanket: kept.blanket.map(|node| compiled(&[node])),
                cost: tried.map_or(1.0, |changes| work(objective, &[changes.node]) / density / page as f64),
            }
        });
        Self {
            dimension: objective.layout.dimension,
            width: objective.width(),
            blocks: blocks(objective),
            cells: cells.collect(),
            value,
            gradient,
            product,
            kernels: kernels.collect(),
            inexact: constants.inexact().to_vec(),
            team: Team::for_graph(graph, threads),
        }
    }
}

impl CompiledMixed {
    /// The matrices that rounding was considered for.
    pub(super) fn inexact(&self) -> &[Inexact] {
        &self.inexact
    }

    /// Takes the expectation over each kept latent by another rule.
    pub fn take(&mut self, rules: &[Rule]) {
        self.cells.iter_mut().zip(rules).for_each(|(cells, rule)| cells.rule = *rule);
    }
}

/// Elements that the computation of nodes visits.
pub fn work(objective: &Objective, roots: &[Node]) -> f64 {
    let (graph, _) = objective.graph.pruned(roots);
    graph.nodes().map(|node| graph.work_of(node)).sum::<f64>().max(1.0)
}

impl MixedTarget for CompiledMixed {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn blocks(&self) -> Vec<Block> {
        self.blocks.clone()
    }

    fn cells(&self) -> Vec<CellBlock> {
        self.cells.clone()
    }

    fn evaluate(&mut self, rows: &[f64], values: &mut [f64], gradients: &mut [f64]) {
        let outputs = self.gradient.run(rows, &[], self.width, &self.team);
        values.copy_from_slice(&outputs[0]);
        lay_out(&self.blocks, &outputs[1..], gradients, (values.len(), self.dimension));
    }

    fn value(&mut self, rows: &[f64], values: &mut [f64]) {
        values.copy_from_slice(&self.value.run(rows, &[], self.width, &self.team)[0]);
    }

    fn hessian_vector(&mut self, rows: &[f64], directions: &[f64], products: &mut [f64]) {
        let (d, wide) = (self.dimension, self.width);
        // A direction vector is as long as a position.
        let mut padded = vec![0.0; rows.len()];
        for (row, direction) in padded.chunks_exact_mut(wide).zip(directions.chunks_exact(d.max(1))) {
            row[..d].copy_from_slice(direction);
        }
        let outputs = self.product.run(rows, &padded, wide, &self.team);
        lay_out(&self.blocks, outputs, products, (rows.len() / wide, d));
    }

    fn changes(&mut self, block: usize, rows: &[f64], values: &[f64], changes: &mut [f64]) {
        let cells = self.cells[block].end - self.cells[block].start;
        let (width, count) = (values.len() / cells, rows.len() / self.width);
        let Some((kernel, tried)) = &mut self.kernels[block].changes else {
            changes.fill(f64::NAN);
            return;
        };
        match *tried {
            Tried::Other => {
                let found = &kernel.run(rows, &[], self.width, &self.team)[0];
                let start = self.cells[block].start;
                for s in 0..count {
                    for cell in 0..cells {
                        let own = rows[s * self.width + start + cell];
                        let tried = &values[cell * width..(cell + 1) * width];
                        let out = &mut changes[(s * cells + cell) * width..][..width];
                        for (out, value) in out.iter_mut().zip(tried) {
                            *out = if *value == own { 0.0 } else { found[s * cells + cell] };
                        }
                    }
                }
            }
            Tried::Page(size) => {
                let highest = match self.cells[block].support {
                    Support::Whole { low, count: Some(count) } => low + count as f64 - 1.0,
                    _ => f64::INFINITY,
                };
                for from in (0..width).step_by(size) {
                    let at = |cell: usize, k: usize| values[cell * width + (from + k).min(width - 1)];
                    let page: Vec<f64> =
                        (0..cells).flat_map(|cell| (0..size).map(move |k| at(cell, k))).collect();
                    let directions: Vec<f64> =
                        page.iter().copied().cycle().take(page.len() * count).collect();
                    let found = &kernel.run_with(rows, &directions, count, &self.team)[0];
                    for s in 0..count {
                        for cell in 0..cells {
                            for k in 0..size.min(width - from) {
                                let possible = at(cell, k) <= highest;
                                let change = found[(s * cells + cell) * size + k];
                                changes[(s * cells + cell) * width + from + k] =
                                    if possible { change } else { f64::NEG_INFINITY };
                            }
                        }
                    }
                }
            }
        }
    }

    fn blanket(&mut self, block: usize, rows: &[f64], sums: &mut [f64]) {
        let count = rows.len() / self.width;
        let cells = sums.len() / count;
        if let Some(kernel) = &mut self.kernels[block].blanket {
            sums.copy_from_slice(&kernel.run(rows, &[], self.width, &self.team)[0]);
            return;
        }
        let values = &self.value.run(rows, &[], self.width, &self.team)[0];
        sums.chunks_exact_mut(cells).zip(values).for_each(|(row, value)| row.fill(*value));
    }

    fn change_cost(&self, block: usize) -> f64 {
        self.kernels[block].cost
    }
}
