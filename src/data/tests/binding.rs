//! Sizes, values and what is said when they do not fit.

use std::sync::Arc;

use super::models::{Sketch, axis, read_site, term};
use crate::data::BoundModel;
use crate::diagnostics::{Diagnostic, File};
use crate::library::domain;
use crate::model::{
    Address, DimId, DimKind, Distribution, Factor, Kind, Model, Operator, Recurrence, SiteId, SiteKind,
    Stage, Step, TermKind,
};
use crate::source::{Source, Span};
use crate::translate::Coordinates;

fn bind(model: &Arc<Model>, text: &str) -> (Option<BoundModel>, Vec<Diagnostic>) {
    crate::data::bind(model.clone(), &[Source::new("d.json", text)])
}

fn bound(model: &Arc<Model>, text: &str) -> BoundModel {
    let (bound, diagnostics) = bind(model, text);
    assert_eq!(diagnostics, [], "{text}");
    bound.unwrap()
}

fn only(model: &Arc<Model>, text: &str) -> Diagnostic {
    let (_, diagnostics) = bind(model, text);
    assert_eq!(diagnostics.len(), 1, "{text}: {diagnostics:?}");
    diagnostics.into_iter().next().unwrap()
}

/// The texts under the labels in the data.
fn pointed(diagnostic: &Diagnostic, text: &str) -> Vec<String> {
    let source = Source::new("d.json", text);
    let labels = diagnostic.labels.iter().filter(|label| label.file == File::Data(0));
    labels.map(|label| source.slice(label.span).to_owned()).collect()
}

fn values(bound: &BoundModel, site: usize) -> Vec<f64> {
    bound.bindings().values[site].as_ref().unwrap().values.to_vec()
}

fn schools() -> Arc<Model> {
    Sketch::default()
        .dim("school", DimKind::FromData)
        .data("y", &[0], Kind::Real, "real")
        .data("sigma", &[0], Kind::Real, "positive")
        .model()
}

#[test]
fn lengths_give_sizes() {
    let bound = bound(&schools(), r#"{"J": 3, "y": [28, 8.5, -3], "sigma": [15, 10, 16]}"#);
    assert_eq!(bound.bindings().sizes, [Some(3)]);
    assert_eq!(values(&bound, 0), [28.0, 8.5, -3.0]);
}

#[test]
fn two_lengths_over_one_dim_conflict() {
    let text = r#"{"y": [28, 8.5, -3], "sigma": [15, 10]}"#;
    let error = only(&schools(), text);
    assert_eq!(error.message, "`sigma` has 2 values along `school`, `y` has 3 values");
    assert_eq!(pointed(&error, text), ["\"sigma\"", "\"y\""]);
}

#[test]
fn absent_fields_are_named_with_the_nearest_unread_one() {
    let error = only(&schools(), r#"{"y": [1.5], "Sigma": [2]}"#);
    assert_eq!((error.code.0, error.message.as_str()), (715, "the data have no field `sigma`"));
    assert_eq!(error.help[0].text, "did you mean `Sigma`? write `from \"Sigma\"` after the type");
    let (_, none) = crate::data::bind(schools(), &[]);
    assert_eq!(
        (none.len(), none[0].message.as_str()),
        (1, "no data were given; the model reads `y` and `sigma`")
    );
}

#[test]
fn values_are_checked_against_their_types() {
    let cases = [
        (
            r#"{"y": [1, 2, 3], "sigma": [1, -2, 0]}"#,
            726,
            "`sigma[2]` is -2, not a positive number (and 1 more)",
            &["-2", "0"][..],
        ),
        (
            r#"{"y": [1, null, NaN], "sigma": [1, 2, 3]}"#,
            724,
            "`y`: 2 of 3 rows are missing",
            &["null", "NaN"],
        ),
        (r#"{"y": [1, "-Inf", 3], "sigma": [1, 2, 3]}"#, 725, "`y[2]` is -Infinity", &["\"-Inf\""]),
        (
            r#"{"y": [1, "2 kg", 3], "sigma": [1, 2, 3]}"#,
            721,
            "`y[2]` is the text \"2 kg\", not a number",
            &["\"2 kg\""],
        ),
        (
            r#"{"y": ["1", "2", "3"], "sigma": [1, 2, 3]}"#,
            721,
            "`y[1]` is the text \"1\", not a number (and 2 more)",
            &["\"1\"", "\"2\"", "\"3\""],
        ),
        (
            r#"{"y": [[1], [2]], "sigma": [1, 2]}"#,
            717,
            "`y` is an array of 2 × 1, the model declares 1 axis",
            &["\"y\""],
        ),
    ];
    for (text, code, message, labels) in cases {
        let error = only(&schools(), text);
        assert_eq!((error.code.0, error.message.as_str()), (code, message), "{text}");
        assert_eq!(pointed(&error, text), labels, "{text}");
        assert!(error.labels.iter().any(|label| label.file == File::Model), "{text}");
    }
}

#[test]
fn integers_and_bools_are_such() {
    let model =
        Sketch::default().data("n", &[], Kind::Int, "count").data("b", &[], Kind::Bool, "real").model();
    assert_eq!(values(&bound(&model, r#"{"n": 10.0, "b": true}"#), 0), [10.0]);
    assert_eq!(values(&bound(&model, r#"{"n": [10], "b": [0]}"#), 0), [10.0]);
    assert_eq!(only(&model, r#"{"n": 3.5, "b": 1}"#).message, "`n` is 3.5, not an integer");
    assert_eq!(only(&model, r#"{"n": 3, "b": 2}"#).message, "`b` is 2, neither 0 nor 1");
    assert_eq!(only(&model, r#"{"n": -1, "b": 1}"#).code.0, 726);
    assert_eq!(only(&model, r#"{"n": 1e17, "b": 1}"#).code.0, 722);
    assert_eq!(only(&model, r#"{"n": 1e999, "b": 1}"#).code.0, 725);
}

fn counties(kind: DimKind) -> Arc<Model> {
    Sketch::default()
        .dim("obs", DimKind::FromData)
        .dim("county", kind)
        .data("c", &[0], Kind::Index(DimId(1)), "real")
        .model()
}

#[test]
fn coordinates_become_positions() {
    let free = bound(&counties(DimKind::FromData), r#"{"c": [3, 1, 3]}"#);
    assert_eq!((free.bindings().sizes[1], values(&free, 0)), (Some(3), vec![2.0, 0.0, 2.0]));
    let range = DimKind::Range(term(TermKind::Number(1851.0), &[]), term(TermKind::Number(1853.0), &[]));
    let years = counties(range);
    assert_eq!(values(&bound(&years, r#"{"c": [1853, 1851]}"#), 0), [2.0, 0.0]);
    let error = only(&years, r#"{"c": [1850, 1854, 1852]}"#);
    assert_eq!(
        error.message,
        "`c[1]` is 1850, which is no element of `county`: its elements are 1851..1853 (and 1 more)"
    );
}

#[test]
fn codes_from_zero_are_recognised() {
    let error = only(&counties(DimKind::FromData), r#"{"c": [0, 2, 1]}"#);
    assert_eq!(error.code.0, 727);
    assert_eq!(error.help[0].text, "if the codes count from 0, write `dim county = 0..2`");
    let error = only(&counties(DimKind::Size(term(TermKind::Number(3.0), &[]))), r#"{"c": [0, 2, 1]}"#);
    assert_eq!(error.help[0].text, "if the codes count from 0, write `dim county = 0..2`");
}

#[test]
fn texts_become_labels() {
    let free = bound(&counties(DimKind::FromData), r#"{"c": ["Rice", "Anoka", "Rice"]}"#);
    let labels = Coordinates::Labels(["Anoka", "Rice"].map(str::to_owned).to_vec());
    assert_eq!((&free.bindings().coordinates[1], values(&free, 0)), (&labels, vec![1.0, 0.0, 1.0]));
    let declared = counties(DimKind::Labels(["Rice", "Anoka"].map(str::to_owned).to_vec()));
    assert_eq!(values(&bound(&declared, r#"{"c": ["Rice", "Anoka"]}"#), 0), [0.0, 1.0]);
    assert_eq!(values(&bound(&declared, r#"{"c": [2, 1]}"#), 0), [1.0, 0.0]);
    let error = only(&declared, r#"{"c": ["Rice", "anoka"]}"#);
    assert_eq!((error.code.0, error.help[0].text.as_str()), (729, "did you mean \"Anoka\"?"));
    let error = only(&counties(DimKind::Size(term(TermKind::Number(3.0), &[]))), r#"{"c": ["a"]}"#);
    assert_eq!(error.code.0, 733);
}

#[test]
fn a_text_among_codes_is_mentioned() {
    let text = r#"{"c": [1, 2, "x", 10]}"#;
    let (bound, said) = bind(&counties(DimKind::FromData), text);
    let bound = bound.unwrap();
    assert_eq!((said.len(), said[0].code.0, pointed(&said[0], text)), (1, 736, vec!["\"x\"".to_owned()]));
    assert_eq!(values(&bound, 0), [0.0, 2.0, 3.0, 1.0]);
    assert_eq!(bind(&counties(DimKind::FromData), r#"{"c": ["1", "x"]}"#).1, []);
}

#[test]
fn labels_meet_lengths() {
    let model = Sketch::default()
        .dim("obs", DimKind::FromData)
        .dim("county", DimKind::FromData)
        .data("c", &[0], Kind::Index(DimId(1)), "real")
        .data("u", &[1], Kind::Real, "real")
        .model();
    let (bound, said) = bind(&model, r#"{"c": ["b", "a"], "u": [1.5, 2.5]}"#);
    assert_eq!((bound.is_some(), said.len(), said[0].code.0), (true, 1, 732));
    assert_eq!(only(&model, r#"{"c": ["b", "a"], "u": [1.5, 2.5, 3.5]}"#).code.0, 718);
    assert_eq!(only(&model, r#"{"c": [1, 4], "u": [1.5, 2.5, 3.5]}"#).code.0, 728);
    assert_eq!(only(&model, r#"{"c": [27001, 27003]}"#).code.0, 715);
    assert_eq!(only(&counties(DimKind::FromData), r#"{"c": [27001, 27003]}"#).code.0, 735);
    assert_eq!(only(&counties(DimKind::FromData), r#"{"c": [1e12]}"#).code.0, 730);
}

#[test]
fn sizes_and_filters_follow_from_data() {
    let model = Sketch::default()
        .dim("lag", DimKind::Size(read_site(0, &[])))
        .dim("time", DimKind::FromData)
        .dim(
            "late",
            DimKind::Sub {
                parent: DimId(1),
                filter: term(
                    TermKind::Operate(Operator::Greater, vec![read_site(1, &[axis(1)]), read_site(0, &[])]),
                    &[axis(1)],
                ),
            },
        )
        .data("K", &[], Kind::Int, "count")
        .data("y", &[1], Kind::Real, "real")
        .data("w", &[0], Kind::Real, "real")
        .site("copy", &[2], (Kind::Real, "real"), SiteKind::Let(term(TermKind::Number(2.5), &[])))
        .model();
    let bound = bound(&model, r#"{"K": 2, "y": [1.5, 2.5, 3.5], "w": [7, 8]}"#);
    assert_eq!(bound.bindings().sizes, [Some(2), Some(3), Some(2)]);
    assert_eq!(bound.bindings().parents[2], [1, 2]);
    assert_eq!(bound.bindings().coordinates[2], Coordinates::Selected(vec!["2".into(), "3".into()]));
    assert_eq!(values(&bound, 3), [2.5, 2.5]);
    let error = only(&model, r#"{"K": 2, "y": [1.5, 2.5, 3.5], "w": [7, 8, 9]}"#);
    assert_eq!(error.message, "`w` has 3 values along `lag`, which has 2 elements");
}

#[test]
fn a_size_must_be_one() {
    for (size, code) in [(2.5, 730), (-1.0, 730), (1e12, 730)] {
        let kind = DimKind::Size(term(TermKind::Number(size), &[]));
        let model = Sketch::default().dim("k", kind).data("x", &[0], Kind::Real, "real").model();
        assert_eq!(only(&model, r#"{"x": [1.5]}"#).code.0, code);
    }
    let model = Sketch::default().dim("k", DimKind::FromData).data("x", &[], Kind::Real, "real").model();
    assert_eq!(only(&model, r#"{"x": 1.5}"#).code.0, 720);
}

#[test]
fn defaults_fill_in_and_near_names_are_mentioned() {
    let default = SiteKind::Data {
        field: "scale".into(),
        field_span: Span::default(),
        default: Some(term(TermKind::Number(2.5), &[])),
        gaps: None,
    };
    let model = Sketch::default()
        .dim("obs", DimKind::FromData)
        .data("y", &[0], Kind::Real, "real")
        .site("scale", &[0], (Kind::Real, "positive"), default)
        .model();
    assert_eq!(values(&bound(&model, r#"{"y": [1, 2]}"#), 1), [2.5, 2.5]);
    assert_eq!(values(&bound(&model, r#"{"y": [1, 2], "scale": [3, 4]}"#), 1), [3.0, 4.0]);
    let (bound, said) = bind(&model, r#"{"y": [1, 2], "Scale": [3, 4], "N": 2}"#);
    assert_eq!((bound.is_some(), said.len(), said[0].code.0), (true, 1, 716));
}

#[test]
fn lets_and_interval_ends_are_checked() {
    let difference =
        term(TermKind::Operate(Operator::Subtract, vec![read_site(0, &[]), read_site(1, &[])]), &[]);
    let model = Sketch::default()
        .data("a", &[], Kind::Real, "real")
        .data("b", &[], Kind::Real, "real")
        .last(|site| {
            site.domain.domain = domain("upper").unwrap();
            site.domain.ends[1] = Some(Arc::new(read_site(0, &[])));
        })
        .site("r", &[], (Kind::Real, "positive"), SiteKind::Let(difference))
        .model();
    assert_eq!(values(&bound(&model, r#"{"a": 2.5, "b": 1.25}"#), 2), [1.25]);
    let error = only(&model, r#"{"a": 2.5, "b": 2.5}"#);
    assert_eq!((error.code.0, error.message.as_str()), (734, "`r` is 0, not a positive number"));
    let (_, said) = bind(&model, r#"{"a": 2.5, "b": 3.5}"#);
    assert_eq!(said[0].message, "`b` is 3.5, not a number below 2.5");
}

#[test]
fn joint_domains_are_checked_cell_by_cell() {
    let model = Sketch::default()
        .dim("doc", DimKind::FromData)
        .dim("topic", DimKind::FromData)
        .data("w", &[1, 0], Kind::Real, "simplex")
        .last(|site| site.domain.over = vec![axis(1)])
        .model();
    bound(&model, r#"{"w": [[0.25, 0.5], [0.75, 0.5]]}"#);
    let error = only(&model, r#"{"w": [[0.25, 0.5], [0.75, 0.75]]}"#);
    assert_eq!(error.message, "`w` is not a vector of probabilities that sum to 1: does not sum to 1");
}

#[test]
fn recurrences_of_data_are_computed() {
    let first = term(
        TermKind::Operate(
            Operator::Equal,
            vec![term(TermKind::Position(axis(0)), &[axis(0)]), term(TermKind::Number(0.0), &[])],
        ),
        &[axis(0)],
    );
    let before = term(
        TermKind::Operate(
            Operator::Subtract,
            vec![term(TermKind::Position(axis(0)), &[axis(0)]), term(TermKind::Number(1.0), &[])],
        ),
        &[axis(0)],
    );
    let own = term(TermKind::Read(SiteId(1), vec![Address::At(before)]), &[axis(0)]);
    let sum = term(TermKind::Operate(Operator::Add, vec![own, read_site(0, &[axis(0)])]), &[axis(0)]);
    let value =
        term(TermKind::If(Arc::new(first), Arc::new(read_site(0, &[axis(0)])), Arc::new(sum)), &[axis(0)]);
    let mut sketch = Sketch::default()
        .dim("time", DimKind::FromData)
        .data("x", &[0], Kind::Real, "real")
        .site("total", &[0], (Kind::Real, "real"), SiteKind::Let(value));
    sketch.0.order[1] = Step::Recurrence(Recurrence { axis: axis(0), members: vec![SiteId(1)] });
    let bound = bound(&sketch.model(), r#"{"x": [1.5, 2, 3.25, -1]}"#);
    assert_eq!(values(&bound, 1), [1.5, 3.5, 6.75, 5.75]);
}

#[test]
fn nothing_observed_is_a_warning() {
    let mut sketch = Sketch::default().dim("obs", DimKind::FromData).data("y", &[0], Kind::Real, "real");
    sketch.0.factors.push(Factor::Observe {
        target: read_site(0, &[axis(0)]),
        site: SiteId(0),
        axes: vec![axis(0)],
        distribution: Distribution::Mixture { weights: vec![], components: vec![], span: Span::default() },
        gaps: None,
        span: Span::new(0, 1),
    });
    let (bound, said) = bind(&sketch.model(), r#"{"y": []}"#);
    assert_eq!((bound.is_some(), said.len(), said[0].code.0), (true, 1, 731));
}

#[test]
fn what_cannot_be_computed_is_said() {
    let sketch = |stage: Stage| {
        Sketch::default()
            .data("a", &[], Kind::Real, "real")
            .site("b", &[], (Kind::Real, "real"), SiteKind::Let(read_site(2, &[])))
            .last(|site| site.stage = stage)
            .site("c", &[], (Kind::Real, "real"), SiteKind::Let(term(TermKind::Number(2.5), &[])))
            .last(|site| site.stage = Stage::Model)
            .model()
    };
    assert_eq!(only(&sketch(Stage::Data), r#"{"a": 2.5}"#).code.0, 720);
    bound(&sketch(Stage::Model), r#"{"a": 2.5}"#);
}
