//! The log joint density as one scalar: priors, transforms, likelihood terms.

use crate::graph::{Builder, Node};
use crate::model::{Factor, SiteId, SiteKind};
use crate::translate::Translator;

use super::latents::{self, Centring, Layout};

/// The density and how its vector is laid out.
pub(super) struct Joint {
    pub(super) layout: Layout,
    pub(super) total: Node,
    pub(super) terms: Vec<(String, Node)>,
}

/// Builds the log joint density.
pub(super) fn build(translator: &mut Translator, centring: &Centring) -> Joint {
    let mut layout = Layout::default();
    let mut terms = Vec::new();
    translator.walk(|translator, site| {
        let term = latents::bind(translator, site, centring, &mut layout);
        terms.push((format!("prior of `{}`", translator.model().site(site).name), term));
    });
    let model = translator.model();
    terms.extend(model.factors.iter().map(|factor| factor_term(translator, factor)));
    let total = sum_of(&mut translator.builder, &terms);
    Joint { layout, total, terms }
}

fn factor_term(translator: &mut Translator, factor: &Factor) -> (String, Node) {
    match factor {
        Factor::Observe { target, site, axes, distribution, .. } => {
            let value = translator.term(target);
            let axes = translator.axes(axes);
            let value = translator.builder.expand(value, &axes);
            let density = translator.log_density(distribution, value);
            let total = translator.builder.sum_all(density);
            (format!("likelihood of `{}`", name(translator, *site)), total)
        }
        Factor::Potential { value, .. } => {
            let value = translator.term(value);
            ("potential".to_string(), translator.builder.sum_all(value))
        }
    }
}

fn name<'a>(translator: &Translator<'a>, site: SiteId) -> &'a str {
    debug_assert!(
        !matches!(translator.model().site(site).kind, SiteKind::Latent { .. }),
        "latents are not observed"
    );
    &translator.model().site(site).name
}

fn sum_of(builder: &mut Builder, terms: &[(String, Node)]) -> Node {
    let zero = builder.constant(0.0);
    terms.iter().fold(zero, |sum, (_, term)| builder.add(sum, *term))
}
