//! Fan-out counted as deployments.

use truelevel_report::numbers::count;

use super::{BesideCounted, Found, PitfallKind, Seen};

truelevel_model::declare! {
    /// Fan-out counted as deployments
    ///
    /// Raised when they are more than a tenth of the deployments that count.
    pub static FAN_OUT_COUNTED: PitfallKind = {
        id: "fan_out_counted",
        find: find,
    };
}

fn find(seen: &Seen<'_>) -> Option<Found> {
    let BesideCounted { extra, counted, share, services } = seen.beside_counted("fan_out")?;
    Some(Found {
        finding: format!(
            "{} brought a version to a further production environment, beside {counted} that count",
            count(extra, "deployment")
        ),
        effect: Some(format!("counting them would raise the frequency by {share}")),
        response: "the first arrival of a version counts, the others do not".into(),
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
            let service = excluding("a", "fan_out", left_out, counted);
            check(&FAN_OUT_COUNTED, vec![service], Vec::new())
        };
        assert_eq!(planted(11, 100).unwrap().services, ["a"]);
        assert!(planted(10, 100).is_none());
        assert!(planted(0, 0).is_none());
    }
}
