//! A model with data as an objective: log joint density on unconstrained space, its derivatives, what is reported.

mod buckets;
mod chain;
mod claims;
pub mod columns;
mod conjugate;
mod cost;
mod coupling;
mod discrete;
mod eliminate;
mod gaussian;
mod generative;
mod joint;
mod kept;
mod latents;
mod learned;
mod likelihood;
mod limits;
mod predict;
pub mod probe;
mod refusal;
mod shares;
mod simulate;
mod states;
pub mod support;
mod switch;
mod tree;

pub use claims::{claimed, claims};
pub use conjugate::Given;
pub use cost::{expected_axes, formula};
pub use coupling::plates;
pub use discrete::{StateProbabilities, StateValues};
pub use generative::{circular, learned};
pub use kept::{Changes, Kept, Support, Tried, culprit};
pub use latents::{Centring, LatentBlock, Layout, centrable, guide_of, whitenable};
pub use learned::{Learned, Sought};
pub use likelihood::{Coverage, Likelihood, PointGroup, likelihood};
pub use limits::{Limits, Matrices};
pub use predict::{RandomSite, Reported};
pub use shares::{OpenDensity, OpenLatent, Shares, open_density};
pub use simulate::{Arrangement, Simulation, SimulationStep, simulate, starts};
pub use states::{Beyond, Range, assignments};

use crate::data::BoundModel;
use crate::diagnostics::Diagnostic;
use crate::graph::blocks::in_blocks;
use crate::graph::{Graph, Node, Vector, autodiff};
use crate::model::SiteId;
use crate::translate::Translator;
use eliminate::{Purpose, eliminate};

/// The log joint density of a model with data, over one real vector, with everything that is computed from it.
#[derive(Clone, Debug)]
pub struct Objective {
    /// All nodes.
    pub graph: Graph,
    /// How the latents are parameterised.
    pub centring: Centring,
    /// Which stretch of the vector is which latent.
    pub layout: Layout,
    /// log p(data, latents) + log |det of the transforms|, discrete latents summed out: a scalar.
    pub log_joint: Node,
    /// The parts of the density, named, over their cells and the states of discrete latents: what a fault is traced to.
    pub terms: Vec<(String, Node)>,
    /// Scalars whose sum is `log_joint`, each named by the terms that it is made of.
    pub factors: Vec<(String, Node)>,
    /// Derivative of `log_joint` by each stretch of the layout.
    pub gradient: Vec<Node>,
    /// Hessian times direction, by stretch.
    pub hessian_vector: Vec<Node>,
    /// What is reported of each draw, in declared order.
    pub reported: Vec<Reported>,
    /// What has to be drawn at random for it, in order; the values enter as the direction vector.
    pub randoms: Vec<RandomSite>,
    /// Posterior probabilities of the states of discrete latents.
    pub probabilities: Vec<StateProbabilities>,
    /// What summing out cost.
    pub sums: Vec<SummedOut>,
    /// What the sums were allowed.
    pub limits: Limits,
    /// Latents that are kept in the guide; their values follow the real coordinates in the position.
    pub kept: Vec<Kept>,
    /// Latents whose exact sum was tried in vain, with what was said.
    pub not_summed: Vec<(SiteId, String)>,
}

impl Objective {
    /// Length of a position: the real coordinates, then the values of the latents that are kept.
    pub fn width(&self) -> usize {
        self.layout.dimension + self.kept.iter().map(|kept| kept.length).sum::<usize>()
    }
}

/// A latent that was summed out.
#[derive(Clone, Debug, PartialEq)]
pub struct SummedOut {
    /// The latent.
    pub site: SiteId,
    /// Labels of the axes that the sum visits: the cost as a formula.
    pub axes: Vec<String>,
    /// How many elements it visits.
    pub cost: f64,
    /// Which values are summed, where the model does not say.
    pub range: Option<Range>,
}

/// Builds the objective of a model with data. Latents are parameterised as `centring` says.
///
/// # Errors
/// If a discrete latent cannot be summed out within `limits`.
pub fn lower(bound: &BoundModel, centring: &Centring, limits: &Limits) -> Result<Objective, Box<Diagnostic>> {
    coupling::check(bound, centring, limits)?;
    let mut translator = Translator::new(bound.model(), bound.bindings());
    let mut joint = joint::build(&mut translator, centring, limits)?;
    let d = joint.width();
    let left = density(&mut translator, &joint, limits)?;
    let nodes: Vec<Node> = left.iter().map(|(_, table)| *table).collect();
    kept::try_values(&mut translator, &mut joint, &nodes);
    let positions = joint.layout.parameters(&mut translator.builder, Vector::Position);
    let directions = joint.layout.parameters(&mut translator.builder, Vector::Direction);
    let factors = joint::condensed(&mut translator.builder, left);
    let log_joint = joint::sum_of(&mut translator.builder, &factors);
    let log_joint = in_blocks(&mut translator.builder, log_joint);
    let gradient = autodiff::gradient(&mut translator.builder, log_joint, &positions);
    let hessian_vector =
        autodiff::hessian_vector(&mut translator.builder, &gradient, &positions, &directions);
    let mut randoms = Vec::new();
    let mut probabilities = Vec::new();
    let mut sums = Vec::new();
    if !joint.discrete.is_empty() {
        let tapped =
            eliminate(&mut translator, &joint.tables, &joint.discrete, (Purpose::Posterior, limits, d))?;
        probabilities = discrete::probabilities(&mut translator, &tapped);
        discrete::bind_probabilities(&mut translator, &probabilities);
        if discrete::wants_best(translator.model()) {
            let best =
                eliminate(&mut translator, &joint.tables, &joint.discrete, (Purpose::Best, limits, d))?;
            discrete::bind_best(&mut translator, &best);
        }
        sums = tapped
            .eliminated
            .iter()
            .flat_map(|latents| discrete::summed_out(&translator, latents, &joint.ranges))
            .collect();
        discrete::bind_states(&mut translator, &tapped.eliminated, &mut randoms);
    }
    discrete::bind_kept(&mut translator, &joint.kept)?;
    conjugate::draw(&mut translator, &joint.collapsed, &mut randoms);
    if let Some(together) = &joint.together {
        gaussian::draw(&mut translator, together, &mut randoms);
    }
    predict::bind_randoms(&mut translator, &mut randoms);
    let reported = predict::reported(&mut translator, centring.learned);
    let roots: Vec<Node> = reported.iter().map(|site| site.node).chain([log_joint]).collect();
    debug_assert!(!gaussian::is_open(translator.builder.graph(), &roots), "stand-ins are left");
    Ok(Objective {
        graph: translator.builder.finish(),
        centring: centring.clone(),
        layout: joint.layout,
        log_joint,
        terms: joint.tables,
        factors,
        gradient,
        hessian_vector,
        reported,
        randoms,
        probabilities,
        sums,
        limits: limits.clone(),
        kept: joint.kept,
        not_summed: vec![],
    })
}

/// The tables that the density is the sum of, once its discrete latents are summed out, each with its name.
fn density(
    translator: &mut Translator,
    joint: &joint::Joint,
    limits: &Limits,
) -> Result<Vec<(String, Node)>, Box<Diagnostic>> {
    if joint.discrete.is_empty() {
        return Ok(joint.tables.clone());
    }
    let purpose = (Purpose::Density, limits, joint.width());
    let found = eliminate(translator, &joint.tables, &joint.discrete, purpose)?;
    Ok(found.tables.iter().map(|table| (table.name(&joint.tables), table.node)).collect())
}
