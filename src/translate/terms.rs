//! Expressions as graph.

use crate::graph::{Binary, Builder, Node, Unary};
use crate::library::Action;
use crate::model::{
    Address, AxisVar, Conversion, DimId, DistributionFunction, Kind, Model, Operator, SiteId, Stage, Term,
    TermKind,
};

use super::{Bindings, Coordinates, Translator};
use crate::array::Array;

impl Translator<'_> {
    /// The node of a term, over (at most) the term's axes.
    pub fn term(&mut self, term: &Term) -> Node {
        if let Some(leaf) = self.leaf_from_outside(term) {
            return leaf;
        }
        self.builder.set_origin(term.span.start as u32);
        match &term.kind {
            TermKind::Number(value) => self.builder.constant(*value),
            TermKind::Position(axis) => {
                let axis = self.axis(*axis);
                self.builder.iota(axis)
            }
            TermKind::Read(site, addresses) => {
                if let Some(value) = self.read_member(*site, addresses) {
                    return value;
                }
                if let Some(states) = self.read_states(*site, addresses) {
                    return states;
                }
                let source = self.site(*site);
                self.read(source, *site, addresses)
            }
            TermKind::Convert(conversion, inner) => {
                let inner = self.term(inner);
                self.convert(*conversion, inner)
            }
            TermKind::Apply { .. } => self.apply(term),
            TermKind::Operate(operator, operands) => {
                let operands: Vec<Node> = operands.iter().map(|operand| self.term(operand)).collect();
                self.operate(*operator, &operands)
            }
            TermKind::If(condition, yes, no) => self.choose(condition, |t| t.term(yes), |t| t.term(no)),
            TermKind::Stack(axis, elements) => {
                let axis = self.axis(*axis);
                let elements: Vec<Node> = elements.iter().map(|element| self.term(element)).collect();
                self.builder.stack(axis, &elements)
            }
            TermKind::Rename(pairs, inner) => {
                let inner = self.term(inner);
                let pairs: Vec<_> =
                    pairs.iter().map(|&(from, to)| (self.axis(from), self.axis(to))).collect();
                self.builder.rename(inner, &pairs)
            }
            TermKind::Size(dim) => {
                let size = self.size(*dim);
                self.builder.constant(size as f64)
            }
            TermKind::LabelPosition(dim, label) => {
                let position = self.label_position(*dim, label);
                self.builder.constant(position)
            }
            TermKind::OfDistribution(function, distribution, value) => {
                let value = self.term(value);
                self.of_distribution(*function, distribution, value)
            }
            TermKind::Replicate(factor) => {
                *self.replicates.get(factor).expect("replicates are bound before generated quantities")
            }
            TermKind::States(of, site) => {
                *self.state_summaries.get(&(*of, *site)).expect("bound before generated quantities")
            }
            TermKind::Member(position, sub) => {
                let position = self.term(position);
                self.member(position, *sub)
            }
            TermKind::Broken => unreachable!("a model with errors is never translated"),
        }
    }

    /// `condition ? yes : no`; a branch that a known condition rules out is not translated at all.
    pub(super) fn choose(
        &mut self,
        condition: &Term,
        yes: impl FnOnce(&mut Self) -> Node,
        no: impl FnOnce(&mut Self) -> Node,
    ) -> Node {
        if let Some(known) = self.known_condition(condition) {
            return if known == 0.0 { no(self) } else { yes(self) };
        }
        let outside = self.guard_outside(condition);
        let condition = self.term(condition);
        let yes = self.under(condition, outside, yes);
        let otherwise = self.builder.unary(Unary::Not, condition);
        let outside = outside.map(|outside| self.builder.unary(Unary::Not, outside));
        let no = self.under(otherwise, outside, no);
        self.builder.select(condition, yes, no)
    }

    /// Translates a branch under its guard, which inside of a recurrence has a twin outside of the body.
    fn under(&mut self, guard: Node, outside: Option<Node>, branch: impl FnOnce(&mut Self) -> Node) -> Node {
        self.guards.push(guard);
        outside.into_iter().for_each(|outside| self.push_outer_guard(outside));
        let node = branch(self);
        if outside.is_some() {
            self.pop_outer_guard();
        }
        self.guards.pop();
        node
    }

    /// The value of a condition that is a scalar known from data.
    fn known_condition(&self, condition: &Term) -> Option<f64> {
        if !condition.axes.is_empty() || condition.stage > Stage::Data {
            return None;
        }
        let array = super::evaluate(self.model, self.bindings, condition)?;
        array.values.first().copied()
    }

    /// An argument of an operation with a singular point, made harmless in the cells where the result is not taken:
    /// a derivative of inf times an adjoint of 0 would be NaN.
    pub(super) fn guarded(&mut self, x: Node) -> Node {
        let relevant = |builder: &Builder, guard: Node| {
            let axes = builder.axes_of(guard);
            axes.is_empty() || axes.iter().any(|axis| builder.axes_of(x).contains(axis))
        };
        let guards: Vec<Node> = self.guards.iter().copied().filter(|&g| relevant(&self.builder, g)).collect();
        guards.into_iter().fold(x, |x, guard| {
            let harmless = self.builder.constant(0.5);
            self.builder.select(guard, x, harmless)
        })
    }

    fn apply(&mut self, term: &Term) -> Node {
        let TermKind::Apply { function, arguments, over, twins, filter, by } = &term.kind else {
            unreachable!("called for applications")
        };
        let mut arguments: Vec<Node> = arguments.iter().map(|argument| self.term(argument)).collect();
        if function.action == Action::ElementWise && !self.guards.is_empty() {
            arguments = arguments.into_iter().map(|argument| self.guarded(argument)).collect();
        }
        let over = self.over(over, twins);
        if matches!(function.action, Action::Along | Action::Reduce) && !arguments.is_empty() {
            arguments[0] = self.builder.expand(arguments[0], &over.axes);
        }
        let filter = filter.as_ref().map(|filter| self.term(filter));
        let mask = match by {
            Some(by) => Some(self.group_mask(by, filter)),
            None => filter,
        };
        (function.expand)(&mut self.builder, &arguments, mask, &over)
    }

    /// 1 where the cell belongs to the group: over the group's dim besides the cell's axes.
    fn group_mask(&mut self, by: &Term, filter: Option<Node>) -> Node {
        let Kind::Index(dim) = by.value else { unreachable!("`by` takes an index") };
        let group = self.axis(AxisVar { dim, copy: 0 });
        let by = self.term(by);
        let positions = self.builder.iota(group);
        let mask = self.builder.equal(by, positions);
        match filter {
            Some(filter) => self.builder.binary(Binary::And, mask, filter),
            None => mask,
        }
    }

    fn convert(&mut self, conversion: Conversion, inner: Node) -> Node {
        match conversion {
            Conversion::ToParent(sub) => {
                let table: Vec<f64> = self.bindings.parents[sub.0].iter().map(|&p| p as f64).collect();
                self.look_up(sub, table, inner)
            }
            Conversion::ToCoordinate(dim) => match self.bindings.coordinates.get(dim.0) {
                Some(Coordinates::Integers { first }) => self.builder.plus(inner, *first as f64),
                Some(Coordinates::Selected(names)) => {
                    let table = names.iter().map(|name| name.parse().unwrap_or(f64::NAN)).collect();
                    self.look_up(dim, table, inner)
                }
                _ => self.builder.plus(inner, 1.0),
            },
            Conversion::ToPosition(dim) => match self.bindings.coordinates.get(dim.0) {
                Some(Coordinates::Integers { first }) => self.builder.plus(inner, -*first as f64),
                _ => self.builder.plus(inner, -1.0),
            },
        }
    }

    /// Reads a table over a dim at positions.
    fn look_up(&mut self, dim: DimId, table: Vec<f64>, positions: Node) -> Node {
        let axis = AxisVar { dim, copy: 0 };
        let table = self.constant_array(&[axis], &Array::new(vec![table.len()], table));
        let axis = self.axis(axis);
        self.builder.gather(table, &[(axis, positions)])
    }

    fn label_position(&self, dim: DimId, label: &str) -> f64 {
        match self.bindings.coordinates.get(dim.0) {
            Some(Coordinates::Labels(labels) | Coordinates::Selected(labels)) => {
                labels.iter().position(|known| known == label).map_or(f64::NAN, |position| position as f64)
            }
            _ => f64::NAN,
        }
    }

    fn member(&mut self, position: Node, sub: DimId) -> Node {
        let parents = self.bindings.parents[sub.0].clone();
        let zero = self.builder.constant(0.0);
        parents.into_iter().fold(zero, |any, parent| {
            let parent = self.builder.constant(parent as f64);
            let same = self.builder.equal(position, parent);
            self.builder.binary(Binary::Or, any, same)
        })
    }

    fn of_distribution(
        &mut self,
        function: DistributionFunction,
        distribution: &crate::model::Distribution,
        value: Node,
    ) -> Node {
        match function {
            DistributionFunction::LogProbability => self.log_density(distribution, value),
            DistributionFunction::Cdf => {
                let log = self.log_cdf(distribution, value);
                self.builder.exp(log)
            }
            DistributionFunction::Ccdf => {
                let log = self.log_ccdf(distribution, value);
                self.builder.exp(log)
            }
            DistributionFunction::Quantile => self.quantile(distribution, value),
        }
    }

    pub(super) fn operate(&mut self, operator: Operator, operands: &[Node]) -> Node {
        let x = operands[0];
        let y = operands.get(1).copied().unwrap_or(x);
        match operator {
            Operator::Negate => self.builder.neg(x),
            Operator::Not => self.builder.unary(Unary::Not, x),
            Operator::Or => self.builder.binary(Binary::Or, x, y),
            Operator::And => self.builder.binary(Binary::And, x, y),
            Operator::Equal => self.builder.equal(x, y),
            Operator::NotEqual => self.builder.binary(Binary::NotEqual, x, y),
            Operator::Less => self.builder.less(x, y),
            Operator::LessEqual => self.builder.binary(Binary::LessEqual, x, y),
            Operator::Greater => self.builder.less(y, x),
            Operator::GreaterEqual => self.builder.binary(Binary::LessEqual, y, x),
            Operator::Add => self.builder.add(x, y),
            Operator::Subtract => self.builder.sub(x, y),
            Operator::Multiply => self.builder.mul(x, y),
            Operator::Divide => {
                let y = self.guarded(y);
                self.builder.div(x, y)
            }
            Operator::IntegerDivide => self.builder.binary(Binary::IntegerDivide, x, y),
            Operator::Modulo => self.builder.binary(Binary::Modulo, x, y),
            Operator::Power => {
                let x = self.guarded(x);
                self.builder.pow(x, y)
            }
        }
    }
}

/// Whether every size and every site that a term needs is bound.
pub(super) fn is_ready(model: &Model, bindings: &Bindings, term: &Term) -> bool {
    is_ready_except(model, bindings, term, &[])
}

/// The same, with some sites taken for granted.
pub(super) fn is_ready_except(model: &Model, bindings: &Bindings, term: &Term, granted: &[SiteId]) -> bool {
    let sized = |dim: DimId| bindings.sizes.get(dim.0).copied().flatten().is_some();
    let mut ready = true;
    term.walk(&mut |part| {
        ready &= part.axes.iter().all(|axis| sized(axis.dim));
        ready &= match &part.kind {
            TermKind::Read(site, addresses) => {
                let known =
                    granted.contains(site) || bindings.values.get(site.0).is_some_and(Option::is_some);
                known
                    && model.site(*site).axes.iter().all(|axis| sized(axis.dim))
                    && addresses.iter().all(|address| match address {
                        Address::Here(axis) => sized(axis.dim),
                        Address::At(_) => true,
                    })
            }
            TermKind::Apply { over, .. } => over.iter().all(|axis| sized(axis.dim)),
            TermKind::Size(dim) | TermKind::LabelPosition(dim, _) | TermKind::Member(_, dim) => sized(*dim),
            TermKind::Convert(Conversion::ToParent(dim) | Conversion::ToCoordinate(dim), _) => sized(*dim),
            _ => true,
        };
    });
    ready
}
