//! The laws that rows keep, by which a row says which of them do not apply to it.

/// The laws that `tests/laws` loops over all rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// The density integrates or sums to 1.
    Normalised,
    /// It equals outside values.
    References,
    /// Its gradient equals differences.
    Gradient,
    /// Draws follow it.
    Draws,
    /// Distribution functions agree with the density.
    Distribution,
    /// forward(inverse(x)) = x, and the log-determinant equals a numeric one.
    RoundTrip,
    /// A function's range contains its image.
    Range,
}
