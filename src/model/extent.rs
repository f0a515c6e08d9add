//! How much a model may grow by writing out its functions: deep enough for any model that people write, and no deeper
//! than the later passes can follow; and in all no more than can be held.

/// How deep an expression may be, its functions and their arguments written out.
pub const MAX_DEPTH: usize = 1000;

/// How many parts all functions of a model may come to where they are written out.
pub const MAX_WRITTEN: usize = 1_000_000;

/// What there is too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// Levels of one expression.
    Depth,
    /// Parts in all.
    Parts,
}

/// How deep the elaboration is, and how much has been written out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extent {
    depth: usize,
    written: usize,
}

impl Extent {
    /// Goes into a part of an expression, inside of so many calls of the user's functions.
    ///
    /// # Errors
    /// If that is too much; then it is not to be left.
    pub fn enter(&mut self, calls: usize) -> Result<(), Excess> {
        if self.depth >= MAX_DEPTH {
            return Err(Excess::Depth);
        }
        if calls > 0 {
            if self.written >= MAX_WRITTEN {
                return Err(Excess::Parts);
            }
            self.written += 1;
        }
        self.depth += 1;
        Ok(())
    }

    /// Comes back from it.
    pub fn leave(&mut self) {
        self.depth -= 1;
    }
}
