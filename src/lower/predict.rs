//! What is reported of each posterior draw: latents, lets, generated quantities, and the draws that those need.

use crate::graph::{Axis, Node, Vector};
use crate::model::{Factor, SiteId, SiteKind, Stage, TermKind};
use crate::translate::{DrawPlan, Translator};

use super::learned::Learned;

/// A value that is drawn at random for each posterior draw; it enters the graph as a stretch of the direction vector.
#[derive(Clone, Debug)]
pub struct RandomSite {
    /// How it is drawn.
    pub plan: DrawPlan,
    /// Its axes, ascending, joint axes included.
    pub axes: Vec<Axis>,
    /// Where its values go in the direction vector.
    pub offset: usize,
    /// How many they are.
    pub length: usize,
}

/// Binds replicates of observed sites and generated draws to stretches of the direction vector.
pub(super) fn bind_randoms(translator: &mut Translator, randoms: &mut Vec<RandomSite>) {
    let model = translator.model();
    for (k, factor) in model.factors.iter().enumerate() {
        if let Factor::Observe { axes, distribution, .. } = factor
            && is_replicated(translator, k)
        {
            let axes = translator.axes(axes);
            let plan = translator.draw_plan(distribution);
            let node = enter(translator, randoms, plan, axes);
            translator.bind_replicate(k, node);
        }
    }
    for id in model.site_ids() {
        if let SiteKind::GenerateDraw(distribution) = &model.site(id).kind {
            let axes = translator.axes(&model.site(id).axes);
            let plan = translator.draw_plan(distribution);
            let node = enter(translator, randoms, plan, axes);
            translator.bind_site(id, node);
        }
    }
}

/// Adds a random value; its node.
pub(super) fn enter(
    translator: &mut Translator,
    randoms: &mut Vec<RandomSite>,
    plan: DrawPlan,
    mut axes: Vec<Axis>,
) -> Node {
    axes.sort();
    let offset = randoms.last().map_or(0, |last| last.offset + last.length);
    let length = axes.iter().map(|&axis| translator.builder.graph().axis_size(axis)).product();
    let node = translator.builder.parameter(Vector::Direction, offset, &axes);
    randoms.push(RandomSite { plan, axes, offset, length });
    node
}

/// Whether some generated quantity asks for a replicate of this factor's data.
fn is_replicated(translator: &Translator, factor: usize) -> bool {
    let model = translator.model();
    model.site_ids().any(|id| match &model.site(id).kind {
        SiteKind::Generate(term) => {
            term.any(&|part| matches!(part.kind, TermKind::Replicate(asked) if asked == factor))
        }
        SiteKind::GenerateDraw(distribution) => {
            let mut found = false;
            distribution.walk(&mut |part| {
                found |= matches!(part.kind, TermKind::Replicate(asked) if asked == factor);
            });
            found
        }
        _ => false,
    })
}

/// A site whose value is reported for each posterior draw.
#[derive(Clone, Debug)]
pub struct Reported {
    /// The site.
    pub site: SiteId,
    /// Its value.
    pub node: Node,
    /// Its axes in declared order.
    pub axes: Vec<Axis>,
}

/// Latents, lets that are not constant, generated quantities, and learned values that are sought, in declared order.
pub(super) fn reported(translator: &mut Translator, learned: Learned) -> Vec<Reported> {
    let model = translator.model();
    let varies = |id: &SiteId| {
        let site = model.site(*id);
        match site.kind {
            SiteKind::Data { .. } | SiteKind::Gaps { .. } => false,
            SiteKind::Learn(_) => learned == Learned::Sought,
            SiteKind::Let(_) => site.stage > Stage::Data,
            SiteKind::Latent { .. } | SiteKind::Generate(_) | SiteKind::GenerateDraw(_) => true,
        }
    };
    let sites = model.site_ids().filter(varies).map(|site| {
        let axes = translator.axes(&model.site(site).axes);
        let node = translator.site(site);
        Reported { site, node: translator.builder.expand(node, &axes), axes }
    });
    sites.collect()
}
