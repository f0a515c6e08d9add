//! What is said about data that may be missing.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::ir::Site;
use crate::source::Span;

/// A value that may be missing is used as if it were there.
pub fn may_be_missing(span: Span, site: &Site) -> Diagnostic {
    let name = &site.name;
    Diagnostic::new(Code(606), format!("`{name}` may be missing, and is read here"))
        .at(span, "what if it is missing?")
        .at(site.span, "declared with `?`")
        .help(format!(
            "say what stands for it: `if is_missing({name}) then … else {name}`, where `…` may be a latent; or leave such cells out: `observe y[i: … where not is_missing({name})] ~ …`"
        ))
}

/// A value is asked about, or has a code, as if it could be missing; `ty` is its type, if it is data.
pub fn never_missing(span: Span, name: &str, ty: Option<&str>) -> Diagnostic {
    let diagnostic =
        Diagnostic::new(Code(607), format!("`{name}` is never missing")).at(span, "nothing is missing here");
    match ty {
        Some(ty) => {
            diagnostic.help(format!("where values may be missing, the type says so: `data {name}: {ty}?`"))
        }
        None => diagnostic.help("only data can be missing, where their type ends with `?`: `data y: real?`"),
    }
}

/// `?` behind the type of something that is not data.
pub fn optional_not_data(span: Span) -> Diagnostic {
    Diagnostic::new(Code(607), "only data can be missing")
        .at(span, "not data")
        .help("leave the `?` out: what is not data always has a value")
}
