//! How exact the kernels are: units of the last place against values of high precision, by every instruction set, and
//! what they make of zeros, infinities and what is not a number. `docs/kernels.md` is generated here; its columns are
//! the same on every machine, since sets that fuse products with sums agree bit for bit.
#![allow(clippy::disallowed_methods, reason = "tests read files and one variable")]

use std::fmt::Write;
use std::path::Path;

use vic::graph::{Builder, Unary, Vector};
use vic::numeric::dispatch::{Fused, InstructionSet, Isa, Kernel, Unfused};
use vic::numeric::kernels::{circular, elementary, gamma};
use vic::numeric::special;
use vic::program::Program;

/// By mpmath; `tests/kernels/reference.py` writes it and says what the lines mean.
const REFERENCE: &str = include_str!("kernels/reference.txt");

/// A kernel with the most units of the last place that it may be off, over all ranges.
struct Row {
    name: &'static str,
    bound: f64,
    what: What,
}

enum What {
    /// Written for lanes.
    Lanes,
    /// The scalar function that the graph means, where no kernel for lanes exists.
    Scalar(fn(f64) -> f64),
    /// The same, for negative arguments.
    FromOne(fn(f64) -> f64),
}

const fn lanes(name: &'static str, bound: f64) -> Row {
    Row { name, bound, what: What::Lanes }
}

const fn scalar(name: &'static str, bound: f64, function: fn(f64) -> f64) -> Row {
    Row { name, bound, what: What::Scalar(function) }
}

/// Where a function has zeros that no digits are kept near: in units of the last place of 1 at least.
const fn from_one(name: &'static str, bound: f64, function: fn(f64) -> f64) -> Row {
    Row { name, bound, what: What::FromOne(function) }
}

const ROWS: &[Row] = &[
    lanes("exp", 1.0),
    lanes("expm1", 1.0),
    lanes("log", 1.0),
    lanes("log1p", 1.5),
    lanes("tanh", 2.0),
    lanes("softplus", 1.5),
    lanes("sigmoid", 2.0),
    lanes("lgamma", 5.0),
    lanes("digamma", 4.0),
    lanes("trigamma", 5.0),
    lanes("sine_of_turns", 1.5),
    lanes("cosine_of_turns", 1.5),
    from_one("lgamma_left", 4.0, special::lgamma),
    from_one("digamma_left", 6.0, special::digamma),
    scalar("erf", 1.0, special::erf),
    scalar("erfc", 2.0, special::erfc),
    scalar("log_normal_cdf", 2.5, special::log_normal_cdf),
    scalar("normal_quantile", 3.0, special::normal_quantile),
];

/// A kernel at one point.
#[inline(always)]
fn apply<I: Isa>(name: &str, x: f64) -> f64 {
    match name {
        "exp" => elementary::exp::<I>(x),
        "expm1" => elementary::expm1::<I>(x),
        "log" => elementary::log::<I>(x),
        "log1p" => elementary::log1p::<I>(x),
        "tanh" => elementary::tanh::<I>(x),
        "softplus" => elementary::softplus::<I>(x),
        "sigmoid" => elementary::sigmoid::<I>(x),
        "lgamma" => gamma::lgamma::<I>(x),
        "digamma" => gamma::digamma::<I>(x),
        "trigamma" => gamma::trigamma::<I>(x),
        "sine_of_turns" => circular::sine_and_cosine_of_turns::<I>(x).0,
        "cosine_of_turns" => circular::sine_and_cosine_of_turns::<I>(x).1,
        _ => unreachable!("{name} has no kernel"),
    }
}

/// A kernel at many points.
struct Many<'a> {
    name: &'a str,
    points: &'a [f64],
}

impl Kernel for Many<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn run<I: Isa>(self) -> Vec<f64> {
        let mut values = Vec::with_capacity(self.points.len());
        for &x in self.points {
            values.push(apply::<I>(self.name, x));
        }
        values
    }
}

struct Range<'a> {
    function: &'a str,
    label: &'a str,
    points: Vec<Point>,
}

struct Point {
    x: f64,
    /// The nearest double.
    nearest: f64,
    /// What is left, in units of its last place.
    above: f64,
}

fn point(line: &str) -> Point {
    let words: Vec<&str> = line.split(' ').collect();
    let number = |word: &str| f64::from_bits(u64::from_str_radix(word, 16).expect("bits in hexadecimal"));
    let above = words[2].parse::<f64>().expect("thousandths") / 1000.0;
    Point { x: number(words[0]), nearest: number(words[1]), above }
}

fn ranges() -> Vec<Range<'static>> {
    let mut ranges: Vec<Range> = vec![];
    for line in REFERENCE.lines() {
        match line.strip_prefix("# ").and_then(|head| head.split_once(' ')) {
            Some((function, label)) => ranges.push(Range { function, label, points: vec![] }),
            None => ranges.last_mut().expect("a head comes first").points.push(point(line)),
        }
    }
    ranges
}

/// Distance of the next double away from 0.
fn unit(x: f64) -> f64 {
    f64::from_bits(x.abs().to_bits() + 1) - x.abs()
}

/// Most units of the last place that values are off.
fn worst(points: &[Point], values: &[f64], least: f64) -> f64 {
    let off = |(point, &value): (&Point, &f64)| {
        let own = unit(point.nearest);
        let off = ((value - point.nearest) / own - point.above).abs() * (own / own.max(unit(least)));
        if off.is_nan() { f64::INFINITY } else { off }
    };
    points.iter().zip(values).map(off).fold(0.0, f64::max)
}

/// Worst of a row over a range, with fused products and without.
fn errors(row: &Row, range: &Range) -> [f64; 2] {
    let points: Vec<f64> = range.points.iter().map(|point| point.x).collect();
    let many = || Many { name: row.name, points: &points };
    let scalar = |function: fn(f64) -> f64, least: f64| {
        let values: Vec<f64> = points.iter().map(|&x| function(x)).collect();
        [worst(&range.points, &values, least); 2]
    };
    match row.what {
        What::Lanes => {
            [many().run::<Fused>(), many().run::<Unfused>()].map(|values| worst(&range.points, &values, 0.0))
        }
        What::Scalar(function) => scalar(function, 0.0),
        What::FromOne(function) => scalar(function, 1.0),
    }
}

fn of_row<'a>(row: &Row, ranges: &'a [Range<'a>]) -> Vec<&'a Range<'a>> {
    let own: Vec<_> = ranges.iter().filter(|range| range.function == row.name).collect();
    assert!(!own.is_empty(), "{} has reference values", row.name);
    own
}

#[test]
fn kernels_keep_within_their_bounds() {
    let ranges = ranges();
    for row in ROWS {
        for range in of_row(row, &ranges) {
            let found = errors(row, range);
            println!("{} {}: {:.2} {:.2}", row.name, range.label, found[0], found[1]);
        }
    }
    for row in ROWS {
        for range in of_row(row, &ranges) {
            for found in errors(row, range) {
                assert!(found <= row.bound, "{}, {}: {found:.2} of {}", row.name, range.label, row.bound);
            }
        }
    }
}

#[test]
fn instruction_sets_that_fuse_alike_agree_bit_for_bit() {
    // What is not a number may have any sign.
    let canonical = |x: f64| if x.is_nan() { f64::NAN } else { x };
    let bits = |values: Vec<f64>| values.into_iter().map(|x| canonical(x).to_bits()).collect::<Vec<_>>();
    for range in &ranges() {
        let Some(row) = ROWS.iter().find(|row| row.name == range.function) else { continue };
        if !matches!(row.what, What::Lanes) {
            continue;
        }
        let points: Vec<f64> = range.points.iter().map(|point| point.x).chain(EXTREMES).collect();
        let many = || Many { name: row.name, points: &points };
        for set in InstructionSet::all() {
            let wanted = if set.fused() { many().run::<Fused>() } else { many().run::<Unfused>() };
            assert_eq!(bits(set.run(many())), bits(wanted), "{} by {}", row.name, set.name());
        }
    }
}

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

const EXTREMES: [f64; 14] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    INF,
    -INF,
    NAN,
    5e-324,
    -5e-324,
    1e-310,
    f64::MIN_POSITIVE,
    f64::MAX,
    f64::MIN,
    800.0,
];

/// Points at which a value is known without rounding: operation, argument, value.
#[rustfmt::skip]
const EXACT: &[(Unary, &[(f64, f64)])] = &[
    (Unary::Exp, &[(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, 0.0), (f64::MAX, INF), (f64::MIN, 0.0), (710.0, INF),
        (-745.0, 5e-324), (-746.0, 0.0), (5e-324, 1.0)]),
    (Unary::Expm1, &[(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -1.0), (710.0, INF), (-800.0, -1.0),
        (5e-324, 5e-324), (-5e-324, -5e-324), (1e-310, 1e-310)]),
    (Unary::Log, &[(0.0, -INF), (-0.0, -INF), (1.0, 0.0), (INF, INF), (-INF, NAN), (-1.0, NAN), (-5e-324, NAN),
        (5e-324, -744.440_071_921_381_2)]),
    (Unary::Log1p, &[(0.0, 0.0), (-0.0, -0.0), (-1.0, -INF), (INF, INF), (-INF, NAN), (-1.5, NAN), (5e-324, 5e-324),
        (-5e-324, -5e-324), (1e-310, 1e-310)]),
    (Unary::Tanh, &[(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (f64::MAX, 1.0), (5e-324, 5e-324),
        (-1e-310, -1e-310)]),
    (Unary::Softplus, &[(INF, INF), (-INF, 0.0), (f64::MAX, f64::MAX), (f64::MIN, 0.0), (0.0, std::f64::consts::LN_2),
        (800.0, 800.0), (-746.0, 0.0)]),
    (Unary::Sigmoid, &[(INF, 1.0), (-INF, 0.0), (0.0, 0.5), (-0.0, 0.5), (f64::MAX, 1.0), (f64::MIN, 0.0)]),
    (Unary::Lgamma, &[(1.0, 0.0), (2.0, 0.0), (0.0, INF), (-0.0, INF), (INF, INF), (-1.0, INF), (f64::MAX, INF),
        (5e-324, 744.440_071_921_381_2)]),
    (Unary::Polygamma(0), &[(INF, INF), (5e-324, -INF), (1.0, -0.577_215_664_901_532_9), (-1.0, NAN)]),
    (Unary::Polygamma(1), &[(INF, 0.0), (5e-324, INF), (1.0, 1.644_934_066_848_226_4), (-1.0, NAN)]),
    (Unary::Erf, &[(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0)]),
    (Unary::Erfc, &[(0.0, 1.0), (INF, 0.0), (-INF, 2.0), (30.0, 0.0)]),
    (Unary::LogNormalCdf, &[(INF, -0.0), (-INF, -INF), (40.0, -0.0)]),
    (Unary::NormalQuantile, &[(0.0, -INF), (1.0, INF), (0.5, 0.0), (-0.1, NAN), (1.1, NAN)]),
];

/// The values of an operation by a program, for so many samples.
fn by_program(op: Unary, points: &[f64], set: InstructionSet, samples: usize) -> Vec<f64> {
    let mut builder = Builder::new();
    let axis = builder.axis("point", points.len());
    let x = builder.parameter(Vector::Position, 0, &[axis]);
    let root = builder.unary(op, x);
    let graph = builder.finish();
    let program = Program::compile(&graph, &[root]).with_instruction_set(set);
    let mut out = vec![0.0; points.len() * samples];
    program.run(&mut program.workspace(samples), &points.repeat(samples), &[], &mut [&mut out]);
    out
}

fn same(got: f64, want: f64, units: f64) -> bool {
    let near = want != 0.0 && (got - want).abs() <= units * f64::EPSILON * want.abs();
    near || got.to_bits() == want.to_bits() || got.is_nan() && want.is_nan()
}

#[test]
fn zeros_infinities_and_no_numbers_are_what_they_should_be() {
    let mut wrong = String::new();
    for &(op, pairs) in EXACT {
        let points: Vec<f64> = pairs.iter().map(|pair| pair.0).chain([NAN]).collect();
        let wanted: Vec<f64> = pairs.iter().map(|pair| pair.1).chain([NAN]).collect();
        let mut judge = |name: &str, got: &[f64], units: f64| {
            for (k, (got, want)) in got.iter().zip(wanted.iter().cycle()).enumerate() {
                if !same(*got, *want, units) {
                    let x = points[k % points.len()];
                    let _ = writeln!(wrong, "{op:?} of {x:e} by {name}: {got:e} for {want:e}");
                }
            }
        };
        judge("the scalar function", &points.iter().map(|&x| op.eval(x)).collect::<Vec<_>>(), 8.0);
        for set in InstructionSet::all() {
            for samples in [1, 8] {
                judge(set.name(), &by_program(op, &points, set, samples), 2.0);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

const HEAD: &str = "# How exact the kernels are

Largest error in units of the last place, over 64 points of each range, against values of 60 digits (mpmath 1.3;
`tests/kernels/reference.py`). \"Fused\" holds for AVX2 and AVX-512, which agree bit for bit, and for NEON, which was compiled but not run, \"not fused\" for SSE2 and
for scalar code; `tests/kernels.rs` holds every instruction set of the machine it runs on to these columns. What has no
kernel for lanes is computed one number after another, alike everywhere; on the negative axis (`left`) errors are in units of
the last place of the value or of 1, whichever is more. `VIC_UPDATE=1 cargo test --test kernels` rewrites this file.

| kernel | range | fused | not fused | bound |
| --- | --- | --- | --- | --- |
";

fn table() -> String {
    let ranges = ranges();
    let mut text = HEAD.to_string();
    for row in ROWS {
        for range in of_row(row, &ranges) {
            let [fused, plain] = match row.what {
                What::Lanes => errors(row, range).map(|error| format!("{error:.2}")),
                What::Scalar(_) | What::FromOne(_) => ["scalar", "scalar"].map(str::to_string),
            };
            let _ = writeln!(text, "| {} | {} | {fused} | {plain} | {} |", row.name, range.label, row.bound);
        }
    }
    text
}

#[test]
fn the_table_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/kernels.md");
    let table = table();
    if std::env::var_os("VIC_UPDATE").is_some() {
        std::fs::write(&path, &table).expect("docs can be written");
    }
    let current = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(current == table, "docs/kernels.md is not current: VIC_UPDATE=1 cargo test --test kernels");
}
