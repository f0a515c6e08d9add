//! Local rewrite rules that the constructors apply: constants fold, identities vanish, factors leave sums.
//!
//! A rule returns a node with the value and the axes of what was asked for, or none. Every rule makes progress towards
//! fewer or smaller nodes, so the constructors that call back here terminate. As usual in algebra, 0 x is 0: derivatives are sparse
//! by this rule. Only data that hold a NaN or an infinity are not hidden by it.

use super::{Axis, Binary, Builder, Node, Op, Unary};

/// Rules for an operation of one argument.
pub(super) fn unary(b: &mut Builder, op: Unary, x: Node) -> Option<Node> {
    let data = b.graph().node(x).clone();
    if let Op::Constant(bits) = data.op {
        return Some(b.constant(op.eval(f64::from_bits(bits))));
    }
    if let Op::Expand(_) = data.op {
        let inner = b.unary(op, data.inputs[0]);
        return Some(b.expand(inner, &data.axes));
    }
    match (op, data.op) {
        (Unary::Neg, Op::Unary(Unary::Neg)) | (Unary::Reciprocal, Op::Unary(Unary::Reciprocal)) => {
            Some(data.inputs[0])
        }
        (Unary::Neg, Op::Binary(Binary::Sub)) => Some(b.sub(data.inputs[1], data.inputs[0])),
        (Unary::Neg, Op::Binary(Binary::Mul)) => {
            let c = scalar(b, data.inputs[0])?;
            Some(b.times(data.inputs[1], -c))
        }
        (Unary::Square | Unary::Abs, Op::Unary(Unary::Neg)) => Some(b.unary(op, data.inputs[0])),
        _ => None,
    }
}

/// Rules for an operation of two arguments.
pub(super) fn binary(b: &mut Builder, op: Binary, x: Node, y: Node) -> Option<Node> {
    if let (Some(x), Some(y)) = (scalar(b, x), scalar(b, y)) {
        return Some(b.constant(op.eval(x, y)));
    }
    if let Some(inner) = stripped(b, x).or(stripped(b, y)) {
        let axes = b.union(&[x, y]);
        let (x, y) = (stripped(b, x).unwrap_or(x), stripped(b, y).unwrap_or(y));
        debug_assert!(inner == x || inner == y, "one of the two was expanded");
        let inner = b.binary(op, x, y);
        return Some(b.expand(inner, &axes));
    }
    let simpler = match op {
        Binary::Add => add(b, x, y),
        Binary::Sub => sub(b, x, y),
        Binary::Mul => mul(b, x, y),
        Binary::Div => div(b, x, y),
        Binary::Pow => pow(b, x, y),
        Binary::Min | Binary::Max => (x == y).then_some(x),
        _ => None,
    }?;
    let axes = b.union(&[x, y]);
    Some(b.expand(simpler, &axes))
}

fn add(b: &mut Builder, x: Node, y: Node) -> Option<Node> {
    match (scalar(b, x), scalar(b, y)) {
        (Some(0.0), _) => return Some(y),
        (_, Some(0.0)) => return Some(x),
        (Some(c), None) => {
            // c + (d + z)
            if let Some((d, z)) = with_scalar(b, y, Binary::Add) {
                return Some(b.plus(z, c + d));
            }
        }
        _ => {}
    }
    if let Some(y) = negated(b, y) {
        return Some(b.sub(x, y));
    }
    if let Some(x) = negated(b, x) {
        return Some(b.sub(y, x));
    }
    ordered(b, Binary::Add, x, y)
}

fn sub(b: &mut Builder, x: Node, y: Node) -> Option<Node> {
    if b.is_zero(x) {
        return Some(b.neg(y));
    }
    if let Some(c) = scalar(b, y) {
        return Some(b.plus(x, -c));
    }
    let y = negated(b, y)?;
    Some(b.add(x, y))
}

fn mul(b: &mut Builder, x: Node, y: Node) -> Option<Node> {
    if let Some(c) = scalar(b, x) {
        return scale(b, c, y);
    }
    if let Some(c) = scalar(b, y) {
        return scale(b, c, x).or_else(|| ordered(b, Binary::Mul, x, y));
    }
    if x == y {
        return Some(b.square(x));
    }
    match (negated(b, x), negated(b, y)) {
        (Some(x), Some(y)) => return Some(b.mul(x, y)),
        (Some(inner), None) | (None, Some(inner)) => {
            let other = if negated(b, x).is_some() { y } else { x };
            let product = b.mul(inner, other);
            return Some(b.neg(product));
        }
        (None, None) => {}
    }
    if let Some((c, z)) = with_scalar(b, x, Binary::Mul) {
        let product = b.mul(z, y);
        return Some(b.times(product, c));
    }
    if let Some((c, z)) = with_scalar(b, y, Binary::Mul) {
        let product = b.mul(x, z);
        return Some(b.times(product, c));
    }
    ordered(b, Binary::Mul, x, y)
}

/// Whether 0 times this is 0, as far as is known: data that are no numbers make none of what they are multiplied with.
fn is_sound(b: &Builder, x: Node) -> bool {
    match b.graph().node(x).op {
        Op::Data(id) => b.graph().data(id).iter().all(|x| x.is_finite()),
        _ => true,
    }
}

/// c x
fn scale(b: &mut Builder, c: f64, x: Node) -> Option<Node> {
    if c == 0.0 {
        return is_sound(b, x).then(|| b.constant(0.0));
    }
    if c == 1.0 {
        return Some(x);
    }
    if c == -1.0 {
        return Some(b.neg(x));
    }
    if let Some(x) = negated(b, x) {
        return Some(b.times(x, -c));
    }
    let (d, z) = with_scalar(b, x, Binary::Mul)?;
    Some(b.times(z, c * d))
}

fn div(b: &mut Builder, x: Node, y: Node) -> Option<Node> {
    if let Some(c) = scalar(b, y)
        && c != 0.0
        && (1.0 / c).is_normal()
    {
        return Some(b.times(x, 1.0 / c));
    }
    if b.is_zero(x) && is_sound(b, y) {
        return Some(x);
    }
    if scalar(b, x) == Some(1.0) {
        return Some(b.reciprocal(y));
    }
    // Derivatives multiply by the reciprocal of what is divided by: with data it is there once for both.
    if let Op::Data(id) = b.graph().node(y).op
        && !matches!(b.graph().node(x).op, Op::Data(_))
        && b.graph().data(id).iter().all(|c| (1.0 / c).is_normal())
    {
        let reciprocal = b.reciprocal(y);
        return Some(b.mul(x, reciprocal));
    }
    let x = negated(b, x)?;
    let ratio = b.div(x, y);
    Some(b.neg(ratio))
}

fn pow(b: &mut Builder, x: Node, y: Node) -> Option<Node> {
    let exponent = scalar(b, y)?;
    if exponent == 0.0 {
        return Some(b.constant(1.0));
    } else if exponent == 1.0 {
        return Some(x);
    } else if exponent == 2.0 {
        return Some(b.square(x));
    } else if exponent == 3.0 {
        let square = b.square(x);
        return Some(b.mul(x, square));
    } else if exponent == 0.5 {
        return Some(b.sqrt(x));
    } else if exponent == -0.5 {
        let root = b.sqrt(x);
        return Some(b.reciprocal(root));
    } else if exponent == -1.0 {
        return Some(b.reciprocal(x));
    } else if exponent == -2.0 {
        let square = b.square(x);
        return Some(b.reciprocal(square));
    }
    None
}

/// The branch that is always taken.
pub(super) fn select(b: &mut Builder, condition: Node, yes: Node, no: Node) -> Option<Node> {
    if yes == no {
        return Some(yes);
    }
    if let Some(condition) = b.known_constant(condition) {
        return Some(if condition == 0.0 { no } else { yes });
    }
    let strip = |x: Node| stripped(b, x).unwrap_or(x);
    let inner = (strip(condition), strip(yes), strip(no));
    (inner != (condition, yes, no)).then(|| b.select(inner.0, inner.1, inner.2))
}

/// Sum over axes that `x` has.
pub(super) fn sum(b: &mut Builder, x: Node, axes: &[Axis]) -> Option<Node> {
    if axes.is_empty() {
        return Some(x);
    }
    let data = b.graph().node(x).clone();
    match data.op {
        Op::Expand(_) => {
            // Those axes that the inner node lacks count as factors.
            let inner = b.sum(data.inputs[0], axes);
            let rest: Vec<Axis> = data.axes.iter().copied().filter(|axis| !axes.contains(axis)).collect();
            Some(b.expand(inner, &rest))
        }
        Op::Unary(Unary::Neg) => {
            let inner = b.sum(data.inputs[0], axes);
            Some(b.neg(inner))
        }
        Op::Binary(Binary::Mul) => Some(b.contract(data.inputs[0], data.inputs[1], axes)),
        Op::Binary(Binary::Div) if has_none(b, data.inputs[1], axes) => {
            let inner = b.sum(data.inputs[0], axes);
            Some(b.div(inner, data.inputs[1]))
        }
        // Only where an operand shrinks first: else a product that is needed anyway would be formed again.
        Op::Contract(before) if apart(b, &data.inputs, axes) => {
            Some(b.contract(data.inputs[0], data.inputs[1], &[&before, axes].concat()))
        }
        Op::Sum(before) => Some(b.sum(data.inputs[0], &[&before, axes].concat())),
        _ => None,
    }
}

/// Sum over axes of a product: whatever need not be inside leaves it.
pub(super) fn contract(b: &mut Builder, x: Node, y: Node, axes: &[Axis]) -> Option<Node> {
    for (x, y) in [(x, y), (y, x)] {
        if let Some(inner) = stripped(b, x) {
            let rest: Vec<Axis> = b.union(&[x, y]).into_iter().filter(|axis| !axes.contains(axis)).collect();
            let product = b.mul(inner, y);
            let sum = b.sum(product, axes);
            return Some(b.expand(sum, &rest));
        }
        // An axis of one operand alone is summed there.
        let alone: Vec<Axis> = axes.iter().copied().filter(|axis| !b.axes_of(y).contains(axis)).collect();
        if !alone.is_empty() {
            let shared: Vec<Axis> = axes.iter().copied().filter(|axis| !alone.contains(axis)).collect();
            let inner = b.sum(x, &alone);
            return Some(b.contract(inner, y, &shared));
        }
        if let Some(inner) = negated(b, x) {
            let rest = b.contract(inner, y, axes);
            return Some(b.neg(rest));
        }
    }
    if axes.is_empty() {
        return Some(b.mul(x, y));
    }
    for (x, y) in [(x, y), (y, x)] {
        let data = b.graph().node(x).clone();
        if data.op != Op::Binary(Binary::Mul) {
            continue;
        }
        for (factor, rest) in [(0, 1), (1, 0)].map(|(i, j)| (data.inputs[i], data.inputs[j])) {
            if has_none(b, factor, axes) {
                let inner = b.contract(rest, y, axes);
                return Some(b.mul(factor, inner));
            }
        }
    }
    None
}

/// Reads of a scalar, of a stack, or in order.
pub(super) fn gather(b: &mut Builder, source: Node, at: &[(Axis, Node)]) -> Option<Node> {
    let own = b.axes_of(source).to_vec();
    let (read, absent): (Vec<_>, Vec<_>) = at.iter().partition(|(axis, _)| own.contains(axis));
    if !absent.is_empty() {
        let positions: Vec<Node> = absent.iter().map(|(_, positions)| *positions).collect();
        let inner = b.gather(source, &read);
        let axes = b.union(&positions);
        return Some(b.expand(inner, &axes));
    }
    let [(axis, positions)] = at else { return at.is_empty().then_some(source) };
    let data = b.graph().node(source).clone();
    if let Op::Expand(_) = data.op {
        let inner = b.gather(data.inputs[0], at);
        let kept: Vec<Axis> = own.into_iter().filter(|other| other != axis).collect();
        return Some(b.expand(inner, &kept));
    }
    if let (Op::Stack(stacked), Some(k)) = (data.op, b.known_constant(*positions))
        && stacked == *axis
        && b.is_within(*positions, *axis)
    {
        let element = data.inputs[k as usize];
        let axes =
            b.union(&[source, *positions]).into_iter().filter(|other| other != axis).collect::<Vec<_>>();
        return Some(b.expand(element, &axes));
    }
    let Op::Iota(along) = b.graph().node(*positions).op else { return None };
    let same_size = b.graph().axis_size(along) == b.graph().axis_size(*axis);
    let free = along == *axis || !own.contains(&along);
    (same_size && free).then(|| b.rename(source, &[(*axis, along)]))
}

/// The number that a scalar constant is.
fn scalar(b: &Builder, x: Node) -> Option<f64> {
    match b.graph().node(x).op {
        Op::Constant(bits) => Some(f64::from_bits(bits)),
        _ => None,
    }
}

/// What an expansion expands.
fn stripped(b: &Builder, x: Node) -> Option<Node> {
    let data = b.graph().node(x);
    matches!(data.op, Op::Expand(_)).then(|| data.inputs[0])
}

/// x of -x.
fn negated(b: &Builder, x: Node) -> Option<Node> {
    let data = b.graph().node(x);
    (data.op == Op::Unary(Unary::Neg)).then(|| data.inputs[0])
}

/// (c, z) of c op z; constants stand first.
fn with_scalar(b: &Builder, x: Node, op: Binary) -> Option<(f64, Node)> {
    let data = b.graph().node(x);
    if data.op != Op::Binary(op) {
        return None;
    }
    scalar(b, data.inputs[0]).map(|c| (c, data.inputs[1]))
}

/// The same commutative operation with its operands in order: a constant first, then by age.
fn ordered(b: &mut Builder, op: Binary, x: Node, y: Node) -> Option<Node> {
    let rank = |x: Node| (scalar(b, x).is_none(), x);
    (rank(y) < rank(x)).then(|| b.binary(op, y, x))
}

/// Whether each axis is in one operand alone.
fn apart(b: &Builder, operands: &[Node], axes: &[Axis]) -> bool {
    axes.iter().all(|axis| operands.iter().any(|&operand| !b.axes_of(operand).contains(axis)))
}

fn has_none(b: &Builder, x: Node, axes: &[Axis]) -> bool {
    b.axes_of(x).iter().all(|axis| !axes.contains(axis))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Vector;
    use crate::graph::print::print;

    /// A builder with a matrix x over (row, column), vectors over each axis, and a scalar.
    struct Setting {
        b: Builder,
        row: Axis,
        column: Axis,
        x: Node,
        u: Node,
        v: Node,
        s: Node,
    }

    fn setting() -> Setting {
        let mut b = Builder::new();
        let (row, column) = (b.axis("row", 3), b.axis("column", 2));
        let x = b.parameter(Vector::Position, 0, &[row, column]);
        let u = b.parameter(Vector::Position, 6, &[row]);
        let v = b.parameter(Vector::Position, 9, &[column]);
        let s = b.parameter(Vector::Position, 11, &[]);
        Setting { b, row, column, x, u, v, s }
    }

    #[test]
    fn identities() {
        let Setting { mut b, s, u, row, .. } = setting();
        assert_eq!(b.plus(s, 0.0), s);
        assert_eq!(b.times(s, 1.0), s);
        let zeros = b.times(u, 0.0);
        assert_eq!((b.known_constant(zeros), b.axes_of(zeros)), (Some(0.0), &[row][..]));
        let broken = b.data(&[row], vec![1.0, f64::NAN, 2.0]);
        let kept = b.times(broken, 0.0);
        assert_eq!(b.known_constant(kept), None, "a NaN among data is not hidden");
        let negative = b.times(s, -1.0);
        assert_eq!(negative, b.neg(s));
        assert_eq!(b.neg(negative), s);
        assert_eq!(b.mul(s, s), b.square(s));
        let [two, half, one] = [2.0, 0.5, 1.0].map(|c| b.constant(c));
        assert_eq!(b.pow(s, two), b.square(s));
        assert_eq!(b.pow(s, half), b.sqrt(s));
        assert_eq!(b.pow(s, one), s);
        let six = b.times(s, 3.0);
        assert_eq!(b.times(six, 2.0), b.times(s, 6.0));
        assert_eq!(b.select(one, s, two), s);
        assert_eq!(b.exp(two), b.constant(2f64.exp()));
    }

    #[test]
    fn equal_expressions_are_one_node() {
        let Setting { mut b, s, u, .. } = setting();
        assert_eq!(b.add(s, u), b.add(u, s));
        let negative = b.neg(u);
        assert_eq!(b.add(s, negative), b.sub(s, u));
        let three = b.times(u, 3.0);
        let back = b.mul(s, three);
        let product = b.mul(s, u);
        assert_eq!(back, b.times(product, 3.0));
    }

    #[test]
    fn a_broadcast_operand_is_not_laid_out() {
        let Setting { mut b, x, u, column, .. } = setting();
        let wide = b.expand(u, &[column]);
        assert_eq!(b.mul(x, wide), b.mul(x, u));
        let exp = b.exp(wide);
        let narrow = b.exp(u);
        assert_eq!(exp, b.expand(narrow, &[column]));
        let sum = b.sum(wide, &[column]);
        assert_eq!(sum, b.times(u, 2.0));
    }

    #[test]
    fn products_are_contracted_and_factors_hoisted() {
        let Setting { mut b, x, u, v, s, row, column } = setting();
        let scaled = b.mul(x, s);
        let doubled = b.times(scaled, -2.0);
        let product = b.mul(doubled, v);
        let sum = b.sum(product, &[column]);
        let plain = b.contract(x, v, &[column]);
        let expected = b.mul(plain, s);
        assert_eq!(sum, b.times(expected, -2.0));
        // A form u' X v never lays out the outer product, nor X weighted.
        let weighted = b.mul(x, v);
        let form = b.mul(weighted, u);
        let form = b.sum_all(form);
        let text = print(b.graph(), &[("form", form)]);
        assert!(!text.contains("mul"), "{text}");
        let rows = b.sum(plain, &[row]);
        let columns = b.sum(x, &[row]);
        assert_eq!(rows, b.contract(columns, v, &[column]));
    }

    #[test]
    fn reads_that_need_no_reading() {
        let Setting { mut b, x, s, u, row, column, .. } = setting();
        let along = b.axis("along", 3);
        let order = b.iota(along);
        assert_eq!(b.gather(x, &[(row, order)]), b.rename(x, &[(row, along)]));
        assert_eq!(b.gather(s, &[(row, order)]), b.expand(s, &[along]));
        let stack = b.stack(along, &[s, s, u]);
        let two = b.constant(2.0);
        assert_eq!(b.gather(stack, &[(along, two)]), u);
        let wide = b.expand(u, &[column]);
        let positions = b.data(&[along], vec![1.0, 0.0, 1.0]);
        assert_eq!(b.gather(wide, &[(column, positions)]), b.expand(u, &[along]));
    }
}
