//! Room for the passes that recurse over what a person wrote: how deep that may be is capped, so that there is a stack
//! on which none of them can overflow, whatever the thread of the caller has left.

/// Several times what the deepest tree takes that the caps of `syntax` and `model` let through, in an unoptimised
/// build; pages that are not used cost nothing.
const STACK: usize = 32 << 20;

/// Runs with at least `STACK` bytes of stack: on a new one, unless so much is left of the caller's.
pub fn ample<T>(run: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(STACK, STACK, run)
}
