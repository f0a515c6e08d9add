//! Work grows with what is written, not with its square: each kind of file is checked at two sizes, one of them
//! [`FACTOR`] times the other. Quadratic work would take [`FACTOR`] squared times as long.
#![allow(clippy::disallowed_methods, reason = "this test reads the clock")]

use std::fmt::Write;
use std::time::{Duration, Instant};

use vic::diagnostics::allow;
use vic::diagnostics::render::{Files, Style, json, render, short};
use vic::driver;
use vic::source::Source;

const FACTOR: usize = 8;
/// More than this many times as long for [`FACTOR`] times as much is too long; quadratic work would take 64 times.
const MOST: f64 = 26.0;
/// Nothing that is done so fast is judged.
const FAST: Duration = Duration::from_millis(60);
const TRIES: usize = 3;

/// `count` lines.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut text, k| {
        let _ = writeln!(text, "{}", line(k));
        text
    })
}

/// The name before the k-th, or where the chain begins.
fn before(name: &str, k: usize, first: &str) -> String {
    if k == 0 { first.to_string() } else { format!("{name}{}", k - 1) }
}

fn list(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(", ")
}

/// Checks a text and says all about it, as `vic check` does.
fn check(text: &str) {
    let source = Source::new("m.vi", text);
    let mut checked = driver::check(&source);
    allow::withhold(&mut checked.diagnostics, &source);
    let files = Files { model: &source, data: &[] };
    let _ = render(&checked.diagnostics, &files, Style::Plain, 100);
    let _ = (short(&checked.diagnostics, &files), json(&checked.diagnostics, &files));
}

/// The same with data.
fn bind(model: &str, name: &str, data: &str) {
    let source = Source::new("m.vi", model);
    let Some(model) = driver::check(&source).model else { return };
    let files = [Source::new(name, data)];
    let (_, said) = driver::bind(&model, &files);
    let _ = short(&said, &Files { model: &source, data: &files });
}

fn shortest(run: &dyn Fn()) -> Duration {
    let once = || {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    (0..2).map(|_| once()).min().unwrap_or_default()
}

/// Compares the time for `size` with that for [`FACTOR`] times as much.
fn grows_slowly(what: &str, size: usize, run: &dyn Fn(usize)) {
    let mut ratio = 0.0;
    for _ in 0..TRIES {
        let large = shortest(&|| run(FACTOR * size));
        if large < FAST {
            return;
        }
        ratio = large.as_secs_f64() / shortest(&|| run(size)).as_secs_f64();
        if ratio < MOST {
            return;
        }
    }
    panic!("{what}: {FACTOR} times as much takes {ratio:.0} times as long");
}

fn texts_grow_slowly(kinds: &[(&str, &dyn Fn(usize) -> String)], size: usize) {
    for (what, text) in kinds {
        grows_slowly(what, size, &|count| check(&text(count)));
    }
}

#[test]
fn statements() {
    let potential = |count: usize, text: String| format!("{text}potential x{}\n", count - 1);
    texts_grow_slowly(
        &[
            ("lets", &|n| {
                let lets = lines(n, |k| format!("let x{k} = {} + 1", before("x", k, "a")));
                potential(n, format!("latent a ~ normal(0, 1)\n{lets}"))
            }),
            ("scales", &|n| lines(n, |k| format!("latent s{k} ~ half_normal({})", before("s", k, "1")))),
            ("ends", &|n| {
                lines(n, |k| format!("latent e{k}: real({}..) ~ normal(0, 1)", before("e", k, "0")))
            }),
            ("latents added up", &|n| {
                let each =
                    |k| format!("latent a{k} ~ normal(0, 1)\nlet x{k} = {} + a{k}", before("x", k, "0"));
                potential(n, lines(n, each))
            }),
            ("discrete latents", &|n| {
                lines(n, |k| {
                    format!("latent b{k} ~ bernoulli(if {} then 0.2 else 0.7)", before("b", k, "true"))
                })
            }),
            ("latents", &|n| lines(n, |k| format!("latent a{k} ~ normal({}, 1)", before("a", k, "0")))),
            ("flat latents", &|n| lines(n, |k| format!("latent a{k} ~ flat")) + "potential a0\n"),
            ("observes", &|n| {
                let each = lines(n, |k| format!("data y{k}: real\nobserve y{k} ~ normal(m, 1)"));
                format!("latent m ~ normal(0, 1)\n{each}")
            }),
            ("observed again", &|n| {
                format!("latent m ~ normal(0, 1)\ndata y: real\n{}", "observe y ~ normal(m, 1)\n".repeat(n))
            }),
            ("data", &|n| lines(n, |k| format!("data d{k}: real"))),
            ("allowed warnings", &|n| lines(n, |k| format!("data d{k}: real # allow: unused::data"))),
            ("dims", &|n| lines(n, |k| format!("dim d{k} = 3\nlatent a{k}[d{k}] ~ normal(0, 1)"))),
            ("sub-dims", &|n| {
                let parts = lines(n, |k| format!("dim d{k} = obs where y > {k}"));
                format!("dim obs\ndata y[obs]: real\n{parts}")
            }),
            ("recurrences", &|n| {
                let each = |k| format!("let h{k}[s: t] = if s == 1 then 0 else h{k}[s-1] + 1");
                format!("dim t\n{}", lines(n, each))
            }),
            ("recurrences in a ring", &|n| {
                let each = |k| format!("let h{k}[s: t] = if s == 1 then 0 else h{}[s-1] + 1", (k + 1) % n);
                format!("dim t\n{}", lines(n, each))
            }),
            ("recurrences with latents", &|n| {
                let each = |k| {
                    format!(
                        "let m{k}[s: t] = if s == 1 then 0 else z{k}[s-1]\nlatent z{k}[t] ~ normal(m{k}, 1)"
                    )
                };
                format!("dim t\n{}", lines(n, each))
            }),
            ("calls of a function", &|n| {
                format!("fn f(x) = x + 1\n{}", lines(n, |k| format!("let y{k} = f({k})")))
            }),
            ("statements on one line", &|n| (0..n).map(|k| format!("let x{k} = 1 ")).collect()),
            ("labels", &|n| {
                let labels = list(n, |k| format!("\"l{k}\""));
                format!(
                    "dim k = [{labels}]\nlatent a[k] ~ normal(0, 1)\n{}",
                    lines(n, |k| format!("let x{k} = a[\"l{k}\"]"))
                )
            }),
        ],
        1000,
    );
}

#[test]
fn mistakes() {
    texts_grow_slowly(
        &[
            ("unknown names", &|n| lines(n, |k| format!("let name_{k} = nmae_{k} + 1"))),
            ("unknown names like none", &|n| lines(n, |k| format!("let y{k} = foo{} + 1", 7 * k))),
            ("unknown dims", &|n| lines(n, |k| format!("dim dd{k}\nlatent y{k}[dx{k}] ~ normal(0, 1)"))),
            ("unknown types", &|n| lines(n, |k| format!("dim dd{k}\ndata y{k}: dx{k}"))),
            ("unknown functions", &|n| lines(n, |k| format!("let y{k} = lgo{k}(2)"))),
            ("unknown distributions", &|n| lines(n, |k| format!("latent y{k} ~ nromal{k}(0, 1)"))),
            ("unknown labels", &|n| {
                let labels = list(n, |k| format!("\"label{k}\""));
                let reads = lines(n, |k| format!("let x{k} = a[\"labbel{k}\"]"));
                format!("dim k = [{labels}]\nlatent a[k] ~ normal(0, 1)\n{reads}")
            }),
            ("mistakes on one line", &|n| (0..n).map(|k| format!("let x{k} = zz{k} ")).collect()),
            ("supports", &|n| {
                format!("latent s ~ normal(0, 1)\n{}", lines(n, |k| format!("latent y{k} ~ normal(0, s)")))
            }),
            ("declared twice", &|n| "latent y ~ normal(0, 1)\n".repeat(n)),
            ("used before", &|n| lines(n, |k| format!("let x{k} = x{}", k + 1)) + &format!("let x{n} = 1")),
            ("unreadable statements", &|n| lines(n, |k| format!("latent y{k} ~ ~ normal(0, 1)"))),
            ("unclosed brackets", &|n| lines(n, |k| format!("latent y{k} ~ normal(0, 1"))),
            ("misspelt first words", &|n| lines(n, |k| format!("latnet a{k} ~ normal(0, 1)"))),
            ("declarations of Stan", &|n| lines(n, |k| format!("real<lower=0> s{k};"))),
        ],
        500,
    );
}

#[test]
fn expressions() {
    let nested =
        |open: &str, inner: &str, close: &str| format!("{}{inner}{}", open.repeat(90), close.repeat(90));
    texts_grow_slowly(
        &[
            ("sums", &|n| lines(n / 40 + 1, |k| format!("let x{k} = 1{}", " + 1".repeat(400)))),
            ("flat sums", &|n| {
                format!("latent a ~ flat\nlatent b ~ flat\npotential a{}\n", " + b".repeat(400.min(n)))
                    + &lines(n / 40 + 1, |k| format!("let x{k} = a{}", " + b".repeat(400)))
            }),
            ("nested calls", &|n| {
                let each = |k| format!("let x{k} = {}", nested("exp(", "a", ")"));
                format!("latent a ~ normal(0, 1)\n{}", lines(n / 10 + 1, each))
            }),
            ("arguments", &|n| format!("let x = max({})", list(n, |_| "1".to_string()))),
            ("parameters", &|n| {
                let (given, named) = (list(n, |k| format!("p{k} = 1")), list(n, |k| format!("p{k}")));
                format!("fn f({named}) = 1\nlet y = f({given})")
            }),
            ("elements", &|n| format!("dim k = {n}\nlet x[k] = [{}]", list(n, |_| "1".to_string()))),
            ("an endless chain", &|n| format!("let x = 1{}", " < 1".repeat(n))),
            ("opening brackets", &|n| format!("let x = {}", "(".repeat(40 * n))),
            ("brackets of all kinds", &|n| "([{".repeat(10 * n)),
            ("ifs", &|n| format!("let x = {}0", "if true then 1 else ".repeat(n))),
            ("blocks", &|n| "a {".repeat(n)),
            ("guides", &|n| "guide {\n".repeat(n)),
            ("look-alikes", &|n| "let x = \u{2212} 1\n".repeat(n)),
            ("a chain of functions", &|n| {
                let each = |k| {
                    format!(
                        "fn f{k}(x) = {}",
                        if k == 0 { "x".to_string() } else { format!("f{}(x)", k - 1) }
                    )
                };
                format!("{}let y = f{}(1)", lines(n, each), n - 1)
            }),
        ],
        1000,
    );
}

#[test]
fn data() {
    const ONE: &str = "dim obs\ndata y[obs]: real\nlatent m ~ normal(0, 1)\nobserve y ~ normal(m, 1)\n";
    let numbers = |n: usize, from: &str| {
        let fields: Vec<String> = (0..n).map(|k| format!("\"{from}{k}\": [1, 2]")).collect();
        format!("{{{}}}", fields.join(", "))
    };
    let declared =
        |n: usize, name: &str| format!("dim obs\n{}", lines(n, |k| format!("data {name}{k}[obs]: real")));
    grows_slowly("columns", 4000, &|n| {
        bind(
            ONE,
            "d.csv",
            &format!("y,{}\n1,{}\n", list(n, |k| format!("c{k}")), list(n, |_| "2".to_string())),
        );
    });
    grows_slowly("empty names of columns", 20_000, &|n| bind(ONE, "d.csv", &",".repeat(n)));
    grows_slowly("rows of nothing", 20_000, &|n| bind(ONE, "d.csv", &format!("y\n{}", "NA\n".repeat(n))));
    grows_slowly("fields", 1000, &|n| bind(&declared(n, "y"), "d.json", &numbers(n, "y")));
    grows_slowly("missing fields", 500, &|n| bind(&declared(n, "name_"), "d.json", &numbers(n, "nmae_")));
    grows_slowly("dims", 500, &|n| {
        bind(&lines(n, |k| format!("dim d{k}\ndata y{k}[d{k}]: real")), "d.json", &numbers(n, "y"));
    });
    grows_slowly("sizes one of the other", 500, &|n| {
        let dims = lines(n, |k| {
            format!("dim d{k} = {} + 0", if k == 0 { "n".into() } else { format!("size(d{})", k - 1) })
        });
        bind(&format!("data n: count\n{dims}"), "d.json", "{\"n\": 2}");
    });
    grows_slowly("selections", 500, &|n| {
        let parts = lines(n, |k| format!("dim s{k} = obs where y > {k}"));
        bind(&format!("dim obs\ndata y[obs]: real\n{parts}"), "d.json", "{\"y\": [1, 2, 3]}");
    });
    grows_slowly("lets of data", 500, &|n| {
        let lets = lines(n, |k| format!("let x{k} = {} + 1", before("x", k, "n")));
        bind(&format!("data n: real\n{lets}"), "d.json", "{\"n\": 2}");
    });
    grows_slowly("labels", 4000, &|n| {
        let model = "dim g\ndim obs\ndata c[obs]: g\ndata y[obs]: real\n";
        bind(model, "d.csv", &format!("c,y\n{}", lines(n, |k| format!("lab{k},1"))));
    });
}

/// What recurses deepest, on a thread with little stack: whoever calls gets an answer, and no overflow.
#[test]
fn the_deepest_texts_need_no_stack_of_the_caller() {
    let called = |k: usize, last: &str| match k {
        0 => format!("fn f0(x) = {last}"),
        _ => format!("fn f{k}(x) = f{}(x){}", k - 1, " + 1".repeat(400)),
    };
    let chain = lines(2000, |k| format!("let t{k} = {} * 1", before("t", k, "s")));
    let texts = [
        lines(2000, |k| called(k, "x")) + "let y = f1999(1)",
        lines(2000, |k| {
            format!("fn f{k}(x) = {}", if k == 0 { "x".into() } else { format!("f{}(x)", k - 1) })
        }) + "let y = f1999(1)",
        format!("latent s ~ half_normal(1)\n{chain}latent y ~ normal(0, t1999^2)"),
        format!("let x = true{}", " and true".repeat(490)),
        format!("let x = {}1", "2 ^ ".repeat(490)),
        format!("let x = {}1{}", "(1 + ".repeat(95), ")".repeat(95)),
        "(".repeat(100_000),
        format!("let x = {}0", "if true then 1 else ".repeat(10_000)),
    ];
    let run = || texts.iter().for_each(|text| check(text));
    let thread = std::thread::Builder::new().stack_size(512 << 10);
    std::thread::scope(|scope| thread.spawn_scoped(scope, run).map(|ran| ran.join().is_ok()))
        .expect("a thread");
}

#[test]
fn functions_that_double_are_cut_short() {
    let each = |k: usize| match k {
        0 => "fn f0(x) = x + x".to_string(),
        _ => format!("fn f{k}(x) = f{0}(x) + f{0}(x)", k - 1),
    };
    let source = Source::new("m.vi", lines(60, each) + "let y = f59(1)");
    let checked = driver::check(&source);
    assert!(checked.model.is_none());
    assert!(checked.diagnostics[0].message.contains("written out"), "{:?}", checked.diagnostics);
    let circle = Source::new("m.vi", "fn f(x) = g(x)\nfn g(x) = f(x)\nlet y = f(1)");
    assert!(driver::check(&circle).model.is_none());
}
