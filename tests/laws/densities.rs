//! Densities: normalised, equal to outside values, with the right derivatives, the same in every form.

use vic::graph::{Builder, interpret::interpret};
use vic::library::{
    FAMILIES, Family, Form, Law, Normaliser, Parameter, Quadratic, Reference, ValueKind, is_even,
};

use crate::evaluate::{
    applies, axes, close, constants, cut, difference, joint_size, length, log_densities, rank_axes,
    with_gradient,
};
use crate::quadrature::{dimensions, measure};

#[test]
fn densities_equal_outside_values() {
    for family in FAMILIES.iter().filter(|family| applies(family.exempt, Law::References)) {
        assert!(family.references.len() >= 3, "{}: outside values", family.name);
        for reference in family.references {
            let n = joint_size(family, reference);
            let found = log_densities(family, reference.arguments, &[reference.value.to_vec()], n)[0];
            let expected = reference.log_density;
            assert!(
                close(found, expected, 1e-10),
                "{}{:?} at {:?}: {found}, outside {expected}",
                family.name,
                reference.arguments,
                reference.value
            );
        }
    }
}

#[test]
fn densities_integrate_to_one() {
    for family in FAMILIES.iter().filter(|family| applies(family.exempt, Law::Normalised)) {
        let integrable = references_in_reach(family);
        assert!(!integrable.is_empty(), "{}: at least one reference in few dimensions", family.name);
        for reference in integrable {
            let mass = measure(family, reference).mean(|_| 1.0);
            let low_dimensional = family.kind != ValueKind::Continuous || dimensions(family, reference) == 1;
            let tolerance = if low_dimensional { 1e-8 } else { 2e-5 };
            assert!(close(mass, 1.0, tolerance), "{}{:?}: mass {mass}", family.name, reference.arguments);
        }
    }
}

/// References that a grid covers: of the fewest unconstrained dimensions, at most three.
pub fn references_in_reach(family: &Family) -> Vec<&'static Reference> {
    if family.kind != ValueKind::Continuous {
        return family.references.iter().collect();
    }
    let least = family.references.iter().map(|reference| dimensions(family, reference)).min().unwrap_or(9);
    let within = |reference: &&Reference| dimensions(family, reference) == least && least <= 3;
    let found = family.references.iter().filter(within);
    if least == 3 { found.take(1).collect() } else { found.collect() }
}

#[test]
fn derivatives_equal_differences() {
    for family in FAMILIES.iter().filter(|family| applies(family.exempt, Law::Gradient)) {
        let parameters = family.forms[0].parameters;
        for reference in family.references {
            let n = joint_size(family, reference);
            let position = [reference.arguments, reference.value].concat();
            let of = |point: &[f64]| with_gradient(family.log_density, parameters, family.rank, point, n);
            let (_, slopes) = of(&position);
            for k in differentiable(family, parameters, n, position.len()) {
                let expected = difference(|point| of(point).0, &position, k);
                assert!(
                    close(slopes[k], expected, 1e-6),
                    "{} at {position:?}, coordinate {k}: {} but differences say {expected}",
                    family.name,
                    slopes[k]
                );
            }
        }
    }
}

#[test]
fn location_scale_families_standardise() {
    for family in FAMILIES {
        let Some((location, scale)) = family.location_scale else { continue };
        for reference in family.references {
            let mut standard = reference.arguments.to_vec();
            let [at, width] = [location, scale].map(|k| reference.arguments[k]);
            (standard[location], standard[scale]) = (0.0, 1.0);
            let value = (reference.value[0] - at) / width;
            let found = log_densities(family, &standard, &[vec![value]], 1)[0] - width.ln();
            assert!(close(found, reference.log_density, 1e-10), "{}: {found}", family.name);
        }
    }
}

/// Third differences along a line through the value and the arguments that a density is quadratic in.
#[test]
fn densities_said_to_be_quadratic_are() {
    for family in FAMILIES.iter().filter(|family| !family.quadratic.is_empty()) {
        let parameters = family.forms[0].parameters;
        for form in family.forms {
            for part in family.quadratic {
                if let Quadratic::Argument(k) = part {
                    assert_eq!(form.parameters[*k].name, parameters[*k].name, "{}", family.name);
                }
            }
        }
        for reference in family.references {
            let n = joint_size(family, reference);
            let starts = parameters.iter().scan(0, |start, parameter| {
                let own = *start..*start + length(parameter.rank, n);
                *start = own.end;
                Some(own)
            });
            let starts: Vec<std::ops::Range<usize>> = starts.collect();
            let along = |t: f64| {
                let (mut arguments, mut value) = (reference.arguments.to_vec(), reference.value.to_vec());
                for part in family.quadratic {
                    let moved = match part {
                        Quadratic::Value => &mut value[..],
                        Quadratic::Argument(k) => &mut arguments[starts[*k].clone()],
                    };
                    let turn = if *part == Quadratic::Value { 0.9 } else { -0.4 };
                    moved.iter_mut().enumerate().for_each(|(i, x)| *x += t * (turn + 0.3 * i as f64));
                }
                log_densities(family, &arguments, &[value], n)[0]
            };
            let [a, b, c, d] = [0.0, 1.0, 2.0, 3.0].map(along);
            let scale = a.abs() + 3.0 * b.abs() + 3.0 * c.abs() + d.abs();
            assert!((a - 3.0 * b + 3.0 * c - d).abs() < 1e-11 * scale, "{}: {a} {b} {c} {d}", family.name);
        }
    }
}

#[test]
fn the_families_said_to_be_even_are_and_no_others() {
    for family in FAMILIES.iter().filter(|family| family.support.domain == "real") {
        let Some((location, _)) = family.location_scale else { continue };
        let even = family.references.iter().all(|reference| {
            let centre = reference.arguments[location];
            let distance = reference.value[0] - centre;
            let values = [vec![centre + distance], vec![centre - distance]];
            let densities = log_densities(family, reference.arguments, &values, 1);
            close(densities[0], densities[1], 1e-12)
        });
        assert_eq!(even, is_even(family), "{}", family.name);
    }
}

/// Coordinates of (arguments, value) that are real numbers.
fn differentiable(family: &Family, parameters: &[Parameter], n: usize, total: usize) -> Vec<usize> {
    let whole = |domain: &str| ["count", "int", "index", "bool"].contains(&domain);
    let mut kept: Vec<bool> = Vec::new();
    for parameter in parameters {
        kept.extend(vec![!whole(parameter.domain); length(parameter.rank, n)]);
    }
    kept.resize(total, family.kind == ValueKind::Continuous);
    (0..total).filter(|&k| kept[k]).collect()
}

/// Generic arguments of a form: one list per parameter.
fn generic(parameter: &Parameter, n: usize) -> Vec<f64> {
    let matrix = |diagonal: f64, below: f64, above: f64| {
        (0..n * n)
            .map(|k| [diagonal, below, above][((k % n).cmp(&(k / n)) as i8).rem_euclid(3) as usize])
            .collect()
    };
    match (parameter.domain, length(parameter.rank, n)) {
        ("cov", _) => matrix(1.7, 0.4, 0.4),
        ("corr", _) => matrix(1.0, 0.35, 0.35),
        ("chol_cov", _) => matrix(1.3, 0.0, -0.4),
        ("positive" | "nonneg", length) => (0..length).map(|k| 1.9 + 0.7 * k as f64).collect(),
        ("unit", length) => (0..length).map(|k| 0.37 + 0.1 * k as f64).collect(),
        ("count", _) => vec![41.0],
        (_, length) => (0..length).map(|k| 0.61 - 0.9 * k as f64).collect(),
    }
}

#[test]
fn forms_agree() {
    for family in FAMILIES {
        for form in family.forms.iter().skip(1).filter(|form| form.normaliser == Normaliser::Included) {
            for reference in family.references {
                form_agrees(family, form, reference);
            }
        }
    }
}

fn form_agrees(family: &Family, form: &Form, reference: &Reference) {
    let n = joint_size(family, reference);
    let flat: Vec<f64> = form.parameters.iter().flat_map(|parameter| generic(parameter, n)).collect();
    let mut b = Builder::new();
    let axes = axes(&mut b, 1, n);
    let given = constants(&mut b, form.parameters, &flat, &axes);
    let value = b.data(&rank_axes(family.rank, &axes.over), reference.value);
    let canonical = (form.canonical)(&mut b, &given, &axes.over);
    let through = (family.log_density)(&mut b, &canonical, value, &axes.over);
    let own = form.log_density.unwrap_or(family.log_density);
    let own = if form.log_density.is_some() { own(&mut b, &given, value, &axes.over) } else { through };
    let found = interpret(&b.finish(), &[], &[], &[through, own]);
    assert!(found[0][0].is_finite(), "{} {:?}: {}", family.name, cut(form.parameters, &flat, n), found[0][0]);
    assert!(close(found[0][0], found[1][0], 1e-11), "{}: {} and {}", family.name, found[0][0], found[1][0]);
    own_form_derivatives(family, form, &[flat, reference.value.to_vec()].concat(), n);
}

fn own_form_derivatives(family: &Family, form: &Form, position: &[f64], n: usize) {
    let Some(own) = form.log_density else { return };
    let of = |point: &[f64]| with_gradient(own, form.parameters, family.rank, point, n);
    let (_, slopes) = of(position);
    for k in differentiable(family, form.parameters, n, position.len()) {
        let expected = difference(|point| of(point).0, position, k);
        assert!(close(slopes[k], expected, 1e-6), "{} coordinate {k}: {} {expected}", family.name, slopes[k]);
    }
}
