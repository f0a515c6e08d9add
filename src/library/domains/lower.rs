//! Numbers above an end: `real(a..)`.

use crate::library::spec::{Domain, Ends};

use super::membership::each;
use super::scalar_transforms;

/// `lower`
pub static LOWER: Domain = Domain {
    name: "lower",
    words: "a number above the lower end",
    transform: Some(scalar_transforms::ABOVE),
    inside: &[(&[0.37], [-1.3, f64::INFINITY], 1), (&[7.1], [7.0, f64::INFINITY], 1)],
    outside: &[(&[1.2], [1.7, f64::INFINITY], 1)],
    takes_ends: Ends::Lower,
    ..Domain::base(|x, ends, _| each(x, |x| ends[0] <= x, "is below the lower end"))
};
