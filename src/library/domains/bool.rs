//! Truth values, as 0 and 1.

use crate::library::interval::Interval;
use crate::library::spec::{Domain, ValueKind};

use super::membership::{NO_ENDS, each};

/// `bool`
pub static BOOL: Domain = Domain {
    name: "bool",
    words: "true or false (0 or 1)",
    interval: Interval::BOOL,
    inside: &[(&[0.0], NO_ENDS, 1), (&[1.0], NO_ENDS, 1)],
    outside: &[(&[0.5], NO_ENDS, 1), (&[2.0], NO_ENDS, 1)],
    kind: ValueKind::Bool,
    ..Domain::base(|x, _, _| each(x, |x| x == 0.0 || x == 1.0, "is neither 0 nor 1"))
};
