//! A flat file of keys and values, in YAML, JSON or `KEY=value` lines, often one for each service and environment.
//!
//! `image_tag: v1796` in `image-tags/production/frontend` is version `v1796` of `frontend` in `production`; a key may
//! name the service itself (`FRONTEND_IMAGE_TAG=v1`). The clearest key counts. Vague keys need more: `tag`, `image` and
//! `app_version` an environment in the path or a small file, `version` an environment and a value that is more than
//! the edition of a file format. Limits: a bare map of services to versions (`frontend: v1`) needs a configured
//! template.

use truelevel_documents::{Node, Value};

use super::file::File;
use super::found::Found;
use super::version::{image, is_format_version, of_revision, of_tag};
use super::version_key::{Kind, VersionKey, keep_clearest, version_key};
use super::{Reader, Shape, helm_values};

pub(super) const READER: Reader = Reader { shape: Shape::PlainValues, claims, read };

/// A file of more keys is about something else.
const SMALL_KEYS: usize = 8;

fn claims(document: &Node, file: &File<'_>) -> bool {
    helm_values::is_free_form(document, file)
        && document.entries().iter().all(|entry| matches!(entry.value.value, Value::Scalar { .. }))
}

fn read(document: &Node, file: &File<'_>, found: &mut Found) {
    let mut clearest: Vec<(VersionKey, &Node)> = Vec::new();
    for entry in document.entries() {
        let Some(key) = entry.key.text().and_then(version_key) else { continue };
        if !counts(&key, entry.value.text().unwrap_or_default(), document, file) {
            continue;
        }
        keep_clearest(&mut clearest, key, &entry.value);
    }
    for (key, value) in clearest {
        let text = value.text().unwrap_or_default();
        let version = match key.kind {
            Kind::Image => image(text).version,
            Kind::Version => of_revision(text),
            Kind::ImageTag | Kind::Tag | Kind::AppVersion => of_tag(text),
        };
        let Some(version) = version else { continue };
        let service = key.service.or_else(|| file.named_service()).or_else(|| image_name(document));
        let service = service.unwrap_or_else(|| file.service());
        let environment = file.environment().map(str::to_owned).or(key.environment);
        found.add(service, environment, version, value.line);
    }
}

fn counts(key: &VersionKey, text: &str, document: &Node, file: &File<'_>) -> bool {
    let environment = file.environment().is_some() || key.environment.is_some();
    let small = document.entries().len() <= SMALL_KEYS;
    match key.kind {
        Kind::ImageTag => true,
        Kind::Tag if key.service.is_some() => environment,
        Kind::Tag | Kind::AppVersion => environment || small,
        Kind::Image => (environment || small) && image(text).version.is_some(),
        Kind::Version => environment && !is_format_version(text),
    }
}

/// The image that a flat file names beside a tag.
fn image_name(document: &Node) -> Option<String> {
    ["image", "image_repository", "imageRepository", "repository", "image_name", "name"]
        .iter()
        .find_map(|key| image(document.get(key)?.text()?).name)
}

#[cfg(test)]
mod tests {
    use super::super::found::{check, written};
    use super::super::read_versions;

    #[test]
    fn a_file_for_each_service_below_its_environment_is_read() {
        let content = "image_tag: v1796\nautomatic_deploys_enabled: true\npromote_deployment: true";
        check("charts/app-config/image-tags/production/frontend", content, &["frontend@production=v1796:1"]);
        check("image-tags/production/frontend.yaml", content, &["frontend@production=v1796:1"]);
        // A service may have a name that says nothing, beside others that do.
        check("charts/app-config/image-tags/production/release", content, &["release@production=v1796:1"]);
        check("web/production/release", content, &["web@production=v1796:1"]);
        let content = "automatic_deploys_enabled: true\nimage_tag: 1e5\n";
        check("charts/app-config/image-tags/staging/frontend", content, &["frontend@staging=1e5:2"]);
    }

    #[test]
    fn a_number_keeps_its_text() {
        check("prod/frontend.yaml", "tag: 1.10\n", &["frontend@prod=1.10:1"]);
        check("prod/frontend.yaml", "tag: '0123'\n", &["frontend@prod=0123:1"]);
        check("prod/frontend.yaml", "# the tag\nimageTag: \"1.10\" # keep\n", &["frontend@prod=1.10:2"]);
    }

    #[test]
    fn json_and_key_value_lines_are_read_alike() {
        check("frontend/prod.json", "{\n  \"imageTag\": \"v3\",\n  \"replicas\": 2\n}\n", &["frontend@prod=v3:2"]);
        check(
            "frontend/.env.production",
            "# managed\nexport IMAGE_TAG=\"v3\"\nPORT=80\n",
            &["frontend@production=v3:2"],
        );
        check("deploy/prod.tfvars", "frontend_image_tag = \"v3\"\nregion = \"eu\"\n", &["frontend@prod=v3:1"]);
        check("prod/versions", "FRONTEND_TAG=v1\nBACKEND_TAG=v2\n", &["frontend@prod=v1:1", "backend@prod=v2:2"]);
    }

    #[test]
    fn the_clearest_key_counts() {
        check("prod/web.yaml", "version: 2.0.0\ntag: v1\nimage_tag: v3\n", &["web@prod=v3:3"]);
        check("prod/web.yaml", "image: acme/frontend\ntag: v1\n", &["web@prod=v1:2"]);
        check("prod/image.yaml", "image: acme/frontend\ntag: v1\n", &["frontend@prod=v1:2"]);
        check("prod/web.yaml", "image_tag: latest\nversion: 1.2.3\n", &[]);
        check("prod/web.yaml", "image: ghcr.io/acme/web:v4\n", &["web@prod=v4:1"]);
    }

    #[test]
    fn vague_keys_need_an_environment_or_a_small_file() {
        check("apps/web.yaml", "tag: v1\n", &["web@-=v1:1"]);
        check("apps/web.yaml", "a: 1\nb: 1\nc: 1\nd: 1\ne: 1\nf: 1\ng: 1\nh: 1\ntag: v1\n", &[]);
        check("apps/web.yaml", "version: 1.2.3\n", &[]);
        check("prod/web.yaml", "version: 1.2.3\n", &["web@prod=1.2.3:1"]);
        check("prod/web.yaml", "version: '3'\n", &[]);
        check("prod/web.yaml", "version: 3.8\n", &[]);
        check(
            "apps/web.yaml",
            "production_image_tag: v1\nstaging_image_tag: v2\n",
            &["web@production=v1:1", "web@staging=v2:2"],
        );
    }

    #[test]
    fn manifests_of_packages_declare_nothing() {
        check("prod/package.json", "{\"name\": \"x\", \"version\": \"1.2.3\"}", &[]);
        check("prod/Chart.yaml", "apiVersion: v2\nname: x\nversion: 1.2.3\nappVersion: v9\n", &[]);
        check("prod/api.json", "{\"openapi\": \"3.0.1\", \"version\": \"1.2.3\"}", &[]);
    }

    #[test]
    fn what_is_no_version_declares_none() {
        for value in ["latest", "", "\"\"", "null", "${TAG}", "\"{{ .Values.tag }}\"", "$(TAG)", "production", "~"] {
            check("prod/web.yaml", &format!("image_tag: {value}\nreplicas: 2\n"), &[]);
        }
    }

    #[test]
    fn a_key_that_stands_twice_is_named_and_the_first_counts() {
        let reading = read_versions("prod/web.yaml", b"image_tag: v1\nimage_tag: v2\n");
        assert_eq!(written(&reading), ["web@prod=v1:1"]);
        assert_eq!(reading.problems.len(), 1);
    }
}
