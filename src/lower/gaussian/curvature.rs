//! The quadratic function that a density is of some latents, by its derivatives.

use crate::graph::condense::condense;
use crate::graph::interpret::interpret;
use crate::graph::replace::replace;
use crate::graph::{Axis, Builder, Node, Vector, autodiff};
use crate::translate::Translator;

use super::{ASIDE, Member};

/// Elements from which on it pays to take a latent cell by cell.
const MANY: usize = 6;
/// Products that differ by more than this share are not the same.
const TOLERANCE: f64 = 1e-9;
/// Positions at which structure is looked for.
const PROBES: usize = 2;

/// Slopes, and products of minus the curvature with directions, for each member.
pub(super) struct Curvature {
    opens: Vec<Node>,
    directions: Vec<Node>,
    slopes: Vec<Node>,
    products: Vec<Node>,
}

impl Curvature {
    /// Of the sum of all tables.
    pub(super) fn new(translator: &mut Translator, members: &[Member], tables: &[(String, Node)]) -> Self {
        let builder = &mut translator.builder;
        let opens: Vec<Node> = members.iter().map(|member| member.open).collect();
        let mut total = builder.constant(0.0);
        for (_, table) in tables {
            let sum = builder.sum_all(*table);
            let sum = condense(builder, sum);
            total = builder.add(total, sum);
        }
        let slopes = autodiff::gradient(builder, total, &opens);
        let beyond = ASIDE + members.last().map_or(0, |last| last.start + last.length);
        let directions: Vec<Node> = members
            .iter()
            .map(|member| builder.parameter(Vector::Direction, beyond + member.start, &member.axes))
            .collect();
        let products = autodiff::hessian_vector(builder, &slopes, &opens, &directions);
        let zeros: Vec<(Node, Node)> = opens.iter().map(|&open| (open, builder.zeros_like(open))).collect();
        let slopes = replace(builder, &slopes, &zeros);
        let products = replace(builder, &products, &zeros);
        let products = products.into_iter().map(|product| builder.neg(product)).collect();
        Self { opens, directions, slopes, products }
    }

    /// The slope of a member, over its axes.
    pub(super) fn slope(&self, builder: &mut Builder, members: &[Member], k: usize) -> Node {
        builder.expand(self.slopes[k], &members[k].axes)
    }

    /// Products with the directions given, by member, and 0 for the others: over the members' axes and `more`.
    pub(super) fn along(
        &self,
        builder: &mut Builder,
        members: &[Member],
        (given, more): (&[(usize, Node)], &[Axis]),
    ) -> Vec<Node> {
        let pairs = self.directions.iter().enumerate().map(|(k, &direction)| {
            let own = given.iter().find(|(member, _)| *member == k).map(|(_, node)| *node);
            (direction, own.unwrap_or_else(|| builder.zeros_like(self.opens[k])))
        });
        let pairs: Vec<(Node, Node)> = pairs.collect();
        let products = replace(builder, &self.products, &pairs);
        let each = products.into_iter().zip(members).map(|(product, member)| {
            let axes: Vec<Axis> = member.axes.iter().chain(more).copied().collect();
            builder.expand(product, &axes)
        });
        each.collect()
    }

    /// Members over the same axes whose elements meet no element of each other but in their own cell, given all else; none
    /// where that does not pay. `width` numbers make a position.
    pub(super) fn apart(&self, builder: &mut Builder, members: &[Member], width: usize) -> Vec<usize> {
        let mut by_length: Vec<usize> = (0..members.len()).filter(|&k| members[k].length >= MANY).collect();
        by_length.sort_by_key(|&k| std::cmp::Reverse(members[k].length));
        while let Some(&first) = by_length.first() {
            let axes = members[first].axes.clone();
            let mut found: Vec<usize> = Vec::new();
            for &k in by_length.iter().filter(|&&k| members[k].axes == axes) {
                let tried: Vec<usize> = found.iter().copied().chain([k]).collect();
                if self.is_cell_by_cell(builder, members, &tried, width) {
                    found = tried;
                }
            }
            if !found.is_empty() {
                found.sort_unstable();
                return found;
            }
            by_length.retain(|&k| members[k].axes != axes);
        }
        vec![]
    }

    /// Whether the curvature in these members is a matrix of its own in each cell: products with numbers without pattern
    /// are those of such matrices, which products with ones tell. The structure of a graph does not depend on the
    /// numbers at which it is looked at, but for a set of them without volume.
    fn is_cell_by_cell(
        &self,
        builder: &mut Builder,
        members: &[Member],
        tried: &[usize],
        width: usize,
    ) -> bool {
        let numbers: Vec<Vec<f64>> = tried
            .iter()
            .map(|&k| (0..members[k].length).map(|i| generic(7 + 3 * i + 1009 * k)).collect())
            .collect();
        let of = |this: &Self, builder: &mut Builder, given: &[(usize, Node)]| -> Vec<Node> {
            let products = this.along(builder, members, (given, &[]));
            tried.iter().map(|&k| products[k]).collect()
        };
        let data =
            tried.iter().zip(&numbers).map(|(&k, own)| (k, builder.data(&members[k].axes, own.clone())));
        let given: Vec<(usize, Node)> = data.collect();
        let mut roots = of(self, builder, &given);
        for &k in tried {
            let ones = builder.data(&members[k].axes, vec![1.0; members[k].length]);
            roots.extend(of(self, builder, &[(k, ones)]));
        }
        (0..PROBES).all(|probe| {
            let position: Vec<f64> = (0..width).map(|i| 0.7 * generic(31 * i + 577 * probe)).collect();
            let found = interpret(builder.graph(), &position, &[], &roots);
            let (whole, columns) = found.split_at(tried.len());
            (0..tried.len()).all(|i| {
                (0..whole[i].len()).all(|cell| {
                    let parts =
                        (0..tried.len()).map(|j| columns[j * tried.len() + i][cell] * numbers[j][cell]);
                    let parts: Vec<f64> = parts.collect();
                    let scale: f64 = parts.iter().map(|part| part.abs()).sum();
                    (whole[i][cell] - parts.iter().sum::<f64>()).abs() <= TOLERANCE * scale
                })
            })
        })
    }
}

/// A number without pattern, not near 0.
fn generic(k: usize) -> f64 {
    let x = (k as f64 * 1.618_033_988_749_895).fract() - 0.5;
    x + 0.25f64.copysign(x)
}
