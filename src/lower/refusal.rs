//! What cannot be summed out, and what to do about it.

use crate::diagnostics::{Code, Diagnostic};
use crate::graph::{Axis, Node};
use crate::model::SiteId;

use super::cost::formula;
use super::eliminate::Work;

/// A discrete latent that cannot be summed out, while its density is right.
pub(super) const NOT_SUMMABLE: Code = Code(807);

fn name<'w>(work: &'w Work, site: SiteId) -> &'w str {
    &work.translator.model().site(site).name
}

fn refuse(work: &Work, site: SiteId, message: String) -> Diagnostic {
    let span = work.translator.model().site(site).span;
    Diagnostic::new(NOT_SUMMABLE, message).at(span, "cannot be summed out")
}

/// Beyond this no memory would help.
const HOPELESS: f64 = 1e9;

pub(super) fn too_large(work: &Work, site: SiteId, axes: &[Axis]) -> Box<Diagnostic> {
    let graph = work.translator.builder.graph();
    let size: f64 = axes.iter().map(|&axis| graph.axis_size(axis) as f64).product();
    let labels: Vec<String> = axes.iter().map(|&axis| graph.axis(axis).label.clone()).collect();
    let message = format!(
        "summing `{}` out needs a table of {} = {} elements; {} are allowed",
        name(work, site),
        formula(&labels),
        number(size),
        number(work.largest)
    );
    let model = work.translator.model();
    let mut refusal = refuse(work, site, message);
    for edge in edges(work, site) {
        for other in edge.others {
            refusal = refusal.at(model.site(other).span, format!("{} `{}`", edge.words, name(work, site)));
        }
    }
    let fewer = "give it fewer values, or break the coupling: let each factor read one of the latents";
    Box::new(match size <= HOPELESS {
        true => refusal.help(format!("allow it with `--max-states {}`", at_least(size))).help(fewer),
        false => refusal.help(fewer),
    })
}

/// What joins a latent with others.
struct Edge {
    /// "the likelihood of `y` joins it at each `obs` with"
    words: String,
    others: Vec<SiteId>,
}

/// The terms that read a latent beside others.
fn edges(work: &Work, site: SiteId) -> Vec<Edge> {
    let graph = work.translator.builder.graph();
    let mut edges: Vec<Edge> = Vec::new();
    for table in work.tables_of(site) {
        let references = work.references(table);
        let mut others: Vec<SiteId> =
            references.iter().map(|read| read.site).filter(|other| *other != site).collect();
        others.sort_unstable();
        others.dedup();
        others.retain(|other| edges.iter().all(|edge| !edge.others.contains(other)));
        if others.is_empty() {
            continue;
        }
        let named = work.named.iter().find(|(_, node)| *node == table);
        let what = named.map_or("what is left of summed terms", |(name, _)| name.as_str());
        let plate =
            graph.axes_of(table).iter().filter(|axis| references.iter().all(|read| read.axis != **axis));
        let plate: Vec<String> = plate.map(|&axis| format!("`{}`", graph.axis(axis).label)).collect();
        let at = if plate.is_empty() { String::new() } else { format!(" at each {}", plate.join(" and ")) };
        edges.push(Edge { words: format!("{what} joins it{at} with"), others });
    }
    edges
}

/// Two digits: `2.5e12`.
fn number(size: f64) -> String {
    format!("{size:.1e}").replace(".0e", "e")
}

/// Two digits, and no less.
fn at_least(size: f64) -> String {
    let unit = 10f64.powf(size.log10().floor() - 1.0);
    number((size / unit).ceil() * unit)
}

pub(super) fn entangled(work: &Work) -> Box<Diagnostic> {
    let names: Vec<String> = work.left.iter().map(|&site| format!("`{}`", name(work, site))).collect();
    let message =
        format!("{} meet in one term, and none can be summed out before the others", names.join(" and "));
    let mut refusal = refuse(work, work.left[0], message);
    for edge in edges(work, work.left[0]) {
        for other in edge.others {
            let span = work.translator.model().site(other).span;
            refusal = refusal.at(span, format!("{} `{}`", edge.words, name(work, work.left[0])));
        }
    }
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
    let message = format!(
        "`{}` reads elements of its own that are neither earlier along one dim nor its parent",
        name(work, site)
    );
    let refusal = refuse(work, site, message);
    Box::new(refusal.help("chains (`z[t-1]`, `z[t-2]`) and trees (`z[parent[t]]`) along one dim are summed"))
}

pub(super) fn too_deep(work: &Work, site: SiteId, depth: usize, deepest: usize) -> Box<Diagnostic> {
    let message = format!("the tree of `{}` is {depth} levels deep; {deepest} are summed", name(work, site));
    Box::new(refuse(work, site, message).help("a path along the dim is a chain: `z[t-1]`"))
}

pub(super) fn not_before(work: &Work, site: SiteId, along: Axis, node: usize) -> Box<Diagnostic> {
    let model = work.translator.model();
    let place = model.site(site).axes.iter().find(|axis| model.dim(axis.dim).name == work.label(along));
    let (dim, element) = match place {
        Some(axis) => {
            (model.dim(axis.dim).name.clone(), work.translator.bindings().coordinates[axis.dim.0].name(node))
        }
        None => ("element".to_string(), node.to_string()),
    };
    let message = format!(
        "`{}` at {dim} {element} reads its own element at a place that is not before it",
        name(work, site)
    );
    let help = "order the dim so that every parent comes before its children, and let roots read no parent: `if n == 1 then … else …`";
    // The model is wrong for these data, whatever is done with the latent.
    let refusal = Diagnostic::new(Code(601), message);
    Box::new(refusal.at(model.site(site).span, "not known before it is read").help(help))
}
