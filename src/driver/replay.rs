//! One evaluation of a fit, made again: the fit runs as it did, up to that evaluation, and its position is looked at.

use std::cell::Cell;
use std::rc::Rc;

use crate::data::BoundModel;
use crate::graph::interpret::interpret;
use crate::inference::{Block, Expected, Guide, Known, Options, Progress, Target, Unknown, Watch};
use crate::lower::{self, Centring, Limits, Objective};
use crate::posterior;

use super::fault::{self, Moment, Traced};
use super::target::CompiledTarget;

/// What an evaluation saw.
#[derive(Clone, Debug)]
pub struct Replay {
    /// Its number, from 1.
    pub evaluation: u64,
    /// The seed of the fit.
    pub seed: u64,
    /// The latents by name, element by element, on their own scale.
    pub latents: Vec<(String, f64)>,
    /// The terms of the density by name, each summed over its cells (over states too, where these are summed out).
    pub terms: Vec<(String, f64)>,
    /// The log density on unconstrained space.
    pub log_density: f64,
    /// What is not finite, if anything is.
    pub fault: Option<Traced>,
}

/// The position that is looked for, by the number of its evaluation.
#[derive(Clone, Debug)]
pub struct Sought {
    evaluation: u64,
    spent: u64,
    pub(super) found: Option<(Vec<f64>, Centring, Limits)>,
    done: Rc<Cell<bool>>,
}

impl Sought {
    /// Counts positions `[S][D]`, each as so many evaluations, and notes the one that is looked for with the
    /// parameterisation and the limits of its density.
    pub(super) fn count(
        &mut self,
        (positions, dimension): (&[f64], usize),
        each: u64,
        place: &(Centring, Limits),
    ) {
        let nth = self.evaluation.saturating_sub(self.spent + 1) / each;
        let rows = positions.chunks(dimension.max(1));
        let ahead = self.evaluation > self.spent;
        self.spent += each * rows.len() as u64;
        if ahead && let Some(row) = positions.chunks(dimension.max(1)).nth(nth as usize) {
            self.found = Some((row.to_vec(), place.0.clone(), place.1.clone()));
            self.done.set(true);
        }
    }
}

/// A watch that ends the fit once the evaluation has been seen.
struct Until<'w> {
    inner: &'w mut dyn Watch,
    done: Rc<Cell<bool>>,
}

impl Watch for Until<'_> {
    fn progress(&mut self, progress: &Progress) {
        self.inner.progress(progress);
    }

    fn should_stop(&mut self) -> bool {
        self.done.get() || self.inner.should_stop()
    }
}

/// Makes an evaluation of a fit again; `None` if the fit ends before it comes to it. The fit is the one of the same
/// objective and options: only how long it may take is left out.
pub fn replay(
    bound: &BoundModel,
    objective: &Objective,
    options: &Options,
    (threads, watch): (usize, &mut dyn Watch),
    evaluation: u64,
) -> Option<Replay> {
    let done = Rc::new(Cell::new(false));
    let mut sought = Sought { evaluation, spent: 0, found: None, done: Rc::clone(&done) };
    let mut until = Until { inner: watch, done };
    super::search(bound, objective, options, (threads, &mut until), Some(&mut sought));
    let (position, centring, limits) = sought.found?;
    let is_other = centring != objective.centring || limits != objective.limits;
    let moved = is_other.then(|| lower::lower(bound, &centring, &limits).ok()).flatten();
    Some(look(bound, moved.as_ref().unwrap_or(objective), &position, (evaluation, options.seed)))
}

fn look(
    bound: &BoundModel,
    objective: &Objective,
    position: &[f64],
    (evaluation, seed): (u64, u64),
) -> Replay {
    let sites = posterior::evaluate(bound, objective, position, 1, seed);
    let is_latent = |site| objective.layout.blocks.iter().any(|block| block.site == site);
    let latents = objective.reported.iter().zip(sites).filter(|(reported, _)| is_latent(reported.site));
    let tables = fault::tables(objective, position);
    let names = objective.terms.iter().map(|(name, _)| name.clone());
    let graph = &objective.graph;
    Replay {
        evaluation,
        seed,
        latents: latents.flat_map(|(_, draws)| draws.names.into_iter().zip(draws.values)).collect(),
        terms: names.zip(tables.iter().map(|table| table.values.iter().sum())).collect(),
        log_density: interpret(graph, position, &[], &[objective.log_joint])[0][0],
        fault: fault::at_evaluation(
            bound,
            objective,
            position,
            Moment::Evaluation { number: evaluation, seed },
        ),
    }
}

/// A target that notes the position of the evaluation that is looked for. It counts as the fit does: one for each
/// position, two for each Hessian-vector product.
pub(super) struct Seeking<'t> {
    inner: &'t mut CompiledTarget,
    sought: &'t mut Sought,
    place: (&'t Centring, &'t Limits),
}

impl<'t> Seeking<'t> {
    /// A target with the parameterisation and the limits that it was lowered with.
    pub(super) fn new(
        inner: &'t mut CompiledTarget,
        sought: &'t mut Sought,
        place: (&'t Centring, &'t Limits),
    ) -> Self {
        Self { inner, sought, place }
    }

    fn count(&mut self, positions: &[f64], each: u64) {
        let place = (self.place.0.clone(), self.place.1.clone());
        self.sought.count((positions, self.inner.dimension()), each, &place);
    }
}

impl Target for Seeking<'_> {
    fn dimension(&self) -> usize {
        self.inner.dimension()
    }

    fn evaluate(&mut self, positions: &[f64], values: &mut [f64], gradients: &mut [f64]) {
        self.count(positions, 1);
        self.inner.evaluate(positions, values, gradients);
    }

    fn value(&mut self, positions: &[f64], values: &mut [f64]) {
        self.count(positions, 1);
        self.inner.value(positions, values);
    }

    fn hessian_vector(&mut self, positions: &[f64], directions: &[f64], products: &mut [f64]) {
        self.count(positions, 2);
        self.inner.hessian_vector(positions, directions, products);
    }

    fn known(&mut self, draws: usize) -> Option<Known> {
        self.inner.known(draws)
    }

    /// Counts as an evaluation at the mean, as often as it costs.
    fn expected(&mut self, mean: &[f64], root: &[f64]) -> Result<Expected, Unknown> {
        let cost = self.inner.cost();
        self.count(mean, cost);
        self.inner.expected(mean, root)
    }

    fn evaluate_left(&mut self, positions: &[f64], values: &mut [f64], gradients: &mut [f64]) {
        self.count(positions, 1);
        self.inner.evaluate_left(positions, values, gradients);
    }

    fn blocks(&self) -> Vec<Block> {
        self.inner.blocks()
    }

    fn names(&self) -> Vec<String> {
        self.inner.names()
    }

    fn guide(&self) -> Option<Box<dyn Guide>> {
        self.inner.guide()
    }
}
