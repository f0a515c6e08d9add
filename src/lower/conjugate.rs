//! Conjugate latents, integrated out in closed form.
//!
//! p(y) = p(y | x) p(x) / p(x | y) at any x (Chib 1995): the density of the data at a fixed x, times the prior there,
//! over the posterior there, which is of the prior's family. So the formulas are those of the library.

use crate::graph::{Binary, Builder, Node, Op, Vector, autodiff};
use crate::model::{Distribution, Entry, FamilyCall, SiteId, SiteKind, conjugates};
use crate::translate::{DrawPlan, Translator, ascending};

use super::predict::{RandomSite, enter};
use super::states::known_values;

/// A latent that was integrated out.
#[derive(Clone, Debug)]
pub(super) struct Collapsed {
    pub(super) site: SiteId,
    /// Canonical arguments of its posterior given everything else.
    posterior: [Node; 2],
}

/// A latent that was integrated out, back in the position with its values.
#[derive(Clone, Debug)]
pub struct Given {
    /// The latent.
    pub site: SiteId,
    /// For each element of its stretch of the position, its place in declared order.
    pub order: Vec<usize>,
}

/// Binds a latent to values that are part of the position, from `offset` on.
pub(super) fn give(translator: &mut Translator, site: SiteId, offset: usize) -> Given {
    let axes = translator.axes(&translator.model().site(site).axes);
    let graph = translator.builder.graph();
    let shape: Vec<usize> = axes.iter().map(|&axis| graph.axis_size(axis)).collect();
    let places: Vec<f64> = (0..shape.iter().product()).map(|place: usize| place as f64).collect();
    let (axes, order) = ascending(&axes, &shape, &places);
    let node = translator.builder.parameter(Vector::Position, offset, &axes);
    translator.rebind(&[(site, node)]);
    Given { site, order: order.into_iter().map(|place| place as usize).collect() }
}

/// Integrates latents out, once all others are bound; what each adds to the density over its cells: log p(x) - log p(x | y).
/// The latent is bound to its posterior mean x, where the terms are smallest, so that little is lost in their difference.
pub(super) fn collapse(translator: &mut Translator, sites: &[SiteId]) -> Vec<(Collapsed, Node)> {
    if sites.is_empty() {
        return vec![];
    }
    let all = conjugates(translator.model());
    sites.iter().filter_map(|site| Some(integrate(translator, *site, all.get(site)?))).collect()
}

fn integrate(translator: &mut Translator, site: SiteId, entries: &[Entry]) -> (Collapsed, Node) {
    let call = prior(translator, site);
    let axes = translator.axes(&translator.model().site(site).axes);
    let mut arguments = translator.canonical(call);
    if let Some((_, scale)) = call.family.location_scale {
        arguments[scale] = moderate(&mut translator.builder, arguments[scale]);
    }
    let zero = translator.builder.constant(0.0);
    let mut sums = [zero, zero];
    for entry in entries {
        for (sum, added) in sums.iter_mut().zip(added(translator, site, entry)) {
            *sum = translator.builder.add(*sum, added);
        }
    }
    let posterior = (entries[0].pair.update)(&mut translator.builder, &arguments, sums);
    let moments = call.family.moments.expect("families with conjugate pairs have moments");
    let (mean, _) = moments(&mut translator.builder, &posterior, &Default::default());
    let mean = translator.builder.expand(mean, &axes);
    translator.bind_site(site, mean);
    let before = (call.family.log_density)(&mut translator.builder, &arguments, mean, &Default::default());
    let after = (call.family.log_density)(&mut translator.builder, &posterior, mean, &Default::default());
    let correction = translator.builder.sub(before, after);
    (Collapsed { site, posterior }, translator.builder.expand(correction, &axes))
}

/// A scale of a prior between ends whose squares are numbers. Beyond, the integral is as good as its limit, whose terms
/// would be a difference of infinities.
fn moderate(b: &mut Builder, scale: Node) -> Node {
    let [narrowest, widest] = [1e-100, 1e100].map(|end| b.constant(end));
    let scale = b.binary(Binary::Min, scale, widest);
    b.binary(Binary::Max, scale, narrowest)
}

fn prior<'m>(translator: &Translator<'m>, site: SiteId) -> &'m FamilyCall {
    match &translator.model().site(site).kind {
        SiteKind::Latent { prior: Distribution::Family(call), .. } => call,
        _ => unreachable!("conjugate latents have a prior of one family"),
    }
}

/// What the data of a likelihood add to the numbers of the prior, over the latent's cells: each datum's addition goes
/// to the cell that it reads, which is what the derivative of a read does.
fn added(translator: &mut Translator, site: SiteId, entry: &Entry) -> Vec<Node> {
    let axes = translator.axes(&translator.model().site(site).axes);
    let length = axes.iter().map(|&axis| translator.builder.graph().axis_size(axis)).product();
    let mut sorted = axes.clone();
    sorted.sort();
    let tap = translator.builder.data(&sorted, vec![0.0; length]);
    translator.bind_site(site, tap);
    let read = translator.term(entry.read);
    let value = translator.term(entry.target);
    let arguments = translator.canonical(entry.call);
    let scale = match entry.scale {
        Some(scale) => translator.term(scale),
        None => translator.builder.constant(1.0),
    };
    let cells = translator.axes(entry.axes);
    let additions = (entry.pair.adds)(&mut translator.builder, value, &arguments, scale);
    let missing = entry.gaps.map(|gaps| translator.term(gaps));
    let each = additions.map(|addition| {
        let (rows, factor) = apart(&mut translator.builder, addition);
        let rows = match missing {
            Some(missing) => {
                let zero = translator.builder.constant(0.0);
                translator.builder.select(missing, zero, rows)
            }
            None => rows,
        };
        let weighted = translator.builder.mul(rows, read);
        let weighted = translator.builder.expand(weighted, &cells);
        let total = translator.builder.sum_all(weighted);
        let sums = autodiff::gradient(&mut translator.builder, total, &[tap])[0];
        let sums = known(translator, sums);
        translator.builder.mul(sums, factor)
    });
    each.to_vec()
}

/// A node as a product of what varies over rows and a scalar, which a sum over rows leaves outside.
fn apart(b: &mut Builder, node: Node) -> (Node, Node) {
    let one = b.constant(1.0);
    let data = b.graph().node(node).clone();
    match data.op {
        _ if data.axes.is_empty() => (one, node),
        Op::Binary(op @ (Binary::Mul | Binary::Div)) => {
            let [x, y] = [data.inputs[0], data.inputs[1]].map(|input| apart(b, input));
            (b.binary(op, x.0, y.0), b.binary(op, x.1, y.1))
        }
        _ => (node, one),
    }
}

/// Sums of data alone are done once.
fn known(translator: &mut Translator, node: Node) -> Node {
    match known_values(translator, node) {
        Some(values) => {
            let axes = translator.builder.axes_of(node).to_vec();
            translator.builder.data(&axes, values)
        }
        None => node,
    }
}

/// Binds collapsed latents to draws from their posteriors: quantiles of uniform numbers that are spread evenly over the
/// draws, which takes most of the noise out of means.
pub(super) fn draw(translator: &mut Translator, collapsed: &[Collapsed], randoms: &mut Vec<RandomSite>) {
    for latent in collapsed {
        let quantile = prior(translator, latent.site).family.quantile;
        let quantile = quantile.expect("families with conjugate pairs have quantiles");
        let axes = translator.axes(&translator.model().site(latent.site).axes);
        let share = enter(translator, randoms, DrawPlan::Even, axes);
        let node = quantile(&mut translator.builder, &latent.posterior, share);
        translator.bind_site(latent.site, node);
    }
}
