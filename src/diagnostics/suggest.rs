//! The nearest name to one that is not known.

/// The candidate most like `name`, if one is like enough: by edit distance, letter case and containment.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (score(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(score, _)| *score >= 0.7)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

/// 1 for equal up to case, towards 0 for nothing in common; transpositions count as one edit.
fn score(name: &str, candidate: &str) -> f64 {
    let contained =
        name.len() >= 3 && candidate.len() >= 3 && (name.contains(candidate) || candidate.contains(name));
    let similar = strsim::normalized_damerau_levenshtein(name, candidate);
    // Two letters of a short word that changed places are too far apart by their count.
    let swapped = name.len() >= 3 && name.len() == candidate.len() && strsim::osa_distance(name, candidate) == 1 && {
        let sorted = |word: &str| {
            let mut letters: Vec<char> = word.chars().collect();
            letters.sort_unstable();
            letters
        };
        sorted(name) == sorted(candidate)
    };
    let similar = if swapped { similar.max(0.8) } else { similar };
    if contained { similar.max(0.75) } else { similar }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_of_the_finger_are_found() {
        assert_eq!(nearest("epx", ["exp", "erf", "sqrt"]), Some("exp"));
        assert_eq!(nearest("nromal", ["normal", "lognormal"]), Some("normal"));
        assert_eq!(nearest("Sigma", ["mu", "sigma"]), Some("sigma"));
        assert_eq!(nearest("nu", ["mu", "tau"]), None);
    }
}
