//! Google Cloud Build. What starts a build is set in Google Cloud; the file does not say.

use truelevel_documents::Node;

use super::occasions::{Occasion, Occasions, Trigger, TriggerKind};
use super::{Job, Pipeline, Step, System};
use crate::loading::Loader;
use crate::paths::{File, name};
use crate::text::Place;

pub(super) fn load(loader: &mut Loader<'_>, file: &File) -> Option<Pipeline> {
    let root = super::document(loader, &file.path)?;
    let path = &file.path;
    let mut pipeline = Pipeline::new(System::CloudBuild, path);
    let place = Place::of(path, &root);
    let kind = TriggerKind::Unseen("a trigger of Google Cloud".into());
    pipeline.triggers.push(Trigger::new(kind, Occasions::of([Occasion::Other]), place.clone()));
    let mut job = Job::new(name(path), place);
    job.occasions = Occasions::of([Occasion::Other]);
    for step in root.get("steps").map_or(&[][..], Node::items) {
        let text = |key: &str| step.get(key).and_then(Node::text).unwrap_or_default();
        let arguments: Vec<_> =
            step.get("args").map_or(&[][..], Node::one_or_many).iter().filter_map(Node::text).collect();
        let shown = step.get("script").or_else(|| step.get("args")).unwrap_or(step);
        let image = text("name").rsplit('/').next().unwrap_or_default().split(':').next().unwrap_or_default();
        // The name of a builder's image is that of the command it runs.
        let tool = match (text("entrypoint"), image) {
            ("", "cloud-sdk") => "",
            ("", image) => image,
            ("bash" | "sh" | "/bin/bash" | "/bin/sh", _) => "",
            (entrypoint, _) => entrypoint,
        };
        let script = match text("script") {
            "" => {
                format!("{tool} {}", arguments.into_iter().filter(|text| *text != "-c").collect::<Vec<_>>().join(" "))
            }
            script => script.to_owned(),
        };
        job.steps.push(Step::run(script.trim(), Place::of(path, shown)));
    }
    for image in root.get("images").map_or(&[][..], Node::items) {
        if let Some(reference) = image.text() {
            job.steps.push(Step::run(format!("docker push {reference}"), Place::of(path, image)));
        }
    }
    job.leaves(root.at(["artifacts", "objects", "paths"]), path);
    pipeline.jobs.push(job);
    Some(pipeline)
}

#[cfg(test)]
mod tests {
    use crate::detectors::PRACTICES;
    use crate::test_support::check;

    #[test]
    fn what_it_does_is_seen_and_what_starts_it_is_unknown() {
        let text = "steps:\n  - name: gcr.io/cloud-builders/docker\n    args: [build, -t, app, .]\n  - name: gcr.io/cloud-builders/kubectl\n    args: [apply, -f, k8s]\n";
        let practice = |id: &str| PRACTICES.iter().find(|practice| practice.id == id).unwrap();
        check(practice("ci_pipeline"), &[("cloudbuild.yaml", text)], &["unknown"]);
        check(practice("build_cached"), &[("cloudbuild.yaml", text)], &["absent"]);
        check(practice("deploy_job"), &[("cloudbuild.yaml", text)], &["cloudbuild.yaml:5:11"]);
    }
}
