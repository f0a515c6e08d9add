//! From a log density to a posterior approximation with a verdict.

pub mod adaptive;
pub mod axes;
pub mod candidate;
pub mod conditional;
pub mod draws;
pub mod elbo;
pub mod evaluator;
pub mod fit;
pub mod gaussian;
pub mod importance;
pub mod ladder;
pub mod lbfgs;
pub mod ldl;
pub mod loo;
pub mod marginal;
pub mod mean_field;
pub mod mixed;
pub mod moments;
pub mod natural;
pub mod nested;
pub mod newton;
pub mod path;
pub mod psis;
pub mod ranks;
pub mod settle;
pub mod sparse;
pub mod target;
pub mod verdict;

pub use evaluator::{Progress, Unwatched, Watch};
pub use fit::{FamilyChoice, Fit, Options, Rung, fit};
pub use loo::Loo;
pub use target::{Block, Target};
pub use verdict::Verdict;
