//! The rows of the element-wise operations of three arguments: name, meaning and derivatives in one place.

use super::quantiles;
use crate::graph::{Builder, Node, Ternary};
use crate::numeric::special;

/// Builds a partial derivative from the inputs and the value.
pub type Partial = fn(&mut Builder, [Node; 3], Node) -> Node;

/// What an operation of three arguments is.
#[derive(Clone, Copy, Debug)]
pub struct TernaryRow {
    /// Which operation.
    pub op: Ternary,
    /// Its printed name.
    pub name: &'static str,
    /// Its value.
    pub eval: fn(f64, f64, f64) -> f64,
    /// Build the derivative by each input.
    pub partials: [Partial; 3],
    /// Points at which tests compare the derivatives with differences: generic.
    pub probes: &'static [[f64; 3]],
}

impl Ternary {
    /// The row of this operation.
    pub fn row(self) -> &'static TernaryRow {
        ROWS.iter().find(|row| row.op == self).expect("each operation has a row")
    }

    /// All rows.
    pub fn rows() -> &'static [TernaryRow] {
        ROWS
    }
}

static ROWS: &[TernaryRow] = &[
    TernaryRow {
        op: Ternary::LogitBetaQuantile,
        name: "logit_beta_quantile",
        eval: special::logit_beta_quantile,
        partials: [quantiles::beta_by_probability, quantiles::beta_by_first, quantiles::beta_by_second],
        probes: &[[0.23, 0.37, 0.61], [0.61, 1.9, 5.3], [0.93, 17.3, 0.7], [0.041, 31.0, 73.0]],
    },
    TernaryRow {
        op: Ternary::LogitBetaSlope,
        name: "logit_beta_slope",
        eval: special::logit_beta_slope,
        partials: [
            quantiles::beta_slope_by_value,
            quantiles::beta_slope_by_first,
            quantiles::beta_slope_by_second,
        ],
        probes: &[[-2.3, 0.37, 0.61], [0.61, 1.9, 5.3], [3.1, 17.3, 0.7], [-1.1, 31.0, 73.0]],
    },
];
