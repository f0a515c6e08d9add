//! From a log density to a posterior approximation with a verdict.

pub mod target;

pub use target::{Block, Target};
