//! A dense array of numbers: what data are, and what is reported.

use std::sync::Arc;

/// Numbers in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Length along each axis, in declared order; empty for a scalar.
    pub shape: Vec<usize>,
    /// The numbers; as many as the product of `shape`.
    pub values: Arc<[f64]>,
}

impl Array {
    /// From its parts.
    pub fn new(shape: Vec<usize>, values: impl Into<Arc<[f64]>>) -> Self {
        let values = values.into();
        debug_assert_eq!(values.len(), shape.iter().product::<usize>(), "values fill the shape");
        Self { shape, values }
    }

    /// A single number.
    pub fn scalar(value: f64) -> Self {
        Self::new(vec![], [value])
    }
}
