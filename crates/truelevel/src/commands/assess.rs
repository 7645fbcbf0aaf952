//! `assess`: the whole answer.

use truelevel_engine::assess::assess_with_courses;
use truelevel_engine::explain::rules;
use truelevel_engine::{EngineError, Workspace};
use truelevel_model::assessment::{Answer, Assessment};
use truelevel_model::course::Courses;

use crate::args::{Assess, Format};
use crate::progress::Progress;
use crate::{exit, output};

pub(crate) fn run(args: Assess) -> Result<u8, EngineError> {
    let mut workspace = Workspace::open(&args.scope.paths)?;
    let (request, progress) = (super::request(&args.scope), Progress::new());
    let (assessment, courses) = match args.format {
        Format::Html => assess_with_courses(&mut workspace, &request, &progress)?,
        _ => (truelevel_engine::assess::assess(&mut workspace, &request, &progress)?, Courses::default()),
    };
    drop(progress);
    output::print(&match args.format {
        Format::Text => truelevel_report::text::render(&assessment, output::style()),
        Format::Json => truelevel_report::json::render(&assessment),
        Format::Sarif => truelevel_report::sarif::render(&assessment, &rules(&workspace)?),
        Format::Markdown => truelevel_report::markdown::render(&assessment),
        Format::Html => {
            let reference = truelevel_engine::reference(&workspace, &assessment.edition)?;
            truelevel_report::html::report(&assessment, &courses, &reference)
        }
    })?;
    Ok(code(&args, &assessment))
}

fn code(args: &Assess, assessment: &Assessment) -> u8 {
    if args.strict && is_data_missing(assessment) {
        eprintln!("truelevel: data is missing; see what was left out and the questions that cannot be answered");
        return exit::MISSING;
    }
    match args.fail_under {
        Some(wanted) if assessment.level.proven < wanted => {
            eprintln!("truelevel: level {} is below {wanted}", assessment.level.proven);
            exit::BELOW
        }
        _ => exit::DONE,
    }
}

fn is_data_missing(assessment: &Assessment) -> bool {
    !assessment.coverage.warnings.is_empty()
        || assessment.first_constraint.chain.iter().any(|result| result.answer == Answer::Unknown)
}
