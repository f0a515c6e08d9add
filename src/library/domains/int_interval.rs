//! Integers between two ends: `int(a..b)`.

use crate::library::interval::Interval;
use crate::library::spec::{Domain, Ends, ValueKind};

use super::membership::integers;

/// `int_interval`
pub static INT_INTERVAL: Domain = Domain {
    name: "int_interval",
    words: "an integer between the ends",
    interval: Interval::INT,
    inside: &[(&[-4.0], [-5.0, 3.0], 1), (&[3.0], [-5.0, 3.0], 1)],
    outside: &[(&[1.5], [-5.0, 3.0], 1), (&[4.0], [-5.0, 3.0], 1)],
    kind: ValueKind::Count,
    takes_ends: Ends::Both,
    ..Domain::base(|x, ends, _| integers(x, ends, "is not between the ends"))
};
