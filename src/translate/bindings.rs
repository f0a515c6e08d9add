//! What the data say about a model: sizes and coordinates of dims, values of sites.

use crate::array::Array;

/// Sizes, coordinates and values, filled in while the data are bound.
#[derive(Clone, Debug, Default)]
pub struct Bindings {
    /// Size of each dim, by `DimId`; `None` while unknown.
    pub sizes: Vec<Option<usize>>,
    /// Coordinates of each dim, by `DimId`; meaningful once the size is known.
    pub coordinates: Vec<Coordinates>,
    /// For each sub-dim: the position in its parent of each element. Empty for other dims.
    pub parents: Vec<Vec<usize>>,
    /// Value of each site known from data alone, by `SiteId`, in declared axis order. Positions for index kinds.
    pub values: Vec<Option<Array>>,
}

/// How the elements of a dim are named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coordinates {
    /// `first`, `first + 1` …
    Integers {
        /// The coordinate of position 0.
        first: i64,
    },
    /// By label.
    Labels(Vec<String>),
    /// A sub-dim: the coordinates that its elements have in the parent, as shown.
    Selected(Vec<String>),
}

impl Default for Coordinates {
    fn default() -> Self {
        Self::Integers { first: 1 }
    }
}

impl Coordinates {
    /// The name of the element at a position: a coordinate or a label.
    pub fn name(&self, position: usize) -> String {
        match self {
            Self::Integers { first } => (first + position as i64).to_string(),
            Self::Labels(labels) | Self::Selected(labels) => {
                labels.get(position).cloned().unwrap_or_default()
            }
        }
    }
}
