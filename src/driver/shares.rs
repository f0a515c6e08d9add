//! Shares of location and scale learned for a model with data: the density with shares as inputs, compiled, and what is
//! learned as a parameterisation.

use std::collections::BTreeMap;

use crate::data::BoundModel;
use crate::inference::gaussian::Gaussian;
use crate::inference::informed::{Beginning, INFORMED_LIMIT, Informed, learn};
use crate::inference::{Block, Fit, Options, Target, Watch};
use crate::lower::{self, Centring, Limits, Objective, OpenDensity, Shares};
use crate::model::{Model, SiteId};

use super::replay::Sought;
use super::target::{Compiled, blocks_of, lay_out};
use super::team::Team;

/// Who has a share of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sharing {
    /// Each latent.
    ByLatent,
    /// The location and the scale of each element.
    ByElement,
}

/// A learned parameterisation.
pub(super) struct Learning {
    /// It, in words.
    pub(super) name: String,
    /// It.
    pub(super) centring: Centring,
    /// The Gaussian that was found with it.
    pub(super) start: Gaussian,
    /// Evaluations spent.
    pub(super) evaluations: u64,
}

/// A fit, with the objective that it is of.
pub(super) type Known<'k> = (&'k Fit, &'k Objective);

/// Draws that learning begins with, at least, and for each coordinate.
const DRAWS: (usize, usize) = (200, 4);

/// Latents whose location and scale can be shared.
pub(super) fn sharing_latents(model: &Model, centring: &Centring) -> Vec<SiteId> {
    let left = model.site_ids().filter(|id| !centring.integrated.contains(id));
    left.filter(|id| lower::centrable(model, *id).is_some()).collect()
}

/// Learns shares, beginning where a fit ended; `None` where there is nothing to share, or no fit to begin with.
pub(super) fn learn_shares(
    bound: &BoundModel,
    (fit, objective): Known,
    sharing: Sharing,
    options: &Options,
    (threads, watch, sought): (usize, &mut dyn Watch, Option<&mut Sought>),
) -> Option<Learning> {
    let latents = sharing_latents(bound.model(), &objective.centring);
    let dimension = objective.layout.dimension;
    if latents.is_empty() || dimension > INFORMED_LIMIT || fit.draws.is_empty() {
        return None;
    }
    let open = lower::open_density(bound, (&objective.centring, &latents), &objective.limits).ok()?;
    let draws = thinned(fit, dimension, DRAWS.0.max(DRAWS.1 * dimension));
    let base = (&objective.centring, &objective.limits);
    let mut target = OpenTarget::new(&open, base, threads, sought);
    let singles = open.layout.open.iter().all(|latent| target.length(latent.site) == 1);
    let repeats = singles && sharing == Sharing::ByElement && options.family.is_none();
    if target.shares.is_empty() || repeats {
        return None;
    }
    let groups = target.groups(sharing);
    let beginning = Beginning { draws: &draws, groups: &groups, shares: None };
    let learned = learn(&mut target, &beginning, options, watch)?;
    let centring = target.centring(&learned.shares, sharing);
    let name = name(bound.model(), &centring, &open);
    Some(Learning { name, centring, start: learned.gaussian, evaluations: learned.evaluations })
}

/// So many draws of a fit, each as often as its weight has it.
fn thinned(fit: &Fit, dimension: usize, wanted: usize) -> Vec<f64> {
    let count = fit.draws.len() / dimension;
    let weight = |k: usize| fit.log_weights.as_ref().map_or(1.0 / count as f64, |logs| logs[k].exp());
    let (mut rows, mut total, mut given) = (Vec::with_capacity(wanted * dimension), 0.0, 0);
    for (k, row) in fit.draws.chunks_exact(dimension).enumerate() {
        total += weight(k);
        while given < wanted && (given as f64 + 0.5) / (wanted as f64) < total {
            rows.extend_from_slice(row);
            given += 1;
        }
    }
    rows
}

/// A parameterisation in words: `theta centred to 0.37`.
fn name(model: &Model, centring: &Centring, open: &OpenDensity) -> String {
    const NAMED: usize = 3;
    let latents: Vec<SiteId> = open.layout.open.iter().map(|latent| latent.site).collect();
    let range = |shares: &[f64]| {
        let least = shares.iter().copied().fold(1.0, f64::min);
        let most = shares.iter().copied().fold(0.0, f64::max);
        format!("{least:.2} to {most:.2}")
    };
    let words = latents.iter().take(NAMED).map(|site| {
        let name = &model.site(*site).name;
        match centring.of.get(site) {
            Some(Shares::All(share)) => format!("{name} centred to {share:.2}"),
            Some(Shares::Each { location, scale }) => {
                format!("{name} keeps {} of its location, {} of its scale", range(location), range(scale))
            }
            Some(Shares::Open) | None => format!("{name} centred"),
        }
    });
    let words: Vec<String> = words.collect();
    match latents.len().saturating_sub(NAMED) {
        0 => words.join(", "),
        more => format!("{}, and {more} more", words.join(", ")),
    }
}

/// One latent with shares: its first coordinate, how many it has, its first share.
struct Stretch {
    site: SiteId,
    offset: usize,
    length: usize,
}

/// The density with shares as inputs. It has no second derivatives, and learning asks for none.
struct OpenTarget<'s> {
    dimension: usize,
    blocks: Vec<Block>,
    stretches: Vec<Stretch>,
    density: Compiled,
    places: Compiled,
    shares: Vec<f64>,
    coordinates: Vec<usize>,
    /// Sums of slopes by the shares, and over how many positions.
    slopes: (Vec<f64>, usize),
    team: Team,
    base: (&'s Centring, &'s Limits),
    sought: Option<&'s mut Sought>,
}

impl<'s> OpenTarget<'s> {
    fn new(
        open: &OpenDensity,
        base: (&'s Centring, &'s Limits),
        threads: usize,
        sought: Option<&'s mut Sought>,
    ) -> Self {
        let layout = &open.layout;
        let stretches: Vec<Stretch> = layout
            .open
            .iter()
            .map(|latent| {
                let length = layout.blocks.iter().find(|block| block.site == latent.site);
                let length = length.map_or(0, |block| block.length);
                Stretch { site: latent.site, offset: latent.offset, length }
            })
            .collect();
        let roots = std::iter::once(open.log_joint).chain(open.gradient.clone()).chain(open.slopes.clone());
        let places: Vec<_> = layout.open.iter().flat_map(|latent| latent.places).collect();
        let coordinates: Vec<usize> = stretches
            .iter()
            .flat_map(|own| (0..2).flat_map(|_| own.offset..own.offset + own.length))
            .collect();
        let shares = stretches.iter().flat_map(|own| shares_of(base.0, own)).collect();
        OpenTarget {
            dimension: layout.dimension,
            blocks: blocks_of(layout),
            density: Compiled::new(&open.graph, &roots.collect::<Vec<_>>()),
            places: Compiled::new(&open.graph, &places),
            slopes: (vec![0.0; coordinates.len()], 0),
            team: Team::for_graph(&open.graph, threads),
            stretches,
            shares,
            coordinates,
            base,
            sought,
        }
    }

    fn length(&self, site: SiteId) -> usize {
        self.stretches.iter().find(|own| own.site == site).map_or(0, |own| own.length)
    }

    /// The number that each share is.
    fn groups(&self, sharing: Sharing) -> Vec<usize> {
        match sharing {
            Sharing::ByElement => (0..self.shares.len()).collect(),
            Sharing::ByLatent => {
                self.stretches.iter().enumerate().flat_map(|(k, own)| vec![k; 2 * own.length]).collect()
            }
        }
    }

    /// The parameterisation with some shares.
    fn centring(&self, shares: &[f64], sharing: Sharing) -> Centring {
        let mut of: BTreeMap<SiteId, Shares> = self.base.0.of.clone();
        let mut at = 0;
        for own in &self.stretches {
            let (location, scale) = shares[at..at + 2 * own.length].split_at(own.length);
            let found = match sharing {
                Sharing::ByLatent => Shares::All(location[0]),
                Sharing::ByElement => Shares::Each { location: location.to_vec(), scale: scale.to_vec() },
            };
            of.insert(own.site, found);
            at += 2 * own.length;
        }
        Centring { of, ..self.base.0.clone() }
    }

    fn run(&mut self, positions: &[f64]) -> &[Vec<f64>] {
        let count = positions.len() / self.dimension;
        if self.sought.is_some() {
            let centring = self.centring(&self.shares, Sharing::ByElement);
            let limits = self.base.1.clone();
            if let Some(sought) = &mut self.sought {
                sought.count((positions, self.dimension), 1, &(centring, limits));
            }
        }
        let shares: Vec<f64> = (0..count).flat_map(|_| self.shares.iter().copied()).collect();
        self.density.run_with(positions, &shares, count, &self.team)
    }
}

/// A latent's shares in a parameterisation: of its locations, then of its scales.
fn shares_of(centring: &Centring, own: &Stretch) -> Vec<f64> {
    match centring.of.get(&own.site) {
        Some(Shares::All(share)) => vec![*share; 2 * own.length],
        Some(Shares::Each { location, scale }) => [location.as_slice(), scale].concat(),
        Some(Shares::Open) | None => vec![1.0; 2 * own.length],
    }
}

impl Target for OpenTarget<'_> {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn evaluate(&mut self, positions: &[f64], values: &mut [f64], gradients: &mut [f64]) {
        let (d, count, blocks) = (self.dimension, values.len(), self.blocks.clone());
        let outputs = self.run(positions);
        values.copy_from_slice(&outputs[0]);
        lay_out(&blocks, &outputs[1..=blocks.len()], gradients, (count, d));
        let sums = outputs[1 + blocks.len()..].iter().flat_map(|slopes| {
            let length = slopes.len() / count;
            (0..length).map(move |i| slopes.iter().skip(i).step_by(length).sum::<f64>())
        });
        let sums: Vec<f64> = sums.collect();
        self.slopes.0.iter_mut().zip(sums).for_each(|(sum, own)| *sum += own);
        self.slopes.1 += count;
    }

    fn value(&mut self, positions: &[f64], values: &mut [f64]) {
        values.copy_from_slice(&self.run(positions)[0]);
    }

    fn hessian_vector(&mut self, _: &[f64], _: &[f64], products: &mut [f64]) {
        products.fill(f64::NAN);
    }

    fn blocks(&self) -> Vec<Block> {
        self.blocks.clone()
    }
}

impl Informed for OpenTarget<'_> {
    fn shares(&self) -> &[f64] {
        &self.shares
    }

    fn coordinates(&self) -> &[usize] {
        &self.coordinates
    }

    fn set_shares(&mut self, shares: &[f64]) {
        self.shares = shares.to_vec();
    }

    fn forget_slopes(&mut self) {
        self.slopes.0.fill(0.0);
        self.slopes.1 = 0;
    }

    fn share_slopes(&self) -> Vec<f64> {
        self.slopes.0.iter().map(|sum| sum / self.slopes.1.max(1) as f64).collect()
    }

    fn moved(&mut self, positions: &[f64], shares: &[f64]) -> Vec<f64> {
        let count = positions.len() / self.dimension;
        let own: Vec<f64> = (0..count).flat_map(|_| self.shares.iter().copied()).collect();
        let places = self.places.run_with(positions, &own, count, &self.team);
        let mut moved = positions.to_vec();
        let mut at = 0;
        for (stretch, places) in self.stretches.iter().zip(places.chunks(2)) {
            let length = stretch.length;
            for (sample, row) in moved.chunks_mut(self.dimension).enumerate() {
                for i in 0..length {
                    let place = [0, 1].map(|k| places[k][sample * length + i]);
                    let of = |shares: &[f64]| [shares[at + i], shares[at + length + i]];
                    let u = &mut row[stretch.offset + i];
                    *u = remade(*u, place, of(&self.shares), of(shares));
                }
            }
            at += 2 * length;
        }
        moved
    }
}

/// A coordinate with other shares of the same location and scale.
fn remade(u: f64, [location, scale]: [f64; 2], before: [f64; 2], after: [f64; 2]) -> f64 {
    let standard = (u - before[0] * location) * (-before[1] * scale.ln()).exp();
    after[0] * location + (after[1] * scale.ln()).exp() * standard
}
