//! Domains: membership, round trips, determinants.

use nalgebra::DMatrix;
use vic::graph::{Builder, Vector, interpret::interpret};
use vic::library::{DOMAINS, Domain, Law, Measure, Membership, Place, Rank};

use crate::evaluate::{applies, axes, close, difference, rank_axes};

type Probe = (&'static [f64], [f64; 2], usize);

#[test]
fn probes_are_inside_and_outside() {
    for domain in DOMAINS {
        assert!(!domain.inside.is_empty() && !domain.outside.is_empty(), "{}: probes", domain.name);
        for (value, ends, n) in domain.inside {
            assert_eq!((domain.contains)(value, *ends, *n), Membership::Inside, "{} {value:?}", domain.name);
            let each_inside = value.iter().all(|&x| domain.interval.contains(x));
            assert!(each_inside, "{}: {value:?} in {:?}", domain.name, domain.interval);
        }
        for (value, ends, n) in domain.outside {
            assert_ne!((domain.contains)(value, *ends, *n), Membership::Inside, "{} {value:?}", domain.name);
        }
    }
}

/// The constrained value and the log determinant at an unconstrained point.
fn forward(domain: &Domain, free: &[f64], probe: &Probe) -> (Vec<f64>, f64) {
    let (value, ends, n) = probe;
    let transform = domain.transform.expect("chosen for having one");
    let mut b = Builder::new();
    let mut axes = axes(&mut b, 1, *n);
    let rows = value.len() / n;
    if domain.rank == Rank::Vector && rows > 1 {
        let first = b.axis("rows", rows);
        axes.over.axes.insert(0, first);
    }
    let free_axis = b.axis("free", free.len());
    let u = match domain.rank {
        Rank::Scalar | Rank::Positions => b.parameter(Vector::Position, 0, &[]),
        Rank::Vector | Rank::Matrix => b.parameter(Vector::Position, 0, &[free_axis]),
    };
    let ends = ends.map(|end| end.is_finite().then(|| b.constant(end)));
    let place = Place { ends, over: axes.over.clone(), free: Some(free_axis) };
    let image = (transform.forward)(&mut b, u, &place);
    let order = rank_axes(domain.rank, &axes.over);
    let value_node = b.expand(image.value, &order);
    let found = interpret(&b.finish(), free, &[], &[value_node, image.log_abs_det]);
    let constrained = if order.is_sorted() { found[0].clone() } else { transposed(&found[0], *n) };
    (constrained, found[1][0])
}

fn transposed(values: &[f64], columns: usize) -> Vec<f64> {
    let rows = values.len() / columns;
    (0..values.len()).map(|k| values[k % columns * rows + k / columns]).collect()
}

#[test]
fn transforms_round_trip() {
    for domain in DOMAINS.iter().filter(|domain| domain.transform.is_some()) {
        for probe in domain.inside {
            let (value, ends, n) = probe;
            let inverse = domain.transform.expect("filtered").inverse;
            let (back, _) = forward(domain, &inverse(value, *ends, *n), probe);
            for (x, y) in value.iter().zip(&back) {
                assert!(close(*y, *x, 1e-9), "{}: {value:?} came back as {back:?}", domain.name);
            }
        }
    }
}

#[test]
fn free_sizes_are_those_of_the_inverse() {
    for domain in DOMAINS.iter().filter(|domain| domain.transform.is_some()) {
        for (value, ends, n) in domain.inside {
            let transform = domain.transform.expect("filtered");
            let rows = value.len() / n;
            let sizes = if domain.rank == Rank::Vector && rows > 1 { vec![rows, *n] } else { vec![*n] };
            let free = (transform.inverse)(value, *ends, *n);
            assert_eq!((transform.free_size)(&sizes), free.len(), "{} {value:?}", domain.name);
        }
    }
}

#[test]
fn determinants_equal_numeric_ones() {
    for domain in DOMAINS.iter().filter(|domain| domain.transform.is_some()) {
        if !applies(domain.exempt, Law::RoundTrip) {
            continue;
        }
        for probe in domain.inside {
            let transform = domain.transform.expect("filtered");
            let free = (transform.inverse)(probe.0, probe.1, probe.2);
            let (_, found) = forward(domain, &free, probe);
            let kept = measured_in(transform.measure, probe.0.len(), probe.2);
            let jacobian = DMatrix::from_fn(kept.len(), free.len(), |i, j| {
                difference(|u| forward(domain, u, probe).0[kept[i]], &free, j)
            });
            let gram = jacobian.transpose() * &jacobian;
            let expected = if free.is_empty() { 0.0 } else { 0.5 * gram.determinant().ln() };
            assert!(close(found, expected, 1e-6), "{} {:?}: {found} {expected}", domain.name, probe.0);
        }
    }
}

fn measured_in(measure: Measure, length: usize, n: usize) -> Vec<usize> {
    let all = 0..length;
    match measure {
        Measure::All | Measure::Subspace | Measure::Sphere => all.collect(),
        Measure::AllButLast => (0..length - 1).collect(),
        Measure::BelowDiagonal => all.filter(|k| k % n < k / n).collect(),
        Measure::UpToDiagonal => all.filter(|k| k % n <= k / n).collect(),
    }
}
