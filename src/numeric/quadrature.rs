//! Quadrature rules: nodes with weights.

/// Nodes with weights of the Gauss-Hermite rule for the standard normal: the sum of weight times f(node) is the
/// expectation of f, exactly for polynomials of degree below 2 `count` (Abramowitz and Stegun 25.4.46, rescaled).
/// `count` is from 1 to 100.
pub fn gauss_hermite(count: usize) -> Vec<(f64, f64)> {
    // Neighbouring nodes are at least pi / sqrt(count) apart, and all lie within 2 sqrt(count).
    let step = 0.4 * std::f64::consts::PI / (count as f64).sqrt();
    let mut positive = Vec::new();
    let mut low = if count.is_multiple_of(2) { 0.0 } else { 0.5 * step };
    while positive.len() < count / 2 {
        let high = low + step;
        if last(count, low).signum() != last(count, high).signum() {
            positive.push(root(count, low, high));
        }
        low = high;
    }
    let middle = if count.is_multiple_of(2) { None } else { Some(0.0) };
    let mirrored = positive.iter().rev().map(|x| -x);
    let nodes: Vec<f64> = mirrored.chain(middle).chain(positive.iter().copied()).collect();
    nodes.into_iter().map(|x| (x, weight(count, x))).collect()
}

/// Orthonormal Hermite polynomials of degrees 0 to `count` at a point:
/// sqrt(k + 1) p(k + 1) = x p(k) - sqrt(k) p(k - 1).
fn polynomials(count: usize, x: f64) -> impl Iterator<Item = f64> {
    let mut pair = (0.0, 1.0);
    (0..=count).map(move |k| {
        let value = pair.1;
        let next = (x * pair.1 - (k as f64).sqrt() * pair.0) / (k as f64 + 1.0).sqrt();
        pair = (pair.1, next);
        value
    })
}

fn last(count: usize, x: f64) -> f64 {
    polynomials(count, x).last().unwrap_or(1.0)
}

/// The root between two points at which the polynomial has different signs: bisection, then Newton's method, the
/// derivative of p(n) being sqrt(n) p(n - 1).
fn root(count: usize, mut low: f64, mut high: f64) -> f64 {
    let sign = last(count, low).signum();
    for _ in 0..6 {
        let middle = 0.5 * (low + high);
        if last(count, middle).signum() == sign { low = middle } else { high = middle }
    }
    let mut x = 0.5 * (low + high);
    for _ in 0..5 {
        x -= last(count, x) / ((count as f64).sqrt() * last(count - 1, x));
    }
    x
}

/// The reciprocal of the sum of the squared orthonormal polynomials of lower degree.
fn weight(count: usize, x: f64) -> f64 {
    polynomials(count - 1, x).map(|p| p * p).sum::<f64>().recip()
}

#[cfg(test)]
mod tests {
    use super::gauss_hermite;

    #[test]
    fn polynomials_below_twice_the_count_are_exact() {
        for count in [1, 2, 3, 6, 7, 8, 12, 16, 24, 32, 48, 64] {
            let rule = gauss_hermite(count);
            assert_eq!(rule.len(), count);
            let mut moment = 1.0;
            for degree in (0..(2 * count).min(24)).step_by(2) {
                let terms = || rule.iter().map(|(x, w)| w * x.powi(degree as i32));
                assert!((terms().sum::<f64>() / moment - 1.0).abs() < 1e-12, "{count} {degree}");
                let odd: f64 = rule.iter().map(|(x, w)| w * x.powi(degree as i32 + 1)).sum();
                assert!(odd.abs() < 1e-10 * moment, "{count} {degree}");
                moment *= degree as f64 + 1.0;
            }
            // The next even power is beyond the rule: short by count!.
            let factorial: f64 = (1..=count).map(|k| k as f64).product();
            if count < 8 {
                let double: f64 = (1..2 * count).step_by(2).map(|k| k as f64).product();
                let found: f64 = rule.iter().map(|(x, w)| w * x.powi(2 * count as i32)).sum();
                assert!(((double - found) / factorial - 1.0).abs() < 1e-9, "{count}");
            }
        }
    }

    /// E cos(2 x) = exp(-2), E exp(x) = exp(1/2).
    #[test]
    fn other_functions_converge() {
        let expectation = |count, f: fn(f64) -> f64| -> f64 {
            gauss_hermite(count).into_iter().map(|(x, w)| w * f(x)).sum()
        };
        assert!((expectation(32, |x| (2.0 * x).cos()) - (-2.0f64).exp()).abs() < 1e-14);
        assert!((expectation(16, f64::exp) - 0.5f64.exp()).abs() < 1e-14);
    }
}
