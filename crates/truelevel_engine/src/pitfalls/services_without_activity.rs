//! Services that drop out of what is judged.

use truelevel_report::numbers::count;

use super::{Found, PitfallKind, Seen, percent};

truelevel_model::declare! {
    /// Services without activity
    ///
    /// Raised when at least two services, and a fifth of all, had neither a deployment nor a change in the window. Levels and
    /// medians are those of the others: a service that nobody dares to touch any more makes them look better.
    ///
    /// What it cannot see: whether such a service is finished, replaced, or feared.
    pub static SERVICES_WITHOUT_ACTIVITY: PitfallKind = {
        id: "services_without_activity",
        find: find,
    };
}

fn find(seen: &Seen<'_>) -> Option<Found> {
    let idle = seen.services.iter().filter(|service| !service.is_active);
    let services: Vec<String> = idle.map(|service| service.service.clone()).collect();
    let (idle, all) = (services.len() as u64, seen.services.len() as u64);
    (idle >= 2 && idle * 5 >= all && idle < all).then(|| Found {
        finding: format!("{} of {} stood still for the whole window", idle, count(all, "service")),
        effect: Some(format!(
            "levels and medians speak for {} of the services",
            percent((all - idle) as f64 / all as f64)
        )),
        response: "they are listed with their own level, and left out of what speaks for all; one that no \
                   longer runs is left out once no file declares it"
            .into(),
        services,
        ..Found::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pitfalls::tests::{check, named};

    #[test]
    fn a_fifth_of_all_services_is_worth_a_word_and_one_is_not() {
        let planted = |idle: usize, all: usize| {
            let mut services: Vec<_> = (0..all).map(|number| named(&format!("s{number}"))).collect();
            services.iter_mut().take(idle).for_each(|service| service.is_active = false);
            check(&SERVICES_WITHOUT_ACTIVITY, services, Vec::new())
        };
        assert_eq!(planted(2, 10).unwrap().services, ["s0", "s1"]);
        assert!(planted(1, 2).is_none());
        assert!(planted(2, 11).is_none());
        assert!(planted(3, 3).is_none(), "then all of them are judged");
    }
}
