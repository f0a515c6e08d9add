//! The engine against the targets of `benches/README.md`: one line for each, `TARGET name ratio bound pass|miss`, and
//! before each of them a line with what was measured. Arguments choose rows whose names contain one of them.
#![allow(clippy::disallowed_methods, reason = "benchmarks read files, variables and the clock")]
#![allow(clippy::print_stdout, reason = "a benchmark reports on standard output")]

mod dense_rows;
mod engine_rows;
mod evaluation;
mod hand;
mod measure;
mod models;
mod objective;
mod peer_rows;
mod plate_rows;
mod report;
mod thread_rows;
mod whole_rows;

use report::Report;

fn main() {
    if whole_rows::is_child() {
        return whole_rows::child();
    }
    let mut report = Report::from_arguments();
    engine_rows::run(&mut report);
    dense_rows::run(&mut report);
    plate_rows::run(&mut report);
    thread_rows::run(&mut report);
    peer_rows::run(&mut report);
    whole_rows::run(&mut report);
}
