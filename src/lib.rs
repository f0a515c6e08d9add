//! `vic`: from a `.vi` model to a posterior.
//!
//! Source -> Tree -> Model -> BoundModel -> Objective -> Program -> Fit -> text. Each stage has one room and one type;
//! [`driver`] is that line as code.
//!
//! ```
//! use vic::{driver, inference, source::Source};
//!
//! let model = Source::new("coin.vi", "data k: count\nlatent p ~ beta(2, 2)\nobserve k ~ binomial(10, p)");
//! let data = Source::new("coin.json", r#"{"k": 7}"#);
//! let checked = driver::check(&model);
//! let (bound, _) = driver::bind(&checked.model.expect("no errors"), &[data]);
//! let bound = bound.expect("the data fit the model");
//! let objective = driver::lower(&bound).expect("nothing discrete is left");
//! let fitted = driver::fit(&bound, &objective, &inference::Options::default(), 1, &mut inference::Unwatched);
//! assert_eq!(fitted.fit.verdict, inference::Verdict::Trust);
//! ```
#![deny(unsafe_op_in_unsafe_fn, reason = "unsafe has one file, with its proof")]
#![warn(missing_docs, reason = "public items state shapes, units, errors and source")]
#![warn(
    clippy::unwrap_used,
    clippy::panic,
    clippy::todo,
    clippy::dbg_macro,
    reason = "bad input is never a panic"
)]
#![warn(clippy::print_stdout, clippy::print_stderr, reason = "the core has no terminal")]

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
