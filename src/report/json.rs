//! A report as one JSON object of a stable shape.

use serde::Serialize;
use serde_json::Value;

/// The version that made the report, then the report.
#[derive(Serialize)]
struct Object<'a, R> {
    vic: &'static str,
    #[serde(flatten)]
    report: &'a R,
}

/// The object. Numbers that are not finite become `null`, since JSON has none.
pub fn object<R: Serialize>(report: &R) -> Value {
    let object = Object { vic: env!("CARGO_PKG_VERSION"), report };
    serde_json::to_value(object).expect("a report has plain keys and values")
}
