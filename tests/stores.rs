//! The same facts give the same answer, whatever keeps them.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use postgres::NoTls;
use serde_json::Value;

use crate::cli::{Run, World};
use crate::cluster::Cluster;
use crate::server::{Server, deployment, workspace};

const AS_OF: &str = "2026-08-21T17:00:00Z";

/// A synthetic organisation with a snapshot, and the cluster to bring it to.
fn organisation() -> Option<(World, Arc<Cluster>)> {
    let cluster = Arc::new(Cluster::start()?);
    let mut client = postgres::Client::connect(&cluster.url("public"), NoTls).unwrap();
    client.batch_execute("CREATE SCHEMA facts").unwrap();
    let world = World::new();
    let demo = world.run(["demo", "org", "--services", "12", "--weeks", "20", "--as-of", AS_OF]);
    assert_eq!(demo.code, 0, "{}", demo.stderr);
    let snapshot = world.run(["snapshot", "org", "--as-of", AS_OF]);
    assert_eq!(snapshot.code, 0, "{}", snapshot.stderr);
    Some((world, cluster))
}

fn answer(world: &World, more: &[&str]) -> Value {
    let mut arguments = vec!["org", "--as-of", AS_OF];
    arguments.extend(more);
    world.assess(arguments)
}

#[test]
fn a_store_that_went_to_postgresql_and_back_gives_the_same_answer() {
    let Some((world, cluster)) = organisation() else { return };
    let url = cluster.url("facts");
    let here = answer(&world, &[]);
    let copied = world.run(["store", "copy", "org/.truelevel/store.sqlite", &url]);
    assert_eq!(copied.code, 0, "{}", copied.stderr);
    assert!(copied.text().contains("deployment ") && copied.text().contains("snapshot "), "{}", copied.text());
    assert_eq!(answer(&world, &["--store", &url]), here);
    let back = world.run(["store", "copy", &url, "back.sqlite"]);
    // Each copy is a line of the log in what it wrote.
    let rows = |copied: &Run| -> Vec<String> {
        copied.text().lines().filter(|line| !line.starts_with("audit ")).map(str::to_owned).collect()
    };
    assert_eq!((back.code, rows(&back)), (0, rows(&copied)), "{}", back.stderr);
    let log = world.run(["audit", "org", "--store", "back.sqlite"]);
    assert_eq!(log.text().matches("store copied").count(), 2, "{}", log.text());
    assert_eq!(answer(&world, &["--store", "back.sqlite"]), here);

    let verified = world.run(["snapshot", "org", "--verify", "--store", &url]);
    assert_eq!(verified.code, 0, "{}", verified.stderr);
    world.run(["store", "copy", "back.sqlite", &url]).fails_with(2, &["a copy needs an empty one"]);
    world.run(["store", "copy", "missing.sqlite", &url]).fails_with(2, &["there is no store missing.sqlite"]);
    world.run(["assess", ".", "--store", &url]).fails_with(2, &["only a workspace keeps facts in a store"]);
}

#[test]
fn a_dump_of_a_schema_that_is_restored_gives_the_same_answer() {
    let Some((world, cluster)) = organisation() else { return };
    let url = cluster.url("facts");
    let (Some(dump), Some(restore)) = (program("pg_dump"), program("psql")) else {
        return eprintln!("SKIPPED: PostgreSQL's `pg_dump` and `psql` are not installed");
    };
    assert_eq!(world.run(["store", "copy", "org/.truelevel/store.sqlite", &url]).code, 0);
    let before = answer(&world, &["--store", &url]);
    let dumped = Command::new(dump).args(["--schema=facts", &url]).output().unwrap();
    assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));
    world.write("facts.sql", String::from_utf8(dumped.stdout).unwrap());
    let mut client = postgres::Client::connect(&cluster.url("public"), NoTls).unwrap();
    client.batch_execute("DROP SCHEMA facts CASCADE").unwrap();
    let restored = Command::new(restore)
        .args(["--quiet", "--set=ON_ERROR_STOP=1", "--file=facts.sql", &cluster.url("public")])
        .current_dir(world.path())
        .output()
        .unwrap();
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    assert_eq!(answer(&world, &["--store", &url]), before);
    assert_eq!(world.run(["snapshot", "org", "--verify", "--store", &url]).code, 0);
}

/// A program of PostgreSQL's client.
fn program(name: &str) -> Option<PathBuf> {
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = installed.map(|version| version.path().join("bin")).collect();
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    folders.into_iter().map(|folder| folder.join(name)).find(|program| program.is_file())
}

#[test]
fn a_server_that_cannot_be_used_is_told_without_its_password() {
    let world = World::new();
    world.write("truelevel.toml", "");
    let check = |address: &str, expected: &str| {
        let run = world.run(["assess", "--store", address]);
        run.fails_with(2, &[expected]);
        assert!(!run.stderr.contains("s3cret"), "{}", run.stderr);
        let mut usual = world.command(["assess"]);
        let usual = crate::cli::finish(usual.env("TRUELEVEL_STORE", address));
        assert_eq!(usual.stderr, run.stderr);
    };
    check("postgres://me:s3cret@127.0.0.1:4/facts", "postgres://127.0.0.1:4/facts cannot be reached");
    check("postgres://me:s3cret@127.0.0.1:4/facts?sslmode=require", "connections are not encrypted");
    check("postgres://me:s3cret@s3cret:x/facts", "its address cannot be read");
}

#[test]
fn of_two_servers_on_one_store_each_shows_what_the_other_took() {
    let Some(cluster) = Cluster::start() else { return };
    let mut client = postgres::Client::connect(&cluster.url("public"), NoTls).unwrap();
    client.batch_execute("CREATE SCHEMA facts").unwrap();
    let world = workspace("[serve]\nrequire_tokens = true\n");
    let url = cluster.url("facts");
    let token = world.run(["token", "create", "ci", "--scope", "read", "--store", &url]);
    let token = format!("Bearer {}", token.text().trim());
    let (one, other) = (Server::start_with(&world, &["--store", &url]), Server::start_with(&world, &["--store", &url]));
    let taken = one.deliver("d1", &deployment(1, "acme/web"));
    assert_eq!((taken.status, taken.json()["state"].as_str()), (202, Some("normalised")), "{}", taken.body);
    let again = other.deliver("d1", &deployment(1, "acme/web"));
    assert_eq!((again.status, again.json()["state"].as_str()), (200, Some("duplicate")));
    for server in [&one, &other] {
        assert_eq!(server.get("/api/v1/services", &[]).status, 401);
        wait_for(server, "/api/v1/services", &token, "\"web\"");
    }
    let held = client.query("SELECT count(*) FROM facts.lease WHERE name = 'upkeep'", &[]).unwrap();
    assert_eq!(held[0].get::<_, i64>(0), 1, "one of them does the upkeep");
    assert_eq!((one.stop("-TERM"), other.stop("-TERM")), (Some(0), Some(0)));
}

/// Asks until the answer holds a text; each answer is at most a few seconds away.
fn wait_for(server: &Server, path: &str, token: &str, wanted: &str) {
    let begun = Instant::now();
    loop {
        let answer = server.get(path, &[("authorization", token)]);
        if answer.body.contains(wanted) {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{path} stayed {}: {}", answer.status, answer.body);
    }
}
