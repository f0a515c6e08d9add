//! Learned values in the density: as data, or as coordinates while they are sought.

use crate::array::Array;
use crate::graph::interpret::interpret;
use crate::graph::{Axis, Node};
use crate::library::{Place, Rank};
use crate::model::SiteId;
use crate::translate::{Translator, ascending, permute};

use super::latents::{LatentBlock, Layout, stretch, transformed};

/// What learned values are to the density.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Learned {
    /// Known: the values that the model is bound with.
    #[default]
    Given,
    /// Coordinates; the values that the model is bound with are where the search starts.
    Sought,
}

/// A learned value that is sought.
#[derive(Clone, Debug, PartialEq)]
pub struct Sought {
    /// It.
    pub site: SiteId,
    /// Where its coordinates start in the vector.
    pub offset: usize,
    /// Where the search for each coordinate starts; no number where the value has no place in its type.
    pub start: Vec<f64>,
}

/// Binds a learned value. It has no density of its own: the bound is maximised over it, so that its transform's volume
/// does not count.
pub(super) fn bind(translator: &mut Translator, id: SiteId, (learned, layout): (Learned, &mut Layout)) {
    if learned == Learned::Given {
        translator.site(id);
        return;
    }
    let (free, place) = stretch(translator, id, layout);
    let value = transformed(translator, id, (free, &place));
    let LatentBlock { offset, ref axes, .. } = layout.blocks[layout.blocks.len() - 1];
    let start = match &translator.bindings().values[id.0] {
        Some(values) => unconstrained(translator, id, (values, &place, axes)),
        None => vec![f64::NAN; layout.blocks[layout.blocks.len() - 1].length],
    };
    layout.learned.push(Sought { site: id, offset, start });
    translator.bind_site(id, value);
}

/// The coordinates of a site's values, over its free axes.
fn unconstrained(
    translator: &mut Translator,
    id: SiteId,
    (values, place, free): (&Array, &Place, &[Axis]),
) -> Vec<f64> {
    let declaration = translator.model().site(id);
    let domain = declaration.domain.domain;
    let transform = domain.transform.expect("values without transform are refused before");
    let declared = translator.axes(&declaration.axes);
    let joint: Vec<Axis> = match domain.rank {
        Rank::Scalar => vec![],
        _ => place.over.axes.iter().chain(&place.over.twins).copied().collect(),
    };
    let mut outer: Vec<Axis> = declared.iter().copied().filter(|axis| !joint.contains(axis)).collect();
    outer.sort();
    let wanted: Vec<Axis> = outer.iter().chain(&joint).copied().collect();
    let order: Vec<usize> =
        wanted.iter().filter_map(|axis| declared.iter().position(|own| own == axis)).collect();
    let together = permute(&values.shape, &values.values, &order);
    let size = |axis: &Axis| translator.builder.graph().axis_size(*axis);
    let length: usize = joint.iter().map(size).product();
    let last = joint.last().map_or(1, size);
    let ends = place.ends.map(|end| end.map(|end| along(translator, end, &outer)));
    let each = together.chunks_exact(length.max(1)).enumerate();
    let numbers: Vec<f64> = each
        .flat_map(|(cell, value)| {
            let end = |side: usize, without: f64| ends[side].as_ref().map_or(without, |end| end[cell]);
            (transform.inverse)(value, [end(0, f64::NEG_INFINITY), end(1, f64::INFINITY)], last)
        })
        .collect();
    let own: Vec<Axis> =
        outer.iter().copied().chain(free.iter().copied().filter(|axis| !outer.contains(axis))).collect();
    let shape: Vec<usize> = own.iter().map(|&axis| translator.builder.graph().axis_size(axis)).collect();
    ascending(&own, &shape, &numbers).1
}

/// The numbers of a node that is known from data, over axes in ascending order.
fn along(translator: &mut Translator, node: Node, axes: &[Axis]) -> Vec<f64> {
    let wide = translator.builder.expand(node, axes);
    interpret(translator.builder.graph(), &[], &[], &[wide]).remove(0)
}
