//! Programs in Python that speak to the server as its users' do. `cargo xtask test` brings them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cli::finish;
use crate::dashboard::demo;
use crate::server::{SECRET, Server};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/python")
}

fn program(name: &str) -> Command {
    let mut command = Command::new(folder().join("packages/bin").join(name));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

#[test]
fn what_opentelemetrys_sdk_sends_are_a_run_and_a_deployment() {
    let world = crate::traces::workspace();
    let server = Server::start(&world);
    let endpoint = format!("http://{}/v1/traces", server.address());
    let send = |token: &str| {
        finish(program("python").arg(folder().join("send_trace.py")).args([endpoint.as_str(), token])).code
    };
    assert_eq!(send(SECRET), 0);
    assert_eq!(send("another"), 1, "the SDK is told that it was refused");
    drop(server);
    let exported = |kind: &str| world.run(["export", "--kind", kind]).text().to_owned();
    let (deployments, runs) = (exported("deployments"), exported("pipeline-runs"));
    assert!(deployments.contains(",shop,production,0b31c1e3f1f0b4a6a4b0f5d0c8d97dbbb1d2f3a4,"), "{deployments}");
    assert!(runs.contains("https://github.com/acme/shop 42,1,shop,release,"), "{runs}");
    assert_eq!((deployments.lines().count(), runs.lines().count()), (2, 2));
}

#[test]
fn schemathesis_finds_nothing_that_the_api_does_not_describe() {
    let (world, server) = demo("6");
    let token = world.run(["token", "create", "tests", "--scope", "admin"]);
    let document = format!("http://{}/api/v1/openapi.json", server.address());
    let described = server.get("/api/v1/openapi.json", &[]).json();
    let check = |method: &str, checks: &str| {
        let run = finish(
            program("schemathesis")
                .args(["run", &document, "--include-method", method, "--checks", checks, "--no-color"])
                .args(["--seed", "1", "--max-examples", "5"])
                .args(["--header", &format!("Authorization: Bearer {}", token.text().trim())])
                .current_dir(world.path()),
        );
        assert_eq!(run.code, 0, "{}\n{}", run.text(), run.stderr);
        let operations = described["paths"].as_object().unwrap().values();
        let all = operations.filter(|path| path.get(method.to_lowercase()).is_some()).count();
        assert!(all > 0 && run.text().contains(&format!("Tested: {all}\n")), "{}", run.text());
    };
    let form = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,\
                response_headers_conformance";
    // Who is not signed in is a reader here, so that checks of missing credentials mean nothing.
    check("GET", &format!("{form},positive_data_acceptance,negative_data_rejection"));
    // The document leaves what a record's values may be to the reference of imports.
    check("POST", form);
}
