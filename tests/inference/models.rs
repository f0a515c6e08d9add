//! Log densities on unconstrained coordinates, Jacobians included.

use crate::dual::{Dual, c, sum};

pub const SCHOOLS_Y: [f64; 8] = [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0];
pub const SCHOOLS_S: [f64; 8] = [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0];

pub fn normal(x: Dual, mean: Dual, deviation: Dual) -> Dual {
    -((x - mean) / deviation).sq() * 0.5 - deviation.ln() - 0.9189385332046727
}

pub fn half_cauchy(x: Dual, scale: f64) -> Dual {
    -((x * (1.0 / scale)).sq() + 1.0).ln() + (2.0 / (std::f64::consts::PI * scale)).ln()
}

/// theta[8], mu, log tau.
pub fn schools_centred(z: &[Dual]) -> Dual {
    let tau = z[9].exp();
    let rows = sum((0..8).map(|j| normal(c(SCHOOLS_Y[j]), z[j], c(SCHOOLS_S[j])) + normal(z[j], z[8], tau)));
    rows + normal(z[8], c(0.0), c(5.0)) + half_cauchy(tau, 5.0) + z[9]
}

/// theta_trans[8], mu, log tau.
pub fn schools_noncentred(z: &[Dual]) -> Dual {
    let tau = z[9].exp();
    let rows = sum((0..8)
        .map(|j| normal(c(SCHOOLS_Y[j]), z[8] + tau * z[j], c(SCHOOLS_S[j])) + normal(z[j], c(0.0), c(1.0))));
    rows + normal(z[8], c(0.0), c(5.0)) + half_cauchy(tau, 5.0) + z[9]
}

/// Two coordinates: v ~ N(0, 3), the others N(0, exp(v / 2)).
pub fn funnel(z: &[Dual]) -> Dual {
    let deviation = (z[0] * 0.5).exp();
    normal(z[0], c(0.0), c(3.0)) + sum(z[1..].iter().map(|x| normal(*x, c(0.0), deviation)))
}

pub fn banana(z: &[Dual]) -> Dual {
    normal(z[0], c(0.0), c(1.0)) + normal(z[1], z[0].sq(), c(0.5))
}

pub fn student(nu: f64, z: &[Dual]) -> Dual {
    sum(z.iter().map(|x| -(x.sq() * (1.0 / nu) + 1.0).ln() * (0.5 * (nu + 1.0))))
}

pub fn log_sum(a: Dual, b: Dual) -> Dual {
    a + (b - a).ln_1p_exp()
}

/// Equal normals at -gap and gap in the first coordinate.
pub fn two_modes(gap: f64, z: &[Dual]) -> Dual {
    let rest = sum(z[1..].iter().map(|x| normal(*x, c(0.0), c(1.0))));
    rest + log_sum(normal(z[0], c(-gap), c(1.0)), normal(z[0], c(gap), c(1.0)))
}

/// Logistic regression with flat priors: z0 + z1 x.
pub fn logistic(x: &[f64], y: &[f64], z: &[Dual]) -> Dual {
    sum(x.iter().zip(y).map(|(x, y)| {
        let eta = z[0] + z[1] * *x;
        eta * *y - eta.ln_1p_exp()
    }))
}

/// Straight line with noise: alpha, beta, log sigma; flat priors.
pub fn line(x: &[f64], y: &[f64], z: &[Dual]) -> Dual {
    let sigma = z[2].exp();
    sum(x.iter().zip(y).map(|(x, y)| normal(c(*y), z[0] + z[1] * *x, sigma))) + z[2]
}
