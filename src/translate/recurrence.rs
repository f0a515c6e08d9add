//! Lets that read themselves or each other at earlier elements, as one scan.
//!
//! What does not read a member is computed outside, for all elements at once, and enters the body as a sequence (if it
//! varies along the axis) or as a constant. Earlier values of a member are kept in a window of its last K values, K
//! being the largest lag that is read: 1 for `v[t-1]`, the whole history for `sum(x[s] over s where s < t)`.

use std::collections::HashMap;

use crate::graph::{Axis, Direction, Node, Op, ScanBody, ScanId};
use crate::model::{Address, Recurrence, SiteId, SiteKind, Term, TermKind};

use super::Translator;

/// What the body of a scan under construction knows.
pub(super) struct Frame {
    scan: ScanId,
    axis: Axis,
    members: Vec<Member>,
    /// Outside node and leaf.
    sequences: Vec<(Node, Node)>,
    constants: Vec<(Node, Node)>,
    leaves: HashMap<Node, Node>,
    next_slot: u32,
    /// Guards that hold outside of the body.
    outer_guards: Vec<Node>,
}

/// A let under recurrence.
struct Member {
    site: SiteId,
    /// Its axes but the scan's.
    rest: Vec<Axis>,
    /// Position of the scan's axis among its declared axes.
    place: usize,
    /// The axis of its window; none where only the last value is kept.
    lags: Option<Axis>,
    /// The window: the carry.
    window: Option<Node>,
    /// Its value at the current element, once computed.
    current: Option<Node>,
}

impl Translator<'_> {
    /// Binds all members of a recurrence.
    pub(super) fn recurrence(&mut self, recurrence: &Recurrence) {
        if recurrence.members.iter().all(|&site| self.is_bound(site)) {
            return;
        }
        let axis = self.axis(recurrence.axis);
        let scan = self.builder.begin_scan(axis, Direction::Forward);
        let members = recurrence.members.iter().map(|&site| self.member_of(recurrence, site)).collect();
        let frame = Frame {
            scan,
            axis,
            members,
            sequences: vec![],
            constants: vec![],
            leaves: HashMap::new(),
            next_slot: 0,
            outer_guards: vec![],
        };
        self.frame = Some(frame);
        self.make_windows();
        (0..recurrence.members.len()).for_each(|k| self.make_current(k));
        self.close(recurrence);
    }

    fn is_bound(&self, site: SiteId) -> bool {
        self.sites.contains_key(&site) || self.bindings.values.get(site.0).is_some_and(Option::is_some)
    }

    fn member_of(&mut self, recurrence: &Recurrence, site: SiteId) -> Member {
        let own = self.model.site(site).axes.clone();
        let place =
            own.iter().position(|&axis| axis == recurrence.axis).expect("a member has the recurrence's axis");
        let mut rest: Vec<Axis> =
            own.iter().filter(|&&axis| axis != recurrence.axis).map(|&a| self.axis(a)).collect();
        rest.sort();
        let name = &self.model.site(site).name;
        let lags = match self.largest_lag(recurrence, site) {
            0 | 1 => None,
            lag => Some(self.builder.axis(format!("lag of {name}"), lag)),
        };
        Member { site, rest, place, lags, window: None, current: None }
    }

    /// The largest lag at which any member reads `site`; 0 if none does.
    fn largest_lag(&mut self, recurrence: &Recurrence, site: SiteId) -> usize {
        let place = self.model.site(site).axes.iter().position(|&axis| axis == recurrence.axis);
        let place = place.expect("a member has the recurrence's axis");
        let mut positions: Vec<Term> = Vec::new();
        for &member in &recurrence.members {
            let_term(self.model, member).walk(&mut |term| {
                if let TermKind::Read(read, addresses) = &term.kind
                    && *read == site
                    && let Some(Address::At(position)) = addresses.get(place)
                {
                    positions.push(position.clone());
                }
            });
        }
        let size = self.size(recurrence.axis.dim);
        positions.iter().map(|position| self.lag_of(recurrence, position).unwrap_or(size)).max().unwrap_or(0)
    }

    /// The largest positive lag of a position known from data, over all cells in which it is in range.
    fn lag_of(&self, recurrence: &Recurrence, position: &Term) -> Option<usize> {
        let array = super::evaluate(self.model, self.bindings, position)?;
        let along = position.axes.iter().position(|&axis| axis == recurrence.axis);
        let (length, stride) = match along {
            Some(k) => (array.shape[k], array.shape[k + 1..].iter().product::<usize>()),
            None => (self.size(recurrence.axis.dim), usize::MAX),
        };
        let here =
            |flat: usize| if along.is_some() { (flat / stride) % length } else { length.saturating_sub(1) };
        let lags = array.values.iter().enumerate().filter(|(_, at)| **at >= 0.0);
        lags.map(|(flat, &at)| here(flat).saturating_sub(at as usize)).max()
    }

    fn make_windows(&mut self) {
        let count = self.frame().members.len();
        for k in 0..count {
            let member = &self.frame().members[k];
            let mut axes = member.rest.clone();
            axes.extend(member.lags);
            axes.sort();
            let leaf = self.new_leaf(&axes);
            self.frame_mut().members[k].window = Some(leaf);
        }
    }

    fn make_current(&mut self, k: usize) {
        let site = self.frame().members[k].site;
        let value = self.term(let_term(self.model, site));
        let rest = self.frame().members[k].rest.clone();
        let value = self.builder.expand(value, &rest);
        self.frame_mut().members[k].current = Some(value);
    }

    /// Ends the scan and binds the members to its outputs.
    fn close(&mut self, recurrence: &Recurrence) {
        let frame = self.frame.take().expect("a recurrence is being translated");
        let next = frame.members.iter().map(|member| self.next_window(member)).collect();
        let windows: Vec<Node> = frame.members.iter().filter_map(|member| member.window).collect();
        let initial: Vec<Node> = windows.iter().map(|&window| self.zeros_like(window)).collect();
        let split = |pairs: &[(Node, Node)]| -> (Vec<Node>, Vec<Node>) { pairs.iter().copied().unzip() };
        let (sequences, sequence_leaves) = split(&frame.sequences);
        let (constants, constant_leaves) = split(&frame.constants);
        let body = ScanBody {
            axis: frame.axis,
            direction: Direction::Forward,
            carries: windows,
            sequences: sequence_leaves,
            constants: constant_leaves,
            next,
            outputs: frame.members.iter().filter_map(|member| member.current).collect(),
        };
        let scan = self.builder.end_scan(frame.scan, body, &initial, &sequences, &constants);
        for (k, &site) in recurrence.members.iter().enumerate() {
            let node = self.builder.output(scan, k);
            self.bind_site(site, node);
        }
    }

    fn zeros_like(&mut self, node: Node) -> Node {
        let axes = self.builder.axes_of(node).to_vec();
        let zero = self.builder.constant(0.0);
        self.builder.expand(zero, &axes)
    }

    /// The window one element later: the current value first, the rest moved along by one.
    fn next_window(&mut self, member: &Member) -> Node {
        let (Some(current), Some(window)) = (member.current, member.window) else {
            unreachable!("windows and values are made before the scan is closed")
        };
        let Some(lags) = member.lags else { return current };
        let positions = self.builder.iota(lags);
        let earlier = self.builder.plus(positions, -1.0);
        let moved = self.builder.gather(window, &[(lags, earlier)]);
        let zero = self.builder.constant(0.0);
        let first = self.builder.equal(positions, zero);
        self.builder.select(first, current, moved)
    }

    /// The node of a term inside of a scan's body, if it does not read a member: computed outside.
    pub(super) fn leaf_from_outside(&mut self, term: &Term) -> Option<Node> {
        let members: Vec<SiteId> = self.frame.as_ref()?.members.iter().map(|member| member.site).collect();
        let reads = |part: &Term| matches!(&part.kind, TermKind::Read(site, _) if members.contains(site));
        if term.any(&reads) {
            return None;
        }
        let mut frame = self.frame.take().expect("inside of a body");
        let inner_guards = std::mem::replace(&mut self.guards, frame.outer_guards.clone());
        let node = self.term(term);
        self.guards = inner_guards;
        let leaf = self.enter(&mut frame, node);
        self.frame = Some(frame);
        Some(leaf)
    }

    /// A leaf for an outside node.
    fn enter(&mut self, frame: &mut Frame, node: Node) -> Node {
        if matches!(self.builder.graph().node(node).op, Op::Constant(_)) {
            return node;
        }
        if let Some(&leaf) = frame.leaves.get(&node) {
            return leaf;
        }
        let axes = self.builder.axes_of(node).to_vec();
        let rest: Vec<Axis> = axes.iter().copied().filter(|&axis| axis != frame.axis).collect();
        let leaf = self.builder.leaf(frame.scan, frame.next_slot, &rest);
        frame.next_slot += 1;
        frame.leaves.insert(node, leaf);
        let list = if axes.contains(&frame.axis) { &mut frame.sequences } else { &mut frame.constants };
        list.push((node, leaf));
        leaf
    }

    /// The value of a member at addresses, inside of the body: the current one, or one from its window.
    pub(super) fn read_member(&mut self, site: SiteId, addresses: &[Address]) -> Option<Node> {
        let frame = self.frame.as_ref()?;
        let member = frame.members.iter().find(|member| member.site == site)?;
        let (place, lags) = (member.place, member.lags);
        let (current, window) = (member.current, member.window);
        let source = match &addresses[place] {
            Address::Here(_) => current.expect("members are ordered so that what is read now comes first"),
            Address::At(position) => self.read_window(position, lags, window.expect("windows come first")),
        };
        let own = self.model.site(site).axes.clone();
        Some(self.read_rest(source, &own, addresses, place))
    }

    fn read_window(&mut self, position: &Term, lags: Option<Axis>, window: Node) -> Node {
        let Some(lags) = lags else { return window };
        let position = self.term(position);
        let mut frame = self.frame.take().expect("inside of a body");
        let here = self.builder.iota(frame.axis);
        let here = self.enter(&mut frame, here);
        self.frame = Some(frame);
        let lag = self.builder.sub(here, position);
        let slot = self.builder.plus(lag, -1.0);
        self.builder.gather(window, &[(lags, slot)])
    }

    /// A guard that is known outside of the body holds there too.
    pub(super) fn guard_outside(&mut self, condition: &Term) -> Option<Node> {
        let members: Vec<SiteId> = self.frame.as_ref()?.members.iter().map(|member| member.site).collect();
        let reads = |part: &Term| matches!(&part.kind, TermKind::Read(site, _) if members.contains(site));
        if condition.any(&reads) {
            return None;
        }
        let frame = self.frame.take();
        let node = self.term(condition);
        self.frame = frame;
        Some(node)
    }

    /// Adds a guard for what is computed outside.
    pub(super) fn push_outer_guard(&mut self, guard: Node) {
        self.frame_mut().outer_guards.push(guard);
    }

    /// Takes the last one away.
    pub(super) fn pop_outer_guard(&mut self) {
        self.frame_mut().outer_guards.pop();
    }

    fn frame(&self) -> &Frame {
        self.frame.as_ref().expect("a recurrence is being translated")
    }

    fn frame_mut(&mut self) -> &mut Frame {
        self.frame.as_mut().expect("a recurrence is being translated")
    }

    fn new_leaf(&mut self, axes: &[Axis]) -> Node {
        let (scan, slot) = (self.frame().scan, self.frame().next_slot);
        self.frame_mut().next_slot += 1;
        self.builder.leaf(scan, slot, axes)
    }
}

/// The defining term of a let.
fn let_term(model: &crate::model::Model, site: SiteId) -> &Term {
    let SiteKind::Let(term) = &model.site(site).kind else { unreachable!("recurrences are made of lets") };
    term
}
