//! What draws are weighted from: guides joined into one distribution, adapted as long as that helps.

use rand::RngExt;

use crate::numeric::random::Generator;

use super::super::importance::{Proposal, log_add};
use super::super::moments::{Moments, moments};
use super::super::psis::{self, Smoothed};
use super::adapt::{Part, adapted};
use super::anneal::Led;
use super::ascent::{Account, Guide};
use super::cells::{Tables, pick};
use super::conclude::Reached;
use super::width;

/// Several guides as one distribution.
#[derive(Clone, Debug)]
pub struct Joined {
    parts: Vec<Part>,
}

impl Joined {
    /// With shares by bound, none below a twentieth; a wide part guards them all.
    pub fn new(reached: &[Reached]) -> Self {
        let cells: usize = reached[0].guide.tables.iter().map(Tables::count).sum();
        let soft = (1.0 / cells.max(1) as f64).min(SOFT);
        let wide = reached[0].guide.tables.iter().map(|table| table.softened(1.0)).collect();
        Self::guarded(reached, soft, (GUARD, wide))
    }

    /// Half of it wherever the windows of cells reach.
    pub fn spread(reached: &[Reached]) -> Self {
        let wide = reached[0].guide.tables.iter().map(Tables::levelled).collect();
        Self::guarded(reached, WIDE_SOFT, (0.5, wide))
    }

    /// Guides with a share `soft` of each cell's mass spread, and one with other tables.
    fn guarded(reached: &[Reached], soft: f64, (guard, wide): (f64, Vec<Tables>)) -> Self {
        let top = reached.iter().map(|one| one.bound).fold(f64::NEG_INFINITY, f64::max);
        let shares: Vec<f64> = reached.iter().map(|one| (one.bound - top).exp().max(0.05)).collect();
        let total: f64 = shares.iter().sum::<f64>() / (1.0 - guard);
        let parts = reached.iter().zip(&shares).map(|(one, share)| {
            let mut guide = one.guide.clone();
            guide.tables = guide.tables.iter().map(|table| table.softened(soft)).collect();
            Part::new(share / total, guide)
        });
        let mut parts: Vec<Part> = parts.collect();
        let last = Guide { tables: wide, ..reached[0].guide.clone() };
        parts.push(Part::new(guard, last));
        Self { parts }
    }

    /// The guides, the wide one last.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// How many guides there are beside the wide one.
    pub fn guides(&self) -> usize {
        self.parts.len() - 1
    }

    /// Beside copies of the first part that lean towards some of the weighted rows.
    fn with_more(
        &self,
        (rows, log_weights): (&[f64], &[f64]),
        wide: usize,
        generator: &mut Generator,
    ) -> Self {
        let mut parts = self.parts.clone();
        let guard = parts.pop().expect("the wide part");
        let weights: Vec<f64> = log_weights.iter().map(|x| x.exp()).collect();
        while parts.len() < PARTS {
            let (row, _) = pick(&weights, generator.random());
            let row = &rows[row * wide..(row + 1) * wide];
            let mut guide = self.parts[0].guide.clone();
            for table in &mut guide.tables {
                table.lean_towards(&row[table.block.start..table.block.end]);
            }
            let d = guide.gaussian.dimension();
            guide.gaussian.mean.iter_mut().zip(&row[..d]).for_each(|(mean, x)| *mean = 0.5 * (*mean + x));
            parts.push(Part::new(0.5 / PARTS as f64, guide));
        }
        let total = parts.iter().map(|part| part.share).sum::<f64>() / (1.0 - GUARD);
        parts.iter_mut().for_each(|part| part.share /= total);
        parts.push(guard);
        Self { parts }
    }

    /// `2 * pairs` rows, or a few more; neighbours belong together.
    pub fn draw(&self, pairs: usize, generator: &mut Generator) -> Vec<f64> {
        let mut rows = Vec::new();
        for part in &self.parts {
            let own = ((part.share * pairs as f64).round() as usize).max(1);
            let mut drawn = part.guide.draw(own, generator).rows;
            if let Some(guarded) = &part.guarded {
                let d = part.guide.gaussian.dimension();
                let wide = drawn.len() / (2 * own);
                let positions = guarded.draw(own, generator);
                for (row, position) in drawn.chunks_exact_mut(wide).zip(positions.chunks_exact(d)) {
                    row[..d].copy_from_slice(position);
                }
            }
            rows.extend(drawn);
        }
        rows
    }

    /// Log densities of rows.
    pub fn log_density(&self, rows: &[f64], wide: usize) -> Vec<f64> {
        let mut total = vec![f64::NEG_INFINITY; rows.len() / wide];
        for part in &self.parts {
            let own = part.log_density(rows, wide);
            total
                .iter_mut()
                .zip(own)
                .for_each(|(total, own)| *total = log_add(*total, part.share.ln() + own));
        }
        total
    }
}

/// The share of a cell's mass that a proposal spreads, at most.
const SOFT: f64 = 0.03;
/// The same where draws are led on.
const WIDE_SOFT: f64 = 0.25;
/// Share of the wide part of a proposal.
const GUARD: f64 = 0.1;
/// Parts of an adapted proposal, and how often it is adapted with how many pairs of draws.
const PARTS: usize = 16;
const ADAPTATIONS: usize = 8;
const ADAPTING_PAIRS: usize = 1000;
/// How often it is adapted to draws that were led to the posterior.
const FOLLOWING: usize = 6;
/// Columns of a row up to which a proposal is adapted.
pub const ADAPTED: usize = 80;
/// A proposal with this k-hat and this effective share is left as it is.
const CONTENT: (f64, f64) = (0.4, 0.5);

/// Below this k-hat, and above this effective share, weights are relied on.
const SOUND: (f64, f64) = (0.5, 0.25);

/// Whether weights need no better proposal.
fn is_content(smoothed: &Smoothed, count: usize) -> bool {
    smoothed.khat < CONTENT.0 && smoothed.effective > CONTENT.1 * count as f64
}

/// The proposal, adapted as long as that helps and is affordable.
pub fn settled(account: &mut Account, leaders: &[Reached], generator: &mut Generator) -> Joined {
    let wide = width(account.target);
    let first = Joined::new(leaders);
    let probe = weigh(account, &first, ADAPTING_PAIRS, generator);
    if is_content(&probe.smoothed, probe.log_ratios.len()) || wide > ADAPTED {
        return first;
    }
    let joined = first.with_more((&probe.rows, &probe.smoothed.log_weights), wide, generator);
    let (bad, better) = improved(account, joined, generator);
    if bad < badness(&probe) { better } else { first }
}

/// The proposal with parts at draws that were led to the posterior, adapted.
pub fn settled_at(
    account: &mut Account,
    leaders: &[Reached],
    led: &Led,
    generator: &mut Generator,
) -> Joined {
    let wide = width(account.target);
    let mut joined = Joined::new(leaders).with_more((&led.rows, &led.log_weights), wide, generator);
    for _ in 0..FOLLOWING {
        joined.parts = adapted(&joined.parts, &led.rows, &led.log_weights, wide);
    }
    improved(account, joined, generator).1
}

/// The best of what a proposal is adapted to, and how bad it is.
fn improved(account: &mut Account, mut joined: Joined, generator: &mut Generator) -> (f64, Joined) {
    let wide = width(account.target);
    let mut best = (f64::INFINITY, joined.clone());
    for _ in 0..ADAPTATIONS {
        let weighed = weigh(account, &joined, ADAPTING_PAIRS, generator);
        let own = badness(&weighed);
        if own < best.0 {
            best = (own, joined.clone());
        }
        if is_content(&weighed.smoothed, weighed.log_ratios.len()) || account.spent >= account.limit as f64 {
            break;
        }
        let parts = adapted(&joined.parts, &weighed.rows, &weighed.smoothed.log_weights, wide);
        joined = Joined { parts };
    }
    best
}

/// Smaller is better.
pub fn badness(weighed: &Weighed) -> f64 {
    let share = weighed.smoothed.effective / weighed.log_ratios.len() as f64;
    3.0 * weighed.smoothed.khat.clamp(CONTENT.0, 10.0) - share.max(1e-6).ln()
}

/// Rows with their weights.
pub struct Weighed {
    /// `[S][D + K]`.
    pub rows: Vec<f64>,
    /// Log target density minus log proposal density.
    pub log_ratios: Vec<f64>,
    /// Smoothed.
    pub smoothed: Smoothed,
}

/// Draws `2 * pairs` rows, weighted by the target.
pub fn weigh(account: &mut Account, joined: &Joined, pairs: usize, generator: &mut Generator) -> Weighed {
    let wide = width(account.target);
    let rows = joined.draw(pairs, generator);
    let mut values = vec![0.0; rows.len() / wide];
    account.target.value(&rows, &mut values);
    account.spent += values.len() as f64;
    let own = joined.log_density(&rows, wide);
    let ratio = |(p, q): (&f64, f64)| if p.is_finite() { p - q } else { f64::NEG_INFINITY };
    let log_ratios: Vec<f64> = values.iter().zip(own).map(ratio).collect();
    let smoothed = psis::smooth(&log_ratios);
    Weighed { rows, log_ratios, smoothed }
}

impl Weighed {
    /// Whether the weights may be relied on without more ado.
    pub fn is_sound(&self) -> bool {
        let share = self.smoothed.effective / self.log_ratios.len() as f64;
        self.smoothed.khat < SOUND.0 && share > SOUND.1
    }

    /// Moments of the columns.
    pub fn moments(&self, wide: usize) -> Moments {
        moments(&self.rows, &self.smoothed.log_weights, wide)
    }
}
