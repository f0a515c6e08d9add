//! Eight schools: the schools fill the lanes, the rest is scalar.

use vic::numeric::dispatch::{Isa, Kernel};
use vic::numeric::kernels::elementary;
use vic::numeric::lanes::{F8, Lanes};

use super::{load, total};

const Y: F8 = Lanes([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0]);
const SIGMA: F8 = Lanes([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0]);

/// The log density and its gradient at one position: mean, log scale, eight effects.
pub struct Density<'a> {
    pub position: &'a [f64],
    pub gradient: &'a mut [f64],
}

impl Kernel for Density<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<I: Isa>(self) -> f64 {
        let (mu, log_tau, z) = (self.position[0], self.position[1], load(&self.position[2..10]));
        let tau = elementary::exp::<I>(log_tau);
        let theta = z.times_plus::<I>(F8::splat(tau), F8::splat(mu));
        let residual = Y.minus(theta).over(SIGMA);
        let slope = residual.over(SIGMA);
        let squares = residual.times_plus::<I>(residual, z.times_plus::<I>(z, F8::ZERO));
        let scaled = 0.2 * tau;
        let square = scaled * scaled;
        let value = log_tau - elementary::log1p::<I>(square) - mu * mu / 50.0 - 0.5 * total(squares);
        self.gradient[0] = total(slope) - mu / 25.0;
        let product = slope.times_plus::<I>(z, F8::ZERO);
        self.gradient[1] = tau * total(product) + 1.0 - 2.0 * square / (1.0 + square);
        let effects = slope.times_plus::<I>(F8::splat(tau), F8::ZERO).minus(z);
        self.gradient[2..10].copy_from_slice(&effects.0);
        value
    }
}
