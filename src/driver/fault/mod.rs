//! Where a density is not a number, at the start of a fit or on its way: traced to a term, a cell and an expression,
//! with the values of the latents there.

mod suspects;
mod trace;
mod words;

use crate::data::{self, BoundModel};
use crate::diagnostics::{Code, Diagnostic, Label};
use crate::graph::interpret::interpret;
use crate::inference::{Fault, Fit, Lack, Verdict};
use crate::lower::probe::Values;
use crate::lower::{Objective, Support};
use crate::model::SiteId;
use crate::source::Source;

use suspects::{first_fault, suspects};
use trace::Trace;
pub use words::number;

/// What is said where a fit has no start.
pub const START: Code = Code(901);
/// What is said of a fault that a fit has outlived.
const ON_THE_WAY: Code = Code(902);
/// What is said of a fault that has ended a fit.
const FATAL: Code = Code(903);

/// A fault in words, and the datum that was looked at.
#[derive(Clone, Debug)]
pub struct Traced {
    /// What is said, in terms of the model.
    pub diagnostic: Diagnostic,
    /// The data site and the flat number of its cell, where data are observed as they are.
    pub datum: Option<(SiteId, usize)>,
}

impl Traced {
    /// The diagnostic with the place of the datum in the data files.
    pub fn located(self, bound: &BoundModel, files: &[Source]) -> Diagnostic {
        let Self { mut diagnostic, datum } = self;
        let places = datum.map(|(site, cell)| data::places(bound.model(), files, site, &[cell]));
        let labels = places.into_iter().flatten();
        diagnostic.labels.extend(labels.map(|(file, span)| Label {
            file,
            span,
            text: "observed here".to_string(),
        }));
        diagnostic
    }
}

/// When a position was evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Where a fit starts.
    Start,
    /// As so many-th evaluation of the fit of a seed.
    Evaluation {
        /// Its number, from 1.
        number: u64,
        /// The seed.
        seed: u64,
    },
}

/// Why there is no finite start, if none of a few positions around the origin is one.
pub fn at_start(bound: &BoundModel, objective: &Objective) -> Option<Traced> {
    let starts = starts(objective);
    let density = |at: &Vec<f64>| interpret(&objective.graph, at, &[], &[objective.log_joint])[0][0];
    if starts.iter().any(|at| density(at).is_finite()) {
        return None;
    }
    at_position(bound, objective, &starts[0], (START, Moment::Start))
}

/// The fault that mattered most to a fit, if one did: it ended it, took draws away, or happened on the way to a result
/// that cannot be trusted. A step that was rejected on the way to one that can is not mentioned.
pub fn of_fit(bound: &BoundModel, objective: &Objective, fit: &Fit, seed: u64) -> Option<Traced> {
    let faults = &fit.faults;
    let is_fatal = fit.draws.is_empty();
    if is_fatal && let Some(start) = at_start(bound, objective) {
        return Some(start);
    }
    let undefined = |fault: &&Fault| fault.lack != Lack::Probability;
    let fault = match (&faults.lost, fit.verdict) {
        (Some(lost), _) => lost,
        (None, _) if is_fatal => faults.first.first()?,
        (None, Verdict::Trust) => return None,
        (None, _) => faults.first.iter().find(undefined)?,
    };
    let code = if is_fatal { FATAL } else { ON_THE_WAY };
    let number = fault.evaluation;
    let mut traced =
        at_position(bound, objective, &fault.position, (code, Moment::Evaluation { number, seed }))?;
    let (lost, draws) = faults.lost_draws;
    let effect = match (is_fatal, lost, faults.undefined) {
        (true, ..) => "the fit could not go on".to_string(),
        (_, 0, 1) => "the fit went around it".to_string(),
        (_, 0, all) => format!("the fit went around {all} such evaluations"),
        (_, lost, _) => format!("{lost} of {draws} draws were lost to such faults"),
    };
    traced.diagnostic = traced.diagnostic.help(format!(
        "{effect}; `--seed {seed} --replay {number}` with the same model, data and options shows this evaluation"
    ));
    Some(traced)
}

/// What is not finite at a position, if anything is.
pub fn at_position(
    bound: &BoundModel,
    objective: &Objective,
    position: &[f64],
    (code, moment): (Code, Moment),
) -> Option<Traced> {
    let suspects = suspects(bound.model(), &objective.sums);
    let tables = tables(objective, position);
    let mut trace = Trace::new(bound, objective, (position, moment))?;
    if let Some((suspect, table, flat)) = first_fault(&suspects, &tables) {
        return Some(trace.explain(code, suspect, table, flat));
    }
    trace.slope(code)
}

/// What is not finite at an evaluation that is replayed.
pub fn at_evaluation(
    bound: &BoundModel,
    objective: &Objective,
    position: &[f64],
    moment: Moment,
) -> Option<Traced> {
    at_position(bound, objective, position, (ON_THE_WAY, moment))
}

/// The terms of the density over their cells.
pub fn tables(objective: &Objective, position: &[f64]) -> Vec<Values> {
    let nodes: Vec<_> = objective.terms.iter().map(|(_, node)| *node).collect();
    let values = interpret(&objective.graph, position, &[], &nodes);
    let axes = |node| {
        let graph = &objective.graph;
        let info = graph.axes_of(node).iter().map(|&axis| (axis, graph.axis(axis)));
        info.map(|(axis, info)| (axis, info.label.clone(), info.size)).collect()
    };
    nodes.into_iter().zip(values).map(|(node, values)| Values { axes: axes(node), values }).collect()
}

/// The origin, and positions on either side of it; latents that are kept have their smallest values.
fn starts(objective: &Objective) -> Vec<Vec<f64>> {
    const SCALES: [f64; 3] = [0.0, 0.5, 1.5];
    let side = |k: usize| if (k * 7919) % 13 < 6 { 1.0 } else { -1.0 };
    let lowest = objective.kept.iter().flat_map(|kept| {
        let low = match kept.support {
            Support::Whole { low, .. } => low,
            Support::Real => 0.0,
        };
        std::iter::repeat_n(low, kept.length)
    });
    let lowest: Vec<f64> = lowest.collect();
    let real = |scale: &f64| (0..objective.layout.dimension).map(|k| scale * side(k)).collect::<Vec<f64>>();
    SCALES.iter().map(|scale| [real(scale), lowest.clone()].concat()).collect()
}
