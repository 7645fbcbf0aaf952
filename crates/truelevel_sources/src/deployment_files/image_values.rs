//! Versions anywhere in nested values, as charts take them.
//!
//! `image: {repository, tag}` at any depth is the common form; `image: name:tag`, `imageTag: v1`,
//! `FRONTEND_IMAGE_TAG: v1` and `images: {frontend: {tag: v1}}` are read too. The repository's last part, else the
//! key above, names the service; a key above that is an environment names the environment.

use truelevel_documents::{Entry, Node, Value};

use super::environment::{contains, is_environment};
use super::service::{is_sidecar, nameable};
use super::version::{image, of_tag};
use super::version_key::{Kind, VersionKey, keep_clearest, version_key};

/// A version among values.
#[derive(Clone, Debug)]
pub(super) struct ImageValue {
    /// The service, where the values name one.
    pub(super) service: Option<String>,
    /// The environment, where the values name one.
    pub(super) environment: Option<String>,
    pub(super) version: String,
    pub(super) line: u32,
}

/// Keys below which other images are named. Sorted.
const ACCOMPANYING: &[&str] = &[
    "dependencies",
    "extraContainers",
    "extraInitContainers",
    "extraSidecars",
    "initContainers",
    "init_containers",
    "properties",
    "sidecars",
    "tests",
];

/// Keys of a repository beside a tag.
const REPOSITORIES: [&str; 7] =
    ["repository", "repo", "imageRepository", "image_repository", "imageName", "image_name", "image"];

/// Finds the versions among values. `trusted` tells that the file is surely about deployed images, so that a bare
/// reference such as `image: node:22` or a bare `tag` counts. `environments` tells that keys may name them.
pub(super) fn find(values: &Node, trusted: bool, environments: bool) -> Vec<ImageValue> {
    let mut search = Search { trusted, environments, images: Vec::new() };
    search.visit(values, &Place::default());
    let mut images = search.images;
    let accompanies = |image: &ImageValue| image.service.as_deref().is_some_and(is_sidecar);
    if images.iter().any(|image| !accompanies(image)) {
        images.retain(|image| !accompanies(image));
    }
    images
}

/// Names the versions of one application: alone, a version is the application's own.
pub(super) fn named_for(images: Vec<ImageValue>, application: &str) -> impl Iterator<Item = ImageValue> {
    let alone = images.len() == 1;
    images.into_iter().map(move |image| ImageValue {
        service: image.service.clone().filter(|_| !alone).or_else(|| Some(application.to_owned())),
        ..image
    })
}

/// What the keys above say.
#[derive(Clone, Default)]
struct Place {
    depth: usize,
    service: Option<String>,
    environment: Option<String>,
    /// Below `image` or `images`.
    among_images: bool,
}

struct Search {
    trusted: bool,
    environments: bool,
    images: Vec<ImageValue>,
}

impl Search {
    fn visit(&mut self, node: &Node, place: &Place) {
        match &node.value {
            Value::Scalar { .. } => {}
            Value::Sequence(items) => {
                for item in items {
                    let name = ["name", "service", "app"].iter().find_map(|key| nameable(item.get(key)?.text()?));
                    let service = name.map(str::to_owned).or_else(|| place.service.clone());
                    self.visit(item, &Place { service, ..place.clone() });
                }
            }
            Value::Mapping(entries) => {
                self.scalars(node, place);
                for entry in entries {
                    self.nested(entry, place);
                }
            }
        }
    }

    /// The version keys of one mapping; of several for the same service, the clearest counts.
    fn scalars(&mut self, node: &Node, place: &Place) {
        let mut clearest: Vec<(VersionKey, &Node)> = Vec::new();
        for entry in node.entries() {
            let (Some(key), Some(text)) = (entry.key.text(), entry.value.text()) else { continue };
            let Some(key) = version_key(key) else {
                self.listed(entry, key, text, place);
                continue;
            };
            if !self.counts(&key, text, node, place) {
                continue;
            }
            keep_clearest(&mut clearest, key, &entry.value);
        }
        for (key, value) in clearest {
            let text = value.text().unwrap_or_default();
            let (name, version) = match key.kind {
                Kind::Image => {
                    let image = image(text);
                    (image.name, image.version)
                }
                _ => (key.service.clone().or_else(|| repository(node)), of_tag(text)),
            };
            let Some(version) = version else { continue };
            let name = name.filter(|name| nameable(name).is_some());
            self.images.push(ImageValue {
                service: name.or(key.service).or_else(|| place.service.clone()),
                environment: place.environment.clone().or(key.environment),
                version,
                line: value.line,
            });
        }
    }

    /// `images: {frontend: ghcr.io/acme/frontend:v1}`.
    fn listed(&mut self, entry: &Entry, key: &str, text: &str, place: &Place) {
        if !place.among_images || !text.contains('/') {
            return;
        }
        let image = image(text);
        if let (Some(service), Some(version)) = (nameable(key), image.version) {
            let environment = place.environment.clone();
            let line = entry.value.line;
            self.images.push(ImageValue { service: Some(service.to_owned()), environment, version, line });
        }
    }

    fn counts(&self, key: &VersionKey, text: &str, node: &Node, place: &Place) -> bool {
        match key.kind {
            Kind::ImageTag => true,
            Kind::Tag if key.service.is_some() => self.trusted,
            Kind::Tag => {
                let flat = node.entries().iter().all(|entry| matches!(entry.value.value, Value::Scalar { .. }));
                repository(node).is_some() || place.among_images || (self.trusted && flat && place.depth > 0)
            }
            Kind::Image => (self.trusted || place.among_images) && image(text).version.is_some(),
            Kind::AppVersion | Kind::Version => false,
        }
    }

    fn nested(&mut self, entry: &Entry, place: &Place) {
        let Some(key) = entry.key.text() else { return };
        if matches!(entry.value.value, Value::Scalar { .. }) || ACCOMPANYING.contains(&key) {
            return;
        }
        let image_key = version_key(key).filter(|key| key.kind == Kind::Image);
        if let Some(image_key) = &image_key
            && let Some(image) = image_mapping(&entry.value)
        {
            let service = image.service.or_else(|| image_key.service.clone()).or_else(|| place.service.clone());
            let environment = place.environment.clone().or_else(|| image_key.environment.clone());
            self.images.push(ImageValue { service, environment, ..image });
            return;
        }
        if image_key.is_none() && key.to_ascii_lowercase().ends_with("image") {
            return; // An image that accompanies others: `initImage`, `baseImage`.
        }
        let names_environment = self.environments && place.depth < 3 && is_environment(key);
        let below = Place {
            depth: place.depth + 1,
            service: nameable(key).map(str::to_owned).or_else(|| place.service.clone()),
            environment: if names_environment { Some(key.to_owned()) } else { place.environment.clone() },
            among_images: image_key.is_some() || contains(&["images", "imagetags"], key),
        };
        self.visit(&entry.value, &Place { among_images: below.among_images || place.among_images, ..below });
    }
}

/// `{repository, tag}` and its variants below a key for images; `None` where no field could be a version.
fn image_mapping(node: &Node) -> Option<ImageValue> {
    let named = |key: &str| Some(image(node.get(key)?.text()?));
    let reference = ["repository", "repo", "name", "image", "path"].iter().find_map(|key| named(key)?.name);
    let service = reference.filter(|name| nameable(name).is_some());
    let one = |version: String, line: u32| ImageValue { service: service.clone(), environment: None, version, line };
    for key in ["tag", "imageTag", "version", "digest", "sha"] {
        let Some(value) = node.get(key) else { continue };
        if let Some(version) = value.text().and_then(of_tag) {
            return Some(one(version, value.line));
        }
    }
    ["repository", "name", "image"].iter().find_map(|key| {
        let value = node.get(key)?;
        Some(one(image(value.text()?).version?, value.line))
    })
}

/// The last part of the repository that stands beside a tag.
fn repository(node: &Node) -> Option<String> {
    REPOSITORIES.iter().find_map(|key| image(node.get(key)?.text()?).name)
}
