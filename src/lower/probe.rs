//! Any term of a model at one position: what a fault of the density is traced with.

use crate::data::BoundModel;
use crate::graph::Axis;
use crate::graph::interpret::interpret;
use crate::model::{SiteId, Term};
use crate::translate::Translator;

use super::Objective;
use super::joint;
use super::latents::Centring;

/// A model with data, ready to evaluate its terms.
pub struct Probe<'a> {
    translator: Translator<'a>,
}

/// The values of a term over its cells.
#[derive(Clone, Debug, PartialEq)]
pub struct Values {
    /// Name and size of each axis, in the order of the values.
    pub axes: Vec<(Axis, String, usize)>,
    /// Row-major.
    pub values: Vec<f64>,
}

impl<'a> Probe<'a> {
    /// Binds all latents as in an objective of theirs; `None` where a discrete one cannot be summed out.
    pub fn new(bound: &'a BoundModel, objective: &Objective) -> Option<Self> {
        let mut translator = Translator::new(bound.model(), bound.bindings());
        let kept = objective.kept.iter().map(|kept| kept.site).collect();
        joint::build(&mut translator, &Centring { kept, ..Centring::default() }, &objective.limits).ok()?;
        Some(Self { translator })
    }

    /// A term at a position.
    pub fn term(&mut self, term: &Term, position: &[f64]) -> Values {
        let node = self.translator.term(term);
        self.node(node, position)
    }

    /// A site at a position.
    pub fn site(&mut self, site: SiteId, position: &[f64]) -> Values {
        let node = self.translator.site(site);
        self.node(node, position)
    }

    fn node(&self, node: crate::graph::Node, position: &[f64]) -> Values {
        let graph = self.translator.builder.graph();
        let axes = graph.axes_of(node).iter().map(|&axis| {
            let info = graph.axis(axis);
            (axis, info.label.clone(), info.size)
        });
        let values = interpret(graph, position, &[], &[node]).swap_remove(0);
        Values { axes: axes.collect(), values }
    }
}

impl Values {
    /// Positions along the axes of an element.
    pub fn cell(&self, mut flat: usize) -> Vec<(Axis, usize)> {
        let mut cell = Vec::with_capacity(self.axes.len());
        for (axis, _, size) in self.axes.iter().rev() {
            cell.push((*axis, flat % size.max(&1)));
            flat /= size.max(&1);
        }
        cell.reverse();
        cell
    }

    /// The first element that is such and agrees with a cell wherever both know the axis.
    pub fn find(&self, cell: &[(Axis, usize)], is: impl Fn(f64) -> bool) -> Option<(usize, f64)> {
        let agrees = |flat: usize| {
            self.cell(flat)
                .iter()
                .all(|(axis, at)| cell.iter().all(|(other, there)| axis != other || at == there))
        };
        self.values.iter().copied().enumerate().find(|&(flat, value)| is(value) && agrees(flat))
    }
}
