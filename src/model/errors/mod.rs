//! What is said about mistakes in a model: one function for each, from the facts.

mod arguments;
mod axes;
mod missing;
mod names;
mod order;
mod support;

pub use arguments::*;
pub use axes::*;
pub use missing::*;
pub use names::*;
pub use order::*;
pub use support::*;

use super::ir::*;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

/// `obs × county`
pub fn axes_words(axes: &[AxisVar], model: &Model) -> String {
    let names: Vec<&str> = axes.iter().map(|axis| model.dim(axis.dim).name.as_str()).collect();
    names.join(" × ")
}

/// `real`, `an index into county`
pub fn kind_words(kind: Kind, model: &Model) -> String {
    match kind {
        Kind::Real => "a real number".to_string(),
        Kind::Int => "an integer".to_string(),
        Kind::Bool => "a bool".to_string(),
        Kind::Index(dim) => format!("an index into {}", model.dim(dim).name),
    }
}

/// `a real number over obs × county`
pub fn term_words(term: &Term, model: &Model) -> String {
    let kind = kind_words(term.value, model);
    if term.axes.is_empty() { kind } else { format!("{kind} over {}", axes_words(&term.axes, model)) }
}

/// Something of the language that this version does not do.
pub fn unsupported(span: Span, what: &str) -> Diagnostic {
    Diagnostic::new(Code(801), format!("{what}: not supported yet")).at(span, "not supported yet")
}
