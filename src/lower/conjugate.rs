//! Conjugate latents, integrated out in closed form.
//!
//! p(y) = p(y | x) p(x) / p(x | y) at any x (Chib 1995): the density of the data at a fixed x, times the prior there,
//! over the posterior there, which is of the prior's family. So the formulas are those of the library.

use crate::graph::{Node, autodiff};
use crate::model::{Distribution, Entry, FamilyCall, SiteId, SiteKind, conjugate};
use crate::translate::{DrawPlan, Translator};

use super::predict::{RandomSite, enter};

/// The value at which densities are compared: inside of every support that has conjugate pairs.
const INSIDE: f64 = 0.5;

/// A latent that was integrated out.
#[derive(Clone, Debug)]
pub(super) struct Collapsed {
    pub(super) site: SiteId,
    /// Canonical arguments of its posterior given everything else.
    posterior: Vec<Node>,
}

/// Binds a conjugate latent to a fixed value, and gives what makes up for this: log p(x) - log p(x | y), over its cells.
/// None for other latents.
pub(super) fn collapse(translator: &mut Translator, site: SiteId) -> Option<(Collapsed, Node)> {
    let model = translator.model();
    let entries = conjugate(model, site)?;
    let call = prior(translator, site);
    let axes = translator.axes(&model.site(site).axes);
    let mut posterior = translator.canonical(call);
    for entry in &entries {
        for (argument, added) in posterior.iter_mut().zip(added(translator, site, entry)) {
            *argument = translator.builder.add(*argument, added);
        }
    }
    let inside = translator.builder.constant(INSIDE);
    let fixed = translator.builder.expand(inside, &axes);
    translator.bind_site(site, fixed);
    let before = translator.log_density(&Distribution::Family(call.clone()), fixed);
    let after = (call.family.log_density)(&mut translator.builder, &posterior, fixed, &Default::default());
    let correction = translator.builder.sub(before, after);
    Some((Collapsed { site, posterior }, translator.builder.expand(correction, &axes)))
}

fn prior<'m>(translator: &Translator<'m>, site: SiteId) -> &'m FamilyCall {
    match &translator.model().site(site).kind {
        SiteKind::Latent { prior: Distribution::Family(call), .. } => call,
        _ => unreachable!("conjugate latents have a prior of one family"),
    }
}

/// What the data of a likelihood add to the arguments of the prior, over the latent's cells: each datum's addition goes
/// to the cell that it reads, which is what the derivative of a read does.
fn added(translator: &mut Translator, site: SiteId, entry: &Entry) -> Vec<Node> {
    let axes = translator.axes(&translator.model().site(site).axes);
    let zero = translator.builder.constant(0.0);
    let length = axes.iter().map(|&axis| translator.builder.graph().axis_size(axis)).product();
    let mut sorted = axes.clone();
    sorted.sort();
    let tap = translator.builder.data(&sorted, vec![0.0; length]);
    translator.bind_site(site, tap);
    let read = translator.term(entry.read);
    let value = translator.term(entry.target);
    let arguments: Vec<Node> = entry
        .call
        .arguments
        .iter()
        .enumerate()
        .map(|(k, argument)| if k == entry.pair.argument { zero } else { translator.term(argument) })
        .collect();
    let scale = match entry.scale {
        Some(scale) => translator.term(scale),
        None => translator.builder.constant(1.0),
    };
    let cells = translator.axes(entry.axes);
    let additions = (entry.pair.adds)(&mut translator.builder, value, &arguments, scale);
    let each = additions.map(|addition| {
        let weighted = translator.builder.mul(addition, read);
        let weighted = translator.builder.expand(weighted, &cells);
        let total = translator.builder.sum_all(weighted);
        autodiff::gradient(&mut translator.builder, total, &[tap])[0]
    });
    each.to_vec()
}

/// Binds collapsed latents to draws from their posteriors.
pub(super) fn draw(translator: &mut Translator, collapsed: &[Collapsed], randoms: &mut Vec<RandomSite>) {
    for latent in collapsed {
        let family = prior(translator, latent.site).family;
        let plan = DrawPlan::Family { family, arguments: latent.posterior.clone(), over: Default::default() };
        let axes = translator.axes(&translator.model().site(latent.site).axes);
        let node = enter(translator, randoms, plan, axes);
        translator.bind_site(latent.site, node);
    }
}
