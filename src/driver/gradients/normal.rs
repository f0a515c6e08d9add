//! Latents that are integrated out together as normals, against Laplace's integral of the density with them left in, which
//! is exact for a normal: its top by Newton's steps, its curvature by differences of slopes.

use nalgebra::{DMatrix, DVector};

use crate::data::BoundModel;
use crate::graph::Node;
use crate::lower::{self, Centring, Objective};
use crate::model::SiteId;

use super::super::mixed::work;
use super::super::target::Compiled;
use super::super::team::Team;
use super::quadrature::same_place;

/// Elements visited at most.
const AFFORDABLE: f64 = 2e8;
/// Newton's steps: one leads to the top of a quadratic, and two take out the rounding.
const STEPS: usize = 3;

/// The log density at `position` with `latents` integrated out by Laplace's formula; none where that would take too long,
/// and NaN where the density is not that of a normal.
pub(super) fn integral(
    bound: &BoundModel,
    objective: &Objective,
    latents: &[SiteId],
    position: &[f64],
) -> Option<f64> {
    let others = objective.centring.integrated.iter().copied().filter(|site| !latents.contains(site));
    let centring = Centring { integrated: others.collect(), ..objective.centring.clone() };
    let whole = lower::lower(bound, &centring, &objective.limits).ok()?;
    let blocks: Vec<usize> =
        (0..whole.layout.blocks.len()).filter(|&k| latents.contains(&whole.layout.blocks[k].site)).collect();
    let ranges = blocks.iter().map(|&k| &whole.layout.blocks[k]);
    let places: Vec<usize> = ranges.flat_map(|block| block.offset..block.offset + block.length).collect();
    let mut roots: Vec<Node> = vec![whole.log_joint];
    roots.extend(blocks.iter().map(|&k| whole.gradient[k]));
    if (places.len() * (STEPS + 1)) as f64 * work(&whole, &roots) > AFFORDABLE {
        return None;
    }
    let at = same_place(objective, &whole, position);
    let mut surface = Surface { density: Compiled::new(&whole.graph, &roots), at, places };
    Some(surface.integral())
}

/// A density as a function of some coordinates.
struct Surface {
    density: Compiled,
    at: Vec<f64>,
    places: Vec<usize>,
}

impl Surface {
    /// Value and slope with the coordinates moved.
    fn at(&mut self, moved: &DVector<f64>) -> (f64, DVector<f64>) {
        let mut row = self.at.clone();
        self.places.iter().zip(moved.iter()).for_each(|(&place, x)| row[place] += x);
        let width = row.len();
        let found = self.density.run(&row, &[], width, &Team::ALONE);
        (found[0][0], DVector::from_vec(found[1..].concat()))
    }

    fn integral(&mut self) -> f64 {
        let n = self.places.len();
        let zero = DVector::zeros(n);
        let (_, slope) = self.at(&zero);
        let mut precision = DMatrix::zeros(n, n);
        for k in 0..n {
            let mut unit = zero.clone();
            unit[k] = 1.0;
            precision.set_column(k, &(&slope - self.at(&unit).1));
        }
        let symmetric = (&precision + precision.transpose()) * 0.5;
        let Some(factor) = symmetric.cholesky() else { return f64::NAN };
        let mut top = zero;
        for _ in 0..STEPS {
            let slope = self.at(&top).1;
            top += factor.solve(&slope);
        }
        let (value, _) = self.at(&top);
        let logs: f64 = (0..n).map(|k| factor.l_dirty()[(k, k)].ln()).sum();
        let away = DVector::from_fn(n, |k, _| ((k + 1) as f64).sin());
        let expected = value - 0.5 * (factor.l().transpose() * &away).norm_squared();
        if (self.at(&(&top + &away)).0 - expected).abs() > 1e-6 * (1.0 + expected.abs()) {
            return f64::NAN;
        }
        value + 0.5 * n as f64 * std::f64::consts::TAU.ln() - logs
    }
}
