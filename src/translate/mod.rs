//! Terms and distributions of a checked model as graph, given the sizes of dims and the values of data.
//!
//! One axis of the model, `(dim, copy)`, is one axis of the graph. A term becomes a node over (at most) its axes.

pub mod bindings;
pub mod discrete;
mod distributions;
mod draws;
mod reads;
mod recurrence;
mod terms;

use std::collections::HashMap;

pub use bindings::{Bindings, Coordinates};
pub use discrete::{Place, Reading, Reference, States};
pub use draws::{DrawPlan, DrawStep};

use crate::array::Array;
use crate::graph::interpret::interpret;
use crate::graph::{Axis, Builder, Node};
use crate::library::Over;
use crate::model::{
    AxisVar, DimId, Model, Recurrence, SiteId, SiteKind, Stage, StatesOf, Step, Term, derived,
};

/// Turns terms into nodes of one graph.
pub struct Translator<'a> {
    /// The graph under construction.
    pub builder: Builder,
    model: &'a Model,
    bindings: &'a Bindings,
    axes: HashMap<AxisVar, Axis>,
    sites: HashMap<SiteId, Node>,
    /// Conditions under which what is being translated matters; see [`Translator::guarded`].
    guards: Vec<Node>,
    /// Replicates of observed sites, by factor; bound while generated quantities are translated.
    replicates: HashMap<usize, Node>,
    /// The body of the recurrence that is being translated.
    frame: Option<recurrence::Frame>,
    discrete: discrete::Discrete,
    /// `prob(z)` and `best(z)`; bound while generated quantities are translated.
    state_summaries: HashMap<(StatesOf, SiteId), Node>,
}

impl<'a> Translator<'a> {
    /// An empty graph with an axis for each dim of known size, in declared order.
    pub fn new(model: &'a Model, bindings: &'a Bindings) -> Self {
        let mut translator = Self::of_part(model, bindings);
        let known = (0..model.dims.len()).filter(|&dim| bindings.sizes.get(dim).copied().flatten().is_some());
        known.for_each(|dim| {
            translator.axis(AxisVar { dim: DimId(dim), copy: 0 });
        });
        translator
    }

    /// For one term of a model: costs no more than the term, however large the model is.
    fn of_part(model: &'a Model, bindings: &'a Bindings) -> Self {
        Self {
            builder: Builder::new(),
            model,
            bindings,
            axes: HashMap::new(),
            sites: HashMap::new(),
            guards: vec![],
            replicates: HashMap::new(),
            frame: None,
            discrete: discrete::Discrete::default(),
            state_summaries: HashMap::new(),
        }
    }

    /// The model being translated.
    pub fn model(&self) -> &'a Model {
        self.model
    }

    /// The sizes and values it is translated with.
    pub fn bindings(&self) -> &'a Bindings {
        self.bindings
    }

    /// Size of a dim, which is bound.
    pub fn size(&self, dim: DimId) -> usize {
        self.bindings.sizes[dim.0].expect("the sizes of the axes of a term are bound before it is translated")
    }

    /// The graph's axis of an axis of the model.
    pub fn axis(&mut self, axis: AxisVar) -> Axis {
        if let Some(&known) = self.axes.get(&axis) {
            return known;
        }
        let size = self.size(axis.dim);
        let label = format!("{}{}", self.model.dim(axis.dim).name, "'".repeat(axis.copy));
        let new = self.builder.axis(label, size);
        self.axes.insert(axis, new);
        new
    }

    /// The model's axis that an axis of the graph stands for; `None` for one that only the graph has.
    pub fn variable(&self, axis: Axis) -> Option<AxisVar> {
        self.axes.iter().find(|(_, known)| **known == axis).map(|(&variable, _)| variable)
    }

    /// The graph's axes of axes of the model, in the same order.
    pub fn axes(&mut self, axes: &[AxisVar]) -> Vec<Axis> {
        axes.iter().map(|&axis| self.axis(axis)).collect()
    }

    /// Joint axes with their twins.
    pub fn over(&mut self, axes: &[AxisVar], twins: &[AxisVar]) -> Over {
        Over { axes: self.axes(axes), twins: self.axes(twins) }
    }

    /// States the node that a latent, or a generated draw, is.
    pub fn bind_site(&mut self, site: SiteId, node: Node) {
        self.sites.insert(site, node);
    }

    /// Binds sites anew; lets that are computed from them are forgotten.
    pub fn rebind(&mut self, bound: &[(SiteId, Node)]) {
        let stale = derived(self.model, bound.iter().map(|(site, _)| *site));
        self.sites.retain(|site, _| !stale[site.0]);
        bound.iter().for_each(|(site, node)| self.bind_site(*site, *node));
    }

    /// States the node that the replicate of an observed site is, by factor.
    pub fn bind_replicate(&mut self, factor: usize, node: Node) {
        self.replicates.insert(factor, node);
    }

    /// States the node that `prob(z)` or `best(z)` is.
    pub fn bind_state_summary(&mut self, of: StatesOf, site: SiteId, node: Node) {
        self.state_summaries.insert((of, site), node);
    }

    /// Translates the lets of the model in order. Latents and learned values are bound by `latent` as they come up.
    pub fn walk(&mut self, mut latent: impl FnMut(&mut Self, SiteId)) {
        for step in &self.model.order {
            match step {
                Step::Site(site)
                    if matches!(
                        self.model.site(*site).kind,
                        SiteKind::Latent { .. } | SiteKind::Learn(_)
                    ) =>
                {
                    latent(self, *site)
                }
                Step::Site(site) if self.model.site(*site).stage <= Stage::Model => {
                    self.site(*site);
                }
                Step::Site(_) => {}
                Step::Recurrence(recurrence) => self.recurrence(recurrence),
            }
        }
    }

    /// The node of a site over its own axes; made at first use.
    pub fn site(&mut self, site: SiteId) -> Node {
        if let Some(&node) = self.sites.get(&site) {
            return node;
        }
        let node = match self.bindings.values.get(site.0).and_then(Option::as_ref) {
            Some(value) => self.constant_array(&self.model.site(site).axes, value),
            None => match self.recurrence_of(site) {
                // Only what was forgotten: all recurrences are made on the way through the model.
                Some(recurrence) => {
                    self.recurrence(recurrence);
                    self.sites[&site]
                }
                None => self.computed(site),
            },
        };
        self.sites.insert(site, node);
        node
    }

    fn recurrence_of(&self, site: SiteId) -> Option<&'a Recurrence> {
        self.model.order.iter().find_map(|step| match step {
            Step::Recurrence(recurrence) if recurrence.members.contains(&site) => Some(recurrence),
            _ => None,
        })
    }

    fn computed(&mut self, site: SiteId) -> Node {
        let declaration = self.model.site(site);
        let (SiteKind::Let(term) | SiteKind::Generate(term)) = &declaration.kind else {
            unreachable!("`{}` is bound before it is read", declaration.name)
        };
        let value = self.term(term);
        let axes = self.axes(&declaration.axes);
        self.builder.expand(value, &axes)
    }

    /// A constant over axes in the order given (row-major), laid out for the graph.
    pub fn constant_array(&mut self, axes: &[AxisVar], array: &Array) -> Node {
        if axes.is_empty() {
            return self.builder.constant(array.values.first().copied().unwrap_or(f64::NAN));
        }
        let own = self.axes(axes);
        let (sorted, values) = ascending(&own, &array.shape, &array.values);
        self.builder.data(&sorted, values)
    }
}

/// Row-major values over axes in any order as row-major values over the same axes in ascending order.
pub fn ascending(axes: &[Axis], shape: &[usize], values: &[f64]) -> (Vec<Axis>, Vec<f64>) {
    let mut order: Vec<usize> = (0..axes.len()).collect();
    order.sort_by_key(|&k| axes[k]);
    let sorted = order.iter().map(|&k| axes[k]).collect();
    (sorted, permute(shape, values, &order))
}

/// Row-major values with the axes of `shape` taken in the given order.
pub fn permute(shape: &[usize], values: &[f64], order: &[usize]) -> Vec<f64> {
    if order.is_sorted() {
        return values.to_vec();
    }
    let strides: Vec<usize> = (0..shape.len()).map(|k| shape[k + 1..].iter().product()).collect();
    let mut out = Vec::with_capacity(values.len());
    let mut index = vec![0; order.len()];
    for _ in 0..values.len() {
        out.push(values[index.iter().zip(order).map(|(&i, &k)| i * strides[k]).sum::<usize>()]);
        for place in (0..order.len()).rev() {
            index[place] += 1;
            if index[place] < shape[order[place]] {
                break;
            }
            index[place] = 0;
        }
    }
    out
}

/// Evaluates a term known from data alone, over its axes in ascending order. `None` if a size or a value that it
/// needs is not bound yet.
pub fn evaluate(model: &Model, bindings: &Bindings, term: &Term) -> Option<Array> {
    if !terms::is_ready(model, bindings, term) {
        return None;
    }
    let mut translator = Translator::of_part(model, bindings);
    let node = translator.term(term);
    let axes = translator.axes(&term.axes);
    Some(value_over(translator.builder, node, &axes))
}

/// The value of a site that is computed from data alone, in declared axis order; `None` if it is not ready.
/// Recurrences are computed as a whole.
pub fn evaluate_step(model: &Model, bindings: &Bindings, step: &Step) -> Option<Vec<(SiteId, Array)>> {
    let members = match step {
        Step::Site(site) => vec![*site],
        Step::Recurrence(recurrence) => recurrence.members.clone(),
    };
    let ready = |site: &SiteId| match &model.site(*site).kind {
        SiteKind::Let(term) => terms::is_ready_except(model, bindings, term, &members),
        _ => false,
    };
    if !members.iter().all(ready) {
        return None;
    }
    let mut translator = Translator::of_part(model, bindings);
    if let Step::Recurrence(recurrence) = step {
        translator.recurrence(recurrence);
    }
    let values = members.iter().map(|&site| {
        let node = translator.site(site);
        let axes = translator.axes(&model.site(site).axes);
        (site, value_over(translator.builder.clone(), node, &axes))
    });
    Some(values.collect())
}

/// The value of a node that depends on no parameter, over axes in the order given.
fn value_over(mut builder: Builder, node: Node, axes: &[Axis]) -> Array {
    let node = builder.expand(node, axes);
    let graph = builder.finish();
    let values = interpret(&graph, &[], &[], &[node]).remove(0);
    let sorted: Vec<usize> = graph.axes_of(node).iter().map(|&axis| graph.axis_size(axis)).collect();
    let order: Vec<usize> = axes
        .iter()
        .map(|axis| graph.axes_of(node).iter().position(|own| own == axis).expect("expanded over all axes"))
        .collect();
    let shape = order.iter().map(|&k| sorted[k]).collect();
    Array::new(shape, permute(&sorted, &values, &order))
}
