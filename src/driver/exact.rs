//! Expectations of an objective under a Gaussian guide without draws: compiled when they are first asked for, with more
//! nodes where those there are do not suffice.

use crate::graph::expect::{self, Expectation, Piece, Request, Rule, Stretch};
use crate::graph::{Builder, Graph, Node, Vector, autodiff};
use crate::inference::draws::objective_draws;
use crate::inference::{Expected, Known, Unknown};
use crate::lower::Objective;
use crate::program::Constants;

use super::target::Compiled;
use super::team::Team;

/// Rules of quadrature, each with the smaller one that it is compared with. Nodes converge geometrically, so that a rule
/// is far more precise than it differs from the one before.
const RULES: [[usize; 2]; 4] = [[8, 6], [16, 12], [32, 24], [64, 48]];
/// The difference of two rules, in nats over all elements, up to which the better one is taken.
const PRECISE: f64 = 1e-3;

/// What can be had of the expectations of an objective.
pub(super) struct Exact {
    graph: Graph,
    factors: Vec<Node>,
    dimension: usize,
    /// The number of draws that prices were compared with.
    draws: usize,
    level: usize,
    /// Of the objective's other programs.
    constants: Constants,
    made: Option<Option<Made>>,
}

/// Programs of the expectation and of what is left.
struct Made {
    program: Compiled,
    has_error: bool,
    inputs: [Vec<Stretch>; 2],
    left: Option<(Compiled, Vec<Stretch>)>,
    cost: u64,
}

impl Exact {
    pub(super) fn new(objective: &Objective, constants: Constants) -> Self {
        let factors: Vec<Node> = objective.factors.iter().map(|(_, node)| *node).collect();
        let (graph, factors) = objective.graph.pruned(&factors);
        let dimension = objective.layout.dimension;
        Self { graph, factors, dimension, draws: 0, level: 0, constants, made: None }
    }

    /// What is known, where draws would be so many.
    pub(super) fn known(&mut self, draws: usize) -> Option<Known> {
        if self.draws != draws {
            (self.draws, self.made) = (draws, None);
        }
        let made = self.made.get_or_insert_with(|| {
            let asked = request(self.dimension, draws, self.level);
            make(&self.graph, &self.factors, asked, self.constants.clone())
        });
        made.as_ref().map(|made| Known { cost: made.cost, left: made.left.is_some() })
    }

    /// Evaluations that an expectation costs as much as.
    pub(super) fn cost(&self) -> u64 {
        self.made.iter().flatten().map(|made| made.cost).sum()
    }

    /// The expectation at a mean and a root.
    pub(super) fn expected(&mut self, mean: &[f64], root: &[f64]) -> Result<Expected, Unknown> {
        let d = self.dimension;
        let Some(Some(made)) = &mut self.made else { return Err(Unknown::Here) };
        let outputs = made.program.run_with(mean, root, 1, &Team::ALONE);
        let first = 1 + usize::from(made.has_error);
        if made.has_error && (outputs[1][0].is_nan() || outputs[1][0] >= PRECISE) {
            // More nodes from now on; beyond the last rule, draws.
            self.level += 1;
            self.made = None;
            return Err(Unknown::Yet);
        }
        let [means, rows] = &made.inputs;
        let mut expected = Expected { value: outputs[0][0], mean: vec![0.0; d], root: vec![0.0; d * d] };
        for (stretch, output) in means.iter().zip(&outputs[first..]) {
            add(&mut expected.mean[stretch.offset..], output);
        }
        for (stretch, output) in rows.iter().zip(&outputs[first + means.len()..]) {
            add(&mut expected.root[stretch.offset * d..], output);
        }
        Ok(expected)
    }

    /// What is left, at positions.
    pub(super) fn evaluate_left(
        &mut self,
        positions: &[f64],
        values: &mut [f64],
        gradients: &mut [f64],
        team: &Team,
    ) {
        let d = self.dimension;
        gradients.fill(0.0);
        let Some(Some(Made { left: Some((program, stretches)), .. })) = &mut self.made else {
            return values.fill(0.0);
        };
        let outputs = program.run(positions, &[], d, team);
        values.copy_from_slice(&outputs[0]);
        for (stretch, output) in stretches.iter().zip(&outputs[1..]) {
            for (row, own) in gradients.chunks_mut(d).zip(output.chunks(stretch.length.max(1))) {
                add(&mut row[stretch.offset..], own);
            }
        }
    }
}

fn add(to: &mut [f64], what: &[f64]) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to += what);
}

fn request(dimension: usize, draws: usize, level: usize) -> Request {
    Request { dimension, rules: RULES.get(level).map(|rules| rules.map(|nodes| Rule { nodes })), draws }
}

fn make(graph: &Graph, factors: &[Node], asked: Request, mut constants: Constants) -> Option<Made> {
    let dimension = asked.dimension;
    let mut builder = Builder::resume(graph.clone());
    let found = expect::expect(&mut builder, factors, asked);
    if !found.is_any() {
        return None;
    }
    let inputs = [Vector::Position, Vector::Direction]
        .map(|vector| expect::stretches(builder.graph(), found.value, (vector, dimension)));
    let nodes: Vec<Node> = inputs.iter().flatten().map(|stretch| stretch.node).collect();
    let slopes = autodiff::gradient(&mut builder, found.value, &nodes);
    let left = found.left.map(|left| {
        let stretches = expect::stretches(builder.graph(), left, (Vector::Position, dimension));
        let nodes: Vec<Node> = stretches.iter().map(|stretch| stretch.node).collect();
        let slopes = autodiff::gradient(&mut builder, left, &nodes);
        let roots: Vec<Node> = std::iter::once(left).chain(slopes).collect();
        (roots, stretches)
    });
    let graph = builder.finish();
    let roots: Vec<Node> = std::iter::once(found.value).chain(found.error).chain(slopes).collect();
    let mut compiled = |roots: &[Node]| Compiled::sharing(&graph, roots, &mut constants);
    Some(Made {
        program: compiled(&roots),
        has_error: found.error.is_some(),
        inputs,
        left: left.map(|(roots, stretches)| (compiled(&roots), stretches)),
        cost: found.price.ceil().max(1.0) as u64,
    })
}

/// For each factor of an objective, by name, the ways its pieces go in a Gaussian guide; none where latents are kept
/// beside it.
pub fn ways(objective: &Objective) -> Vec<(String, Vec<Piece>)> {
    let dimension = objective.layout.dimension;
    if dimension == 0 || !objective.kept.is_empty() {
        return vec![];
    }
    let nodes: Vec<Node> = objective.factors.iter().map(|(_, node)| *node).collect();
    let (graph, factors) = objective.graph.pruned(&nodes);
    let mut builder = Builder::resume(graph);
    let asked = request(dimension, objective_draws(dimension), 0);
    let Expectation { pieces, .. } = expect::expect(&mut builder, &factors, asked);
    let names = objective.factors.iter().map(|(name, _)| name.clone());
    names.zip(pieces).filter(|(_, pieces)| !pieces.is_empty()).collect()
}
