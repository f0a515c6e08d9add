//! Data that are wrong: every one ends with a coded diagnostic or a plain sentence, soon, and with status 1.

use std::time::{Duration, Instant};

use super::Room;

/// File name, content, words of the refusal.
type Case = (&'static str, &'static [u8], &'static [&'static str]);

const CASES: &[Case] = &[
    ("cut.json", b"{\"y\":[1,2,3", &["V0702", "cut.json:1:", "1:12", "1:6"]),
    ("cut_lines.json", b"{\"y\":\n [1,\n  2", &["V0702", "3:4"]),
    ("comma.json", b"{\"y\": [1 2]}", &["V0701", "1:10"]),
    ("ragged.json", b"{\"y\":[[1,2],[3]],\"sigma\":[1,2]}", &["V0704", "2 and 1"]),
    (
        "short.json",
        b"{\"y\":[1,2,3],\"sigma\":[1,2]}",
        &["V0718", "`sigma` has 2 values", "`y` has 3 values"],
    ),
    ("nested.json", b"{\"y\":[[1],[2]],\"sigma\":[1,2]}", &["y", "V07"]),
    ("nan.json", b"{\"y\":[1,2,NaN],\"sigma\":[1,2,3]}", &["V0724", "y[3]"]),
    ("null.json", b"{\"y\":[1,null,2],\"sigma\":[1,2,3]}", &["V0724", "y[2]"]),
    ("infinite.json", b"{\"y\":[1,2,Infinity],\"sigma\":[1,2,3]}", &["V0725", "y[3]"]),
    ("huge.json", b"{\"y\":[1,2,1e999],\"sigma\":[1,2,3]}", &["V0725", "y[3]"]),
    ("negative.json", b"{\"y\":[1,2],\"sigma\":[1,-2]}", &["V0726", "sigma[2]"]),
    ("text.json", b"{\"y\":[1,\"two\"],\"sigma\":[1,2]}", &["V07", "two"]),
    ("object.json", b"{\"y\":{\"a\":1},\"sigma\":[1,2]}", &["V07", "y"]),
    ("typo.json", b"{\"y\":[1,2,3],\"sgima\":[1,2,3]}", &["V0715", "`sigma`", "did you mean `sgima`"]),
    ("missing.json", b"{\"y\":[1,2,3]}", &["V0715", "`sigma`"]),
    ("twice.json", b"{\"y\":[1],\"y\":[1],\"sigma\":[1]}", &["V0703", "y"]),
    ("empty.json", b"", &["V0713", "empty.json is empty"]),
    ("spaces.json", b" \n \n", &["V07"]),
    ("number.json", b"3", &["V0701", "1:1"]),
    ("trailing.json", b"{\"y\":[1],\"sigma\":[1]} x", &["V0701", "1:23"]),
    ("deep.json", b"{\"y\":[[[[[[[[[[[[[[[[1,2]]]]]]]]]]]]]]]],\"sigma\":[1]}", &["V07"]),
    ("bytes.json", b"{\"y\":[1,2,\xff]}", &["not UTF-8", "line 1"]),
    ("nul.json", b"{\"y\":[1,\0]}", &["V0701"]),
    ("twice.csv", b"y,sigma,y\n1,2,3\n", &["V0703", "twice.csv:1:9"]),
    ("ragged.csv", b"y,sigma\n1,2\n3\n", &["V07", "3"]),
    ("wide.csv", b"y,sigma\n1,2,3\n", &["V07"]),
    ("empty.csv", b"", &["V0713", "empty.csv is empty"]),
    ("text.csv", b"y,sigma\n1,2\ntwo,3\n", &["V07", "two", "3:1"]),
    ("gap.csv", b"y,sigma\n1,2\n,3\n", &["V0724", "y[2]"]),
    ("na.csv", b"y,sigma\n1,2\nNA,3\n", &["V0724", "y[2]"]),
    ("quote.csv", b"y,sigma\n1,\"2\n", &["V0711", "2:3"]),
    ("delimiter.csv", b"y;sigma\n1;2\n", &["V0709", ";"]),
    ("decimal.csv", b"y,sigma\n\"1,5\",2\n", &["V07", "1,5"]),
];

#[test]
fn wrong_data_are_named_with_their_place() {
    let room = Room::new("wrong_data");
    for (name, content, words) in CASES {
        room.write(name, content);
        println!("{name}");
        room.run(&format!("fit eight_schools.vi --data {name}")).refused(1, words);
        room.run(&format!("check eight_schools.vi --data {name}")).refused(1, words);
    }
}

#[test]
fn a_table_without_rows_is_fitted_with_a_warning() {
    let room = Room::new("no_rows");
    room.write("header.csv", "y,sigma\n");
    let run = room.run("fit eight_schools.vi --data header.csv").fine();
    assert!(run.err.contains("V0731") && run.err.contains("nothing is observed"), "{}", run.err);
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let room = Room::new("unreadable");
    std::fs::create_dir(room.folder.join("folder.json")).expect("a folder");
    room.run("fit eight_schools.vi --data folder.json").refused(1, &["`folder.json`", "directory"]);
    room.run("fit eight_schools.vi --data nowhere.json").refused(1, &["`nowhere.json`", "no such file"]);
    room.run("fit nowhere.vi").refused(1, &["`nowhere.vi`", "no such file"]);
    room.run("fit folder.json").refused(1, &["`folder.json`", "directory"]);
    room.write("bytes.vi", b"latent mu ~ normal(0, 1)\n\xff\n");
    for command in ["fit", "check", "fmt", "explain"] {
        room.run(&format!("{command} bytes.vi")).refused(1, &["not UTF-8", "line 2"]);
    }
}

#[test]
fn no_data_at_all_names_what_is_read() {
    let room = Room::new("no_data");
    std::fs::remove_file(room.folder.join("eight_schools.data.json")).expect("it was there");
    room.run("fit eight_schools.vi").refused(1, &["V0714"]);
}

#[test]
fn indices_out_of_range_are_named_with_row_and_value() {
    let room = Room::new("indices");
    room.write(
        "m.vi",
        "dim obs, county = 3\ndata county[obs]: county\ndata y[obs]: real\nlatent b[county] ~ normal(0, 1)\n\
         observe y ~ normal(b[county], 1)\n",
    );
    room.write("high.csv", "county,y\n1,0.3\n2,0.4\n7,0.1\n");
    room.run("fit m.vi --data high.csv").refused(1, &["V0728", "county[3]", "7", "1..3", "high.csv:4:1"]);
    room.write("zero.csv", "county,y\n0,0.3\n2,0.4\n1,0.1\n");
    room.run("fit m.vi --data zero.csv").refused(1, &["V07", "county", "0"]);
    room.write("fraction.csv", "county,y\n1.5,0.3\n");
    room.run("fit m.vi --data fraction.csv").refused(1, &["V0722", "1.5"]);
}

#[test]
fn data_that_their_distribution_cannot_produce_are_refused() {
    let room = Room::new("support");
    room.write("m.vi", "dim n\ndata y[n]: real\nlatent a ~ gamma(2, 1)\nobserve y ~ gamma(a, 1)\n");
    room.write("d.json", r#"{"y": [1.5, -2, 3]}"#);
    room.run("fit m.vi --data d.json").refused(1, &["V0760", "gamma", "-2"]);
    room.write(
        "m.vi",
        "dim n\ndata y[n]: count\ndata k: count\nlatent p ~ beta(1, 1)\nobserve y ~ binomial(k, p)\n",
    );
    room.write("d.json", r#"{"y": [1, 12, 3], "k": 10}"#);
    room.run("fit m.vi --data d.json").refused(1, &["V0760", "12"]);
}

/// Fifty megabytes on one line: answered in seconds, with a short excerpt.
#[test]
fn large_files_of_one_line_are_answered_soon() {
    let room = Room::new("large");
    let numbers = "1.25,".repeat(10_000_000);
    let cases: [(&str, String, &str); 5] = [
        ("long.json", format!("{{\"y\":[{numbers}1],\"sigma\":[1]}}"), "V0718"),
        ("late.json", format!("{{\"y\":[{numbers}1],\"sigma\":[1}}"), "V0701"),
        ("letters.json", "x".repeat(50_000_000), "V0701"),
        ("deep.json", "[".repeat(50_000_000), "V070"),
        ("quote.csv", format!("\"{}", "a".repeat(50_000_000)), "V0711"),
    ];
    for (name, content, code) in cases {
        room.write(name, content);
        let start = Instant::now();
        let run = room.run(&format!("fit eight_schools.vi --data {name}")).refused(1, &[code]);
        assert!(start.elapsed() < Duration::from_secs(30), "{name}: {:?}", start.elapsed());
        assert!(run.err.len() < 4000, "{name}: {} bytes", run.err.len());
        std::fs::remove_file(room.folder.join(name)).expect("it was there");
    }
}

#[test]
fn large_models_are_answered_soon() {
    let room = Room::new("large_model");
    let cases = [
        ("letters.vi", "x".repeat(20_000_000), 1),
        ("brackets.vi", format!("latent a ~ normal(0, {}1)", "(".repeat(100_000)), 1),
        ("sum.vi", format!("latent a ~ normal(0, 1{})", " + 1".repeat(20_000)), 1),
        ("statements.vi", (0..1500).map(|k| format!("latent a{k} ~ normal(0, 1)\n")).collect(), 0),
        ("unknown.vi", (0..1500).map(|k| format!("latent a{k} ~ nromal(b{k}, 1)\n")).collect(), 1),
    ];
    for (name, content, status) in cases {
        room.write(name, content);
        let start = Instant::now();
        let run = room.run(&format!("check {name}"));
        assert_eq!(run.status, status, "{name}: {}", run.err);
        assert!(start.elapsed() < Duration::from_secs(30), "{name}: {:?}", start.elapsed());
        assert!(run.err.len() < 100_000, "{name}: {} bytes", run.err.len());
    }
}
