//! Numbers of 0 or more.

use crate::library::interval::Interval;
use crate::library::spec::Domain;

use super::membership::{NO_ENDS, each};
use super::scalar_transforms;

/// `nonneg`
pub static NONNEG: Domain = Domain {
    name: "nonneg",
    words: "a number of 0 or more",
    interval: Interval::NONNEG,
    transform: Some(scalar_transforms::EXPONENTIAL),
    inside: &[(&[0.37], NO_ENDS, 1), (&[190.0], NO_ENDS, 1)],
    outside: &[(&[-2.3], NO_ENDS, 1)],
    ..Domain::base(|x, _, _| each(x, |x| x >= 0.0, "is below 0"))
};
