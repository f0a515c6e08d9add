//! Names that people bring from other languages, and what they are here.

/// The form in this language of a name from another: `<words>` stands for the next argument, `<words@2>` for the second.
pub fn form(name: &str) -> Option<&'static str> {
    row(name).map(|(_, form)| form)
}

/// Where another language's name comes from, and what is particular about it: `from BUGS, with a precision`.
pub fn origin(name: &str) -> Option<String> {
    let (language, form) = row(name)?;
    let particular = if form.contains("tau") || form.contains("prec = ") { ", with a precision" } else { "" };
    (!language.is_empty()).then(|| format!("from {language}{particular}"))
}

fn row(name: &str) -> Option<(&'static str, &'static str)> {
    TABLE.iter().find_map(|(language, names)| {
        names.iter().find(|(foreign, _)| *foreign == name).map(|(_, form)| (*language, *form))
    })
}

/// Another language's truth value, as it is written here.
pub fn truth(name: &str) -> Option<&'static str> {
    match name {
        "TRUE" | "True" => Some("true"),
        "FALSE" | "False" => Some("false"),
        _ => None,
    }
}

/// Whether another language means by a name that there is no value.
pub fn is_missing_value(name: &str) -> bool {
    matches!(name, "None" | "NULL" | "null" | "NA" | "NaN" | "nan")
}

/// The name of a type in another language, as it is here.
pub fn type_name(name: &str) -> Option<&'static str> {
    TYPES.iter().find(|(foreign, _)| *foreign == name).map(|(_, own)| *own)
}

/// The parameters that another language's keyword may stand for, likeliest first.
pub fn parameters(keyword: &str) -> impl Iterator<Item = &'static str> {
    KEYWORDS.iter().filter(move |(foreign, _)| *foreign == keyword).flat_map(|(_, own)| own.iter().copied())
}

/// A form with its words as they stand: `normal(mean, precision = tau)`.
pub fn shown(form: &str) -> String {
    pieces(form).map(|piece| piece.unwrap_or_else(|(words, _)| words)).collect()
}

/// A form with the arguments that were given in place of its words; none where their numbers differ.
pub fn filled(form: &str, given: &[&str]) -> Option<String> {
    let wanted = pieces(form).filter(Result::is_err).count();
    if wanted != given.len() {
        return None;
    }
    let pieces: Vec<Piece<'_>> = pieces(form).collect();
    let mut next = 0;
    let filled = pieces.iter().enumerate().map(|(at, piece)| match piece {
        Ok(text) => Some((*text).to_owned()),
        Err((_, nth)) => {
            let argument = *given.get(nth.unwrap_or(next))?;
            next += 1;
            let atom = argument.chars().all(|c| c.is_ascii_alphanumeric() || "_.[]".contains(c));
            Some(if atom || is_apart(&pieces, at) { argument.to_owned() } else { format!("({argument})") })
        }
    });
    filled.collect()
}

/// Whether signs beside an argument cannot take a part of it: it is a whole argument of a call.
fn is_apart(pieces: &[Piece<'_>], at: usize) -> bool {
    let text = |at: Option<usize>| at.and_then(|at| pieces.get(at)?.ok()).unwrap_or_default();
    let (before, after) = (text(at.checked_sub(1)), text(at.checked_add(1)));
    (before.ends_with(['(', '=']) || before.ends_with(", ") || before.ends_with("= "))
        && after.starts_with([',', ')'])
}

/// Text as it stands, or the words for an argument with its number from 0, if that is said.
type Piece<'a> = Result<&'a str, (&'a str, Option<usize>)>;

fn pieces(form: &str) -> impl Iterator<Item = Piece<'_>> {
    form.split('<').flat_map(|part| match part.split_once('>') {
        None => vec![Ok(part)],
        Some((words, rest)) => {
            let (words, nth) = words.split_once('@').unwrap_or((words, ""));
            vec![Err((words, nth.parse().ok().and_then(|nth: usize| nth.checked_sub(1)))), Ok(rest)]
        }
    })
}

/// What gives the distinct values of a column.
const OF_A_DIM: &str =
    "a dim takes its elements from the data: declare `dim group`, and the column as `data g[obs]: group`";

/// What an LKJ prior of a whole covariance is made of.
const PARTS_OF_A_COVARIANCE: &str = "correlations and scales are drawn apart: `latent R[d, d] ~ lkj(eta)`, `latent s[d] ~ half_normal(1)`, read by `multi_normal(mean, sd = s, corr = R)`";

/// The names of a language, each with its form here.
type Names = &'static [(&'static str, &'static str)];

/// By language; the last are used in several, or in papers.
const TABLE: &[(&str, Names)] = &[
    (
        "BUGS",
        &[
            ("dnorm", "normal(<mean>, precision = <tau>)"),
            ("dgamma", "gamma(<shape>, <rate>)"),
            ("dbeta", "beta(<a>, <b>)"),
            ("dbern", "bernoulli(<p>)"),
            ("dbin", "binomial(<n@2>, <p@1>)"),
            ("dpois", "poisson(<mean>)"),
            ("dunif", "uniform(<low>, <high>)"),
            ("dexp", "exponential(<rate>)"),
            ("dlnorm", "lognormal(<mean_log>, 1 / sqrt(<tau>))"),
            ("dt", "student_t(<df@3>, <location@1>, 1 / sqrt(<tau@2>))"),
            ("dcat", "categorical(<p>)"),
            ("ddirch", "dirichlet(<a> over d)"),
            ("dmnorm", "multi_normal(<mean>, prec = <P>)"),
            ("ilogit", "inv_logit(<x>)"),
            ("phi", "inv_probit(<x>)"),
            ("dweib", "weibull(<v>, <lambda>^(-1 / <v@1>))"),
            ("ddexp", "laplace(<mean>, 1 / <rate>)"),
            ("dnegbin", "neg_binomial(<r@2> * (1 - <p@1>) / <p@1>, <r@2>)"),
            ("cloglog", "log(-log(1 - <p>))"),
            ("inprod", "sum(<a> * <b> over d)"),
            ("step", "(<x> >= 0)"),
            ("equals", "(<a> == <b>)"),
        ],
    ),
    (
        "Stan",
        &[
            ("std_normal", "normal(0, 1)"),
            ("bernoulli_logit", "bernoulli(logit = <e>)"),
            ("binomial_logit", "binomial(<n>, logit = <e>)"),
            ("categorical_logit", "categorical(logit = <e>)"),
            ("poisson_log", "poisson(log = <e>)"),
            ("neg_binomial_2", "neg_binomial(<mean>, <shape>)"),
            ("neg_binomial_2_log", "neg_binomial(log = <e>, shape = <s>)"),
            ("double_exponential", "laplace(<location>, <scale>)"),
            ("lkj_corr", "lkj(<eta>)"),
            ("lkj_corr_cholesky", "lkj_chol(<eta>)"),
            ("multi_normal_cholesky", "multi_normal(<mean>, chol = <L>)"),
            ("bernoulli_logit_lpmf", "log_prob(bernoulli(logit = <e@2>), <x@1>)"),
            ("poisson_log_lpmf", "log_prob(poisson(log = <e@2>), <x@1>)"),
            ("log_mix", "mixture(w, D1, D2)"),
            ("to_vector", "leave it out: arrays align by the names of their dims"),
            ("rep_vector", "leave it out: a number is the same for every element"),
            ("dot_product", "sum(<a> * <b> over d)"),
            ("square", "<x>^2"),
            ("inv", "1 / <x>"),
            ("inv_sqrt", "1 / sqrt(<x>)"),
            ("fabs", "abs(<x>)"),
            ("Phi", "inv_probit(<x>)"),
            (
                "log_sum",
                "which sum? `log_sum_exp(x)`: of exponentials, `log(sum(x))`: of the values themselves",
            ),
        ],
    ),
    (
        "R",
        &[
            ("unique", OF_A_DIM),
            ("nunique", OF_A_DIM),
            ("levels", OF_A_DIM),
            ("factor", OF_A_DIM),
            ("ifelse", "if <c> then <a> else <b>"),
            ("length", "size(d)"),
            ("lag", "an earlier element is read by its index, under a head `[t: time]`: `y[t-1]`"),
            ("c", "a list has brackets alone: `[a, b]`"),
            ("hurdle_poisson", "hurdle(<p>, poisson(<mean>))"),
            ("zero_inflated_poisson", "zero_inflated(<p>, poisson(<mean>))"),
            ("zero_inflated_neg_binomial", "zero_inflated(<p>, neg_binomial(<mean>, <shape>))"),
        ],
    ),
    (
        "Python",
        &[
            ("dot", "<a> @ <b>"),
            ("matmul", "<a> @ <b>"),
            ("Normal", "normal(<mean>, <sd>)"),
            ("HalfNormal", "half_normal(<sd>)"),
            ("HalfCauchy", "half_cauchy(<scale>)"),
            ("LogNormal", "lognormal(<mean_log>, <sd_log>)"),
            ("Lognormal", "lognormal(<mean_log>, <sd_log>)"),
            ("Cauchy", "cauchy(<location>, <scale>)"),
            ("Laplace", "laplace(<location>, <scale>)"),
            ("InverseGamma", "inv_gamma(<shape>, <scale>)"),
            ("StudentT", "student_t(<df>, <location>, <scale>)"),
            ("Bernoulli", "bernoulli(<p>)"),
            ("Binomial", "binomial(<n>, <p>)"),
            ("Poisson", "poisson(<mean>)"),
            ("NegativeBinomial2", "neg_binomial(<mean>, <shape>)"),
            ("Gamma", "gamma(<shape>, <rate>)"),
            ("Beta", "beta(<a>, <b>)"),
            ("Uniform", "uniform(<low>, <high>)"),
            ("Exponential", "exponential(<rate>)"),
            ("Dirichlet", "dirichlet(<a> over d)"),
            ("Categorical", "categorical(<p>)"),
            ("LKJCholesky", "lkj_chol(<eta@2>)"),
            ("MultivariateNormal", "multi_normal(<mean>, <cov>)"),
            ("MvNormal", "multi_normal(<mean>, <cov>)"),
            ("HalfStudentT", "half_student_t(<df>, <scale>)"),
            ("NegativeBinomial", "neg_binomial(<mean>, <shape>)"),
            ("ZeroInflatedPoisson", "zero_inflated(1 - <psi>, poisson(<mean>))"),
            ("logsumexp", "log_sum_exp(<x>)"),
            ("where", "if <c> then <a> else <b>"),
            ("sigmoid", "inv_logit(<x>)"),
            ("expit", "inv_logit(<x>)"),
            ("len", "size(d)"),
            ("LKJ", "lkj(<eta@2>)"),
            ("LKJCorr", "lkj(<eta@2>)"),
            ("LKJCholeskyCov", PARTS_OF_A_COVARIANCE),
        ],
    ),
    (
        "",
        &[
            ("N", "normal(<mean>, <sd>)"),
            ("Norm", "normal(<mean>, <sd>)"),
            ("gaussian", "normal(<mean>, <sd>)"),
            ("Exp", "exponential(<rate>)"),
            ("Bern", "bernoulli(<p>)"),
            ("Bin", "binomial(<n>, <p>)"),
            ("Pois", "poisson(<mean>)"),
            ("Unif", "uniform(<low>, <high>)"),
            ("InvGamma", "inv_gamma(<shape>, <scale>)"),
            ("t", "student_t(<df>, <location>, <scale>)"),
            ("T", "student_t(<df>, <location>, <scale>)"),
            ("student", "student_t(<df>, <location>, <scale>)"),
            ("pow", "<x>^<y>"),
            ("ln", "log(<x>)"),
            ("inverse_gamma", "inv_gamma(<shape>, <scale>)"),
            ("multivariate_normal", "multi_normal(<mean>, <cov>)"),
        ],
    ),
];

/// Scalar types; containers are brackets here.
const TYPES: &[(&str, &str)] = &[
    ("float", "real"),
    ("double", "real"),
    ("numeric", "real"),
    ("number", "real"),
    ("vector", "real"),
    ("matrix", "real"),
    ("integer", "int"),
    ("boolean", "bool"),
    ("logical", "bool"),
    ("nonnegative", "nonneg"),
    ("probability", "unit"),
    ("prob", "unit"),
];

/// Keywords of NumPyro, PyMC, R and Stan's manual, and the parameters that they may stand for.
const KEYWORDS: &[(&str, &[&str])] = &[
    ("loc", &["mean", "location", "mean_log"]),
    ("mu", &["mean", "location", "loc", "mean_log"]),
    ("meanlog", &["mean_log"]),
    ("lambda", &["mean", "rate"]),
    ("lam", &["mean", "rate"]),
    ("scale", &["sd", "sd_log"]),
    ("sigma", &["sd", "scale", "sd_log"]),
    ("std", &["sd", "scale"]),
    ("stddev", &["sd", "scale"]),
    ("sdlog", &["sd_log"]),
    ("tau", &["precision"]),
    ("prec", &["precision"]),
    ("var", &["variance"]),
    ("probs", &["p"]),
    ("prob", &["p"]),
    ("logits", &["logit"]),
    ("logit_p", &["logit"]),
    ("total_count", &["n"]),
    ("size", &["n"]),
    ("trials", &["n"]),
    ("nu", &["df"]),
    ("alpha", &["a", "shape"]),
    ("beta", &["b", "rate", "scale"]),
    ("concentration", &["shape", "a"]),
    ("concentration1", &["a"]),
    ("concentration0", &["b"]),
    ("lower", &["low"]),
    ("upper", &["high"]),
    ("covariance_matrix", &["cov"]),
    ("scale_tril", &["chol"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_shown_with_words_and_filled_with_arguments() {
        let form = form("dnorm").expect("a row");
        assert_eq!(shown(form), "normal(mean, precision = tau)");
        assert_eq!(filled(form, &["0", ".001"]).as_deref(), Some("normal(0, precision = .001)"));
        assert_eq!(filled(form, &["0"]), None);
    }

    #[test]
    fn arguments_change_places_and_get_brackets_where_they_need_them() {
        let filled = |name: &str, given: &[&str]| filled(form(name).expect("a row"), given);
        assert_eq!(filled("dbin", &["p", "n"]).as_deref(), Some("binomial(n, p)"));
        assert_eq!(filled("pow", &["x + 1", "2"]).as_deref(), Some("(x + 1)^2"));
        assert_eq!(filled("square", &["x[i]"]).as_deref(), Some("x[i]^2"));
        assert_eq!(filled("cloglog", &["a - b"]).as_deref(), Some("log(-log(1 - (a - b)))"));
        assert_eq!(filled("std_normal", &[]).as_deref(), Some("normal(0, 1)"));
    }
}
