//! Data files as people have them: CSV with labels, byte order marks, several files, standard input.

use super::{Room, SCHOOLS};
use serde_json::Value;

const COUNTIES: &str = "dim obs, county, floor = [\"basement\", \"first\"]\ndata county[obs]: county\n\
     data floor[obs]: floor\ndata y[obs]: real\nlatent b[county, floor] ~ normal(0, 1)\n\
     observe y ~ normal(b[county, floor], 1)\n";

fn names(text: &str) -> Vec<String> {
    let object: Value = serde_json::from_str(text).expect("an object");
    let rows = object["summary"].as_array().expect("rows").iter();
    rows.map(|row| row["name"].as_str().expect("a name").to_string()).collect()
}

fn means(text: &str) -> Vec<f64> {
    let object: Value = serde_json::from_str(text).expect("an object");
    object["summary"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| row["mean"].as_f64().expect("a mean"))
        .collect()
}

#[test]
fn labels_name_the_scalars() {
    let room = Room::new("labels");
    room.write("m.vi", COUNTIES);
    room.write(
        "d.csv",
        "county,floor,y\nAnoka,first,0.3\n\"Lac, qui Parle\",basement,0.4\nAnoka,basement,0.1\n",
    );
    let run = room.run("fit m.vi --data d.csv --format json").fine();
    let expected =
        ["b[Anoka,basement]", "b[Anoka,first]", "b[Lac, qui Parle,basement]", "b[Lac, qui Parle,first]"];
    assert_eq!(names(&run.out), expected);
    // Conjugate: one observation halves the way to it.
    for (found, expected) in means(&run.out).iter().zip([0.05, 0.15, 0.2, 0.0]) {
        assert!((found - expected).abs() < 0.1, "{found} {expected}");
    }
    let table = room.run("fit m.vi --data d.csv --format csv --out r").fine();
    assert!(table.out.contains("\"b[Anoka,first]\""), "{}", table.out);
    let draws = room.read("r/draws.csv");
    assert_eq!(csv::Reader::from_reader(draws.as_bytes()).headers().expect("a header").len(), 5);
}

#[test]
fn a_mark_and_windows_lines_and_quotes_change_nothing() {
    let room = Room::new("windows");
    room.write("m.vi", COUNTIES);
    room.write("plain.csv", "county,floor,y\nAnoka,first,0.3\nHennepin,basement,0.4\n");
    room.write(
        "odd.csv",
        "\u{feff}\"county\",floor,\"y\"\r\n\"Anoka\",first,0.3\r\nHennepin,\"basement\",0.4\r\n",
    );
    let fit = |file| room.run(&format!("fit m.vi --format csv --data {file}")).fine().out;
    assert_eq!(fit("plain.csv"), fit("odd.csv"));
}

#[test]
fn a_table_may_have_other_delimiters_and_decimals() {
    let room = Room::new("delimiters");
    room.write("m.vi", "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent b ~ normal(0, 1)\nobserve y ~ normal(b * x, 1)\n");
    room.write("plain.csv", "x,y\n1.5,2.25\n-2,0.5\n0.25,1e-1\n");
    room.write("semicolons.csv", "x;y\n1,5;2,25\n-2;0,5\n0,25;1e-1\n");
    room.write("bars.csv", "x|y\n1.5|2.25\n-2|0.5\n0.25|1e-1\n");
    room.write("tabs.txt", "x\ty\n1.5\t2.25\n-2\t0.5\n0.25\t1e-1\n");
    let fit = |data: &str| room.run(&format!("fit m.vi --format csv --data {data}")).fine().out;
    let plain = fit("plain.csv");
    assert_eq!(plain, fit("semicolons.csv --delimiter ; --decimal ,"));
    assert_eq!(plain, fit("semicolons.csv --decimal ,"));
    assert_eq!(plain, fit("bars.csv --delimiter |"));
    assert_eq!(plain, fit("tabs.txt --delimiter tab"));
    // Without the options, the message names them.
    room.run("fit m.vi --data semicolons.csv").refused(1, &["V0709", "--delimiter ';' --decimal ','"]);
    room.run("check m.vi --data bars.csv").refused(1, &["V0709", "--delimiter '|'"]);
    room.run("fit m.vi --data semicolons.csv --delimiter ;").refused(1, &["V0721", "--decimal ','"]);
    room.run("fit m.vi --data plain.csv --decimal , --delimiter ,").refused(1, &["another `--delimiter`"]);
    let run = room.run("fit m.vi --data plain.csv --delimiter ab");
    assert_eq!(run.status, 2, "{}", run.err);
    // A point in such a table parts thousands, and is not guessed at.
    room.write("thousands.csv", "x;y\n1.500;2,25\n-2;0,5\n");
    room.run("check m.vi --data thousands.csv --decimal ,").refused(1, &["V0721", "1.500"]);
}

#[test]
fn a_model_may_have_a_mark_and_windows_lines() {
    let room = Room::new("windows_model");
    let text = room.read(SCHOOLS);
    room.write("windows.vi", format!("\u{feff}{}", text.replace('\n', "\r\n")));
    let fit =
        |model| room.run(&format!("fit {model} --data eight_schools.data.json --format csv")).fine().out;
    assert_eq!(fit(SCHOOLS), fit("windows.vi"));
}

#[test]
fn integers_are_coordinates() {
    let room = Room::new("coordinates");
    room.write("m.vi", "dim year = 1871..1873\ndata y[year]: real\nlatent m[year] ~ normal(0, 1)\nobserve y ~ normal(m, 1)\n");
    room.write("d.json", r#"{"y": [0.5, 1.5, -0.5]}"#);
    let run = room.run("fit m.vi --data d.json --format json").fine();
    assert_eq!(names(&run.out), ["m[1871]", "m[1872]", "m[1873]"]);
}

#[test]
fn json_columns_rows_and_csv_are_the_same_data() {
    let room = Room::new("layouts");
    room.write("records.json", r#"[{"y": 28, "sigma": 15}, {"sigma": 10, "y": 8}, {"y": -3, "sigma": 16}]"#);
    room.write("columns.json", r#"{"y": [28, 8, -3], "sigma": [15, 10, 16]}"#);
    room.write("table.csv", "sigma,y\n15,28\n10,8\n16,-3\n");
    room.write("y.json", r#"{"y": [28, 8, -3]}"#);
    room.write("sigma.csv", "sigma\n15\n10\n16\n");
    let fit = |data: &str| room.run(&format!("fit eight_schools.vi --format csv {data}")).fine().out;
    let columns = fit("--data columns.json");
    assert_eq!(fit("--data records.json"), columns);
    assert_eq!(fit("--data table.csv"), columns);
    assert_eq!(fit("--data y.json --data sigma.csv"), columns);
    assert_eq!(fit("--data sigma.csv --data y.json"), columns);
}

#[test]
fn standard_input_is_a_data_file() {
    let room = Room::new("pipe");
    let beside = room.run("fit eight_schools.vi --format csv").fine().out;
    let data = room.read("eight_schools.data.json");
    assert_eq!(room.pipe("fit eight_schools.vi --format csv --data -", data.as_bytes()).fine().out, beside);
    let table = b"sigma,y\n15,28\n10,8\n16,-3\n";
    room.pipe("fit eight_schools.vi --data -", table).fine();
    room.pipe("fit eight_schools.vi --data -", b"").refused(1, &["standard input is empty"]);
}

#[test]
fn a_field_in_two_files_is_refused() {
    let room = Room::new("twice");
    room.run("fit eight_schools.vi --data eight_schools.data.json --data eight_schools.data.json")
        .refused(1, &["y", "V0"]);
}
