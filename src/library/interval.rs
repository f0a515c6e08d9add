//! Intervals of numbers with open or closed ends and integrality: what is known of a value before any data is read.

/// A set of numbers between two ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end; may be -inf.
    pub low: f64,
    /// Upper end; may be inf.
    pub high: f64,
    /// Whether the lower end is excluded.
    pub low_open: Bound,
    /// Whether the upper end is excluded.
    pub high_open: Bound,
    /// Whether all values are integers.
    pub grain: Grain,
}

/// Whether an end belongs to the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// It does.
    Closed,
    /// It does not.
    Open,
}

/// Integers, or all reals between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grain {
    /// Reals.
    Real,
    /// Integers.
    Integer,
}

impl Interval {
    /// All reals.
    pub const REAL: Self = Self::new(f64::NEG_INFINITY, f64::INFINITY, Bound::Open, Bound::Open, Grain::Real);
    /// Above 0.
    pub const POSITIVE: Self = Self::new(0.0, f64::INFINITY, Bound::Open, Bound::Open, Grain::Real);
    /// 0 or above.
    pub const NONNEG: Self = Self::new(0.0, f64::INFINITY, Bound::Closed, Bound::Open, Grain::Real);
    /// 0 to 1, both included: probabilities.
    pub const UNIT: Self = Self::new(0.0, 1.0, Bound::Closed, Bound::Closed, Grain::Real);
    /// All integers.
    pub const INT: Self =
        Self::new(f64::NEG_INFINITY, f64::INFINITY, Bound::Open, Bound::Open, Grain::Integer);
    /// 0, 1, 2 …
    pub const COUNT: Self = Self::new(0.0, f64::INFINITY, Bound::Closed, Bound::Open, Grain::Integer);
    /// 0 or 1.
    pub const BOOL: Self = Self::new(0.0, 1.0, Bound::Closed, Bound::Closed, Grain::Integer);

    /// From its parts.
    pub const fn new(low: f64, high: f64, low_open: Bound, high_open: Bound, grain: Grain) -> Self {
        Self { low, high, low_open, high_open, grain }
    }

    /// A single number.
    pub fn point(value: f64) -> Self {
        let grain = if value.fract() == 0.0 { Grain::Integer } else { Grain::Real };
        Self::new(value, value, Bound::Closed, Bound::Closed, grain)
    }
}

/// One end: where, and whether it belongs to the set.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Edge {
    at: f64,
    bound: Bound,
}

impl Bound {
    /// Open if one of the two is.
    fn or(self, other: Self) -> Self {
        if self == Self::Open || other == Self::Open { Self::Open } else { Self::Closed }
    }
}

impl Grain {
    /// Integers only if both are.
    fn and(self, other: Self) -> Self {
        if self == Self::Integer && other == Self::Integer { Self::Integer } else { Self::Real }
    }
}

impl Interval {
    /// Numbers from `low` to `high`, both included.
    pub const fn closed(low: f64, high: f64) -> Self {
        Self::new(low, high, Bound::Closed, Bound::Closed, Grain::Real)
    }

    /// Numbers from `low` to `high`, both excluded.
    pub const fn open(low: f64, high: f64) -> Self {
        Self::new(low, high, Bound::Open, Bound::Open, Grain::Real)
    }

    /// The same ends, integers or reals.
    pub const fn with_grain(self, grain: Grain) -> Self {
        Self { grain, ..self }
    }

    /// The same with its ends included (infinite ones apart): what a step function's image needs.
    pub fn with_closed_ends(self) -> Self {
        let closed = |end: f64| if end.is_finite() { Bound::Closed } else { Bound::Open };
        Self { low_open: closed(self.low), high_open: closed(self.high), ..self }
    }

    /// Whether it is a single number, and which.
    pub fn as_point(self) -> Option<f64> {
        (self.low == self.high).then_some(self.low)
    }

    /// Whether it holds no number.
    pub fn is_empty(self) -> bool {
        let touching = self.low == self.high && self.low_open.or(self.high_open) == Bound::Open;
        self.low > self.high || touching || self.low.is_nan() || self.high.is_nan()
    }

    /// Whether a number lies inside.
    pub fn contains(self, x: f64) -> bool {
        let above = if self.low_open == Bound::Open { x > self.low } else { x >= self.low };
        let below = if self.high_open == Bound::Open { x < self.high } else { x <= self.high };
        above && below && (self.grain == Grain::Real || x.fract() == 0.0)
    }

    /// Whether every number of it lies in `other`.
    pub fn is_subset(self, other: Self) -> bool {
        if self.is_empty() {
            return true;
        }
        let low = self.low > other.low
            || (self.low == other.low && (other.low_open == Bound::Closed || self.low_open == Bound::Open));
        let high = self.high < other.high
            || (self.high == other.high
                && (other.high_open == Bound::Closed || self.high_open == Bound::Open));
        let grain = other.grain == Grain::Real
            || self.grain == Grain::Integer
            || self.as_point().is_some_and(|x| x.fract() == 0.0);
        low && high && grain
    }

    /// Whether no number lies in both.
    pub fn is_disjoint(self, other: Self) -> bool {
        let common = self.intersect(other);
        let no_integer = common.grain == Grain::Integer && common.integer_ends_cross();
        common.is_empty() || no_integer
    }

    /// The smallest interval around both.
    pub fn union(self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        let low = least([self.low_edge(), other.low_edge()]);
        let high = greatest([self.high_edge(), other.high_edge()]);
        Self::between(low, high, self.grain.and(other.grain))
    }

    /// What lies in both.
    pub fn intersect(self, other: Self) -> Self {
        let tighter = |a: Edge, b: Edge, first_wins: fn(f64, f64) -> bool| match a.at == b.at {
            true => Edge { at: a.at, bound: a.bound.or(b.bound) },
            false if first_wins(a.at, b.at) => a,
            false => b,
        };
        let low = tighter(self.low_edge(), other.low_edge(), |a, b| a > b);
        let high = tighter(self.high_edge(), other.high_edge(), |a, b| a < b);
        let grain = if self.grain == Grain::Integer { Grain::Integer } else { other.grain };
        Self::between(low, high, grain)
    }

    /// -x
    pub fn negate(self) -> Self {
        Self::new(-self.high, -self.low, self.high_open, self.low_open, self.grain)
    }

    /// x + y
    #[allow(clippy::should_implement_trait, reason = "named like its siblings, which have no trait")]
    pub fn add(self, other: Self) -> Self {
        let sum = |a: Edge, b: Edge| Edge { at: a.at + b.at, bound: a.bound.or(b.bound) };
        let low = sum(self.low_edge(), other.low_edge());
        let high = sum(self.high_edge(), other.high_edge());
        Self::between(low, high, self.grain.and(other.grain))
    }

    /// x - y
    pub fn subtract(self, other: Self) -> Self {
        self.add(other.negate())
    }

    /// x y
    pub fn multiply(self, other: Self) -> Self {
        let corners = self.edges().map(|a| other.edges().map(|b| product(a, b)));
        let corners = [corners[0][0], corners[0][1], corners[1][0], corners[1][1]];
        let mut result = Self::between(least(corners), greatest(corners), self.grain.and(other.grain));
        // A 0 inside of one factor is reached although no corner shows it as closed.
        if self.contains(0.0) || other.contains(0.0) {
            result = result.union(Self::point(0.0).with_grain(result.grain));
        }
        result
    }

    /// x / y; anything where y may be 0 inside.
    pub fn divide(self, other: Self) -> Self {
        self.multiply(other.reciprocal()).with_grain(Grain::Real)
    }

    /// 1 / x
    pub fn reciprocal(self) -> Self {
        let invert = |edge: Edge, of_zero: f64| {
            let at = if edge.at == 0.0 { of_zero } else { 1.0 / edge.at };
            Edge { at, bound: if at.is_finite() { edge.bound } else { Bound::Open } }
        };
        let (low, high) = (self.low_edge(), self.high_edge());
        if self.low >= 0.0 {
            Self::between(invert(high, f64::INFINITY), invert(low, f64::INFINITY), Grain::Real)
        } else if self.high <= 0.0 {
            Self::between(invert(high, f64::NEG_INFINITY), invert(low, f64::NEG_INFINITY), Grain::Real)
        } else {
            Self::REAL
        }
    }

    /// x^y
    pub fn power(self, exponent: Self) -> Self {
        match exponent.as_point() {
            Some(2.0) => self.absolute().map_increasing(|x| x * x).with_grain(self.grain),
            Some(k) if k > 0.0 && k % 2.0 == 0.0 => {
                self.absolute().map_increasing(|x| x.powf(k)).with_grain(self.grain)
            }
            Some(k) if k > 0.0 && k % 2.0 == 1.0 => self.map_increasing(|x| x.powf(k)).with_grain(self.grain),
            Some(k) if k > 0.0 && self.low >= 0.0 => self.map_increasing(|x| x.powf(k)),
            Some(k) if k < 0.0 && k % 2.0 == 0.0 => self.absolute().power(Self::point(-k)).reciprocal(),
            _ if self.is_subset(Self::POSITIVE) => Self::POSITIVE,
            _ if self.is_subset(Self::NONNEG) => Self::NONNEG,
            _ => Self::REAL,
        }
    }

    /// |x|
    pub fn absolute(self) -> Self {
        if self.low >= 0.0 {
            return self;
        }
        if self.high <= 0.0 {
            return self.negate();
        }
        let high = greatest([self.high_edge(), self.negate().high_edge()]);
        let low = Edge { at: 0.0, bound: Bound::Closed };
        Self::between(low, high, self.grain)
    }

    /// The image under an increasing function, as reals.
    pub fn map_increasing(self, function: impl Fn(f64) -> f64) -> Self {
        let image = |edge: Edge| {
            let at = function(edge.at);
            Edge { at, bound: if at.is_finite() { edge.bound } else { Bound::Open } }
        };
        Self::between(image(self.low_edge()), image(self.high_edge()), Grain::Real)
    }

    /// The larger (or smaller) of one number from each.
    pub fn maximum(self, other: Self) -> Self {
        let low = greatest([self.low_edge(), other.low_edge()]);
        let high = greatest([self.high_edge(), other.high_edge()]);
        Self::between(low, high, self.grain.and(other.grain))
    }

    /// The smaller of one number from each.
    pub fn minimum(self, other: Self) -> Self {
        self.negate().maximum(other.negate()).negate()
    }

    fn between(low: Edge, high: Edge, grain: Grain) -> Self {
        let end = |edge: Edge, unknown: f64| match edge.at.is_nan() {
            true => Edge { at: unknown, bound: Bound::Open },
            false => edge,
        };
        let (low, high) = (end(low, f64::NEG_INFINITY), end(high, f64::INFINITY));
        Self::new(low.at, high.at, low.bound, high.bound, grain)
    }

    fn low_edge(self) -> Edge {
        Edge { at: self.low, bound: self.low_open }
    }

    fn high_edge(self) -> Edge {
        Edge { at: self.high, bound: self.high_open }
    }

    fn edges(self) -> [Edge; 2] {
        [self.low_edge(), self.high_edge()]
    }

    fn integer_ends_cross(self) -> bool {
        let first = self.low.ceil() + f64::from(self.low_open == Bound::Open && self.low.fract() == 0.0);
        let last = self.high.floor() - f64::from(self.high_open == Bound::Open && self.high.fract() == 0.0);
        first > last
    }
}

/// The product of two ends. A closed 0 gives 0 whatever the other is; an open 0 times infinity is 0 in the limit
/// that matters, since the other corners cover the rest.
fn product(a: Edge, b: Edge) -> Edge {
    let closed_zero = |edge: Edge| edge.at == 0.0 && edge.bound == Bound::Closed;
    if closed_zero(a) || closed_zero(b) {
        return Edge { at: 0.0, bound: Bound::Closed };
    }
    let at = if a.at == 0.0 || b.at == 0.0 { 0.0 } else { a.at * b.at };
    Edge { at, bound: a.bound.or(b.bound) }
}

/// The lowest end; a closed one before an open one.
fn least<const N: usize>(edges: [Edge; N]) -> Edge {
    extreme(edges, |a, b| a < b)
}

/// The highest end; a closed one before an open one.
fn greatest<const N: usize>(edges: [Edge; N]) -> Edge {
    extreme(edges, |a, b| a > b)
}

fn extreme<const N: usize>(edges: [Edge; N], beyond: fn(f64, f64) -> bool) -> Edge {
    edges
        .into_iter()
        .reduce(|best, edge| {
            let wider = edge.at == best.at && edge.bound == Bound::Closed;
            if beyond(edge.at, best.at) || wider { edge } else { best }
        })
        .expect("there is at least one end")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of an interval: its ends where they belong to it, and points between.
    fn some_of(interval: Interval) -> Vec<f64> {
        let low = interval.low.max(-7.3);
        let high = interval.high.min(8.1);
        (0..=24)
            .map(|k| low + (high - low) * f64::from(k) / 24.0)
            .map(|x| if interval.grain == Grain::Integer { x.round() } else { x })
            .filter(|&x| interval.contains(x))
            .collect()
    }

    fn samples() -> Vec<Interval> {
        vec![
            Interval::REAL,
            Interval::POSITIVE,
            Interval::NONNEG,
            Interval::UNIT,
            Interval::INT,
            Interval::COUNT,
            Interval::BOOL,
            Interval::point(2.0),
            Interval::point(-0.7),
            Interval::open(-1.3, 2.4),
            Interval::closed(-3.1, -0.4),
            Interval::new(0.0, 4.2, Bound::Open, Bound::Closed, Grain::Real),
        ]
    }

    fn encloses(name: &str, on_sets: fn(Interval, Interval) -> Interval, on_numbers: fn(f64, f64) -> f64) {
        for a in samples() {
            for b in samples() {
                let image = on_sets(a, b);
                for x in some_of(a) {
                    for y in some_of(b) {
                        let z = on_numbers(x, y);
                        let rounded = [z, z * (1.0 - 1e-12), z * (1.0 + 1e-12)];
                        let enclosed = !z.is_finite() || rounded.iter().any(|&z| image.contains(z));
                        assert!(enclosed, "{x} {name} {y} = {z}: {a:?} {b:?} {image:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn arithmetic_encloses_all_results() {
        encloses("+", Interval::add, |x, y| x + y);
        encloses("-", Interval::subtract, |x, y| x - y);
        encloses("*", Interval::multiply, |x, y| x * y);
        encloses("/", Interval::divide, |x, y| x / y);
        encloses("^", Interval::power, f64::powf);
        encloses("max", Interval::maximum, f64::max);
        encloses("min", Interval::minimum, f64::min);
        encloses("union", Interval::union, |x, _| x);
        encloses("|x|", |a, _| a.absolute(), |x, _| x.abs());
    }

    #[test]
    fn what_is_positive_stays_positive() {
        let positive = Interval::POSITIVE;
        for known in [
            positive.add(Interval::NONNEG),
            positive.multiply(positive),
            positive.divide(positive),
            positive.power(Interval::REAL),
            Interval::REAL.power(Interval::point(2.0)).add(positive),
            Interval::point(1.0).subtract(Interval::open(0.0, 1.0)),
        ] {
            assert!(known.is_subset(positive), "{known:?}");
        }
        assert!(!Interval::NONNEG.is_subset(positive));
        assert!(Interval::REAL.power(Interval::point(2.0)).is_subset(Interval::NONNEG));
        assert!(Interval::point(1.0).subtract(Interval::UNIT).is_subset(Interval::UNIT));
    }

    #[test]
    fn intersections_and_integers() {
        let between = Interval::open(0.0, 1.0).with_grain(Grain::Integer);
        assert!(Interval::COUNT.is_disjoint(between));
        assert!(!Interval::COUNT.is_disjoint(Interval::BOOL));
        assert!(Interval::BOOL.is_subset(Interval::COUNT));
        assert!(!Interval::UNIT.is_subset(Interval::COUNT));
        assert_eq!(Interval::POSITIVE.intersect(Interval::NONNEG), Interval::POSITIVE);
        assert!(Interval::closed(3.0, 2.0).is_empty());
    }
}
