//! Positions in a dim, counted from 0.

use crate::library::interval::Interval;
use crate::library::spec::{Domain, ValueKind};

use super::membership::integers;

/// `index`
pub static INDEX: Domain = Domain {
    name: "index",
    words: "a position in a dim",
    interval: Interval::COUNT,
    inside: &[(&[0.0], [0.0, 4.0], 1), (&[4.0], [0.0, 4.0], 1)],
    outside: &[(&[1.5], [0.0, 4.0], 1), (&[5.0], [0.0, 4.0], 1)],
    kind: ValueKind::Index,
    ..Domain::base(|x, ends, _| integers(x, ends, "is not a position in the dim"))
};
