//! How far exact sums may go: the largest table, and the windows over counts that have no end.

use std::collections::BTreeMap;

use crate::model::SiteId;

/// What exact sums are allowed, and what is known about the windows they need.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Elements of the largest table that is built.
    pub max_states: f64,
    /// How many values of a latent without an end are summed, where the first guess was too few.
    pub windows: BTreeMap<SiteId, usize>,
}

impl Limits {
    /// The cap that holds unless another is asked for: 160 MB for each of the positions that are evaluated together.
    pub const MAX_STATES: f64 = 2e7;
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_states: Self::MAX_STATES, windows: BTreeMap::new() }
    }
}
