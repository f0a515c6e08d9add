//! The flow against its definition: inverses, determinants, gradients and what training makes of them.

use nalgebra::DVector;
use rand::RngExt;

use crate::numeric::random::Generator;

use super::super::draws::{Purpose, stream};
use super::*;

fn generator() -> Generator {
    stream(5, Purpose::Flow, 0)
}

/// A flow in generic position: its frame is correlated, its layers are far from the identity.
fn bent(dimension: usize) -> Flow {
    let mut generator = generator();
    let factor = DMatrix::from_fn(dimension, dimension, |i, j| {
        if i == j { 0.9 } else { 0.3 * (generator.random::<f64>() - 0.5) }
    });
    let mean = DVector::from_fn(dimension, |i, _| 0.4 - 0.3 * i as f64);
    let frame = Gaussian::from_covariance(mean, &(&factor * factor.transpose()));
    let mut flow = Flow::around(&frame, (4, 6), &mut generator);
    let parameters: Vec<f64> =
        flow.parameters().iter().map(|x| x + 0.5 * (generator.random::<f64>() - 0.5)).collect();
    flow.set_parameters(&parameters);
    flow
}

fn normals(dimension: usize, count: usize) -> Vec<f64> {
    let mut generator = stream(6, Purpose::Flow, 0);
    (0..count * dimension).map(|_| 2.6 * (generator.random::<f64>() - 0.5)).collect()
}

#[test]
fn the_way_back_ends_where_it_began_and_both_densities_agree() {
    for dimension in [2, 3, 5] {
        let flow = bent(dimension);
        let normals = normals(dimension, 7);
        let way = flow.way(&normals);
        let positions = flow.positions(&way);
        let mut columns = DMatrix::from_column_slice(dimension, 7, &positions);
        columns.column_iter_mut().for_each(|mut column| column -= &flow.frame.mean);
        let mut columns = flow.frame.inverse() * columns;
        let mut volumes = vec![0.0; 7];
        flow.layers.iter().rev().for_each(|layer| layer.backward(&mut columns, &mut volumes));
        for (back, normal) in columns.iter().zip(&normals) {
            assert!((back - normal).abs() < 1e-9, "{dimension}: {back} {normal}");
        }
        for (back, there) in volumes.iter().zip(&way.volumes) {
            assert!((back - there).abs() < 1e-9);
        }
        let distances = normals.chunks(dimension).map(|row| row.iter().map(|x| x * x).sum::<f64>());
        let expected = distances.zip(&way.volumes).map(|(distance, volume)| {
            Guard::log_density(distance, dimension as f64) - volume - flow.frame.log_determinant
        });
        for (found, expected) in flow.log_density(&positions).iter().zip(expected) {
            assert!((found - expected).abs() < 1e-9);
        }
    }
}

#[test]
fn the_density_integrates_to_one() {
    let flow = bent(2);
    let step = 0.05;
    let grid: Vec<f64> = (-400..400)
        .flat_map(|i| (-400..400).flat_map(move |j| [f64::from(i) * step, f64::from(j) * step]))
        .collect();
    let total: f64 = flow.log_density(&grid).iter().map(|l| l.exp()).sum::<f64>() * step * step;
    assert!((total - 1.0).abs() < 5e-3, "{total}");
}

/// A functional of positions and volumes with slopes that are not alike anywhere.
fn functional(flow: &Flow, normals: &[f64]) -> f64 {
    let way = flow.way(normals);
    let ends = way.ends.iter().enumerate().map(|(i, x)| (x * (1.0 + 0.3 * i as f64)).sin()).sum::<f64>();
    ends + way.volumes.iter().enumerate().map(|(i, v)| v * (0.7 - 0.2 * i as f64)).sum::<f64>()
}

#[test]
fn gradients_are_those_of_finite_differences() {
    let flow = bent(3);
    let normals = normals(3, 4);
    let way = flow.way(&normals);
    let slopes = DMatrix::from_iterator(
        3,
        4,
        way.ends.iter().enumerate().map(|(i, x)| {
            let rate = 1.0 + 0.3 * i as f64;
            rate * (x * rate).cos()
        }),
    );
    let volumes: Vec<f64> = (0..4).map(|i| 0.7 - 0.2 * f64::from(i)).collect();
    let gradient = flow.gradient(&way, slopes, &volumes);
    let parameters = flow.parameters();
    assert_eq!(gradient.len(), parameters.len());
    let step = 1e-5;
    for k in 0..parameters.len() {
        let moved = |by: f64| {
            let mut other = flow.clone();
            let mut parameters = parameters.clone();
            parameters[k] += by;
            other.set_parameters(&parameters);
            functional(&other, &normals)
        };
        let difference = (moved(step) - moved(-step)) / (2.0 * step);
        assert!((gradient[k] - difference).abs() < 1e-6, "{k}: {} {difference}", gradient[k]);
    }
}

#[test]
fn slopes_of_the_density_are_those_of_finite_differences() {
    let flow = bent(3);
    let normals = normals(3, 3);
    let way = flow.way(&normals);
    let slopes = flow.density_slopes(&normals, &way);
    // Log density without the guard, in the frame's coordinates.
    let density = |ends: &DMatrix<f64>| -> Vec<f64> {
        let mut columns = ends.clone();
        let mut volumes = vec![0.0; ends.ncols()];
        flow.layers.iter().rev().for_each(|layer| layer.backward(&mut columns, &mut volumes));
        columns.column_iter().zip(volumes).map(|(column, v)| -0.5 * column.norm_squared() - v).collect()
    };
    let step = 1e-5;
    for i in 0..3 {
        let moved = |by: f64| {
            let mut ends = way.ends.clone();
            ends.row_mut(i).add_scalar_mut(by);
            density(&ends)
        };
        for (sample, (up, down)) in moved(step).iter().zip(moved(-step)).enumerate() {
            let difference = (up - down) / (2.0 * step);
            assert!((slopes[(i, sample)] - difference).abs() < 1e-6, "{i} {sample}");
        }
    }
}

#[test]
fn a_new_flow_is_its_gaussian() {
    let frame = Gaussian::from_covariance(
        DVector::from_vec(vec![1.0, -2.0]),
        &DMatrix::from_row_slice(2, 2, &[2.0, 0.7, 0.7, 0.5]),
    );
    let flow = Flow::around(&frame, (6, 8), &mut generator());
    let normals = normals(2, 6);
    for (there, here) in flow.positions(&flow.way(&normals)).iter().zip(frame.positions(&normals)) {
        assert!((there - here).abs() < 0.05, "{there} {here}");
    }
}
