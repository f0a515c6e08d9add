//! The only file that knows miette: diagnostics drawn for a terminal.
