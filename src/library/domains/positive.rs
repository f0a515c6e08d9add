//! Numbers above 0.

use crate::library::interval::Interval;
use crate::library::spec::Domain;

use super::membership::{NO_ENDS, each};
use super::scalar_transforms;

/// `positive`
pub static POSITIVE: Domain = Domain {
    name: "positive",
    words: "a positive number",
    interval: Interval::POSITIVE,
    transform: Some(scalar_transforms::EXPONENTIAL),
    inside: &[(&[0.37], NO_ENDS, 1), (&[190.0], NO_ENDS, 1)],
    outside: &[(&[0.0], NO_ENDS, 1), (&[-2.3], NO_ENDS, 1)],
    ..Domain::base(|x, _, _| each(x, |x| x > 0.0, "is not above 0"))
};
