use crate::Practice;
use crate::findings::Findings;
use crate::manifests::terraform_blocks;
use crate::paths::{ends_with, name};
use crate::repository::{Candidates, Repository};
use crate::text::indent_column;
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Infrastructure is built from shared modules
    ///
    /// Infrastructure code takes modules that several repositories share, from a registry or another repository:
    /// sources of Terraform and OpenTofu modules, units of Terragrunt, Bicep modules of a registry. Modules in the
    /// same repository are not shared. The version that is named stands in the evidence.
    pub(super) static SHARED_MODULES: Practice = {
        id: "shared_modules",
        subject: "platform",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(MODULE = r#"^\s*module\s+""#);
super::pattern!(SHARED = r#"^\s*source\s*=\s*"(?:git::|git@|github\.com/|bitbucket\.org/|hg::|https?://|s3::|gcs::|oci://|tfr:///|[\w.-]+\.[\w.-]+/[\w.-]+/[\w.-]+/[\w.-]+|[\w-]+/[\w-]+/[\w-]+(?://[^"]*)?")"#);
super::pattern!(BICEP = r"^\s*module\s+\w+\s+'(?:br|ts)[:/]");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for (path, block) in terraform_blocks(repository, &MODULE) {
        if let Some((number, line)) = block.lines.iter().find(|(_, line)| SHARED.is_match(line)) {
            findings.push(path, *number, indent_column(line), line);
        }
    }
    findings.lines(|path| name(path) == "terragrunt.hcl", &SHARED);
    findings.lines(|path| ends_with(path, &[".bicep"]), &BICEP);
    findings.conclude(&["module sources in *.tf", "terragrunt.hcl", "modules of a registry in *.bicep"], &[Candidates::Terraform])
}

#[cfg(test)]
mod tests {
    use super::SHARED_MODULES;
    use crate::test_support::check;

    #[test]
    fn modules_from_elsewhere_count_and_local_ones_do_not() {
        let module = |source: &str| format!("module \"a\" {{\n  source = \"{source}\"\n}}\n");
        for (source, expected) in [
            ("terraform-aws-modules/vpc/aws", "a.tf:2:3"),
            ("git::https://github.com/o/m.git?ref=v1", "a.tf:2:3"),
            ("git@github.com:hmcts/terraform-module-postgresql?ref=a", "a.tf:2:3"),
            ("app.terraform.io/org/vpc/aws", "a.tf:2:3"),
            ("./modules/vpc", "absent"),
            ("../vpc", "absent"),
        ] {
            check(&SHARED_MODULES, &[("a.tf", &module(source))], &[expected]);
        }
        let provider = "terraform {\n  required_providers {\n    a = {\n      source = \"hashicorp/aws\"\n    }\n  }\n}\n";
        check(&SHARED_MODULES, &[("a.tf", provider)], &["absent"]);
    }
}
