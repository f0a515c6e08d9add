//! BoundModel -> BoundModel with its learned values in place of where their search starts. From there on they are data.

use crate::data::BoundModel;
use crate::diagnostics::{Code, Diagnostic};
use crate::inference::learning::{self, Ending, Learnt, Request};
use crate::inference::{Fit, Options, Target, Verdict, Watch};
use crate::lower::{self, Centring, Learned, Limits, Objective};
use crate::model::{Init, Model, SiteId, SiteKind};
use crate::posterior;

use super::target::CompiledTarget;

/// Starts of a search whose start is drawn.
const STARTS: usize = 4;

/// A model with learned values, and how these were found.
#[derive(Clone, Debug)]
pub struct Learning {
    /// The model with the values.
    pub bound: BoundModel,
    /// Starts of the search.
    pub starts: usize,
    /// Evaluations of all of them.
    pub evaluations: u64,
    /// How the best one ended.
    pub ending: Ending,
    /// The values of which there is no maximum.
    pub flat: Vec<String>,
}

impl Learning {
    /// What the search leaves in doubt, in the fit's words.
    pub fn doubt(&self, fit: &mut Fit) {
        let reason = match self.ending {
            Ending::Maximum => return,
            Ending::Unfinished => {
                "the search for the learned values did not come to an end: raise the limit, or give \
                                   them a prior, `latent … ~ …`"
                    .to_owned()
            }
            Ending::Unbounded => {
                "no maximum: the density grows without limit, as a scale shrinks to nothing around data that \
                                  are fitted exactly; give that scale a prior, `latent … ~ …`"
                    .to_owned()
            }
            Ending::Flat(_) => format!(
                "no maximum: the data are as probable with other values of {}, however far away; give what is learned a \
                 prior, `latent … ~ …`, or learn less",
                listed(&self.flat)
            ),
        };
        if fit.verdict == Verdict::Trust {
            (fit.verdict, fit.reasons) = (Verdict::Check, vec![]);
        }
        fit.reasons.insert(0, reason);
    }
}

/// The model with each learned value where its search starts.
///
/// # Errors
/// If a start cannot be drawn.
pub(super) fn started(bound: BoundModel) -> Result<BoundModel, Box<Diagnostic>> {
    match lower::learned(bound.model()).is_empty() {
        true => Ok(bound),
        false => start(&bound, (0, 0)),
    }
}

fn start(bound: &BoundModel, (nth, seed): (usize, u64)) -> Result<BoundModel, Box<Diagnostic>> {
    let simulation = lower::starts(bound)?;
    let drawn = posterior::simulate(bound, &simulation, nth..nth + 1, seed);
    let sites = drawn.map(|drawn| drawn.latents).unwrap_or_default();
    let values = sites.into_iter().map(|site| (site.site, posterior::array(bound, site.site, site.values)));
    Ok(bound.with_values(values.collect()))
}

/// Finds the values under which the data are most probable; `None` where the model learns nothing.
///
/// # Errors
/// If the density cannot be searched, or is no number where the search starts.
pub fn learn(
    bound: &BoundModel,
    limits: &Limits,
    options: &Options,
    (threads, watch): (usize, &mut dyn Watch),
) -> Result<Option<Learning>, Box<Diagnostic>> {
    let Some(&first) = lower::learned(bound.model()).first() else { return Ok(None) };
    let objective = super::lower_within(bound, limits)?;
    if let Some(kept) = objective.kept.first() {
        return Err(beside_kept(bound.model(), first, kept.site));
    }
    let sought = |bound: &BoundModel| {
        let centring = Centring { learned: Learned::Sought, ..objective.centring.clone() };
        lower::lower(bound, &centring, &objective.limits)
    };
    let open = sought(bound)?;
    let mut target = CompiledTarget::new(&open, threads);
    let names = target.names();
    let starts = if is_drawn(bound.model()) { STARTS } else { 1 };
    let (mut best, mut evaluations): (Option<Learnt>, u64) = (None, 0);
    for nth in 0..starts {
        let limit = options.max_evaluations.saturating_sub(evaluations);
        if nth > 0 && (limit == 0 || watch.should_stop()) {
            break;
        }
        let own = sought(&start(bound, (nth, options.seed))?)?;
        let search = Search::of(bound, &own)?;
        let found = learning::learn(&mut target, &search.request(limit, options.seed), watch);
        evaluations += found.as_ref().map_or(0, |found| found.evaluations);
        best = match (best, found) {
            (Some(best), Some(found)) if best.bound >= found.bound => Some(best),
            (best, found) => found.or(best),
        };
    }
    let Some(best) = best else { return Err(nowhere(bound.model(), first)) };
    let mut position = vec![0.0; open.layout.dimension];
    let coordinates = Search::of(bound, &open)?.learned;
    coordinates.iter().zip(&best.position).for_each(|(&at, value)| position[at] = *value);
    let bound = bound.with_values(posterior::learned(bound, &open, &position));
    let flat = match &best.ending {
        Ending::Flat(coordinates) => coordinates.iter().map(|&at| names[at].clone()).collect(),
        _ => vec![],
    };
    Ok(Some(Learning { bound, starts, evaluations, ending: best.ending, flat }))
}

/// The learned coordinates of an objective.
struct Search {
    learned: Vec<usize>,
    start: Vec<f64>,
}

impl Search {
    fn of(bound: &BoundModel, objective: &Objective) -> Result<Search, Box<Diagnostic>> {
        let mut search = Search { learned: vec![], start: vec![] };
        for sought in &objective.layout.learned {
            if sought.start.iter().any(|x| !x.is_finite()) {
                return Err(outside(bound.model(), sought.site));
            }
            search.learned.extend(sought.offset..sought.offset + sought.start.len());
            search.start.extend(&sought.start);
        }
        Ok(search)
    }

    fn request(&self, limit: u64, seed: u64) -> Request<'_> {
        Request { learned: &self.learned, start: &self.start, limit, seed }
    }
}

/// How many names a sentence gives.
const NAMED: usize = 4;

fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Whether a start is drawn, so that another one may lead elsewhere.
fn is_drawn(model: &Model) -> bool {
    model.sites.iter().any(|site| matches!(site.kind, SiteKind::Learn(Init::Drawn(_) | Init::Middle)))
}

fn beside_kept(model: &Model, learned: SiteId, kept: SiteId) -> Box<Diagnostic> {
    let name = &model.site(kept).name;
    let message = format!("`learn` beside a latent that cannot be summed out: not supported yet (`{name}`)");
    Box::new(
        Diagnostic::new(Code(801), message)
            .at(model.site(learned).span, "sought along the slopes of the bound")
            .at(model.site(kept).span, "stays in the guide, which leaves these slopes noisy")
            .help(format!("give `{}` a prior: `latent … ~ …`; or give `{name}` fewer elements, so that it can be summed out", model.site(learned).name)),
    )
}

fn outside(model: &Model, site: SiteId) -> Box<Diagnostic> {
    let declaration = model.site(site);
    let message = format!("the search for `{}` starts outside of its type", declaration.name);
    let words = format!("is to be {}", declaration.domain.domain.words);
    Box::new(
        Diagnostic::new(Code(761), message).at(declaration.span, words).help("correct what follows `init`"),
    )
}

fn nowhere(model: &Model, site: SiteId) -> Box<Diagnostic> {
    let message = "the density is not a number where the search for learned values starts";
    let diagnostic = Diagnostic::new(Code(901), message).at(model.site(site).span, "is sought");
    Box::new(diagnostic.help("start elsewhere: `init 0.1`, or `init normal(0, 0.1)`"))
}
