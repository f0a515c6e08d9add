//! The states of discrete latents.

use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic};
use crate::graph::Node;
use crate::model::{Kind, Model, SiteId, SiteKind, Term};
use crate::translate::{States, Translator, evaluate};

/// Whether a latent takes separate values.
pub(super) fn is_discrete(model: &Model, site: SiteId) -> bool {
    model.site(site).value != Kind::Real
}

/// Carries a discrete latent along its states; the table of its prior.
pub(super) fn carry(translator: &mut Translator, site: SiteId) -> Result<Node, Box<Diagnostic>> {
    let model = translator.model();
    let Some(states) = states_of(translator, site) else { return Err(unbounded(model, site)) };
    translator.carry(site, states);
    let home = translator.home(site);
    let value = translator.state_values(&home, states.low);
    let value = translator.builder.expand(value, &home.cells);
    let SiteKind::Latent { prior, .. } = &model.site(site).kind else { unreachable!("called for latents") };
    let density = translator.log_density(prior, value);
    Ok(translator.with_domain_size(prior, density, states.count))
}

/// All values, over all cells.
pub(super) fn states_of(translator: &Translator, site: SiteId) -> Option<States> {
    let declaration = translator.model().site(site);
    match declaration.value {
        Kind::Bool => Some(States { low: 0.0, count: 2 }),
        Kind::Index(dim) => Some(States { low: 0.0, count: translator.size(dim) }),
        Kind::Int | Kind::Real => {
            let interval = declaration.domain.domain.interval;
            let [low, high] = &declaration.domain.ends;
            let low = end(translator, low, interval.low, f64::min)?;
            let high = end(translator, high, interval.high, f64::max)?;
            let finite = low.is_finite() && high.is_finite() && high >= low;
            finite.then_some(States { low, count: (high - low) as usize + 1 })
        }
    }
}

/// The outermost value of an end over all cells.
fn end(
    translator: &Translator,
    term: &Option<Arc<Term>>,
    without: f64,
    outer: fn(f64, f64) -> f64,
) -> Option<f64> {
    let Some(term) = term else { return Some(without) };
    let values = evaluate(translator.model(), translator.bindings(), term)?;
    values.values.iter().copied().reduce(outer)
}

fn unbounded(model: &Model, site: SiteId) -> Box<Diagnostic> {
    let site = model.site(site);
    let message = format!("`{}` can take infinitely many values", site.name);
    Box::new(
        Diagnostic::new(Code(807), message)
            .at(site.span, "cannot be summed out")
            .help(format!("bound it: `latent {}: int(0..50) ~ …`", site.name)),
    )
}
