//! The log joint density as tables, one for each prior and each likelihood term.

use crate::diagnostics::Diagnostic;
use crate::graph::condense::condense;
use crate::graph::{Axis, Builder, Node};
use crate::library::Rank;
use crate::model::{AxisVar, Distribution, Factor, Model, SiteId, SiteKind};
use crate::translate::Translator;

use super::claims;
use super::conjugate::{self, Collapsed, Given};
use super::gaussian;
use super::kept::{self, Kept};
use super::latents::{self, Centring, Layout};
use super::learned;
use super::limits::Limits;
use super::states::{self, Range};

/// The terms of the density and how its vector is laid out.
pub(super) struct Joint {
    pub(super) layout: Layout,
    /// Named, over cells and the states of discrete latents.
    pub(super) tables: Vec<(String, Node)>,
    /// Discrete latents, carried along axes of their states.
    pub(super) discrete: Vec<SiteId>,
    /// Latents that are kept, at the end of the position.
    pub(super) kept: Vec<Kept>,
    /// Which of their values are summed, where the model does not say.
    pub(super) ranges: Vec<(SiteId, Range)>,
    /// Continuous latents integrated out in closed form, element by element.
    pub(super) collapsed: Vec<Collapsed>,
    /// Those integrated out together.
    pub(super) together: Option<gaussian::Together>,
    /// Such latents where the likelihood is asked for at their values, which are the last of the position.
    pub(super) given: Vec<Given>,
}

/// What becomes of latents that are integrated out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Integrated {
    /// They leave the density.
    Out,
    /// They are part of the position, without their priors.
    Given,
}

impl Joint {
    /// Length of a position: the real coordinates, then the values of the latents that are kept.
    pub(super) fn width(&self) -> usize {
        let kept: usize = self.kept.iter().map(|kept| kept.length).sum();
        self.layout.dimension + kept + self.given.iter().map(|given| given.order.len()).sum::<usize>()
    }
}

/// Builds all terms.
pub(super) fn build(
    translator: &mut Translator,
    centring: &Centring,
    limits: &Limits,
) -> Result<Joint, Box<Diagnostic>> {
    build_as(translator, centring, limits, Integrated::Out)
}

/// The same, with a say in what becomes of latents that can be integrated out.
pub(super) fn build_as(
    translator: &mut Translator,
    centring: &Centring,
    limits: &Limits,
    integrated: Integrated,
) -> Result<Joint, Box<Diagnostic>> {
    if centring.kept.is_empty() {
        return build_with(translator, (centring, limits), 0, integrated);
    }
    // What is kept lies behind the real coordinates, whose number is only known once they are laid out.
    let mut draft = Translator::new(translator.model(), translator.bindings());
    let dimension = build_with(&mut draft, (centring, limits), 0, integrated)?.layout.dimension;
    build_with(translator, (centring, limits), dimension, integrated)
}

fn build_with(
    translator: &mut Translator,
    (centring, limits): (&Centring, &Limits),
    dimension: usize,
    integrated: Integrated,
) -> Result<Joint, Box<Diagnostic>> {
    let mut joint = Joint {
        layout: Layout::default(),
        tables: vec![],
        discrete: vec![],
        kept: vec![],
        ranges: vec![],
        collapsed: vec![],
        together: None,
        given: vec![],
    };
    let is_out = |site: &SiteId| centring.integrated.contains(site);
    let together: Vec<SiteId> = centring.together.iter().copied().filter(is_out).collect();
    let mut open = gaussian::Open::default();
    // Latents may read each other's earlier elements, so all that are known to be finite are carried first.
    let summed =
        |site: &SiteId| states::is_summed(translator.model(), *site) && !centring.kept.contains(site);
    for site in translator.model().site_ids().filter(summed).collect::<Vec<_>>() {
        match centring.at_once.iter().find(|(own, _)| *own == site) {
            Some((_, plates)) => states::carry_at_once(translator, site, plates),
            None => states::carry_early(translator, site),
        }
    }
    let mut problem = None;
    translator.walk(|translator, site| {
        if matches!(translator.model().site(site).kind, SiteKind::Learn(_)) {
            return learned::bind(translator, site, (centring.learned, &mut joint.layout));
        }
        let name = format!("the prior of `{}`", translator.model().site(site).name);
        let behind = joint.kept.iter().map(|kept| kept.length).sum::<usize>();
        let length = joint.layout.dimension.max(dimension + behind);
        let table = if centring.kept.contains(&site) {
            Ok(kept::bind(translator, site, &mut joint, (centring, dimension)))
        } else if states::is_summed(translator.model(), site) {
            joint.discrete.push(site);
            states::carry(translator, site, (limits, length)).map(|carried| {
                joint.ranges.extend(carried.range.map(|range| (site, range)));
                carried.table
            })
        } else if together.contains(&site) {
            let density = gaussian::open(translator, site, &mut open);
            match integrated {
                Integrated::Out => Ok(density),
                Integrated::Given => return,
            }
        } else if centring.integrated.contains(&site) {
            return;
        } else {
            Ok(latents::bind(translator, site, centring, &mut joint.layout))
        };
        match table {
            Ok(table) => joint.tables.push((name, table)),
            Err(refused) => problem = problem.take().or(Some(refused)),
        }
    });
    if let Some(problem) = problem {
        return Err(problem);
    }
    // Nothing but likelihoods reads these, so they come last, when all that their posteriors are made of is bound.
    match integrated {
        Integrated::Out => integrate_out(translator, centring, &mut joint),
        Integrated::Given => {
            for &site in &centring.integrated {
                let offset = joint.width();
                joint.given.push(conjugate::give(translator, site, offset));
            }
        }
    }
    let claimed = claims::tables(translator);
    joint.tables.extend(claimed);
    let model = translator.model();
    let factors: Vec<(String, Node)> =
        model.factors.iter().map(|factor| factor_table(translator, factor)).collect();
    joint.tables.extend(factors);
    if integrated == Integrated::Out {
        let most = match () {
            () if together.iter().any(|site| is_asked(translator.model(), *site)) => ASKED,
            () if joint.kept.is_empty() => MOST,
            () => BESIDE_KEPT,
        };
        // With what is kept at other values the structure may be another.
        let bounds = (most, joint.kept.is_empty().then(|| joint.width()));
        joint.together = gaussian::integrate(translator, open, &mut joint.tables, bounds)?;
    }
    Ok(joint)
}

/// Elements of latents that are integrated out together, beside those that go cell by cell or in a band: the rows of a matrix that is
/// factorised at each evaluation. So many at most; beside latents that are kept; where the model asks for it.
const MOST: usize = 128;
const BESIDE_KEPT: usize = 160;
pub(super) const ASKED: usize = 500;

fn is_asked(model: &Model, site: SiteId) -> bool {
    matches!(model.site(site).kind, SiteKind::Latent { using: Some(_), .. })
}

fn integrate_out(translator: &mut Translator, centring: &Centring, joint: &mut Joint) {
    let alone = centring.integrated.iter().copied().filter(|site| !centring.together.contains(site));
    for (collapsed, correction) in conjugate::collapse(translator, &alone.collect::<Vec<_>>()) {
        let name = format!("the prior of `{}`", translator.model().site(collapsed.site).name);
        joint.collapsed.push(collapsed);
        joint.tables.push((name, correction));
    }
}

fn factor_table(translator: &mut Translator, factor: &Factor) -> (String, Node) {
    match factor {
        Factor::Observe { target, site, axes, distribution, gaps, .. } => {
            let value = translator.term(target);
            let cells = translator.axes(axes);
            let value = translator.builder.expand(value, &cells);
            let density = translator.log_density_where_present(distribution, value, gaps.as_deref());
            let density = over_cells(translator, density, axes, distribution);
            (format!("the likelihood of `{}`", translator.model().site(*site).name), density)
        }
        Factor::Potential { value, .. } => {
            let axes = translator.axes(&value.axes);
            let value = translator.term(value);
            ("a potential".to_string(), translator.builder.expand(value, &axes))
        }
    }
}

/// A density over all cells of its statement, of which one value of a joint distribution takes some whole.
pub(super) fn over_cells(
    translator: &mut Translator,
    density: Node,
    axes: &[AxisVar],
    distribution: &Distribution,
) -> Node {
    let cells = cells(translator, axes, distribution);
    translator.builder.expand(density, &cells)
}

/// The axes of a statement without those that one value of its distribution takes whole.
pub(super) fn cells(translator: &mut Translator, axes: &[AxisVar], distribution: &Distribution) -> Vec<Axis> {
    let joint = joint_axes(distribution);
    let cells: Vec<AxisVar> = axes.iter().copied().filter(|axis| !joint.contains(axis)).collect();
    translator.axes(&cells)
}

/// The axes that one value of a distribution takes whole.
fn joint_axes(distribution: &Distribution) -> Vec<AxisVar> {
    match distribution {
        Distribution::Family(call) if call.family.rank == Rank::Scalar => vec![],
        Distribution::Family(call) => call.over.iter().chain(&call.twins).copied().collect(),
        Distribution::If(_, yes, _) => joint_axes(yes),
        Distribution::Truncated { base, .. } | Distribution::Censored { base, .. } => joint_axes(base),
        Distribution::Mixture { components, .. } => components.first().map_or(vec![], joint_axes),
        Distribution::MixtureOver { component, .. } => joint_axes(component),
    }
}

/// The sum of each table over everything, without sums that can be done once.
pub(super) fn condensed(builder: &mut Builder, tables: Vec<(String, Node)>) -> Vec<(String, Node)> {
    let each = tables.into_iter().map(|(name, table)| {
        let sum = builder.sum_all(table);
        (name, condense(builder, sum))
    });
    each.collect()
}

/// The sum of all tables over everything: the density where nothing is discrete.
pub(super) fn sum_of(builder: &mut Builder, tables: &[(String, Node)]) -> Node {
    let zero = builder.constant(0.0);
    tables.iter().fold(zero, |sum, (_, table)| {
        let each = builder.sum_all(*table);
        builder.add(sum, each)
    })
}
