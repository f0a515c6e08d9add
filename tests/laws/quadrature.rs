//! Expectations under a row's density: sums over discrete values, double-exponential and sinh rules through the
//! transform of its support.

use vic::graph::{Builder, Vector, interpret::interpret};
use vic::library::{Domain, End, Family, Place, Rank, Reference, ValueKind, domain};

use crate::evaluate::{axes, joint_size, log_densities, rank_axes};

/// Values with their probabilities.
pub struct Measured {
    pub values: Vec<Vec<f64>>,
    pub weights: Vec<f64>,
}

impl Measured {
    /// Expectation of a function of the value.
    pub fn mean(&self, f: impl Fn(&[f64]) -> f64) -> f64 {
        let terms = self.values.iter().zip(&self.weights).filter(|(_, weight)| **weight > 0.0);
        terms.map(|(value, weight)| f(value) * weight).sum()
    }
}

/// Number of unconstrained dimensions of a continuous reference.
pub fn dimensions(family: &Family, reference: &Reference) -> usize {
    let transform = support(family).transform.expect("continuous supports have a transform");
    match family.rank {
        Rank::Scalar | Rank::Positions => 1,
        Rank::Vector if support(family).rank == Rank::Scalar => joint_size(family, reference),
        Rank::Vector | Rank::Matrix => (transform.free_size)(&[joint_size(family, reference)]),
    }
}

/// The support's row.
pub fn support(family: &Family) -> &'static Domain {
    domain(family.support.domain).expect("supports are domains")
}

/// All of a family's mass at a reference's arguments.
pub fn measure(family: &Family, reference: &Reference) -> Measured {
    match (family.kind, family.rank) {
        (ValueKind::Continuous, _) => continuous(family, reference),
        (ValueKind::Count, Rank::Vector) => of_values(
            family,
            reference,
            compositions(reference.arguments[0] as usize, joint_size(family, reference)),
        ),
        (kind, _) => {
            let last = match (kind, family.support.ends[1]) {
                (ValueKind::Bool, _) => 1,
                (ValueKind::Index, _) => joint_size(family, reference) - 1,
                (_, End::Argument(k)) => reference.arguments[k] as usize,
                _ => 8000,
            };
            of_values(family, reference, (0..=last).map(|k| vec![k as f64]).collect())
        }
    }
}

fn of_values(family: &Family, reference: &Reference, values: Vec<Vec<f64>>) -> Measured {
    let n = joint_size(family, reference);
    let logs = log_densities(family, reference.arguments, &values, n);
    Measured { values, weights: logs.into_iter().map(f64::exp).collect() }
}

/// All ways to write n as a sum of `parts` counts.
fn compositions(n: usize, parts: usize) -> Vec<Vec<f64>> {
    if parts == 1 {
        return vec![vec![n as f64]];
    }
    let with_first = |first: usize| {
        compositions(n - first, parts - 1).into_iter().map(move |rest| [vec![first as f64], rest].concat())
    };
    (0..=n).flat_map(with_first).collect()
}

fn continuous(family: &Family, reference: &Reference) -> Measured {
    let d = dimensions(family, reference);
    let (mut nodes, mut weights) = grid(d);
    if let Some((location, scale)) = family.location_scale {
        // Densities with a corner have it at their location, which then is a node.
        let [location, scale] = [location, scale].map(|k| reference.arguments[k]);
        nodes.iter_mut().for_each(|node| node[0] = location + scale * node[0]);
        weights.iter_mut().for_each(|weight| *weight *= scale);
    }
    let (values, volumes) = image(family, reference, &nodes);
    let logs = log_densities(family, reference.arguments, &values, joint_size(family, reference));
    let weights = weights.iter().zip(logs.iter().zip(volumes)).map(|(weight, (log, volume))| {
        let mass = weight * (log + volume).exp();
        if mass.is_finite() { mass } else { 0.0 }
    });
    Measured { weights: weights.collect(), values }
}

/// Nodes and weights over the unconstrained space.
fn grid(d: usize) -> (Vec<Vec<f64>>, Vec<f64>) {
    let line: Vec<(f64, f64)> = match d {
        1 => {
            let step: f64 = 7.6 / 6000.0;
            let half_pi = std::f64::consts::FRAC_PI_2;
            let node = |k: usize| -3.8 + k as f64 * step;
            let at = |v: f64| (half_pi * v.sinh()).sinh();
            let slope = |v: f64| (half_pi * v.sinh()).cosh() * half_pi * v.cosh();
            let simpson = |k: usize| [2.0, 4.0][k % 2] / 3.0;
            (0..=6000).map(|k| (at(node(k)), simpson(k) * step * slope(node(k)))).collect()
        }
        _ => {
            let (points, reach): (usize, f64) = if d == 2 { (401, 8.0) } else { (75, 4.6) };
            let step = 2.0 * reach / (points - 1) as f64;
            let node = |k: usize| -reach + k as f64 * step;
            (0..points).map(|k| (node(k).sinh(), step * node(k).cosh())).collect()
        }
    };
    (0..d).fold((vec![vec![]], vec![1.0]), |(nodes, weights), _| {
        let mut product = (Vec::new(), Vec::new());
        for (node, weight) in nodes.iter().zip(&weights) {
            for (u, w) in &line {
                product.0.push([node.clone(), vec![*u]].concat());
                product.1.push(weight * w);
            }
        }
        product
    })
}

/// Constrained values and log volumes of unconstrained points.
fn image(family: &Family, reference: &Reference, nodes: &[Vec<f64>]) -> (Vec<Vec<f64>>, Vec<f64>) {
    let mut b = Builder::new();
    let n = joint_size(family, reference);
    let axes = axes(&mut b, nodes.len(), n);
    let d = nodes[0].len();
    let free = b.axis("free", d);
    let row = support(family);
    let transform = row.transform.expect("continuous supports have a transform");
    let ends = family.support.ends.map(|end| match end {
        End::None => None,
        End::At(number) => Some(b.constant(number)),
        End::Argument(k) => Some(b.constant(reference.arguments[k])),
    });
    let rank = family.rank;
    let element_wise = row.rank == Rank::Scalar;
    let free_axes = match (element_wise, rank) {
        (true, rank) => [vec![axes.point], rank_axes(rank, &axes.over)].concat(),
        (false, _) => vec![axes.point, free],
    };
    let u = b.parameter(Vector::Position, 0, &free_axes);
    let place = Place { ends, over: axes.over.clone(), free: (!element_wise).then_some(free) };
    let image = (transform.forward)(&mut b, u, &place);
    let all = [vec![axes.point], rank_axes(rank, &axes.over)].concat();
    let value = b.expand(image.value, &all);
    let mut volume = b.expand(image.log_abs_det, &[axes.point]);
    if element_wise && rank == Rank::Vector {
        volume = b.sum(volume, &axes.over.axes);
    }
    let mut found = interpret(&b.finish(), &nodes.concat(), &[], &[value, volume]);
    let volumes = found.remove(1);
    let values = found.remove(0);
    let width = values.len() / nodes.len();
    (values.chunks(width).map(<[f64]>::to_vec).collect(), volumes)
}
