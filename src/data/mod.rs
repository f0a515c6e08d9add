//! Data files read with positions, and bound to what a model declares.

use std::sync::Arc;

use crate::model::Model;
use crate::translate::Bindings;

/// A model with its data: every dim has a size, every data site and every let of data alone a value.
#[derive(Clone, Debug)]
pub struct BoundModel {
    model: Arc<Model>,
    bindings: Bindings,
}

impl BoundModel {
    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Sizes, coordinates and values; complete.
    pub fn bindings(&self) -> &Bindings {
        &self.bindings
    }
}
