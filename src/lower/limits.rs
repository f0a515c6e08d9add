//! What an objective may cost: the largest table of an exact sum, the windows over counts that have no end, and how precisely
//! matrices are held.

use std::collections::BTreeMap;

use crate::model::SiteId;

/// What exact sums are allowed, what is known about the windows they need, and how programs hold matrices.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Elements of the largest table that is built.
    pub max_states: f64,
    /// How many values of a latent without an end are summed, where the first guess was too few.
    pub windows: BTreeMap<SiteId, usize>,
    /// How the constant matrices of products are held.
    pub matrices: Matrices,
}

/// How constant matrices are held where single precision would change them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Matrices {
    /// As they are.
    #[default]
    Exact,
    /// Rounded to single precision, where that moves no entry far.
    Single,
}

impl Limits {
    /// The cap that holds unless another is asked for: 160 MB for each of the positions that are evaluated together.
    pub const MAX_STATES: f64 = 2e7;
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_states: Self::MAX_STATES, windows: BTreeMap::new(), matrices: Matrices::Exact }
    }
}
