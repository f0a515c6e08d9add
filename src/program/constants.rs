//! Constants that several programs read: each is held once.

use std::sync::Arc;

use super::Program;
use super::tile::Entries;

/// What programs have brought so far.
#[derive(Clone, Debug, Default)]
pub struct Constants {
    numbers: Vec<Arc<[f64]>>,
    singles: Vec<Arc<[f32]>>,
    places: Vec<Arc<[u32]>>,
}

impl Constants {
    fn numbers(&mut self, own: &mut Arc<[f64]>) {
        // By bits: -0.0 is not 0.0, and a NaN is itself.
        let same = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits());
        share(&mut self.numbers, own, same);
    }

    fn entries(&mut self, own: &mut Entries) {
        match own {
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
        self.code.tiles.iter_mut().for_each(|tile| constants.entries(&mut tile.entries));
        self.code.maps.iter_mut().for_each(|map| constants.places(map));
        self
    }
}
