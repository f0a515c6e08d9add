//! All distributions, in the order of the manual.

mod bernoulli;
mod beta;
mod beta_binomial;
mod binomial;
mod categorical;
mod cauchy;
mod chi_square;
mod dirichlet;
mod dirichlet_multinomial;
mod exponential;
mod flat;
mod gamma;
mod gaussian;
mod geometric;
mod gp;
mod gumbel;
mod half_cauchy;
mod half_normal;
mod half_student_t;
mod hypergeometric;
mod icar;
mod inv_gamma;
mod inv_wishart;
mod laplace;
mod lkj;
mod lkj_chol;
mod logistic;
mod logit_normal;
mod lognormal;
mod multi_normal;
mod multi_student_t;
mod multinomial;
mod neg_binomial;
mod normal;
mod ordered_logistic;
mod ordered_probit;
mod pareto;
mod poisson;
mod skew_normal;
mod student_t;
mod uniform;
mod von_mises;
mod weibull;
mod wishart;
mod zero_sum_normal;

use super::spec::Family;

/// Every row.
pub static FAMILIES: &[&Family] = &[
    &normal::NORMAL,
    &student_t::STUDENT_T,
    &cauchy::CAUCHY,
    &laplace::LAPLACE,
    &logistic::LOGISTIC,
    &gumbel::GUMBEL,
    &skew_normal::SKEW_NORMAL,
    &flat::FLAT,
    &half_normal::HALF_NORMAL,
    &half_cauchy::HALF_CAUCHY,
    &half_student_t::HALF_STUDENT_T,
    &exponential::EXPONENTIAL,
    &gamma::GAMMA,
    &inv_gamma::INV_GAMMA,
    &lognormal::LOGNORMAL,
    &weibull::WEIBULL,
    &pareto::PARETO,
    &chi_square::CHI_SQUARE,
    &beta::BETA,
    &uniform::UNIFORM,
    &logit_normal::LOGIT_NORMAL,
    &von_mises::VON_MISES,
    &bernoulli::BERNOULLI,
    &categorical::CATEGORICAL,
    &ordered_logistic::ORDERED_LOGISTIC,
    &ordered_probit::ORDERED_PROBIT,
    &binomial::BINOMIAL,
    &poisson::POISSON,
    &neg_binomial::NEG_BINOMIAL,
    &beta_binomial::BETA_BINOMIAL,
    &geometric::GEOMETRIC,
    &hypergeometric::HYPERGEOMETRIC,
    &dirichlet::DIRICHLET,
    &multinomial::MULTINOMIAL,
    &dirichlet_multinomial::DIRICHLET_MULTINOMIAL,
    &multi_normal::MULTI_NORMAL,
    &multi_student_t::MULTI_STUDENT_T,
    &zero_sum_normal::ZERO_SUM_NORMAL,
    &gp::GP,
    &icar::ICAR,
    &lkj::LKJ,
    &lkj_chol::LKJ_CHOL,
    &wishart::WISHART,
    &inv_wishart::INV_WISHART,
];

/// The row of this name.
pub fn family(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().copied().find(|row| row.name == name)
}

/// Families whose density is even about their location.
pub static EVEN: &[&Family] =
    &[&normal::NORMAL, &student_t::STUDENT_T, &cauchy::CAUCHY, &laplace::LAPLACE, &logistic::LOGISTIC];

/// Whether a family is one of `EVEN`.
pub fn is_even(family: &Family) -> bool {
    EVEN.iter().any(|row| std::ptr::eq(*row, family))
}
