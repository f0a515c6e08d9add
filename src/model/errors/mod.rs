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

use std::collections::HashMap;

use super::ir::*;
use super::supports::literal;
use crate::diagnostics::{Code, Diagnostic, Label};
use crate::library::Grain;
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

/// `a number between -1 and 1`
pub fn domain_words(domain: &SiteDomain) -> String {
    let [low, high] = domain.ends.each_ref().map(|end| end.as_deref().and_then(literal));
    let number = match domain.domain.interval.grain {
        Grain::Integer => "an integer",
        Grain::Real => "a number",
    };
    match (low, high, domain.ends.iter().flatten().count()) {
        (Some(low), Some(high), 2) => format!("{number} between {low} and {high}"),
        (Some(low), None, 1) => format!("{number} above {low}"),
        (None, Some(high), 1) => format!("{number} below {high}"),
        _ => domain.domain.words.to_owned(),
    }
}

/// At most this many places of one form get a label.
const LABELS: usize = 3;

/// Makes one diagnostic of all that say of the same form that it is not supported.
pub fn gather_unsupported(diagnostics: &mut Vec<Diagnostic>) {
    let mut places: HashMap<String, Vec<Label>> = HashMap::new();
    let own = diagnostics.iter().filter(|diagnostic| diagnostic.code == UNSUPPORTED);
    for diagnostic in own {
        places.entry(diagnostic.message.clone()).or_default().extend(diagnostic.labels.clone());
    }
    diagnostics.retain_mut(|diagnostic| {
        if diagnostic.code != UNSUPPORTED {
            return true;
        }
        let Some(labels) = places.remove(&diagnostic.message) else { return false };
        if labels.len() > 1 {
            diagnostic.message.push_str(&format!(" ({} places)", labels.len()));
            diagnostic.labels = labels.into_iter().take(LABELS).collect();
        }
        true
    });
}

/// The code of what is not supported.
const UNSUPPORTED: Code = Code(801);

/// `prob` or `best` of something else than a discrete latent.
pub fn no_states(span: Span, of: StatesOf) -> Diagnostic {
    let function = match of {
        StatesOf::Probability => "prob",
        StatesOf::Best => "best",
    };
    Diagnostic::new(Code(401), format!("`{function}` takes a discrete latent"))
        .at(span, "not a discrete latent")
        .help("for the probability of an event, `generate` the condition: its mean is the probability")
}

/// Something of the language that this version does not do.
pub fn unsupported(span: Span, what: &str) -> Diagnostic {
    Diagnostic::new(UNSUPPORTED, format!("{what}: not supported yet")).at(span, "not supported yet")
}

/// A learned value that is not a real number.
pub fn learned_in_steps(span: Span) -> Diagnostic {
    Diagnostic::new(Code(411), "`learn` searches along slopes, so it finds real numbers alone")
        .at(span, "not a real number")
        .help("learn a number with a support, such as `positive` or `unit`; or give this one a prior: discrete latents are summed out")
}

/// A condition of a head that leaves out other elements at each cell of another of its dims.
pub fn condition_between(span: Span) -> Diagnostic {
    unsupported(span, "a condition that differs between cells of another dim").help(
        "where these are cells of data that say nothing, mark them as missing, `data y[i, j]: bool? missing -1`, and observe all: what is missing adds nothing",
    )
}
