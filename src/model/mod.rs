//! The checked model, and the passes that make it from a tree.

pub mod ir;

pub use ir::*;
