//! Failed rollouts dropped.

use super::{BesideCounted, Found, PitfallKind, Seen};

truelevel_model::declare! {
    /// Failed rollouts dropped
    ///
    /// Raised when they are more than a tenth of the deployments that count.
    pub static FAILED_ROLLOUTS_DROPPED: PitfallKind = {
        id: "failed_rollouts_dropped",
        find: find,
    };
}

fn find(seen: &Seen<'_>) -> Option<Found> {
    let BesideCounted { extra, counted, share, services } = seen.beside_counted("deployment_not_succeeded")?;
    Some(Found {
        finding: format!("{extra} attempts failed, were stopped or have not ended, beside {counted} that count"),
        effect: Some(format!("attempts are {share} more than the deployments that took")),
        response: "they are no deployments in the frequency, and failed ones count as attempts in the fail rate".into(),
        services,
        ..Found::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pitfalls::tests::{check, excluding};

    #[test]
    fn more_than_a_tenth_is_worth_a_word() {
        let planted = |left_out, counted| {
            let service = excluding("a", "deployment_not_succeeded", left_out, counted);
            check(&FAILED_ROLLOUTS_DROPPED, vec![service], Vec::new())
        };
        assert_eq!(planted(11, 100).unwrap().services, ["a"]);
        assert!(planted(10, 100).is_none());
        assert!(planted(0, 0).is_none());
    }
}
