//! What each estimator leaves: variance times evaluations for one gradient, against the score function with two draws of
//! which each is the other's baseline. The table is kept in `variance.txt`; where a change is
//! meant, the one that the failing test prints takes its place.

use rand::RngExt;
use rand_distr::StandardNormal;

use super::super::draws::{Purpose, stream};
use super::cells::pick;
use super::tests::{Cells, FUNCTIONS, Function, Tally};
use super::{Rule, rules};
use crate::numeric::random::Generator;
use crate::numeric::special::{digamma, log_gamma_quantile, log_gamma_slope};

/// What was measured of one estimator for one function: by what it is named, and variance times evaluations.
struct Row {
    guide: &'static str,
    estimator: &'static str,
    function: &'static str,
    price: f64,
}

const REPEATS: usize = 3000;
const POINTS: u64 = 5;

/// The mean over frozen points of the variance of an estimate.
fn mean_variance(
    stream_of: u64,
    mut estimate: impl FnMut(u64, &mut Generator) -> Box<dyn FnMut(&mut Generator) -> f64>,
) -> f64 {
    let each = (0..POINTS).map(|point| {
        let mut generator = stream(point, Purpose::Probe, stream_of);
        let mut own = estimate(point, &mut generator);
        Tally::of((0..REPEATS).map(|_| own(&mut generator))).variance()
    });
    each.sum::<f64>() / POINTS as f64
}

fn cells(width: usize, guide: &'static str, (name, f): (&'static str, Function)) -> Vec<Row> {
    let rules = [
        ("score, 2 draws", Rule::Score, 2, 2.0),
        ("score, 4 draws", Rule::Score, 4, 4.0),
        ("disarm, 1 pair", Rule::Paired, 2, 2.0),
        // Each value tried is charged a whole evaluation.
        ("local, 2 draws", Rule::Local, 2, 2.0 * width as f64),
    ];
    let possible = rules.into_iter().filter(|(_, rule, ..)| *rule != Rule::Paired || width == 2);
    let rows = possible.map(|(estimator, rule, draws, evaluations)| {
        let variance = mean_variance(81, |_, generator| {
            let cells = Cells::random(width, generator);
            Box::new(move |generator| cells.estimate(rule, f, draws, generator))
        });
        Row { guide, estimator, function: name, price: variance * evaluations }
    });
    rows.collect()
}

/// How the gradient of a normal is taken.
#[derive(Clone, Copy, PartialEq)]
enum Taken {
    Score,
    Path,
}

/// Functions of a normal by its mean, and by its log deviation.
fn normal((name, f): (&'static str, Function)) -> Vec<Row> {
    let slope = move |x: f64| (f(x + 1e-6) - f(x - 1e-6)) / 2e-6;
    let rules: [(&str, usize, Taken); 3] = [
        ("score, 2 draws", 2, Taken::Score),
        ("score, 4 draws", 4, Taken::Score),
        ("path, 1 draw", 1, Taken::Path),
    ];
    let jumps = name == "step" || name == "indicator";
    let mut rows = vec![];
    for (by, guide) in ["normal, by mean", "normal, by log sd"].into_iter().enumerate() {
        for (estimator, draws, taken) in rules {
            if jumps && taken == Taken::Path {
                continue;
            }
            let variance = mean_variance(82, |_, generator| {
                let mean = generator.sample::<f64, _>(StandardNormal);
                let deviation = (0.4 * generator.sample::<f64, _>(StandardNormal)).exp();
                Box::new(move |generator| {
                    let normals: Vec<f64> = (0..draws).map(|_| generator.sample(StandardNormal)).collect();
                    let at = |e: &f64| mean + deviation * e;
                    match taken {
                        Taken::Path => {
                            let slopes: Vec<f64> = normals.iter().map(|e| slope(at(e))).collect();
                            rules::normal_pathwise(&normals, &slopes, deviation)[by]
                        }
                        Taken::Score => {
                            let values: Vec<f64> = normals.iter().map(|e| f(at(e))).collect();
                            rules::normal_score(&normals, &values, deviation)[by]
                        }
                    }
                })
            });
            rows.push(Row { guide, estimator, function: name, price: variance * draws as f64 });
        }
    }
    rows
}

/// The score of two draws, each the other's baseline.
fn pair(scores: [f64; 2], f: [f64; 2]) -> f64 {
    0.5 * (f[0] - f[1]) * (scores[0] - scores[1])
}

/// Functions of a Poisson count by its rate.
fn count((name, f): (&'static str, Function)) -> Vec<Row> {
    let guide = "poisson, by rate";
    let draw = |rate: f64, generator: &mut Generator| {
        let p = |n: f64| (-rate + n * rate.ln() - libm::lgamma(n + 1.0)).exp();
        let weights: Vec<f64> = (0..80).map(|n| p(f64::from(n))).collect();
        pick(&weights, generator.random()).0 as f64
    };
    let rate = |point: u64| 0.8 * 1.8_f64.powi(point as i32);
    let score = mean_variance(83, |point, _| {
        let rate = rate(point);
        Box::new(move |generator| {
            let n = [draw(rate, generator), draw(rate, generator)];
            pair(n.map(|n| n / rate - 1.0), n.map(f))
        })
    });
    let measure = mean_variance(84, |point, _| {
        let rate = rate(point);
        Box::new(move |generator| {
            let n = draw(rate, generator);
            rules::measure_valued(&[f(n + 1.0) - f(n)])
        })
    });
    vec![
        Row { guide, estimator: "score, 2 draws", function: name, price: 2.0 * score },
        Row { guide, estimator: "measure-valued, 1 draw", function: name, price: 2.0 * measure },
    ]
}

/// Functions of a gamma by its shape, through the implicit derivative of its quantile.
fn shape((name, f): (&'static str, Function)) -> Vec<Row> {
    let guide = "gamma, by shape";
    let slope = move |x: f64| (f(x * (1.0 + 1e-6)) - f(x * (1.0 - 1e-6))) / (2e-6 * x);
    let shape = |point: u64| 0.7 * 1.9_f64.powi(point as i32);
    let score = mean_variance(85, |point, _| {
        let a = shape(point);
        Box::new(move |generator| {
            let z: [f64; 2] = [(); 2].map(|()| log_gamma_quantile(generator.random(), a));
            pair(z.map(|z| z - digamma(a)), z.map(|z| f(z.exp())))
        })
    });
    let path = mean_variance(86, |point, _| {
        let a = shape(point);
        Box::new(move |generator| {
            let z = log_gamma_quantile(generator.random(), a);
            slope(z.exp()) * z.exp() * log_gamma_slope(z, a)
        })
    });
    vec![
        Row { guide, estimator: "score, 2 draws", function: name, price: 2.0 * score },
        Row { guide, estimator: "path, 1 draw", function: name, price: path },
    ]
}

fn table() -> String {
    let smooth = &FUNCTIONS[..4];
    let mut rows: Vec<Row> = vec![];
    rows.extend(FUNCTIONS.iter().flat_map(|f| cells(2, "cells of 2 values", *f)));
    rows.extend(FUNCTIONS.iter().flat_map(|f| cells(4, "cells of 4 values", *f)));
    rows.extend(FUNCTIONS.iter().flat_map(|f| normal(*f)));
    rows.extend(FUNCTIONS.iter().flat_map(|f| count(*f)));
    rows.extend(smooth.iter().flat_map(|f| shape(*f)));
    let base = |row: &Row| {
        let same = |other: &&Row| (other.guide, other.function) == (row.guide, row.function);
        rows.iter().find(same).map_or(f64::NAN, |first| first.price)
    };
    let line = |row: &Row| {
        format!("{:18} {:10} {:23} {:.3e}\n", row.guide, row.function, row.estimator, row.price / base(row))
    };
    rows.iter().map(line).collect()
}

/// The last word of a line, as a number.
fn price(line: &str) -> f64 {
    line.split_whitespace().last().and_then(|word| word.parse().ok()).unwrap_or(f64::NAN)
}

#[test]
fn variance_times_cost_is_as_it_was() {
    let table = table();
    let kept = include_str!("variance.txt");
    let as_kept = |(found, kept): (&str, &str)| {
        let gap = (price(found) / price(kept)).ln().abs();
        // An estimator without noise leaves rounding alone.
        let is_near = gap < 1.2_f64.ln() || price(found) < 1e-12;
        is_near && found.rsplit_once(' ').map(|(name, _)| name) == kept.rsplit_once(' ').map(|(name, _)| name)
    };
    let all = table.lines().count() == kept.lines().count() && table.lines().zip(kept.lines()).all(as_kept);
    assert!(all, "not as it was:\n{table}");
}
