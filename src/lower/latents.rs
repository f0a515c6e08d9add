//! Latents as functions of the unconstrained vector: transforms, centring, the layout.

use std::collections::BTreeMap;

use crate::graph::{Axis, Builder, Node, Vector};
use crate::library::{Guide, Interval, Normaliser, Over, Place, Rank, guide};
use crate::model::{
    AxisVar, Distribution, FamilyCall, Model, Site, SiteDomain, SiteId, SiteKind, Stage, Term, TermKind,
};
use crate::translate::Translator;

use super::joint::{cells, over_cells};
use super::learned::{Learned, Sought};
use super::shares::{self, Coordinates, OpenLatent, Shares};

/// How much of its location and scale each latent keeps: 1 centred (the latent itself is the coordinate), 0
/// non-centred (the coordinate is (z - location) / scale), between: partly. Latents that are not listed are centred.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Centring {
    /// By latent.
    pub of: BTreeMap<SiteId, Shares>,
    /// Discrete latents that are not summed out: their values are part of the position.
    pub kept: Vec<SiteId>,
    /// Continuous latents that are integrated out in closed form.
    pub integrated: Vec<SiteId>,
    /// Those of them that are normal together; each of the others is integrated out by itself.
    pub together: Vec<SiteId>,
    /// Discrete latents that are summed over all assignments of values to their elements, since these meet in a term; with
    /// the axes along which they do not.
    pub at_once: Vec<(SiteId, Vec<AxisVar>)>,
    /// Whether learned values are sought, or given.
    pub learned: Learned,
}

/// Which stretch of the unconstrained vector is which latent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    /// In the order of the vector.
    pub blocks: Vec<LatentBlock>,
    /// Length of the vector.
    pub dimension: usize,
    /// Latents whose shares of location and scale are inputs, in the order of these.
    pub open: Vec<OpenLatent>,
    /// The coordinates of learned values, where these are sought.
    pub learned: Vec<Sought>,
}

/// The stretch of one latent.
#[derive(Clone, Debug, PartialEq)]
pub struct LatentBlock {
    /// The latent.
    pub site: SiteId,
    /// Its name.
    pub name: String,
    /// Where it starts.
    pub offset: usize,
    /// Its axes in the graph, ascending; the free axis of a joint transform included.
    pub axes: Vec<Axis>,
    /// Number of elements.
    pub length: usize,
    /// How many ends the values have: 0 for the whole line, 1 for a half-line, 2 for an interval.
    pub ends: usize,
    /// The family that matches its domain and prior.
    pub guide: &'static Guide,
}

impl Layout {
    /// The stretches of a vector as nodes.
    pub fn parameters(&self, builder: &mut Builder, vector: Vector) -> Vec<Node> {
        self.blocks.iter().map(|block| builder.parameter(vector, block.offset, &block.axes)).collect()
    }

    /// How many shares are inputs.
    pub fn shares(&self) -> usize {
        let length = |open: &OpenLatent| {
            let block = self.blocks.iter().find(|block| block.site == open.site);
            block.map_or(0, |block| 2 * block.length)
        };
        self.open.iter().map(length).sum()
    }

    fn push(&mut self, block: LatentBlock) {
        self.dimension += block.length;
        self.blocks.push(block);
    }
}

/// Binds a latent to its stretch; the log densities it adds: its prior, over its cells where that reads a discrete
/// latent, and its transform's determinant, spread evenly over these.
pub(super) fn bind(
    translator: &mut Translator,
    id: SiteId,
    centring: &Centring,
    layout: &mut Layout,
) -> Node {
    let site = translator.model().site(id);
    let SiteKind::Latent { prior, .. } = &site.kind else { unreachable!("called for latents") };
    let (free, place) = stretch(translator, id, layout);
    let LatentBlock { offset, length, .. } = layout.blocks[layout.blocks.len() - 1];
    let axes = layout.blocks[layout.blocks.len() - 1].axes.clone();
    if let Some(shares) = centring.of.get(&id).filter(|shares| **shares != Shares::All(1.0)) {
        if let Some(call) = centrable(translator.model(), id)
            && !reads_states(translator, call)
        {
            let coordinates = Coordinates { site: id, offset, axes: &axes, node: free };
            return shares::bind(translator, call, &coordinates, shares, layout);
        }
        if let Some(call) = whitenable(translator.model(), id) {
            return bind_whitened(translator, id, call, free);
        }
    }
    let transform = site.domain.domain.transform.expect("latents without transform are refused before");
    let image = (transform.forward)(&mut translator.builder, free, &place);
    translator.bind_site(id, image.value);
    let density = translator.log_density(prior, image.value);
    let volume = translator.builder.sum_all(image.log_abs_det);
    let normaliser = uniform_normaliser(translator, prior, &place, length);
    let rest = translator.builder.add(volume, normaliser);
    if !translator.varies_over_states(density) {
        let density = translator.builder.sum_all(density);
        return translator.builder.add(density, rest);
    }
    let density = over_cells(translator, density, &site.axes, prior);
    let cells = cells(translator, &site.axes, prior);
    let count: usize = cells.iter().map(|&axis| translator.builder.graph().axis_size(axis)).product();
    let share = translator.builder.times(rest, 1.0 / count.max(1) as f64);
    translator.builder.add(density, share)
}

/// The value of a site's type that unconstrained numbers stand for.
pub(super) fn transformed(translator: &mut Translator, id: SiteId, (free, place): (Node, &Place)) -> Node {
    let domain = translator.model().site(id).domain.domain;
    let transform = domain.transform.expect("values without transform are refused before");
    (transform.forward)(&mut translator.builder, free, place).value
}

/// Gives a site its stretch of the vector.
pub(super) fn stretch(translator: &mut Translator, id: SiteId, layout: &mut Layout) -> (Node, Place) {
    let site = translator.model().site(id);
    let place = place_of(translator, &site.domain);
    let axes = free_axes(translator, site, &place);
    let length = axes.iter().map(|&axis| translator.builder.graph().axis_size(axis)).product();
    let interval = site.domain.domain.interval;
    let finite = [interval.low, interval.high].map(f64::is_finite);
    let ends = (0..2).filter(|&side| finite[side] || place.ends[side].is_some()).count();
    let offset = layout.dimension;
    let (name, guide) = (site.name.clone(), guide_of(site));
    layout.push(LatentBlock { site: id, name, offset, axes: axes.clone(), length, ends, guide });
    (translator.builder.parameter(Vector::Position, offset, &axes), place)
}

/// The guide that matches a latent's domain and prior.
pub fn guide_of(site: &Site) -> &'static Guide {
    let family = match &site.kind {
        SiteKind::Latent { prior: Distribution::Family(call), .. } => Some(call.family.name),
        _ => None,
    };
    guide(site.domain.domain, family)
}

/// Whether the arguments of a call vary over the states of a discrete latent.
fn reads_states(translator: &mut Translator, call: &FamilyCall) -> bool {
    call.arguments.iter().any(|argument| {
        let argument = translator.term(argument);
        translator.varies_over_states(argument)
    })
}

pub(super) fn place_of(translator: &mut Translator, domain: &SiteDomain) -> Place {
    let ends = domain.ends.clone().map(|end| end.map(|end| translator.term(&end)));
    let over = translator.over(&domain.over, &domain.twins);
    let free = match domain.domain.rank {
        Rank::Scalar | Rank::Positions => None,
        Rank::Vector | Rank::Matrix => Some(joint_axis(translator, domain, &over)),
    };
    Place { ends, over, free }
}

/// The axis of the unconstrained values of a joint domain.
fn joint_axis(translator: &mut Translator, domain: &SiteDomain, over: &Over) -> Axis {
    let transform = domain.domain.transform.expect("latents without transform are refused before");
    let axis = over.axes[0];
    let graph = translator.builder.graph();
    let label = format!("free {}", graph.axis(axis).label);
    let sizes: Vec<usize> = over.axes.iter().map(|&axis| graph.axis_size(axis)).collect();
    let size = (transform.free_size)(&sizes);
    translator.builder.axis(label, size)
}

pub(super) fn free_axes(translator: &mut Translator, site: &Site, place: &Place) -> Vec<Axis> {
    let mut axes = translator.axes(&site.axes);
    if let Some(free) = place.free {
        axes.retain(|axis| !place.over.axes.contains(axis) && !place.over.twins.contains(axis));
        axes.push(free);
    }
    axes.sort();
    axes
}

/// The call whose location and scale can be taken out of the latent: a location-scale prior on the real line whose
/// location or scale is not known from data, and that does not read the latent itself.
pub fn centrable(model: &Model, id: SiteId) -> Option<&FamilyCall> {
    let call = free_call(model, id)?;
    let (location, scale) = call.family.location_scale?;
    let moves = call.form == 0 && [location, scale].iter().any(|&k| call.arguments[k].stage > Stage::Data);
    (call.family.rank == Rank::Scalar && moves).then_some(call)
}

/// The call that makes the latent of standard-normal noise: a prior with a whitening whose arguments are not all known
/// from data, and that does not read the latent itself.
pub fn whitenable(model: &Model, id: SiteId) -> Option<&FamilyCall> {
    let call = free_call(model, id)?;
    let moves = call.arguments.iter().any(|argument| argument.stage > Stage::Data);
    (call.family.whitening.is_some() && moves).then_some(call)
}

/// The prior of a latent on the whole real line that is a single call and does not read the latent itself.
fn free_call(model: &Model, id: SiteId) -> Option<&FamilyCall> {
    let site = model.site(id);
    let SiteKind::Latent { prior: Distribution::Family(call), .. } = &site.kind else { return None };
    let itself = |term: &Term| matches!(term.kind, TermKind::Read(read, _) if read == id);
    let reads_itself = call.arguments.iter().any(|argument| argument.any(&itself));
    (site.domain.domain.interval == Interval::REAL
        && site.domain.domain.rank == Rank::Scalar
        && !reads_itself)
        .then_some(call)
}

/// The latent as the image of noise, which is the coordinate.
fn bind_whitened(translator: &mut Translator, id: SiteId, call: &FamilyCall, noise: Node) -> Node {
    let whitening = call.family.whitening.expect("whitenable");
    let value = translator.of_noise(call, noise, whitening);
    translator.bind_site(id, value);
    let squares = translator.builder.square(noise);
    let each = translator.builder.times(squares, -0.5);
    let each = translator.builder.plus(each, -0.5 * std::f64::consts::TAU.ln());
    translator.builder.sum_all(each)
}

/// -log(high - low) for each element where the form leaves that to us; 0 for anything else. (`unit` has width 1.)
fn uniform_normaliser(
    translator: &mut Translator,
    prior: &Distribution,
    place: &Place,
    length: usize,
) -> Node {
    let builder = &mut translator.builder;
    let zero = builder.constant(0.0);
    let Distribution::Family(call) = prior else { return zero };
    let by_size = call.family.forms[call.form].normaliser == Normaliser::DomainSize;
    let (true, [Some(low), Some(high)]) = (by_size, place.ends) else { return zero };
    let width = builder.sub(high, low);
    let log_width = builder.log(width);
    let each = builder.neg(log_width);
    let cells: usize = builder.axes_of(each).iter().map(|&axis| builder.graph().axis_size(axis)).product();
    let total = builder.sum_all(each);
    builder.times(total, length as f64 / cells.max(1) as f64)
}
