//! All functions, in the order of the manual.

mod along;
mod angles;
mod exponentials;
mod extremes;
mod kernels;
mod links;
mod matrices;
mod reductions;
mod rounding;
mod special;

use super::spec::{Action, Function};

/// Every row. A name may occur twice: once cell by cell, once over axes (`min`, `max`).
pub static FUNCTIONS: &[&Function] = &[
    &exponentials::EXP,
    &exponentials::LOG,
    &exponentials::LOG10,
    &exponentials::LOG1P,
    &exponentials::EXPM1,
    &exponentials::SQRT,
    &links::INV_LOGIT,
    &links::LOGIT,
    &links::LOG_INV_LOGIT,
    &links::LOG1M_INV_LOGIT,
    &links::SOFTPLUS,
    &links::PROBIT,
    &links::INV_PROBIT,
    &special::LGAMMA,
    &special::LBETA,
    &special::LOG_CHOOSE,
    &special::ERF,
    &angles::SIN,
    &angles::COS,
    &angles::TAN,
    &angles::ATAN,
    &angles::ATAN2,
    &angles::TANH,
    &rounding::ABS,
    &rounding::SIGN,
    &rounding::FLOOR,
    &rounding::CEIL,
    &rounding::ROUND,
    &rounding::CLAMP,
    &rounding::MIN_OF,
    &rounding::MAX_OF,
    &reductions::SUM,
    &reductions::MEAN,
    &reductions::VAR,
    &reductions::SD,
    &reductions::PROD,
    &reductions::COUNT,
    &reductions::ANY,
    &reductions::ALL,
    &extremes::MIN,
    &extremes::MAX,
    &extremes::FIRST,
    &extremes::LAST,
    &extremes::LOG_SUM_EXP,
    &along::SOFTMAX,
    &along::LOG_SOFTMAX,
    &along::CUMSUM,
    &along::CUMPROD,
    &matrices::CHOLESKY,
    &matrices::INVERSE,
    &matrices::LOGDET,
    &matrices::SOLVE,
    &matrices::DIAG,
    &matrices::DIAGONAL,
    &matrices::TRACE,
    &matrices::TRANSPOSE,
    &matrices::EYE,
    &kernels::EXP_QUAD,
    &kernels::MATERN32,
    &kernels::MATERN52,
    &kernels::PERIODIC,
    &kernels::LINEAR,
    &kernels::DISTANCE,
];

/// The first row of this name.
pub fn function(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().copied().find(|row| row.name == name)
}

/// The row of this name that takes `arguments` arguments: one that goes over axes if there is such, and else the first.
pub fn function_of(name: &str, arguments: usize) -> Option<&'static Function> {
    let mut named = FUNCTIONS.iter().copied().filter(|row| row.name == name);
    let fits = |row: &&Function| match row.action {
        Action::ElementWise => arguments >= row.parameters.len(),
        _ => arguments <= row.parameters.len(),
    };
    named.clone().find(fits).or_else(|| named.next())
}

/// Functions along an axis that do not change where one number is added to all of their argument.
pub static FREE_OF_SHIFTS: &[&Function] = &[&along::SOFTMAX, &along::LOG_SOFTMAX];

/// Whether a function is one of `FREE_OF_SHIFTS`.
pub fn is_free_of_shifts(function: &Function) -> bool {
    FREE_OF_SHIFTS.iter().any(|row| std::ptr::eq(*row, function))
}
