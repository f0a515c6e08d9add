//! Distribution functions, quantiles and moments against the density.

use vic::graph::{Builder, interpret::interpret};
use vic::library::{FAMILIES, Family, Over, Reference, ValueKind};

use crate::evaluate::{axes, close, constants, difference, log_densities};
use crate::quadrature::measure;

fn at(family: &Family, reference: &Reference, x: f64, which: fn(&Family) -> vic::library::OfValue) -> f64 {
    let mut b = Builder::new();
    let axes = axes(&mut b, 1, 1);
    let given = constants(&mut b, family.forms[0].parameters, reference.arguments, &axes);
    let x = b.constant(x);
    let node = which(family)(&mut b, &given, x);
    interpret(&b.finish(), &[], &[], &[node])[0][0]
}

fn log_cdf(family: &Family) -> vic::library::OfValue {
    family.log_cdf.expect("chosen for having one")
}

fn log_ccdf(family: &Family) -> vic::library::OfValue {
    family.log_ccdf.expect("a family with one tail has the other")
}

fn quantile(family: &Family) -> vic::library::OfValue {
    family.quantile.expect("chosen for having one")
}

#[test]
fn distribution_functions_agree_with_the_density() {
    for family in FAMILIES.iter().filter(|family| family.log_cdf.is_some()) {
        for reference in family.references {
            let x = reference.value[0];
            let below = |x: f64| at(family, reference, x, log_cdf).exp();
            let above = |x: f64| at(family, reference, x, log_ccdf).exp();
            assert!(close(below(x) + above(x), 1.0, 1e-12), "{}: {} {}", family.name, below(x), above(x));
            let density = log_densities(family, reference.arguments, &[vec![x]], 1)[0].exp();
            let (slope, tail_slope) = match family.kind {
                ValueKind::Continuous => {
                    (difference(|x| below(x[0]), &[x], 0), -difference(|x| above(x[0]), &[x], 0))
                }
                _ => (below(x) - below(x - 1.0), above(x - 1.0) - above(x)),
            };
            for slope in [slope, tail_slope] {
                let message = format!("{}{:?} at {x}: {slope} {density}", family.name, reference.arguments);
                assert!((slope - density).abs() <= 1e-7 * density.max(1e-4), "{message}");
            }
            if family.kind == ValueKind::Continuous {
                let shares = measure(family, reference).mean(|y| f64::from(y[0] <= x));
                assert!(close(shares, below(x), 3e-3), "{}: {shares} {}", family.name, below(x));
            }
        }
    }
}

/// dx/dp is one over the density, and as much of the mass as is asked for lies below.
#[test]
fn quantiles_agree_with_the_density() {
    for family in FAMILIES.iter().filter(|family| family.quantile.is_some()) {
        for reference in family.references {
            for p in [0.037, 0.41, 0.93] {
                let x = at(family, reference, p, quantile);
                let slope = difference(|p| at(family, reference, p[0], quantile), &[p], 0);
                let density = log_densities(family, reference.arguments, &[vec![x]], 1)[0].exp();
                let place = format!("{}{:?} at {p}", family.name, reference.arguments);
                assert!(close(slope * density, 1.0, 1e-6), "{place}: {slope} {density}");
                let share = measure(family, reference).mean(|y| f64::from(y[0] <= x));
                // A node of the quadrature lies on one side or the other, with all of its mass.
                assert!((share - p).abs() < 1e-2, "{place}: {share}");
            }
        }
    }
}

#[test]
fn quantiles_invert_distribution_functions() {
    let both = |family: &&&Family| family.quantile.is_some() && family.log_cdf.is_some();
    for family in FAMILIES.iter().filter(both) {
        for reference in family.references {
            for p in [0.037, 0.41, 0.93] {
                let x = at(family, reference, p, quantile);
                let back = at(family, reference, x, log_cdf).exp();
                assert!(close(back, p, 1e-10), "{}: {p} {x} {back}", family.name);
            }
        }
    }
}

#[test]
fn moments_equal_quadrature() {
    for family in FAMILIES {
        let Some(moments) = family.moments else { continue };
        for reference in family.references {
            let mut b = Builder::new();
            let axes = axes(&mut b, 1, 1);
            let given = constants(&mut b, family.forms[0].parameters, reference.arguments, &axes);
            let (mean, sd) = moments(&mut b, &given, &Over::default());
            let found = interpret(&b.finish(), &[], &[], &[mean, sd]);
            let measured = measure(family, reference);
            let mean = measured.mean(|x| x[0]);
            let sd = measured.mean(|x| (x[0] - mean).powi(2)).sqrt();
            assert!(close(found[0][0], mean, 1e-6), "{} mean: {} {mean}", family.name, found[0][0]);
            assert!(close(found[1][0], sd, 1e-6), "{} sd: {} {sd}", family.name, found[1][0]);
        }
    }
}
