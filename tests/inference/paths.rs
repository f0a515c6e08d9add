//! Ways up a log density: what quasi-Newton steps between two Hessians spare, and where a path ends that meets another.

use nalgebra::DVector;
use vic::inference::evaluator::Evaluator;
use vic::inference::gaussian::are_near;
use vic::inference::newton::{Move, Point, Quadratic, advance, glide};
use vic::inference::path::{Ending, Path, follow_apart};
use vic::inference::{Target, Unwatched};

use crate::Correlated;
use crate::dual::{Dual, Scripted, c, sum};
use crate::models::{funnel, two_modes};

/// Newton decrement, squared, at which an ascent is over.
const SETTLED: f64 = 1e-2;

fn with<T>(target: &mut dyn Target, of: impl FnOnce(&mut Evaluator) -> T) -> T {
    of(&mut Evaluator::new(target, &mut Unwatched, u64::MAX))
}

/// Eight coordinates that follow the square of a ninth closely: a ridge that bends.
fn bent_ridge(x: &[Dual]) -> Dual {
    let (lead, others) = x.split_first().expect("nine");
    let each = |(i, y): (usize, &Dual)| {
        let gap = *y - *lead * *lead * c(0.5 + 0.1 * i as f64);
        gap * gap * c(-8.0)
    };
    sum(others.iter().enumerate().map(each)) - (*lead - c(1.5)) * (*lead - c(1.5)) * c(0.5)
}

/// Nine coordinates that hold on to their neighbours, with tails lighter than a Gaussian's.
fn rounded(x: &[Dual]) -> Dual {
    let own = sum(x.iter().map(|x| (*x - c(0.5)).sq() * -0.5 - x.sq().sq() * 0.02));
    own - sum(x.windows(2).map(|pair| (pair[0] - pair[1]).sq())) * 0.3
}

/// Rises up to a wall at 1.
fn walled(x: &[Dual]) -> Dual {
    if x[0].v > 1.0 {
        return c(f64::NEG_INFINITY);
    }
    x[0] * 2.0 - x[0].sq() * 0.25 - x[1].sq()
}

/// Modes ten standard deviations from each other.
fn apart(x: &[Dual]) -> Dual {
    two_modes(5.0, x)
}

/// How an ascent goes on from a Newton step.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Newton,
    Gliding,
}

/// The end of an ascent, and what it cost.
fn ascent(target: &mut dyn Target, start: &[f64], way: Way) -> (Point, u64) {
    with(target, |evaluator| {
        let mut point = Point::at(evaluator, DVector::from_column_slice(start));
        let mut damping = 1e-3;
        for _ in 0..60 {
            let quadratic = Quadratic::at(evaluator, &point).expect("finite");
            if quadratic.decrement() < SETTLED {
                return (point, evaluator.spent());
            }
            let Move::To(next) = advance(evaluator, &point, &quadratic, &mut damping) else { break };
            point = match way {
                Way::Newton => next,
                Way::Gliding => glide(evaluator, (&point, &quadratic), next, (32, 0.25 * SETTLED)),
            };
        }
        panic!("{way:?} did not arrive from {start:?}")
    })
}

#[test]
fn from_halfway_up_a_quadratic_one_evaluation_leads_to_the_top() {
    for dimension in [2, 30] {
        with(&mut Correlated { dimension }, |evaluator| {
            let top = DVector::from_fn(dimension, |i, _| Correlated::mean(i));
            let start = DVector::from_fn(dimension, |i, _| 0.7 - 0.4 * (i % 3) as f64);
            let from = Point::at(evaluator, start);
            let quadratic = Quadratic::at(evaluator, &from).expect("finite");
            let halfway = Point::at(evaluator, (&from.position + &top) * 0.5);
            let before = evaluator.spent();
            let end = glide(evaluator, (&from, &quadratic), halfway, (32, 0.25 * SETTLED));
            assert_eq!(evaluator.spent() - before, 1, "{dimension}");
            assert!(end.value > -1e-6, "{dimension}: {}", end.value);
        });
    }
}

#[test]
fn a_bent_ridge_is_climbed_with_fewer_evaluations_than_by_hessians_alone() {
    for start in [[-1.0; 9], [0.3; 9], [4.0; 9]] {
        let ridge = || Scripted { dimension: 9, log_density: bent_ridge };
        let (newton, dear) = ascent(&mut ridge(), &start, Way::Newton);
        let (gliding, cheap) = ascent(&mut ridge(), &start, Way::Gliding);
        // The top is at 0.
        assert!(newton.value > -SETTLED && gliding.value > -SETTLED, "{} {}", newton.value, gliding.value);
        assert!(4 * cheap < 3 * dear, "{cheap} {dear}");
    }
}

#[test]
fn gliding_never_leads_down_and_keeps_to_what_it_may_spend() {
    /// Trials of one line search.
    const TRIALS: u64 = 40;
    let laws: [fn(&[Dual]) -> Dual; 3] = [bent_ridge, funnel, apart];
    for log_density in laws {
        for trial in 0..40 {
            with(&mut Scripted { dimension: 9, log_density }, |evaluator| {
                let start =
                    DVector::from_fn(9, |i, _| 4.0 * ((trial * 9 + i + 1) as f64 * 0.618_034).fract() - 2.0);
                let from = Point::at(evaluator, start);
                let Some(quadratic) = Quadratic::at(evaluator, &from) else { return };
                let Move::To(to) = advance(evaluator, &from, &quadratic, &mut 1e-3) else { return };
                let (level, most, before) = (to.value, trial as u64 % 8, evaluator.spent());
                let end = glide(evaluator, (&from, &quadratic), to, (most, 0.25 * SETTLED));
                assert!(end.value >= level, "{trial}: {} {level}", end.value);
                assert_eq!(Point::at(evaluator, end.position.clone()).value, end.value, "{trial}");
                assert!(evaluator.spent() - before <= most + TRIALS, "{trial}");
            });
        }
    }
}

#[test]
fn gliding_stays_before_a_wall_that_the_slopes_point_into() {
    with(&mut Scripted { dimension: 2, log_density: walled }, |evaluator| {
        let from = Point::at(evaluator, DVector::from_vec(vec![0.0, 0.3]));
        let quadratic = Quadratic::at(evaluator, &from).expect("finite");
        let to = Point::at(evaluator, DVector::from_vec(vec![1.0, 0.0]));
        let end = glide(evaluator, (&from, &quadratic), to.clone(), (32, 0.25 * SETTLED));
        assert_eq!((end.value, end.position), (to.value, to.position));
    });
}

#[test]
fn nothing_is_spent_where_slopes_promise_next_to_nothing() {
    with(&mut Correlated { dimension: 5 }, |evaluator| {
        let top = DVector::from_fn(5, |i, _| Correlated::mean(i));
        let from = Point::at(evaluator, top.map(|x| x + 1e-4));
        let quadratic = Quadratic::at(evaluator, &from).expect("finite");
        let before = evaluator.spent();
        glide(evaluator, (&from, &quadratic), from.clone(), (32, 0.25 * SETTLED));
        assert_eq!(evaluator.spent(), before);
    });
}

/// The path of a log density from a start, those known being others, and what it cost.
fn path(log_density: fn(&[Dual]) -> Dual, start: &[f64], known: &[Path]) -> (Path, u64) {
    with(&mut Scripted { dimension: start.len(), log_density }, |evaluator| {
        let start = Point::at(evaluator, DVector::from_column_slice(start));
        let path = follow_apart(evaluator, start, (1, 0), known).expect("a path");
        (path, evaluator.spent())
    })
}

#[test]
fn a_path_ends_where_it_meets_one_that_is_known() {
    let (first, _) = path(rounded, &[0.3; 9], &[]);
    let (alone, dear) = path(rounded, &[1.2; 9], &[]);
    let (meeting, cheap) = path(rounded, &[1.2; 9], std::slice::from_ref(&first));
    assert_eq!((alone.ending, meeting.ending), (Ending::Mode, Ending::Mode));
    assert!(cheap < dear, "{cheap} {dear}");
    assert!(are_near(&first.gaussian, &meeting.gaussian));
}

#[test]
fn a_path_to_elsewhere_is_not_ended_by_one_that_is_known() {
    let (first, _) = path(apart, &[-4.0, 0.5, -0.3], &[]);
    let start = [3.2, -0.4, 0.9];
    let (alone, spent) = path(apart, &start, &[]);
    let (other, again) = path(apart, &start, std::slice::from_ref(&first));
    assert_eq!((&alone.gaussian.mean, alone.elbo, spent), (&other.gaussian.mean, other.elbo, again));
    assert!((first.gaussian.mean[0] + 5.0).abs() < 0.2 && (other.gaussian.mean[0] - 5.0).abs() < 0.2);
}
