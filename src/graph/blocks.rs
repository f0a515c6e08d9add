//! Long recurrences in blocks of positions, so that neither they nor their derivatives keep all positions at once. To
//! be applied to a density before derivatives are taken.
//!
//! A recurrence over T positions becomes one over about sqrt(T) blocks, whose body runs a recurrence over the positions
//! of a block, computes what is element-wise in its values, and adds up what is summed over them. The pullback of the
//! outer recurrence keeps the carries at the beginnings of blocks alone and evaluates a block again before it pulls
//! adjoints through it (checkpoints: Griewank 1992). It differs by rounding only.

use std::collections::{BTreeSet, HashMap};

use super::interpret::order;
use super::{Axis, Builder, Direction, Node, Op, ScanBody, ScanId};

/// Numbers that the carries of a recurrence may be at all its positions together, for it to stay as it is.
const KEPT: usize = 1 << 16;
/// Fewer positions are not cut.
const SHORT: usize = 256;

/// A scalar of the same value whose long recurrences run in blocks.
pub fn in_blocks(b: &mut Builder, value: Node) -> Node {
    in_blocks_beyond(b, value, KEPT)
}

/// The same, for recurrences whose carries are more numbers than `kept` at all positions together.
pub fn in_blocks_beyond(b: &mut Builder, mut value: Node, kept: usize) -> Node {
    while let Some(axis) = long(b, value, kept) {
        value = Region::new(b, axis, value).rewrite(b, value);
    }
    value
}

/// The axis of the first recurrence that is long.
fn long(b: &Builder, value: Node, kept: usize) -> Option<Axis> {
    let graph = b.graph();
    order(graph, &[value]).into_iter().find_map(|node| {
        let Op::Scan(id) = graph.node(node).op else { return None };
        let body = graph.scan(id);
        let size = graph.axis_size(body.axis);
        let numbers: usize = body.carries.iter().map(|&carry| graph.len_of(carry)).sum();
        let is_long = size >= SHORT && size * numbers > kept && body.direction == Direction::Forward;
        is_long.then_some(body.axis)
    })
}

/// What is computed block by block along an axis.
struct Region {
    axis: Axis,
    /// Recurrences along the axis and what is element-wise along it, inputs first.
    inside: Vec<Node>,
    /// What is known once all blocks are done: sums along the axis, and final carries.
    results: Vec<Node>,
    /// Nodes inside that are read at all positions by others.
    exports: Vec<Node>,
    /// What is read along the axis and not computed inside.
    sequences: Vec<Node>,
}

/// How a node stands to the recurrences.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Before,
    Inside,
    Result,
    After,
}

impl Region {
    fn new(b: &Builder, axis: Axis, value: Node) -> Self {
        let graph = b.graph();
        let nodes = order(graph, &[value]);
        let mut places: HashMap<Node, Place> = HashMap::new();
        for &node in &nodes {
            places.insert(node, place(b, axis, node, &places));
        }
        let mut inside: BTreeSet<Node> =
            nodes.iter().copied().filter(|node| places[node] == Place::Inside).collect();
        let varying = varying(b, &nodes);
        for &node in nodes.iter().rev().filter(|node| places[node] == Place::Before) {
            let is_read = || inside.iter().any(|reader| graph.node(*reader).inputs.contains(&node));
            // A product with a matrix of constants is best done once for all rows.
            let is_product = matches!(graph.node(node).op, Op::Contract(_));
            if varying.contains(&node) && is_element_wise(b, axis, node) && !is_product && is_read() {
                inside.insert(node);
            }
        }
        let along = |node: &Node| graph.axes_of(*node).contains(&axis);
        let inputs = inside.iter().flat_map(|&node| &graph.node(node).inputs);
        let results: Vec<Node> = nodes.iter().copied().filter(|node| places[node] == Place::Result).collect();
        let read = inputs.chain(results.iter().flat_map(|&node| &graph.node(node).inputs));
        let sequences: BTreeSet<Node> =
            read.copied().filter(|node| along(node) && !inside.contains(node)).collect();
        let after = nodes.iter().filter(|node| places[node] == Place::After);
        let read: BTreeSet<Node> = after.flat_map(|&node| graph.node(node).inputs.clone()).collect();
        let exports = read.into_iter().filter(|node| places[node] == Place::Inside).collect();
        Self {
            axis,
            inside: inside.into_iter().collect(),
            results,
            exports,
            sequences: sequences.into_iter().collect(),
        }
    }
}

fn place(b: &Builder, axis: Axis, node: Node, places: &HashMap<Node, Place>) -> Place {
    let data = b.graph().node(node);
    let reads = |wanted: &[Place]| data.inputs.iter().any(|input| wanted.contains(&places[input]));
    if reads(&[Place::Result, Place::After]) {
        return Place::After;
    }
    let is_along = |id: ScanId| {
        let body = b.graph().scan(id);
        body.axis == axis && body.direction == Direction::Forward
    };
    match &data.op {
        Op::Scan(id) if is_along(*id) => Place::Inside,
        _ if !reads(&[Place::Inside]) => Place::Before,
        Op::Output(_) => {
            if data.axes.contains(&axis) {
                Place::Inside
            } else {
                Place::Result
            }
        }
        Op::Sum(over) | Op::Contract(over) if over.contains(&axis) => Place::Result,
        _ if is_element_wise(b, axis, node) => Place::Inside,
        _ => Place::After,
    }
}

/// Whether a node's values at a position along the axis are made of its inputs' values there.
fn is_element_wise(b: &Builder, axis: Axis, node: Node) -> bool {
    let data = b.graph().node(node);
    let apart = |axes: &[Axis]| !axes.contains(&axis);
    data.axes.contains(&axis)
        && match &data.op {
            Op::Unary(_) | Op::Binary(_) | Op::Ternary(_) | Op::Select | Op::StopGradient => true,
            Op::Sum(axes) | Op::Max(axes) | Op::LogSumExp(axes) | Op::Contract(axes) | Op::Gather(axes) => {
                apart(axes)
            }
            Op::Expand(axes) => apart(axes),
            Op::Rename(pairs) => pairs.iter().all(|&(from, to)| apart(&[from, to])),
            _ => false,
        }
}

/// What depends on parameters.
fn varying(b: &Builder, nodes: &[Node]) -> BTreeSet<Node> {
    let mut varying = BTreeSet::new();
    for &node in nodes {
        let data = b.graph().node(node);
        let is_source = matches!(data.op, Op::Parameter { .. } | Op::Leaf { .. });
        if is_source || data.inputs.iter().any(|input| varying.contains(input)) {
            varying.insert(node);
        }
    }
    varying
}

/// Lengths of the blocks and of what is left over.
struct Cut {
    length: usize,
    blocks: usize,
    rest: usize,
}

impl Cut {
    /// Blocks about as long as they are many; without a rest if there is a length near to that.
    fn of(size: usize) -> Self {
        let root = (size as f64).sqrt().ceil() as usize;
        let length = (root..2 * root).find(|length| size.is_multiple_of(*length)).unwrap_or(root);
        Self { length, blocks: size / length, rest: size % length }
    }
}

impl Region {
    fn rewrite(&self, b: &mut Builder, value: Node) -> Node {
        let size = b.graph().axis_size(self.axis);
        let label = b.graph().axis(self.axis).label.clone();
        let cut = Cut::of(size);
        let block = b.axis(format!("block of {label}"), cut.blocks);
        let within = b.axis(label.clone(), cut.length);
        let starts = self.initial(b);
        let done = self.run_blocks(b, (block, within), &starts);
        let rest = (cut.rest > 0).then(|| {
            let axis = b.axis(label, cut.rest);
            self.run_rest(b, axis, (size - cut.rest) as f64, &done.carries)
        });
        let mut new: HashMap<Node, Node> = HashMap::new();
        let (mut sums, mut carries) = (done.sums.iter(), &done.carries);
        if let Some(rest) = &rest {
            carries = &rest.carries;
        }
        let mut rest_sums = rest.iter().flat_map(|rest| &rest.sums);
        for &result in &self.results {
            let known = match self.carry_of(b, result) {
                Some(k) => carries[k],
                None => {
                    let sum = *sums.next().expect("a sum for each result that is one");
                    rest_sums.next().map_or(sum, |&rest| b.add(sum, rest))
                }
            };
            new.insert(result, known);
        }
        for (k, &export) in self.exports.iter().enumerate() {
            let rest = rest.as_ref().map(|rest| (rest.exports[k], rest.axis));
            let joined = self.joined(b, &cut, (done.exports[k], block, within), rest);
            new.insert(export, joined);
        }
        b.substitute(&[value], &new)[0]
    }

    /// The recurrences, with their nodes.
    fn scans(&self, b: &Builder) -> Vec<(Node, ScanId)> {
        let scan = |&node: &Node| match b.graph().node(node).op {
            Op::Scan(id) => Some((node, id)),
            _ => None,
        };
        self.inside.iter().filter_map(scan).collect()
    }

    /// What the carries of all recurrences begin with.
    fn initial(&self, b: &Builder) -> Vec<Node> {
        let own = |(node, id): (Node, ScanId)| {
            let count = b.graph().scan(id).carries.len();
            b.graph().node(node).inputs[..count].to_vec()
        };
        self.scans(b).into_iter().flat_map(own).collect()
    }

    /// The number among all carries of the one whose end a result is.
    fn carry_of(&self, b: &Builder, result: Node) -> Option<usize> {
        let Op::Output(number) = b.graph().node(result).op else { return None };
        let mut before = 0;
        for (node, id) in self.scans(b) {
            let body = b.graph().scan(id);
            if node == b.graph().node(result).inputs[0] {
                return Some(before + number as usize - body.outputs.len());
            }
            before += body.carries.len();
        }
        None
    }

    /// The outer recurrence.
    fn run_blocks(&self, b: &mut Builder, (block, within): (Axis, Axis), starts: &[Node]) -> Done {
        let (blocks, length) = (b.graph().axis_size(block), b.graph().axis_size(within));
        let positions: Vec<f64> = (0..blocks * length).map(|k| k as f64).collect();
        let positions = b.data(&[block, within], positions);
        let scan = b.begin_scan(block, Direction::Forward);
        let mut slots = 0..;
        let mut leaf = |b: &mut Builder, axes: &[Axis]| b.leaf(scan, slots.next().expect("endless"), axes);
        let mut carries: Vec<Node> = vec![];
        for &start in starts {
            let axes = b.axes_of(start).to_vec();
            carries.push(leaf(b, &axes));
        }
        let (mut sequences, mut slices, mut bound) = (vec![], vec![], HashMap::new());
        for &sequence in &self.sequences {
            let all = b.gather(sequence, &[(self.axis, positions)]);
            let axes: Vec<Axis> = b.axes_of(all).iter().copied().filter(|&axis| axis != block).collect();
            let slice = leaf(b, &axes);
            sequences.push(all);
            slices.push(slice);
            bound.insert(sequence, slice);
        }
        let done = self.run(b, within, &carries, &mut bound);
        let (mut initial, mut next) = (starts.to_vec(), done.carries);
        for &sum in &done.sums {
            let axes = b.axes_of(sum).to_vec();
            let total = leaf(b, &axes);
            carries.push(total);
            initial.push(b.zeros_like(sum));
            next.push(b.add(total, sum));
        }
        let body = ScanBody {
            axis: block,
            direction: Direction::Forward,
            carries,
            sequences: slices,
            constants: vec![],
            next,
            outputs: done.exports.clone(),
        };
        let node = b.end_scan(scan, body, &initial, &sequences, &[]);
        let mut result = |k: usize| b.output(node, k);
        let exports: Vec<Node> = (0..done.exports.len()).map(&mut result).collect();
        let first = exports.len();
        let carries = (first..first + starts.len()).map(&mut result).collect();
        let first = first + starts.len();
        let sums = (first..first + done.sums.len()).map(&mut result).collect();
        Done { axis: within, carries, sums, exports }
    }

    /// The positions that fill no block.
    fn run_rest(&self, b: &mut Builder, axis: Axis, first: f64, carries: &[Node]) -> Done {
        let positions: Vec<f64> = (0..b.graph().axis_size(axis)).map(|k| first + k as f64).collect();
        let positions = b.data(&[axis], positions);
        let mut bound = HashMap::new();
        for &sequence in &self.sequences {
            let part = b.gather(sequence, &[(self.axis, positions)]);
            bound.insert(sequence, part);
        }
        self.run(b, axis, carries, &mut bound)
    }

    /// The region made again along another axis.
    fn run(&self, b: &mut Builder, axis: Axis, carries: &[Node], made: &mut HashMap<Node, Node>) -> Done {
        let (mut first, mut last) = (0, vec![]);
        for &node in &self.inside {
            let data = b.graph().node(node).clone();
            let inputs: Vec<Node> =
                data.inputs.iter().map(|input| made.get(input).copied().unwrap_or(*input)).collect();
            let again = match data.op {
                Op::Scan(id) => {
                    let (count, outputs) =
                        (b.graph().scan(id).carries.len(), b.graph().scan(id).outputs.len());
                    let start = &carries[first..first + count];
                    let scan = run_again(b, (id, axis), start, &inputs[count..]);
                    last.extend((0..count).map(|k| b.output(scan, outputs + k)));
                    first += count;
                    scan
                }
                Op::Output(k) => b.output(inputs[0], k as usize),
                op => self.apply(b, axis, &op, &inputs),
            };
            made.insert(node, again);
        }
        let mut sums = vec![];
        for &result in &self.results {
            let data = b.graph().node(result).clone();
            if !matches!(data.op, Op::Output(_)) {
                let inputs: Vec<Node> =
                    data.inputs.iter().map(|input| made.get(input).copied().unwrap_or(*input)).collect();
                sums.push(self.apply(b, axis, &data.op, &inputs));
            }
        }
        let exports = self.exports.iter().map(|export| made[export]).collect();
        Done { axis, carries: last, sums, exports }
    }

    fn apply(&self, b: &mut Builder, axis: Axis, op: &Op, inputs: &[Node]) -> Node {
        let renamed =
            |axes: &[Axis]| axes.iter().map(|&own| if own == self.axis { axis } else { own }).collect();
        match op {
            Op::Sum(over) => b.apply(&Op::Sum(renamed(over)), inputs, &[axis]),
            Op::Contract(over) => b.apply(&Op::Contract(renamed(over)), inputs, &[axis]),
            op => b.apply(op, inputs, &[axis]),
        }
    }

    /// An export along the original axis.
    fn joined(
        &self,
        b: &mut Builder,
        cut: &Cut,
        (blocks, block, within): (Node, Axis, Axis),
        rest: Option<(Node, Axis)>,
    ) -> Node {
        let positions = b.iota(self.axis);
        let (length, last) = (cut.length, cut.blocks * cut.length - 1);
        let size = b.graph().axis_size(self.axis);
        let mut of = |place: &dyn Fn(usize) -> usize| {
            let values: Vec<f64> = (0..size).map(|k| place(k.min(last)) as f64).collect();
            b.data(&[self.axis], values)
        };
        let at = [(block, of(&|k| k / length)), (within, of(&|k| k % length))];
        let main = b.gather(blocks, &at);
        let Some((rest, axis)) = rest else { return main };
        let beyond: Vec<f64> = (0..size).map(|k| k.saturating_sub(last + 1) as f64).collect();
        let beyond = b.data(&[self.axis], beyond);
        let rest = b.gather(rest, &[(axis, beyond)]);
        let first = b.constant(last as f64 + 1.0);
        let is_main = b.less(positions, first);
        b.select(is_main, main, rest)
    }
}

/// What the region yields.
struct Done {
    /// The axis that its exports are along.
    axis: Axis,
    carries: Vec<Node>,
    sums: Vec<Node>,
    exports: Vec<Node>,
}

/// A recurrence along another axis; `rest` are its sequences and constants.
fn run_again(b: &mut Builder, (id, axis): (ScanId, Axis), start: &[Node], rest: &[Node]) -> Node {
    let body = b.graph().scan(id).clone();
    let scan = b.begin_scan(axis, body.direction);
    let mut leaves: HashMap<Node, Node> = HashMap::new();
    let own = body.carries.iter().chain(&body.sequences).chain(&body.constants);
    for (slot, &leaf) in own.enumerate() {
        let axes = b.axes_of(leaf).to_vec();
        leaves.insert(leaf, b.leaf(scan, slot as u32, &axes));
    }
    let of = |nodes: &[Node]| nodes.iter().map(|node| leaves[node]).collect::<Vec<_>>();
    let (carries, read, constants) = (of(&body.carries), of(&body.sequences), of(&body.constants));
    let next = b.substitute(&body.next, &leaves);
    let outputs = b.substitute(&body.outputs, &leaves);
    let again = ScanBody { axis, carries, sequences: read, constants, next, outputs, ..body };
    let (sequences, constants) = rest.split_at(again.sequences.len());
    b.end_scan(scan, again, start, sequences, constants)
}
