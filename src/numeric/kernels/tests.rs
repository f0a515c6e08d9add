//! Kernels against the scalar references, at ordinary points, at extremes and in all forms this machine can run.

use super::{elementary, gamma};
use crate::numeric::dispatch::{Baseline, InstructionSet, Isa, Kernel};
use crate::numeric::special;

/// Largest distance in units of the last place of the reference, over the points.
fn worst(points: &[f64], kernel: impl Fn(f64) -> f64, reference: impl Fn(f64) -> f64) -> f64 {
    let distance = |&x: &f64| {
        let (got, want) = (kernel(x), reference(x));
        if got == want || got.is_nan() && want.is_nan() {
            return 0.0;
        }
        assert!(got.is_finite() && want.is_finite(), "at {x}: {got} for {want}");
        (got - want).abs() / (want.abs() * f64::EPSILON).max(f64::from_bits(1))
    };
    points.iter().map(distance).fold(0.0, f64::max)
}

fn spread(low: f64, high: f64) -> Vec<f64> {
    let golden = 0.618_033_988_749_894_9;
    (0..20_000).map(|k| low + (high - low) * (f64::from(k) * golden).fract()).collect()
}

const EXTREMES: [f64; 15] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    5e-324,
    1e-310,
    f64::MIN_POSITIVE,
    f64::MAX,
    f64::MIN,
    800.0,
    -800.0,
    -740.0,
];

fn with_extremes(low: f64, high: f64) -> Vec<f64> {
    [spread(low, high), EXTREMES.to_vec()].concat()
}

#[test]
fn elementary_functions_are_within_three_units_of_the_last_place() {
    let wide = with_extremes(-746.0, 711.0);
    let near = [with_extremes(-3.0, 3.0), spread(-1e-3, 1e-3)].concat();
    assert!(worst(&wide, elementary::exp::<Baseline>, f64::exp) < 2.0);
    assert!(worst(&near, elementary::expm1::<Baseline>, f64::exp_m1) < 3.0);
    assert!(worst(&wide, elementary::expm1::<Baseline>, f64::exp_m1) < 3.0);
    assert!(worst(&with_extremes(0.0, 30.0), elementary::log::<Baseline>, f64::ln) < 2.0);
    assert!(worst(&spread(0.9, 1.1), elementary::log::<Baseline>, f64::ln) < 2.0);
    assert!(worst(&near, elementary::log1p::<Baseline>, f64::ln_1p) < 3.0);
    assert!(worst(&near, elementary::tanh::<Baseline>, f64::tanh) < 4.0);
    assert!(worst(&wide, elementary::sigmoid::<Baseline>, special::sigmoid) < 3.0);
    assert!(worst(&wide, elementary::softplus::<Baseline>, special::softplus) < 3.0);
}

#[test]
fn gamma_functions_agree_with_the_scalar_ones() {
    let close = |got: f64, want: f64| (got - want).abs() <= 2e-14 * want.abs().max(1.0) || got == want;
    let points =
        [spread(1e-3, 20.0), spread(20.0, 1e5), vec![1e-300, 1e-10, 1e15, 1e300, f64::INFINITY]].concat();
    for x in points {
        let (value, slope) = gamma::lgamma_and_digamma::<Baseline>(x);
        assert!(close(value, special::lgamma(x)), "lgamma {x}: {value} {}", special::lgamma(x));
        assert!(close(slope, special::digamma(x)), "digamma {x}: {slope} {}", special::digamma(x));
        if x == f64::INFINITY {
            continue;
        }
        let second = gamma::trigamma::<Baseline>(x);
        assert!(close(second, special::trigamma(x)), "trigamma {x}: {second} {}", special::trigamma(x));
    }
}

struct Everything(f64);

impl Kernel for Everything {
    type Output = [f64; 5];
    #[inline(always)]
    fn run<I: Isa>(self) -> [f64; 5] {
        let x = self.0;
        [
            elementary::exp::<I>(x),
            elementary::log::<I>(x),
            elementary::tanh::<I>(x),
            elementary::softplus::<I>(x),
            gamma::lgamma::<I>(x),
        ]
    }
}

#[test]
fn instruction_sets_agree() {
    for name in ["avx2", "avx512"] {
        let Some(set) = InstructionSet::named(name) else { continue };
        for x in spread(0.1, 40.0) {
            let (fused, plain) = (set.run(Everything(x)), InstructionSet::BASELINE.run(Everything(x)));
            for (a, b) in fused.iter().zip(plain) {
                assert!((a - b).abs() <= 2e-14 * b.abs().max(1.0), "{name} at {x}: {a} {b}");
            }
        }
    }
}
