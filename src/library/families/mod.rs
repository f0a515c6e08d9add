//! All distributions, in the order of the manual.

mod bernoulli;
mod cauchy;
mod exponential;
mod flat;
mod gamma;
mod half_cauchy;
mod half_normal;
mod normal;
mod poisson;
mod student_t;
mod uniform;

use super::spec::Family;

/// Every row.
pub static FAMILIES: &[&Family] = &[
    &normal::NORMAL,
    &student_t::STUDENT_T,
    &cauchy::CAUCHY,
    &flat::FLAT,
    &half_normal::HALF_NORMAL,
    &half_cauchy::HALF_CAUCHY,
    &exponential::EXPONENTIAL,
    &gamma::GAMMA,
    &uniform::UNIFORM,
    &bernoulli::BERNOULLI,
    &poisson::POISSON,
];

/// The row of this name.
pub fn family(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().copied().find(|row| row.name == name)
}
