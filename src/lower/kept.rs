//! Latents without a pathwise gradient that stay in the guide: their values are a stretch of the position behind the real
//! coordinates, and their delta kernels say what another value of each element would change.

use std::sync::Arc;

use crate::diagnostics::Diagnostic;
use crate::graph::trial::Trial;
use crate::graph::{Axis, Node, Vector};
use crate::model::{Kind, Model, SiteId, SiteKind, Term};
use crate::translate::{Translator, evaluate};

use super::joint::{Joint, over_cells};
use super::latents::{self, Centring, Layout};
use super::refusal::NOT_SUMMABLE;

/// What the elements of a latent can be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Support {
    /// Whole numbers from `low` on: `count` of them, or without an end.
    Whole {
        /// The smallest.
        low: f64,
        /// How many.
        count: Option<usize>,
    },
    /// Unconstrained coordinates of a continuous latent.
    Real,
}

/// A latent that is neither summed out nor differentiated.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The latent.
    pub site: SiteId,
    /// Its name.
    pub name: String,
    /// Where its values start in the position.
    pub offset: usize,
    /// How many elements it has.
    pub length: usize,
    /// What they can be.
    pub support: Support,
    /// Their stretch of the position.
    pub node: Node,
    /// What the density would change by, if one element had its trial value: none where a recurrence is in the way.
    pub changes: Option<Changes>,
    /// The terms of the density that depend on each element, summed: over its axes. None where a recurrence is in the way.
    pub blanket: Option<Node>,
}

/// A delta kernel.
#[derive(Clone, Debug)]
pub struct Changes {
    /// The changes, over the stretch's axes, then along a page (unless the trial is the other of two values).
    pub node: Node,
    /// What is tried.
    pub tried: Tried,
}

/// Which values a delta kernel tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// The other of two.
    Other,
    /// So many, which the direction vector gives for each element.
    Page(usize),
}

/// Values tried by one run of a kernel, at most.
const PAGE: usize = 32;

/// Binds a latent to a stretch of the position; its prior, over its cells.
pub(super) fn bind(
    translator: &mut Translator,
    site: SiteId,
    joint: &mut Joint,
    (centring, dimension): (&Centring, usize),
) -> Node {
    let offset = dimension + joint.kept.iter().map(|kept| kept.length).sum::<usize>();
    if translator.model().site(site).domain.domain.transform.is_some() {
        return bind_real(translator, site, joint, (centring, offset));
    }
    let declaration = translator.model().site(site);
    let mut axes = translator.axes(&declaration.axes);
    axes.sort();
    let length: usize = axes.iter().map(|&axis| translator.builder.graph().axis_size(axis)).product();
    let node = translator.builder.parameter(Vector::Position, offset, &axes);
    translator.bind_site(site, node);
    let support = support(translator, site);
    let name = declaration.name.clone();
    joint.kept.push(Kept { site, name, offset, length, support, node, changes: None, blanket: None });
    let SiteKind::Latent { prior, .. } = &declaration.kind else { unreachable!("called for latents") };
    let density = translator.log_density(prior, node);
    let density = match support {
        Support::Whole { count: Some(count), .. } => translator.with_domain_size(prior, density, count),
        _ => density,
    };
    over_cells(translator, density, &declaration.axes, prior)
}

/// A continuous latent, laid out as ever, but behind the coordinates that have a gradient.
fn bind_real(
    translator: &mut Translator,
    site: SiteId,
    joint: &mut Joint,
    (centring, offset): (&Centring, usize),
) -> Node {
    let mut aside = Layout { dimension: offset, ..Layout::default() };
    let table = latents::bind(translator, site, centring, &mut aside);
    for block in aside.blocks {
        let node = translator.builder.parameter(Vector::Position, block.offset, &block.axes);
        joint.kept.push(Kept {
            site,
            name: block.name,
            offset: block.offset,
            length: block.length,
            support: Support::Real,
            node,
            changes: None,
            blanket: None,
        });
    }
    table
}

/// The smallest value and how many there are.
fn support(translator: &Translator, site: SiteId) -> Support {
    let declaration = translator.model().site(site);
    let (low, count) = match declaration.value {
        Kind::Bool => (0.0, Some(2)),
        Kind::Index(dim) => (0.0, Some(translator.size(dim))),
        Kind::Int | Kind::Real => {
            let interval = declaration.domain.domain.interval;
            let [low, high] = &declaration.domain.ends;
            let low = end(translator, low, (interval.low, f64::min));
            let high = end(translator, high, (interval.high, f64::max));
            let count = high.is_finite().then(|| (high - low).max(0.0) as usize + 1);
            (if low.is_finite() { low } else { 0.0 }, count)
        }
    };
    Support::Whole { low, count }
}

/// The outermost value of an end over all cells, where data tell it.
fn end(
    translator: &Translator,
    term: &Option<Arc<Term>>,
    (without, outer): (f64, fn(f64, f64) -> f64),
) -> f64 {
    let Some(term) = term else { return without };
    let values = evaluate(translator.model(), translator.bindings(), term);
    values.and_then(|array| array.values.iter().copied().reduce(outer)).unwrap_or(without)
}

/// Builds the delta kernels and blankets, from the terms of the density.
pub(super) fn try_values(translator: &mut Translator, joint: &mut Joint, tables: &[Node]) {
    for kept in &mut joint.kept {
        let axes = translator.builder.axes_of(kept.node).to_vec();
        let (values, tried) = tried_values(translator, kept, &axes);
        let mut trial = Trial::new(&mut translator.builder, kept.node, values);
        let change = trial.change(tables);
        kept.blanket = trial.blanket(tables).ok();
        kept.changes = change.ok().map(|node| {
            let mut all = axes;
            all.extend(translator.builder.axes_of(values).iter().copied());
            Changes { node: translator.builder.expand(node, &all), tried }
        });
    }
}

fn tried_values(translator: &mut Translator, kept: &Kept, axes: &[Axis]) -> (Node, Tried) {
    let builder = &mut translator.builder;
    if let Support::Whole { low, count: Some(2) } = kept.support {
        let sum = builder.constant(2.0 * low + 1.0);
        return (builder.sub(sum, kept.node), Tried::Other);
    }
    let size = match kept.support {
        Support::Whole { count: Some(count), .. } => count.min(PAGE),
        _ => PAGE,
    };
    let mut all = axes.to_vec();
    all.push(builder.axis(format!("values of {}", kept.name), size));
    (builder.parameter(Vector::Direction, 0, &all), Tried::Page(size))
}

/// The first latent that a refusal points at, among those that may be kept.
pub fn culprit(model: &Model, refusal: &Diagnostic, may: impl Fn(&SiteId) -> bool) -> Option<SiteId> {
    if refusal.code != NOT_SUMMABLE {
        return None;
    }
    let at = |span| model.site_ids().find(|id| model.site(*id).span == span && may(id));
    refusal.labels.iter().find_map(|label| at(label.span))
}
