//! Latents that are jointly normal given everything else, integrated out together.
//!
//! With the other latents fixed the log density is a quadratic function q of their elements x, whose curvature -P and slope
//! g at 0 are what derivatives give. Its top is m = P^-1 g, and with L L' = P the integral of exp q over n elements is
//! exp(q(m)) (2 pi)^(n/2) / prod(diag L).

use crate::graph::condense::condense;
use crate::graph::replace::replace;
use crate::graph::{Axis, Builder, Direction, Node, Unary, Vector, autodiff};
use crate::model::{SiteId, SiteKind};
use crate::translate::{DrawPlan, Translator};

use super::joint::over_cells;
use super::predict::{RandomSite, enter};

/// Where the stand-ins of latents lie in the direction vector: beyond everything else, for nothing that is computed reads
/// them.
const ASIDE: usize = 1 << 40;

/// One latent of a block.
#[derive(Clone, Debug)]
struct Member {
    site: SiteId,
    /// Stands for its values until these are known as functions of everything else.
    open: Node,
    axes: Vec<Axis>,
    /// Its first element among those of the block, and how many they are.
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
pub(super) struct Integrated {
    members: Vec<Member>,
    /// The axis of all elements, and its twin: the columns of a matrix over both.
    axes: [Axis; 2],
    /// Mean, over the first.
    mean: Node,
    /// L of the precision.
    root: Node,
}

/// Binds latents to stand-ins.
pub(super) fn open(translator: &mut Translator, sites: &[SiteId]) -> Open {
    let mut members: Vec<Member> = Vec::new();
    for &site in sites {
        let start = members.last().map_or(0, |last| last.start + last.length);
        let mut axes = translator.axes(&translator.model().site(site).axes);
        axes.sort();
        let length = axes.iter().map(|&axis| translator.builder.graph().axis_size(axis)).product();
        let open = translator.builder.parameter(Vector::Direction, ASIDE + start, &axes);
        translator.bind_site(site, open);
        members.push(Member { site, open, axes, start, length });
    }
    Open { members }
}

/// The priors of open latents, named.
pub(super) fn priors(translator: &mut Translator, open: &Open) -> Vec<(String, Node)> {
    let each = open.members.iter().map(|member| {
        let site = translator.model().site(member.site);
        let SiteKind::Latent { prior, .. } = &site.kind else { unreachable!("called for latents") };
        let density = translator.log_density(prior, member.open);
        (format!("the prior of `{}`", site.name), over_cells(translator, density, &site.axes, prior))
    });
    each.collect()
}

/// Integrates open latents out of the sum of all tables: these are then taken at the latents' mean given everything else,
/// and one more makes them the integral.
pub(super) fn integrate(
    translator: &mut Translator,
    open: Open,
    tables: &mut Vec<(String, Node)>,
) -> Option<Integrated> {
    let members = open.members;
    let length = members.last().map(|last| last.start + last.length)?;
    let label = "elements integrated out";
    let axes = [label, label].map(|label| translator.builder.axis(label.to_string(), length));
    let (slope, precision) = quadratic(translator, &members, tables, axes);
    let builder = &mut translator.builder;
    let [row, column] = axes;
    let root = builder.cholesky(precision, row, column);
    let half = builder.solve_triangular(root, slope, row, column, Direction::Forward);
    let mean = builder.solve_triangular(root, half, row, column, Direction::Reverse);
    let found = Integrated { members, axes, mean, root };
    let pairs: Vec<(Node, Node)> =
        found.members.iter().map(|member| (member.open, member.part_of(translator, mean, row))).collect();
    let nodes: Vec<Node> = tables.iter().map(|(_, node)| *node).collect();
    let nodes = replace(&mut translator.builder, &nodes, &pairs);
    tables.iter_mut().zip(nodes).for_each(|((_, table), node)| *table = node);
    let integral = found.log_volume(translator);
    tables.push((found.name(translator), integral));
    let means: Vec<(SiteId, Node)> =
        found.members.iter().zip(&pairs).map(|(member, (_, mean))| (member.site, *mean)).collect();
    translator.rebind(&means);
    Some(found)
}

/// Slope at 0 over the rows, and minus the curvature over rows and columns, of the sum of tables.
fn quadratic(
    translator: &mut Translator,
    members: &[Member],
    tables: &[(String, Node)],
    [row, column]: [Axis; 2],
) -> (Node, Node) {
    let builder = &mut translator.builder;
    let opens: Vec<Node> = members.iter().map(|member| member.open).collect();
    let mut total = builder.constant(0.0);
    for (_, table) in tables {
        let sum = builder.sum_all(*table);
        let sum = condense(builder, sum);
        total = builder.add(total, sum);
    }
    let slopes = autodiff::gradient(builder, total, &opens);
    let length = members.last().map_or(0, |last| last.start + last.length);
    let beyond = ASIDE + length;
    let directions: Vec<Node> = members
        .iter()
        .map(|member| builder.parameter(Vector::Direction, beyond + member.start, &member.axes))
        .collect();
    let products = autodiff::hessian_vector(builder, &slopes, &opens, &directions);
    let mut at_zero = Vec::new();
    let mut along_units = Vec::new();
    for (member, direction) in members.iter().zip(&directions) {
        let zeros = builder.data(&member.axes, vec![0.0; member.length]);
        at_zero.push((member.open, zeros));
        along_units.push((*direction, member.units(builder, column)));
    }
    along_units.extend(&at_zero);
    let slopes = replace(builder, &slopes, &at_zero);
    let products = replace(builder, &products, &along_units);
    let mut slope = builder.constant(0.0);
    let mut curvature = builder.constant(0.0);
    for ((member, own), product) in members.iter().zip(slopes).zip(products) {
        let at = [(row, member.places(builder))];
        let own = builder.expand(own, &member.axes);
        let own = builder.scatter(own, &at, &[row]);
        slope = builder.add(slope, own);
        let wide: Vec<Axis> = member.axes.iter().copied().chain([column]).collect();
        let product = builder.expand(product, &wide);
        let product = builder.scatter(product, &at, &[row, column]);
        curvature = builder.add(curvature, product);
    }
    let slope = builder.expand(slope, &[row]);
    let curvature = builder.expand(curvature, &[row, column]);
    (slope, builder.neg(curvature))
}

impl Member {
    /// The place of each element among those of the block.
    fn places(&self, builder: &mut Builder) -> Node {
        let places = (self.start..self.start + self.length).map(|place| place as f64).collect::<Vec<_>>();
        match self.axes.is_empty() {
            true => builder.constant(places[0]),
            false => builder.data(&self.axes, places),
        }
    }

    /// For each column, 1 at the element whose column it is.
    fn units(&self, builder: &mut Builder, column: Axis) -> Node {
        let places = self.places(builder);
        let columns = builder.iota(column);
        builder.equal(places, columns)
    }

    /// Its elements of an array over the rows.
    fn part_of(&self, translator: &mut Translator, of: Node, row: Axis) -> Node {
        let places = self.places(&mut translator.builder);
        translator.builder.gather(of, &[(row, places)])
    }
}

impl Integrated {
    fn name(&self, translator: &Translator) -> String {
        let names: Vec<String> = self
            .members
            .iter()
            .map(|member| format!("`{}`", translator.model().site(member.site).name))
            .collect();
        format!("the integral over {}", names.join(", "))
    }

    /// n/2 log(2 pi) - sum(log(diag L))
    fn log_volume(&self, translator: &mut Translator) -> Node {
        let builder = &mut translator.builder;
        let [row, column] = self.axes;
        let places = builder.iota(column);
        let diagonal = builder.gather(self.root, &[(row, places)]);
        let logs = builder.log(diagonal);
        let sum = builder.sum(logs, &[column]);
        let length = builder.graph().axis_size(row) as f64;
        let constant = builder.constant(0.5 * length * std::f64::consts::TAU.ln());
        builder.sub(constant, sum)
    }
}

/// Binds the latents to joint draws given everything else: m + L'^-1 e, with normals e that are spread evenly over draws.
pub(super) fn draw(translator: &mut Translator, integrated: &Integrated, randoms: &mut Vec<RandomSite>) {
    let [row, column] = integrated.axes;
    let shares = enter(translator, randoms, DrawPlan::Even, vec![column]);
    let builder = &mut translator.builder;
    let normals = builder.unary(Unary::NormalQuantile, shares);
    let offset = builder.solve_triangular(integrated.root, normals, row, column, Direction::Reverse);
    let values = builder.add(integrated.mean, offset);
    let bound: Vec<(SiteId, Node)> = integrated
        .members
        .iter()
        .map(|member| (member.site, member.part_of(translator, values, row)))
        .collect();
    translator.rebind(&bound);
}
