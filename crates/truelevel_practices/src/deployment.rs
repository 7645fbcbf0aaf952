//! The jobs that put versions into environments, and which environments these are.

use crate::commands::{DEPLOY, DEPLOY_USES, Found, find_where, is_other_environment, is_production, pattern};
use crate::pipelines::{Job, Pipeline, Step};
use crate::repository::Repository;
use crate::text::Place;

/// Where a deploy job deploys to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Production,
    Other,
    /// Neither the environment nor the job or command says.
    Unnamed,
}

/// A job that deploys.
pub(crate) struct DeployJob<'r> {
    pub(crate) pipeline: &'r Pipeline,
    pub(crate) job: &'r Job,
    pub(crate) target: Target,
    /// What shows it: the command, or else the environment.
    pub(crate) place: &'r Place,
    /// The text at or after the place.
    pub(crate) text: Option<&'r str>,
}

pattern!(DEPLOYS = r"(?i)deploy|release|rollout|promote|ship|publish");
pattern!(
    /// Tasks of Azure that do with Terraform what they are told.
    TERRAFORM_TASK = r"(?i)^(?:[\w-]+\.)*terraform(?:task(?:v\d)?|-?cli)@\d"
);
pattern!(APPLIES = r"(?im)^command:\s*['\x22]?apply");
pattern!(
    /// A script that is named after what it does; only in a job that says the same is it believed.
    DEPLOY_SCRIPT = r"(?:^|[\s;&|(])(?:\./)?(?:[\w.-]+/)*deploy(?:[-_]\w+)*\.(?:py|rb|js|mjs|ts|sh)(?:\s|$)");
pattern!(DEPLOY_NAMED = r"(?i)(?:^|[^a-z])deploy");
pattern!(NO_SERVICE = r"(?i)docs?\b|documentation|pages|site\b|storybook|wiki|example|preview");
pattern!(REHEARSAL = r"--dry-run(?:=client|=server|\b)|--check\b|--noop\b|\btemplate\b|-o yaml");

/// The deploy jobs of all pipelines. A target that no job names is production when no job names any: then there is
/// one place to deploy to.
pub(crate) fn deploy_jobs(repository: &Repository) -> Vec<DeployJob<'_>> {
    let mut jobs: Vec<_> = repository.jobs().filter_map(|(pipeline, job)| deploy_job(pipeline, job)).collect();
    if jobs.iter().all(|deploy| deploy.target == Target::Unnamed) {
        for deploy in &mut jobs {
            deploy.target = Target::Production;
        }
    }
    jobs
}

fn deploy_job<'r>(pipeline: &'r Pipeline, job: &'r Job) -> Option<DeployJob<'r>> {
    let named = job.environments.iter().find(|used| used.is_production).or_else(|| {
        let other = job.environments.iter().find(|used| is_other_environment(&used.name));
        other.filter(|_| DEPLOYS.is_match(&job.name))
    });
    let step = deploy_step(job);
    let (place, text) = match (&step, named) {
        (Some((step, found)), _) => (&step.place, Some(found.text)),
        (None, Some(used)) => (&used.place, None),
        (None, None) => return None,
    };
    let target = match () {
        () if job.environments.iter().any(|used| used.is_production) => Target::Production,
        () if job.environments.iter().any(|used| is_other_environment(&used.name)) => Target::Other,
        // A script that serves several environments names the others too: what the job is called says more.
        () => match target_of_text(&job.name) {
            Target::Unnamed => target_of_text(step.as_ref().map_or("", |(_, found)| &found.command)),
            target => target,
        },
    };
    Some(DeployJob { pipeline, job, target, place, text })
}

fn target_of_text(text: &str) -> Target {
    match () {
        () if is_production(text) => Target::Production,
        () if is_other_environment(text) => Target::Other,
        () => Target::Unnamed,
    }
}

/// What deploys in a job: a command or something ready-made, that does more than show what it would do.
fn deploy_step(job: &Job) -> Option<(&Step, Found<'_>)> {
    job.active_steps().find_map(|step| {
        let is_real = |command: &str| {
            let is_done = !TERRAFORM_TASK.is_match(command) || APPLIES.is_match(command);
            is_done && (!REHEARSAL.is_match(command) || command.contains("--dry-run=none"))
        };
        let by_name = || {
            let is_named = DEPLOY_NAMED.is_match(&job.name) && !NO_SERVICE.is_match(&job.name);
            is_named.then(|| {
                find_where(step, Some(&DEPLOY_SCRIPT), None, |command| {
                    is_real(command) && !NO_SERVICE.is_match(command)
                })
            })?
        };
        Some((step, find_where(step, Some(&DEPLOY), Some(&DEPLOY_USES), is_real).or_else(by_name)?))
    })
}
