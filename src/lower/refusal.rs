//! What cannot be summed out, and what to do about it.

use crate::diagnostics::{Code, Diagnostic};
use crate::graph::Node;
use crate::model::SiteId;

use super::eliminate::Work;

fn name<'w>(work: &'w Work, site: SiteId) -> &'w str {
    &work.translator.model().site(site).name
}

fn refuse(work: &Work, site: SiteId, message: String) -> Diagnostic {
    let span = work.translator.model().site(site).span;
    Diagnostic::new(Code(807), message).at(span, "cannot be summed out")
}

pub(super) fn too_large(work: &Work, site: SiteId, size: f64) -> Box<Diagnostic> {
    let message = format!("summing `{}` out needs a table of {size:.1e} elements", name(work, site));
    let refusal = refuse(work, site, message);
    Box::new(refusal.help("give it fewer values, or break the coupling with other latents"))
}

pub(super) fn entangled(work: &Work) -> Box<Diagnostic> {
    let names: Vec<String> = work.left.iter().map(|&site| format!("`{}`", name(work, site))).collect();
    let message =
        format!("{} meet in one term, and none can be summed out before the others", names.join(" and "));
    let refusal = refuse(work, work.left[0], message);
    Box::new(refusal.help("put their values into one latent with a state for each combination"))
}

pub(super) fn too_many_reads(work: &Work, site: SiteId, table: Node) -> Box<Diagnostic> {
    let term =
        work.named.iter().find(|(_, node)| *node == table).map_or("one term", |(name, _)| name.as_str());
    let message = format!(
        "{term} reads several elements of `{}`, or one beside other latents elsewhere",
        name(work, site)
    );
    let refusal = refuse(work, site, message);
    Box::new(refusal.help("a chain reads the element and the one before it: `z[t]` and `z[t-1]`"))
}

pub(super) fn not_a_chain(work: &Work, site: SiteId) -> Box<Diagnostic> {
    let message = format!("`{}` reads an element of its own other than the one before", name(work, site));
    let refusal = refuse(work, site, message);
    Box::new(refusal.help("chains along one dim, `z[t-1]`, are summed; other shapes are not yet"))
}
