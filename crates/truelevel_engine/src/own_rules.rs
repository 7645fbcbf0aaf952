//! What a workspace adds to the catalog in its `truelevel.toml`: practices, gates, thresholds and exemptions.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;
use truelevel_assess::Catalog;
use truelevel_assess::catalog::{Effort, Gate, LANES, Requirement, STAGES, Supply};
use truelevel_assess::conditions::{Condition, Subject};
use truelevel_assess::entries::{ConditionEntry, Usual};
use truelevel_assess::own::{Exemption, OwnBound};
use truelevel_assess::quantity;
use truelevel_metrics::{METRICS, Metric};
use truelevel_model::{Grade, Time, printable};
use truelevel_practices::{Content, OwnPractice, PRACTICES};

use crate::config::{ConfigError, Reader};

/// What a workspace adds to the catalog.
#[derive(Clone, Debug, Default)]
pub struct OwnRules {
    /// Practices.
    pub practices: Vec<OwnPractice>,
    gates: Vec<(String, Gate)>,
    thresholds: Vec<Threshold>,
    exemptions: Vec<Exemption>,
}

#[derive(Clone, Debug)]
struct Threshold {
    gate: String,
    metric: String,
    own: OwnBound,
}

/// The tables, as they are written.
#[derive(Default)]
pub(crate) struct OwnTables {
    pub(crate) practices: Vec<PracticeTable>,
    pub(crate) gates: Vec<GateTable>,
    pub(crate) thresholds: Vec<ThresholdTable>,
    pub(crate) exemptions: Vec<ExemptionTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PracticeTable {
    id: Spanned<String>,
    title: String,
    files: Spanned<String>,
    pattern: Option<Spanned<String>>,
    path: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GateTable {
    id: Spanned<String>,
    stage: Spanned<String>,
    level: Spanned<u8>,
    statement: String,
    #[serde(default)]
    why: String,
    #[serde(default)]
    how: String,
    effort: Option<Effort>,
    #[serde(default)]
    unlocks: String,
    all: Option<Vec<Spanned<ConditionEntry>>>,
    any: Option<Vec<Spanned<ConditionEntry>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ThresholdTable {
    gate: Spanned<String>,
    metric: Spanned<String>,
    at_least: Option<String>,
    more_than: Option<String>,
    at_most: Option<String>,
    less_than: Option<String>,
    reason: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExemptionTable {
    gate: Spanned<String>,
    service: Option<String>,
    owner: Spanned<String>,
    reason: Spanned<String>,
    expires: Spanned<Datetime>,
}

impl GateTable {
    pub(crate) fn id(&self) -> &str {
        self.id.get_ref()
    }
}

impl OwnRules {
    /// Adds the gates and thresholds.
    pub(crate) fn add_to(&self, catalog: &mut Catalog) {
        for (stage, gate) in &self.gates {
            catalog.add_gate(stage, gate.clone());
        }
        for threshold in &self.thresholds {
            catalog.set_own_bound(&threshold.gate, &threshold.metric, &threshold.own);
        }
    }

    /// The exemption that covers a gate of a service at an instant.
    pub(crate) fn exemption(&self, gate: &str, service: &str, at: Time) -> Option<&Exemption> {
        self.exemptions.iter().find(|exemption| exemption.covers(gate, service, at))
    }

    /// When the exemptions that hold at an instant are to end: the day, by what they exempt from what.
    pub(crate) fn ends_of_exemptions(&self, at: Time) -> BTreeMap<String, String> {
        let holding = self.exemptions.iter().filter(|exemption| at <= exemption.ends_at);
        let named = holding.map(|exemption| {
            let service = exemption.service.as_deref().unwrap_or("every service");
            (format!("{} of {}", exemption.gate, printable(service)), exemption.expires.clone())
        });
        named.collect()
    }

    /// A sentence for each exemption of a service that is none of these.
    pub(crate) fn unplaced<'a>(&'a self, services: &'a BTreeSet<&str>) -> impl Iterator<Item = String> + 'a {
        self.exemptions.iter().filter_map(move |exemption| {
            let service = exemption.service.as_deref().filter(|service| !services.contains(service))?;
            let (place, gate) = (&exemption.place, &exemption.gate);
            Some(format!("{place}: there is no service {} to be exempted from `{gate}`", printable(service)))
        })
    }

    /// A sentence for each exemption that has ended.
    pub(crate) fn expired(&self, at: Time) -> impl Iterator<Item = String> {
        let expired = self.exemptions.iter().filter(move |exemption| exemption.ends_at < at);
        expired.map(|exemption| {
            format!(
                "{}: the exemption of `{}` ended on {} and is ignored; renew it with its owner, {}, or remove it",
                exemption.place,
                exemption.gate,
                exemption.expires,
                printable(&exemption.owner)
            )
        })
    }
}

impl Reader<'_> {
    /// Checks what a workspace adds, in the order in which one part names another.
    pub(crate) fn check_own(&self, tables: OwnTables) -> Result<OwnRules, ConfigError> {
        self.distinct("practice", tables.practices.iter().map(|practice| &practice.id))?;
        self.distinct("gate", tables.gates.iter().map(|gate| &gate.id))?;
        let catalog = Catalog::embedded().map_err(|error| self.invalid(0, error.to_string()))?;
        let mut rules = OwnRules::default();
        for table in tables.practices {
            rules.practices.push(self.check_practice(table, &catalog)?);
        }
        for table in tables.gates {
            let gate = self.check_gate(table, &catalog, &rules.practices)?;
            rules.gates.push(gate);
        }
        let mut whole = catalog;
        rules.add_to(&mut whole);
        for table in tables.thresholds {
            rules.thresholds.push(self.check_threshold(table, &whole)?);
        }
        for table in tables.exemptions {
            rules.exemptions.push(self.check_exemption(table, &whole)?);
        }
        Ok(rules)
    }

    fn check_id(&self, id: &Spanned<String>, catalog: &Catalog) -> Result<(), ConfigError> {
        let name = id.get_ref();
        let is_snake = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !is_snake {
            let message = format!("`{name}` is no id; written are small letters, digits and `_`, a letter first");
            return Err(self.invalid(id.span().start, message));
        }
        let is_taken = catalog.gate(name).is_some()
            || catalog.question(name).is_some()
            || METRICS.iter().any(|metric| metric.id == name)
            || truelevel_practices::practice(name).is_some();
        if is_taken {
            let message = format!("`{name}` is what something else is called; see `truelevel explain {name}`");
            return Err(self.invalid(id.span().start, message));
        }
        Ok(())
    }

    fn check_practice(&self, table: PracticeTable, catalog: &Catalog) -> Result<OwnPractice, ConfigError> {
        self.check_id(&table.id, catalog)?;
        let paths = glob(table.files.get_ref()).map_err(|why| self.invalid(table.files.span().start, why))?;
        let pattern = table.pattern.as_ref().map(|pattern| self.pattern(pattern)).transpose()?;
        let path = table.path.as_ref().map(|path| {
            key_path(path.get_ref()).ok_or_else(|| {
                let message = format!(
                    "`{}` is no path; written are keys with dots between, and `[]` for each item of a list",
                    path.get_ref()
                );
                self.invalid(path.span().start, message)
            })
        });
        let content = match (path.transpose()?, pattern) {
            (Some(path), pattern) => Content::Value { path, pattern },
            (None, Some(pattern)) => Content::Line(pattern),
            (None, None) => Content::Anything,
        };
        let (id, files) = (table.id.into_inner(), table.files.into_inner());
        Ok(OwnPractice { id, title: table.title, files, paths, content })
    }

    fn pattern(&self, pattern: &Spanned<String>) -> Result<Regex, ConfigError> {
        let compiled = regex::RegexBuilder::new(pattern.get_ref()).size_limit(1 << 20).build();
        compiled.map_err(|error| {
            self.invalid(pattern.span().start, format!("not a pattern: {error}; write a regular expression"))
        })
    }

    fn check_gate(
        &self,
        table: GateTable,
        catalog: &Catalog,
        own: &[OwnPractice],
    ) -> Result<(String, Gate), ConfigError> {
        self.check_id(&table.id, catalog)?;
        let stages: Vec<&str> = STAGES.into_iter().chain(LANES).collect();
        if !stages.contains(&table.stage.get_ref().as_str()) {
            let message = format!("there is no stage `{}`; there are {}", table.stage.get_ref(), stages.join(", "));
            return Err(self.invalid(table.stage.span().start, message));
        }
        let level = *table.level.get_ref();
        if !(2..=5).contains(&level) {
            return Err(self.invalid(table.level.span().start, format!("level {level}; a gate guards level 2 to 5")));
        }
        let usual = Usual::of_level(level);
        let check = |entries: Vec<Spanned<ConditionEntry>>| {
            entries.into_iter().map(|entry| self.check_condition(entry, usual, own)).collect::<Result<Vec<_>, _>>()
        };
        let requirement = match (table.all, table.any) {
            (Some(all), None) if !all.is_empty() => Requirement::All(check(all)?),
            (None, Some(any)) if !any.is_empty() => Requirement::Any(check(any)?),
            _ => {
                let message =
                    format!("`{}` needs either `all` or `any`, with at least one condition", table.id.get_ref());
                return Err(self.invalid(table.id.span().start, message));
            }
        };
        let gate = Gate {
            id: table.id.into_inner(),
            level,
            statement: table.statement,
            why: or(table.why, "This workspace asks for it."),
            how: or(table.how, "See what it asks for, and who asked for it in this workspace."),
            effort: table.effort.unwrap_or(Effort::Weeks),
            supply: Supply::default(),
            needs: Vec::new(),
            unlocks: or(table.unlocks, "What this workspace decided to have."),
            references: Vec::new(),
            requirement,
        };
        Ok((table.stage.into_inner(), gate))
    }

    fn check_condition(
        &self,
        entry: Spanned<ConditionEntry>,
        usual: Usual,
        own: &[OwnPractice],
    ) -> Result<Condition, ConfigError> {
        let at = entry.span().start;
        let condition = entry.into_inner().check(usual.grade, usual.held_before);
        let condition = condition.map_err(|why| self.invalid(at, why))?;
        let unknown = match &condition.subject {
            Subject::Practice { practice, .. } => {
                let is_known =
                    PRACTICES.iter().any(|known| known.id == practice) || own.iter().any(|known| known.id == *practice);
                (!is_known).then(|| format!("there is no practice `{practice}`; `truelevel explain` lists them, and a [[practice]] table adds one"))
            }
            Subject::Metric { metric, bound, .. } => match METRICS.iter().find(|known| known.id == metric) {
                None => Some(format!("there is no metric `{metric}`; `truelevel explain` lists them")),
                Some(known) => wrong_quantity(known, &bound.text),
            },
        };
        unknown.map_or(Ok(condition), |message| Err(self.invalid(at, message)))
    }

    fn known_gate(&self, gate: &Spanned<String>, catalog: &Catalog) -> Result<(), ConfigError> {
        if catalog.gate(gate.get_ref()).is_some() {
            return Ok(());
        }
        let message = format!("there is no gate `{}`; `truelevel explain` lists them", gate.get_ref());
        Err(self.invalid(gate.span().start, message))
    }

    pub(crate) fn said(&self, what: &str, text: &Spanned<String>) -> Result<(), ConfigError> {
        if text.get_ref().trim().is_empty() {
            return Err(self.invalid(text.span().start, format!("it needs {what}")));
        }
        Ok(())
    }

    fn check_threshold(&self, table: ThresholdTable, catalog: &Catalog) -> Result<Threshold, ConfigError> {
        self.known_gate(&table.gate, catalog)?;
        self.said("a reason", &table.reason)?;
        let (gate, metric) = (table.gate.get_ref(), table.metric.get_ref());
        let at = table.metric.span().start;
        let Some(bound) = catalog.bound(gate, metric) else {
            return Err(
                self.invalid(at, format!("`{gate}` has no threshold of `{metric}`; see `truelevel explain {gate}`"))
            );
        };
        let entry = ConditionEntry {
            practice: None,
            grade: None,
            metric: Some(metric.clone()),
            at_least: table.at_least,
            more_than: table.more_than,
            at_most: table.at_most,
            less_than: table.less_than,
            if_any: None,
            pooled: None,
            decides: None,
        };
        let condition = entry.check(Grade::Declared, false).map_err(|why| self.invalid(at, why))?;
        if let Subject::Metric { bound, .. } = &condition.subject
            && let Some(known) = METRICS.iter().find(|known| known.id == *metric)
            && let Some(wrong) = wrong_quantity(known, &bound.text)
        {
            return Err(self.invalid(at, wrong));
        }
        match condition.subject {
            Subject::Metric { bound: own, .. } if own.is_lower == bound.is_lower => Ok(Threshold {
                gate: gate.clone(),
                metric: metric.clone(),
                own: OwnBound { bound: own, reason: table.reason.into_inner() },
            }),
            _ => {
                let allowed = if bound.is_lower { "`at_least` or `more_than`" } else { "`at_most` or `less_than`" };
                Err(self.invalid(
                    at,
                    format!("the catalog's threshold is {} {}; allowed is {allowed}", bound.words(), bound.text),
                ))
            }
        }
    }

    fn check_exemption(&self, table: ExemptionTable, catalog: &Catalog) -> Result<Exemption, ConfigError> {
        self.known_gate(&table.gate, catalog)?;
        self.said("an owner: a team or role that answers for it", &table.owner)?;
        self.said("a reason", &table.reason)?;
        let at = table.expires.span().start;
        let no_day = || self.invalid(at, "it needs a day on which it ends, as 2026-12-31".to_owned());
        let expires = table.expires.get_ref().date.ok_or_else(no_day)?.to_string();
        let ends_at = Time::parse(&expires).map_err(|error| self.invalid(at, error.to_string()))?;
        let place = self.place(table.gate.span().start);
        Ok(Exemption {
            gate: table.gate.into_inner(),
            service: table.service,
            owner: table.owner.into_inner(),
            reason: table.reason.into_inner(),
            expires,
            ends_at,
            place,
        })
    }
}

/// What is wrong with a threshold that no value of the metric can have.
fn wrong_quantity(metric: &Metric, text: &str) -> Option<String> {
    let wrong = quantity::parse_as(text, metric.unit).err()?;
    Some(format!("`{text}` is {wrong}, and `{}` is one", metric.id))
}

fn or(text: String, usual: &str) -> String {
    if text.trim().is_empty() { usual.to_owned() } else { text }
}

/// A path from the root of a repository: `*` and `?` within a part of it, `**` for any folders, `{a,b}` for either.
fn glob(text: &str) -> Result<Regex, String> {
    if text.is_empty() || text.starts_with('/') || text.split('/').any(|part| part == "." || part == "..") {
        return Err(format!(
            "`{text}` is no path from the root of a repository, without a slash before it and without `.` or `..`"
        ));
    }
    let mut pattern = String::from("^");
    let (mut rest, mut depth) = (text, 0);
    while let Some(c) = rest.chars().next() {
        let (taken, meaning) = match c {
            '*' if rest.starts_with("**/") => (3, "(?:.*/)?".to_owned()),
            '*' if rest.starts_with("**") => (2, ".*".to_owned()),
            '*' => (1, "[^/]*".to_owned()),
            '?' => (1, "[^/]".to_owned()),
            '{' => (1, "(?:".to_owned()),
            '}' if depth > 0 => (1, ")".to_owned()),
            ',' if depth > 0 => (1, "|".to_owned()),
            c => (c.len_utf8(), regex::escape(&c.to_string())),
        };
        depth += match c {
            '{' => 1,
            '}' if depth > 0 => -1,
            _ => 0,
        };
        pattern.push_str(&meaning);
        rest = &rest[taken..];
    }
    Regex::new(&(pattern + "$")).map_err(|_| format!("`{text}` has a `{{` without its `}}`"))
}

/// Keys with dots between; `[]` after a key stands for each item of its list.
fn key_path(text: &str) -> Option<Vec<String>> {
    let mut keys = Vec::new();
    for part in text.split('.') {
        let key = part.trim_end_matches("[]");
        let lists = (part.len() - key.len()) / 2;
        if key.contains(['[', ']']) || (key.is_empty() && (lists == 0 || !keys.is_empty())) {
            return None;
        }
        keys.extend((!key.is_empty()).then(|| key.to_owned()));
        keys.extend(std::iter::repeat_n("[]".to_owned(), lists));
    }
    Some(keys)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    fn check(text: &str, expected: &str) {
        let error = Config::parse(Path::new("truelevel.toml"), text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}\nshould begin with\n{expected}");
    }

    const GATE: &str = "[[gate]]\nid = \"x\"\nstatement = \"S\"\nlevel = 3\nstage = \"build\"\n";

    #[test]
    fn mistakes_in_own_rules_are_named_with_line_column_and_what_is_allowed() {
        check(
            "[[practice]]\nid = \"X\"\ntitle = \"T\"\nfiles = \"a\"\n",
            "truelevel.toml:2:6: `X` is no id; written are",
        );
        check(
            "[[practice]]\nid = \"ci_pipeline\"\ntitle = \"T\"\nfiles = \"a\"\n",
            "truelevel.toml:2:6: `ci_pipeline` is what something else",
        );
        check(
            "[[practice]]\nid = \"x\"\ntitle = \"T\"\nfiles = \"../a\"\n",
            "truelevel.toml:4:9: `../a` is no path from the root",
        );
        check(
            "[[practice]]\nid = \"x\"\ntitle = \"T\"\nfiles = \"a\"\npath = \"a..b\"\n",
            "truelevel.toml:5:8: `a..b` is no path; written are keys",
        );
        check(
            &format!("{GATE}all = [{{ practice = \"y\" }}]\n"),
            "truelevel.toml:6:8: there is no practice `y`; `truelevel explain`",
        );
        check(
            &format!("{GATE}all = [{{ metric = \"change_lead_time\" }}]\n"),
            "truelevel.toml:6:8: a condition is a `practice`",
        );
        check(
            &format!("{GATE}all = [{{ metric = \"change_lead_time\", at_most = \"soon\" }}]\n"),
            "truelevel.toml:6:8: `soon` is no quantity",
        );
        check(
            &format!("{GATE}all = [{{ metric = \"change_lead_time\", at_most = \"5 %\" }}]\n"),
            "truelevel.toml:6:8: `5 %` is no duration, such as `6 hours`, and `change_lead_time` is one",
        );
        check(&format!("{GATE}needs = [\"x\"]\n"), "truelevel.toml:6:1: unknown field `needs`");
        check(GATE, "truelevel.toml:2:6: `x` needs either `all` or `any`");
        check(&GATE.replace("build", "ship"), "truelevel.toml:5:9: there is no stage `ship`; there are build, test");
        check(&GATE.replace('3', "6"), "truelevel.toml:4:9: level 6; a gate guards level 2 to 5");
    }

    const EXEMPTION: &str =
        "[[exemption]]\ngate = \"every_change_is_built\"\nowner = \"team web\"\nreason = \"r\"\nexpires = 2026-12-31\n";
    const THRESHOLD: &str = "[[threshold]]\ngate = \"lead_time_is_under_a_day\"\nmetric = \"change_lead_time\"\nless_than = \"2 days\"\nreason = \"r\"\n";

    #[test]
    fn nobody_is_exempted_without_owner_reason_and_end() {
        assert!(Config::parse(Path::new("truelevel.toml"), EXEMPTION).is_ok());
        check(&EXEMPTION.replace("owner = \"team web\"\n", ""), "truelevel.toml:1:1: missing field `owner`");
        check(&EXEMPTION.replace("team web", " "), "truelevel.toml:3:9: it needs an owner");
        check(&EXEMPTION.replace("\"r\"", "\"\""), "truelevel.toml:4:10: it needs a reason");
        check(&EXEMPTION.replace("expires = 2026-12-31\n", ""), "truelevel.toml:1:1: missing field `expires`");
        check(&EXEMPTION.replace("2026-12-31", "10:00:00"), "truelevel.toml:5:11: it needs a day on which it ends");
        check(&EXEMPTION.replace("every_change_is_built", "nothing"), "truelevel.toml:2:8: there is no gate `nothing`");
    }

    #[test]
    fn a_threshold_stands_beside_one_of_the_catalogs_and_has_a_reason() {
        assert!(Config::parse(Path::new("truelevel.toml"), THRESHOLD).is_ok());
        check(
            &THRESHOLD.replace("less_than", "at_least"),
            "truelevel.toml:3:10: the catalog's threshold is less than 1 day; allowed is `at_most`",
        );
        check(
            &THRESHOLD.replace("change_lead_time", "rollback_share"),
            "truelevel.toml:3:10: `lead_time_is_under_a_day` has no threshold of",
        );
        check(&THRESHOLD.replace("\"r\"", "\" \""), "truelevel.toml:5:10: it needs a reason");
        check(&THRESHOLD.replace("2 days", "2"), "truelevel.toml:3:10: `2` is no duration, such as `6 hours`");
    }

    #[test]
    fn globs_match_paths_from_the_root() {
        let check = |pattern: &str, path: &str| glob(pattern).unwrap().is_match(path);
        assert!(check("docs/adr/*.md", "docs/adr/1.md") && !check("docs/adr/*.md", "docs/adr/x/1.md"));
        assert!(check("**/adr/**", "adr/a/b") && check("**/adr/**", "x/adr/b") && !check("adr.md", "adr_md"));
        assert!(check("*.{yml,yaml}", "a.yaml") && !check("*.{yml,yaml}", "a.yam"));
        assert!(glob("a{b").is_err() && glob("/a").is_err());
    }

    #[test]
    fn key_paths_go_through_lists() {
        assert_eq!(key_path("a.b[].c").unwrap(), ["a", "b", "[]", "c"]);
        assert_eq!(key_path("[].c").unwrap(), ["[]", "c"]);
        assert!(key_path("a..b").is_none() && key_path("a[0]").is_none() && key_path("").is_none());
    }
}
