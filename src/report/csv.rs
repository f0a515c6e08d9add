//! The summary of a report as a table for other programs.

use ::csv::Writer;

use super::Report;

/// A header and one record for each number of the posterior; then the values that were learned, as means without more.
/// Numbers that are not finite are left empty.
pub fn rows(report: &Report) -> String {
    let mut writer = Writer::from_writer(Vec::new());
    let written = write(&mut writer, report);
    let bytes = written.and_then(|()| writer.into_inner().map_err(|error| error.into_error().into()));
    let bytes = bytes.expect("writing to memory does not fail");
    String::from_utf8(bytes).expect("names and numbers are UTF-8")
}

fn write(writer: &mut Writer<Vec<u8>>, report: &Report) -> Result<(), ::csv::Error> {
    writer.write_record(["name", "mean", "sd", "q05", "q50", "q95", "mcse"])?;
    for row in &report.summary {
        let numbers = [row.mean, row.sd, row.q05, row.q50, row.q95, row.mcse].map(cell);
        writer.write_record(std::iter::once(row.name.as_str()).chain(numbers.iter().map(String::as_str)))?;
    }
    for learned in report.learned.iter().flat_map(|learned| &learned.values) {
        let value = cell(learned.value);
        writer.write_record([learned.name.as_str(), &value, "", "", "", "", ""])?;
    }
    Ok(())
}

/// The shortest digits that give the number back.
fn cell(number: f64) -> String {
    if number.is_finite() { format!("{number:?}") } else { String::new() }
}
