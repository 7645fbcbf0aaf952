use std::collections::BTreeMap;

use super::Commodity;
use crate::commands::pattern;
use crate::findings::Findings;
use crate::paths::{ends_with, folder, name};
use crate::repository::Repository;
use crate::text::Text;

truelevel_model::declare! {
    /// A deployment server of one's own
    ///
    /// A program that answers requests and runs the commands that deploy: `git pull`, `docker compose up`, `kubectl apply`,
    /// `helm upgrade`, `deploy.sh` and such. Looked for in code whose path speaks of deploying or of webhooks; the answering and
    /// the running must stand in one folder. Also the settings of a webhook program that run such a script. Who may deploy what, in
    /// which order, what became of it and the way back then have to be built, too.
    ///
    /// Not told: scripts that a pipeline or a person runs, controllers that speak to a cluster through its API, and servers
    /// whose path does not say what they are for.
    pub static DEPLOYMENT_SERVER: Commodity = {
        id: "deployment_server",
        instead: "the deployments of the CI system, or Argo CD or Flux, which bring what a repository declares",
        find: find,
    };
}

pattern!(
    /// Answers requests.
    ANSWERS = r"http\.(?:HandleFunc|Handle|ListenAndServe)\b|http\.HandlerFunc|gin\.(?:Default|New)\(|echo\.New\(|chi\.NewRouter\(|Flask\(__name__|FastAPI\(|APIRouter\(|@\w+\.(?:route|post)\(|BaseHTTPRequestHandler|(?:express|fastify)\(\s*\)|\b(?:app|router|server)\.post\(|createServer\(|Sinatra::|< ApplicationController|@(?:Post|Request)Mapping|@(?:Rest)?Controller\b|\[HttpPost|\.MapPost\(|axum::|actix_web::|warp::|\$_(?:POST|GET|REQUEST)\b|\$_SERVER\[\W(?:REQUEST|HTTP)|php://input"
);
pattern!(
    /// Runs a command that deploys.
    DEPLOYS = r"(?i)(?:exec\.Command(?:Context)?\(|subprocess\.\w+\(|os\.system\(|\bexec(?:a|Sync|File|FileSync)?\(|\bspawn(?:Sync)?\(|shell_exec\(|\bsystem\(|passthru\(|proc_open\(|Process\.Start\(|ProcessBuilder\(|Command::new\(|Open3\.\w+|%x[({\[])[^;]{0,160}?"
    r"(?:\bkubectl\W{1,6}(?:apply|set|rollout|patch)\b|\bhelm\W{1,6}(?:upgrade|install)\b|\bdocker\W{1,6}compose\b[^;]{0,60}?\b(?:up|pull|restart)\b|\bdocker\W{1,6}(?:service\W{1,6}update|stack\W{1,6}deploy)\b|\bgit\W{1,6}(?:-C\s+\S+\s+)?(?:pull\b|reset\W{1,6}--hard)|\bterraform\W{1,6}apply\b|\bansible-playbook\b|\bpm2\W{1,6}(?:restart|reload)\b|\bsystemctl\W{1,6}(?:restart|reload)\b|\bnomad\W{1,6}job\W{1,6}run\b|\bdeploy[\w-]*\.(?:sh|py|rb|js)\b)"
);
pattern!(
    /// What a webhook program runs.
    HOOK = r#"["']?execute-command["']?\s*:\s*\S*(?:deploy|pull|release|restart|rollout)"#
);

const CODE: [&str; 14] =
    [".cjs", ".cs", ".go", ".java", ".js", ".kt", ".mjs", ".php", ".pl", ".py", ".rb", ".rs", ".ts", ".vb"];

/// Whether a file may be part of such a server, or its settings.
pub(super) fn is_candidate(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    is_hook_settings(&lower) || ends_with(&lower, &CODE) && (lower.contains("deploy") || lower.contains("webhook"))
}

fn is_hook_settings(path: &str) -> bool {
    let (stem, ending) = name(path).rsplit_once('.').unwrap_or((path, ""));
    matches!(stem, "hook" | "hooks" | "webhook" | "webhooks") && matches!(ending, "json" | "yaml" | "yml" | "conf")
}

fn find(repository: &Repository, findings: &mut Findings<'_>) {
    let mut folders: BTreeMap<&str, Vec<(&str, &Text)>> = BTreeMap::new();
    for (path, text) in repository.code().filter(|(path, _)| is_candidate(path)) {
        if is_hook_settings(&path.to_ascii_lowercase()) {
            for found in HOOK.find_iter(text.as_str()) {
                push(findings, path, text, found.start());
            }
        } else {
            folders.entry(folder(path)).or_default().push((path, text));
        }
    }
    for files in folders.into_values() {
        if !files.iter().any(|(_, text)| first_said(text, &ANSWERS).is_some()) {
            continue;
        }
        for (path, text) in files {
            if let Some(at) = first_said(text, &DEPLOYS) {
                push(findings, path, text, at);
            }
        }
    }
}

fn push(findings: &mut Findings<'_>, path: &str, text: &Text, at: usize) {
    let (line, column) = text.place_of(at);
    findings.push(path, line, column, text.line(line));
}

/// Where a pattern is first found outside a comment.
fn first_said(text: &Text, pattern: &regex::Regex) -> Option<usize> {
    let found = pattern.find_iter(text.as_str()).find(|found| {
        let line = text.line(text.place_of(found.start()).0).trim_start();
        !["#", "//", "*", "/*", "--"].iter().any(|mark| line.starts_with(mark))
    });
    found.map(|found| found.start())
}

#[cfg(test)]
mod tests {
    use super::DEPLOYMENT_SERVER;
    use crate::home_made::tests::check;

    #[test]
    fn a_program_that_answers_and_deploys_is_a_deployment_server() {
        let flask = "from flask import Flask\nimport subprocess\n\napp = Flask(__name__)\n\n@app.route('/deploy', methods=['POST'])\ndef deploy():\n    subprocess.run(['git', 'pull', 'origin', 'main'], check=True)\n    return 'ok'\n";
        check(&DEPLOYMENT_SERVER, &[("ops/webhook-server.py", flask)], &["ops/webhook-server.py:8"]);
        let php = "<?php\n$payload = json_decode(file_get_contents('php://input'));\necho shell_exec('git pull origin main 2>&1');\n";
        check(&DEPLOYMENT_SERVER, &[("public/deploy.php", php)], &["public/deploy.php:3"]);
        let express = "const app = express();\napp.post('/hook', (req, res) => {\n  exec('cd /srv/shop && docker compose up -d', done);\n});\n";
        check(&DEPLOYMENT_SERVER, &[("deploy/server.js", express)], &["deploy/server.js:3"]);
        let server = "package main\n\nfunc main() {\n\thttp.HandleFunc(\"/deploy\", handle)\n}\n";
        let runner = "package main\n\nfunc roll(name string) error {\n\treturn exec.Command(\"helm\", \"upgrade\", name, \"./chart\").Run()\n}\n";
        let files = [("cmd/deployer/main.go", server), ("cmd/deployer/runner.go", runner)];
        check(&DEPLOYMENT_SERVER, &files, &["cmd/deployer/runner.go:4"]);
    }

    #[test]
    fn settings_of_a_webhook_program_that_deploy_count() {
        let hooks = "[\n  {\n    \"id\": \"shop\",\n    \"execute-command\": \"/srv/redeploy.sh\"\n  }\n]\n";
        check(&DEPLOYMENT_SERVER, &[("ansible/hooks.json", hooks)], &["ansible/hooks.json:4"]);
        check(&DEPLOYMENT_SERVER, &[("hooks.json", "[{\"execute-command\": \"/srv/lights-on.sh\"}]")], &[]);
    }

    #[test]
    fn scripts_servers_and_controllers_by_themselves_are_none() {
        let script = "import subprocess\nsubprocess.run(['kubectl', 'apply', '-f', 'k8s/'])\n";
        check(&DEPLOYMENT_SERVER, &[("scripts/deploy.py", script)], &[]);
        let server = "const app = express();\napp.post('/webhook', (req, res) => pay(req.body));\n";
        check(&DEPLOYMENT_SERVER, &[("src/webhook.js", server), ("scripts/deploy.py", script)], &[]);
        let client =
            "func main() {\n\thttp.HandleFunc(\"/healthz\", ok)\n\tclient.AppsV1().Deployments(ns).Update(ctx, d)\n}\n";
        check(&DEPLOYMENT_SERVER, &[("pkg/deployment/main.go", client)], &[]);
        let commented = "app = Flask(__name__)\n# subprocess.run(['git', 'pull'])\n";
        check(&DEPLOYMENT_SERVER, &[("deploy.py", commented)], &[]);
    }
}
