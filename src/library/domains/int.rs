//! All integers.

use crate::library::interval::Interval;
use crate::library::spec::{Domain, ValueKind};

use super::membership::{NO_ENDS, integers};

/// `int`
pub static INT: Domain = Domain {
    name: "int",
    words: "an integer",
    interval: Interval::INT,
    inside: &[(&[-4.0], NO_ENDS, 1), (&[12.0], NO_ENDS, 1)],
    outside: &[(&[1.5], NO_ENDS, 1)],
    kind: ValueKind::Count,
    ..Domain::base(|x, _, _| integers(x, NO_ENDS, "is not an integer"))
};
