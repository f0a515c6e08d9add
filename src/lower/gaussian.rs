//! Latents that are jointly normal given everything else, integrated out together.
//!
//! Each is written as a linear image of standard-normal z where its prior allows that, so that nothing degenerates where a scale vanishes.
//! With all else fixed the log density is a quadratic function q of the z, with slope g at 0 and curvature -P. Its top is
//! m = P^-1 g, and with L L' = P the integral of exp q over n elements is exp(q(m)) (2 pi)^(n/2) / prod(diag L).

mod arrow;
mod band;
mod cells;
mod curvature;
mod draws;
mod parts;

use crate::diagnostics::Diagnostic;
use crate::graph::replace::replace;
use crate::graph::{Axis, Builder, Graph, Node, Op, Vector};
use crate::model::{Distribution, SiteId, SiteKind, TermKind};
use crate::translate::Translator;

use super::joint::{ASKED, over_cells};
use super::refusal::NOT_SUMMABLE;
use arrow::{Arrow, Shape};
use band::Band;
use cells::Cells;
use curvature::Curvature;
pub(super) use draws::draw;

/// Where the stand-ins of latents lie in the direction vector: beyond everything else, for nothing that is computed reads
/// them.
const ASIDE: usize = 1 << 40;

/// One latent of those that are integrated out together.
#[derive(Clone, Debug)]
struct Member {
    site: SiteId,
    /// Stands for its z until these are known as functions of everything else.
    open: Node,
    /// Its values, given z.
    value: Node,
    /// Its axes, ascending.
    axes: Vec<Axis>,
    /// Its first element among those of all members, and how many they are.
    start: usize,
    length: usize,
}

/// Latents that stand open until they are integrated out.
#[derive(Clone, Debug, Default)]
pub(super) struct Open {
    members: Vec<Member>,
}

/// Latents that were integrated out together.
#[derive(Clone, Debug)]
pub(super) struct Together {
    members: Vec<Member>,
    arrow: Arrow,
}

/// Binds a latent to a function of stand-ins; its prior, in these.
pub(super) fn open(translator: &mut Translator, site: SiteId, open: &mut Open) -> Node {
    let declared = translator.model().site(site);
    let SiteKind::Latent { prior, .. } = &declared.kind else { unreachable!("called for latents") };
    let start = open.members.last().map_or(0, |last| last.start + last.length);
    let mut axes = translator.axes(&declared.axes);
    axes.sort();
    let length = axes.iter().map(|&axis| translator.builder.graph().axis_size(axis)).product();
    let node = translator.builder.parameter(Vector::Direction, ASIDE + start, &axes);
    let (value, density) = match scaled(translator, prior, (site, node)) {
        Some(found) => found,
        None => {
            translator.bind_site(site, node);
            (node, translator.log_density(prior, node))
        }
    };
    let value = translator.builder.expand(value, &axes);
    translator.bind_site(site, value);
    open.members.push(Member { site, open: node, value, axes, start, length });
    over_cells(translator, density, &declared.axes, prior)
}

/// The value that standard-normal z becomes and the density of z, unless the prior reads the latent itself.
fn scaled(
    translator: &mut Translator,
    prior: &Distribution,
    (site, z): (SiteId, Node),
) -> Option<(Node, Node)> {
    let Distribution::Family(call) = prior else { return None };
    let reads_itself = call
        .arguments
        .iter()
        .any(|argument| argument.any(&|term| matches!(term.kind, TermKind::Read(read, _) if read == site)));
    if reads_itself {
        return None;
    }
    let value = match (call.family.location_scale, call.family.whitening) {
        (Some((location, scale)), _) => {
            let arguments = translator.canonical(call);
            let offset = translator.builder.mul(arguments[scale], z);
            translator.builder.add(arguments[location], offset)
        }
        (None, Some(whitening)) => translator.of_noise(call, z, whitening),
        (None, None) => return None,
    };
    let builder = &mut translator.builder;
    let square = builder.square(z);
    let density = builder.times(square, -0.5);
    Some((value, builder.plus(density, -0.5 * std::f64::consts::TAU.ln())))
}

/// Integrates open latents out of the sum of all tables: these are then taken at the latents' mean given everything else,
/// and one more makes them the integral. `most` elements may meet all others. Where the length of a position is given, those
/// that do not are looked for.
///
/// # Errors
/// If there are more.
pub(super) fn integrate(
    translator: &mut Translator,
    open: Open,
    tables: &mut Vec<(String, Node)>,
    (most, width): (usize, Option<usize>),
) -> Result<Option<Together>, Box<Diagnostic>> {
    let members = open.members;
    if members.is_empty() {
        return Ok(None);
    }
    let curvature = Curvature::new(translator, &members, tables);
    let builder = &mut translator.builder;
    let cells = width.and_then(|width| Cells::find(builder, &members, &curvature, width));
    let mut shape = cells.map(Shape::Cells);
    let mut outer = left(&members, shape.as_ref());
    if elements(&members, &outer) > most
        && let Some(band) = width.and_then(|width| Band::find(builder, &members, &curvature, width))
    {
        shape = Some(Shape::Band(band));
        outer = left(&members, shape.as_ref());
    }
    let count = elements(&members, &outer);
    if count > most {
        return Err(too_many(translator, &members, &outer, (count, most)));
    }
    let arrow = Arrow::new(&mut translator.builder, &members, &curvature, (shape, &outer));
    let means = arrow.mean(&mut translator.builder, &members);
    let pairs: Vec<(Node, Node)> = members.iter().map(|member| member.open).zip(means).collect();
    let mut nodes: Vec<Node> = tables.iter().map(|(_, node)| *node).collect();
    nodes.extend(members.iter().map(|member| member.value));
    let mut nodes = replace(&mut translator.builder, &nodes, &pairs);
    let values = nodes.split_off(tables.len());
    tables.iter_mut().zip(nodes).for_each(|((_, table), node)| *table = node);
    let volume = arrow.log_volume(&mut translator.builder);
    tables.push((name(translator, &members), volume));
    let bound: Vec<(SiteId, Node)> = members.iter().map(|member| member.site).zip(values).collect();
    translator.rebind(&bound);
    Ok(Some(Together { members, arrow }))
}

/// The members that a shape leaves.
fn left(members: &[Member], shape: Option<&Shape>) -> Vec<usize> {
    let inner = shape.map_or(vec![], Shape::members);
    (0..members.len()).filter(|k| !inner.contains(k)).collect()
}

fn elements(members: &[Member], some: &[usize]) -> usize {
    some.iter().map(|&k| members[k].length).sum()
}

/// Whether stand-ins are left in what roots are computed from, which is a fault of ours.
pub(super) fn is_open(graph: &Graph, roots: &[Node]) -> bool {
    let (graph, _) = graph.pruned(roots);
    let is_stand_in = |node: Node| matches!(graph.node(node).op, Op::Parameter { vector: Vector::Direction, offset } if offset >= ASIDE);
    graph.nodes().any(is_stand_in)
}

fn name(translator: &Translator, members: &[Member]) -> String {
    let names: Vec<String> =
        members.iter().map(|member| format!("`{}`", translator.model().site(member.site).name)).collect();
    format!("the integral over {}", names.join(", "))
}

fn too_many(
    translator: &Translator,
    members: &[Member],
    outer: &[usize],
    (elements, most): (usize, usize),
) -> Box<Diagnostic> {
    let model = translator.model();
    let widest = outer.iter().max_by_key(|k| members[**k].length).expect("some are outer");
    let site = model.site(members[*widest].site);
    let message = format!(
        "integrating `{}` out with what it is normal with takes a matrix of {elements} rows at each evaluation; {most} are \
         allowed{}",
        site.name,
        if most < ASKED { format!(", and {ASKED} with `using exact`") } else { String::new() }
    );
    Box::new(Diagnostic::new(NOT_SUMMABLE, message).at(site.span, "has the most of them"))
}

impl Member {
    /// The place of each element among those of an arrangement in which the member begins at `start`.
    fn places(&self, builder: &mut Builder, start: usize) -> Node {
        match self.axes.is_empty() {
            true => builder.constant(start as f64),
            false => {
                let places = (start..start + self.length).map(|place| place as f64).collect::<Vec<_>>();
                builder.data(&self.axes, places)
            }
        }
    }
}
