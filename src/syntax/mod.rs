//! Text to tree and back: cutting a file into statements, parsing each, printing. Knows no name's meaning.

pub mod ast;
