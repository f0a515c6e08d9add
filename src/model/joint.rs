//! Joint axes: which of a site's axes one draw of a joint distribution, or one value of a joint domain, takes whole.

use super::checker::Checker;
use super::errors;
use super::ir::*;
use super::scope::Scope;
use crate::library::{Parameter, Rank};
use crate::syntax::ast::Name;

/// The first of two axes over the same dim.
pub fn repeated(axes: &[AxisVar]) -> Option<AxisVar> {
    axes.iter().copied().find(|axis| axes.iter().any(|other| other.dim == axis.dim && other.copy > axis.copy))
}

/// For each joint axis, the next axis of its dim among these.
pub fn twins_among(over: &[AxisVar], axes: &[AxisVar]) -> Vec<AxisVar> {
    let next = |axis: &AxisVar| {
        axes.iter().copied().filter(|other| other.dim == axis.dim && other.copy > axis.copy).min()
    };
    over.iter().map(|axis| next(axis).unwrap_or(AxisVar { dim: axis.dim, copy: axis.copy + 1 })).collect()
}

/// The joint axis that arguments give away: the dim of a matrix, of positions, or of a single vector.
pub fn evidence(arguments: &[Term], parameters: &[Parameter], cells: &[AxisVar]) -> Option<AxisVar> {
    let of_dim = |dim: DimId| cells.iter().copied().find(|axis| axis.dim == dim);
    let mut vector: Option<AxisVar> = None;
    for (term, parameter) in arguments.iter().zip(parameters) {
        let found = match (parameter.rank, term.value) {
            (Rank::Matrix, _) => repeated(&term.axes).and_then(|axis| of_dim(axis.dim)),
            (Rank::Scalar, _) => None,
            (Rank::Vector, _) => {
                let own: Vec<AxisVar> =
                    term.axes.iter().copied().filter(|axis| cells.contains(axis)).collect();
                if own.len() == 1 && vector.is_none() {
                    vector = Some(own[0]);
                }
                None
            }
            (_, Kind::Index(dim)) => of_dim(dim),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    vector
}

impl<'t> Checker<'t> {
    /// An axis of a site by the name of its variable or of its dim. A matrix takes both axes of a dim that is there twice;
    /// a vector lies along one, which has to be said.
    pub fn joint_axis_named(
        &mut self,
        (name, rank): (&Name, Rank),
        axes: &[AxisVar],
        scope: &Scope<'t>,
    ) -> Option<AxisVar> {
        if let Some(axis) = scope.variable(&name.text).filter(|axis| axes.contains(axis)) {
            return Some(axis);
        }
        let dim = self.dim_named(name)?;
        let found: Vec<AxisVar> = axes.iter().copied().filter(|axis| axis.dim == dim).collect();
        match found[..] {
            [axis] => Some(axis),
            [] => {
                self.report(errors::not_an_axis(name, axes, &self.model));
                None
            }
            [first, ..] => {
                let variables =
                    scope.bound.iter().any(|bound| bound.axis.dim == dim && bound.variable.is_some());
                if variables || rank == Rank::Vector {
                    self.report(errors::joint_axis_twice(name));
                    return None;
                }
                Some(first)
            }
        }
    }
}
