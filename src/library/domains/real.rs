//! All real numbers.

use crate::library::spec::{Domain, Image, Measure, Transform};

use super::membership::{NO_ENDS, each};

/// `real`
pub static REAL: Domain = Domain {
    name: "real",
    words: "a real number",
    transform: Some(Transform {
        free_size: |_| 1,
        measure: Measure::All,
        forward: |b, free, _| Image { value: free, log_abs_det: b.constant(0.0) },
        inverse: |x, _, _| x.to_vec(),
    }),
    inside: &[(&[-3.7], NO_ENDS, 1), (&[1e6], NO_ENDS, 1)],
    outside: &[(&[f64::INFINITY], NO_ENDS, 1)],
    ..Domain::base(|x, _, _| each(x, |_| true, "is not finite"))
};
