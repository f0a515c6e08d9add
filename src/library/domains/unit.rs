//! Numbers between 0 and 1: probabilities.

use crate::library::interval::Interval;
use crate::library::spec::Domain;

use super::membership::{NO_ENDS, each};
use super::scalar_transforms;

/// `unit`
pub static UNIT: Domain = Domain {
    name: "unit",
    words: "a number between 0 and 1",
    interval: Interval::UNIT,
    transform: Some(scalar_transforms::LOGISTIC),
    inside: &[(&[0.37], NO_ENDS, 1), (&[0.994], NO_ENDS, 1)],
    outside: &[(&[1.2], NO_ENDS, 1), (&[-0.3], NO_ENDS, 1)],
    ..Domain::base(|x, _, _| each(x, |x| (0.0..=1.0).contains(&x), "is not between 0 and 1"))
};
