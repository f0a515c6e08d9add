//! The observed data as points: their names, and their log densities at draws.

use crate::data::BoundModel;
use crate::lower::{Coverage, Likelihood, PointGroup};
use crate::model::{AxisVar, Factor};
use crate::translate::evaluate;

use super::run_batches;

/// The points of a model at draws of its posterior.
#[derive(Clone, Debug, PartialEq)]
pub struct Points {
    /// One for each point: `y[3]`; `y[3,_]` for all of a row at once; `y, w at patient 3` for data that a latent joins.
    pub names: Vec<String>,
    /// Log densities `[draw][point]`.
    pub log_likelihood: Vec<f64>,
}

/// Evaluates the likelihood point by point at unconstrained draws `[count][D]`.
pub fn points(bound: &BoundModel, likelihood: &Likelihood, draws: &[f64], count: usize) -> Points {
    let nodes: Vec<_> = likelihood.groups.iter().map(|group| group.node).collect();
    let values = run_batches(&likelihood.graph, &nodes, draws, &[], count);
    let mut names = Vec::new();
    let mut columns: Vec<Vec<f64>> = Vec::new();
    for (group, values) in likelihood.groups.iter().zip(values) {
        let own = group_names(bound, group);
        let width = own.len();
        for (k, name) in own.into_iter().enumerate() {
            let column: Vec<f64> = values.iter().skip(k).step_by(width).copied().collect();
            if group.coverage == Coverage::Full || column.iter().any(|&value| value != 0.0) {
                names.push(name);
                columns.push(column);
            }
        }
    }
    let rows = (0..count).flat_map(|draw| columns.iter().map(move |column| column[draw]));
    Points { log_likelihood: rows.collect(), names }
}

/// One name for each cell of a group, in the order of its values.
fn group_names(bound: &BoundModel, group: &PointGroup) -> Vec<String> {
    let model = bound.model();
    let statements = group.factors.iter().filter_map(|&k| match &model.factors[k] {
        Factor::Observe { site, axes, .. } => Some((model.site(*site).name.as_str(), axes)),
        Factor::Potential { .. } => None,
    });
    let statements: Vec<(&str, &Vec<AxisVar>)> = statements.collect();
    let cells = cells(bound, &group.cells);
    if let [(name, axes)] = statements.as_slice()
        && group.cells.iter().all(|cell| axes.contains(cell))
    {
        return cells.iter().map(|cell| bracketed(bound, (name, axes), &group.cells, cell)).collect();
    }
    let mut names: Vec<&str> = statements.iter().map(|(name, _)| *name).collect();
    names.dedup();
    let names = names.join(", ");
    let place = |cell: &Vec<usize>| -> Vec<String> {
        let each = group.cells.iter().zip(cell);
        each.map(|(axis, &at)| format!("{} {}", model.dim(axis.dim).name, coordinate(bound, *axis, at)))
            .collect()
    };
    let named = |cell: &Vec<usize>| match place(cell) {
        place if place.is_empty() => names.clone(),
        place => format!("{names} at {}", place.join(", ")),
    };
    cells.iter().map(named).collect()
}

/// `y[3,_]`: a coordinate for each axis of the statement that the point has, `_` for one that it takes whole.
fn bracketed(
    bound: &BoundModel,
    (name, axes): (&str, &[AxisVar]),
    own: &[AxisVar],
    cell: &[usize],
) -> String {
    let places = axes.iter().map(|axis| match own.iter().position(|known| known == axis) {
        Some(k) => coordinate(bound, *axis, cell[k]),
        None => "_".to_owned(),
    });
    let places: Vec<String> = places.collect();
    if places.is_empty() { name.to_owned() } else { format!("{name}[{}]", places.join(",")) }
}

fn coordinate(bound: &BoundModel, axis: AxisVar, at: usize) -> String {
    bound.bindings().coordinates[axis.dim.0].name(at)
}

/// All positions along axes, row-major.
fn cells(bound: &BoundModel, axes: &[AxisVar]) -> Vec<Vec<usize>> {
    axes.iter().fold(vec![vec![]], |cells: Vec<Vec<usize>>, axis| {
        let size = bound.bindings().sizes[axis.dim.0].unwrap_or(0);
        cells.iter().flat_map(|cell| (0..size).map(move |k| [cell.clone(), vec![k]].concat())).collect()
    })
}

/// One observed number.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedCell {
    /// `y[3]`
    pub name: String,
    /// Its value, as it is observed: that of `log(y)` where `log(y)` is observed.
    pub value: f64,
}

/// All that a model observes, by name.
pub fn observed_cells(bound: &BoundModel) -> Vec<ObservedCell> {
    let mut found = Vec::new();
    for factor in &bound.model().factors {
        let Factor::Observe { target, site, axes, gaps, .. } = factor else { continue };
        let Some(values) = evaluate(bound.model(), bound.bindings(), target) else { continue };
        let missing = gaps.as_ref().and_then(|gaps| evaluate(bound.model(), bound.bindings(), gaps));
        let name = bound.model().site(*site).name.as_str();
        for cell in cells(bound, axes) {
            let flat = target.axes.iter().zip(&values.shape).fold(0, |flat, (axis, size)| {
                let at = axes.iter().position(|known| known == axis).map_or(0, |k| cell[k]);
                flat * size + at
            });
            if missing.as_ref().is_some_and(|missing| missing.values[flat] != 0.0) {
                continue;
            }
            let name = bracketed(bound, (name, axes), axes, &cell);
            found.push(ObservedCell { name, value: values.values[flat] });
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name).then(a.value.total_cmp(&b.value)));
    found
}
