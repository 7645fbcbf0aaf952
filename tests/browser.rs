//! The pages in a real browser. What is asked of them stands in `tests/browser/*.mjs`; here are the stores they show.
//!
//! Needs Node.js, Chromium and what `tests/browser/package.json` names. `cargo xtask test` installs them where it can,
//! and says so where it leaves these tests out. Screenshots are kept in `target/browser`.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cli::World;
use crate::dashboard::demo;
use crate::git_agreement::govuk;
use crate::server::{Server, deployment, workspace};

fn script(name: &str) -> Command {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/browser");
    assert!(folder.join("node_modules").is_dir(), "`cargo xtask test` installs what these tests need");
    let mut command = Command::new("node");
    command.arg(folder.join(format!("{name}.mjs"))).env("CHROMIUM", chromium());
    command
}

fn chromium() -> PathBuf {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name)));
    found
        .into_iter()
        .find(|file| file.is_file())
        .expect("Chromium is on the PATH; `cargo xtask test` installs it where it can")
}

fn screenshots(of: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("../browser").join(of)
}

/// Runs a check, which prints what it finds.
fn finds_nothing(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

fn pages_are_in_order(server: &Server, of: &str, how: &[&str]) {
    finds_nothing(script("pages").arg(format!("http://{}", server.address())).arg(screenshots(of)).args(how));
}

#[test]
fn every_page_is_in_order_before_anything_is_connected() {
    let world = workspace("");
    let server = Server::start(&world);
    while server.get("/", &[("accept", "text/html")]).body.contains("This is being measured") {}
    pages_are_in_order(&server, "empty", &[]);
}

#[test]
fn every_page_of_an_organisation_is_in_order() {
    let (_world, server) = demo("24");
    pages_are_in_order(&server, "demo", &[]);
}

#[test]
fn pages_can_be_used_without_mouse_script_or_screen() {
    let (_world, server) = demo("12");
    finds_nothing(script("use").arg(format!("http://{}", server.address())));
}

#[test]
fn every_page_of_a_thousand_services_is_in_order() {
    let world = World::new();
    assert_eq!(world.run(["demo", ".", "--services", "1000", "--seed", "3", "--weeks", "3"]).code, 0);
    let server = Server::start(&world);
    assert_eq!(server.get("/download/services.csv", &[]).status, 200);
    pages_are_in_order(&server, "thousand", &["quick"]);
}

/// Deployments and changes of GOV.UK, as they were.
#[test]
fn every_page_of_a_real_history_is_in_order() {
    let world = World::new();
    govuk(&world, "gitops");
    govuk(&world, "short-url-manager");
    world.write(
        "truelevel.toml",
        "[[repository]]\npath = \"short-url-manager\"\n[[deployment_repository]]\npath = \"gitops\"\n",
    );
    let server = Server::start(&world);
    assert_eq!(server.get("/download/services.csv", &[]).status, 200);
    pages_are_in_order(&server, "govuk", &["quick"]);
}

/// Names that would break out of a page, run off it or turn it around.
#[test]
fn names_with_markup_from_right_to_left_and_without_end_do_no_harm() {
    let world = World::new();
    world.write("truelevel.toml", "[workspace]\nname = \"<script>alert(1)</script> & Söhne\"\n");
    let names = [
        "<img src=x onerror=alert(1)>".to_owned(),
        "\"><svg onload=alert(1)>".to_owned(),
        "خدمة الدفع".to_owned(),
        "\u{202e}evil".to_owned(),
        "a".repeat(200),
        "{{ name }} ${name} %3Cb%3E".to_owned(),
    ];
    let mut lines = String::new();
    for (place, name) in names.iter().enumerate() {
        for day in 1..9 {
            let record = serde_json::json!({
                "id": format!("{place}-{day}"), "service": name, "environment": "production", "version": format!("v{day}"),
                "finished_at": format!("2026-08-{day:02}T10:00:00Z"), "outcome": "succeeded",
            });
            lines += &format!("{record}\n");
        }
    }
    world.write("deployments.jsonl", lines);
    let imported = world.run(["import", "deployments.jsonl"]);
    assert_eq!(imported.code, 0, "{}", imported.stderr);
    let server = Server::start(&world);
    assert_eq!(server.get("/download/services.csv", &[]).status, 200);
    pages_are_in_order(&server, "names", &["quick"]);
}

#[test]
fn a_report_opens_from_the_disk_with_the_network_off() {
    let world = World::new();
    assert_eq!(world.run(["demo", ".", "--as-of", "2026-08-21T17:00:00Z"]).code, 0);
    let made = world.run(["assess", "--as-of", "2026-08-21T17:00:00Z", "--format", "html"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    assert!(made.stdout.len() < 1_100_000, "too large to be mailed: {} bytes", made.stdout.len());
    world.write("report.html", &made.stdout);
    finds_nothing(script("report").arg(world.path().join("report.html")).arg(screenshots("report")));
}

#[test]
fn a_new_event_shows_on_an_open_page_without_a_reload() {
    let world = workspace("");
    let server = Server::start(&world);
    server.deliver("first", &deployment(1, "acme/web"));
    assert_eq!(server.get("/download/services.csv", &[]).status, 200);
    let mut browser =
        script("live").arg(format!("http://{}", server.address())).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(browser.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "ready");
    server.deliver("second", &deployment(2, "acme/shop"));
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert!(browser.wait().unwrap().success(), "{rest:?}");
}
