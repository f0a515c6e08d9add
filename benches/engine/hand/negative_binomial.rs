//! Negative binomial regression with group effects: eight rows at a time, all in registers but the groups.
#![allow(clippy::needless_range_loop, reason = "loops of constant count over several arrays, to be unrolled")]

use vic::numeric::dispatch::{Isa, Kernel};
use vic::numeric::kernels::{elementary, gamma};
use vic::numeric::lanes::{F8, LANES};

use super::{load, total};

const COLUMNS: usize = 5;

/// Covariates column by column, counts, and groups; a number of rows that is a multiple of eight.
pub struct Data {
    rows: usize,
    groups: usize,
    x: Vec<f64>,
    y: Vec<f64>,
    group: Vec<u32>,
}

impl Data {
    /// Transposes a row-major matrix.
    pub fn new(x: &[f64], y: &[f64], group: &[f64], groups: usize) -> Self {
        let rows = y.len();
        assert_eq!(rows % LANES, 0, "whole vectors");
        let x = (0..COLUMNS).flat_map(|c| (0..rows).map(move |r| x[r * COLUMNS + c])).collect();
        Self { rows, groups, x, y: y.to_vec(), group: group.iter().map(|&g| g as u32).collect() }
    }
}

/// The log density and its gradient: intercept, log scale of effects, log dispersion, slopes, effects.
pub struct Density<'a> {
    pub data: &'a Data,
    pub position: &'a [f64],
    pub gradient: &'a mut [f64],
}

/// Sums over rows, lane by lane.
struct Sums {
    value: F8,
    eta: F8,
    dispersion: F8,
    slopes: [F8; COLUMNS],
}

impl Kernel for Density<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<I: Isa>(self) -> f64 {
        let [alpha, log_tau, log_phi] = [self.position[0], self.position[1], self.position[2]];
        let (beta, z) = self.position[3..].split_at(COLUMNS);
        let z = &z[..self.data.groups];
        let tau = elementary::exp::<I>(log_tau);
        let phi = elementary::exp::<I>(log_phi);
        let effects: Vec<f64> = z.iter().map(|z| alpha + tau * z).collect();
        let mut by_group = vec![0.0; self.data.groups];
        let sums = self.rows::<I>((beta, log_phi, phi), &effects, &mut by_group);
        let (log_gamma, digamma) = gamma::lgamma_and_digamma::<I>(phi);
        let rows = self.data.rows as f64;
        let squares: f64 = self.position.iter().map(|x| x * x).sum();
        self.gradient[0] = total(sums.eta) - alpha;
        let product: f64 = by_group.iter().zip(z).map(|(a, b)| a * b).sum();
        self.gradient[1] = tau * product - log_tau;
        self.gradient[2] = phi * (total(sums.dispersion) - rows * digamma) - total(sums.eta) - log_phi;
        for k in 0..COLUMNS {
            self.gradient[3 + k] = total(sums.slopes[k]) - beta[k];
        }
        for ((out, sum), z) in self.gradient[3 + COLUMNS..].iter_mut().zip(&by_group).zip(z) {
            *out = tau * sum - z;
        }
        total(sums.value) - rows * log_gamma - 0.5 * squares
    }
}

impl Density<'_> {
    #[inline(always)]
    fn rows<I: Isa>(
        &self,
        (beta, log_phi, phi): (&[f64], f64, f64),
        effects: &[f64],
        by_group: &mut [f64],
    ) -> Sums {
        let rows = self.data.rows;
        let mut sums =
            Sums { value: F8::ZERO, eta: F8::ZERO, dispersion: F8::ZERO, slopes: [F8::ZERO; COLUMNS] };
        for first in (0..rows).step_by(LANES) {
            let groups = &self.data.group[first..first + LANES];
            let mut logit = F8::ZERO;
            for lane in 0..LANES {
                logit.0[lane] = effects[groups[lane] as usize] - log_phi;
            }
            for k in 0..COLUMNS {
                logit = load(&self.data.x[k * rows + first..]).times_plus::<I>(F8::splat(beta[k]), logit);
            }
            let y = load(&self.data.y[first..]);
            let (mut slope, mut dispersion) = (F8::ZERO, F8::ZERO);
            for lane in 0..LANES {
                let count = y.0[lane] + phi;
                let (softplus, sigmoid) = elementary::softplus_and_sigmoid::<I>(logit.0[lane]);
                let (log_gamma, digamma) = gamma::lgamma_and_digamma::<I>(count);
                sums.value.0[lane] += y.0[lane] * logit.0[lane] - count * softplus + log_gamma;
                slope.0[lane] = y.0[lane] - count * sigmoid;
                dispersion.0[lane] = digamma - softplus;
            }
            sums.eta = sums.eta.plus(slope);
            sums.dispersion = sums.dispersion.plus(dispersion);
            for k in 0..COLUMNS {
                sums.slopes[k] =
                    load(&self.data.x[k * rows + first..]).times_plus::<I>(slope, sums.slopes[k]);
            }
            for lane in 0..LANES {
                by_group[groups[lane] as usize] += slope.0[lane];
            }
        }
        sums
    }
}
