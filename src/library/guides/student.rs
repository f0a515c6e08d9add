//! The Student t, for latents on the whole line whose prior has heavy tails.

use super::{Closure, Guide, GuideParameter, GuideRange};
use crate::graph::Binary;
use crate::library::{Over, Rank, families};

/// Beyond, it is a normal.
const MOST_FREEDOM: GuideRange = GuideRange::Below(1000.0);

/// The row.
pub(super) static STUDENT: Guide = Guide {
    name: "student_t",
    summary: "Student t, its degrees of freedom adapted",
    domains: &["real"],
    rank: Rank::Scalar,
    priors: &["student_t", "cauchy"],
    parameters: &[
        GuideParameter { name: "df", range: MOST_FREEDOM },
        GuideParameter { name: "loc", range: GuideRange::Real },
        GuideParameter { name: "scale", range: GuideRange::Positive },
    ],
    sample: |b, a, u, _| {
        let t = b.binary(Binary::StudentQuantile, u, a[0]);
        let moved = b.mul(a[2], t);
        b.add(a[1], moved)
    },
    log_density: |b, a, x, _| {
        let family = families::family("student_t").expect("a row of the library");
        let each = (family.log_density)(b, a, x, &Over::default());
        b.sum_all(each)
    },
    start: |seen| {
        let freedom = vec![MOST_FREEDOM.free(5.0); seen.mean.len()];
        let scale = seen.deviation.iter().map(|sd| (0.8 * sd).ln()).collect();
        vec![freedom, seen.mean.to_vec(), scale]
    },
    closure: Closure::Open,
};
