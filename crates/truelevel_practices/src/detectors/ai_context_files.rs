use crate::Practice;
use crate::findings::Findings;
use crate::paths::name;
use crate::repository::{Candidates, Repository};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// The repository tells AI assistants how to work in it
    ///
    /// Files that assistants read for context or rules: `AGENTS.md`, `CLAUDE.md`, Copilot instructions, Cursor rules,
    /// `GEMINI.md`, Windsurf rules, MCP servers, Aider and GitLab Duo settings. It says that assistants are expected,
    /// not how much they are used.
    pub(super) static AI_CONTEXT_FILES: Practice = {
        id: "ai_context_files",
        subject: "ai",
        detect: detect,
        in_facts: None,
    };
}

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for path in repository.own_paths().filter(|path| is_context(path)) {
        findings.file(path);
    }
    findings.conclude(
        &["AGENTS.md", "CLAUDE.md", ".github/copilot-instructions.md", ".cursor/rules/**", "GEMINI.md", ".windsurfrules", ".mcp.json"],
        &[Candidates::Paths(|_| false)],
    )
}

fn is_context(path: &str) -> bool {
    matches!(
        name(path),
        "AGENTS.md" | "CLAUDE.md" | "GEMINI.md" | ".cursorrules" | ".windsurfrules" | ".clinerules" | ".mcp.json" | ".aider.conf.yml" | ".junie" | "copilot-instructions.md"
    ) || path == ".claude/settings.json"
        || path == ".cursor/environment.json"
        || path.starts_with(".cursor/rules/")
        || path.starts_with(".windsurf/rules/")
        || path.starts_with(".gitlab/duo/")
        || (path.starts_with(".github/instructions/") && path.ends_with(".instructions.md"))
}

#[cfg(test)]
mod tests {
    use super::AI_CONTEXT_FILES;
    use crate::test_support::check;

    #[test]
    fn files_for_assistants_count() {
        check(&AI_CONTEXT_FILES, &[("AGENTS.md", ""), (".cursor/rules/a.mdc", "")], &[".cursor/rules/a.mdc", "AGENTS.md"]);
        check(&AI_CONTEXT_FILES, &[("README.md", ""), ("vendor/a/CLAUDE.md", "")], &["absent"]);
    }
}
