//! Each way in which a file can be malformed, and each form that is read.

use crate::data::{Fields, Values, decode, read};
use crate::diagnostics::Diagnostic;
use crate::source::Source;

fn fields(name: &str, text: &str) -> (Fields, Vec<Diagnostic>, Source) {
    let source = Source::new(name, text);
    let (fields, diagnostics) = read(std::slice::from_ref(&source));
    (fields, diagnostics, source)
}

/// The only diagnostic: code, message, and the text under its first label.
fn only(name: &str, text: &str) -> (u16, String, String) {
    let (_, diagnostics, source) = fields(name, text);
    assert_eq!(diagnostics.len(), 1, "{text}: {diagnostics:?}");
    let first = diagnostics[0].labels.first().map_or("", |label| source.slice(label.span));
    (diagnostics[0].code.0, diagnostics[0].message.clone(), first.to_owned())
}

fn numbers(fields: &Fields, name: &str) -> (Vec<usize>, Vec<f64>) {
    let field = fields.get(name).unwrap();
    match &field.values {
        Values::Numbers(numbers) => (field.shape.clone(), numbers.clone()),
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn json_fields_of_all_kinds() {
    let text = "\u{feff}{\"k\": 3, \"x\": [[1, -2.5e1], [.5, +4]], \"b\": [true, false],\r\n \"t\": [\"a\", \"b\\u00e9\\n\", 1], \"e\": [], \"f\": [[],[]]}\n";
    let (fields, diagnostics, source) = fields("d.json", text);
    assert_eq!(diagnostics, []);
    assert_eq!(numbers(&fields, "k"), (vec![], vec![3.0]));
    assert_eq!(numbers(&fields, "x"), (vec![2, 2], vec![1.0, -25.0, 0.5, 4.0]));
    assert_eq!(numbers(&fields, "b"), (vec![2], vec![1.0, 0.0]));
    assert_eq!(numbers(&fields, "e"), (vec![0], vec![]));
    assert_eq!(numbers(&fields, "f"), (vec![2, 0], vec![]));
    let t = fields.get("t").unwrap();
    assert_eq!(t.values, Values::Text(["a", "bé\n", "1"].map(str::to_owned).to_vec()));
    let files = [source];
    let under = |field: &str, at: usize| {
        let spans = fields.get(field).unwrap().places(&files, &[at]);
        files[0].slice(spans[0]).to_owned()
    };
    assert_eq!(under("x", 1), "-2.5e1");
    assert_eq!(under("x", 3), "+4");
    assert_eq!(under("t", 1), "\"b\\u00e9\\n\"");
    assert_eq!(under("k", 0), "3");
    assert_eq!(files[0].slice(fields.get("x").unwrap().origin.key), "\"x\"");
}

#[test]
fn json_spells_infinity_and_missing() {
    let text = r#"{"a": [NaN, "NaN", Infinity, -Infinity, "-Inf", "+Infinity", "Inf", inf], "m": [1, null, NA, "NA"]}"#;
    let (fields, diagnostics, _) = fields("d.json", text);
    assert_eq!(diagnostics, []);
    let (_, a) = numbers(&fields, "a");
    let up = f64::INFINITY;
    assert!(a[0].is_nan() && a[1].is_nan());
    assert_eq!(a[2..], [up, -up, -up, up, up, up]);
    assert_eq!(fields.get("a").unwrap().missing, Vec::<usize>::new());
    assert_eq!(fields.get("m").unwrap().missing, [1, 2, 3]);
}

#[test]
fn json_records_become_columns() {
    let text = r#"[{"y": 1.5, "x": [1, 2], "g": "a"}, {"g": "b", "y": null, "x": [3, 4]}]"#;
    let (fields, diagnostics, source) = fields("d.json", text);
    assert_eq!(diagnostics, []);
    assert_eq!(numbers(&fields, "x"), (vec![2, 2], vec![1.0, 2.0, 3.0, 4.0]));
    assert_eq!(fields.get("y").unwrap().missing, [1]);
    let files = [source];
    let spans = fields.get("x").unwrap().places(&files, &[1, 2]);
    assert_eq!(spans.iter().map(|span| files[0].slice(*span)).collect::<Vec<_>>(), ["2", "3"]);
    let spans = fields.get("g").unwrap().places(&files, &[1]);
    assert_eq!(files[0].slice(spans[0]), "\"b\"");
}

#[test]
fn json_that_is_not_well_formed() {
    let cases = [
        (r#"{"y": [1, 2,]}"#, 701, ","),
        (r#"{"y": [1 2]}"#, 701, "2"),
        (r#"{"y": 1} x"#, 701, "x"),
        ("{\"y\": 1}\n{\"y\": 2}", 701, "{"),
        (r#"{y: 1}"#, 701, "y"),
        (r#"{'y': 1}"#, 701, "'"),
        (r#"{"y" 1}"#, 701, "1"),
        (r#"{"y": None}"#, 701, "None"),
        (r#"{"y": True}"#, 701, "True"),
        (r#"{"y": 1.2.3}"#, 701, "1.2.3"),
        (r#"{"y": ]}"#, 701, "]"),
        (r#"{"y": , }"#, 701, ","),
        ("{\"y\": \"a\nb\"}", 701, "\"a"),
        ("// data\n{}", 713 - 12, "/"),
        (r#"{"y": {"a": 1}}"#, 705, "{"),
        (r#"[1, 2]"#, 701, "1"),
        (r#"{"y": 1, "y": 2}"#, 703, "\"y\""),
        (r#"[{"y": 1, "y": 2}]"#, 703, "\"y\""),
        (r#"[{"y": 1}, {"x": 2}]"#, 707, r#"{"x": 2}"#),
        (r#"[{"y": 1}, {}]"#, 707, "{}"),
        (r#"{"x": [[1, 2], [3]]}"#, 704, "[3]"),
        (r#"{"x": [1, [2]]}"#, 704, "["),
        (r#"{"x": [[2], 1]}"#, 704, "1"),
        (r#"{"x": [[], 1]}"#, 704, "1"),
        (r#"{"x": [[], [[1]]]}"#, 704, "[[1]]"),
        (r#"{"x": é}"#, 701, "é"),
    ];
    for (text, code, label) in cases {
        let found = only("d.json", text);
        assert_eq!((found.0, found.2.as_str()), (code, label), "{text}: {}", found.1);
    }
}

#[test]
fn a_ragged_array_is_reported_with_both_lengths_and_the_rest_is_read() {
    let (fields, diagnostics, _) = fields("d.json", r#"{"x": [[1, 2], [3]], "y": [1.5]}"#);
    assert_eq!(diagnostics[0].message, "lists of different lengths in `x`: 2 and 1");
    assert_eq!(fields.get("x").unwrap().values, Values::Broken);
    assert_eq!(numbers(&fields, "y"), (vec![1], vec![1.5]));
}

#[test]
fn truncated_json_says_what_is_open() {
    let text = "{\n\"k\": 1,\n\"y\": [1, 2";
    assert_eq!(only("d.json", text).1, "d.json ends at 3:11 inside the array opened at 3:6");
    for (text, what) in [
        ("{", "object"),
        ("{\"y", "text"),
        ("{\"y\\\"", "text"),
        ("{\"y\"", "object"),
        ("{\"y\":", "object"),
        ("{\"y\": 1", "object"),
        ("{\"y\": 1,", "object"),
        ("{\"y\": tru", "object"),
        ("{\"y\": [[1], [é", "array"),
        ("[{\"y\": 1}", "array"),
        ("[", "array"),
    ] {
        let found = only("d.json", text);
        assert!(found.0 == 702 || text.contains('é'), "{text}: {}", found.1);
        assert!(
            found.0 != 702 || found.1.contains(&format!("inside the {what} opened")),
            "{text}: {}",
            found.1
        );
    }
    assert_eq!(only("d.json", " \n").0, 713);
}

#[test]
fn depth_is_capped() {
    let deep = format!("{{\"x\": {}1{}}}", "[".repeat(32), "]".repeat(32));
    assert!(fields("d.json", &deep).1.is_empty());
    let deeper = format!("{{\"x\": {}", "[".repeat(1_000_000));
    assert_eq!(only("d.json", &deeper).0, 706);
}

#[test]
fn tables_have_columns_of_numbers_texts_and_truth() {
    let text = "\u{feff}y,name,ok,\"z w\"\r\n1.5,Anoka,TRUE,1\r\n-2e1,\"St. \"\"Louis\"\", MN\",false,NA\r\nNaN,,true,\r\n";
    let (fields, diagnostics, source) = fields("d.csv", text);
    assert_eq!(diagnostics, []);
    let (shape, y) = numbers(&fields, "y");
    assert_eq!((shape, &y[..2]), (vec![3], &[1.5, -20.0][..]));
    assert_eq!(numbers(&fields, "ok").1, [1.0, 0.0, 1.0]);
    assert_eq!(fields.get("z w").unwrap().missing, [1, 2]);
    let name = fields.get("name").unwrap();
    assert_eq!(name.values, Values::Text(["Anoka", "St. \"Louis\", MN", ""].map(str::to_owned).to_vec()));
    let files = [source];
    let spans = name.places(&files, &[0, 1]);
    assert_eq!(files[0].slice(spans[0]), "Anoka");
    assert_eq!(files[0].slice(spans[1]), "\"St. \"\"Louis\"\", MN\"");
    assert_eq!(files[0].slice(fields.get("y").unwrap().places(&files, &[1])[0]), "-2e1");
}

#[test]
fn tables_that_are_not_well_formed() {
    let cases = [
        ("a;b\n1,5;2", 709, "a;b"),
        ("a\tb\n1\t2", 709, "a\tb"),
        ("a,b\n1\n1,2", 708, "1"),
        ("a,b\n1,2\n\n1,2,3\n4", 708, "1,2,3"),
        ("a,b,a\n1,2,3", 703, "a"),
        ("1,2\n3,4", 710, "1,2"),
        ("a,b\n1,\"x\n2,y\n", 711, "\""),
        ("", 713, ""),
        ("\n\n", 713, ""),
    ];
    for (text, code, label) in cases {
        let found = only("d.csv", text);
        assert_eq!((found.0, found.2.as_str()), (code, label), "{text:?}: {}", found.1);
    }
    assert_eq!(only("d.tsv", "a,b\n1,2").0, 709);
    let (_, message, _) = only("d.csv", "a,b\n1,2\n\n1,2,3\n4\n");
    assert_eq!(message, "record 2 (line 4) has 3 fields, the header has 2, and so 1 record more");
}

#[test]
fn later_files_add_fields_and_may_not_repeat_one() {
    let files = [Source::new("a.json", r#"{"x": 1}"#), Source::new("b.csv", "y,x\n2,3\n")];
    let (fields, diagnostics) = read(&files);
    assert_eq!(numbers(&fields, "x").1, [1.0]);
    assert_eq!(numbers(&fields, "y").1, [2.0]);
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(diagnostics[0].message, "a.json and b.csv both have the field `x`");
}

#[test]
fn a_file_without_an_ending_is_known_by_its_first_character() {
    assert_eq!(numbers(&fields("-", "{\"x\": 2}").0, "x").1, [2.0]);
    assert_eq!(numbers(&fields("-", "x\n2\n").0, "x").1, [2.0]);
}

#[test]
fn bytes_that_are_not_utf8_are_located() {
    let error = decode("d.csv", b"name\nRen\xe9\n".to_vec()).unwrap_err();
    assert_eq!(error.message, "d.csv: byte 9 (0xe9, in line 2) is not UTF-8");
    assert!(decode("d.csv", "é".into()).is_ok());
}
