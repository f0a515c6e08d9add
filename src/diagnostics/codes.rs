//! The catalogue: one row for each diagnostic.

/// A diagnostic's identity: shown as `V0101`, explained by `vic explain V0101`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(pub u16);

/// Whether it stops the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It does.
    Error,
    /// It is said, and the pipeline goes on.
    Warning,
}

/// A row of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// `V0101` is `Code(101)`.
    pub code: Code,
    /// `area::slug`, the readable name.
    pub slug: &'static str,
    /// Whether it stops the pipeline.
    pub severity: Severity,
    /// One line.
    pub summary: &'static str,
    /// A paragraph or two: why it is wrong and what to do.
    pub explanation: &'static str,
    /// A small model that shows it (or, for data, words).
    pub wrong: &'static str,
    /// The same, mended.
    pub right: &'static str,
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "V{:04}", self.0)
    }
}

impl Code {
    /// Its row.
    pub fn row(self) -> &'static Row {
        CATALOGUE.iter().flat_map(|area| area.iter()).find(|row| row.code == self).unwrap_or(&FAULT)
    }
}

/// Said where a code has no row: a fault of our own, found by a test.
static FAULT: Row = Row {
    code: Code(9999),
    slug: "internal::uncatalogued",
    severity: Severity::Error,
    summary: "a diagnostic without a row",
    explanation: "This is a fault in vic itself; please report it.",
    wrong: "",
    right: "",
};

/// Every row, by area: 01xx syntax, 02xx names, 03xx dims and shapes, 04xx calls and types, 05xx supports,
/// 06xx recursion and stages, 07xx data, 08xx estimators and what is not supported yet, 09xx run time and fit,
/// 10xx lints.
pub static CATALOGUE: &[&[Row]] = &[
    super::syntax_codes::ROWS,
    super::model_codes::ROWS,
    super::data_codes::ROWS,
    super::estimator_codes::ROWS,
    super::run_codes::ROWS,
    super::lint_codes::ROWS,
];
