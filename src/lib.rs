//! `vic`: from a `.vi` model to a posterior.
//!
//! Source -> Tree -> Model -> BoundModel -> Objective -> Program -> Fit -> text. Each stage has one room and one type.
#![forbid(unsafe_op_in_unsafe_fn)]
#![warn(missing_docs)]

pub mod array;
pub mod data;
pub mod diagnostics;
pub mod driver;
pub mod estimator;
pub mod graph;
pub mod inference;
pub mod library;
pub mod lower;
pub mod model;
pub mod numeric;
pub mod posterior;
pub mod program;
pub mod report;
pub mod source;
pub mod syntax;
pub mod translate;
