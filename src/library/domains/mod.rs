//! All domains, in the order of the manual.

mod bool;
mod count;
mod index;
mod int;
mod int_interval;
mod interval;
mod lower;
mod membership;
mod nonneg;
mod positive;
mod real;
mod scalar_transforms;
mod unit;
mod upper;

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
];

/// The row of this name.
pub fn domain(name: &str) -> Option<&'static Domain> {
    DOMAINS.iter().copied().find(|row| row.name == name)
}
