//! A model as text, for `--emit model`: deterministic, every axis and position explicit. `obs'` is a second axis over
//! `obs`; `x[{i}]` reads an array at a position, `parent#d` and its like convert between positions and coordinates of a dim.

use super::ir::*;

/// The model, line by line: dims, sites, factors, order, obligations.
pub fn print(model: &Model) -> String {
    let printer = Printer { model };
    let dims = model.dims.iter().enumerate().map(|(id, dim)| printer.dim(DimId(id), dim));
    let sites = model.sites.iter().map(|site| printer.site(site));
    let factors = model.factors.iter().map(|factor| printer.factor(factor));
    let order = std::iter::once(printer.order());
    let obligations = model.obligations.iter().map(|obligation| printer.obligation(obligation));
    dims.chain(sites).chain(factors).chain(order).chain(obligations).map(|line| line + "\n").collect()
}

/// Knows the names behind identities.
struct Printer<'m> {
    model: &'m Model,
}

impl Printer<'_> {
    fn dim_name(&self, id: DimId) -> String {
        let name = &self.model.dim(id).name;
        let earlier = self.model.dims[..id.0].iter().filter(|dim| dim.name == *name).count();
        if earlier == 0 { name.clone() } else { format!("{name}.{earlier}") }
    }

    fn axis(&self, axis: AxisVar) -> String {
        self.dim_name(axis.dim) + &"'".repeat(axis.copy)
    }

    fn axes(&self, axes: &[AxisVar]) -> String {
        axes.iter().map(|axis| self.axis(*axis)).collect::<Vec<_>>().join(", ")
    }

    fn bracket(&self, axes: &[AxisVar]) -> String {
        if axes.is_empty() { String::new() } else { format!("[{}]", self.axes(axes)) }
    }

    fn dim(&self, id: DimId, dim: &Dim) -> String {
        let name = self.dim_name(id);
        match &dim.kind {
            DimKind::FromData => format!("dim {name}"),
            DimKind::Size(size) => format!("dim {name} = {}", self.term(size)),
            DimKind::Range(first, last) => format!("dim {name} = {}..{}", self.term(first), self.term(last)),
            DimKind::Labels(labels) => format!("dim {name} = {labels:?}"),
            DimKind::Sub { parent, filter } => {
                format!("dim {name} = {} where {}", self.dim_name(*parent), self.term(filter))
            }
        }
    }

    fn kind(&self, kind: Kind) -> String {
        match kind {
            Kind::Real => "real".to_string(),
            Kind::Int => "int".to_string(),
            Kind::Bool => "bool".to_string(),
            Kind::Index(dim) => format!("index({})", self.dim_name(dim)),
        }
    }

    fn domain(&self, domain: &SiteDomain) -> String {
        let mut text = domain.domain.name.to_string();
        if domain.ends.iter().any(Option::is_some) {
            let [low, high] =
                [0, 1].map(|at| domain.ends[at].as_ref().map_or(String::new(), |end| self.term(end)));
            text += &format!("({low}..{high})");
        }
        if !domain.over.is_empty() {
            text += &format!(" over {}", self.axes(&domain.over));
        }
        if !domain.twins.is_empty() {
            text += &format!(" by {}", self.axes(&domain.twins));
        }
        text
    }

    fn site(&self, site: &Site) -> String {
        let word = match &site.kind {
            SiteKind::Data { .. } | SiteKind::Gaps { .. } => "data",
            SiteKind::Let(_) => "let",
            SiteKind::Latent { .. } => "latent",
            SiteKind::Learn(_) => "learn",
            SiteKind::Generate(_) | SiteKind::GenerateDraw(_) => "generate",
        };
        let stage = match site.stage {
            Stage::Literal => "literal",
            Stage::Data => "data",
            Stage::Model => "model",
            Stage::Draw => "draw",
        };
        let head = format!(
            "{word} {}{}: {} in {} @{stage}",
            site.name,
            self.bracket(&site.axes),
            self.kind(site.value),
            self.domain(&site.domain)
        );
        match &site.kind {
            SiteKind::Data { field, default, .. } => {
                let default =
                    default.as_ref().map_or(String::new(), |term| format!(" = {}", self.term(term)));
                format!("{head} from {field:?}{default}")
            }
            SiteKind::Gaps { code, .. } => code.map_or(head.clone(), |code| format!("{head} for {code}")),
            SiteKind::Let(term) | SiteKind::Generate(term) => format!("{head} = {}", self.term(term)),
            SiteKind::Latent { prior, using } => {
                let using = using.as_ref().map_or(String::new(), |(name, _)| format!(" using {name}"));
                format!("{head} ~ {}{using}", self.distribution(prior))
            }
            SiteKind::Learn(Init::Middle) => head,
            SiteKind::Learn(Init::Value(term)) => format!("{head} from {}", self.term(term)),
            SiteKind::Learn(Init::Drawn(drawn)) => format!("{head} from {}", self.distribution(drawn)),
            SiteKind::GenerateDraw(distribution) => format!("{head} ~ {}", self.distribution(distribution)),
        }
    }

    fn factor(&self, factor: &Factor) -> String {
        match factor {
            Factor::Observe { target, axes, distribution, .. } => format!(
                "observe{} {} ~ {}",
                self.bracket(axes),
                self.term(target),
                self.distribution(distribution)
            ),
            Factor::Potential { value, .. } => {
                format!("potential{} {}", self.bracket(&value.axes), self.term(value))
            }
        }
    }

    fn order(&self) -> String {
        let name = |id: &SiteId| self.model.site(*id).name.clone();
        let steps = self.model.order.iter().map(|step| match step {
            Step::Site(id) => name(id),
            Step::Recurrence(recurrence) => {
                let members: Vec<String> = recurrence.members.iter().map(name).collect();
                format!("({} along {})", members.join(" "), self.axis(recurrence.axis))
            }
        });
        format!("order {}", steps.collect::<Vec<_>>().join(" "))
    }

    fn obligation(&self, obligation: &Obligation) -> String {
        let Obligation { value, domain, demanded_by, .. } = obligation;
        format!(
            "check{} {} in {} for {demanded_by}",
            self.bracket(&value.axes),
            self.term(value),
            domain.name
        )
    }

    fn terms(&self, terms: &[Term]) -> String {
        terms.iter().map(|term| self.term(term)).collect::<Vec<_>>().join(", ")
    }

    fn over(&self, over: &[AxisVar], twins: &[AxisVar]) -> String {
        match (over, twins) {
            ([], _) => String::new(),
            (over, []) => format!(" over {}", self.axes(over)),
            (over, twins) => format!(" over {} by {}", self.axes(over), self.axes(twins)),
        }
    }

    fn term(&self, term: &Term) -> String {
        match &term.kind {
            TermKind::Number(value) => format!("{value}"),
            TermKind::Position(axis) => format!("@{}", self.axis(*axis)),
            TermKind::Read(site, addresses) => self.read(*site, addresses),
            TermKind::Convert(conversion, inner) => {
                let (sign, dim) = match conversion {
                    Conversion::ToCoordinate(dim) => ("coordinate", dim),
                    Conversion::ToPosition(dim) => ("position", dim),
                    Conversion::ToParent(dim) => ("parent", dim),
                };
                format!("{sign}#{}({})", self.dim_name(*dim), self.term(inner))
            }
            TermKind::Apply { function, arguments, over, twins, filter, by } => {
                let filter =
                    filter.as_ref().map_or(String::new(), |filter| format!(" where {}", self.term(filter)));
                let by = by.as_ref().map_or(String::new(), |by| format!(" by {}", self.term(by)));
                format!("{}({}{}{filter}{by})", function.name, self.terms(arguments), self.over(over, twins))
            }
            TermKind::Operate(operator, operands) => self.operation(*operator, operands),
            TermKind::If(condition, then, otherwise) => {
                format!(
                    "(if {} then {} else {})",
                    self.term(condition),
                    self.term(then),
                    self.term(otherwise)
                )
            }
            TermKind::Stack(axis, parts) => format!("[{} along {}]", self.terms(parts), self.axis(*axis)),
            TermKind::Rename(pairs, inner) => {
                let pairs: Vec<String> = pairs
                    .iter()
                    .map(|(from, to)| format!("{} -> {}", self.axis(*from), self.axis(*to)))
                    .collect();
                format!("rename({} with {})", self.term(inner), pairs.join(", "))
            }
            TermKind::Size(dim) => format!("size({})", self.dim_name(*dim)),
            TermKind::OfDistribution(asked, distribution, value) => {
                let name = match asked {
                    DistributionFunction::LogProbability => "log_prob",
                    DistributionFunction::Cdf => "cdf",
                    DistributionFunction::Ccdf => "ccdf",
                    DistributionFunction::Quantile => "quantile",
                };
                format!("{name}({}, {})", self.distribution(distribution), self.term(value))
            }
            TermKind::LabelPosition(dim, label) => format!("label#{}({label:?})", self.dim_name(*dim)),
            TermKind::Replicate(factor) => format!("rep({factor})"),
            TermKind::States(StatesOf::Probability, site) => format!("prob({})", self.model.site(*site).name),
            TermKind::States(StatesOf::Best, site) => format!("best({})", self.model.site(*site).name),
            TermKind::Member(inner, dim) => format!("({} in {})", self.term(inner), self.dim_name(*dim)),
            TermKind::Broken => "broken".to_string(),
        }
    }

    fn read(&self, site: SiteId, addresses: &[Address]) -> String {
        let name = &self.model.site(site).name;
        if addresses.is_empty() {
            return name.clone();
        }
        let places: Vec<String> = addresses
            .iter()
            .map(|address| match address {
                Address::Here(axis) => self.axis(*axis),
                Address::At(term) => format!("{{{}}}", self.term(term)),
            })
            .collect();
        format!("{name}[{}]", places.join(", "))
    }

    fn operation(&self, operator: Operator, operands: &[Term]) -> String {
        match operands {
            [one] => format!("{}{}", sign(operator), self.term(one)),
            _ => {
                let parts: Vec<String> = operands.iter().map(|operand| self.term(operand)).collect();
                format!("({})", parts.join(&format!(" {} ", sign(operator))))
            }
        }
    }

    fn distribution(&self, distribution: &Distribution) -> String {
        match distribution {
            Distribution::Family(call) => self.family(call),
            Distribution::If(condition, then, otherwise) => format!(
                "if {} then {} else {}",
                self.term(condition),
                self.distribution(then),
                self.distribution(otherwise)
            ),
            Distribution::Truncated { base, ends, .. } => {
                let [low, high] =
                    [0, 1].map(|at| ends[at].as_ref().map_or(String::new(), |end| self.term(end)));
                format!("truncated({}, {low}..{high})", self.distribution(base))
            }
            Distribution::Censored { base, right, left, upto, .. } => {
                let marks = [("right", right), ("left", left), ("upto", upto)];
                let marks = marks
                    .iter()
                    .filter_map(|(name, mark)| Some(format!(", {name} = {}", self.term((*mark).as_ref()?))));
                format!("censored({}{})", self.distribution(base), marks.collect::<String>())
            }
            Distribution::Mixture { weights, components, .. } => {
                let components: Vec<String> =
                    components.iter().map(|component| self.distribution(component)).collect();
                format!("mixture([{}], {})", self.terms(weights), components.join(", "))
            }
            Distribution::MixtureOver { weights, component, axis, .. } => format!(
                "mixture({}, {} over {})",
                self.term(weights),
                self.distribution(component),
                self.axis(*axis)
            ),
        }
    }

    fn family(&self, call: &FamilyCall) -> String {
        let parameters = call.family.forms[call.form].parameters;
        let arguments: Vec<String> = parameters
            .iter()
            .zip(&call.arguments)
            .map(|(parameter, argument)| format!("{} = {}", parameter.name, self.term(argument)))
            .collect();
        format!("{}({}{})", call.family.name, arguments.join(", "), self.over(&call.over, &call.twins))
    }
}

fn sign(operator: Operator) -> &'static str {
    match operator {
        Operator::Negate => "-",
        Operator::Not => "not ",
        Operator::Or => "or",
        Operator::And => "and",
        Operator::Equal => "==",
        Operator::NotEqual => "!=",
        Operator::Less => "<",
        Operator::LessEqual => "<=",
        Operator::Greater => ">",
        Operator::GreaterEqual => ">=",
        Operator::Add => "+",
        Operator::Subtract => "-",
        Operator::Multiply => "*",
        Operator::Divide => "/",
        Operator::IntegerDivide => "div",
        Operator::Modulo => "mod",
        Operator::Power => "^",
    }
}
