//! Numbers and names in aligned columns of text.

/// A header and cells of one width, points below each other.
pub(super) fn aligned(header: &str, cells: &[&str]) -> Vec<String> {
    let split = |cell: &str| cell.find(['.', 'e']).unwrap_or(cell.len());
    let left = cells.iter().map(|cell| split(cell)).max().unwrap_or(0);
    let right = cells.iter().map(|cell| cell.len() - split(cell)).max().unwrap_or(0);
    let width = (left + right).max(header.len());
    let mut column = vec![format!("{header:>width$}")];
    for cell in cells {
        let padded = format!("{}{}", cell, " ".repeat(right - (cell.len() - split(cell))));
        column.push(format!("{padded:>width$}"));
    }
    column
}

/// Decimals that show a digit of the size of `unit`; negative for digits left of the point.
pub(super) fn decimals(unit: f64) -> i32 {
    if unit.is_finite() && unit > 0.0 { -(unit.log10().floor() as i32) } else { 2 }
}

/// A number with so many decimals; with an exponent where that is shorter than zeros. ASCII alone, for alignment.
pub(super) fn fixed(number: f64, decimals: i32) -> String {
    if !number.is_finite() {
        return "-".to_owned();
    }
    let size = if number == 0.0 { 0 } else { number.abs().log10().floor() as i32 };
    let tiny = decimals > 7 && number != 0.0;
    if tiny || size >= 9 {
        let digits = (size + decimals).clamp(0, 15) as usize;
        return format!("{number:.digits$e}");
    }
    let digits = decimals.clamp(0, 12) as usize;
    let text = format!("{number:.digits$}");
    let zero = text.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.'));
    if zero { text.trim_start_matches('-').to_owned() } else { text }
}

/// With a capital, unless it begins with the name of a file, and a full stop.
pub(super) fn as_sentence(text: &str) -> String {
    let text = text.trim();
    let first_word = text.split_whitespace().next().unwrap_or_default();
    let is_file = first_word.trim_end_matches(['.', ',', ':']).contains('.');
    let mut letters = text.chars();
    let first = letters.next().into_iter();
    let mut sentence: String = match is_file {
        true => first.collect(),
        false => first.flat_map(char::to_uppercase).collect(),
    };
    sentence.push_str(letters.as_str());
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

/// `1234567` as `1 234 567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}
