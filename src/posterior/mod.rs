//! Draws on unconstrained space as named scalars of the model: values per draw, predictions, summaries.

mod learned;
mod long;
mod names;
mod points;
mod predict;
mod sequences;
mod simulate;
mod states;
mod summary;

pub use learned::{array, learned};
pub use names::scalar_names;
pub use points::{ObservedCell, Points, observed_cells, points};
pub use simulate::{Simulated, simulate};
pub use states::{Draws, StateSummary, average_states, count_states};
pub use summary::{Row, Weights, summarise};

use crate::data::BoundModel;
use crate::graph::{Axis, Graph, Node};
use crate::lower::{Objective, Reported};
use crate::model::{Kind, SiteId};
use crate::program::Program;

/// Draws evaluated at a time.
const BATCH: usize = 64;

/// The values of one site, for each draw.
#[derive(Clone, Debug)]
pub struct SiteDraws {
    /// The site.
    pub site: SiteId,
    /// Names of its scalars, in declared order.
    pub names: Vec<String>,
    /// Their values, `[draw][scalar]`; none of a derived quantity so long that its draws are not kept.
    pub values: Vec<f64>,
    /// The summary of what has no values.
    pub rows: Option<Vec<Row>>,
    /// For a discrete latent, the probabilities of its states.
    pub states: Option<StateSummary>,
}

impl SiteDraws {
    /// Whether its draws were kept.
    pub fn has_draws(&self) -> bool {
        self.rows.is_none()
    }
}

/// Evaluates all that is reported at unconstrained draws `[n][D]`, but for derived quantities that are too long for
/// their draws to be kept: these have names alone (see [`summarise_long`]).
pub fn evaluate(
    bound: &BoundModel,
    objective: &Objective,
    draws: &[f64],
    count: usize,
    seed: u64,
) -> Vec<SiteDraws> {
    let random = predict::draw_randoms(objective, draws, count, seed);
    let is_long = |reported: &Reported| long::is_long(bound, objective, reported, count);
    let kept = || objective.reported.iter().filter(|reported| !is_long(reported));
    let nodes: Vec<Node> = kept().map(|reported| reported.node).collect();
    let mut values = run_batches(&objective.graph, &nodes, draws, &random, count).into_iter();
    let sites = objective.reported.iter().map(|reported| match is_long(reported) {
        true => without_draws(bound, reported),
        false => site_draws(bound, &objective.graph, reported, values.next().unwrap_or_default()),
    });
    sites.collect()
}

/// Fills in the summaries of derived quantities whose draws are not kept.
pub fn summarise_long(bound: &BoundModel, objective: &Objective, draws: Draws, sites: &mut [SiteDraws]) {
    for (reported, site) in objective.reported.iter().zip(sites) {
        if !site.has_draws() {
            site.rows = Some(long::rows(bound, objective, (reported, draws), long::HELD));
        }
    }
}

fn without_draws(bound: &BoundModel, reported: &Reported) -> SiteDraws {
    let names = scalar_names(bound, reported.site);
    SiteDraws { site: reported.site, names, values: vec![], rows: Some(vec![]), states: None }
}

/// Values of nodes for each draw, `[draw][element]` each.
pub(crate) fn run_batches(
    graph: &Graph,
    nodes: &[Node],
    draws: &[f64],
    random: &[f64],
    count: usize,
) -> Vec<Vec<f64>> {
    Batches::new(graph, nodes).run(draws, random, count)
}

/// Nodes of a graph, ready to be evaluated.
struct Batches {
    program: Program,
    lengths: Vec<usize>,
}

impl Batches {
    fn new(graph: &Graph, nodes: &[Node]) -> Self {
        let lengths = nodes.iter().map(|&node| graph.len_of(node)).collect();
        Self { program: Program::compile(graph, nodes), lengths }
    }

    /// Elements of all nodes together.
    fn width(&self) -> usize {
        self.lengths.iter().sum()
    }

    /// Values of the nodes, `[draw][element]` each.
    fn run(&self, draws: &[f64], random: &[f64], count: usize) -> Vec<Vec<f64>> {
        let mut values: Vec<Vec<f64>> = self.lengths.iter().map(|length| vec![0.0; length * count]).collect();
        let per_draw = |all: &[f64]| all.len().checked_div(count).unwrap_or(0);
        let (d, r) = (per_draw(draws), per_draw(random));
        let mut workspace = self.program.workspace(BATCH.min(count.max(1)));
        for from in (0..count).step_by(BATCH) {
            let to = (from + BATCH).min(count);
            if to - from < BATCH && from > 0 {
                workspace = self.program.workspace(to - from);
            }
            let mut outputs: Vec<&mut [f64]> = values
                .iter_mut()
                .zip(&self.lengths)
                .map(|(values, length)| &mut values[from * length..to * length])
                .collect();
            self.program.run(
                &mut workspace,
                &draws[from * d..to * d],
                &random[from * r..to * r],
                &mut outputs,
            );
        }
        values
    }
}

fn site_draws(bound: &BoundModel, graph: &Graph, reported: &Reported, values: Vec<f64>) -> SiteDraws {
    let names = scalar_names(bound, reported.site);
    let order = declared_order(graph, reported.node, &reported.axes);
    let length = names.len().max(1);
    let mut values: Vec<f64> = if order.iter().copied().eq(0..length) {
        values
    } else {
        values.chunks_exact(length).flat_map(|draw| order.iter().map(|&from| draw[from])).collect()
    };
    let first = first_value(bound, reported.site);
    if first != 0.0 {
        values.iter_mut().for_each(|value| *value += first);
    }
    SiteDraws { site: reported.site, names, values, rows: None, states: None }
}

/// The coordinate that a site's number 0 stands for.
fn first_value(bound: &BoundModel, site: SiteId) -> f64 {
    match bound.model().site(site).value {
        Kind::Index(dim) => bound.bindings().coordinates.get(dim.0).map_or(0.0, states::first_coordinate),
        _ => 0.0,
    }
}

/// For each element in declared order, its place in the node's own order.
fn declared_order(graph: &Graph, node: Node, declared: &[Axis]) -> Vec<usize> {
    let own = graph.axes_of(node);
    let stride = |axis| {
        let place = own.iter().position(|own| *own == axis).unwrap_or(own.len());
        own.iter().skip(place + 1).map(|&later| graph.axis_size(later)).product::<usize>()
    };
    let mut places = vec![0];
    for &axis in declared {
        let stride = stride(axis);
        let size = graph.axis_size(axis);
        places = places.iter().flat_map(|&place| (0..size).map(move |k| place + k * stride)).collect();
    }
    places
}
