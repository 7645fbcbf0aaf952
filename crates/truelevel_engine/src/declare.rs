//! What a team says of itself, recorded as facts beside those that are measured.

use std::path::Path;

use serde::Deserialize;
use toml::Spanned;
use truelevel_assess::Catalog;
use truelevel_model::access::AuditAction;
use truelevel_model::assessment::{Answer, Level};
use truelevel_model::facts::Facts;
use truelevel_model::{Declaration, GateAnswer, ServiceId, Time, Word, printable};

use crate::access::By;
use crate::config::{ConfigError, Reader};
use crate::{EngineError, Workspace};

/// Something that a team says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Belief {
    /// The service; everything in the workspace, when absent.
    pub service: Option<String>,
    /// What is said.
    pub claim: Claim,
    /// The team or role that says so; never a person's name.
    pub by: String,
    /// Why.
    pub reason: String,
}

impl Belief {
    /// The same in words, for the audit log.
    fn told(&self) -> String {
        let (what, value) = match &self.claim {
            Claim::Stage(stage, level) => (stage, format!("level {level}")),
            Claim::Gate(gate, answer) => (gate, answer.word().to_owned()),
        };
        let of = self.service.as_deref().unwrap_or("everything");
        printable(&format!("{what} of {of}: {value}, as {} says", self.by)).into_owned()
    }
}

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The level of a stage or lane.
    Stage(String, Level),
    /// The answer to a gate.
    Gate(String, Answer),
}

/// A stage or lane with its gates, to be asked about.
#[derive(Clone, Debug)]
pub struct AskedStage {
    /// The stage.
    pub stage: String,
    /// Its gates: id, level and statement.
    pub gates: Vec<(String, Level, String)>,
}

/// Everything that can be asked in a workspace.
pub fn asked(workspace: &Workspace) -> Result<Vec<AskedStage>, EngineError> {
    let stages = workspace.catalog()?.stages.into_iter().map(|stage| AskedStage {
        stage: stage.id,
        gates: stage.gates.into_iter().map(|gate| (gate.id, gate.level, gate.statement)).collect(),
    });
    Ok(stages.collect())
}

/// Records what is said; answers how many claims are new or say something else than before.
///
/// `by` is who enters it, which may be somebody else than who says it. Fails when the workspace keeps nothing, when a stage, level, gate or service does not exist, or when nobody says it.
pub fn declare(workspace: &mut Workspace, beliefs: &[Belief], at: Time, by: &By) -> Result<u64, EngineError> {
    if !workspace.is_kept() {
        return Err(EngineError::Usage(
            "what is said is kept in a workspace, and there is none here; `truelevel init` writes one".to_owned(),
        ));
    }
    let catalog = workspace.catalog()?;
    let services = known_services(workspace)?;
    let mut facts = Facts::default();
    for belief in beliefs {
        check(belief, &catalog, &services).map_err(EngineError::Usage)?;
        let service = belief.service.as_deref().map(ServiceId::new);
        let (declared_by, reason) = (belief.by.trim().to_owned(), belief.reason.clone());
        match &belief.claim {
            Claim::Stage(stage, level) => facts.declarations.push(Declaration {
                service,
                stage: stage.clone(),
                level: *level,
                declared_at: at,
                declared_by,
                reason,
            }),
            Claim::Gate(gate, answer) => facts.gate_answers.push(GateAnswer {
                service,
                gate: gate.clone(),
                answer: *answer,
                declared_at: at,
                declared_by,
                reason,
            }),
        }
    }
    let written = workspace.store.write(&facts)?;
    for belief in beliefs {
        workspace.store.append_audit(&by.entry(AuditAction::Declared, belief.told()))?;
    }
    crate::told::note(workspace.store.as_mut())?;
    Ok([written.declarations, written.gate_answers].iter().map(|counts| counts.new + counts.changed).sum())
}

/// What was said of stages, and of gates, each by time.
pub fn declared(workspace: &Workspace) -> Result<(Vec<Declaration>, Vec<GateAnswer>), EngineError> {
    Ok((workspace.store.declarations()?, workspace.store.gate_answers()?))
}

/// The services that somebody can speak of; none as long as nothing is collected.
fn known_services(workspace: &Workspace) -> Result<Vec<String>, EngineError> {
    let mut known: Vec<String> =
        workspace.store.services()?.iter().map(|service| service.as_str().to_owned()).collect();
    known.extend(workspace.store.repositories()?.iter().map(|repository| repository.as_str().to_owned()));
    if !known.is_empty() {
        known.extend(workspace.config.services.iter().map(|service| service.name.clone()));
    }
    Ok(known)
}

fn check(belief: &Belief, catalog: &Catalog, services: &[String]) -> Result<(), String> {
    if belief.by.trim().is_empty() {
        return Err("it needs to be said by somebody: a team or role".to_owned());
    }
    if let Some(service) = &belief.service
        && !services.is_empty()
        && !services.contains(service)
    {
        return Err(format!("there is no service `{}`", printable(service)));
    }
    match &belief.claim {
        Claim::Stage(stage, _) if catalog.stages.iter().all(|known| known.id != *stage) => {
            let known: Vec<&str> = catalog.stages.iter().map(|stage| stage.id.as_str()).collect();
            Err(format!("there is no stage `{}`; there are {}", printable(stage), known.join(", ")))
        }
        Claim::Stage(_, level) if !(1..=5).contains(level) => Err(format!("level {level}; there are 1 to 5")),
        Claim::Gate(gate, _) if catalog.gate(gate).is_none() => {
            Err(format!("there is no gate `{}`; `truelevel explain` lists them", printable(gate)))
        }
        Claim::Stage(..) | Claim::Gate(..) => Ok(()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BeliefsFile {
    by: Spanned<String>,
    #[serde(default)]
    reason: String,
    service: Option<String>,
    #[serde(default)]
    stage: Vec<StageBelief>,
    #[serde(default)]
    gate: Vec<GateBelief>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StageBelief {
    stage: Spanned<String>,
    level: u8,
    service: Option<String>,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GateBelief {
    gate: Spanned<String>,
    answer: Answer,
    service: Option<String>,
    reason: Option<String>,
}

/// Reads what is said from a file. Mistakes are named with file, line and column.
pub fn read_beliefs(workspace: &Workspace, path: &Path) -> Result<Vec<Belief>, EngineError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
    parse_beliefs(&workspace.catalog()?, &known_services(workspace)?, path, &text)
}

fn parse_beliefs(catalog: &Catalog, services: &[String], path: &Path, text: &str) -> Result<Vec<Belief>, EngineError> {
    let reader = Reader { path, text };
    let file: BeliefsFile = toml::from_str(text).map_err(|error| {
        reader.invalid(error.span().map_or(0, |span| span.start), error.message().trim().to_owned())
    })?;
    let belief = |claim, service: Option<String>, reason: Option<String>| Belief {
        service: service.or_else(|| file.service.clone()),
        claim,
        by: file.by.get_ref().clone(),
        reason: reason.unwrap_or_else(|| file.reason.clone()),
    };
    let stages = file.stage.into_iter().map(|said| {
        let at = said.stage.span().start;
        (at, belief(Claim::Stage(said.stage.into_inner(), said.level), said.service, said.reason))
    });
    let gates = file.gate.into_iter().map(|said| {
        let at = said.gate.span().start;
        (at, belief(Claim::Gate(said.gate.into_inner(), said.answer), said.service, said.reason))
    });
    let beliefs = stages.chain(gates).map(|(at, belief)| match check(&belief, catalog, services) {
        Ok(()) => Ok(belief),
        Err(why) => Err(EngineError::from(reader.invalid(at, why))),
    });
    beliefs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Belief>, String> {
        let catalog = Catalog::embedded().unwrap();
        parse_beliefs(&catalog, &["web".to_owned()], Path::new("beliefs.toml"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_says_levels_and_answers() {
        let text = "by = \"team web\"\nreason = \"r\"\n[[stage]]\nstage = \"build\"\nlevel = 4\n\
                    [[gate]]\ngate = \"every_change_is_built\"\nanswer = \"unknown\"\nservice = \"web\"\n";
        let beliefs = read(text).unwrap();
        assert_eq!(beliefs[0].claim, Claim::Stage("build".into(), 4));
        assert_eq!((beliefs[0].by.as_str(), beliefs[0].reason.as_str(), &beliefs[0].service), ("team web", "r", &None));
        assert_eq!(beliefs[1].claim, Claim::Gate("every_change_is_built".into(), Answer::Unknown));
        assert_eq!(beliefs[1].service.as_deref(), Some("web"));
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        let check = |text: &str, expected: &str| {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(expected), "{error}\nshould begin with\n{expected}");
        };
        check("[[stage]]\nstage = \"build\"\nlevel = 4\n", "beliefs.toml:1:1: missing field `by`");
        check(
            "by = \"t\"\n[[stage]]\nstage = \"ship\"\nlevel = 4\n",
            "beliefs.toml:3:9: there is no stage `ship`; there are build",
        );
        check("by = \"t\"\n[[stage]]\nstage = \"build\"\nlevel = 6\n", "beliefs.toml:3:9: level 6; there are 1 to 5");
        check(
            "by = \" \"\n[[stage]]\nstage = \"build\"\nlevel = 3\n",
            "beliefs.toml:3:9: it needs to be said by somebody",
        );
        check("by = \"t\"\n[[gate]]\ngate = \"x\"\nanswer = \"yes\"\n", "beliefs.toml:3:8: there is no gate `x`");
        check(
            "by = \"t\"\nservice = \"api\"\n[[stage]]\nstage = \"build\"\nlevel = 3\n",
            "beliefs.toml:4:9: there is no service `api`",
        );
        check("by = \"t\"\n[[gate]]\ngate = \"x\"\nanswer = \"maybe\"\n", "beliefs.toml:4:10: unknown variant `maybe`");
    }
}
