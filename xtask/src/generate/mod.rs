//! `cargo xtask gen`: the reference pages and the schemas, written from the declarations and the catalog.
//!
//! A page is a file here and a line in the list below. The pages are committed, so that they can be read without
//! building anything, and a test fails when they drift.

mod benchmarks;
mod gates;
mod home_made;
mod import;
mod metrics;
mod pitfalls;
mod practices;
mod questions;
mod reasons;
mod schema;
mod words;

use std::fs;
use std::path::Path;

use truelevel_assess::Catalog;
use truelevel_model::assessment::Assessment;
use truelevel_model::comparison::Comparison;

use crate::workspace::root;
use crate::{Failure, no_more};

/// A generated file, with what it should hold.
struct Page {
    /// From the root of the workspace.
    path: String,
    text: String,
}

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let pages = pages().map_err(Failure::Failed)?;
    if let Some(("--check", rest)) = arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        no_more(rest)?;
        let drifted = drifted(&root(), &pages);
        return if drifted.is_empty() { Ok(()) } else { Err(Failure::Failed(complaint(&drifted))) };
    }
    no_more(arguments)?;
    for path in drifted(&root(), &pages) {
        println!("writes {path}");
    }
    pages.iter().try_for_each(|page| write(&root().join(&page.path), &page.text))
}

fn pages() -> Result<Vec<Page>, String> {
    let catalog = &Catalog::embedded().map_err(|error| error.to_string())?;
    let mut pages = vec![
        Page { path: "docs/reference/benchmarks.md".into(), text: benchmarks::page()? },
        Page { path: "docs/reference/gates.md".into(), text: gates::page(catalog) },
        Page { path: "docs/reference/home_made.md".into(), text: home_made::page() },
        Page { path: "docs/reference/import.md".into(), text: import::page() },
        Page { path: "docs/reference/metrics.md".into(), text: metrics::page(catalog) },
        Page { path: "docs/reference/pitfalls.md".into(), text: pitfalls::page() },
        Page { path: "docs/reference/practices.md".into(), text: practices::page(catalog) },
        Page { path: "docs/reference/questions.md".into(), text: questions::page(catalog) },
        Page { path: "docs/reference/reasons.md".into(), text: reasons::page() },
        Page {
            path: "docs/schema/assessment-v1.schema.json".into(),
            text: schema::text::<Assessment>(truelevel_model::assessment::SCHEMA)?,
        },
        Page {
            path: "docs/schema/comparison-v1.schema.json".into(),
            text: schema::text::<Comparison>(truelevel_model::comparison::SCHEMA)?,
        },
        Page { path: "docs/schema/openapi.json".into(), text: truelevel_server::openapi() },
    ];
    pages.extend(import::schemas()?);
    Ok(pages)
}

/// The paths of the files that do not hold what they should.
fn drifted<'a>(root: &Path, pages: &'a [Page]) -> Vec<&'a str> {
    let is_current = |page: &Page| fs::read_to_string(root.join(&page.path)).is_ok_and(|found| found == page.text);
    pages.iter().filter(|page| !is_current(page)).map(|page| page.path.as_str()).collect()
}

fn complaint(drifted: &[&str]) -> String {
    let files = drifted.join("\n  ");
    format!("not what the declarations and the catalog say:\n  {files}\n`cargo xtask gen` writes them anew")
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let folder = path.parent().expect("a page lies in a folder");
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| Failure::Failed(format!("{} cannot be written: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_pages_say_what_the_declarations_say() {
        let pages = pages().unwrap();
        let drifted = drifted(&root(), &pages);
        assert!(drifted.is_empty(), "{}", complaint(&drifted));
    }

    #[test]
    fn a_missing_page_has_drifted_and_is_named() {
        let page = Page { path: "docs/reference/nowhere.md".into(), text: String::new() };
        let pages = [page];
        let drifted = drifted(&root(), &pages);
        assert_eq!(drifted, ["docs/reference/nowhere.md"]);
        assert!(complaint(&drifted).contains("cargo xtask gen"));
    }

    #[test]
    fn every_link_within_the_reference_leads_to_a_heading() {
        let pages = pages().unwrap();
        let mut followed = 0;
        for page in &pages {
            for link in page.text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                let Some((file, anchor)) = link.split_once('#').filter(|(file, _)| !file.contains("://")) else {
                    continue;
                };
                let target = pages.iter().find(|page| page.path.ends_with(&format!("/{file}")));
                let target = target.unwrap_or_else(|| panic!("{} links to {link}", page.path));
                assert!(target.text.contains(&format!("# {anchor}\n")), "{} links to {link}", page.path);
                followed += 1;
            }
        }
        assert!(followed > 20, "{followed}");
    }
}
