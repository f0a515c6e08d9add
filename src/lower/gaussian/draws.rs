//! Latents that were integrated out together, drawn back.

use crate::graph::replace::replace;
use crate::graph::{Axis, Node, Unary};
use crate::model::SiteId;
use crate::translate::{DrawPlan, Translator};

use super::super::predict::{RandomSite, enter};
use super::Together;

/// Binds the latents to joint draws given everything else: m + P^(-1/2) e, with normals e that are spread evenly over draws.
pub(in super::super) fn draw(
    translator: &mut Translator,
    together: &Together,
    randoms: &mut Vec<RandomSite>,
) {
    let arrow = &together.arrow;
    let axes = [
        arrow.inner.as_ref().map(|inner| inner.axes()),
        arrow.outer.as_ref().map(|outer| vec![outer.pair[1]]),
    ];
    let shifts = axes.map(|axes| axes.map(|axes| normals(translator, axes, randoms)));
    let members = &together.members;
    let drawn = arrow.at(&mut translator.builder, members, shifts);
    let pairs: Vec<(Node, Node)> = members.iter().map(|member| member.open).zip(drawn).collect();
    let values: Vec<Node> = members.iter().map(|member| member.value).collect();
    let values = replace(&mut translator.builder, &values, &pairs);
    let bound: Vec<(SiteId, Node)> = members.iter().map(|member| member.site).zip(values).collect();
    translator.rebind(&bound);
}

fn normals(translator: &mut Translator, axes: Vec<Axis>, randoms: &mut Vec<RandomSite>) -> Node {
    let shares = enter(translator, randoms, DrawPlan::Even, axes);
    translator.builder.unary(Unary::NormalQuantile, shares)
}
