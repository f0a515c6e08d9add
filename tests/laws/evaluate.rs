//! Rows as plain numeric functions: graphs are built, run by the interpreter, and read back.

use vic::graph::{Axis, Builder, Node, Vector, autodiff::gradient, interpret::interpret};
use vic::library::{Family, Law, LogDensity, Over, Parameter, Rank, Reference};

/// Axes of one evaluation: many points at once, and the joint axis with its twin.
pub struct Axes {
    pub point: Axis,
    pub over: Over,
}

/// Axes for vectors of length `n`, over so many points.
pub fn axes(b: &mut Builder, points: usize, n: usize) -> Axes {
    let point = b.axis("point", points);
    let (item, twin) = (b.axis("item", n), b.axis("twin", n));
    Axes { point, over: Over { axes: vec![item], twins: vec![twin] } }
}

/// How many numbers a rank takes.
pub fn length(rank: Rank, n: usize) -> usize {
    match rank {
        Rank::Scalar | Rank::Positions => 1,
        Rank::Vector => n,
        Rank::Matrix => n * n,
    }
}

/// The joint axes of a rank.
pub fn rank_axes(rank: Rank, over: &Over) -> Vec<Axis> {
    match rank {
        Rank::Scalar | Rank::Positions => vec![],
        Rank::Vector => over.axes.clone(),
        Rank::Matrix => [over.axes.clone(), over.twins.clone()].concat(),
    }
}

/// Length of the vectors of a family's reference.
pub fn joint_size(family: &Family, reference: &Reference) -> usize {
    match family.rank {
        Rank::Vector => reference.value.len(),
        Rank::Matrix => (reference.value.len() as f64).sqrt() as usize,
        Rank::Scalar | Rank::Positions => {
            let total = |n: usize| -> usize {
                family.forms[0].parameters.iter().map(|parameter| length(parameter.rank, n)).sum()
            };
            (1..50).find(|&n| total(n) == reference.arguments.len()).expect("arguments fill the parameters")
        }
    }
}

/// Arguments of each parameter, cut from a flat list.
pub fn cut<'a>(parameters: &[Parameter], flat: &'a [f64], n: usize) -> Vec<&'a [f64]> {
    let mut rest = flat;
    parameters
        .iter()
        .map(|parameter| {
            let (own, after) = rest.split_at(length(parameter.rank, n));
            rest = after;
            own
        })
        .collect()
}

/// Arguments as constants.
pub fn constants(b: &mut Builder, parameters: &[Parameter], flat: &[f64], axes: &Axes) -> Vec<Node> {
    let n = b.graph().axis_size(axes.over.axes[0]);
    cut(parameters, flat, n)
        .into_iter()
        .zip(parameters)
        .map(|(own, parameter)| b.data(&rank_axes(parameter.rank, &axes.over), own))
        .collect()
}

/// Log densities at many values.
pub fn log_densities(family: &Family, arguments: &[f64], values: &[Vec<f64>], n: usize) -> Vec<f64> {
    let mut b = Builder::new();
    let axes = axes(&mut b, values.len(), n);
    let given = constants(&mut b, family.forms[0].parameters, arguments, &axes);
    let value_axes = [vec![axes.point], rank_axes(family.rank, &axes.over)].concat();
    let value = b.parameter(Vector::Position, 0, &value_axes);
    let density = (family.log_density)(&mut b, &given, value, &axes.over);
    let density = b.expand(density, &[axes.point]);
    interpret(&b.finish(), &values.concat(), &[], &[density]).remove(0)
}

/// A log density at one value and its derivatives by arguments, then value: `(density, derivatives)`.
pub fn with_gradient(
    density: LogDensity,
    parameters: &[Parameter],
    rank: Rank,
    position: &[f64],
    n: usize,
) -> (f64, Vec<f64>) {
    let mut b = Builder::new();
    let axes = axes(&mut b, 1, n);
    let mut offset = 0;
    let mut leaves: Vec<Node> = Vec::new();
    for rank in parameters.iter().map(|parameter| parameter.rank).chain([rank]) {
        leaves.push(b.parameter(Vector::Position, offset, &rank_axes(rank, &axes.over)));
        offset += length(rank, n);
    }
    let (value, given) = leaves.split_last().expect("there is a value");
    let output = density(&mut b, given, *value, &axes.over);
    let mut roots = vec![output];
    roots.extend(gradient(&mut b, output, &leaves));
    let found = interpret(&b.finish(), position, &[], &roots);
    (found[0][0], found[1..].concat())
}

/// Central difference of a function in one coordinate, by Richardson's extrapolation. Steps are small against the
/// distances to 0 and 1, where functions end.
pub fn difference(f: impl Fn(&[f64]) -> f64, at: &[f64], k: usize) -> f64 {
    let step = 1e-3 * at[k].abs().max(1e-2).min((at[k] - 1.0).abs().max(1e-3));
    let slope = |h: f64| {
        let moved = |h: f64| {
            let mut point = at.to_vec();
            point[k] += h;
            f(&point)
        };
        (moved(h) - moved(-h)) / (2.0 * h)
    };
    (64.0 * slope(step / 4.0) - 20.0 * slope(step / 2.0) + slope(step)) / 45.0
}

/// Whether a law applies to a row.
pub fn applies(exempt: &[(Law, &str)], law: Law) -> bool {
    exempt.iter().all(|&(exempted, _)| exempted != law)
}

/// |a - b| relative to the larger of b and 1.
pub fn close(a: f64, b: f64, tolerance: f64) -> bool {
    a == b || (a - b).abs() <= tolerance * b.abs().max(1.0)
}
