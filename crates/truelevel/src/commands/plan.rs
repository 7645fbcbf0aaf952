//! `plan`: what to do, and the same as issues.

use truelevel_engine::plan::plan;
use truelevel_engine::{EngineError, Workspace};
use truelevel_report::plan::{csv, github_issues, gitlab_csv, markdown};

use crate::args::{Plan, PlanFormat};
use crate::progress::Progress;
use crate::{exit, output};

pub(crate) fn run(args: &Plan) -> Result<u8, EngineError> {
    let plan = {
        let progress = Progress::new();
        let mut workspace = Workspace::open(&args.scope.paths)?;
        plan(&mut workspace, &super::request(&args.scope), &progress)?
    };
    output::print(&match args.format {
        PlanFormat::Markdown => markdown(&plan),
        PlanFormat::Json => serde_json::to_string_pretty(&plan).unwrap_or_default() + "\n",
        PlanFormat::Csv => csv(&plan),
        PlanFormat::GithubIssues => github_issues(&plan),
        PlanFormat::GitlabCsv => gitlab_csv(&plan),
    })?;
    Ok(exit::DONE)
}
