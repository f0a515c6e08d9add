//! Numbers between two ends: `real(a..b)`.

use crate::library::spec::{Domain, Ends};

use super::membership::each;
use super::scalar_transforms;

/// `interval`
pub static INTERVAL: Domain = Domain {
    name: "interval",
    words: "a number between the ends",
    transform: Some(scalar_transforms::BETWEEN),
    inside: &[(&[0.37], [-1.3, 2.9], 1), (&[7.1], [7.0, 8.5], 1)],
    outside: &[(&[1.2], [-3.0, 1.1], 1), (&[-3.1], [-3.0, 1.1], 1)],
    takes_ends: Ends::Both,
    ..Domain::base(|x, ends, _| each(x, |x| ends[0] <= x && x <= ends[1], "is not between the ends"))
};
