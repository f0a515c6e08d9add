//! Gauss-Legendre quadrature in panels, for smooth integrands of a known width.

/// Abscissas in (0, 1) and weights of the rule with 16 points on (-1, 1), which is symmetric.
const POINTS: [(f64, f64); 8] = [
    (0.095_012_509_837_637_44, 0.189_450_610_455_068_5),
    (0.281_603_550_779_258_9, 0.182_603_415_044_923_58),
    (0.458_016_777_657_227_37, 0.169_156_519_395_002_54),
    (0.617_876_244_402_643_8, 0.149_595_988_816_576_74),
    (0.755_404_408_355_003, 0.124_628_971_255_533_88),
    (0.865_631_202_387_831_8, 0.095_158_511_682_492_79),
    (0.944_575_023_073_232_6, 0.062_253_523_938_647_894),
    (0.989_400_934_991_649_9, 0.027_152_459_411_754_096),
];

/// The integral over panels between consecutive `edges`.
pub(super) fn integrate(edges: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    let panel = |pair: &[f64]| {
        let (centre, half) = (0.5 * (pair[0] + pair[1]), 0.5 * (pair[1] - pair[0]));
        let points = POINTS.iter().map(|(x, weight)| weight * (f(centre - half * x) + f(centre + half * x)));
        half * points.sum::<f64>()
    };
    edges.windows(2).map(panel).sum()
}
