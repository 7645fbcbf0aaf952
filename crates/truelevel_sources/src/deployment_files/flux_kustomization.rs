//! A Flux `Kustomization`: `spec.images[]`, and version keys in `spec.postBuild.substitute`.
//!
//! The image names the service; alone, a substitute that does not name one is the resource's own. Limits:
//! `substituteFrom` points to other resources; inline patches are not read.

use truelevel_documents::Node;

use super::file::File;
use super::found::Found;
use super::image_values::find;
use super::{Reader, Shape, kustomization, resource};

pub(super) const READER: Reader = Reader { shape: Shape::FluxKustomization, claims, read };

fn claims(document: &Node, _: &File<'_>) -> bool {
    resource::is(document, "kustomize.toolkit.fluxcd.io", "Kustomization")
}

fn read(document: &Node, file: &File<'_>, found: &mut Found) {
    let service = resource::service(document).unwrap_or_else(|| file.service());
    let places = [resource::text(document, ["spec", "targetNamespace"]), resource::text(document, ["spec", "path"])];
    let environment = resource::environment(document, file, places);
    let substitutes = document.at(["spec", "postBuild", "substitute"]).map(|values| find(values, true, false));
    let images = kustomization::images(document.at(["spec", "images"]));
    for image in images.into_iter().chain(substitutes.unwrap_or_default()) {
        let service = image.service.unwrap_or_else(|| service.clone());
        found.add(service, environment.clone(), image.version, image.line);
    }
}

#[cfg(test)]
mod tests {
    use super::super::found::check;

    #[test]
    fn images_and_substitutes_are_read() {
        let head = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: frontend-prod\n  namespace: flux-system\nspec:\n  path: ./apps/frontend\n";
        let images = format!("{head}  images:\n    - name: web\n      newName: ghcr.io/acme/web\n      newTag: v3\n");
        check("clusters/prod/frontend.yaml", &images, &["web@prod=v3:11"]);
        let substitute = format!(
            "{head}  postBuild:\n    substitute:\n      IMAGE_TAG: 'v4'\n      API_IMAGE_TAG: v5\n      cluster: x\n"
        );
        check("flux/frontend.yaml", &substitute, &["frontend@prod=v4:10", "api@prod=v5:11"]);
    }
}
