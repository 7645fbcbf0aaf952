//! Names that are one slip of the pen apart: likely one service, told of under two.

use std::collections::{BTreeSet, HashMap};

/// Of shorter names only swapped letters are a slip: `card` and `cart` are two words, `wbe` is none.
const LONG: usize = 6;
/// Shorter ones are abbreviations, a letter apart by nature.
const SHORTEST: usize = 3;

/// Pairs of names that differ by case, by what parts their words, by two swapped letters, or, if they are long, by one
/// letter. Names that differ by a digit are a series. In order, each pair once.
pub(crate) fn near_names<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<(&'a str, &'a str)> {
    let mut sharing: HashMap<String, Vec<(&'a str, String)>> = HashMap::new();
    for name in names {
        let plain = plain(name);
        for key in keys(&plain) {
            sharing.entry(key).or_default().push((name, plain.clone()));
        }
    }
    let mut pairs = BTreeSet::new();
    for alike in sharing.values().filter(|alike| alike.len() > 1) {
        for (place, (name, plain)) in alike.iter().enumerate() {
            for (other, other_plain) in &alike[..place] {
                if name != other && is_slip(plain, other_plain) {
                    pairs.insert((*name.min(other), *name.max(other)));
                }
            }
        }
    }
    pairs
}

fn plain(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The name, and the name without each of its letters: two names that are a slip apart share one of them.
fn keys(plain: &str) -> BTreeSet<String> {
    let without = plain.char_indices().filter(|(_, letter)| letter.is_alphabetic()).map(|(at, letter)| {
        let mut rest = plain.to_owned();
        rest.replace_range(at..at + letter.len_utf8(), "");
        rest
    });
    let short = plain.chars().count() < SHORTEST;
    std::iter::once(plain.to_owned()).chain(without.filter(|_| !short)).collect()
}

fn is_slip(one: &str, other: &str) -> bool {
    let digits = |name: &str| name.chars().filter(char::is_ascii_digit).collect::<String>();
    if one == other {
        return true;
    }
    let (first, second): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let same = first.iter().zip(&second).take_while(|(a, b)| a == b).count();
    let (a, b) = (&first[same..], &second[same..]);
    let is_swapped = a.len() >= 2 && b.len() >= 2 && (a[0], a[1]) == (b[1], b[0]) && a[2..] == b[2..];
    let is_one_letter = match first.len().cmp(&second.len()) {
        std::cmp::Ordering::Equal => !a.is_empty() && a[1..] == b[1..],
        std::cmp::Ordering::Less => b.len() == a.len() + 1 && *a == b[1..],
        std::cmp::Ordering::Greater => a.len() == b.len() + 1 && a[1..] == *b,
    };
    let are_long = first.len().min(second.len()) >= LONG;
    digits(one) == digits(other) && (is_swapped || (is_one_letter && are_long))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[&str], expected: &[(&str, &str)]) {
        let found: Vec<_> = near_names(names.iter().copied()).into_iter().collect();
        assert_eq!(found, expected, "{names:?}");
    }

    #[test]
    fn a_slip_of_the_pen_is_found() {
        check(&["wbe", "web", "search"], &[("wbe", "web")]);
        check(
            &["Check-Out", "checkout", "check_out"],
            &[("Check-Out", "check_out"), ("Check-Out", "checkout"), ("check_out", "checkout")],
        );
        check(&["recomendation", "recommendation"], &[("recomendation", "recommendation")]);
        check(&["payments", "paymemts", "paymen"], &[("paymemts", "payments")]);
        check(
            &["straße-api", "strasse-api", "strase-api"],
            &[("strase-api", "strasse-api"), ("strase-api", "straße-api")],
        );
    }

    #[test]
    fn other_words_and_series_are_left_alone() {
        check(&["cart", "card", "web", "webs", "api", "apis", "a", "b", ""], &[]);
        check(&["worker-1", "worker-2", "worker-12", "service-0012", "service-0021"], &[]);
        check(&["web", "web"], &[]);
        check(&["shop-web-a", "shop-a-web", "frontend", "backend"], &[]);
    }
}
