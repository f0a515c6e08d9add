//! Discrete latents with few values, carried along an axis of their own: an expression that reads one varies over its
//! states, so that every density is a table over the states it depends on.
//!
//! Each distinct address at which a latent is read (`z`, `z[t-1]`, `z[group]`) has its own state axis.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::graph::{Axis, Node, Vector};
use crate::model::{Address, AxisVar, Kind, SiteId};

use super::Translator;

/// The values a latent that is carried can take.
#[derive(Clone, Debug, PartialEq)]
pub enum States {
    /// `low`, `low + 1` …
    From {
        /// The first.
        low: f64,
        /// How many.
        count: usize,
    },
    /// One number for each state, ascending: a point in each of the buckets that a continuous latent falls into.
    Points(Arc<[f64]>),
    /// All elements of a cell at once, each of them `low`, `low + 1` …: a state is an assignment of values to elements.
    Assignments {
        /// The first value of an element.
        low: f64,
        /// How many values an element has.
        count: usize,
        /// The axes along which the elements lie, ascending.
        along: Vec<Axis>,
        /// How many elements there are in a cell.
        elements: usize,
    },
}

impl States {
    /// How many there are.
    pub fn count(&self) -> usize {
        match self {
            Self::From { count, .. } => *count,
            Self::Points(points) => points.len(),
            Self::Assignments { count, elements, .. } => count.pow(*elements as u32),
        }
    }

    /// The largest value.
    pub fn largest(&self) -> f64 {
        match self {
            Self::From { low, count } | Self::Assignments { low, count, .. } => low + *count as f64 - 1.0,
            Self::Points(points) => points.last().copied().unwrap_or(f64::NAN),
        }
    }
}

/// Where a discrete latent is read along one of its axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At the cell itself.
    Here(Axis),
    /// At these positions.
    At(Node),
}

/// One address at which a discrete latent is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// The latent.
    pub site: SiteId,
    /// One place for each of its axes.
    pub places: Vec<Place>,
    /// The axis along which the states at this address lie.
    pub axis: Axis,
    /// The axes over which the address varies, ascending.
    pub cells: Vec<Axis>,
}

/// What a read of a carried latent is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    /// Its states: the same numbers in each cell.
    #[default]
    Plain,
    /// Numbers of which nothing is known, over cells and states: nothing that combines cells is simplified away. What
    /// is built so is looked at and never computed.
    Opaque,
}

/// All discrete latents that are carried along axes, and where they are read.
#[derive(Clone, Debug, Default)]
pub(super) struct Discrete {
    states: BTreeMap<SiteId, States>,
    references: Vec<Reference>,
    /// Points of buckets, by the axis they lie along.
    points: BTreeMap<Axis, Node>,
    reading: Reading,
}

impl Translator<'_> {
    /// Carries a latent along axes of its states from now on.
    pub fn carry(&mut self, site: SiteId, states: States) {
        self.discrete.states.insert(site, states);
    }

    /// Carries all elements of a latent along one axis, whose states are their assignments: it is bound to their values.
    /// In state `s` the k-th element is `low + s / count^k % count`. Each cell of the `plates` has assignments of its own.
    pub fn carry_at_once(&mut self, site: SiteId, (low, count): (f64, usize), plates: &[AxisVar]) {
        let declared = self.model.site(site).axes.clone();
        let mixed: Vec<AxisVar> = declared.into_iter().filter(|axis| !plates.contains(axis)).collect();
        let [mut along, mut cells] = [&mixed[..], plates].map(|axes| self.axes(axes));
        along.sort();
        cells.sort();
        let elements = along.iter().map(|&axis| self.builder.graph().axis_size(axis)).product();
        let states = States::Assignments { low, count, along: along.clone(), elements };
        let all = states.count();
        let axis = self.builder.axis(format!("assignments of {}", self.model.site(site).name), all);
        let node = match self.discrete.reading {
            Reading::Plain => {
                let value = |k: usize, s: usize| low + (s / count.pow(k as u32) % count) as f64;
                let values = (0..elements).flat_map(|k| (0..all).map(move |s| value(k, s)));
                self.builder.data(&[&along[..], &[axis]].concat(), values.collect::<Vec<f64>>())
            }
            Reading::Opaque => {
                let mut axes = [&along[..], &cells, &[axis]].concat();
                axes.sort();
                self.builder.parameter(Vector::Direction, self.discrete.references.len(), &axes)
            }
        };
        self.discrete.states.insert(site, states);
        self.discrete.references.push(Reference { site, places: vec![], axis, cells });
        self.bind_site(site, node);
    }

    /// Carries it no longer: it is bound to values, and what was derived from its states is forgotten.
    pub fn settle(&mut self, site: SiteId, value: Node) {
        self.discrete.states.remove(&site);
        // Assignments of another latent are not derived: it is bound to them.
        let is_stale =
            |site: &SiteId, node: Node| self.states(*site).is_none() && self.varies_over_states(node);
        let stale = self.sites.iter().filter(|(site, node)| is_stale(site, **node));
        let stale: Vec<SiteId> = stale.map(|(site, _)| *site).collect();
        stale.into_iter().for_each(|site| {
            self.sites.remove(&site);
        });
        self.bind_site(site, value);
    }

    /// Values of a latent that come with each draw, at the same places as `axes`.
    pub fn random_values(&mut self, offset: usize, axes: &[Axis]) -> Node {
        self.builder.parameter(Vector::Direction, offset, axes)
    }

    /// The states of a latent that is carried.
    pub fn states(&self, site: SiteId) -> Option<&States> {
        self.discrete.states.get(&site)
    }

    /// All addresses read so far.
    pub fn references(&self) -> &[Reference] {
        &self.discrete.references
    }

    /// The reference at the latent's own cells; made if nothing reads it there.
    pub fn home(&mut self, site: SiteId) -> Reference {
        if let Some(States::Assignments { .. }) = self.states(site) {
            let own = self.references().iter().find(|reference| reference.site == site);
            return own.cloned().unwrap_or_else(|| unreachable!("made when the latent is carried"));
        }
        let own = self.model.site(site).axes.clone();
        let places = own.into_iter().map(|axis| Place::Here(self.axis(axis))).collect();
        self.reference(site, places)
    }

    /// The value of a carried latent at addresses: its states along the axis of that address.
    pub(super) fn read_states(&mut self, site: SiteId, addresses: &[Address]) -> Option<Node> {
        let states = self.states(site)?.clone();
        if let States::Assignments { .. } = states {
            return None;
        }
        let places = addresses.iter().map(|address| self.place(address)).collect();
        let reference = self.reference(site, places);
        Some(self.state_values(&reference, &states))
    }

    /// The points of buckets along the axis of a reference.
    fn points(&mut self, reference: &Reference, points: &Arc<[f64]>) -> Node {
        let known = self.discrete.points.get(&reference.axis).copied();
        let node = known.unwrap_or_else(|| self.builder.data(&[reference.axis], Arc::clone(points)));
        self.discrete.points.insert(reference.axis, node);
        node
    }

    /// Whether carried latents are read as numbers of which nothing is known.
    pub fn is_opaque(&self) -> bool {
        self.discrete.reading == Reading::Opaque
    }

    /// How carried latents are read from now on.
    pub fn read_states_as(&mut self, reading: Reading) {
        self.discrete.reading = reading;
    }

    /// The values of a latent's states at an address.
    pub fn state_values(&mut self, reference: &Reference, states: &States) -> Node {
        if let States::Assignments { .. } = states {
            return self.site(reference.site);
        }
        match self.discrete.reading {
            Reading::Plain => match states {
                States::From { low, .. } => {
                    let position = self.builder.iota(reference.axis);
                    self.builder.plus(position, *low)
                }
                States::Points(points) => self.points(reference, points),
                States::Assignments { .. } => unreachable!("read as values"),
            },
            Reading::Opaque => {
                let place = self.discrete.references.iter().position(|known| known == reference).unwrap_or(0);
                let mut axes = reference.cells.clone();
                axes.push(reference.axis);
                axes.sort();
                self.builder.parameter(Vector::Direction, place, &axes)
            }
        }
    }

    fn place(&mut self, address: &Address) -> Place {
        match address {
            Address::Here(AxisVar { dim, copy }) => {
                Place::Here(self.axis(AxisVar { dim: *dim, copy: *copy }))
            }
            Address::At(position) => Place::At(self.term(position)),
        }
    }

    fn reference(&mut self, site: SiteId, places: Vec<Place>) -> Reference {
        let known =
            self.discrete.references.iter().find(|known| known.site == site && known.places == places);
        if let Some(known) = known {
            return known.clone();
        }
        let count = self.discrete.states[&site].count();
        let declaration = self.model.site(site);
        let label = match declaration.value {
            Kind::Index(dim) => self.model.dim(dim).name.clone(),
            Kind::Real => format!("buckets of {}", declaration.name),
            _ => format!("values of {}", declaration.name),
        };
        let axis = self.builder.axis(label, count);
        let mut cells: Vec<Axis> = Vec::new();
        for place in &places {
            match place {
                Place::Here(axis) => cells.push(*axis),
                Place::At(node) => cells.extend(self.builder.axes_of(*node)),
            }
        }
        cells.sort();
        cells.dedup();
        let reference = Reference { site, places, axis, cells };
        self.discrete.references.push(reference.clone());
        reference
    }

    /// Whether a node varies over the states of a latent that is carried.
    pub fn varies_over_states(&self, node: Node) -> bool {
        let axes = self.builder.axes_of(node);
        self.discrete.references.iter().any(|reference| axes.contains(&reference.axis))
    }
}
