//! The checked model, and the passes that make it from a tree.

mod acting;
mod calls;
mod checker;
mod combinators;
mod conjugate;
pub mod demands;
mod dialect;
mod dims;
mod distributions;
mod doubts;
mod errors;
mod expressions;
mod extent;
mod forms;
mod gaps;
mod ident;
mod index;
pub mod ir;
mod joint;
mod lags;
mod like;
mod lints;
mod matrices;
mod mending;
mod names;
mod operators;
mod print;
mod priors;
mod probabilities;
mod recursion;
mod scope;
mod stages;
mod statements;
pub mod supports;
pub mod terms;
#[cfg(test)]
mod tests;
mod thresholds;
mod types;
mod walk;

pub use checker::check;
pub use conjugate::{Entry, conjugates};
pub use ir::*;
pub use print::print;
pub use priors::leaves;
pub use thresholds::{only_compared, thresholds};
