//! Logistic regression: a block of rows is read once, forward and, while it is near, transposed.

use vic::numeric::dispatch::{Isa, Kernel};
use vic::numeric::kernels::elementary;
use vic::numeric::lanes::{F8, LANES};

use super::{load, total};

/// Rows of a block.
const BLOCK: usize = 64;
/// Vectors of rows that are summed together.
const TOGETHER: usize = 4;

/// Data packed in blocks of rows, each column-major.
pub struct Data {
    pub rows: usize,
    pub columns: usize,
    packed: Vec<f64>,
    y: Vec<f64>,
}

impl Data {
    /// Packs a row-major matrix.
    pub fn new(x: &[f64], y: &[f64], columns: usize) -> Self {
        let rows = y.len();
        let mut packed = vec![0.0; rows.div_ceil(BLOCK) * BLOCK * columns];
        for row in 0..rows {
            for column in 0..columns {
                packed[row / BLOCK * BLOCK * columns + column * BLOCK + row % BLOCK] =
                    x[row * columns + column];
            }
        }
        let mut y = y.to_vec();
        y.resize(rows.div_ceil(BLOCK) * BLOCK, 0.0);
        Self { rows, columns, packed, y }
    }
}

/// The log density and its gradient: intercept, slopes.
pub struct Density<'a> {
    pub data: &'a Data,
    pub position: &'a [f64],
    pub gradient: &'a mut [f64],
}

impl Kernel for Density<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<I: Isa>(self) -> f64 {
        let (alpha, beta) = (self.position[0], &self.position[1..=self.data.columns]);
        let mut slopes = vec![F8::ZERO; self.data.columns];
        let (mut value, mut intercept) = (F8::ZERO, F8::ZERO);
        for (block, tile) in self.data.packed.chunks_exact(BLOCK * self.data.columns).enumerate() {
            let first = block * BLOCK;
            let mut eta = [F8::ZERO; BLOCK / LANES];
            forward::<I>(tile, alpha, beta, &mut eta);
            let mut residual = [F8::ZERO; BLOCK / LANES];
            for (k, (eta, residual)) in eta.iter().zip(&mut residual).enumerate() {
                let y = load(&self.data.y[first + k * LANES..]);
                for lane in 0..LANES {
                    let (softplus, sigmoid) = elementary::softplus_and_sigmoid::<I>(eta.0[lane]);
                    let inside = first + k * LANES + lane < self.data.rows;
                    residual.0[lane] = if inside { y.0[lane] - sigmoid } else { 0.0 };
                    value.0[lane] += if inside { y.0[lane] * eta.0[lane] - softplus } else { 0.0 };
                }
                intercept = intercept.plus(*residual);
            }
            transposed::<I>(tile, &residual, &mut slopes);
        }
        let squares: f64 = beta.iter().map(|b| b * b).sum();
        self.gradient[0] = total(intercept) - alpha / 6.25;
        for ((out, slope), beta) in self.gradient[1..].iter_mut().zip(&slopes).zip(beta) {
            *out = total(*slope) - beta;
        }
        total(value) - 0.5 * squares - alpha * alpha / 12.5
    }
}

#[inline(always)]
fn forward<I: Isa>(tile: &[f64], alpha: f64, beta: &[f64], eta: &mut [F8; BLOCK / LANES]) {
    for (k, eta) in eta.chunks_exact_mut(TOGETHER).enumerate() {
        let mut sums = [F8::splat(alpha); TOGETHER];
        for (column, &beta) in tile.chunks_exact(BLOCK).zip(beta) {
            let column = &column[k * TOGETHER * LANES..][..TOGETHER * LANES];
            for v in 0..TOGETHER {
                sums[v] = load(&column[v * LANES..]).times_plus::<I>(F8::splat(beta), sums[v]);
            }
        }
        eta.copy_from_slice(&sums);
    }
}

#[inline(always)]
fn transposed<I: Isa>(tile: &[f64], residual: &[F8; BLOCK / LANES], slopes: &mut [F8]) {
    for (column, slope) in tile.chunks_exact(BLOCK).zip(slopes) {
        let (mut even, mut odd) = (*slope, F8::ZERO);
        for (pair, r) in column.chunks_exact(2 * LANES).zip(residual.chunks_exact(2)) {
            even = load(pair).times_plus::<I>(r[0], even);
            odd = load(&pair[LANES..]).times_plus::<I>(r[1], odd);
        }
        *slope = even.plus(odd);
    }
}
