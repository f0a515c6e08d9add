//! Draws follow the density.

use vic::library::{Draw, FAMILIES, Family, Law, Membership, Rank, Reference, ValueKind};
use vic::numeric::random::Generator;

use crate::densities::references_in_reach;
use crate::evaluate::{applies, cut, joint_size};
use crate::quadrature::{Measured, measure, support};

const DRAWS: usize = 20_000;

fn draw_many(family: &Family, reference: &Reference) -> Vec<Vec<f64>> {
    let mut rng = Generator::new(20_240_917, 0);
    let n = joint_size(family, reference);
    (0..DRAWS)
        .map(|_| match family.draw {
            Draw::Scalar(draw) => vec![draw(&mut rng, reference.arguments)],
            Draw::Joint(draw) => {
                let each = cut(family.forms[0].parameters, reference.arguments, n);
                let each: Vec<Vec<f64>> = each.into_iter().map(<[f64]>::to_vec).collect();
                draw(&mut rng, &each, n)
            }
            Draw::Impossible => unreachable!("exempt from this law"),
        })
        .collect()
}

#[test]
fn draws_follow_the_density() {
    for family in FAMILIES.iter().filter(|family| applies(family.exempt, Law::Draws)) {
        if family.exempt.iter().any(|(law, _)| *law == Law::Normalised) {
            graded(family);
            continue;
        }
        for reference in references_in_reach(family) {
            let draws = draw_many(family, reference);
            inside(family, reference, &draws[..200]);
            let measured = measure(family, reference);
            match (family.kind, family.rank) {
                (ValueKind::Continuous, Rank::Scalar) => in_bins(family, &measured, &draws),
                (ValueKind::Continuous, _) => same_expectations(family, &measured, &draws),
                _ => same_frequencies(family, &measured, &draws),
            }
        }
    }
}

/// Families whose values are one more than their vectors are long: all values are asked for directly.
fn graded(family: &Family) {
    let reference = &family.references[0];
    let n = joint_size(family, reference);
    let values: Vec<Vec<f64>> = (0..=n).map(|k| vec![k as f64]).collect();
    let logs = crate::evaluate::log_densities(family, reference.arguments, &values, n);
    let measured = Measured { values, weights: logs.into_iter().map(f64::exp).collect() };
    let mass = measured.mean(|_| 1.0);
    assert!((mass - 1.0).abs() < 1e-12, "{}: mass {mass}", family.name);
    same_frequencies(family, &measured, &draw_many(family, reference));
}

fn inside(family: &Family, reference: &Reference, draws: &[Vec<f64>]) {
    let ends = family.support.ends;
    let at = |side: usize, otherwise: f64| match ends[side] {
        vic::library::End::None => otherwise,
        vic::library::End::At(x) => x,
        vic::library::End::Argument(k) => reference.arguments[k],
    };
    let ends = [at(0, f64::NEG_INFINITY), at(1, f64::INFINITY)];
    for draw in draws {
        let membership = (support(family).contains)(draw, ends, joint_size(family, reference));
        assert_eq!(membership, Membership::Inside, "{} {draw:?}", family.name);
    }
}

/// Chi-square over bins of equal probability: 40 of them, so mean 39 and standard deviation 9.
fn in_bins(family: &Family, measured: &Measured, draws: &[Vec<f64>]) {
    const BINS: usize = 40;
    let mut edges = Vec::new();
    let mut shares = Vec::new();
    let (mut sum, mut last) = (0.0, 0.0);
    for (value, weight) in measured.values.iter().zip(&measured.weights) {
        sum += weight;
        if sum >= (edges.len() + 1) as f64 / BINS as f64 && edges.len() + 1 < BINS {
            // The node's own mass lies half on either side of it.
            let here = sum - 0.5 * weight;
            edges.push(value[0]);
            shares.push(here - last);
            last = here;
        }
    }
    shares.push(1.0 - last);
    let mut counts = vec![0.0; shares.len()];
    for draw in draws {
        counts[edges.partition_point(|&edge| edge < draw[0])] += 1.0;
    }
    let statistic = chi_square(&counts, &shares);
    assert!(statistic < 39.0 + 5.0 * 9.0, "{}: chi-square {statistic} in {BINS} bins", family.name);
}

fn chi_square(counts: &[f64], shares: &[f64]) -> f64 {
    let expected = shares.iter().map(|share| share * DRAWS as f64);
    counts.iter().zip(expected).map(|(count, expected)| (count - expected).powi(2) / expected).sum()
}

/// Chi-square over values, rare ones together.
fn same_frequencies(family: &Family, measured: &Measured, draws: &[Vec<f64>]) {
    let (mut counts, mut shares) = (vec![0.0], vec![0.0]);
    let mut rare = std::collections::HashSet::new();
    for (value, weight) in measured.values.iter().zip(&measured.weights) {
        if weight * (DRAWS as f64) < 10.0 {
            rare.insert(value.iter().map(|x| *x as i64).collect::<Vec<_>>());
            shares[0] += weight;
            continue;
        }
        shares.push(*weight);
        counts.push(draws.iter().filter(|draw| *draw == value).count() as f64);
    }
    counts[0] = draws.len() as f64 - counts.iter().sum::<f64>();
    if shares[0] * (DRAWS as f64) < 1.0 {
        assert!(counts[0] <= 8.0, "{}: {} draws of rare values", family.name, counts[0]);
        counts.remove(0);
        shares.remove(0);
    }
    let freedom = (counts.len() - 1).max(1) as f64;
    let statistic = chi_square(&counts, &shares);
    assert!(
        statistic < freedom + 5.0 * (2.0 * freedom).sqrt() + 8.0,
        "{}: chi-square {statistic}, {freedom} degrees of freedom",
        family.name
    );
}

/// Expectations of bounded functions of one and of two elements, within five standard errors.
fn same_expectations(family: &Family, measured: &Measured, draws: &[Vec<f64>]) {
    let size = draws[0].len();
    for i in 0..size {
        for j in 0..=i {
            let f = |x: &[f64]| if i == j { x[i].tanh() } else { (x[i] - 0.3).tanh() * x[j].tanh() };
            let expected = measured.mean(f);
            let squares = measured.mean(|x| (f(x) - expected).powi(2));
            let found = draws.iter().map(|draw| f(draw)).sum::<f64>() / DRAWS as f64;
            let error = (squares / DRAWS as f64).sqrt();
            assert!(
                (found - expected).abs() <= 5.0 * error + 1e-5,
                "{} elements {i}, {j}: {found} but {expected} by quadrature ({error})",
                family.name
            );
        }
    }
}
