//! A fit under way: its progress line, its time limit, Ctrl-C.
#![allow(clippy::disallowed_methods, reason = "the clock is read here")]

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use vic::inference::{Progress, Watch};

/// How often Ctrl-C was pressed.
static INTERRUPTS: AtomicUsize = AtomicUsize::new(0);

/// Watches a fit from the terminal.
pub struct Terminal {
    line: Option<ProgressBar>,
    start: Instant,
    limit: Option<Duration>,
}

/// Whether a progress line is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    Shown,
    Hidden,
}

impl Terminal {
    /// Starts watching. The first Ctrl-C asks the fit to end with what it has, the second ends the process.
    pub fn start(line: Line, limit: Option<f64>) -> Self {
        let _ = ctrlc::set_handler(|| {
            if INTERRUPTS.fetch_add(1, Ordering::SeqCst) > 0 {
                std::process::exit(130);
            }
            let _ = writeln!(std::io::stderr(), "ending with what there is; Ctrl-C again ends at once");
        });
        let shown = line == Line::Shown && std::io::stderr().is_terminal();
        let line = shown.then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
                bar.set_style(style);
            }
            bar
        });
        let limit =
            limit.filter(|seconds| seconds.is_finite() && *seconds >= 0.0).map(Duration::from_secs_f64);
        Self { line, start: Instant::now(), limit }
    }

    /// Shows a text on the progress line.
    pub fn say(&self, text: String) {
        if let Some(line) = &self.line {
            line.set_message(text);
            line.tick();
        }
    }

    /// Whether Ctrl-C was pressed or the time is up.
    pub fn is_over(&self) -> bool {
        INTERRUPTS.load(Ordering::SeqCst) > 0 || self.limit.is_some_and(|limit| self.start.elapsed() > limit)
    }

    /// Takes the progress line away.
    pub fn finish(&self) {
        self.line.iter().for_each(ProgressBar::finish_and_clear);
    }
}

impl Watch for Terminal {
    fn progress(&mut self, progress: &Progress) {
        self.say(describe(progress));
    }

    fn should_stop(&mut self) -> bool {
        self.is_over()
    }

    fn seconds(&mut self) -> Option<f64> {
        Some(self.start.elapsed().as_secs_f64())
    }
}

fn describe(progress: &Progress) -> String {
    format!("{} · {} evaluations", progress.stage, progress.evaluations)
}
