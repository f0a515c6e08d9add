//! Learned values at a position of the search for them.

use crate::array::Array;
use crate::data::BoundModel;
use crate::graph::Node;
use crate::lower::{Objective, Reported};
use crate::model::SiteId;

use super::{declared_order, run_batches};

/// The values of what an objective seeks at a position `[D]`, in declared axis order.
pub fn learned(bound: &BoundModel, objective: &Objective, position: &[f64]) -> Vec<(SiteId, Array)> {
    let is_sought = |site: SiteId| objective.layout.learned.iter().any(|sought| sought.site == site);
    let sought: Vec<&Reported> = objective.reported.iter().filter(|one| is_sought(one.site)).collect();
    let nodes: Vec<Node> = sought.iter().map(|one| one.node).collect();
    let values = run_batches(&objective.graph, &nodes, position, &[], 1);
    let each = sought.into_iter().zip(values).map(|(one, values)| {
        let order = declared_order(&objective.graph, one.node, &one.axes);
        (one.site, array(bound, one.site, order.into_iter().map(|from| values[from]).collect()))
    });
    each.collect()
}

/// The values of a site, in declared axis order, as an array.
pub fn array(bound: &BoundModel, site: SiteId, values: Vec<f64>) -> Array {
    let axes = bound.model().site(site).axes.iter();
    Array::new(axes.map(|axis| bound.bindings().sizes[axis.dim.0].unwrap_or(0)).collect(), values)
}
