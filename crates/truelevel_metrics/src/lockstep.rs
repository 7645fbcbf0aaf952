//! Services that deploy together: groups that leave within minutes of each other far more often than chance would have it.
//!
//! No pair of services is looked at unless its deployments hash alike (MinHash, Broder 1997), so that thousands of services
//! cost little more than their deployments. A group counts when it is together more often than in every one of 199
//! copies of its past in which each deployment is moved at random within hours (interval jitter, Amarasingham and others
//! 2012): working hours and busy days stay as they were, and only minutes are lost. The seed is fixed.

use std::collections::{BTreeMap, BTreeSet};

/// Deployments so near to each other belong together.
const TOGETHER_MILLIS: i64 = 10 * 60_000;
/// Deployments are sketched by the quarter of an hour that they fall into.
const SLOT_MILLIS: i64 = 15 * 60_000;
/// How far a deployment is moved at most, either way, to see what chance would do.
const JITTER_MILLIS: i64 = 4 * 3_600_000;
/// Copies with moved deployments: none as good in 199 is a chance of 1 in 200 (Davison and Hinkley 1997).
const COPIES: u64 = 199;
/// Fewer deployments of a service say nothing about what it deploys with.
pub const FEWEST_DEPLOYMENTS: usize = 6;
/// Two services are in lockstep when each deploys at least so much of what it deploys together with the other one, and a
/// service belongs to a group when so many of the others leave with it.
const PAIR_SHARE: f64 = 0.5;
/// Hashes of a sketch, in bands of two: services that share half of their slots agree in a band with 99 %.
const HASHES: usize = 32;
/// Hashes that two sketches must agree in: ten or more are expected of what shares a third, and one of what is apart.
const ALIKE: usize = 5;
/// Of so many services that meet in a band, all pairs are looked at.
const FEW_MEET: usize = 16;
/// So many neighbours of a deployment are asked for their version.
const NEIGHBOURS: usize = 64;
/// Chance is judged on so many deployments of a group at most, the newest.
const MOST_JUDGED: usize = 20_000;

/// A deployment, for what it is deployed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When it finished, in milliseconds since 1970.
    pub at_millis: i64,
    /// A hash of its version or commit, the same for the same text.
    pub version: u64,
}

/// Services that deploy together.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Their places in what was given, in order.
    pub services: Vec<usize>,
    /// Their deployments.
    pub deployments: u64,
    /// The share of the group's other services that leave within minutes of a deployment, as the mean over all of them,
    /// 0 to 1.
    pub together: f64,
    /// The same by chance, as the mean of the moved copies, 0 to 1.
    pub by_chance: f64,
    /// Of the deployments together, the share that brought the same version or commit as another one beside it.
    pub same_version: f64,
    /// How often the group left: deployments within minutes of each other are one departure.
    pub departures: u64,
    /// The departures by weekday, Monday first, in UTC.
    pub by_weekday: [u64; 7],
}

/// The groups in lockstep, largest first. Each service's moments must be in order of time.
pub fn groups(services: &[&[Moment]]) -> Vec<Group> {
    let is_asked = |place: &usize| services[*place].len() >= FEWEST_DEPLOYMENTS;
    let asked: Vec<usize> = (0..services.len()).filter(is_asked).collect();
    let mut groups: Vec<Group> = connected(services, &candidates(services, &asked))
        .into_iter()
        .map(|members| cohesive(services, members))
        .filter(|members| members.len() > 1)
        .filter_map(|members| judged(services, members))
        .collect();
    groups.sort_by(|a, b| b.services.len().cmp(&a.services.len()).then(a.services.cmp(&b.services)));
    groups
}

/// How many of one service's moments came within minutes of one of any of the others.
pub fn left_together(of: &[Moment], others: &[&[Moment]]) -> u64 {
    let mut all: Vec<Moment> = others.iter().flat_map(|moments| moments.iter().copied()).collect();
    all.sort_unstable_by_key(|moment| moment.at_millis);
    let is_near = |moment: &&Moment| {
        let from = all.partition_point(|other| other.at_millis < moment.at_millis - TOGETHER_MILLIS);
        all.get(from).is_some_and(|other| other.at_millis <= moment.at_millis + TOGETHER_MILLIS)
    };
    of.iter().filter(is_near).count() as u64
}

/// The share of one service's moments that came within minutes of one of another's, 0 to 1.
pub fn share_together(of: &[Moment], with: &[Moment]) -> f64 {
    if of.is_empty() { 0.0 } else { matched(of, with) as f64 / of.len() as f64 }
}

/// The least of a service's slots in each of several random orders.
type Sketch = [u64; HASHES];

fn sketch(moments: &[Moment]) -> Sketch {
    let slot = |moment: &Moment| mixed(moment.at_millis.div_euclid(SLOT_MILLIS) as u64);
    let mut least = [u64::MAX; HASHES];
    for slot in moments.iter().map(slot) {
        // A product with an odd number orders the slots anew.
        for (hash, least) in (0..).zip(&mut least) {
            *least = (*least).min(slot.wrapping_mul(mixed(hash) | 1));
        }
    }
    least
}

/// Pairs that may be in lockstep, in order: those whose sketches agree in a band, and in enough hashes.
fn candidates(services: &[&[Moment]], asked: &[usize]) -> Vec<(usize, usize)> {
    let sketches: Vec<Sketch> = asked.iter().map(|place| sketch(services[*place])).collect();
    let alike = |a: usize, b: usize| sketches[a].iter().zip(&sketches[b]).filter(|(a, b)| a == b).count() >= ALIKE;
    let mut pairs = Vec::new();
    for band in (0..HASHES).step_by(2) {
        let mut keyed: Vec<(&[u64], usize)> =
            sketches.iter().enumerate().map(|(number, sketch)| (&sketch[band..band + 2], number)).collect();
        keyed.sort_unstable();
        for met in keyed.chunk_by(|a, b| a.0 == b.0) {
            // Where many meet, neighbours are enough: what hangs together is found by the chain.
            let reach = if met.len() <= FEW_MEET { met.len() } else { 1 };
            for (at, (_, a)) in met.iter().enumerate() {
                let others = met[at + 1..].iter().take(reach).filter(|(_, b)| alike(*a, *b));
                pairs.extend(others.map(|(_, b)| (asked[*a], asked[*b])));
            }
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

/// Services joined by pairs in lockstep.
fn connected(services: &[&[Moment]], pairs: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut leader: BTreeMap<usize, usize> = BTreeMap::new();
    fn find(leader: &BTreeMap<usize, usize>, mut place: usize) -> usize {
        while let Some(next) = leader.get(&place).filter(|next| **next != place) {
            place = *next;
        }
        place
    }
    for (a, b) in pairs {
        let both = matched(services[*a], services[*b]) as f64;
        if both < PAIR_SHARE * services[*a].len().max(services[*b].len()) as f64 {
            continue;
        }
        let (first, second) = (find(&leader, *a), find(&leader, *b));
        let (low, high) = (first.min(second), first.max(second));
        leader.insert(low, low);
        leader.insert(high, low);
    }
    let mut groups: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (a, b) in pairs {
        for place in [a, b] {
            if leader.contains_key(place) {
                groups.entry(find(&leader, *place)).or_default().insert(*place);
            }
        }
    }
    groups.into_values().map(|members| members.into_iter().collect()).collect()
}

/// How many of the first come within minutes of one of the second; each is taken once.
fn matched(first: &[Moment], second: &[Moment]) -> usize {
    let (mut count, mut at) = (0, 0);
    for moment in first {
        while second.get(at).is_some_and(|other| other.at_millis < moment.at_millis - TOGETHER_MILLIS) {
            at += 1;
        }
        if second.get(at).is_some_and(|other| other.at_millis <= moment.at_millis + TOGETHER_MILLIS) {
            count += 1;
            at += 1;
        }
    }
    count
}

/// A moment of a member of a group.
#[derive(Clone, Copy)]
struct Departure {
    at_millis: i64,
    /// Its service, by its place in the group.
    member: usize,
    version: u64,
}

/// The members of a chain that leave with most of the others: who is joined to one of them only is not in lockstep with the
/// rest.
fn cohesive(services: &[&[Moment]], mut members: Vec<usize>) -> Vec<usize> {
    loop {
        let line = line(services, &members);
        let newest = &line[line.len().saturating_sub(MOST_JUDGED)..];
        let (mut with, mut own) = (vec![0_u64; members.len()], vec![0_u64; members.len()]);
        company(newest, members.len(), |member, others| {
            with[member] += others;
            own[member] += 1;
        });
        let others = members.len().saturating_sub(1) as f64;
        let stays = |place: usize| own[place] == 0 || with[place] as f64 >= PAIR_SHARE * own[place] as f64 * others;
        let kept: Vec<usize> =
            members.iter().enumerate().filter(|(place, _)| stays(*place)).map(|(_, member)| *member).collect();
        if kept.len() == members.len() || kept.is_empty() {
            return kept;
        }
        members = kept;
    }
}

/// The deployments of a group, in order of time.
fn line(services: &[&[Moment]], members: &[usize]) -> Vec<Departure> {
    let mut line: Vec<Departure> = members
        .iter()
        .enumerate()
        .flat_map(|(member, service)| services[*service].iter().map(move |moment| (member, *moment)))
        .map(|(member, moment)| Departure { at_millis: moment.at_millis, member, version: moment.version })
        .collect();
    line.sort_by_key(|departure| (departure.at_millis, departure.member));
    line
}

/// The group, where chance does not bring it about.
fn judged(services: &[&[Moment]], members: Vec<usize>) -> Option<Group> {
    let line = line(services, &members);
    let newest = &line[line.len().saturating_sub(MOST_JUDGED)..];
    let seen = company(newest, members.len(), |_, _| ());
    let mut moved: Vec<Departure> = newest.to_vec();
    let mut by_chance = 0;
    for copy in 0..COPIES {
        for (place, (departure, original)) in moved.iter_mut().zip(newest).enumerate() {
            let random = mixed(copy ^ mixed(place as u64)) % (2 * JITTER_MILLIS as u64 + 1);
            *departure = Departure { at_millis: original.at_millis + random as i64 - JITTER_MILLIS, ..*original };
        }
        moved.sort_unstable_by_key(|departure| departure.at_millis);
        let chance = company(&moved, members.len(), |_, _| ());
        if chance >= seen {
            return None;
        }
        by_chance += chance;
    }
    let possible = (newest.len() * (members.len() - 1)) as f64;
    let mut by_weekday = [0; 7];
    let mut last: Option<i64> = None;
    for departure in &line {
        if last.is_none_or(|last| departure.at_millis - last > TOGETHER_MILLIS) {
            // The first day of 1970 was a Thursday.
            by_weekday[(departure.at_millis.div_euclid(86_400_000) + 3).rem_euclid(7) as usize] += 1;
        }
        last = Some(departure.at_millis);
    }
    Some(Group {
        services: members,
        deployments: line.len() as u64,
        together: (seen as f64 / possible).min(1.0),
        by_chance: (by_chance as f64 / COPIES as f64 / possible).min(1.0),
        same_version: same_version(&line),
        departures: by_weekday.iter().sum(),
        by_weekday,
    })
}

/// How many moments of other services each of a line, in order of time, has within minutes, all together; and for each, its
/// member and their number.
fn company(line: &[Departure], members: usize, mut each: impl FnMut(usize, u64)) -> u64 {
    let mut near = vec![0_u64; members];
    let (mut from, mut to, mut count) = (0, 0, 0);
    for departure in line {
        while let Some(next) = line.get(to).filter(|next| next.at_millis <= departure.at_millis + TOGETHER_MILLIS) {
            near[next.member] += 1;
            to += 1;
        }
        while line[from].at_millis < departure.at_millis - TOGETHER_MILLIS {
            near[line[from].member] -= 1;
            from += 1;
        }
        let others = (to - from) as u64 - near[departure.member];
        each(departure.member, others);
        count += others;
    }
    count
}

/// Of the deployments with company, the share that has some of the same version, 0 to 1.
fn same_version(line: &[Departure]) -> f64 {
    let (mut count, mut same, mut from) = (0_u64, 0_u64, 0);
    for (at, departure) in line.iter().enumerate() {
        while line[from].at_millis < departure.at_millis - TOGETHER_MILLIS {
            from += 1;
        }
        let after = line[at + 1..].iter().take_while(|it| it.at_millis <= departure.at_millis + TOGETHER_MILLIS);
        let near = line[from..at].iter().rev().chain(after).filter(|other| other.member != departure.member);
        let mut near = near.take(NEIGHBOURS).peekable();
        count += u64::from(near.peek().is_some());
        same += u64::from(near.any(|other| other.version == departure.version));
    }
    same as f64 / count.max(1) as f64
}

/// A number that looks random and depends on nothing else (the finaliser of SplitMix64; Steele, Lea and Flood 2014).
const fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;
    const DAY: i64 = 86_400_000;

    /// Deployments on working days between 9 and 17, at moments that are the service's own.
    fn groups_of(services: &[Vec<Moment>]) -> Vec<Group> {
        groups(&services.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    fn alone(seed: u64, deployments: u64) -> Vec<Moment> {
        let moment = |number| {
            let random = mixed(seed ^ mixed(number));
            let (week, day) = ((random % 13) as i64, (random / 13 % 5) as i64 + 4);
            let at_millis = (week * 7 + day) * DAY + 9 * 60 * MINUTE + (random / 65 % 480) as i64 * MINUTE;
            Moment { at_millis, version: random }
        };
        let mut moments: Vec<Moment> = (0..deployments).map(moment).collect();
        moments.sort_by_key(|moment| moment.at_millis);
        moments
    }

    /// The same moments some minutes later, with the share of them that is left out.
    fn follower(of: &[Moment], seed: u64, alone_one_in: u64) -> Vec<Moment> {
        let mut moments: Vec<Moment> = of
            .iter()
            .map(|moment| {
                let random = mixed(seed ^ moment.version);
                let late = if random.is_multiple_of(alone_one_in) { 5 * 60 } else { (random % 4) as i64 };
                Moment { at_millis: moment.at_millis + late * MINUTE, version: moment.version }
            })
            .collect();
        moments.sort_by_key(|moment| moment.at_millis);
        moments
    }

    #[test]
    fn services_that_leave_together_are_found_and_the_others_are_not() {
        let train = alone(1, 30);
        let mut services: Vec<Vec<Moment>> = (10..50).map(|seed| alone(seed, seed)).collect();
        services.extend([train.clone(), follower(&train, 2, 5), follower(&train, 3, 5)]);
        let found = groups_of(&services);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].services, [40, 41, 42]);
        assert!(found[0].together > 0.6, "four of five with each: {:?}", found[0]);
        assert!(found[0].by_chance < 0.1 && found[0].same_version > 0.9, "{:?}", found[0]);
        assert!(found[0].departures < found[0].deployments / 2);
    }

    #[test]
    fn an_organisation_whose_services_go_their_own_ways_raises_nothing_in_a_hundred_seeds() {
        for seed in 1..=100 {
            let services: Vec<Vec<Moment>> =
                (0..30).map(|number| alone(seed * 1000 + number, 6 + number * 5)).collect();
            assert_eq!(groups_of(&services), [], "seed {seed}");
        }
    }

    #[test]
    fn a_train_of_the_whole_organisation_is_no_chance_however_crowded_it_is() {
        let train = alone(7, 12);
        let services: Vec<Vec<Moment>> = (0..300).map(|seed| follower(&train, seed, 20)).collect();
        let found = groups_of(&services);
        assert_eq!((found.len(), found[0].services.len()), (1, 300));
        assert!(found[0].together > 0.8 && found[0].by_chance < 0.2, "{found:?}");
    }

    #[test]
    fn services_that_come_with_a_train_seven_times_of_ten_are_found() {
        let found = (1..=20).filter(|seed| {
            let train = alone(*seed, 40);
            let services: Vec<Vec<Moment>> = (0..6)
                .map(|number| {
                    let comes = |moment: &&Moment| mixed(moment.version ^ mixed(seed * 100 + number)) % 10 < 7;
                    train.iter().filter(comes).copied().collect()
                })
                .collect();
            groups_of(&services).first().is_some_and(|group| group.services.len() >= 4)
        });
        assert!(found.count() >= 18);
    }

    #[test]
    fn a_chain_of_neighbours_is_no_group() {
        // Each service shares half of its deployments with the next one, and nothing with those behind.
        let parts: Vec<Vec<Moment>> = (0..12).map(|seed| alone(seed + 500, 15)).collect();
        let services: Vec<Vec<Moment>> = (0..11)
            .map(|at| {
                let mut both: Vec<Moment> = parts[at].iter().chain(&parts[at + 1]).copied().collect();
                both.sort_by_key(|moment| moment.at_millis);
                both
            })
            .collect();
        assert!(groups_of(&services).iter().all(|group| group.services.len() <= 3), "{:?}", groups_of(&services));
    }

    #[test]
    fn few_deployments_say_nothing_and_the_same_input_says_the_same() {
        let train = alone(1, 5);
        assert_eq!(groups_of(&[train.clone(), train]), []);
        let train = alone(2, 20);
        let services = [train.clone(), follower(&train, 1, 9)];
        assert_eq!(groups_of(&services), groups_of(&services));
        assert_eq!(groups(&[]), []);
    }

    #[test]
    fn a_match_is_within_ten_minutes_and_taken_once() {
        let at = |minutes: &[i64]| -> Vec<Moment> {
            minutes.iter().map(|at| Moment { at_millis: at * MINUTE, version: 0 }).collect()
        };
        assert_eq!(matched(&at(&[0, 5, 100]), &at(&[4, 111])), 1);
        assert_eq!(matched(&at(&[0, 100]), &at(&[10, 90])), 2);
        assert_eq!(share_together(&at(&[0, 100]), &at(&[10])), 0.5);
    }
}
