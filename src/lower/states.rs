//! The states of latents that are summed out.

use std::sync::Arc;

use crate::data::BoundModel;
use crate::diagnostics::Diagnostic;
use crate::graph::interpret::interpret;
use crate::graph::{Node, Op};
use crate::model::{AxisVar, Distribution, Kind, Model, SiteId, SiteKind, Stage, Term, thresholds};
use crate::translate::{States, Translator};

use super::buckets;
use super::limits::Limits;
use super::refusal::NOT_SUMMABLE;

/// Which values of a count without an end are summed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// The first.
    pub low: f64,
    /// The last.
    pub high: f64,
    /// What lies beyond.
    pub beyond: Beyond,
}

/// How much lies beyond a range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Beyond {
    /// This share of the prior, which is known from data alone.
    OfPrior(f64),
    /// It depends on other latents.
    Unknown,
}

/// A range that leaves out less than this share of a prior is long enough.
const NEGLIGIBLE: f64 = 1e-12;

/// A window that is guessed reaches so many standard deviations above the mean, and so many values more.
const REACH: (f64, f64) = (12.0, 20.0);

/// No first guess is longer.
const LONGEST_GUESS: f64 = 1e5;

/// A first guess where nothing is known of the moments.
const BLIND_GUESS: f64 = 100.0;

/// Whether a latent is summed out: it takes separate values, or the density only asks which bucket it falls into.
pub(super) fn is_summed(model: &Model, site: SiteId) -> bool {
    matches!(model.site(site).kind, SiteKind::Latent { .. })
        && (model.site(site).value != Kind::Real || thresholds(model, site).is_some())
}

/// What carrying a latent adds to the density, and what of its values was left out.
pub(super) struct Carried {
    pub(super) table: Node,
    pub(super) range: Option<Range>,
}

/// Carries a latent along its states. `dimension` is the length of the vector so far.
pub(super) fn carry(
    translator: &mut Translator,
    site: SiteId,
    (limits, dimension): (&Limits, usize),
) -> Result<Carried, Box<Diagnostic>> {
    let model = translator.model();
    if model.site(site).value == Kind::Real {
        return Ok(Carried { table: buckets::carry(translator, site), range: None });
    }
    let is_carried = matches!(translator.states(site), Some(States::Assignments { .. }));
    let range = match finite(translator, site) {
        Some(_) if is_carried => None,
        Some(states) => {
            translator.carry(site, states);
            None
        }
        None => Some(windowed(translator, site, (limits, dimension)).ok_or_else(|| unbounded(model, site))?),
    };
    let Some(states) = translator.states(site).cloned() else { return Err(unbounded(model, site)) };
    let home = translator.home(site);
    let value = translator.state_values(&home, &states);
    // Spread over the cells last: a prior that is the same in all of them is computed once for each state.
    let density = translator.log_density(prior(model, site), value);
    let density = translator.builder.expand(density, &home.cells);
    let values = match states {
        States::Assignments { count, .. } => count,
        _ => states.count(),
    };
    let table = translator.with_domain_size(prior(model, site), density, values);
    Ok(Carried { table, range })
}

/// How many assignments of values the elements of a latent have in each cell of the `plates`; none where an element has no
/// last value that is known.
pub fn assignments(bound: &BoundModel, site: SiteId, plates: &[AxisVar]) -> Option<f64> {
    let known = |end: &Arc<Term>| end.stage <= Stage::Data;
    if !bound.model().site(site).domain.ends.iter().flatten().all(known) {
        return None;
    }
    let mut translator = Translator::new(bound.model(), bound.bindings());
    let States::From { count, .. } = finite(&mut translator, site)? else { return None };
    let mixed = bound.model().site(site).axes.iter().copied().filter(|axis| !plates.contains(axis));
    let axes = translator.axes(&mixed.collect::<Vec<AxisVar>>());
    let graph = translator.builder.graph();
    let elements: f64 = axes.iter().map(|&axis| graph.axis_size(axis) as f64).product();
    Some((count as f64).powf(elements))
}

/// Carries all elements of a latent at once, along an axis of their assignments, cell by cell of the plates.
pub(super) fn carry_at_once(translator: &mut Translator, site: SiteId, plates: &[AxisVar]) {
    if let Some(States::From { low, count }) = finite(translator, site) {
        translator.carry_at_once(site, (low, count), plates);
    }
}

/// Carries a latent whose values are known from data alone.
pub(super) fn carry_early(translator: &mut Translator, site: SiteId) {
    let model = translator.model();
    let SiteKind::Latent { .. } = model.site(site).kind else { return };
    let known = |end: &Arc<Term>| end.stage <= Stage::Data;
    if model.site(site).value == Kind::Real || !model.site(site).domain.ends.iter().flatten().all(known) {
        return;
    }
    if let Some(states) = finite(translator, site) {
        translator.carry(site, states);
    }
}

pub(super) fn prior(model: &Model, site: SiteId) -> &Distribution {
    let SiteKind::Latent { prior, .. } = &model.site(site).kind else { unreachable!("called for latents") };
    prior
}

/// All values, over all cells; none where they have no end that is known.
pub(super) fn finite(translator: &mut Translator, site: SiteId) -> Option<States> {
    match translator.model().site(site).value {
        Kind::Bool => Some(States::From { low: 0.0, count: 2 }),
        Kind::Index(dim) => Some(States::From { low: 0.0, count: translator.size(dim) }),
        Kind::Int | Kind::Real => {
            let low = end(translator, site, Side::Low)?;
            let high = end(translator, site, Side::High)?;
            let finite = low.is_finite() && high.is_finite() && high >= low;
            finite.then(|| States::From { low, count: (high - low) as usize + 1 })
        }
    }
}

/// Which end of a domain.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Low,
    High,
}

/// The outermost value of an end over all cells, and over all states of the discrete latents that it reads.
fn end(translator: &mut Translator, site: SiteId, side: Side) -> Option<f64> {
    let domain = &translator.model().site(site).domain;
    let interval = domain.domain.interval;
    let (term, own, outer): (_, _, fn(f64, f64) -> f64) = match side {
        Side::Low => (domain.ends[0].clone(), interval.low, f64::min),
        Side::High => (domain.ends[1].clone(), interval.high, f64::max),
    };
    let Some(term) = term else { return Some(own) };
    let node = translator.term(&term);
    known_values(translator, node)?.into_iter().reduce(outer)
}

/// The values of a node that depends on no parameter.
pub(super) fn known_values(translator: &Translator, node: Node) -> Option<Vec<f64>> {
    let graph = translator.builder.graph();
    let mut left = vec![node];
    let mut seen = std::collections::HashSet::new();
    while let Some(next) = left.pop() {
        let data = graph.node(next);
        if matches!(data.op, Op::Parameter { .. } | Op::Leaf { .. }) {
            return None;
        }
        left.extend(data.inputs.iter().filter(|input| seen.insert(**input)));
    }
    Some(interpret(graph, &[], &[], &[node]).swap_remove(0))
}

/// Carries a count without an end over a window of its values.
fn windowed(
    translator: &mut Translator,
    site: SiteId,
    (limits, dimension): (&Limits, usize),
) -> Option<Range> {
    let low = end(translator, site, Side::Low).filter(|low| low.is_finite())?;
    let (count, beyond) = match limits.windows.get(&site) {
        _ if translator.is_opaque() => (2, Beyond::Unknown),
        Some(&count) => (count, Beyond::Unknown),
        None => {
            let guess = guess(translator, site, (low, dimension));
            by_prior(translator, site, (low, guess)).unwrap_or((guess, Beyond::Unknown))
        }
    };
    translator.carry(site, States::From { low, count });
    Some(Range { low, high: low + count as f64 - 1.0, beyond })
}

/// A number of values that reaches far above the mean of the prior, at the origin of what it depends on.
fn guess(translator: &mut Translator, site: SiteId, (low, dimension): (f64, usize)) -> usize {
    let model = translator.model();
    let moments = translator.moments(prior(model, site));
    let reach = moments.into_iter().filter_map(|(mean, sd)| {
        let origin = vec![0.0; dimension];
        let both = interpret(translator.builder.graph(), &origin, &[], &[mean, sd]);
        let largest = |values: &[f64]| values.iter().copied().fold(f64::NAN, f64::max);
        let reach = largest(&both[0]) + REACH.0 * largest(&both[1]) + REACH.1 - low;
        reach.is_finite().then_some(reach)
    });
    let reach = reach.fold(f64::NAN, f64::max);
    let reach = if reach.is_nan() { BLIND_GUESS } else { reach };
    reach.clamp(REACH.1, LONGEST_GUESS) as usize + 1
}

/// The shortest window that leaves a negligible share of the prior out, where this is known from data alone.
fn by_prior(
    translator: &mut Translator,
    site: SiteId,
    (low, guess): (f64, usize),
) -> Option<(usize, Beyond)> {
    let model = translator.model();
    let axis = translator.builder.axis("counts", 2 * guess);
    let position = translator.builder.iota(axis);
    let value = translator.builder.plus(position, low);
    let log = translator.log_density(prior(model, site), value);
    let log = translator.builder.expand(log, &[axis]);
    let mass = translator.builder.exp(log);
    let outer: Vec<_> = translator.builder.axes_of(mass).iter().copied().filter(|&own| own != axis).collect();
    let largest = if outer.is_empty() { mass } else { translator.builder.max(mass, &outer) };
    let values = known_values(translator, largest)?;
    let mut beyond = 0.0;
    let mut count = values.len();
    while count > 1 && beyond + values[count - 1] < NEGLIGIBLE {
        beyond += values[count - 1];
        count -= 1;
    }
    Some((count, Beyond::OfPrior(beyond)))
}

fn unbounded(model: &Model, site: SiteId) -> Box<Diagnostic> {
    let site = model.site(site);
    let message = format!("`{}` can take infinitely many values", site.name);
    Box::new(
        Diagnostic::new(NOT_SUMMABLE, message)
            .at(site.span, "cannot be summed out")
            .help(format!("bound it: `latent {}: int(0..50) ~ …`", site.name)),
    )
}
