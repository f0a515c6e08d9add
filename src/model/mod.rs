//! The checked model, and the passes that make it from a tree.

pub mod ir;
mod walk;

pub use ir::*;
