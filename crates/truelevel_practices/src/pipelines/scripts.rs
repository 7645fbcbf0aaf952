//! Scripts of the repository that pipeline steps call: what a step does is often written one file further.
//!
//! Shell scripts, Makefile targets and package.json scripts become steps of the same job, at their own places.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use regex::Regex;
use truelevel_documents::Node;

use super::{Action, Job, Pipeline, STEP_LIMIT, Step};
use crate::loading::{Loader, resolve};
use crate::paths::{File, Role, folder};
use crate::text::{Place, Text, column};

const CALL_DEPTH: usize = 3;

/// Adds what the called scripts do, and the files themselves to what the pipeline is made of.
pub(super) fn follow(loader: &mut Loader<'_>, pipeline: &mut Pipeline) {
    for job in &mut pipeline.jobs {
        let mut seen = BTreeSet::new();
        let steps = std::mem::take(&mut job.steps);
        for step in steps {
            let called = called_by(loader, &step, &mut seen, 1);
            pipeline.includes.extend(called.iter().map(|step| step.place.path.clone()));
            job.steps.push(step);
            add(job, called);
        }
    }
}

fn add(job: &mut Job, steps: Vec<Step>) {
    let room = STEP_LIMIT.saturating_sub(job.steps.len());
    job.steps.extend(steps.into_iter().take(room));
}

fn called_by(loader: &mut Loader<'_>, step: &Step, seen: &mut BTreeSet<String>, depth: usize) -> Vec<Step> {
    static SCRIPT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:^|[\s;&|(]|\$\{?\w*(?i:dir|root|here|action_path)\w*\}?\x22?/|\$\{\{\s*github\.action_path\s*\}\}\x22?/)(?:\./)?(?P<path>[\w.-]+(?:/[\w.-]+)*\.(?:sh|bash))\b")
            .expect("the pattern is valid")
    });
    // Without an ending only the place of a command tells a script from an argument.
    static COMMAND: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:^|[;&|(]\s*|\b(?:if|then|else|do|bash|sh|source|exec|sudo|time)\s+)(?:\./)?(?P<path>[\w.-]+(?:/[\w.-]+)+|[\w-]+)(?:\s|$)")
            .expect("the pattern is valid")
    });
    static MAKE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:^|[\s;&|(])make(?:\s+-C\s+(?P<folder>[\w./-]+))?(?P<targets>(?:\s+[\w.=/-]+)*)")
            .expect("the pattern is valid")
    });
    static PACKAGE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:^|[\s;&|(])(?:npm|pnpm|yarn|bun)(?:\s+-\S+)*\s+(?:run(?:-script)?\s+)?(?P<script>[\w:.-]+)")
            .expect("the pattern is valid")
    });
    let Action::Run(script) = &step.action else { return Vec::new() };
    if depth > CALL_DEPTH {
        return Vec::new();
    }
    let mut called = Vec::new();
    for line in crate::commands::lines(script) {
        let tolerated = step.allow_failure || line.tolerated;
        let mut push = |found: Option<Step>| {
            if let Some(mut found) = found {
                found.allow_failure |= tolerated;
                found.disabled |= step.disabled;
                called.push(found);
            }
        };
        for found in SCRIPT.captures_iter(&line.text) {
            if seen.insert(found["path"].to_owned()) {
                push(shell_script(loader, &step.place, &found["path"]));
            }
        }
        for found in COMMAND.captures_iter(&line.text) {
            let path = &found["path"];
            let is_path = path.contains('/') || found[0].contains("./");
            if is_path && seen.insert(path.to_owned()) {
                push(shell_script(loader, &step.place, path).filter(is_shell));
            }
        }
        for found in MAKE.captures_iter(&line.text) {
            let folder = found.name("folder").map_or("", |folder| folder.as_str());
            for target in
                found["targets"].split_whitespace().filter(|target| !target.contains('=') && !target.starts_with('-'))
            {
                if seen.insert(format!("make {folder} {target}")) {
                    push(make_target(loader, folder, target));
                }
            }
        }
        for found in PACKAGE.captures_iter(&line.text) {
            if seen.insert(format!("npm {}", &found["script"])) {
                push(package_script(loader, &found["script"]));
            }
        }
    }
    let below: Vec<Step> = called.iter().flat_map(|step| called_by(loader, step, seen, depth + 1)).collect();
    called.extend(below);
    called
}

/// A script that people wrote is smaller than this.
const LARGEST_SCRIPT_BYTES: u64 = 256 << 10;

fn usable<'a>(loader: &Loader<'a>, folder: &str, path: &str) -> Option<&'a File> {
    let is_small = |file: &File| loader.size(file).is_none_or(|bytes| bytes <= LARGEST_SCRIPT_BYTES);
    resolve(loader, folder, path).filter(|file| file.role != Role::SetAside && is_small(file))
}

/// A script that is called from a place: its path is of the root, or of the folder of the script that calls it.
fn shell_script(loader: &mut Loader<'_>, caller: &Place, path: &str) -> Option<Step> {
    let file = usable(loader, "", path).or_else(|| usable(loader, folder(&caller.path), path));
    let file = match file {
        Some(file) => file.path.clone(),
        // An action of another repository brings its scripts with it.
        None => loader.taken(&caller.path).is_some().then(|| loader.beside(&caller.path, path)).flatten()?,
    };
    let text = loader.text(&file)?;
    Some(Step::run(text.as_str(), Place::new(&file, 1, 1)))
}

/// Whether a file says that a shell runs it.
fn is_shell(step: &Step) -> bool {
    let Action::Run(script) = &step.action else { return false };
    script.lines().next().is_some_and(|line| line.starts_with("#!") && line.trim_end().ends_with("sh"))
}

fn make_target(loader: &mut Loader<'_>, folder: &str, target: &str) -> Option<Step> {
    let file = ["Makefile", "makefile", "GNUmakefile"].iter().find_map(|name| {
        let path = crate::paths::join(folder, name)?;
        usable(loader, "", &path)
    })?;
    let text = loader.text(&file.path)?;
    let (line, recipe) = recipe(&text, target)?;
    Some(Step::run(recipe, Place::new(&file.path, line, 1)))
}

/// The commands of a target and of the line that names it, so that its prerequisites are seen as targets too.
fn recipe(text: &Text, target: &str) -> Option<(u32, String)> {
    let heads = |line: &str| {
        let (names, rest) = line.split_once(':')?;
        let is_rule = !line.starts_with(['\t', ' ', '#', '.']) && !rest.starts_with('=');
        (is_rule && names.split_whitespace().any(|name| name == target)).then(|| rest.to_owned())
    };
    let mut lines = text.lines().skip_while(|(_, line)| heads(line).is_none());
    let (number, first) = lines.next()?;
    let prerequisites = heads(first)?;
    let commands = lines.take_while(|(_, line)| line.starts_with('\t') || line.trim().is_empty());
    let mut recipe = String::new();
    let prerequisites = prerequisites.split('#').next().unwrap_or_default().trim();
    if !prerequisites.is_empty() && prerequisites.chars().all(|c| c.is_alphanumeric() || " -_./|".contains(c)) {
        recipe += &format!("make {}\n", prerequisites.replace('|', " "));
    }
    for (_, command) in commands {
        // A leading `-` lets the command fail; `@` hides it.
        let command = command.trim();
        match command.strip_prefix('-') {
            Some(rest) => recipe += &format!("{rest} || true\n"),
            None => recipe += &format!("{}\n", command.trim_start_matches(['@', '+'])),
        }
    }
    Some((number, recipe))
}

fn package_script(loader: &mut Loader<'_>, script: &str) -> Option<Step> {
    let file = usable(loader, "", "package.json")?;
    let root = loader.documents(&file.path)?.into_iter().next()?;
    let command: &Node = root.get("scripts")?.get(script)?;
    let path: &Arc<str> = &file.path;
    let text = loader.text(path)?;
    let line = text.line(command.line);
    let at = line.find(command.text()?).map_or(command.column, |at| column(line, at));
    Some(Step::run(command.text()?, Place::new(path, command.line, at)))
}

#[cfg(test)]
mod tests {
    use crate::test_support::repository;

    fn steps(script: &str, files: &[(&str, &str)]) -> Vec<(String, u32)> {
        let workflow = format!("on: push\njobs: {{a: {{steps: [{{run: '{script}'}}]}}}}\n");
        let mut all = vec![(".github/workflows/ci.yml", workflow.as_str())];
        all.extend(files);
        let repository = repository(&all);
        let steps = &repository.pipelines()[0].jobs[0].steps;
        steps[1..].iter().map(|step| (step.place.path.to_string(), step.place.line)).collect()
    }

    #[test]
    fn called_scripts_become_steps() {
        assert_eq!(steps("./ci/test.sh --all", &[("ci/test.sh", "go test ./...\n")]), [("ci/test.sh".to_owned(), 1)]);
        let makefile = "build:\n\tgo build\n\ntest: build\n\tgo test\n";
        assert_eq!(
            steps("make test", &[("Makefile", makefile)]),
            [("Makefile".to_owned(), 4), ("Makefile".to_owned(), 1)]
        );
        let package = "{\n  \"scripts\": {\n    \"test\": \"vitest\"\n  }\n}\n";
        assert_eq!(steps("npm test", &[("package.json", package)]), [("package.json".to_owned(), 3)]);
    }

    #[test]
    fn scripts_without_ending_and_beside_their_caller_are_followed() {
        let deploy = "#!/usr/bin/env bash\n\"${SCRIPT_DIR}\"/push.sh\n";
        let files =
            [("bin/deploy", deploy), ("bin/push.sh", "docker push a:1\n"), ("bin/tool", "#!/usr/bin/env ruby\n")];
        assert_eq!(
            steps("./bin/deploy production; bin/tool", &files),
            [("bin/deploy".to_owned(), 1), ("bin/push.sh".to_owned(), 1)]
        );
        assert_eq!(steps("cat bin/deploy", &files), []);
    }

    #[test]
    fn scripts_that_call_each_other_end_and_missing_ones_are_left_out() {
        assert_eq!(steps("./a.sh", &[("a.sh", "./b.sh"), ("b.sh", "./a.sh")]).len(), 2);
        assert_eq!(steps("./none.sh; make none; npm run none", &[("Makefile", "a:\n")]), []);
    }
}
