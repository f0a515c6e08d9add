//! The shape of nested lists, found and checked while they are read.

use crate::source::Span;

use super::fields::{Column, Elements, Values};

/// Counts the elements of nested lists and collects them row-major.
#[derive(Debug)]
pub(super) struct Tally {
    /// The elements.
    pub column: Column,
    /// For each list that is open: its first byte and its elements so far.
    open: Vec<(usize, usize)>,
    /// For each level: length and place of the first list that was closed there.
    lengths: Vec<Option<(usize, Span)>>,
    /// At which level the first element was, and its first byte.
    leaf: Option<(usize, usize)>,
    /// The first thing that makes it no array.
    pub fault: Option<Fault>,
}

/// Why nested lists are not an array.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fault {
    /// Two lists of one level have different lengths: first the one that came first.
    Ragged([(usize, Span); 2]),
    /// A list beside a single value: places of an element at another level, and of this one.
    Mixed([Span; 2]),
}

impl Tally {
    /// Nothing read yet.
    pub fn new() -> Self {
        Self { column: Column::default(), open: Vec::new(), lengths: Vec::new(), leaf: None, fault: None }
    }

    /// Number of lists that are open.
    pub fn depth(&self) -> usize {
        self.open.len()
    }

    /// Elements so far of the innermost open list.
    pub fn count(&self) -> usize {
        self.open.last().map_or(0, |&(_, count)| count)
    }

    /// A list begins.
    pub fn enter(&mut self, at: usize) {
        if let Some((level, first)) = self.leaf
            && level == self.depth()
        {
            self.blame(Fault::Mixed([Span::new(first, first + 1), Span::new(at, at + 1)]));
        }
        self.counted();
        if self.lengths.len() == self.depth() {
            self.lengths.push(None);
        }
        self.open.push((at, 0));
    }

    /// The innermost list ends before byte `end`.
    pub fn leave(&mut self, end: usize) {
        let Some((start, count)) = self.open.pop() else { return };
        let this = (count, Span::new(start, end));
        match self.lengths[self.open.len()] {
            None => self.lengths[self.open.len()] = Some(this),
            Some(first) if first.0 != count => self.blame(Fault::Ragged([first, this])),
            Some(_) => {}
        }
    }

    /// A single value begins at a byte; the caller pushes it to `column`.
    pub fn element(&mut self, at: usize) {
        let level = self.depth();
        let other = match (self.leaf, self.lengths.get(level)) {
            (Some((other, first)), _) if other != level => Some(Span::new(first, first + 1)),
            (_, Some(list)) => Some(list.map_or(Span::new(at, at), |(_, span)| span)),
            _ => None,
        };
        if let Some(other) = other {
            self.blame(Fault::Mixed([other, Span::new(at, at + 1)]));
        }
        self.leaf.get_or_insert((level, at));
        self.counted();
    }

    fn counted(&mut self) {
        if let Some((_, count)) = self.open.last_mut() {
            *count += 1;
        }
    }

    fn blame(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }

    /// Shape and elements.
    pub fn finish(self) -> (Vec<usize>, Elements) {
        let shape = self.lengths.iter().map(|length| length.map_or(0, |(count, _)| count)).collect();
        if self.fault.is_some() {
            return (Vec::new(), Elements { values: Values::Broken, missing: Vec::new(), stray: None });
        }
        (shape, self.column.finish())
    }
}
