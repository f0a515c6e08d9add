//! A model with data as an objective: log joint density on unconstrained space, its derivatives, what is reported.

mod joint;
mod latents;
mod predict;
pub mod support;

pub use latents::{Centring, LatentBlock, Layout, centrable};
pub use predict::{RandomSite, Reported};

use crate::data::BoundModel;
use crate::graph::{Graph, Node, Vector, autodiff};
use crate::translate::Translator;

/// The log joint density of a model with data, over one real vector, with everything that is computed from it.
#[derive(Clone, Debug)]
pub struct Objective {
    /// All nodes.
    pub graph: Graph,
    /// Which stretch of the vector is which latent.
    pub layout: Layout,
    /// log p(data, latents) + log |det of the transforms|: a scalar.
    pub log_joint: Node,
    /// The parts of `log_joint`, named, each a scalar: what a fault is traced to.
    pub terms: Vec<(String, Node)>,
    /// Derivative of `log_joint` by each stretch of the layout.
    pub gradient: Vec<Node>,
    /// Hessian times direction, by stretch.
    pub hessian_vector: Vec<Node>,
    /// What is reported of each draw, in declared order.
    pub reported: Vec<Reported>,
    /// What has to be drawn at random for it, in order; the values enter as the direction vector.
    pub randoms: Vec<RandomSite>,
}

/// Builds the objective of a model with data. Latents are parameterised as `centring` says.
pub fn lower(bound: &BoundModel, centring: &Centring) -> Objective {
    let mut translator = Translator::new(bound.model(), bound.bindings());
    let joint = joint::build(&mut translator, centring);
    let positions = joint.layout.parameters(&mut translator.builder, Vector::Position);
    let directions = joint.layout.parameters(&mut translator.builder, Vector::Direction);
    let gradient = autodiff::gradient(&mut translator.builder, joint.total, &positions);
    let hessian_vector =
        autodiff::hessian_vector(&mut translator.builder, &gradient, &positions, &directions);
    let randoms = predict::bind_randoms(&mut translator);
    let reported = predict::reported(&mut translator);
    Objective {
        graph: translator.builder.finish(),
        layout: joint.layout,
        log_joint: joint.total,
        terms: joint.terms,
        gradient,
        hessian_vector,
        reported,
        randoms,
    }
}
