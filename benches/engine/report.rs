//! Lines of the report, and which of them are wanted.

/// What is printed, and for which rows.
pub struct Report {
    wanted: Vec<String>,
}

impl Report {
    /// Rows named on the command line, or all.
    pub fn from_arguments() -> Self {
        Self { wanted: std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect() }
    }

    /// Whether a row is wanted.
    pub fn wants(&self, name: &str) -> bool {
        self.wanted.is_empty() || self.wanted.iter().any(|word| name.contains(word.as_str()))
    }

    /// Whether a row is named in full.
    pub fn asks(&self, name: &str) -> bool {
        self.wanted.iter().any(|word| word == name)
    }

    /// What was measured.
    pub fn note(&mut self, text: &str) {
        println!("  {text}");
    }

    /// A target; a lower ratio is better.
    pub fn target(&mut self, name: &str, ratio: f64, bound: f64) {
        let verdict = if ratio <= bound { "pass" } else { "miss" };
        println!("TARGET {name} {ratio:.3} {bound} {verdict}");
    }
}
