//! Terms and distributions of a checked model as graph, given the sizes of dims and the values of data.

pub mod bindings;

pub use bindings::{Bindings, Coordinates};

use crate::array::Array;
use crate::model::{Model, Term};

/// Evaluates a term known from data alone, over its axes in ascending order. The sizes of its axes and the sites it
/// reads must be bound. `None` if something it needs is not bound yet.
pub fn evaluate(_model: &Model, _bindings: &Bindings, _term: &Term) -> Option<Array> {
    None
}
