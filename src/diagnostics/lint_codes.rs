//! Rows of the catalogue about models that can be fitted and are yet doubtful: all of them warnings, which a comment
//! `# allow: slug` silences.

use super::codes::{Code, Row, Severity};

/// The rows, by code.
pub static ROWS: &[Row] = &[
    Row {
        code: Code(1001),
        slug: "unused::data",
        severity: Severity::Warning,
        summary: "data that nothing reads",
        explanation: "Perhaps a statement is missing, or a name is mistyped.",
        wrong: "data x: real\ndata y: real\nlatent a ~ normal(0, 1)\nobserve y ~ normal(a, 1)\n",
        right: "data y: real\nlatent a ~ normal(0, 1)\nobserve y ~ normal(a, 1)\n",
    },
    Row {
        code: Code(1002),
        slug: "unused::let",
        severity: Severity::Warning,
        summary: "a let that nothing reads",
        explanation: "Values of interest are asked for with `generate`.",
        wrong: "data y: real\nlatent a ~ normal(0, 1)\nlet b = a + 1\nobserve y ~ normal(a, 1)\n",
        right: "data y: real\nlatent a ~ normal(0, 1)\ngenerate b = a + 1\nobserve y ~ normal(a, 1)\n",
    },
    Row {
        code: Code(1003),
        slug: "unused::latent",
        severity: Severity::Warning,
        summary: "a latent that nothing depends on",
        explanation: "Its posterior is its prior.",
        wrong: "data y: real\nlatent a ~ normal(0, 1)\nlatent b ~ normal(0, 1)\nobserve y ~ normal(a, 1)\n",
        right: "data y: real\nlatent a ~ normal(0, 1)\nlatent b ~ normal(0, 1)\nobserve y ~ normal(a + b, 1)\n",
    },
    Row {
        code: Code(1004),
        slug: "observe::twice",
        severity: Severity::Warning,
        summary: "data observed twice",
        explanation: "Both terms enter the likelihood: the data count double.",
        wrong: "data y: real\nlatent a ~ normal(0, 1)\nobserve y ~ normal(a, 1)\nobserve y ~ normal(a, 2)\n",
        right: "data y: real\nlatent a ~ normal(0, 1)\nobserve y ~ normal(a, 1)\n",
    },
    Row {
        code: Code(1005),
        slug: "real::equality",
        severity: Severity::Warning,
        summary: "real numbers compared for equality",
        explanation: "Two real numbers that are computed or drawn are equal with probability 0.",
        wrong: "data y: real\nlatent a ~ normal(0, 1)\nobserve y ~ normal(if a == 0 then 1 else 2, 1)\n",
        right: "data y: real\nlatent a ~ normal(0, 1)\nobserve y ~ normal(if a > 0 then 1 else 2, 1)\n",
    },
];
