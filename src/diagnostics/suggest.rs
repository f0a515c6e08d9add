//! The nearest name to one that is not known.
//!
//! Known names are sorted once; a search walks them as a trie, prefix by prefix, and leaves a prefix as soon as no name
//! below it can be like enough. Many mistakes among many names thus cost far less than one comparison for each pair.

/// How like a candidate must be: 1 is equal up to case.
const ALIKE: f64 = 0.7;
/// What a name that contains the other counts for, at least.
const CONTAINED: f64 = 0.75;
/// What two neighbouring letters that changed places leave, at least: in a short word they count for too much.
const SWAPPED: f64 = 0.8;
/// The fewest letters that may be contained, or be those of another word.
const LEAST: usize = 3;
/// Longer names are not compared: nobody mistypes one so long.
const LONGEST: usize = 60;
/// So many names that contain the one sought are looked at.
const CONTAINING: usize = 16;

/// The candidate most like `name`, if one is like enough: by edit distance, letter case and containment.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    Dictionary::new(candidates).nearest(name)
}

/// Whether a name is surely another one mistyped: a letter or two are wrong, or only its case. A name that is a part of
/// another is perhaps that of another thing.
pub fn is_mistyped(name: &str, near: &str) -> bool {
    const MOST: usize = 2;
    let (letters, other) = (lower(name), lower(near));
    let contains = |long: &[char], short: &[char]| long.windows(short.len().max(1)).any(|part| part == short);
    let part = letters.len() != other.len() && (contains(&letters, &other) || contains(&other, &letters));
    !part && distance(&letters, &other) <= MOST
}

/// Names to be suggested.
#[derive(Clone, Debug)]
pub struct Dictionary<'a> {
    /// In lower case, sorted.
    entries: Vec<Entry<'a>>,
    /// Every suffix long enough to be what is sought: number of the entry and first letter; sorted by the suffix.
    suffixes: Vec<(usize, usize)>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry<'a> {
    letters: Vec<char>,
    name: &'a str,
}

impl<'a> Dictionary<'a> {
    /// Of these names.
    pub fn new(names: impl IntoIterator<Item = &'a str>) -> Self {
        let entry = |name: &'a str| Entry { letters: lower(name), name };
        let mut entries: Vec<Entry> = names.into_iter().map(entry).collect();
        entries.retain(|entry| entry.letters.len() <= LONGEST);
        entries.sort_unstable();
        entries.dedup();
        let starts = |entry: &Entry| 0..(entry.letters.len() + 1).saturating_sub(LEAST);
        let places = entries.iter().enumerate();
        let mut suffixes: Vec<(usize, usize)> =
            places.flat_map(|(at, entry)| starts(entry).map(move |start| (at, start))).collect();
        suffixes.sort_unstable_by(|&(a, i), &(b, j)| {
            (&entries[a].letters[i..], a).cmp(&(&entries[b].letters[j..], b))
        });
        Self { entries, suffixes }
    }

    /// The name most like one, if one is like enough; the last in the alphabet of those that are equally like.
    pub fn nearest(&self, name: &str) -> Option<&'a str> {
        let letters = lower(name);
        if letters.len() > LONGEST {
            return None;
        }
        let mut best = Best { score: ALIKE, at: None };
        for at in self.containing(&letters).chain(self.contained(&letters)) {
            best.consider(at, CONTAINED.max(self.similarity(&letters, at)));
        }
        // A mistake of one letter is looked for first: among many names, that is a short way.
        for edits in 0..=limit(letters.len(), ALIKE) {
            if edits > limit(letters.len(), best.score) {
                break;
            }
            self.walk(&letters, edits, &mut best);
        }
        best.at.map(|at| self.entries[at].name)
    }

    /// 1 for equal, towards 0 for nothing in common; transpositions count as one edit.
    fn similarity(&self, letters: &[char], at: usize) -> f64 {
        let other = &self.entries[at].letters;
        let longest = letters.len().max(other.len()).max(1);
        let edits = distance(letters, other);
        let similar = 1.0 - edits as f64 / longest as f64;
        if edits == 1 && swapped(letters, other) { similar.max(SWAPPED) } else { similar }
    }

    /// Entries that the name is a part of.
    fn containing(&self, letters: &[char]) -> impl Iterator<Item = usize> {
        let suffix = |&(at, start): &(usize, usize)| &self.entries[at].letters[start..];
        let first = self.suffixes.partition_point(|place| suffix(place) < letters);
        let long = letters.len() >= LEAST;
        let found = self.suffixes[first..].iter().take_while(move |place| suffix(place).starts_with(letters));
        let found: Vec<usize> = found.take(if long { CONTAINING } else { 0 }).map(|&(at, _)| at).collect();
        found.into_iter()
    }

    /// Entries that are a part of the name.
    fn contained(&self, letters: &[char]) -> impl Iterator<Item = usize> {
        let mut found = Vec::new();
        for start in 0..letters.len() {
            // The entries that begin with the letters so far; the shortest come first.
            let (mut first, mut end) = (0, self.entries.len());
            for (depth, letter) in letters[start..].iter().enumerate() {
                let below = |entry: &Entry| entry.letters.get(depth) < Some(letter);
                let upto = |entry: &Entry| entry.letters.get(depth) <= Some(letter);
                let among = &self.entries[first..end];
                (first, end) = (first + among.partition_point(below), first + among.partition_point(upto));
                let whole = |at: &usize| self.entries[*at].letters.len() == depth + 1;
                found.extend((first..end).take_while(whole).filter(|_| depth + 1 >= LEAST));
                if first == end {
                    break;
                }
            }
        }
        found.into_iter()
    }

    /// Considers every entry that is at most so many edits away.
    fn walk(&self, letters: &[char], edits: usize, best: &mut Best) {
        let mut table = Table::new(letters, edits);
        let (mut at, mut shared) = (0, 0);
        while let Some(entry) = self.entries.get(at) {
            let hopeless =
                (shared..entry.letters.len()).find(|&depth| table.extend(&entry.letters[..=depth]));
            if hopeless.is_none() && table.distance(entry.letters.len()) == edits {
                best.consider(at, self.similarity(letters, at));
            }
            // Past all that begins with what is hopeless.
            let next = match hopeless {
                Some(depth) => at + prefixed(&self.entries[at..], &entry.letters[..=depth]),
                None => at + 1,
            };
            shared = self.entries.get(next).map_or(0, |following| {
                following.letters.iter().zip(&entry.letters).take_while(|(a, b)| a == b).count()
            });
            shared = shared.min(hopeless.unwrap_or(usize::MAX));
            at = next;
        }
    }
}

/// How many entries, from the first on, begin with a prefix that the first has: by doubling, then halving.
fn prefixed(entries: &[Entry], prefix: &[char]) -> usize {
    let mut reach = 1;
    while entries.get(reach).is_some_and(|entry| entry.letters.starts_with(prefix)) {
        reach *= 2;
    }
    let end = entries.len().min(reach);
    reach / 2 + entries[reach / 2..end].partition_point(|entry| entry.letters.starts_with(prefix))
}

/// The best so far.
struct Best {
    score: f64,
    at: Option<usize>,
}

impl Best {
    fn consider(&mut self, at: usize, score: f64) {
        if score > self.score || (score == self.score && self.at.is_none_or(|known| known < at)) {
            *self = Self { score, at: Some(at) };
        }
    }
}

/// The most edits that leave a name of so many letters as like to another as `score`. The other is at most
/// `length / score` long, since what it has more is edits too.
fn limit(length: usize, score: f64) -> usize {
    ((1.0 - score) * length as f64 / score + 1e-9) as usize
}

/// Edit distances, with transpositions of neighbours, between the beginnings of a name and those of another that grows
/// letter by letter; only as far from the diagonal as the edits allow.
struct Table<'n> {
    letters: &'n [char],
    edits: usize,
    width: usize,
    cells: Vec<usize>,
}

impl<'n> Table<'n> {
    fn new(letters: &'n [char], edits: usize) -> Self {
        let width = letters.len() + 1;
        let deepest = LONGEST + 1;
        let mut table = Self { letters, edits, width, cells: vec![edits + 1; width * (deepest + 1)] };
        (0..width).for_each(|k| table.cells[k] = k);
        table
    }

    /// Computes the row of a prefix from those of shorter ones; whether nothing that begins so is near enough.
    fn extend(&mut self, prefix: &[char]) -> bool {
        let depth = prefix.len();
        let (before, row) = ((depth - 1) * self.width, depth * self.width);
        let from = depth.saturating_sub(self.edits).max(1);
        let to = (depth + self.edits).min(self.letters.len());
        let far = self.edits + 1;
        self.cells[row] = depth.min(far);
        if from > 1 {
            self.cells[row + from - 1] = far;
        }
        let mut least = self.cells[row + from - 1];
        for k in from..=to {
            let differs = usize::from(self.letters[k - 1] != prefix[depth - 1]);
            let above = if k + 1 > depth + self.edits { far } else { self.cells[before + k] };
            let mut edits =
                (above + 1).min(self.cells[row + k - 1] + 1).min(self.cells[before + k - 1] + differs);
            let swapped = depth > 1
                && k > 1
                && self.letters[k - 1] == prefix[depth - 2]
                && self.letters[k - 2] == prefix[depth - 1];
            if swapped {
                edits = edits.min(self.cells[before - self.width + k - 2] + 1);
            }
            self.cells[row + k] = edits.min(far);
            // A letter that differs may be put right by the swap with the next.
            least = least.min(edits).min(self.cells[before + k - 1] + 1);
        }
        least > self.edits
    }

    /// The distance to a whole name of so many letters.
    fn distance(&self, depth: usize) -> usize {
        let apart = depth.abs_diff(self.letters.len());
        if apart > self.edits { apart } else { self.cells[depth * self.width + self.letters.len()] }
    }
}

/// Edits between two names, of which a swap of neighbours is one.
fn distance(name: &[char], other: &[char]) -> usize {
    let word = |letters: &[char]| letters.iter().collect::<String>();
    strsim::osa_distance(&word(name), &word(other))
}

/// Whether two names have the same letters, enough of them that this is no chance.
fn swapped(name: &[char], other: &[char]) -> bool {
    let sorted = |letters: &[char]| {
        let mut letters = letters.to_vec();
        letters.sort_unstable();
        letters
    };
    name.len() >= LEAST && sorted(name) == sorted(other)
}

fn lower(name: &str) -> Vec<char> {
    name.to_lowercase().chars().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// Every candidate compared.
    fn best_score(name: &str, candidates: &[String]) -> f64 {
        let score = |candidate: &String| {
            let contains = name.len() >= LEAST
                && candidate.len() >= LEAST
                && (name.contains(candidate.as_str()) || candidate.contains(name));
            let longest = name.chars().count().max(candidate.chars().count()).max(1);
            let edits = strsim::osa_distance(name, candidate);
            let similar = 1.0 - edits as f64 / longest as f64;
            let letters = |name: &str| name.chars().collect::<Vec<char>>();
            let swap = edits == 1 && swapped(&letters(name), &letters(candidate));
            let similar = if swap { similar.max(SWAPPED) } else { similar };
            if contains { similar.max(CONTAINED) } else { similar }
        };
        candidates.iter().map(score).fold(0.0, f64::max)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_walk_finds_as_good_a_name_as_all_comparisons(
            name in "[ab]{0,4}[a-d]{0,4}",
            candidates in vec("[ab]{0,4}[a-d]{1,5}", 0..20),
        ) {
            let wanted = best_score(&name, &candidates);
            let found = nearest(&name, candidates.iter().map(String::as_str));
            prop_assert_eq!(found.is_some(), wanted >= ALIKE, "{:?}, best {}", found, wanted);
            if let Some(found) = found {
                prop_assert_eq!(best_score(&name, &[found.to_owned()]), wanted, "{}", found);
            }
        }
    }

    #[test]
    fn parts_of_names_are_not_mistyped() {
        assert!(is_mistyped("Sgima", "sigma") && is_mistyped("nromal", "normal") && is_mistyped("MU", "mu"));
        assert!(!is_mistyped("inverse_gamma", "gamma") && !is_mistyped("beta", "beta_age"));
    }

    #[test]
    fn letter_case_and_swapped_letters_are_small_mistakes() {
        assert_eq!(nearest("Sgima", ["mu", "sigma", "tau"]), Some("sigma"));
        assert_eq!(nearest("beta", ["beta_age", "gamma"]), Some("beta_age"));
        assert_eq!(nearest("epx", ["exp", "erf", "sqrt"]), Some("exp"));
        assert_eq!(nearest("nromal", ["normal", "lognormal"]), Some("normal"));
        assert_eq!(nearest("nu", ["mu", "tau"]), None);
        assert_eq!(nearest("x", ["y", "z"]), None);
    }
}
