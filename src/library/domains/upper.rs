//! Numbers below an end: `real(..b)`.

use crate::library::spec::{Domain, Ends};

use super::membership::each;
use super::scalar_transforms;

/// `upper`
pub static UPPER: Domain = Domain {
    name: "upper",
    words: "a number below the upper end",
    transform: Some(scalar_transforms::BELOW),
    inside: &[(&[0.37], [f64::NEG_INFINITY, 1.3], 1), (&[7.1], [f64::NEG_INFINITY, 7.9], 1)],
    outside: &[(&[1.2], [f64::NEG_INFINITY, 0.9], 1)],
    takes_ends: Ends::Upper,
    ..Domain::base(|x, ends, _| each(x, |x| x <= ends[1], "is above the upper end"))
};
