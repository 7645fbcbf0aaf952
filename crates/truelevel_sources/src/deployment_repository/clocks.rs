//! Commits whose clock was wrong, told by their place on the line.

use truelevel_model::{Span, Time};

/// So far may the clocks of people lie apart, and a commit wait on somebody's disk before it goes onto the line.
const APART: Span = Span::from_millis(86_400_000);

/// The times of a line of commits, oldest first, that do not fit their place: each with the time to take instead, that of
/// the believed one before, or at the beginning of the line after.
///
/// The longest part of the line whose times do not fall is believed; what lies more than a day before or after its
/// believed neighbours had a wrong clock.
pub(super) fn wrong_clocks(times: &[Time]) -> Vec<(usize, Time)> {
    let believed = longest_that_does_not_fall(times);
    let mut wrong = Vec::new();
    let mut next_believed = believed.iter().copied().peekable();
    let mut before: Option<Time> = None;
    for (place, time) in times.iter().enumerate() {
        if next_believed.next_if_eq(&place).is_some() {
            before = Some(*time);
            continue;
        }
        let after = next_believed.peek().map(|place| times[*place]);
        let is_early = before.is_some_and(|before| time.plus(APART) < before);
        let is_late = after.is_some_and(|after| *time > after.plus(APART));
        if let (true, Some(instead)) = (is_early || is_late, before.or(after)) {
            wrong.push((place, instead));
        }
    }
    wrong
}

/// The places of a longest subsequence that does not fall (patience sorting, Fredman 1975), in O(n log n).
fn longest_that_does_not_fall(times: &[Time]) -> Vec<usize> {
    // For each length the place of the smallest time that ends one so long.
    let mut ends: Vec<usize> = Vec::new();
    let mut previous: Vec<Option<usize>> = Vec::with_capacity(times.len());
    for (place, time) in times.iter().enumerate() {
        let length = ends.partition_point(|end| times[*end] <= *time);
        previous.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        match ends.get_mut(length) {
            Some(end) => *end = place,
            None => ends.push(place),
        }
    }
    let mut places: Vec<usize> = std::iter::successors(ends.last().copied(), |place| previous[*place]).collect();
    places.reverse();
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Days, and those that are wrong as `place: day instead`.
    fn check(days: &[i64], expected: &[(usize, i64)]) {
        let day = |day: i64| Time::from_seconds(day * 86_400);
        let times: Vec<Time> = days.iter().copied().map(day).collect();
        let expected: Vec<_> = expected.iter().map(|(place, instead)| (*place, day(*instead))).collect();
        assert_eq!(wrong_clocks(&times), expected, "{days:?}");
    }

    #[test]
    fn a_clock_that_was_wrong_is_found_whichever_way_and_however_often() {
        check(&[101, 102, 103, 104, 0, 106, 107], &[(4, 104)]);
        check(&[101, 102, 103, 104, 404, 106, 107], &[(4, 104)]);
        check(&[101, 102, 103, 0, 1, 106, 107, 108], &[(3, 103), (4, 103)]);
        check(&[0, 1, 2, 900, 901, 5, 6, 7], &[(3, 2), (4, 2)]);
        check(&[500, 101, 102, 103], &[(0, 101)]);
        check(&[101, 102, 103, 1], &[(3, 103)]);
    }

    #[test]
    fn what_waited_a_day_is_no_wrong_clock() {
        check(&[], &[]);
        check(&[1], &[]);
        check(&[1, 2, 3, 3, 4], &[]);
        check(&[10, 9, 11, 10, 12, 11], &[]);
        check(&[10, 12, 11, 13], &[]);
    }

    #[test]
    fn the_newest_one_may_be_late() {
        check(&[1, 2, 3, 400], &[]);
    }
}
