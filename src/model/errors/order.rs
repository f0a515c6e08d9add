//! Mistakes about what is known when: recursion, stages, what can be observed.

use crate::diagnostics::{Code, Diagnostic, Edit};
use crate::model::ir::{Dim, Site, SiteKind};
use crate::source::Span;
use crate::syntax::ast::Name;

/// How an earlier element of an array is read.
pub struct Earlier {
    /// `h[t-1]`
    pub read: String,
    /// `t`
    pub variable: String,
}

/// A read of a value that is not earlier along a shared dim.
pub fn not_earlier(
    (name, earlier): (&str, &Earlier),
    span: Span,
    declared: Span,
    dim: Option<&str>,
) -> Diagnostic {
    let words = match dim {
        Some(dim) => format!("not at an earlier element of {dim}"),
        None => "not at an earlier element".to_string(),
    };
    Diagnostic::new(Code(601), format!("`{name}` is read before it is known"))
        .at(span, words)
        .at(declared, format!("`{name}` is declared here"))
        .help(format!(
            "a name may be read before its declaration, or by itself, only at an earlier element: `{}`",
            earlier.read
        ))
}

/// A value that depends on itself at the same element.
pub fn same_element((name, earlier): (&str, &Earlier), span: Span, declared: Span) -> Diagnostic {
    Diagnostic::new(Code(602), format!("`{name}` depends on itself at the same element"))
        .at(span, "the same element")
        .at(declared, format!("`{name}` is declared here"))
        .help(format!(
            "read an earlier element: `{}`, guarded by `if {} == 1 then … else …`",
            earlier.read, earlier.variable
        ))
}

/// A function that calls itself.
pub fn recursive_function(name: &Name, declared: Span) -> Diagnostic {
    Diagnostic::new(Code(605), format!("`{}` calls itself", name.text))
        .at(name.span, "within its own body")
        .at(declared, "declared here")
        .help("functions are written out where they are called; use a recursion over a dim: `x[t-1]`")
}

/// `observe` of something that is not a name.
pub fn observed_expression(span: Span) -> Diagnostic {
    Diagnostic::new(Code(604), "only data can be observed, under their name").at(span, "an expression").help(
        "observe the data themselves (`observe y ~ lognormal(m, s)`), or name a value of data alone: `let z = log(y)`, `observe z ~ …`; mind that a density of `log(y)` is not one of `y`",
    )
}

/// `observe y[1] ~ …`
pub fn observed_element(span: Span, array: &str) -> Diagnostic {
    Diagnostic::new(Code(604), "only data can be observed, under their name").at(span, "one element").help(
        format!(
            "`observe {array} ~ …` speaks of every element; what differs between them is said right of `~`"
        ),
    )
}

/// `observe` of something that depends on latents.
pub fn observed_latent(name: &Name, declared: Span) -> Diagnostic {
    Diagnostic::new(Code(604), format!("`{}` is not data", name.text))
        .at(name.span, "depends on a latent")
        .at(declared, "declared here")
        .help("observe the data themselves and put the rest right of `~`")
}

/// The bracket of an `observe` that does not list the axes of its target.
pub fn observed_axes(name: &Name, axes: &str) -> Diagnostic {
    let has = if axes.is_empty() { "no dim".to_string() } else { axes.to_string() };
    Diagnostic::new(Code(305), format!("`{}` has {has}", name.text))
        .at(name.span, "the bracket lists every axis, in declared order")
}

/// A read of something that the fit must have ended for; the site it is of, with the edit that declares it by `let`.
pub fn after_fit((span, text): (Span, &str), site: Option<(&Site, Option<Edit>)>) -> Diagnostic {
    let diagnostic = |name: &str| {
        Diagnostic::new(Code(608), format!("`{name}` is known only after the fit"))
            .at(span, "the density cannot read it")
    };
    let Some((site, edit)) = site else {
        return diagnostic(text).help("read it in a `generate`: the density has the data and the latents");
    };
    let name = &site.name;
    let diagnostic = diagnostic(name).at(site.span, "declared by `generate`");
    match (&site.kind, edit) {
        (SiteKind::GenerateDraw(_), _) => diagnostic.help(format!(
            "if the density depends on it, it is unobserved: `latent {name} ~ …`; else read it in a `generate`"
        )),
        (_, Some(edit)) => diagnostic.fix(format!("compute it with the density: `let {name} = …`"), vec![edit]),
        (_, None) => diagnostic.help(format!("`{name}` itself reads what is drawn after the fit: keep both in a `generate`")),
    }
}

/// On which side a read leaves its dim.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outside {
    /// At a coordinate, which reads at one that comes before the first.
    BeforeTheFirst {
        /// Of the first element.
        first: f64,
        /// Of the running element.
        at: f64,
        /// Of what is read.
        read: f64,
    },
    /// At the last element.
    BehindTheLast,
}

/// A read of a neighbour that an element does not have. The condition that the others fulfil, and the edit that says so.
pub fn unguarded(
    (name, span): (&str, Span),
    dim: &Dim,
    outside: Outside,
    (condition, edit): (&str, Option<(Span, String)>),
) -> Diagnostic {
    let dim_name = &dim.name;
    let (message, label, ends) = match outside {
        Outside::BeforeTheFirst { first, at, read } => (
            format!("at {dim_name} {at} this reads `{name}` at {read}, before the first {dim_name}"),
            format!("at {dim_name} {at} there is no such element"),
            format!("begins at {first}"),
        ),
        Outside::BehindTheLast => (
            format!("at the last {dim_name} this reads `{name}` behind it"),
            format!("at the last {dim_name} there is no such element"),
            "has a last element".to_string(),
        ),
    };
    let diagnostic = Diagnostic::new(Code(609), message).at(span, label).at(dim.span, ends);
    let own = format!("give these elements a case of their own, `if {condition} then … else …`");
    match edit {
        Some((span, text)) if text.starts_with(" where") => {
            let text = Edit { span, text };
            diagnostic
                .fix(format!("leave these elements out: `where {condition}`"), vec![text])
                .help(format!("or {own}"))
        }
        Some((span, text)) => diagnostic.fix(
            format!("let the first case hold for all that have no such neighbour: `if {text} then …`"),
            vec![Edit { span, text }],
        ),
        None => diagnostic.help(own),
    }
}
