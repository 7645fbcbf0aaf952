//! Where open frameworks ask for the same as a gate: ids that exist there, each with its address.

use std::collections::BTreeMap;

use serde::Deserialize;

/// An open framework, as far as gates refer to it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Framework {
    /// Its name.
    pub name: String,
    /// The version that the ids are of, where it has one.
    pub version: Option<String>,
    /// What the addresses of its entries begin with.
    pub base: String,
    references: BTreeMap<String, (String, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FrameworkFile {
    pub(crate) framework: Vec<Framework>,
}

/// An entry of an open framework.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The framework's own id or name for it.
    pub id: String,
    /// What it asks, in our words.
    pub title: String,
    /// The framework with its version.
    pub framework: String,
    /// Where to read it.
    pub url: String,
}

/// The entry of an id; none when no framework has it.
pub(crate) fn find(frameworks: &[Framework], id: &str) -> Option<Reference> {
    frameworks.iter().find_map(|framework| {
        let (place, title) = framework.references.get(id)?;
        let version = framework.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
        Some(Reference {
            id: id.to_owned(),
            title: title.clone(),
            framework: format!("{}{version}", framework.name),
            url: format!("{}{place}", framework.base),
        })
    })
}

/// The ids that no gate of `used` refers to.
pub(crate) fn unused<'f>(frameworks: &'f [Framework], used: &[&Reference]) -> Vec<&'f str> {
    let ids = frameworks.iter().flat_map(|framework| framework.references.keys());
    ids.filter(|id| used.iter().all(|reference| reference.id != **id)).map(String::as_str).collect()
}
