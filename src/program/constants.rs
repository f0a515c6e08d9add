//! Constants that several programs read: each is held once.

use std::sync::Arc;

use super::Program;
use super::tile::{Entries, Tile};

/// What programs have brought so far.
#[derive(Clone, Debug, Default)]
pub struct Constants {
    narrowing: Narrowing,
    /// Matrices that single precision would change, each once.
    inexact: Vec<Inexact>,
    numbers: Vec<Arc<[f64]>>,
    singles: Vec<Arc<[f32]>>,
    places: Vec<Arc<[u32]>>,
}

/// What becomes of matrices that single precision would change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Narrowing {
    #[default]
    Never,
    /// They are rounded, unless that moves a number too far.
    Small,
}

/// A matrix that single precision would change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Inexact {
    /// Its rows and columns.
    pub shape: (usize, usize),
    /// How far rounding moves an entry at most, in standard deviations of its column.
    pub moved: f64,
}

impl Inexact {
    /// Noise of that size takes its square off a slope, relatively: 1e-8.
    const MOST_MOVED: f64 = 1e-4;

    /// Whether it is held in single precision where that was asked for.
    pub fn is_narrowed(&self) -> bool {
        self.moved <= Self::MOST_MOVED
    }
}

impl Constants {
    /// Programs round their matrices to single precision, except those that are moved too far by it.
    pub fn in_single() -> Self {
        Self { narrowing: Narrowing::Small, ..Self::default() }
    }

    /// The matrices that rounding was considered for.
    pub fn inexact(&self) -> &[Inexact] {
        &self.inexact
    }

    fn numbers(&mut self, own: &mut Arc<[f64]>) {
        // By bits: -0.0 is not 0.0, and a NaN is itself.
        let same = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits());
        share(&mut self.numbers, own, same);
    }

    fn tile(&mut self, tile: &mut Tile) {
        if self.narrowing == Narrowing::Small
            && let Some((single, moved)) = tile.narrowed()
        {
            let own = Inexact { shape: (tile.rows, tile.columns), moved };
            if own.is_narrowed() {
                tile.entries = Entries::Single(single);
            }
            if !self.inexact.contains(&own) {
                self.inexact.push(own);
            }
        }
        match &mut tile.entries {
            Entries::Double(own) => self.numbers(own),
            Entries::Single(own) => {
                let same = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits());
                share(&mut self.singles, own, same);
            }
        }
    }

    fn places(&mut self, own: &mut Arc<[u32]>) {
        share(&mut self.places, own, |a, b| a == b);
    }
}

/// Takes the one that is held already, or holds this one.
fn share<T>(held: &mut Vec<Arc<[T]>>, own: &mut Arc<[T]>, same: impl Fn(&[T], &[T]) -> bool) {
    let is_own =
        |other: &&Arc<[T]>| other.len() == own.len() && (Arc::ptr_eq(other, own) || same(other, own));
    match held.iter().find(is_own) {
        Some(other) => *own = other.clone(),
        None => held.push(own.clone()),
    }
}

impl Program {
    /// The same program; what it has in common with those before it is held once.
    pub fn sharing(mut self, constants: &mut Constants) -> Self {
        self.code.columns.iter_mut().for_each(|column| constants.numbers(column));
        self.code.tiles.iter_mut().for_each(|tile| constants.tile(tile));
        self.code.maps.iter_mut().for_each(|map| constants.places(map));
        self
    }
}
