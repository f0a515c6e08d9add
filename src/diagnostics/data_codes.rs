//! Rows of the catalogue that the data stage reports.

use super::codes::{Code, Row, Severity};

/// The rows, by code.
pub static ROWS: &[Row] = &[
    Row {
        code: Code(701),
        slug: "data::json",
        severity: Severity::Error,
        summary: "a JSON data file is not well formed",
        explanation: "JSON has objects `{\"name\": value}`, lists `[1, 2]`, numbers, texts in double quotes, `true`, \
                      `false` and `null`. Beside these, a data file may hold `NaN`, `Infinity`, `-Infinity` and `NA`. \
                      Nothing may follow the end of the one object or list; comments and commas before a closing \
                      bracket are not allowed.",
        wrong: "{\"y\": [1.5, 2.5,]}",
        right: "{\"y\": [1.5, 2.5]}",
    },
    Row {
        code: Code(702),
        slug: "data::truncated",
        severity: Severity::Error,
        summary: "a data file ends before it is complete",
        explanation: "A list, an object or a text has been opened and the file ends before it is closed. This is what \
                      a file looks like that has been cut off while it was written, copied or downloaded. The message \
                      says what is open and where it was opened.",
        wrong: "{\"y\": [1.5, 2.5",
        right: "{\"y\": [1.5, 2.5]}",
    },
    Row {
        code: Code(703),
        slug: "data::duplicate_field",
        severity: Severity::Error,
        summary: "two fields have the same name",
        explanation: "A field may come once: as one key of one object, or as one column, in one of the data files. \
                      Which of two should count cannot be guessed.",
        wrong: "{\"y\": [1.5], \"y\": [2.5]}",
        right: "{\"y\": [1.5], \"z\": [2.5]}",
    },
    Row {
        code: Code(704),
        slug: "data::ragged",
        severity: Severity::Error,
        summary: "nested lists are not an array",
        explanation: "An array has as many elements in each of its rows, and all of its numbers at one depth. For \
                      groups of different sizes, give one long list of values and a second list that says which group \
                      each belongs to.",
        wrong: "{\"x\": [[1, 2], [3]]}",
        right: "{\"x\": [1, 2, 3], \"group\": [1, 1, 2]}",
    },
    Row {
        code: Code(705),
        slug: "data::object",
        severity: Severity::Error,
        summary: "a field holds an object",
        explanation: "A field is a number, a text, or nested lists of these. Entries of an inner object become fields \
                      of their own at the top of the file.",
        wrong: "{\"prior\": {\"mean\": 0.5, \"sd\": 2}}",
        right: "{\"prior_mean\": 0.5, \"prior_sd\": 2}",
    },
    Row {
        code: Code(706),
        slug: "data::depth",
        severity: Severity::Error,
        summary: "lists are nested too deeply",
        explanation: "A data file's lists may be nested 32 levels deep, more than any model has axes. Deeper ones \
                      come from a mistake in the program that wrote the file.",
        wrong: "a list in a list, 33 times",
        right: "{\"x\": [[1, 2], [3, 4]]}",
    },
    Row {
        code: Code(707),
        slug: "data::records",
        severity: Severity::Error,
        summary: "records have different keys",
        explanation: "A list of records is a table written row by row, so each record has the same keys. A missing \
                      value is written `null`.",
        wrong: "[{\"y\": 1.5, \"x\": 2}, {\"y\": 2.5}]",
        right: "[{\"y\": 1.5, \"x\": 2}, {\"y\": 2.5, \"x\": 3}]",
    },
    Row {
        code: Code(708),
        slug: "data::record_width",
        severity: Severity::Error,
        summary: "a record of a table has too few or too many fields",
        explanation: "Each line of a table has as many fields as its header. A text that contains a comma or a line \
                      break stands in double quotes; an empty field stands for a missing value.",
        wrong: "name,y\nSmith, J.,1.5",
        right: "name,y\n\"Smith, J.\",1.5",
    },
    Row {
        code: Code(709),
        slug: "data::delimiter",
        severity: Severity::Error,
        summary: "a table seems to use another delimiter",
        explanation: "The columns of a `.csv` file are parted by commas and those of a `.tsv` file by tabs; decimals are written \
                      with a point. `--delimiter` and `--decimal` say otherwise: `--delimiter ';' --decimal ','` for tables \
                      written where the comma stands before decimals.",
        wrong: "y;x\n1,5;2",
        right: "y,x\n1.5,2",
    },
    Row {
        code: Code(710),
        slug: "data::header",
        severity: Severity::Error,
        summary: "a table has no header",
        explanation: "The first line of a table names its columns, and the model reads columns by these names.",
        wrong: "1.5,2\n2.5,3",
        right: "y,x\n1.5,2\n2.5,3",
    },
    Row {
        code: Code(711),
        slug: "data::unclosed_quote",
        severity: Severity::Error,
        summary: "a quoted text of a table is never closed",
        explanation: "A field that begins with a double quote goes on to the next one, over line breaks. A quote \
                      inside of it is written twice.",
        wrong: "name,y\n\"Smith,1.5",
        right: "name,y\n\"Smith\",1.5",
    },
    Row {
        code: Code(712),
        slug: "data::encoding",
        severity: Severity::Error,
        summary: "a data file is not UTF-8",
        explanation: "Data files are texts in UTF-8. Spreadsheets may save Latin-1, Windows-1252 or UTF-16; choose \
                      UTF-8 when you export.",
        wrong: "a file with the byte 0xE9 for é",
        right: "the same, saved as UTF-8",
    },
    Row {
        code: Code(713),
        slug: "data::empty_file",
        severity: Severity::Error,
        summary: "a data file is empty",
        explanation: "There is nothing in the file but white space. A data file has at least one field, or a header.",
        wrong: "an empty file",
        right: "{\"y\": [1.5, 2.5]}",
    },
    Row {
        code: Code(714),
        slug: "data::no_data",
        severity: Severity::Error,
        summary: "no data file was given",
        explanation: "The model declares data, so a fit needs a file that holds them.",
        wrong: "data y[obs]: real, and no file",
        right: "data y[obs]: real, and `--data y.json`",
    },
    Row {
        code: Code(715),
        slug: "data::missing_field",
        severity: Severity::Error,
        summary: "a field that the model reads is not in the data",
        explanation: "Each `data` declaration reads the field of its own name, or the one given by `from`. A \
                      declaration with a default `= value` may be absent from the data.",
        wrong: "data sigma: positive, with {\"Sigma\": 1.5}",
        right: "data sigma: positive from \"Sigma\"",
    },
    Row {
        code: Code(716),
        slug: "data::unread_field",
        severity: Severity::Warning,
        summary: "a field of the data is not read",
        explanation: "Either a declaration took its default while a field of almost the same name was there, which may be a slip \
                      in one of the two names; or a JSON file has an array that no declaration reads, which may be a \
                      term that was forgotten. Columns of a table and single numbers, often sizes that nothing needs here, \
                      are left alone. `# allow: data::unread_field` silences it for files that serve several models.",
        wrong: "data scale: positive = 2.5, with {\"Scale\": 1.5}",
        right: "data scale: positive = 2.5 from \"Scale\"",
    },
    Row {
        code: Code(717),
        slug: "data::rank",
        severity: Severity::Error,
        summary: "a field has more or fewer levels of lists than its declaration has axes",
        explanation: "A field for `x[a, b]` is a list of lists: one inner list for each element of `a`, with one \
                      number for each element of `b`. A single value and a list of one are taken for each other.",
        wrong: "data y[obs]: real, with {\"y\": [[1, 2], [3, 4]]}",
        right: "data y[obs, k]: real",
    },
    Row {
        code: Code(718),
        slug: "data::dim_conflict",
        severity: Severity::Error,
        summary: "data over one dim have different lengths",
        explanation: "All data declared over a dim have the same length along it. If they are not measurements of the \
                      same things, they need dims of their own.",
        wrong: "data x[obs], y[obs], with 3 and 2 values",
        right: "data x[obs], y[obs], with 3 values each",
    },
    Row {
        code: Code(719),
        slug: "data::length",
        severity: Severity::Error,
        summary: "a field is not as long as its dim",
        explanation: "The size of this dim is written in the model, computed, or the number of its labels, and the \
                      field has another length along it. Leave the size off the declaration to take it from the data.",
        wrong: "dim obs = 10, with 9 values",
        right: "dim obs, with 9 values",
    },
    Row {
        code: Code(720),
        slug: "data::unknown_size",
        severity: Severity::Error,
        summary: "nothing gives a dim its size",
        explanation: "A dim without a size in the model takes it from the data that are declared over it, or from the \
                      labels or the largest coordinate of an index into it. There are none here.",
        wrong: "dim k; latent b[k] ~ normal(0, 1)",
        right: "dim k = 3; latent b[k] ~ normal(0, 1)",
    },
    Row {
        code: Code(721),
        slug: "data::text",
        severity: Severity::Error,
        summary: "a text where a number is declared",
        explanation: "Only the elements of dims can be named by texts. Numbers are written without quotes, units or \
                      thousands separators, and with a decimal point.",
        wrong: "{\"y\": [1.5, \"2.5 kg\"]}",
        right: "{\"y\": [1.5, 2.5]}",
    },
    Row {
        code: Code(722),
        slug: "data::not_integer",
        severity: Severity::Error,
        summary: "a fraction where an integer is declared",
        explanation: "The declared type is an integer, a count or an index. `10.0` is taken for 10. Integers beyond \
                      2^53 cannot be told apart and are refused too.",
        wrong: "data n: count, with {\"n\": 3.5}",
        right: "data n: count, with {\"n\": 3}",
    },
    Row {
        code: Code(723),
        slug: "data::not_bool",
        severity: Severity::Error,
        summary: "a value that is neither true nor false",
        explanation: "A `bool` is `true` or `false`, 1 or 0. Other codes, such as 1 and 2, must be changed before.",
        wrong: "data died: bool, with {\"died\": 2}",
        right: "data died: bool, with {\"died\": 1}",
    },
    Row {
        code: Code(724),
        slug: "data::missing_value",
        severity: Severity::Error,
        summary: "values are missing",
        explanation: "`null`, `NA`, `NaN` and empty cells stand for missing values. A declaration without a way to \
                      treat them needs every value.",
        wrong: "data y[obs]: real, with {\"y\": [1.5, null]}",
        right: "data y[obs]: real, with {\"y\": [1.5]}",
    },
    Row {
        code: Code(725),
        slug: "data::not_finite",
        severity: Severity::Error,
        summary: "a value is infinite",
        explanation: "An infinite value has no density, and any computation with it ends in infinities or NaN.",
        wrong: "{\"y\": [1.5, \"Inf\"]}",
        right: "{\"y\": [1.5, 2.5]}",
    },
    Row {
        code: Code(726),
        slug: "data::out_of_type",
        severity: Severity::Error,
        summary: "a value lies outside of its declared type",
        explanation: "The type of a data declaration is a promise that the compiler builds on, so each value is \
                      checked against it: `positive` is above 0, `unit` from 0 to 1, a `simplex` has parts that sum to \
                      1.",
        wrong: "data sigma: positive, with {\"sigma\": -1.5}",
        right: "data sigma: positive, with {\"sigma\": 1.5}",
    },
    Row {
        code: Code(727),
        slug: "data::index_base",
        severity: Severity::Error,
        summary: "codes count from 0, coordinates from 1",
        explanation: "An integer in an index column is a coordinate, and coordinates count from 1 unless the dim is \
                      declared with a range. For codes that count from 0, declare that range.",
        wrong: "dim county; data c[obs]: county, with codes 0, 1, 2",
        right: "dim county = 0..2; data c[obs]: county",
    },
    Row {
        code: Code(728),
        slug: "data::index_range",
        severity: Severity::Error,
        summary: "an index is outside of its dim",
        explanation: "The column is declared as an index into a dim, and a value is none of the dim's coordinates.",
        wrong: "dim county = 2; data c[obs]: county, with a code 3",
        right: "dim county = 3; data c[obs]: county",
    },
    Row {
        code: Code(729),
        slug: "data::unknown_label",
        severity: Severity::Error,
        summary: "a text is no label of its dim",
        explanation: "The dim's labels are declared in the model, and each text of an index into it must be one of \
                      them, letter for letter.",
        wrong: "dim arm = [\"drug\", \"placebo\"], with \"Placebo\"",
        right: "dim arm = [\"drug\", \"placebo\"], with \"placebo\"",
    },
    Row {
        code: Code(730),
        slug: "data::size",
        severity: Severity::Error,
        summary: "the size of a dim is not one",
        explanation: "The size of a dim is an integer from 0 to a hundred million, and the last coordinate of a range \
                      is not below the first by more than one.",
        wrong: "dim k = 2.5",
        right: "dim k = 3",
    },
    Row {
        code: Code(731),
        slug: "data::empty",
        severity: Severity::Warning,
        summary: "nothing is observed",
        explanation: "A dim of an `observe` has no elements, so the statement adds nothing and the posterior does not \
                      know of it.",
        wrong: "{\"y\": []}",
        right: "{\"y\": [1.5, 2.5]}",
    },
    Row {
        code: Code(732),
        slug: "data::label_order",
        severity: Severity::Warning,
        summary: "values without labels are matched to sorted labels",
        explanation: "An index column names the elements of a dim by texts, and another field gives a value for each \
                      element without saying which is whose. The labels are sorted and the values taken in that order. \
                      To be sure, list the labels in the model in the order of the values.",
        wrong: "dim county; data u[county]: real; data c[obs]: county, with texts",
        right: "dim county = [\"Aitkin\", \"Anoka\"]",
    },
    Row {
        code: Code(733),
        slug: "data::unlabelled",
        severity: Severity::Error,
        summary: "texts index a dim whose elements are numbered",
        explanation: "The dim has a size or a range in the model, so its elements are known by numbers. Texts can \
                      index a dim whose labels are listed, or whose size is left to the data.",
        wrong: "dim arm = 2; data a[obs]: arm, with \"drug\"",
        right: "dim arm = [\"drug\", \"placebo\"]",
    },
    Row {
        code: Code(734),
        slug: "data::let_type",
        severity: Severity::Error,
        summary: "a let of data alone lies outside of its declared type",
        explanation: "A type on a `let` is a claim, and this one depends on data alone, so it has been checked: at \
                      least one of its values does not lie there.",
        wrong: "let r: positive = a - b, with a = 1.5, b = 2.5",
        right: "let r = a - b",
    },
    Row {
        code: Code(735),
        slug: "data::sparse_codes",
        severity: Severity::Warning,
        summary: "a dim is far larger than the data that index it",
        explanation: "The size of this dim is the largest number in an index column, and most of the numbers up to it \
                      never occur. Identity codes should be numbered from 1, or be texts: then the distinct ones \
                      count.",
        wrong: "data c[obs]: county, with codes 27001, 27003",
        right: "data c[obs]: county, with codes 1, 2",
    },
    Row {
        code: Code(736),
        slug: "data::mixed_labels",
        severity: Severity::Warning,
        summary: "an index column has numbers and texts",
        explanation: "A column with a text in it is a column of labels, and its numbers are labels like the rest: \
                      they no longer count as coordinates, and as texts 10 comes before 9. One slip of the pen in a \
                      column of codes is enough for this.",
        wrong: "data c[obs]: county, with 1, x, 2",
        right: "data c[obs]: county, with 1, 3, 2",
    },
];
