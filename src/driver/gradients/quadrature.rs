//! A latent that is integrated out in closed form, against integration by numbers of the density with it left in.

use crate::data::BoundModel;
use crate::lower::{self, Centring, Objective};
use crate::model::SiteId;

use super::super::mixed::work;
use super::super::target::Compiled;
use super::super::team::Team;

/// Nodes of a trapezoidal rule, which is exact to rounding for these densities.
const NODES: usize = 2001;
/// A density this many nats below its top has nothing left to add.
const DEPTH: f64 = 45.0;
/// Elements visited at most.
const AFFORDABLE: f64 = 2e8;

/// The log density at `position` with the latent integrated out by numbers; none where that would take too long. Given
/// everything else its elements are independent, and their logs add up.
pub(super) fn integral(
    bound: &BoundModel,
    objective: &Objective,
    latent: SiteId,
    position: &[f64],
) -> Option<f64> {
    let integrated = objective.centring.integrated.iter().copied().filter(|site| *site != latent).collect();
    let centring = Centring { integrated, ..objective.centring.clone() };
    let whole = lower::lower(bound, &centring, &objective.limits).ok()?;
    let block = whole.layout.blocks.iter().find(|block| block.site == latent)?.clone();
    if block.length as f64 * NODES as f64 * work(&whole, &[whole.log_joint]) > AFFORDABLE {
        return None;
    }
    let mut line = Line {
        density: Compiled::new(&whole.graph, &[whole.log_joint]),
        at: same_place(objective, &whole, position),
        element: 0,
    };
    let elements = block.offset..block.offset + block.length;
    for element in elements.clone() {
        line.element = element;
        line.at[element] = line.top();
    }
    line.element = block.offset;
    let top = line.values(&[line.at[block.offset]])[0];
    let mut total = top;
    for element in elements {
        line.element = element;
        total += line.log_integral(top);
    }
    Some(total)
}

/// A position of one objective as one of another that has more latents in it: these at 0.
pub(super) fn same_place(from: &Objective, to: &Objective, position: &[f64]) -> Vec<f64> {
    let mut at = vec![0.0; to.width()];
    for block in &to.layout.blocks {
        if let Some(own) = from.layout.blocks.iter().find(|own| own.site == block.site) {
            at[block.offset..block.offset + block.length]
                .copy_from_slice(&position[own.offset..own.offset + own.length]);
        }
    }
    for (own, kept) in from.kept.iter().zip(&to.kept) {
        at[kept.offset..kept.offset + kept.length]
            .copy_from_slice(&position[own.offset..own.offset + own.length]);
    }
    at
}

/// A density along one coordinate, where it has one top.
struct Line {
    density: Compiled,
    at: Vec<f64>,
    element: usize,
}

impl Line {
    fn values(&mut self, coordinates: &[f64]) -> Vec<f64> {
        let width = self.at.len();
        let mut rows = Vec::with_capacity(width * coordinates.len());
        for &coordinate in coordinates {
            rows.extend(&self.at);
            let last = rows.len() - width + self.element;
            rows[last] = coordinate;
        }
        self.density.run(&rows, &[], width, &Team::ALONE)[0].clone()
    }

    /// The coordinate of the top, by steps that double uphill and then a search by golden section.
    fn top(&mut self) -> f64 {
        let mut middle = self.at[self.element];
        let mut step = 0.1;
        let [left, right] = [middle - step, middle + step];
        let found = self.values(&[left, middle, right]);
        if found[0] > found[1] {
            step = -step;
        }
        let mut next = middle + step;
        let mut before = middle - step;
        while self.values(&[next])[0] > self.values(&[middle])[0] && step.abs() < 1e12 {
            (before, middle) = (middle, next);
            step *= 2.0;
            next = middle + step;
        }
        let (mut low, mut high) = (before.min(next), before.max(next));
        const GOLDEN: f64 = 0.618_033_988_749_894_9;
        for _ in 0..90 {
            let (a, b) = (high - GOLDEN * (high - low), low + GOLDEN * (high - low));
            let found = self.values(&[a, b]);
            if found[0] > found[1] { high = b } else { low = a }
        }
        0.5 * (low + high)
    }

    /// How far from the top, in one direction, until nothing is left.
    fn reach(&mut self, top: f64, side: f64) -> f64 {
        let centre = self.at[self.element];
        let mut near = 0.0;
        let mut far = 1e-6;
        while self.values(&[centre + side * far])[0] > top - DEPTH && far < 1e12 {
            (near, far) = (far, 2.0 * far);
        }
        for _ in 0..20 {
            let between = 0.5 * (near + far);
            if self.values(&[centre + side * between])[0] > top - DEPTH {
                near = between
            } else {
                far = between
            }
        }
        far
    }

    /// log of the integral of the density over the coordinate, against `top`.
    fn log_integral(&mut self, top: f64) -> f64 {
        let centre = self.at[self.element];
        let (low, high) = (centre - self.reach(top, -1.0), centre + self.reach(top, 1.0));
        let step = (high - low) / (NODES - 1) as f64;
        let nodes: Vec<f64> = (0..NODES).map(|k| low + k as f64 * step).collect();
        (self.values(&nodes).iter().map(|value| (value - top).exp()).sum::<f64>() * step).ln()
    }
}
