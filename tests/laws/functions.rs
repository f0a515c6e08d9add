//! Functions: outside values, derivatives, ranges, and what they do over axes against plain loops.

use nalgebra::DMatrix;
use vic::graph::{Builder, Node, Vector, autodiff::gradient, interpret::interpret};
use vic::library::{
    Action, Bound, FUNCTIONS, Function, Grain, Interval, Over, Smoothness, domain, function_of,
    is_free_of_shifts,
};

use crate::evaluate::{axes, close, difference, rank_axes};

fn element_wise() -> impl Iterator<Item = &'static Function> {
    FUNCTIONS.iter().copied().filter(|row| row.action == Action::ElementWise)
}

/// Value and derivatives of an element-wise function.
fn at(row: &Function, arguments: &[f64]) -> (f64, Vec<f64>) {
    let mut b = Builder::new();
    let leaves: Vec<Node> = (0..arguments.len()).map(|k| b.parameter(Vector::Position, k, &[])).collect();
    let output = (row.expand)(&mut b, &leaves, None, &Over::default());
    let mut roots = vec![output];
    roots.extend(gradient(&mut b, output, &leaves));
    let found = interpret(&b.finish(), arguments, &[], &roots);
    (found[0][0], found[1..].concat())
}

#[test]
fn functions_equal_outside_values() {
    for row in element_wise() {
        assert!(row.references.len() >= 3, "{}: outside values", row.name);
        for (arguments, expected) in row.references {
            let found = at(row, arguments).0;
            let good = found == *expected || (found - expected).abs() <= 1e-10 * expected.abs();
            assert!(good, "{}{arguments:?}: {found}, outside {expected}", row.name);
        }
    }
}

#[test]
fn derivatives_equal_differences() {
    for row in element_wise().filter(|row| row.smoothness != Smoothness::Jump) {
        for (arguments, _) in row.references {
            let (_, slopes) = at(row, arguments);
            for (k, slope) in slopes.iter().enumerate() {
                if arguments[k].abs() < 1e-6 || arguments[k].abs() > 300.0 {
                    continue;
                }
                let expected = difference(|x| at(row, x).0, arguments, k);
                assert!(close(*slope, expected, 1e-6), "{}{arguments:?} {k}: {slope} {expected}", row.name);
            }
        }
    }
}

/// Intervals inside of a domain.
fn intervals(within: Interval) -> Vec<Interval> {
    [
        Interval::REAL,
        Interval::POSITIVE,
        Interval::NONNEG,
        Interval::UNIT,
        Interval::COUNT,
        Interval::BOOL,
        Interval::open(0.2, 0.9),
        Interval::closed(-2.4, -0.3),
        Interval::new(-1.7, 3.2, Bound::Open, Bound::Closed, Grain::Real),
        Interval::point(0.7),
    ]
    .into_iter()
    .map(|interval| interval.intersect(within))
    .filter(|interval| !interval.is_empty())
    .collect()
}

fn points(interval: Interval) -> Vec<f64> {
    let (low, high) = (interval.low.max(-6.3), interval.high.min(7.1));
    let whole = |x: f64| if interval.grain == Grain::Integer { x.round() } else { x };
    (0..=10)
        .map(|k| whole(low + (high - low) * f64::from(k) / 10.0))
        .filter(|&x| interval.contains(x))
        .collect()
}

/// All choices of one element from each list.
fn product<T: Clone>(lists: &[Vec<T>]) -> Vec<Vec<T>> {
    lists.iter().fold(vec![vec![]], |choices, list| {
        choices
            .iter()
            .flat_map(|choice| list.iter().map(|x| [choice.clone(), vec![x.clone()]].concat()))
            .collect()
    })
}

#[test]
fn ranges_contain_images() {
    for row in element_wise() {
        let lists: Vec<Vec<Interval>> = row
            .parameters
            .iter()
            .map(|parameter| intervals(domain(parameter.domain).expect("a domain").interval))
            .collect();
        let lists =
            if lists.len() > 2 { lists.iter().map(|list| list[..3].to_vec()).collect() } else { lists };
        for choice in product(&lists) {
            let range = (row.range)(&choice);
            for arguments in product(&choice.iter().map(|&interval| points(interval)).collect::<Vec<_>>()) {
                let value = at(row, &arguments).0;
                let near = [value, value * (1.0 - 1e-12), value * (1.0 + 1e-12)];
                let inside = value.is_nan() || value.is_infinite() || near.iter().any(|&x| range.contains(x));
                assert!(inside, "{}{arguments:?} = {value} not in {range:?} of {choice:?}", row.name);
            }
        }
    }
}

const ROWS: usize = 3;
const COLUMNS: usize = 4;
const X: [f64; ROWS * COLUMNS] = [0.7, -1.3, 2.2, 0.4, 3.1, -0.2, 0.9, 1.7, -2.6, 0.3, 1.1, 0.8];
const MASK: [f64; ROWS * COLUMNS] = [1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0];

/// A reduction over columns for each row, with and without `where`; then over both axes.
fn reduced(name: &str, x: &[f64], filtered: Filtered) -> (Vec<f64>, f64) {
    let row = function_of(name, 1).expect("a function");
    let mut b = Builder::new();
    let (rows, columns) = (b.axis("row", ROWS), b.axis("column", COLUMNS));
    let values = b.data(&[rows, columns], x);
    let mask = (filtered == Filtered::Yes).then(|| b.data(&[rows, columns], MASK.to_vec()));
    let over = |axes: &[vic::graph::Axis]| Over { axes: axes.to_vec(), twins: vec![] };
    let each = (row.expand)(&mut b, &[values], mask, &over(&[columns]));
    let all = (row.expand)(&mut b, &[values], mask, &over(&[rows, columns]));
    let found = interpret(&b.finish(), &[], &[], &[each, all]);
    (found[0].clone(), found[1][0])
}

#[derive(Clone, Copy, PartialEq)]
enum Filtered {
    Yes,
    No,
}

fn reduction_equals(name: &str, x: &[f64], plain: fn(&[f64]) -> f64) {
    for filtered in [Filtered::No, Filtered::Yes] {
        let kept = |range: std::ops::Range<usize>| -> Vec<f64> {
            range.filter(|&k| filtered == Filtered::No || MASK[k] != 0.0).map(|k| x[k]).collect()
        };
        let (each, all) = reduced(name, x, filtered);
        for (r, found) in each.iter().enumerate() {
            let expected = plain(&kept(r * COLUMNS..(r + 1) * COLUMNS));
            assert!(close(*found, expected, 1e-12), "{name}, row {r}: {found} {expected}");
        }
        assert!(close(all, plain(&kept(0..x.len())), 1e-12), "{name}: {all}");
    }
}

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

fn variance(x: &[f64]) -> f64 {
    x.iter().map(|y| (y - mean(x)).powi(2)).sum::<f64>() / (x.len() as f64 - 1.0)
}

#[test]
fn reductions_equal_loops() {
    reduction_equals("sum", &X, |x| x.iter().sum());
    reduction_equals("mean", &X, mean);
    reduction_equals("var", &X, variance);
    reduction_equals("sd", &X, |x| variance(x).sqrt());
    reduction_equals("prod", &X, |x| x.iter().product());
    reduction_equals("min", &X, |x| x.iter().copied().fold(f64::INFINITY, f64::min));
    reduction_equals("max", &X, |x| x.iter().copied().fold(f64::NEG_INFINITY, f64::max));
    reduction_equals("first", &X, |x| x[0]);
    reduction_equals("last", &X, |x| x[x.len() - 1]);
    reduction_equals("log_sum_exp", &X, |x| x.iter().map(|x| x.exp()).sum::<f64>().ln());
    let positive: Vec<f64> = X.iter().map(|&x| f64::from(x > 0.35)).collect();
    reduction_equals("count", &positive, |x| x.iter().sum());
    reduction_equals("any", &positive, |x| f64::from(x.iter().any(|&x| x != 0.0)));
    reduction_equals("all", &positive, |x| f64::from(x.iter().all(|&x| x != 0.0)));
}

fn along(name: &str) -> Vec<f64> {
    along_of(name, &X)
}

fn along_of(name: &str, values: &[f64]) -> Vec<f64> {
    let row = function_of(name, 1).expect("a function");
    let mut b = Builder::new();
    let axis = b.axis("item", values.len());
    let x = b.data(&[axis], values.to_vec());
    let node = (row.expand)(&mut b, &[x], None, &Over { axes: vec![axis], twins: vec![] });
    interpret(&b.finish(), &[], &[], &[node]).remove(0)
}

#[test]
fn the_functions_said_to_be_free_of_shifts_are_and_no_others() {
    let shifted: Vec<f64> = X.iter().map(|x| x + 0.7).collect();
    for row in FUNCTIONS.iter().filter(|row| row.action == Action::Along) {
        let values = along(row.name).into_iter().zip(along_of(row.name, &shifted));
        let free = values.clone().all(|(one, other)| close(one, other, 1e-12));
        assert_eq!(free, is_free_of_shifts(row), "{}", row.name);
    }
}

#[test]
fn functions_along_an_axis_equal_loops() {
    let total: f64 = X.iter().map(|x| x.exp()).sum();
    let (mut sum, mut product) = (0.0, 1.0);
    for (k, x) in X.iter().enumerate() {
        (sum, product) = (sum + x, product * x);
        assert!(close(along("softmax")[k], x.exp() / total, 1e-12));
        assert!(close(along("log_softmax")[k], x - total.ln(), 1e-12));
        assert!(close(along("cumsum")[k], sum, 1e-12));
        assert!(close(along("cumprod")[k], product, 1e-12));
    }
}

const A: [f64; 9] = [2.0, 0.3, -0.2, 0.3, 1.1, 0.45, -0.2, 0.45, 0.8];
const V: [f64; 3] = [0.7, -1.3, 2.2];

/// A matrix function or kernel applied to arrays, row-major.
fn matrix(name: &str, arguments: &[&[f64]]) -> Vec<f64> {
    let row = function_of(name, arguments.len()).expect("a function");
    let mut b = Builder::new();
    let axes = axes(&mut b, 1, 3);
    let given: Vec<Node> = arguments
        .iter()
        .zip(row.parameters)
        .map(|(values, parameter)| b.data(&rank_axes(parameter.rank, &axes.over), values.to_vec()))
        .collect();
    let node = (row.expand)(&mut b, &given, None, &axes.over);
    interpret(&b.finish(), &[], &[], &[node]).remove(0)
}

fn flat(matrix: &DMatrix<f64>) -> Vec<f64> {
    matrix.transpose().as_slice().to_vec()
}

fn same(name: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{name}");
    for (x, y) in found.iter().zip(expected) {
        assert!(close(*x, *y, 1e-11), "{name}: {found:?} {expected:?}");
    }
}

#[test]
fn matrix_functions_equal_dense_algebra() {
    let a = DMatrix::from_row_slice(3, 3, &A);
    let skewed = [2.0, 0.9, -0.2, 0.3, 1.1, 0.45, -0.7, 0.1, 0.8];
    let general = DMatrix::from_row_slice(3, 3, &skewed);
    let inverse = general.clone().try_inverse().expect("regular");
    let v = DMatrix::from_row_slice(3, 1, &V);
    same("cholesky", &matrix("cholesky", &[&A]), &flat(&a.clone().cholesky().expect("positive").l()));
    same("inverse", &matrix("inverse", &[&skewed]), &flat(&inverse));
    same("logdet", &matrix("logdet", &[&skewed]), &[general.determinant().abs().ln()]);
    same("solve", &matrix("solve", &[&skewed, &V]), &flat(&(&inverse * &v)));
    same("transpose", &matrix("transpose", &[&skewed]), &flat(&general.transpose()));
    same("trace", &matrix("trace", &[&skewed]), &[general.trace()]);
    same("diagonal", &matrix("diagonal", &[&skewed]), &[2.0, 1.1, 0.8]);
    same("diag", &matrix("diag", &[&V]), &flat(&DMatrix::from_diagonal(&v.column(0).into_owned())));
    same("eye", &matrix("eye", &[]), &flat(&DMatrix::identity(3, 3)));
}

#[test]
fn kernels_equal_their_formulas() {
    let (sd, length, period) = (1.3, 0.8, 2.7);
    let pairs = |f: &dyn Fn(f64, f64) -> f64| -> Vec<f64> {
        V.iter().flat_map(|&x| V.iter().map(move |&y| (x, y))).map(|(x, y)| f(x, y)).collect()
    };
    let scaled = |x: f64, y: f64, order: f64| order.sqrt() * (x - y).abs() / length;
    let given: [&[f64]; 3] = [&V, &[sd], &[length]];
    same(
        "exp_quad",
        &matrix("exp_quad", &given),
        &pairs(&|x, y| sd * sd * (-(x - y).powi(2) / (2.0 * length * length)).exp()),
    );
    same(
        "matern32",
        &matrix("matern32", &given),
        &pairs(&|x, y| {
            let r = scaled(x, y, 3.0);
            sd * sd * (1.0 + r) * (-r).exp()
        }),
    );
    same(
        "matern52",
        &matrix("matern52", &given),
        &pairs(&|x, y| {
            let r = scaled(x, y, 5.0);
            sd * sd * (1.0 + r + r * r / 3.0) * (-r).exp()
        }),
    );
    let with_period: [&[f64]; 4] = [&V, &[sd], &[length], &[period]];
    same(
        "periodic",
        &matrix("periodic", &with_period),
        &pairs(&|x, y| {
            let sine = (std::f64::consts::PI * (x - y) / period).sin();
            sd * sd * (-2.0 * sine * sine / (length * length)).exp()
        }),
    );
    same("linear", &matrix("linear", &[&V, &[sd], &[0.4]]), &pairs(&|x, y| sd * sd * (x - 0.4) * (y - 0.4)));
    same("distance", &matrix("distance", &[&V]), &pairs(&|x, y| (x - y).abs()));
}

/// What a linear function makes of numbers: f(2 x - 3 y) is 2 f(x) - 3 f(y).
#[test]
fn functions_said_to_be_linear_are() {
    for row in FUNCTIONS.iter().filter(|row| row.smoothness == Smoothness::Linear) {
        let y: Vec<f64> = X.iter().map(|x| (3.0 * x).sin()).collect();
        let mixed: Vec<f64> = X.iter().zip(&y).map(|(x, y)| 2.0 * x - 3.0 * y).collect();
        let [of_x, of_y, of_both] = [&X[..], &y, &mixed].map(|values| over_nine(row, &values[..9]));
        assert!(of_both.iter().any(|value| *value != 0.0), "{}", row.name);
        for ((both, x), y) in of_both.iter().zip(&of_x).zip(&of_y) {
            assert!((both - 2.0 * x + 3.0 * y).abs() < 1e-12, "{}: {both} {x} {y}", row.name);
        }
    }
}

/// The function of nine numbers, three by three where it takes a matrix.
fn over_nine(row: &Function, values: &[f64]) -> Vec<f64> {
    let mut b = Builder::new();
    let matrix = matches!(row.action, Action::Matrix { .. });
    let (first, twin) = match matrix {
        true => (b.axis("item", 3), b.axis("twin", 3)),
        false => (b.axis("item", 9), b.axis("twin", 9)),
    };
    let own = if matrix { vec![first, twin] } else { vec![first] };
    let values = b.data(&own, values.to_vec());
    let output = (row.expand)(&mut b, &[values], None, &Over { axes: vec![first], twins: vec![twin] });
    interpret(&b.finish(), &[], &[], &[output]).concat()
}
