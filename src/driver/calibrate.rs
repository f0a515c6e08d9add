//! Simulation-based calibration: latents and data drawn from the model, fitted, and the truth ranked among the draws.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::array::Array;
use crate::data::BoundModel;
use crate::diagnostics::Diagnostic;
use crate::inference::ranks::{self, Uniformity, uniformity};
use crate::inference::{Options, Progress, Verdict, Watch};
use crate::lower::{self, Limits, Simulation};
use crate::model::SiteId;
use crate::posterior::{self, Simulated, SiteDraws};
use crate::report::calibration::{Calibration, Latent, Ranks};

use super::Fitted;

/// How a calibration is made.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How many data sets are drawn.
    pub replicates: usize,
    /// How each is fitted; the seed is that of the whole.
    pub options: Options,
    /// On how many threads; the result does not depend on it.
    pub threads: usize,
}

/// The caller's side of a running calibration, called from several threads.
pub trait Observer: Sync {
    /// So many replicates are done.
    fn finished(&self, done: usize, of: usize);
    /// Whether to end with the replicates that are done.
    fn should_stop(&self) -> bool;
}

/// How a replicate is fitted: the data, the options with its own seed, and who watches.
pub type Fitter<'a> = &'a (dyn Fn(&BoundModel, &Options, &mut dyn Watch) -> Option<Fitted> + Sync);

/// A fit on one thread, as `vic fit` makes it; `None` if the data cannot be fitted at all.
pub fn fit(bound: &BoundModel, limits: &Limits, options: &Options, watch: &mut dyn Watch) -> Option<Fitted> {
    let objective = super::lower_within(bound, limits).ok()?;
    Some(super::fit(bound, &objective, options, 1, watch))
}

/// What became of a replicate.
enum Outcome {
    /// Fitted, with a rank for each scalar.
    Ranked(Verdict, Vec<usize>),
    /// There are no draws.
    Failed,
    /// The data that were drawn are not finite numbers.
    NotFinite,
}

/// Draws replicates, fits each, and tests the ranks.
///
/// # Errors
/// If the model does not say how its data come about.
pub fn calibrate(
    bound: &BoundModel,
    settings: &Settings,
    fitter: Fitter,
    observer: &dyn Observer,
) -> Result<Calibration, Box<Diagnostic>> {
    let simulation = lower::simulate(bound)?;
    let work = Work { bound, simulation: &simulation, settings, fitter, observer };
    if work.draw(0).is_none() {
        return Err(lower::circular(bound));
    }
    Ok(work.conclude(work.run()))
}

struct Work<'a> {
    bound: &'a BoundModel,
    simulation: &'a Simulation,
    settings: &'a Settings,
    fitter: Fitter<'a>,
    observer: &'a dyn Observer,
}

/// A fit inside of a calibration: silent, and ended when that is.
struct Inner<'a>(&'a dyn Observer);

impl Watch for Inner<'_> {
    fn progress(&mut self, _: &Progress) {}
    fn should_stop(&mut self) -> bool {
        self.0.should_stop()
    }
}

impl Work<'_> {
    /// The outcomes of the replicates that were finished, in order.
    fn run(&self) -> Vec<Outcome> {
        let of = self.settings.replicates;
        let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let outcomes: Mutex<Vec<(usize, Outcome)>> = Mutex::new(Vec::new());
        let worker = || {
            while !self.observer.should_stop() {
                let replicate = next.fetch_add(1, Ordering::SeqCst);
                if replicate >= of {
                    break;
                }
                let outcome = self.one(replicate);
                if self.observer.should_stop() {
                    break;
                }
                outcomes.lock().expect("no worker panics").push((replicate, outcome));
                self.observer.finished(done.fetch_add(1, Ordering::SeqCst) + 1, of);
            }
        };
        std::thread::scope(|scope| {
            let worker = &worker;
            (1..self.settings.threads.max(1)).for_each(|_| {
                scope.spawn(worker);
            });
            worker();
        });
        let mut found = outcomes.into_inner().expect("no worker panics");
        found.sort_by_key(|(replicate, _)| *replicate);
        found.into_iter().map(|(_, outcome)| outcome).collect()
    }

    /// The truth and the data of one replicate.
    fn draw(&self, replicate: usize) -> Option<Simulated> {
        let seed = self.settings.options.seed;
        posterior::simulate(self.bound, self.simulation, replicate..replicate + 1, seed)
    }

    fn one(&self, replicate: usize) -> Outcome {
        let Some(Simulated { latents, mut data }) = self.draw(replicate) else { return Outcome::Failed };
        let data: Vec<(SiteId, Array)> = data.swap_remove(0);
        if data.iter().any(|(_, array)| array.values.iter().any(|value| !value.is_finite())) {
            return Outcome::NotFinite;
        }
        let bound = self.bound.with_values(data);
        // Neighbouring seeds are as good as any others: each is a key of its own.
        let seed = self.settings.options.seed.wrapping_add(1 + replicate as u64);
        let options = Options { seed, ..self.settings.options.clone() };
        match (self.fitter)(&bound, &options, &mut Inner(self.observer)) {
            Some(fitted) if fitted.count > 0 && !fitted.sites.is_empty() => {
                self.ranked(replicate, &latents, &fitted)
            }
            _ => Outcome::Failed,
        }
    }

    fn ranked(&self, replicate: usize, truths: &[SiteDraws], fitted: &Fitted) -> Outcome {
        let mut generator = ranks::generator(self.settings.options.seed, replicate);
        let mut found = Vec::new();
        for truth in truths {
            let Some(site) = fitted.sites.iter().find(|site| site.names == truth.names) else {
                return Outcome::Failed;
            };
            let width = truth.names.len();
            for k in 0..width {
                let draws: Vec<f64> = site.values.iter().skip(k).step_by(width).copied().collect();
                if draws.is_empty() {
                    return Outcome::Failed;
                }
                let truth = truth.values[k];
                found.push(ranks::rank(&draws, fitted.weights.as_deref(), truth, &mut generator));
            }
        }
        Outcome::Ranked(fitted.fit.verdict, found)
    }

    fn conclude(&self, outcomes: Vec<Outcome>) -> Calibration {
        let sites = self.simulation.latents.iter();
        let names: Vec<String> =
            sites.flat_map(|latent| posterior::scalar_names(self.bound, latent.site)).collect();
        let count = |wanted: Verdict| {
            outcomes
                .iter()
                .filter(|one| matches!(one, Outcome::Ranked(verdict, _) if *verdict == wanted))
                .count()
        };
        let latents: Vec<Latent> = names
            .iter()
            .enumerate()
            .map(|(k, name)| {
                let ranks = |is_wanted: &dyn Fn(Verdict) -> bool| -> Vec<usize> {
                    let each = outcomes.iter().filter_map(|one| match one {
                        Outcome::Ranked(verdict, ranks) if is_wanted(*verdict) => Some(ranks[k]),
                        _ => None,
                    });
                    each.collect()
                };
                Latent {
                    name: name.clone(),
                    all: tested(ranks(&|_| true)),
                    trusted: tested(ranks(&|verdict| verdict == Verdict::Trust)),
                    others: tested(ranks(&|verdict| verdict != Verdict::Trust)),
                }
            })
            .collect();
        Calibration {
            seed: self.settings.options.seed,
            asked: self.settings.replicates,
            done: outcomes.len(),
            trust: count(Verdict::Trust),
            check: count(Verdict::Check),
            do_not_use: count(Verdict::DoNotUse),
            failed: outcomes.iter().filter(|one| matches!(one, Outcome::Failed)).count(),
            not_finite: outcomes.iter().filter(|one| matches!(one, Outcome::NotFinite)).count(),
            thinned: ranks::THINNED,
            level: LEVEL / latents.len().max(1) as f64,
            latents,
        }
    }
}

/// The chance that a calibrated model fails: shared among its scalars (Bonferroni).
const LEVEL: f64 = 0.01;

/// The fewest ranks that are tested.
const FEWEST: usize = 20;

fn tested(ranks: Vec<usize>) -> Option<Ranks> {
    (ranks.len() >= FEWEST).then(|| {
        let Uniformity { bins, chi_square, p_value, shift, spread } = uniformity(&ranks);
        Ranks { count: ranks.len(), bins, chi_square, p_value, shift, spread }
    })
}
