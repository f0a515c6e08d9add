//! From a log density to a posterior approximation with a verdict.

pub mod adaptive;
pub mod axes;
pub mod candidate;
pub mod conditional;
pub mod diagnose;
pub mod draws;
pub mod elbo;
pub mod escape;
pub mod evaluator;
pub mod failure;
pub mod fit;
pub mod gaussian;
pub mod importance;
pub mod ladder;
pub mod lbfgs;
pub mod ldl;
pub mod marginal;
pub mod mean_field;
pub mod moments;
pub mod natural;
pub mod nested;
pub mod newton;
pub mod path;
pub mod psis;
pub mod regions;
pub mod rungs;
pub mod settle;
pub mod sparse;
pub mod target;
pub mod union;
pub mod verdict;

pub use evaluator::{Progress, Unwatched, Watch};
pub use failure::{Failure, Finding};
pub use fit::{FamilyChoice, Fit, Options, Rung, fit};
pub use target::{Block, Target};
pub use verdict::Verdict;
