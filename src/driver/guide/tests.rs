//! The pathwise gradient of every guide, against differences of integrals over its density.

use std::f64::consts::{PI, TAU};

use rand::RngExt;
use rand_distr::StandardNormal;

use super::*;
use crate::inference::draws::{Purpose, stream};
use crate::library::{Closure, GUIDES};
use crate::numeric::random::Generator;
use crate::numeric::special::sigmoid;

/// A function of a coordinate, with its slope.
type Function = (&'static str, fn(f64) -> f64, fn(f64) -> f64);

const OPEN: [Function; 4] = [
    ("5 + z", |z| 5.0 + z, |_| 1.0),
    ("z^2", |z| z * z, |z| 2.0 * z),
    ("sin", |z| (1.3 * z).sin(), |z| 1.3 * (1.3 * z).cos()),
    ("log1p", |z| z.abs().ln_1p(), |z| z.signum() / (1.0 + z.abs())),
];

/// Functions of the angle that are the same at both ends; the determinant of the transform is part of every density there.
const CLOSED: [Function; 3] = [
    ("cos", |z| angle(z).cos() + determinant(z), |z| -angle(z).sin() * turn(z) + determinant_slope(z)),
    (
        "sin 2",
        |z| (2.0 * angle(z)).sin() + determinant(z),
        |z| 2.0 * (2.0 * angle(z)).cos() * turn(z) + determinant_slope(z),
    ),
    (
        "exp cos",
        |z| angle(z).cos().exp() + determinant(z),
        |z| -angle(z).sin() * angle(z).cos().exp() * turn(z) + determinant_slope(z),
    ),
];

fn angle(z: f64) -> f64 {
    TAU * sigmoid(z) - PI
}

fn turn(z: f64) -> f64 {
    TAU * sigmoid(z) * sigmoid(-z)
}

fn determinant(z: f64) -> f64 {
    sigmoid(z).ln() + sigmoid(-z).ln()
}

fn determinant_slope(z: f64) -> f64 {
    sigmoid(-z) - sigmoid(z)
}

/// A grid over all coordinates, with the volume of a cell. Tails are light in these coordinates, or, for Student t, thin
/// beyond the ends.
fn grid(width: usize) -> (Vec<f64>, f64) {
    let (reach, step) = if width == 1 { (50.0, 0.025) } else { (15.0, 0.1) };
    let count = (2.0 * reach / step) as i64;
    let line = move || (0..count).map(move |k| -reach + (k as f64 + 0.5) * step);
    match width {
        1 => (line().collect(), step),
        _ => (line().flat_map(|a| line().flat_map(move |b| [a, b])).collect(), step * step),
    }
}

/// The sum of the coordinates, the second one weighed by 0.4: what functions are taken of.
fn along(row: &[f64]) -> f64 {
    row.iter().zip([1.0, 0.4]).map(|(z, weight)| z * weight).sum()
}

/// The bound E[f - log q] by integration.
fn bound(
    guide: &mut CompiledGuide,
    parameters: &[f64],
    (points, cell): (&[f64], f64),
    f: fn(f64) -> f64,
) -> f64 {
    let logs = guide.log_density(parameters, points);
    let rows = points.chunks_exact(guide.dimension).zip(&logs).filter(|(_, log)| **log > -200.0);
    rows.map(|(row, log)| log.exp() * (f(along(row)) - log)).sum::<f64>() * cell
}

/// Its derivative by one parameter, a difference of fourth order.
fn exact(
    guide: &mut CompiledGuide,
    (parameters, k): (&[f64], usize),
    points: (&[f64], f64),
    f: fn(f64) -> f64,
) -> f64 {
    let h = 0.01;
    let mut at = |steps: f64| {
        let mut moved = parameters.to_vec();
        moved[k] += steps * h;
        bound(guide, &moved, points, f)
    };
    (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * h)
}

/// Generic parameters, near those that fit a Gaussian.
fn generic(guide: &CompiledGuide, generator: &mut Generator) -> Vec<f64> {
    let d = guide.dimension;
    let mut normal = |scale: f64| -> Vec<f64> {
        (0..d).map(|_| scale * generator.sample::<f64, _>(StandardNormal)).collect()
    };
    let (mean, skewness) = (normal(0.6), normal(0.2));
    let deviation: Vec<f64> = normal(0.3).iter().map(|x| 0.8 * x.exp()).collect();
    guide.start(&mean, &deviation, &skewness)
}

/// Mean and standard error of the gradient by each parameter.
fn estimate(
    guide: &mut CompiledGuide,
    parameters: &[f64],
    slope: fn(f64) -> f64,
    generator: &mut Generator,
) -> Vec<(f64, f64)> {
    let count = 3000;
    let uniforms: Vec<f64> =
        (0..count * guide.uniforms()).map(|_| generator.random::<f64>().max(1e-12)).collect();
    let (positions, _) = guide.draw(parameters, &uniforms);
    let rows = positions.chunks_exact(guide.dimension);
    let gradients: Vec<f64> = rows
        .flat_map(|row| {
            let slope = slope(along(row));
            row.iter().zip([1.0, 0.4]).map(move |(_, weight)| weight * slope)
        })
        .collect();
    let slopes = guide.slopes(parameters, &uniforms, &gradients);
    let width = parameters.len();
    let each = (0..width).map(|k| {
        let column = || slopes.iter().skip(k).step_by(width);
        let mean = column().sum::<f64>() / count as f64;
        let squares = column().map(|x| (x - mean).powi(2)).sum::<f64>();
        (mean, (squares / (count * (count - 1)) as f64).sqrt())
    });
    each.collect()
}

#[test]
fn the_path_through_every_guide_is_unbiased() {
    const LIMIT: f64 = 4.5;
    for row in GUIDES {
        let widths: &[usize] = if is_joint(row) { &[1, 2] } else { &[1] };
        for &width in widths {
            let part = Part { guide: row, start: 0, length: width, width };
            let mut guide = CompiledGuide::new(&[part]);
            let (points, cell) = grid(width);
            let functions: &[Function] = if row.closure == Closure::Circle { &CLOSED } else { &OPEN };
            for point in 0..if width == 1 { 20 } else { 4 } {
                let mut generator = stream(point, Purpose::Probe, 91);
                let parameters = generic(&guide, &mut generator);
                let (name, f, slope) = functions[point as usize % functions.len()];
                let found = estimate(&mut guide, &parameters, slope, &mut generator);
                for (k, (mean, error)) in found.into_iter().enumerate() {
                    let wanted = exact(&mut guide, (&parameters, k), (&points, cell), f);
                    let deviates = (mean - wanted).abs() / error.max(1e-6 * (1.0 + wanted.abs()));
                    assert!(
                        deviates < LIMIT,
                        "{}, {name}, point {point}, parameter {k}: {mean} ± {error} for {wanted}",
                        row.name
                    );
                }
            }
        }
    }
}
