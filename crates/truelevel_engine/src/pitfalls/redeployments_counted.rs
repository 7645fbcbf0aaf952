//! Redeployments counted as deployments.

use truelevel_report::numbers::count;

use super::{BesideCounted, Found, PitfallKind, Seen};

truelevel_model::declare! {
    /// Redeployments counted as deployments
    ///
    /// Raised when they are more than a tenth of the deployments that count.
    pub static REDEPLOYMENTS_COUNTED: PitfallKind = {
        id: "redeployments_counted",
        find: find,
    };
}

fn find(seen: &Seen<'_>) -> Option<Found> {
    let BesideCounted { extra, counted, share, services } = seen.beside_counted("redeployment")?;
    Some(Found {
        finding: format!(
            "{} repeated a version that was running already, beside {counted} that count",
            count(extra, "deployment")
        ),
        effect: Some(format!("counting them would raise the frequency by {share}")),
        response: "they are not part of the deployment frequency".into(),
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
            let service = excluding("a", "redeployment", left_out, counted);
            check(&REDEPLOYMENTS_COUNTED, vec![service], Vec::new())
        };
        assert_eq!(planted(11, 100).unwrap().services, ["a"]);
        assert!(planted(10, 100).is_none());
        assert!(planted(0, 0).is_none());
    }
}
