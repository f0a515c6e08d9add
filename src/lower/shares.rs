//! Latents that keep a share of their location and scale as coordinates: variationally inferred parameterisations
//! (Gorinova, Moore and Hoffman 2020), and the density as a function of the shares, from which they are learned.
//!
//! With a location m, a scale s and shares l, k in [0, 1], the coordinate u of a latent z is that for which
//! (z - m) / s = (u - l m) / s^k. Both shares 1: u is z. Both 0: u is (z - m) / s.

use std::collections::BTreeMap;

use crate::data::BoundModel;
use crate::diagnostics::Diagnostic;
use crate::graph::blocks::in_blocks;
use crate::graph::condense::condense;
use crate::graph::{Axis, Graph, Node, Vector, autodiff};
use crate::library::Over;
use crate::model::{FamilyCall, SiteId};
use crate::translate::Translator;

use super::joint;
use super::latents::{Centring, Layout};
use super::limits::Limits;

/// What a latent keeps of its location and scale.
#[derive(Clone, Debug, PartialEq)]
pub enum Shares {
    /// The same share of both, for all elements.
    All(f64),
    /// For each element, in the order of the coordinates.
    Each {
        /// Of the location.
        location: Vec<f64>,
        /// Of the scale.
        scale: Vec<f64>,
    },
    /// Inputs of the density, in its second vector: the shares of the locations, then those of the scales.
    Open,
}

/// A latent whose shares are inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenLatent {
    /// It.
    pub site: SiteId,
    /// Where its coordinates start in the vector.
    pub offset: usize,
    /// Its axes.
    pub axes: Vec<Axis>,
    /// Its shares of locations and of scales.
    pub shares: [Node; 2],
    /// Its locations and scales, over its axes.
    pub places: [Node; 2],
}

/// A latent's coordinates as they are bound.
pub(super) struct Coordinates<'c> {
    pub(super) site: SiteId,
    pub(super) offset: usize,
    pub(super) axes: &'c [Axis],
    pub(super) node: Node,
}

/// Binds a latent by its coordinates, and gives the log density of these.
pub(super) fn bind(
    translator: &mut Translator,
    call: &FamilyCall,
    coordinates: &Coordinates,
    shares: &Shares,
    layout: &mut Layout,
) -> Node {
    let (location, scale) = call.family.location_scale.expect("centrable");
    let location = translator.term(&call.arguments[location]);
    let scale = translator.term(&call.arguments[scale]);
    let [of_location, of_scale] = nodes(translator, coordinates, shares, layout.shares());
    let builder = &mut translator.builder;
    let partial = builder.mul(location, of_location);
    let from = builder.sub(coordinates.node, partial);
    let log_scale = builder.log(scale);
    let log_kept = builder.mul(of_scale, log_scale);
    let standard = if builder.is_zero(of_scale) {
        from
    } else {
        let log_rest = builder.neg(log_kept);
        let stretch = builder.exp(log_rest);
        builder.mul(from, stretch)
    };
    let moved = builder.mul(scale, standard);
    let value = builder.add(location, moved);
    translator.bind_site(coordinates.site, value);
    if *shares == Shares::Open {
        let places = [location, scale].map(|place| translator.builder.expand(place, coordinates.axes));
        layout.open.push(OpenLatent {
            site: coordinates.site,
            offset: coordinates.offset,
            axes: coordinates.axes.to_vec(),
            shares: [of_location, of_scale],
            places,
        });
    }
    let density = standard_density(translator, call, standard);
    let builder = &mut translator.builder;
    let each = builder.sub(density, log_kept);
    let each = builder.expand(each, coordinates.axes);
    builder.sum_all(each)
}

/// The shares of location and scale as nodes.
fn nodes(translator: &mut Translator, coordinates: &Coordinates, shares: &Shares, open: usize) -> [Node; 2] {
    let builder = &mut translator.builder;
    match shares {
        Shares::All(share) => [builder.constant(*share); 2],
        Shares::Each { location, scale } => {
            [location, scale].map(|shares| builder.data(coordinates.axes, shares.as_slice()))
        }
        Shares::Open => {
            let sizes = coordinates.axes.iter().map(|&axis| builder.graph().axis_size(axis));
            let length: usize = sizes.product();
            [open, open + length].map(|at| builder.parameter(Vector::Direction, at, coordinates.axes))
        }
    }
}

/// The log density of the standardised latent, location 0 and scale 1, element by element.
fn standard_density(translator: &mut Translator, call: &FamilyCall, standard: Node) -> Node {
    let (location, scale) = call.family.location_scale.expect("centrable");
    let mut arguments: Vec<Node> = call.arguments.iter().map(|argument| translator.term(argument)).collect();
    arguments[location] = translator.builder.constant(0.0);
    arguments[scale] = translator.builder.constant(1.0);
    (call.family.log_density)(&mut translator.builder, &arguments, standard, &Over::default())
}

/// A log joint density with shares as inputs, in the second vector.
#[derive(Clone, Debug)]
pub struct OpenDensity {
    /// All nodes.
    pub graph: Graph,
    /// Which stretch of the position is which latent, and whose shares are inputs.
    pub layout: Layout,
    /// The density of the coordinates: a scalar.
    pub log_joint: Node,
    /// Derivative by each stretch of the layout.
    pub gradient: Vec<Node>,
    /// Derivatives by the shares of each latent: locations, then scales.
    pub slopes: Vec<Node>,
}

/// The density of a model with data whose latents `open` have shares as inputs; all others are as in `centring`.
///
/// # Errors
/// If a discrete latent cannot be summed out within `limits`.
pub fn open_density(
    bound: &BoundModel,
    (centring, open): (&Centring, &[SiteId]),
    limits: &Limits,
) -> Result<OpenDensity, Box<Diagnostic>> {
    let mut of: BTreeMap<SiteId, Shares> = centring.of.clone();
    of.extend(open.iter().map(|site| (*site, Shares::Open)));
    let centring = Centring { of, ..centring.clone() };
    let mut translator = Translator::new(bound.model(), bound.bindings());
    let joint = joint::build(&mut translator, &centring, limits)?;
    let left = super::density(&mut translator, &joint, limits)?;
    let log_joint = super::joint::sum_of(&mut translator.builder, &left);
    let builder = &mut translator.builder;
    let positions = joint.layout.parameters(builder, Vector::Position);
    let log_joint = condense(builder, log_joint);
    let log_joint = in_blocks(builder, log_joint);
    let gradient = autodiff::gradient(builder, log_joint, &positions);
    let shares: Vec<Node> = joint.layout.open.iter().flat_map(|latent| latent.shares).collect();
    let slopes = autodiff::gradient(builder, log_joint, &shares);
    Ok(OpenDensity { graph: translator.builder.finish(), layout: joint.layout, log_joint, gradient, slopes })
}
