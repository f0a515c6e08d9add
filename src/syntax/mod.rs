//! Text to tree and back: cutting a file into statements, parsing each, printing. Knows no name's meaning.

pub mod ast;
mod brackets;
mod clean;
mod cut;
mod declarations;
mod docs;
mod errors;
mod expressions;
mod format;
mod grammar;
mod habits;
mod juxtaposed;
mod links;
mod loops;
mod noise;
mod outline;
mod parse;
mod precedence;
mod print;
mod salvage;
mod spacing;
mod strays;
mod token;
mod truncation;
mod typed;
mod words;

pub use format::format;
pub use outline::outline;
pub use parse::parse;
pub use print::print;
