//! The integers from 0.

use crate::library::interval::Interval;
use crate::library::spec::{Domain, ValueKind};

use super::membership::{NO_ENDS, integers};

/// `count`
pub static COUNT: Domain = Domain {
    name: "count",
    words: "a count (0, 1, 2 …)",
    interval: Interval::COUNT,
    inside: &[(&[0.0], NO_ENDS, 1), (&[12.0], NO_ENDS, 1)],
    outside: &[(&[1.5], NO_ENDS, 1), (&[-1.0], NO_ENDS, 1)],
    kind: ValueKind::Count,
    ..Domain::base(|x, _, _| integers(x, [0.0, f64::INFINITY], "is below 0"))
};
