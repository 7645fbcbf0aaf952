//! Who wrote a change: a salted hash, and whether it is an account of automation.

use std::collections::HashMap;
use std::sync::LazyLock;

use gix::bstr::ByteSlice;
use regex::Regex;
use sha2::{Digest, Sha256};
use truelevel_model::AuthorHash;

/// Accounts that are automation though their names do not show it: substrings of `Name <address>`, any case.
#[derive(Clone, Debug, Default)]
pub struct AutomationAccounts(pub Vec<String>);

/// Names and addresses that automation goes by.
static AUTOMATION: LazyLock<Regex> = LazyLock::new(|| {
    let words = [
        r"\[bot\]",
        r"\bbot\b",
        r"-bot\b",
        r"\bbot@",
        r"(^|[-_ .])(ci|cd)([-_ .@]|$)",
        r"[a-z]+-ci\b",
        r"continuous[ -](integration|delivery|deployment)",
        r"\bautomation\b",
        r"\bdependabot\b",
        r"\brenovate\b",
        r"\bgreenkeeper\b",
        r"\bpre-commit\b",
        r"\bgithub[- ]actions?\b",
        r"\bgitlab[- ]ci\b",
        r"\bjenkins\b",
        r"\bargocd\b",
        r"\bargo-?cd[- ]image[- ]updater\b",
        r"\bflux(cd)?\b",
        r"\bsemantic-release\b",
        r"\bservice[- ]account\b",
        r"\bweblate\b",
        r"\bcopybara\b",
        r"\bk8s-ci-robot\b",
        r"[-_ ]robot\b",
    ];
    Regex::new(&format!("(?i){}", words.join("|"))).expect("a constant pattern")
});

/// Names and addresses of AI assistants. First names that people have count only where nothing else stands beside them.
static ASSISTANTS: LazyLock<Regex> = LazyLock::new(|| {
    let words = [
        r"\baider\b",
        r"\bcopilot\b",
        r"\bcursor(\[bot\]|[- ]?agent|\.com|\.sh)",
        r"\bdevin[- ]ai\b",
        r"\bgemini([- ]code[- ]assist|[- ]cli|\[bot\]|\s*<|\s*$)",
        r"\bgoogle-labs-jules\b",
        r"\bopenai\b|\bcodex\b|\bchatgpt\b",
        r"\banthropic\b",
        r"\bwindsurf\b",
        r"^\s*(claude|devin|jules|cursor)(\[bot\])?\s*(<|$)",
        r"^\s*claude[- ](code|opus|sonnet|haiku|\d)",
    ];
    Regex::new(&format!("(?i){}", words.join("|"))).expect("a constant pattern")
});

/// Whether an account, as `Name <address>` or the name alone, is an AI assistant's.
pub(super) fn is_assistant(account: &str) -> bool {
    ASSISTANTS.is_match(account)
}

impl AutomationAccounts {
    pub(crate) fn matches(&self, name: &str, address: &str) -> bool {
        let account = format!("{name} <{address}>");
        let local_part = address.split('@').next().unwrap_or_default();
        AUTOMATION.is_match(name)
            || AUTOMATION.is_match(local_part)
            || self.0.iter().any(|part| account.to_lowercase().contains(&part.to_lowercase()))
    }
}

/// Turns signatures into hashes, each distinct signature once.
pub(super) struct Authors<'a> {
    salt: &'a [u8],
    automation: &'a AutomationAccounts,
    mailmap: &'a gix::mailmap::Snapshot,
    known: HashMap<Vec<u8>, (AuthorHash, bool)>,
}

impl<'a> Authors<'a> {
    pub(super) fn new(salt: &'a [u8], automation: &'a AutomationAccounts, mailmap: &'a gix::mailmap::Snapshot) -> Self {
        Self { salt, automation, mailmap, known: HashMap::new() }
    }

    /// The author's hash, after the mailmap, and whether it is automation.
    pub(super) fn resolve(&mut self, signature: gix::actor::SignatureRef<'_>) -> (AuthorHash, bool) {
        let mut key = Vec::with_capacity(signature.name.len() + signature.email.len() + 1);
        key.extend_from_slice(signature.name);
        key.push(b'<');
        key.extend_from_slice(signature.email);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let mapped = self.mailmap.try_resolve_ref(signature);
        let mapped_name = mapped.as_ref().and_then(|mapped| mapped.name);
        let mapped_address = mapped.as_ref().and_then(|mapped| mapped.email);
        let name = mapped_name.unwrap_or(signature.name).to_str_lossy();
        let address = mapped_address.unwrap_or(signature.email).to_str_lossy();
        let is_automation = self.automation.matches(&name, &address);
        let digest = Sha256::new().chain_update(self.salt).chain_update(address.to_lowercase()).finalize();
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        let resolved = (AuthorHash(u64::from_be_bytes(first)), is_automation);
        self.known.insert(key, resolved);
        resolved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn automation_accounts_are_known_by_name_or_address() {
        let check = |name: &str, address: &str, expected: bool| {
            assert_eq!(AutomationAccounts::default().matches(name, address), expected, "{name} <{address}>");
        };
        check("dependabot[bot]", "49699333+dependabot[bot]@users.noreply.example", true);
        check("govuk-ci", "govuk-ci@users.example", true);
        check("GOV.UK Continuous Integration User", "x@example.org", true);
        check("renovate", "bot@renovate.example", true);
        check("Someone", "ci@example.org", true);
        check("argocd-image-updater", "noreply@argoproj.example", true);
        check("Marcia Cibot", "marcia.cibot@example.org", false);
        check("Abbot Smith", "abbot@example.org", false);
        check("Luci", "luci@example.org", false);
        check("Jane", "jane@robotics.example", false);
        assert!(AutomationAccounts(vec!["release-person".into()]).matches("Release-Person", "r@example.org"));
    }
}
