//! What is said about a person's mistake: a value with a code, spans and help. No drawing happens here but in `render`.

pub mod allow;
pub mod codes;
pub mod data_codes;
mod edits;
pub mod estimator_codes;
mod excerpt;
pub mod lint_codes;
pub mod model_codes;
pub mod render;
pub mod run_codes;
pub mod suggest;
pub mod syntax_codes;

pub use codes::{Code, Severity};
pub use edits::{apply, certain};

use crate::source::{Source, Span};

/// Which text a label points into: the model, or the n-th data file given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum File {
    /// The `.vi` file.
    Model,
    /// A data file, in the order given on the command line.
    Data(usize),
}

/// A remark attached to a place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Label {
    /// The text that `span` is in.
    pub file: File,
    /// The place.
    pub span: Span,
    /// A few words; may be empty.
    pub text: String,
}

/// One replacement of text in the model.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Edit {
    /// What is replaced (empty: an insertion).
    pub span: Span,
    /// By what.
    pub text: String,
}

/// What to do about it: words, and the edit itself where it is certain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Help {
    /// One sentence or a form to write; empty where there is nothing to say.
    pub text: String,
    /// Edits that mend the mistake without a choice left to the person.
    pub edits: Vec<Edit>,
}

/// One mistake, or one warning, reported once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Diagnostic {
    /// The row of the catalogue.
    pub code: Code,
    /// The fact, in the user's names; can stand alone. Lower case, no full stop.
    pub message: String,
    /// The narrow place at fault first, then who demanded it.
    pub labels: Vec<Label>,
    /// What to do.
    pub help: Vec<Help>,
}

impl Diagnostic {
    /// A diagnostic without a place yet.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), labels: Vec::new(), help: Vec::new() }
    }

    /// Adds a label in the model.
    pub fn at(self, span: Span, text: impl Into<String>) -> Self {
        self.in_file(File::Model, span, text)
    }

    /// Adds a label in any text.
    pub fn in_file(mut self, file: File, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { file, span, text: text.into() });
        self
    }

    /// Adds a line of help.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(Help { text: text.into(), edits: Vec::new() });
        self
    }

    /// Adds a line of help with the edits that carry it out.
    pub fn fix(mut self, text: impl Into<String>, edits: Vec<Edit>) -> Self {
        self.help.push(Help { text: text.into(), edits });
        self
    }

    /// Widens spans in the model that cut a character: one look-alike may have been read as two tokens.
    pub fn align(&mut self, model: &Source) {
        let labels = self.labels.iter_mut().filter(|label| label.file == File::Model);
        let edits = self.help.iter_mut().flat_map(|help| help.edits.iter_mut());
        let spans = labels.map(|label| &mut label.span).chain(edits.map(|edit| &mut edit.span));
        spans.for_each(|span| *span = model.whole(*span));
    }

    /// Whether this stops the pipeline.
    pub fn is_error(&self) -> bool {
        self.code.row().severity == Severity::Error
    }
}

/// Whether any of these stops the pipeline.
pub fn any_error(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(Diagnostic::is_error)
}
