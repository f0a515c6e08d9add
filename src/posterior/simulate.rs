//! Latents and data drawn from a model, many replicates at once.

use std::ops::Range;

use crate::array::Array;
use crate::data::BoundModel;
use crate::graph::Node;
use crate::lower::{Arrangement, Simulation, SimulationStep};
use crate::model::SiteId;
use crate::numeric::random::Generator;

use super::predict::{Cell, Scope};
use super::{Batches, SiteDraws, run_batches, site_draws};

/// What was drawn.
#[derive(Clone, Debug)]
pub struct Simulated {
    /// The latents, one draw a replicate.
    pub latents: Vec<SiteDraws>,
    /// The observed data of each replicate, in declared axis order.
    pub data: Vec<Vec<(SiteId, Array)>>,
}

/// Numbers of a stream that a cell may use before it reaches those of the next.
const NUMBERS: u64 = 1 << 16;

/// Draws replicates by number; `None` where values read each other in a circle. Each cell of each replicate has its own
/// random numbers, so that a replicate is the same whichever are drawn with it, and values that read other elements can
/// be drawn again until all of them have settled.
pub fn simulate(
    bound: &BoundModel,
    simulation: &Simulation,
    replicates: Range<usize>,
    seed: u64,
) -> Option<Simulated> {
    let (first, count) = (replicates.start, replicates.len());
    let width = simulation.start.len();
    let mut values: Vec<f64> = (0..count).flat_map(|_| simulation.start.iter().copied()).collect();
    let programs: Vec<(Vec<Node>, Batches)> = simulation
        .steps
        .iter()
        .map(|step| {
            let nodes = step.plan.nodes();
            let batches = Batches::new(&simulation.graph, &nodes);
            (nodes, batches)
        })
        .collect();
    let mut settled = false;
    for _ in 0..simulation.passes {
        let before: Vec<u64> = values.iter().map(|value| value.to_bits()).collect();
        for (k, (step, (nodes, batches))) in simulation.steps.iter().zip(&programs).enumerate() {
            let numbers = batches.run(&[], &values, count);
            for replicate in 0..count {
                let scope = Scope { graph: &simulation.graph, nodes, values: &numbers, draw: replicate };
                let stream = ((first + replicate) as u64) << 20 | k as u64;
                let mut rng = Generator::new(seed ^ 0x5bd1_e995_6a09_e667, stream);
                let own = &mut values[replicate * width..(replicate + 1) * width];
                draw_step(&scope, step, &mut rng, own);
            }
        }
        settled = values.iter().map(|value| value.to_bits()).eq(before);
        if settled {
            break;
        }
    }
    settled.then(|| collect(bound, simulation, &values, count))
}

fn draw_step(scope: &Scope, step: &SimulationStep, rng: &mut Generator, out: &mut [f64]) {
    let joint = step.plan.joint_axes();
    let outer: Vec<_> = step.axes.iter().copied().filter(|axis| !joint.contains(axis)).collect();
    for (number, cell) in scope.cells(&outer).iter().enumerate() {
        rng.seek(number as u64 * NUMBERS);
        let drawn = scope.sample(&step.plan, cell, rng);
        for (within, value) in scope.cells(&joint).iter().zip(drawn) {
            let all = [cell.as_slice(), within.as_slice()].concat();
            out[step.places[scope.offset(&step.axes, &all)]] = value + step.low;
        }
    }
    if let Some(Arrangement { axis, line: arrange }) = step.arrange {
        let outer: Vec<_> = step.axes.iter().copied().filter(|own| *own != axis).collect();
        for cell in scope.cells(&outer) {
            let line = scope.cells(&[axis]);
            let place = |within: &Cell| step.places[scope.offset(&step.axes, &[&cell[..], within].concat())];
            let mut values: Vec<f64> = line.iter().map(|within| out[place(within)]).collect();
            arrange(&mut values);
            line.iter().zip(values).for_each(|(within, value)| out[place(within)] = value);
        }
    }
}

fn collect(bound: &BoundModel, simulation: &Simulation, values: &[f64], count: usize) -> Simulated {
    let graph = &simulation.graph;
    let sites: Vec<_> = simulation.latents.iter().chain(&simulation.observed).collect();
    let nodes: Vec<Node> = sites.iter().map(|site| site.node).collect();
    let computed = run_batches(graph, &nodes, &[], values, count);
    let (latents, observed) = computed.split_at(simulation.latents.len());
    let named = simulation.latents.iter().zip(latents);
    let latents = named.map(|(site, values)| site_draws(bound, graph, site, values.clone())).collect();
    let arrays = |replicate: usize| {
        let each = simulation.observed.iter().zip(observed).map(|(site, values)| {
            let order = super::declared_order(graph, site.node, &site.axes);
            let own = &values[replicate * order.len()..(replicate + 1) * order.len()];
            let shape = site.axes.iter().map(|&axis| graph.axis_size(axis)).collect();
            (site.site, Array::new(shape, order.iter().map(|&from| own[from]).collect::<Vec<f64>>()))
        });
        each.collect()
    };
    Simulated { latents, data: (0..count).map(arrays).collect() }
}
