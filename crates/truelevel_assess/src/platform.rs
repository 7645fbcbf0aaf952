//! Golden paths: the thresholds of `catalog/platform.toml`, and which profile describes an organisation.

use serde::Deserialize;
use truelevel_model::assessment::Answer;
use truelevel_model::platform::{Context, Profile};

use crate::catalog::{CatalogError, read};

static PLATFORM: &str = include_str!("../../../catalog/platform.toml");

/// What decides about golden paths.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlatformRules {
    /// So many services make what they take a golden path, where none is declared.
    pub found_in_services: u64,
    /// From this share of its deployments on a service is on a path.
    pub on_from: f64,
    profile: Vec<ProfileEntry>,
    context: Vec<ContextEntry>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileEntry {
    id: String,
    title: String,
    statement: String,
    expect: String,
    all: Vec<ProfileCondition>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileCondition {
    measure: ProfileMeasure,
    at_least: Option<f64>,
    less_than: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ProfileMeasure {
    Adoption,
    Pulled,
    ExceptionsOwned,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ContextEntry {
    finding: String,
    source: String,
}

/// A share, and the bounds between which it lies when some are not known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bounded {
    /// At least this.
    pub low: f64,
    /// At most this.
    pub high: f64,
}

/// What profiles are told by; absent is what is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProfileFacts {
    /// The share of services that are on a path.
    pub adoption: Option<Bounded>,
    /// The share of services on a path that came by themselves.
    pub pulled: Option<f64>,
    /// The share of services off the path for which somebody answers.
    pub exceptions_owned: Option<f64>,
}

impl PlatformRules {
    /// The rules that are compiled in.
    pub fn embedded() -> Result<Self, CatalogError> {
        read("platform.toml", PLATFORM)
    }

    /// What research found.
    pub fn context(&self) -> Vec<Context> {
        let context = self.context.iter();
        context.map(|entry| Context { finding: entry.finding.clone(), source: entry.source.clone() }).collect()
    }

    /// How far each profile describes the organisation: yes when every condition holds, no when one does not, else unknown.
    pub fn profiles(&self, facts: &ProfileFacts) -> Vec<Profile> {
        let judge = |entry: &ProfileEntry| {
            let judged: Vec<(Answer, String)> = entry.all.iter().map(|condition| condition.judge(facts)).collect();
            let holds =
                [Answer::No, Answer::Unknown].into_iter().find(|answer| judged.iter().any(|it| it.0 == *answer));
            Profile {
                profile: entry.id.clone(),
                title: entry.title.clone(),
                statement: entry.statement.clone(),
                expect: entry.expect.clone(),
                holds: holds.unwrap_or(Answer::Yes),
                because: judged.into_iter().map(|(_, because)| because).collect(),
            }
        };
        self.profile.iter().map(judge).collect()
    }

    /// A page about a profile: its title, and what it asks for.
    pub fn defined(&self, id: &str) -> Option<(String, String)> {
        let entry = self.profile.iter().find(|entry| entry.id == id)?;
        let asked: Vec<String> = entry
            .all
            .iter()
            .map(|condition| format!("- {} is {}", condition.measure.words(), condition.bound()))
            .collect();
        let body = format!(
            "{}\n\n**Describes an organisation when**\n\n{}\n\nThe thresholds are a house rule.\n\n**Expect**: {}",
            entry.statement,
            asked.join("\n"),
            entry.expect
        );
        Some((entry.title.clone(), body))
    }

    /// The profiles' ids.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.profile.iter().map(|entry| entry.id.as_str())
    }
}

impl ProfileMeasure {
    const fn words(self) -> &'static str {
        match self {
            Self::Adoption => "the share of services on a golden path",
            Self::Pulled => "the share of them that came before it was asked of everybody",
            Self::ExceptionsOwned => "the share of services off the path for which somebody answers",
        }
    }

    fn of(self, facts: &ProfileFacts) -> Option<Bounded> {
        let exact = |value: f64| Bounded { low: value, high: value };
        match self {
            Self::Adoption => facts.adoption,
            Self::Pulled => facts.pulled.map(exact),
            Self::ExceptionsOwned => facts.exceptions_owned.map(exact),
        }
    }
}

impl ProfileCondition {
    fn bound(&self) -> String {
        let percent = |share: f64| format!("{:.0} %", share * 100.0);
        match (self.at_least, self.less_than) {
            (Some(bound), _) => format!("at least {}", percent(bound)),
            (None, Some(bound)) => format!("less than {}", percent(bound)),
            (None, None) => "anything".to_owned(),
        }
    }

    fn judge(&self, facts: &ProfileFacts) -> (Answer, String) {
        let words = self.measure.words();
        let Some(Bounded { low, high }) = self.measure.of(facts) else {
            return (Answer::Unknown, format!("{words} is not known; asked is {}", self.bound()));
        };
        let (holds, fails) = match (self.at_least, self.less_than) {
            (Some(bound), _) => (low >= bound, high < bound),
            (None, Some(bound)) => (high < bound, low >= bound),
            (None, None) => (true, false),
        };
        let answer = if holds {
            Answer::Yes
        } else if fails {
            Answer::No
        } else {
            Answer::Unknown
        };
        let value = if (high - low).abs() < 0.005 {
            format!("{:.0} %", low * 100.0)
        } else {
            format!("between {:.0} % and {:.0} %", low * 100.0, high * 100.0)
        };
        (answer, format!("{words} is {value}; asked is {}", self.bound()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(adoption: (f64, f64), pulled: Option<f64>, exceptions_owned: Option<f64>, expected: [Answer; 3]) {
        let adoption = Some(Bounded { low: adoption.0, high: adoption.1 });
        let profiles =
            PlatformRules::embedded().unwrap().profiles(&ProfileFacts { adoption, pulled, exceptions_owned });
        assert_eq!(profiles.iter().map(|profile| profile.holds).collect::<Vec<_>>(), expected, "{profiles:?}");
    }

    #[test]
    fn profiles_follow_their_thresholds_and_say_when_they_cannot_tell() {
        use Answer::{No, Unknown, Yes};
        check((0.9, 0.9), Some(0.2), Some(1.0), [Yes, No, No]);
        check((0.1, 0.2), Some(1.0), None, [No, Yes, No]);
        check((0.7, 0.7), Some(0.9), Some(0.9), [No, No, Yes]);
        check((0.7, 0.9), Some(0.9), None, [No, No, Unknown]);
        check((0.1, 0.9), None, None, [Unknown, Unknown, Unknown]);
        let unknown = PlatformRules::embedded().unwrap().profiles(&ProfileFacts::default());
        assert!(unknown.iter().all(|profile| profile.holds == Unknown));
    }
}
