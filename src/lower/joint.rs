//! The log joint density as tables, one for each prior and each likelihood term.

use crate::diagnostics::Diagnostic;
use crate::graph::{Builder, Node};
use crate::model::{Factor, SiteId};
use crate::translate::Translator;

use super::latents::{self, Centring, Layout};
use super::states;

/// The terms of the density and how its vector is laid out.
pub(super) struct Joint {
    pub(super) layout: Layout,
    /// Named, over cells and the states of discrete latents.
    pub(super) tables: Vec<(String, Node)>,
    /// Discrete latents, carried along axes of their states.
    pub(super) discrete: Vec<SiteId>,
}

/// Builds all terms.
pub(super) fn build(translator: &mut Translator, centring: &Centring) -> Result<Joint, Box<Diagnostic>> {
    let mut joint = Joint { layout: Layout::default(), tables: vec![], discrete: vec![] };
    let mut problem = None;
    translator.walk(|translator, site| {
        let table = if states::is_discrete(translator.model(), site) {
            joint.discrete.push(site);
            states::carry(translator, site)
        } else {
            Ok(latents::bind(translator, site, centring, &mut joint.layout))
        };
        match table {
            Ok(table) => {
                joint.tables.push((format!("prior of `{}`", translator.model().site(site).name), table))
            }
            Err(refused) => problem = problem.take().or(Some(refused)),
        }
    });
    if let Some(problem) = problem {
        return Err(problem);
    }
    let model = translator.model();
    let factors: Vec<(String, Node)> =
        model.factors.iter().map(|factor| factor_table(translator, factor)).collect();
    joint.tables.extend(factors);
    Ok(joint)
}

fn factor_table(translator: &mut Translator, factor: &Factor) -> (String, Node) {
    match factor {
        Factor::Observe { target, site, axes, distribution, .. } => {
            let value = translator.term(target);
            let axes = translator.axes(axes);
            let value = translator.builder.expand(value, &axes);
            let density = translator.log_density(distribution, value);
            (format!("likelihood of `{}`", translator.model().site(*site).name), density)
        }
        Factor::Potential { value, .. } => ("potential".to_string(), translator.term(value)),
    }
}

/// The sum of all tables over everything: the density where nothing is discrete.
pub(super) fn sum_of(builder: &mut Builder, tables: &[(String, Node)]) -> Node {
    let zero = builder.constant(0.0);
    tables.iter().fold(zero, |sum, (_, table)| {
        let each = builder.sum_all(*table);
        builder.add(sum, each)
    })
}
