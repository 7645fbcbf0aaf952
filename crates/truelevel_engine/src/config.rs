//! `truelevel.toml`: what is assessed together. Every mistake is named with file, line and column.

mod golden_paths;
mod network;
mod planning;
mod services;
mod serving;
mod sign_in;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::Weekday;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::Deserialize;
use toml::Spanned;
use truelevel_model::Calendar;
use truelevel_model::calendar::WORKING_DAYS;

use crate::own_rules::{ExemptionTable, GateTable, OwnRules, OwnTables, PracticeTable, ThresholdTable};
use golden_paths::GoldenPathTable;
pub use golden_paths::{ExceptionConfig, GoldenPathConfig};
pub use network::Network;
pub use planning::{CostRates, Initiative};
use planning::{CostTable, InitiativeTable};
pub use services::{DeploymentRepositoryConfig, PartConfig, ServiceConfig, VersionFilesConfig};
use services::{DeploymentRepositoryTable, ServiceTable};
pub use serving::{EventsConfig, SecretPlace, ServeConfig, TlsFiles, WebhookConfig};
use serving::{EventsTable, ServeTable, WebhookTable};
pub use sign_in::SignInConfig;
use sign_in::SignInTable;

/// The name of the file.
pub const FILE_NAME: &str = "truelevel.toml";
/// The window unless another is asked for.
pub const DEFAULT_WINDOW_DAYS: u32 = 90;
/// Longer windows are a mistake in units.
pub const LONGEST_WINDOW_DAYS: u32 = 3660;

/// What is wrong with a configuration file, and where.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {reason}", truelevel_model::printable(&path.display().to_string()))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A place in the file is wrong.
    #[error("{}:{line}:{column}: {message}", truelevel_model::printable(&path.display().to_string()))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What is wrong and what is allowed.
        message: String,
    },
}

/// A checked configuration.
#[derive(Debug)]
pub struct Config {
    /// The workspace's name.
    pub name: Option<String>,
    /// The measured window.
    pub window_days: u32,
    /// The benchmark edition, where one is chosen.
    pub edition: Option<String>,
    /// What days and weeks are counted by.
    pub calendar: Calendar,
    /// Further accounts of automation.
    pub automation_accounts: Vec<String>,
    /// Repositories of code.
    pub repositories: Vec<RepositoryConfig>,
    /// Repositories that declare what runs where.
    pub deployment_repositories: Vec<DeploymentRepositoryConfig>,
    /// Whether an environment is production, by name.
    pub environments: BTreeMap<String, bool>,
    /// The services.
    pub services: Vec<ServiceConfig>,
    /// Whether services that are found and not listed are assessed too.
    pub only_listed_services: bool,
    /// Practices, gates, thresholds and exemptions of its own.
    pub own: OwnRules,
    /// The golden paths.
    pub golden_paths: Vec<GoldenPathConfig>,
    /// How events are understood and kept.
    pub events: EventsConfig,
    /// How the server may be reached.
    pub serve: ServeConfig,
    /// How people sign in, where they do.
    pub sign_in: Option<SignInConfig>,
    /// Who sends webhooks.
    pub webhooks: Vec<WebhookConfig>,
    /// Gates that the workspace has taken on.
    pub initiatives: Vec<Initiative>,
    /// What work costs, where it says so.
    pub cost: Option<CostRates>,
}

/// A repository of code.
#[derive(Debug)]
pub struct RepositoryConfig {
    /// Its name, where it is not the one found.
    pub name: Option<String>,
    /// Where it is.
    pub path: PathBuf,
    /// Where the configuration says so, for a sentence about it; none for a path that was typed.
    pub place: Option<String>,
    /// What senders of events call it, where the last part of that is not its name.
    pub known_as: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    workspace: WorkspaceTable,
    #[serde(default)]
    calendar: CalendarTable,
    #[serde(default)]
    automation: AutomationTable,
    #[serde(default)]
    repository: Vec<RepositoryTable>,
    #[serde(default)]
    deployment_repository: Vec<DeploymentRepositoryTable>,
    #[serde(default)]
    environment: Vec<EnvironmentTable>,
    #[serde(default)]
    service: Vec<ServiceTable>,
    #[serde(default, alias = "practices")]
    practice: Vec<PracticeTable>,
    #[serde(default, alias = "gates")]
    gate: Vec<GateTable>,
    #[serde(default, alias = "thresholds")]
    threshold: Vec<ThresholdTable>,
    #[serde(default, alias = "exemptions")]
    exemption: Vec<ExemptionTable>,
    #[serde(default, alias = "golden_paths")]
    golden_path: Vec<GoldenPathTable>,
    #[serde(default)]
    events: EventsTable,
    #[serde(default)]
    serve: ServeTable,
    sign_in: Option<SignInTable>,
    #[serde(default)]
    webhooks: Vec<WebhookTable>,
    #[serde(default, alias = "initiatives")]
    initiative: Vec<InitiativeTable>,
    cost: Option<CostTable>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct WorkspaceTable {
    name: Option<String>,
    window_days: Option<Spanned<u32>>,
    edition: Option<Spanned<String>>,
    #[serde(default)]
    only_listed_services: bool,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct CalendarTable {
    time_zone: Option<Spanned<String>>,
    working_days: Option<Spanned<Vec<Spanned<String>>>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct AutomationTable {
    #[serde(default)]
    accounts: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RepositoryTable {
    name: Option<Spanned<String>>,
    path: Spanned<PathBuf>,
    #[serde(default)]
    known_as: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvironmentTable {
    name: Spanned<String>,
    production: bool,
}

impl Config {
    /// The configuration of plain repository paths: everything is found, nothing is said.
    pub fn of_paths(paths: &[PathBuf]) -> Self {
        Self {
            name: None,
            window_days: DEFAULT_WINDOW_DAYS,
            edition: None,
            calendar: Calendar::default(),
            automation_accounts: Vec::new(),
            repositories: paths
                .iter()
                .map(|path| RepositoryConfig { name: None, path: path.clone(), place: None, known_as: Vec::new() })
                .collect(),
            deployment_repositories: Vec::new(),
            environments: BTreeMap::new(),
            services: Vec::new(),
            only_listed_services: false,
            own: OwnRules::default(),
            golden_paths: Vec::new(),
            events: EventsConfig::default(),
            serve: ServeConfig::default(),
            sign_in: None,
            webhooks: Vec::new(),
            initiatives: Vec::new(),
            cost: None,
        }
    }

    /// Reads and checks a file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let unreadable = |reason: String| ConfigError::Unreadable { path: path.to_owned(), reason };
        let bytes =
            std::fs::read(path).map_err(|error| unreadable(format!("{error}; name a file that can be read")))?;
        let text =
            String::from_utf8(bytes).map_err(|_| unreadable("it is not UTF-8 text; save it as UTF-8".to_owned()))?;
        Self::parse(path, &text)
    }

    /// Checks a file's text. Relative paths in it start at the file's folder.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let reader = Reader { path, text };
        let file: File = toml::from_str(text).map_err(|error| {
            let found = allowed_in_words(error.message().trim());
            let message = format!("{found}; docs/guide/configuration.md lists what may stand here");
            reader.invalid(error.span().map_or(0, |span| span.start), message)
        })?;
        reader.check(file)
    }
}

/// What the parser expects, as one writes it.
const ALLOWED: [(&str, &str); 7] = [
    ("a boolean", "`true` or `false`"),
    ("a map", "a table"),
    ("a sequence", "a list in `[` and `]`"),
    ("a string", "text in quotes"),
    ("f64", "a number"),
    ("u32", "a whole number, not below 0"),
    ("u64", "a whole number, not below 0"),
];

/// A message of the parser with what it expects named in words.
fn allowed_in_words(message: &str) -> String {
    let Some((found, expected)) = message.rsplit_once(", expected ") else { return message.to_owned() };
    let allowed = ALLOWED.iter().find(|(name, _)| *name == expected).map_or(expected, |(_, words)| words);
    format!("{found}, expected {allowed}")
}

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

pub(crate) struct Reader<'a> {
    pub(crate) path: &'a Path,
    pub(crate) text: &'a str,
}

impl Reader<'_> {
    /// Line and column of a byte, both from 1.
    fn line_and_column(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (before.matches('\n').count() + 1, column)
    }

    /// File, line and column of a byte, for a sentence about it.
    pub(crate) fn place(&self, at: usize) -> String {
        let (line, column) = self.line_and_column(at);
        format!("{}:{line}:{column}", truelevel_model::printable(&self.path.display().to_string()))
    }

    pub(crate) fn invalid(&self, at: usize, message: String) -> ConfigError {
        let (line, column) = self.line_and_column(at);
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        ConfigError::Invalid {
            path: self.path.to_owned(),
            line,
            column,
            message: truelevel_model::printable(&message).into_owned(),
        }
    }

    /// The names, unless one stands twice.
    pub(crate) fn distinct<'b>(
        &self,
        what: &str,
        names: impl Iterator<Item = &'b Spanned<String>>,
    ) -> Result<(), ConfigError> {
        let mut seen = BTreeMap::new();
        for name in names {
            if name.get_ref().is_empty() {
                return Err(
                    self.invalid(name.span().start, format!("a {what} needs a name; write one between the quotes"))
                );
            }
            if let Some(first) = seen.insert(name.get_ref(), name.span().start) {
                let line = self.text[..first].matches('\n').count() + 1;
                let message = format!(
                    "the {what} `{}` stands twice; first in line {line}, so take one of them out",
                    name.get_ref()
                );
                return Err(self.invalid(name.span().start, message));
            }
        }
        Ok(())
    }

    fn check(&self, file: File) -> Result<Config, ConfigError> {
        self.distinct("service", file.service.iter().map(|service| &service.name))?;
        self.distinct("environment", file.environment.iter().map(|environment| &environment.name))?;
        self.distinct("repository", file.repository.iter().filter_map(|repository| repository.name.as_ref()))?;
        self.distinct("golden path", file.golden_path.iter().map(|path| &path.name))?;
        let environments: BTreeMap<String, bool> = file
            .environment
            .into_iter()
            .map(|environment| (environment.name.into_inner(), environment.production))
            .collect();
        let window_days = match file.workspace.window_days {
            Some(days) if !(1..=LONGEST_WINDOW_DAYS).contains(days.get_ref()) => {
                let message = format!("a window of {} days; allowed are 1 to {LONGEST_WINDOW_DAYS}", days.get_ref());
                return Err(self.invalid(days.span().start, message));
            }
            Some(days) => days.into_inner(),
            None => DEFAULT_WINDOW_DAYS,
        };
        if let Some(edition) = &file.workspace.edition
            && !truelevel_assess::benchmarks::editions().any(|known| known == edition.get_ref())
        {
            let known: Vec<_> = truelevel_assess::benchmarks::editions().collect();
            let message = format!("there is no edition `{}`; known: {}", edition.get_ref(), known.join(", "));
            return Err(self.invalid(edition.span().start, message));
        }
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let deployment_repositories = file
            .deployment_repository
            .into_iter()
            .map(|table| self.check_deployment_repository(table, folder))
            .collect::<Result<_, ConfigError>>()?;
        let own_gates: Vec<String> = file.gate.iter().map(|gate| gate.id().to_owned()).collect();
        let initiatives = self.check_initiatives(file.initiative, &own_gates)?;
        let cost = self.check_cost(file.cost)?;
        let webhooks = file.webhooks.into_iter().map(|table| self.check_webhook(table, folder));
        let services = file
            .service
            .into_iter()
            .map(|service| self.check_service(service, &environments))
            .collect::<Result<_, _>>()?;
        Ok(Config {
            name: file.workspace.name,
            window_days,
            edition: file.workspace.edition.map(Spanned::into_inner),
            calendar: self.check_calendar(&file.calendar)?,
            automation_accounts: file.automation.accounts,
            repositories: file
                .repository
                .into_iter()
                .map(|table| RepositoryConfig {
                    name: table.name.map(Spanned::into_inner),
                    place: Some(self.place(table.path.span().start)),
                    path: folder.join(table.path.into_inner()),
                    known_as: table.known_as,
                })
                .collect(),
            deployment_repositories,
            environments,
            services,
            initiatives,
            cost,
            only_listed_services: file.workspace.only_listed_services,
            own: self.check_own(OwnTables {
                practices: file.practice,
                gates: file.gate,
                thresholds: file.threshold,
                exemptions: file.exemption,
            })?,
            golden_paths: file
                .golden_path
                .into_iter()
                .map(|table| self.check_golden_path(table))
                .collect::<Result<_, _>>()?,
            events: self.check_events(file.events)?,
            serve: self.check_serve(file.serve, folder)?,
            sign_in: file.sign_in.map(|table| self.check_sign_in(table, folder)).transpose()?,
            webhooks: webhooks.collect::<Result<_, _>>()?,
        })
    }

    fn check_calendar(&self, table: &CalendarTable) -> Result<Calendar, ConfigError> {
        let zone = match &table.time_zone {
            Some(name) => TimeZoneDatabase::bundled().get(name.get_ref()).map_err(|_| {
                let message = format!("there is no time zone `{}`; write one such as Europe/London", name.get_ref());
                self.invalid(name.span().start, message)
            })?,
            None => TimeZone::UTC,
        };
        let Some(days) = &table.working_days else { return Ok(Calendar::new(zone, WORKING_DAYS)) };
        if days.get_ref().is_empty() {
            return Err(self.invalid(days.span().start, "at least one day must be worked".to_owned()));
        }
        let named = days.get_ref().iter().map(|name| {
            let found = WEEKDAYS.iter().find(|(known, _)| known == name.get_ref());
            found.map(|(_, day)| *day).ok_or_else(|| {
                let known: Vec<_> = WEEKDAYS.iter().map(|(known, _)| *known).collect();
                let message = format!("`{}` is no day; allowed are {}", name.get_ref(), known.join(", "));
                self.invalid(name.span().start, message)
            })
        });
        Ok(Calendar::new(zone, named.collect::<Result<Vec<_>, _>>()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let error = Config::parse(Path::new("truelevel.toml"), text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}\nshould begin with\n{expected}");
    }

    #[test]
    fn mistakes_are_named_with_line_column_and_what_is_allowed() {
        check(
            "[workspace]\nnmae = \"x\"\n",
            "truelevel.toml:2:1: unknown field `nmae`, expected one of `name`, `window_days`",
        );
        check(
            "[workspace]\nwindow_days = \"x\"\n",
            "truelevel.toml:2:15: invalid type: string \"x\", expected a whole number, not below 0;",
        );
        check(
            "[[service]]\nname = \"a\"\npaths = \"web\"\n",
            "truelevel.toml:3:9: invalid type: string \"web\", expected a list in `[` and `]`;",
        );
        check("[workspace]\nwindow_days = 0\n", "truelevel.toml:2:15: a window of 0 days; allowed are 1 to");
        check(
            "[workspace]\nedition = \"1999\"\n",
            "truelevel.toml:2:11: there is no edition `1999`; known: 2019, 2021",
        );
        check(
            "[[service]]\nname = \"a\"\n[[service]]\nname = \"a\"\n",
            "truelevel.toml:4:8: the service `a` stands twice; first in line 2",
        );
        check(
            "[[environment]]\nname = \"prod\"\nproduction = true\n[[service]]\nname = \"a\"\nproduction = [\"prd\"]\n",
            "truelevel.toml:6:15: the environment `prd` is not declared in an [[environment]] table; declared: `prod`",
        );
        check(
            "[[service]]\nname = \"a\"\npaths = [\"web\", \"../x\"]\n",
            "truelevel.toml:3:17: the path `../x` leads out of the repository",
        );
        check(
            "[[deployment_repository]]\npath = \"x\"\nfiles = [{ path = \"{service}\", version = \"tag[[\" }]\n",
            "truelevel.toml:3:42: the path of keys `tag[[` has a `[` that is not closed",
        );
        check("[[service]]\nname = \"a\"\nversion_patterns = [\"(\"]\n", "truelevel.toml:3:21: not a pattern");
        check("[[repository]]\nname = \"a\"\n", "truelevel.toml:1:1: missing field `path`");
        check(
            "[[webhooks]]\nsender = \"nobody\"\n",
            "truelevel.toml:2:10: there is no sender `nobody`; known: alertmanager",
        );
        check("[[webhooks]]\nsender = \"github\"\n", "truelevel.toml:2:10: a sender needs either `secret_env`");
        check("[events]\nkeep_days = 0\n", "truelevel.toml:2:13: events are kept for at least 1 day");
        check("x = \n", "truelevel.toml:1:5: ");
        check(
            "[calendar]\ntime_zone = \"Europe/Nowhere\"\n",
            "truelevel.toml:2:13: there is no time zone `Europe/Nowhere`",
        );
        check("[calendar]\nworking_days = []\n", "truelevel.toml:2:16: at least one day");
        check(
            "[calendar]\nworking_days = [\"monday\", \"Tuesday\"]\n",
            "truelevel.toml:2:27: `Tuesday` is no day; allowed are monday, tuesday",
        );
    }

    #[test]
    fn the_calendar_is_utc_and_five_days_unless_said() {
        let calendar = |text: &str| Config::parse(Path::new("truelevel.toml"), text).unwrap().calendar;
        assert_eq!(calendar(""), Calendar::default());
        let london = calendar("[calendar]\ntime_zone = \"Europe/London\"\nworking_days = [\"sunday\", \"monday\"]\n");
        assert_eq!((london.zone(), london.working_days_per_week()), ("Europe/London", 2.0));
        let summer = truelevel_model::Time::parse("2026-06-01T23:30:00Z").unwrap();
        assert_eq!(london.day(summer), Calendar::default().day(summer) + 1);
    }

    #[test]
    fn a_whole_file_reads() {
        let text = r#"
            [workspace]
            name = "Shop"
            window_days = 60
            edition = "2024"
            [automation]
            accounts = ["deployer"]
            [[repository]]
            path = "../web"
            [[deployment_repository]]
            path = "../gitops"
            [[deployment_repository.files]]
            path = "apps/{environment}/{service}"
            version = "image_tag"
            [[environment]]
            name = "eu"
            production = true
            [[service]]
            name = "web"
            team = "front"
            paths = ["web"]
            production = ["eu"]
        "#;
        let config = Config::parse(Path::new("/srv/x/truelevel.toml"), text).unwrap();
        assert_eq!(config.repositories[0].path, Path::new("/srv/x/../web"));
        assert_eq!((config.window_days, config.services[0].paths.len()), (60, 1));
    }
}
