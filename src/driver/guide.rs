//! The guide whose families match the latents, compiled: draws as graph through implicit operations, with their log
//! densities and the pullback of what a target says of them.

use std::ops::Range;

use crate::graph::{Axis, Builder, Node, Vector, autodiff};
use crate::inference::Guide;
use crate::library::{self, Closure, GuideAxes, Rank, Seen};
use crate::lower::Objective;

use super::target::{Compiled, lay_out};
use super::team::Team;

#[cfg(test)]
mod tests;

/// The coordinates of one latent, and the row that they follow.
#[derive(Clone, Debug)]
pub struct Part {
    /// The row.
    pub guide: &'static library::Guide,
    /// The first coordinate.
    pub start: usize,
    /// How many there are.
    pub length: usize,
    /// How many coordinates one value of a joint domain has.
    pub width: usize,
}

/// The parts of an objective's position.
pub fn parts(objective: &Objective) -> Vec<Part> {
    let each = objective.layout.blocks.iter().filter(|block| block.length > 0).map(|block| {
        let last = block.axes.last().map_or(1, |&axis| objective.graph.axis_size(axis));
        let width = if is_joint(block.guide) { last } else { 1 };
        Part { guide: block.guide, start: block.offset, length: block.length, width }
    });
    each.collect()
}

/// Whether a row takes whole values of a joint domain.
fn is_joint(guide: &library::Guide) -> bool {
    guide.rank == Rank::Vector
}

impl Part {
    /// Number of elements of each parameter, and of uniforms.
    fn elements(&self) -> usize {
        if is_joint(self.guide) { self.length / self.width * (self.width + 1) } else { self.length }
    }
}

/// The compiled programs of a guide.
pub struct CompiledGuide {
    parts: Vec<Part>,
    blocks: Vec<crate::inference::Block>,
    dimension: usize,
    parameters: usize,
    uniforms: usize,
    draw: Compiled,
    slopes: Compiled,
    density: Compiled,
}

/// The nodes of a guide.
struct Graphed {
    builder: Builder,
    /// Unconstrained parameters.
    parameters: Vec<Node>,
    draws: Vec<Node>,
    log_density: Node,
    /// Gradients times draws, less the log density.
    surrogate: Node,
    /// Of positions that are given.
    density: Node,
}

impl CompiledGuide {
    /// Compiles the guide of a position.
    pub fn new(parts: &[Part]) -> Self {
        let mut graphed = graph(parts);
        let slopes = autodiff::gradient(&mut graphed.builder, graphed.surrogate, &graphed.parameters);
        let graph = graphed.builder.finish();
        let draw: Vec<Node> = graphed.draws.iter().copied().chain([graphed.log_density]).collect();
        let block = |part: &Part| crate::inference::Block {
            name: part.guide.name.to_owned(),
            start: part.start,
            end: part.start + part.length,
            ends: 0,
        };
        Self {
            blocks: parts.iter().map(block).collect(),
            dimension: parts.iter().map(|part| part.length).sum(),
            parameters: parts.iter().map(|part| part.guide.parameters.len() * part.elements()).sum(),
            uniforms: parts.iter().map(Part::elements).sum(),
            draw: Compiled::new(&graph, &draw),
            slopes: Compiled::new(&graph, &slopes),
            density: Compiled::new(&graph, &[graphed.density]),
            parts: parts.to_vec(),
        }
    }
}

fn graph(parts: &[Part]) -> Graphed {
    let mut builder = Builder::new();
    let zero = builder.constant(0.0);
    let mut graphed = Graphed {
        builder,
        parameters: vec![],
        draws: vec![],
        log_density: zero,
        surrogate: zero,
        density: zero,
    };
    let uniforms: usize = parts.iter().map(Part::elements).sum();
    let (mut parameter, mut uniform) = (0, 0);
    for part in parts {
        let offsets = Offsets { parameter, uniform, gradient: uniforms + part.start };
        add(&mut graphed, part, &offsets);
        parameter += part.guide.parameters.len() * part.elements();
        uniform += part.elements();
    }
    graphed
}

/// Where a part's numbers are in the vectors: parameters in the position; uniforms, then gradients, in the direction.
struct Offsets {
    parameter: usize,
    uniform: usize,
    gradient: usize,
}

fn add(graphed: &mut Graphed, part: &Part, offsets: &Offsets) {
    let Graphed { builder: b, parameters, draws, log_density, surrogate, density } = graphed;
    let (inner, outer, axes) = axes(b, part);
    let mut constrained = vec![];
    for (k, parameter) in part.guide.parameters.iter().enumerate() {
        let free = b.parameter(Vector::Position, offsets.parameter + k * part.elements(), &inner);
        parameters.push(free);
        constrained.push(parameter.range.constrained(b, free));
    }
    let u = b.parameter(Vector::Direction, offsets.uniform, &inner);
    let x = (part.guide.sample)(b, &constrained, u, &axes);
    draws.push(x);
    let own = (part.guide.log_density)(b, &constrained, x, &axes);
    *log_density = b.add(*log_density, own);
    let gradient = b.parameter(Vector::Direction, offsets.gradient, &outer);
    let product = b.mul(gradient, x);
    let product = b.sum_all(product);
    let gain = b.sub(product, own);
    *surrogate = b.add(*surrogate, gain);
    let given = b.parameter(Vector::Direction, part.start, &outer);
    let own = (part.guide.log_density)(b, &constrained, given, &axes);
    *density = b.add(*density, own);
}

/// The axes of parameters and uniforms, those of coordinates, and what the row is told of them.
fn axes(b: &mut Builder, part: &Part) -> (Vec<Axis>, Vec<Axis>, GuideAxes) {
    if !is_joint(part.guide) {
        let each = b.axis("element", part.length);
        return (vec![each], vec![each], GuideAxes::default());
    }
    let each = b.axis("value", part.length / part.width);
    let (values, free) = (b.axis("element", part.width + 1), b.axis("free", part.width));
    (vec![each, values], vec![each, free], GuideAxes { values: Some(values), free: Some(free) })
}

/// The same numbers for each of so many samples.
fn repeated(numbers: &[f64], count: usize) -> Vec<f64> {
    numbers.iter().copied().cycle().take(numbers.len() * count).collect()
}

impl Guide for CompiledGuide {
    fn name(&self) -> String {
        let mut names: Vec<&str> = self.parts.iter().map(|part| part.guide.name).collect();
        names.sort_unstable();
        names.dedup();
        format!("matched families ({})", names.join(", "))
    }

    fn is_gaussian(&self) -> bool {
        self.parts.iter().all(|part| part.guide.is_gaussian())
    }

    fn parameters(&self) -> usize {
        self.parameters
    }

    fn uniforms(&self) -> usize {
        self.uniforms
    }

    fn groups(&self) -> Vec<Range<usize>> {
        let of_part = |part: &Part| {
            let (start, width) = (part.start, part.width);
            (0..part.length / width).map(move |k| start + k * width..start + (k + 1) * width)
        };
        self.parts.iter().flat_map(of_part).collect()
    }

    fn seams(&self) -> Vec<usize> {
        let circles = self.parts.iter().filter(|part| part.guide.closure == Closure::Circle);
        circles.flat_map(|part| part.start..part.start + part.length).collect()
    }

    fn start(&self, mean: &[f64], deviation: &[f64], skewness: &[f64]) -> Vec<f64> {
        let each = self.parts.iter().flat_map(|part| {
            let range = part.start..part.start + part.length;
            (part.guide.start)(&Seen {
                mean: &mean[range.clone()],
                deviation: &deviation[range.clone()],
                skewness: &skewness[range],
                width: part.width,
            })
        });
        each.flatten().collect()
    }

    fn draw(&mut self, parameters: &[f64], uniforms: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let count = uniforms.len() / self.uniforms;
        let outputs = self.draw.run_with(&repeated(parameters, count), uniforms, count, &Team::ALONE);
        let mut positions = vec![0.0; count * self.dimension];
        lay_out(&self.blocks, outputs, &mut positions, (count, self.dimension));
        (positions, outputs[self.parts.len()].clone())
    }

    fn slopes(&mut self, parameters: &[f64], uniforms: &[f64], gradients: &[f64]) -> Vec<f64> {
        let count = uniforms.len() / self.uniforms;
        let rows = uniforms.chunks(self.uniforms).zip(gradients.chunks(self.dimension));
        let directions: Vec<f64> = rows.flat_map(|(u, g)| u.iter().chain(g).copied()).collect();
        let outputs = self.slopes.run_with(&repeated(parameters, count), &directions, count, &Team::ALONE);
        let mut rows = vec![0.0; count * self.parameters];
        let mut offset = 0;
        for output in outputs {
            let length = output.len() / count;
            for (row, own) in rows.chunks_mut(self.parameters).zip(output.chunks(length)) {
                row[offset..offset + length].copy_from_slice(own);
            }
            offset += length;
        }
        rows
    }

    fn log_density(&mut self, parameters: &[f64], positions: &[f64]) -> Vec<f64> {
        let count = positions.len() / self.dimension;
        self.density.run_with(&repeated(parameters, count), positions, count, &Team::ALONE)[0].clone()
    }
}
