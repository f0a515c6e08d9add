//! Data files read with positions, and bound to what a model declares.

mod bind;
mod codes;
mod csv;
mod domains;
mod fields;
mod index;
mod inputs;
mod json;
mod json_faults;
mod json_text;
mod json_tokens;
mod lets;
mod places;
mod read;
mod records;
mod replicate;
mod sizes;
mod spread;
mod tally;
mod values;
mod words;

pub use bind::bind;
pub use fields::{Field, Fields, Layout, Origin, Values};
pub use read::{Format, decode, places, read};

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

#[cfg(test)]
mod tests;
