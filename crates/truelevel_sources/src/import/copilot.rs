//! What GitHub says of the use of Copilot, a day a record. Its reports on single users are not read.

use truelevel_model::declare;
use truelevel_model::facts::{AiUsage, Facts};

use super::field::fields;
use super::forms::{Day, Text, Whole};
use super::layout::Layout;
use super::record::{Fault, Record};
use super::writing::no_rows;

const ASSISTANT: &str = "github_copilot";

fn usage(record: &Record<'_>, team: Option<String>, day: truelevel_model::Time, people: (u32, Option<u32>)) -> AiUsage {
    AiUsage {
        source: record.default_source(ASSISTANT),
        assistant: ASSISTANT.to_owned(),
        team,
        day,
        people_active: people.0,
        people_engaged: people.1,
        observed_at: record.latest(),
    }
}

pub(super) mod metrics {
    use super::*;

    declare! {
        /// Copilot metrics (`GET /orgs/ORG/copilot/metrics`)
        ///
        /// Becomes the usage of `github_copilot`. The answer is an array, and each of its days a record:
        /// `gh api /orgs/ORG/copilot/metrics --jq '.[]'`. That of a team
        /// (`gh api /orgs/ORG/team/TEAM/copilot/metrics --jq '.[] + {team: "TEAM"}'`) does not name it, so that it has to be
        /// added.
        pub static METRICS: Layout = {
            id: "copilot_metrics",
            fields: FIELDS,
            recognised_by: &["date", "total_active_users", "total_engaged_users"],
            read: read,
            rows: no_rows,
        };
    }

    fields! {
        /// The day.
        DATE: Required<Day> = "date";
        /// People whose editor sent anything.
        ACTIVE: Required<Whole<u32>> = "total_active_users";
        /// Those who took a suggestion or asked something.
        ENGAGED: Required<Whole<u32>> = "total_engaged_users";
        /// The team, which GitHub does not write itself.
        TEAM: Optional<Text> = "team";
    }

    fn read(record: &Record<'_>, facts: &mut Facts) -> Result<(), Fault> {
        let (day, people) = (DATE.of(record)?, (ACTIVE.of(record)?, Some(ENGAGED.of(record)?)));
        facts.ai_usage.push(usage(record, TEAM.given(record)?, day, people));
        Ok(())
    }
}

pub(super) mod reports {
    use super::*;

    declare! {
        /// Copilot usage reports (`organization-1-day`)
        ///
        /// Becomes the usage of `github_copilot`: the files that
        /// `GET /orgs/ORG/copilot/metrics/reports/organization-1-day` links to. Reports on users
        /// (`users-1-day`) are not recognised.
        pub static REPORTS: Layout = {
            id: "copilot_reports",
            fields: FIELDS,
            recognised_by: &["day", "daily_active_users"],
            read: read,
            rows: no_rows,
        };
    }

    fields! {
        /// The day.
        DAY: Required<Day> = "day";
        /// People who used it on that day.
        ACTIVE: Required<Whole<u32>> = "daily_active_users";
        /// The team, which GitHub does not write itself.
        TEAM: Optional<Text> = "team";
    }

    fn read(record: &Record<'_>, facts: &mut Facts) -> Result<(), Fault> {
        let (day, people) = (DAY.of(record)?, (ACTIVE.of(record)?, None));
        facts.ai_usage.push(usage(record, TEAM.given(record)?, day, people));
        Ok(())
    }
}
