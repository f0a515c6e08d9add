//! The likelihood point by point: the log density of what is observed, given the continuous latents, in the smallest
//! pieces into which it falls once discrete latents are summed out.

use crate::data::BoundModel;
use crate::diagnostics::Diagnostic;
use crate::graph::{Graph, Node};
use crate::model::{AxisVar, Factor};
use crate::translate::Translator;

use super::conjugate::Given;
use super::eliminate::{Purpose, Rows, Table, eliminate};
use super::joint::{self, Integrated};
use super::latents::Centring;
use super::limits::Limits;

/// All points of a model with data.
#[derive(Clone, Debug)]
pub struct Likelihood {
    /// All nodes; the position vector begins as that of the objective with the same centring.
    pub graph: Graph,
    /// Groups of points, in the order of the `observe` statements.
    pub groups: Vec<PointGroup>,
    /// Latents that the objective integrates out: their values follow the position, in this order.
    pub given: Vec<Given>,
}

/// Points of one kind: one for each cell.
#[derive(Clone, Debug)]
pub struct PointGroup {
    /// Log density of each point given the continuous latents.
    pub node: Node,
    /// The axes of its cells, in the order of the node's values.
    pub cells: Vec<AxisVar>,
    /// The `observe` statements that a point has data of, as numbers of factors.
    pub factors: Vec<usize>,
    /// Whether some cells may hold no data.
    pub coverage: Coverage,
}

/// Which cells of a group are points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// All.
    Full,
    /// Those whose log density is not 0: the data of the others belong to another group.
    Part,
}

/// Builds the points. Data whose density reads a discrete latent are one point with all other data that its element, or
/// its chain, reaches: p(data of the element) is the sum over its states, and no part of it stands alone.
///
/// # Errors
/// If a discrete latent cannot be summed out within `limits`.
pub fn likelihood(
    bound: &BoundModel,
    centring: &Centring,
    limits: &Limits,
) -> Result<Likelihood, Box<Diagnostic>> {
    let model = bound.model();
    let mut translator = Translator::new(model, bound.bindings());
    let joint = joint::build_as(&mut translator, centring, limits, Integrated::Given)?;
    // Tables are those of the priors first, then those of the factors in order.
    let first = joint.tables.len() - model.factors.len();
    let observed =
        |k: &usize| k.checked_sub(first).filter(|&k| matches!(model.factors[k], Factor::Observe { .. }));
    let within = (Purpose::Density, limits, joint.width());
    let with = eliminate(&mut translator, &joint.tables, &joint.discrete, within)?;
    let unobserved = without_data(&mut translator, &joint.tables, |k| observed(&k).is_some());
    let without = eliminate(&mut translator, &unobserved, &joint.discrete, within)?;
    let mut groups = Vec::new();
    for (table, base) in with.tables.iter().zip(&without.tables) {
        let factors: Vec<usize> = table.from.iter().filter_map(observed).collect();
        if !factors.is_empty() {
            groups.push(group(&mut translator, (table, base), factors));
        }
    }
    groups.sort_by_key(|group| group.factors[0]);
    Ok(Likelihood { graph: translator.builder.finish(), groups, given: joint.given })
}

/// The same tables with zeros, over the same axes, in place of the data's densities: what is left of them once they are
/// summed is the density of everything that is not data.
fn without_data(
    translator: &mut Translator,
    tables: &[(String, Node)],
    is_observed: impl Fn(usize) -> bool,
) -> Vec<(String, Node)> {
    let builder = &mut translator.builder;
    let each = tables.iter().enumerate().map(|(k, (name, node))| {
        if !is_observed(k) {
            return (name.clone(), *node);
        }
        let axes = builder.axes_of(*node).to_vec();
        let length = axes.iter().map(|&axis| builder.graph().axis_size(axis)).product();
        (name.clone(), builder.data(&axes, vec![0.0; length]))
    });
    each.collect()
}

/// log p(data | rest) = log p(data, rest) - log p(rest), cell by cell.
fn group(translator: &mut Translator, (table, base): (&Table, &Table), factors: Vec<usize>) -> PointGroup {
    let axes = translator.builder.axes_of(table.node).to_vec();
    let node = match table.from.len() {
        1 => table.node,
        _ => translator.builder.sub(table.node, base.node),
    };
    let node = translator.builder.expand(node, &axes);
    let cells = axes.iter().filter_map(|&axis| translator.variable(axis)).collect();
    let may_be_missing =
        |&k: &usize| matches!(translator.model().factors[k], Factor::Observe { gaps: Some(_), .. });
    let coverage = match table.rows {
        Rows::All if !factors.iter().any(may_be_missing) => Coverage::Full,
        Rows::All | Rows::Outside => Coverage::Part,
    };
    PointGroup { node, cells, factors, coverage }
}
