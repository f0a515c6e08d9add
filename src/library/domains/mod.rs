//! All domains, in the order of the manual.

mod bool;
mod chol_corr;
mod chol_cov;
mod corr;
mod count;
mod cov;
mod index;
mod int;
mod int_interval;
mod interval;
mod lower;
mod membership;
mod nonneg;
mod ordered;
mod positive;
mod positive_ordered;
mod real;
mod scalar_transforms;
mod simplex;
mod triangles;
mod unit;
mod unit_vector;
mod upper;
mod zero_sum;

pub(super) use zero_sum::{helmert, helmert_matrix};

use super::spec::Domain;

/// Every row.
pub static DOMAINS: &[&Domain] = &[
    &real::REAL,
    &positive::POSITIVE,
    &nonneg::NONNEG,
    &unit::UNIT,
    &interval::INTERVAL,
    &lower::LOWER,
    &upper::UPPER,
    &int::INT,
    &int_interval::INT_INTERVAL,
    &count::COUNT,
    &bool::BOOL,
    &index::INDEX,
    &simplex::SIMPLEX,
    &ordered::ORDERED,
    &positive_ordered::POSITIVE_ORDERED,
    &unit_vector::UNIT_VECTOR,
    &zero_sum::ZERO_SUM,
    &corr::CORR,
    &cov::COV,
    &chol_corr::CHOL_CORR,
    &chol_cov::CHOL_COV,
];

/// The row of this name.
pub fn domain(name: &str) -> Option<&'static Domain> {
    DOMAINS.iter().copied().find(|row| row.name == name)
}
