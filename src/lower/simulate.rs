//! A model read forwards: latents from their priors, data from their distributions, as values that are drawn one site
//! after the other. What fits are calibrated with.

use crate::array::Array;
use crate::data::BoundModel;
use crate::diagnostics::Diagnostic;
use crate::graph::{Axis, Graph, Vector};
use crate::library::Normaliser;
use crate::model::{
    Address, AxisVar, Distribution, Factor, FamilyCall, Init, Kind, SiteId, SiteKind, TermKind,
};
use crate::translate::{DrawPlan, States, Translator, evaluate};

use super::generative::{check, latents as all_latents, learned, observed_sites, refuse, span_of};
use super::latents;
use super::predict::Reported;
use super::states;

/// Everything that is drawn, in order; all values live in the direction vector.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// All nodes.
    pub graph: Graph,
    /// What is drawn, in order.
    pub steps: Vec<SimulationStep>,
    /// What the direction vector starts from: data where they are not drawn.
    pub start: Vec<f64>,
    /// The latents.
    pub latents: Vec<Reported>,
    /// The observed sites.
    pub observed: Vec<Reported>,
    /// After so many passes over all steps, a value that reads an earlier element has been drawn from what it reads.
    pub passes: usize,
}

/// Values drawn from one distribution.
#[derive(Clone, Debug)]
pub struct SimulationStep {
    /// How they are drawn.
    pub plan: DrawPlan,
    /// What is added to each draw: the first of some states.
    pub low: f64,
    /// The cells of the plan, joint axes included, ascending.
    pub axes: Vec<Axis>,
    /// Where each of them goes in the direction vector.
    pub places: Vec<usize>,
    /// What makes a value of a joint type from draws of its elements, and along which axis.
    pub arrange: Option<Arrangement>,
}

/// Makes values of a joint type from draws of their elements.
#[derive(Clone, Copy, Debug)]
pub struct Arrangement {
    /// The axis along which the elements lie.
    pub axis: Axis,
    /// What makes a value of one line of draws.
    pub line: fn(&mut [f64]),
}

/// Builds the simulation of a model with data: sizes, predictors, and cells that are not observed stay as they are.
///
/// # Errors
/// If the model does not say how its data come about.
pub fn simulate(bound: &BoundModel) -> Result<Simulation, Box<Diagnostic>> {
    check(bound.model())?;
    let observed = observed_sites(bound.model());
    let without = bound.without_values(&observed);
    let mut translator = Translator::new(bound.model(), without.bindings());
    let mut work = Work { bound, translator: &mut translator, start: Vec::new(), offsets: vec![] };
    let latents: Vec<SiteId> = all_latents(bound.model());
    for &site in latents.iter().chain(&observed) {
        work.enter(site);
    }
    let mut steps = Vec::new();
    for &site in &latents {
        steps.push(work.latent(site)?);
    }
    let mut taken: Vec<usize> = Vec::new();
    for factor in &bound.model().factors {
        let step = work.factor(factor)?;
        if step.places.iter().any(|place| taken.contains(place)) {
            return Err(refuse(span_of(factor), "observes values that another statement observes too"));
        }
        taken.extend(&step.places);
        steps.push(step);
    }
    let start = work.start;
    let mut reported = |sites: &[SiteId]| -> Vec<Reported> {
        let each = sites.iter().map(|&site| {
            let axes = translator.axes(&translator.model().site(site).axes);
            let node = translator.site(site);
            Reported { site, node: translator.builder.expand(node, &axes), axes }
        });
        each.collect()
    };
    let (latents, observed) = (reported(&latents), reported(&observed));
    let longest = bound.bindings().sizes.iter().flatten().max().copied().unwrap_or(1);
    Ok(Simulation {
        graph: translator.builder.finish(),
        steps,
        start,
        latents,
        observed,
        passes: longest + 2,
    })
}

/// Builds what draws the places where the search for learned values starts, as the simulation's latents.
///
/// # Errors
/// If a start cannot be drawn.
pub fn starts(bound: &BoundModel) -> Result<Simulation, Box<Diagnostic>> {
    let learned = learned(bound.model());
    let without = bound.without_values(&learned);
    let mut translator = Translator::new(bound.model(), without.bindings());
    let mut work = Work { bound: &without, translator: &mut translator, start: Vec::new(), offsets: vec![] };
    let mut steps = Vec::new();
    for &site in &learned {
        steps.extend(work.learned(site)?);
    }
    let start = work.start;
    let reported = learned.iter().map(|&site| {
        let axes = translator.axes(&translator.model().site(site).axes);
        let node = translator.site(site);
        Reported { site, node: translator.builder.expand(node, &axes), axes }
    });
    let latents = reported.collect();
    Ok(Simulation { graph: translator.builder.finish(), steps, start, latents, observed: vec![], passes: 2 })
}

/// How far from the middle of its type a learned value starts that says nothing of its start: so far that elements which
/// could be exchanged part.
const JITTER: f64 = 0.1;

struct Work<'w, 'm> {
    bound: &'m BoundModel,
    translator: &'w mut Translator<'m>,
    start: Vec<f64>,
    offsets: Vec<(SiteId, usize)>,
}

impl Work<'_, '_> {
    /// Gives a site a stretch of the direction vector, which starts from the data.
    fn enter(&mut self, site: SiteId) {
        let declared = self.translator.model().site(site).axes.clone();
        let mut axes = self.translator.axes(&declared);
        let offset = self.start.len();
        let given = self.bound.bindings().values[site.0].as_ref();
        let values = match given {
            Some(array) => crate::translate::ascending(&axes, &array.shape, &array.values).1,
            None => {
                vec![0.0; axes.iter().map(|&axis| self.translator.builder.graph().axis_size(axis)).product()]
            }
        };
        axes.sort();
        self.start.extend(values);
        let node = self.translator.builder.parameter(Vector::Direction, offset, &axes);
        self.translator.bind_site(site, node);
        self.offsets.push((site, offset));
    }

    fn offset(&self, site: SiteId) -> usize {
        self.offsets.iter().find(|(known, _)| *known == site).map_or(0, |(_, offset)| *offset)
    }

    fn latent(&mut self, site: SiteId) -> Result<SimulationStep, Box<Diagnostic>> {
        let SiteKind::Latent { prior, .. } = &self.translator.model().site(site).kind else {
            unreachable!("called for latents")
        };
        self.drawn(site, prior)
    }

    /// Where a learned value starts; and how that is drawn, if it is.
    fn learned(&mut self, site: SiteId) -> Result<Option<SimulationStep>, Box<Diagnostic>> {
        let declaration = self.translator.model().site(site);
        let SiteKind::Learn(init) = &declaration.kind else { unreachable!("called for learned values") };
        match init {
            Init::Value(value) => {
                let value = self.translator.term(value);
                self.translator.bind_site(site, value);
                Ok(None)
            }
            Init::Drawn(distribution) => {
                self.enter(site);
                self.drawn(site, distribution).map(Some)
            }
            Init::Middle => Ok(Some(self.jittered(site))),
        }
    }

    fn jittered(&mut self, site: SiteId) -> SimulationStep {
        let declaration = self.translator.model().site(site);
        let place = latents::place_of(self.translator, &declaration.domain);
        let axes = latents::free_axes(self.translator, declaration, &place);
        let builder = &mut self.translator.builder;
        let length: usize = axes.iter().map(|&axis| builder.graph().axis_size(axis)).product();
        let offset = self.start.len();
        self.start.resize(offset + length, 0.0);
        let free = builder.parameter(Vector::Direction, offset, &axes);
        let arguments = [0.0, JITTER].map(|number| builder.constant(number)).to_vec();
        let value = latents::transformed(self.translator, site, (free, &place));
        self.translator.bind_site(site, value);
        let family = crate::library::family("normal").expect("a row of the library");
        let plan = DrawPlan::Family { family, arguments, over: crate::library::Over::default() };
        SimulationStep { plan, low: 0.0, axes, places: (offset..offset + length).collect(), arrange: None }
    }

    /// A site drawn from a distribution.
    fn drawn(
        &mut self,
        site: SiteId,
        distribution: &Distribution,
    ) -> Result<SimulationStep, Box<Diagnostic>> {
        let declaration = self.translator.model().site(site);
        let (plan, low) = match distribution {
            Distribution::Family(call) if by_domain(call) => self.uniform(site, call)?,
            other => (self.translator.draw_plan(other), 0.0),
        };
        let arrange = self.arrange(site, &plan)?;
        let mut axes = self.translator.axes(&declaration.axes);
        axes.sort();
        let length: usize =
            axes.iter().map(|&axis| self.translator.builder.graph().axis_size(axis)).product();
        let offset = self.offset(site);
        Ok(SimulationStep { plan, low, axes, places: (offset..offset + length).collect(), arrange })
    }

    /// What elements drawn one by one still have to go through to be a value of the latent's type.
    fn arrange(&mut self, site: SiteId, plan: &DrawPlan) -> Result<Option<Arrangement>, Box<Diagnostic>> {
        let declaration = self.translator.model().site(site);
        let (domain, over) = (declaration.domain.domain, &declaration.domain.over);
        if over.is_empty() || !plan.joint_axes().is_empty() {
            return Ok(None);
        }
        let (&[axis], Some(arrange)) = (&self.translator.axes(over)[..], domain.arrange) else {
            return Err(refuse(declaration.span, "has a type that draws of its elements do not keep to"));
        };
        let graph = self.translator.builder.graph();
        if plan.nodes().iter().any(|&node| graph.axes_of(node).contains(&axis)) {
            return Err(refuse(
                declaration.span,
                "has elements of different priors that depend on each other by type",
            ));
        }
        Ok(Some(Arrangement { axis, line: arrange }))
    }

    /// `uniform` over the values of a bounded type, and what is to be added to what it draws.
    fn uniform(&mut self, site: SiteId, call: &FamilyCall) -> Result<(DrawPlan, f64), Box<Diagnostic>> {
        let declaration = self.translator.model().site(site);
        if declaration.value != Kind::Real {
            let Some(States::From { low, count }) = states::finite(self.translator, site) else {
                return Err(refuse(declaration.span, "has no uniform distribution to draw from"));
            };
            let axis = self.translator.builder.axis("states", count);
            let weights = self.translator.builder.data(&[axis], vec![0.0; count]);
            return Ok((DrawPlan::State { weights, axis }, low));
        }
        let interval = declaration.domain.domain.interval;
        let ends = declaration.domain.ends.clone();
        let mut end = |k: usize, otherwise: f64| match &ends[k] {
            Some(term) => self.translator.term(term),
            None => self.translator.builder.constant(otherwise),
        };
        let arguments = vec![end(0, interval.low), end(1, interval.high)];
        let over = crate::library::Over::default();
        Ok((DrawPlan::Family { family: call.family, arguments, over }, 0.0))
    }

    fn factor(&mut self, factor: &Factor) -> Result<SimulationStep, Box<Diagnostic>> {
        let Factor::Observe { target, axes, distribution, span, .. } = factor else {
            unreachable!("potentials are refused before")
        };
        let TermKind::Read(site, addresses) = &target.kind else {
            return Err(refuse(*span, "observes an expression of the data"));
        };
        let plan = self.translator.draw_plan(distribution);
        let mut own = self.translator.axes(axes);
        let mut order: Vec<usize> = (0..own.len()).collect();
        order.sort_by_key(|&k| own[k]);
        let sorted: Vec<AxisVar> = order.iter().map(|&k| axes[k]).collect();
        own.sort();
        let places = self.places(*site, addresses, &sorted);
        let places = places.ok_or_else(|| refuse(*span, "observes values at places that are not data"))?;
        Ok(SimulationStep { plan, low: 0.0, axes: own, places, arrange: None })
    }

    /// Where each cell of a statement lies in the stretch of its site.
    fn places(&mut self, site: SiteId, addresses: &[Address], axes: &[AxisVar]) -> Option<Vec<usize>> {
        let (model, bindings) = (self.bound.model(), self.bound.bindings());
        let size = |axis: &AxisVar| bindings.sizes[axis.dim.0].unwrap_or(0);
        let positions: Option<Vec<Option<Array>>> = addresses
            .iter()
            .map(|address| match address {
                Address::Here(_) => Some(None),
                Address::At(term) => evaluate(model, bindings, term).map(Some),
            })
            .collect();
        let positions = positions?;
        let declared = model.site(site).axes.clone();
        let graph_axes = self.translator.axes(&declared);
        let stride = |k: usize| -> usize {
            let later = |other: &usize| graph_axes[*other] > graph_axes[k];
            (0..declared.len()).filter(later).map(|other| size(&declared[other])).product()
        };
        let count: usize = axes.iter().map(size).product();
        let offset = self.offset(site);
        let mut places = Vec::with_capacity(count);
        for flat in 0..count {
            let at = |wanted: &AxisVar| -> Option<usize> {
                let k = axes.iter().position(|axis| axis == wanted)?;
                let inner: usize = axes[k + 1..].iter().map(size).product();
                Some(flat / inner.max(1) % size(wanted).max(1))
            };
            let mut place = offset;
            for (k, address) in addresses.iter().enumerate() {
                let position = match (address, &positions[k]) {
                    (Address::Here(axis), _) => at(axis)?,
                    (Address::At(term), Some(values)) => {
                        let flat = term
                            .axes
                            .iter()
                            .zip(&values.shape)
                            .try_fold(0, |flat, (axis, size)| Some(flat * size + at(axis)?))?;
                        values.values[flat] as usize
                    }
                    (Address::At(_), None) => return None,
                };
                if position >= size(&declared[k]) {
                    return None;
                }
                place += position * stride(k);
            }
            places.push(place);
        }
        Some(places)
    }
}

fn by_domain(call: &FamilyCall) -> bool {
    call.family.forms[call.form].normaliser == Normaliser::DomainSize
}
