//! Random files: whatever they hold, reading and binding end with values or diagnostics.

use std::sync::Arc;

use proptest::prelude::*;

use super::models::{Sketch, axis, read_site, term};
use crate::data::{Format, bind, decode};
use crate::model::{DimId, DimKind, Kind, Model, Operator, TermKind};
use crate::source::Source;

fn model() -> Arc<Model> {
    let filter = term(
        TermKind::Operate(
            Operator::Greater,
            vec![read_site(0, &[axis(0)]), term(TermKind::Number(1.5), &[])],
        ),
        &[axis(0)],
    );
    Sketch::default()
        .dim("obs", DimKind::FromData)
        .dim("group", DimKind::FromData)
        .dim("k", DimKind::Size(read_site(3, &[])))
        .dim("late", DimKind::Sub { parent: DimId(0), filter })
        .data("y", &[0], Kind::Real, "real")
        .data("g", &[0], Kind::Index(DimId(1)), "real")
        .data("x", &[0, 2], Kind::Real, "positive")
        .data("n", &[], Kind::Int, "count")
        .data("u", &[1], Kind::Bool, "real")
        .model()
}

/// Reads, binds, and draws on every place that a label names.
fn survives(name: &str, text: &str) {
    let source = Source::new(name, text);
    let (_, diagnostics) = bind(model(), std::slice::from_ref(&source));
    for diagnostic in &diagnostics {
        assert_ne!(diagnostic.code.row().slug, "internal::uncatalogued", "{diagnostic:?}");
        for label in diagnostic.labels.iter().filter(|label| label.file == crate::diagnostics::File::Data(0))
        {
            assert!(label.span.start <= label.span.end && label.span.end <= text.len(), "{diagnostic:?}");
            assert!(text.get(label.span.start..label.span.end).is_some(), "{diagnostic:?}");
        }
    }
}

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (-3i32..6).prop_map(|number| number.to_string()),
        1 => Just("1.5".to_owned()),
        1 => Just("null".to_owned()),
        1 => Just("\"a\"".to_owned()),
        1 => Just("\"b\\\"\"".to_owned()),
        1 => Just("NaN".to_owned()),
        1 => Just("\"-Inf\"".to_owned()),
        1 => Just("true".to_owned()),
        1 => Just("1e300".to_owned()),
    ]
}

fn value() -> impl Strategy<Value = String> {
    scalar().prop_recursive(3, 24, 4, |inner| {
        prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(", ")))
    })
}

fn object() -> impl Strategy<Value = String> {
    prop::collection::vec(("[ygxnu]", value()), 0..7).prop_map(|fields| {
        let fields: Vec<String> =
            fields.into_iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
        format!("{{{}}}", fields.join(",\n"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn random_letters(text in "[\\[\\]{},:\"0-9a-z\\\\ \n\r;é.-]{0,60}") {
        survives("d.json", &text);
        survives("d.csv", &text);
        survives("-", &text);
    }

    #[test]
    fn random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        if let Ok(source) = decode("d", bytes) {
            let _ = Format::of(&source);
            survives("d.csv", source.text());
            survives("d.tsv", source.text());
            survives("d.json", source.text());
        }
    }

    #[test]
    fn random_objects(text in object(), cut in 0usize..400) {
        survives("d.json", &text);
        let cut = (0..=cut.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        survives("d.json", &text[..cut]);
    }

    #[test]
    fn random_records(records in prop::collection::vec(object(), 0..4)) {
        survives("d.json", &format!("[{}]", records.join(", ")));
    }

    #[test]
    fn random_tables(rows in prop::collection::vec(prop::collection::vec(scalar(), 5), 0..6), end in "\r?\n") {
        let rows: Vec<String> = rows.into_iter().map(|row| row.join(",")).collect();
        survives("d.csv", &format!("y,g,x,n,u{end}{}", rows.join(&end)));
    }
}
