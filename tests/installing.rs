//! The container file and the unit for systemd, as far as they can be tried without containers and without an init system.

use std::path::Path;
use std::process::Command;

use crate::cli::World;

const CONTAINER: &str = include_str!("../examples/service/Containerfile");
const UNIT: &str = include_str!("../examples/service/truelevel.service");
const PROGRAM: &str = env!("CARGO_BIN_EXE_truelevel");

/// What follows the only line that begins so.
fn after<'t>(text: &'t str, beginning: &str) -> &'t str {
    let mut found = text.lines().filter_map(|line| line.strip_prefix(beginning));
    let (one, more) = (found.next(), found.next());
    assert_eq!(more, None, "`{beginning}` stands once");
    one.unwrap_or_else(|| panic!("`{beginning}` is missing"))
}

/// A list of words as container files write it.
fn words(list: &str) -> Vec<String> {
    serde_json::from_str(list).unwrap()
}

/// A workspace that may be served to others.
fn workspace() -> World {
    let world = World::new();
    world.write("truelevel.toml", "[workspace]\nname = \"Shop\"\n\n[serve]\nrequire_tokens = true\n");
    world
}

/// The program takes these arguments and would serve this folder in the place of the one they name.
#[track_caller]
fn would_serve<'a>(arguments: impl Iterator<Item = &'a str>, folder: &str) {
    let world = workspace();
    let here = world.path().to_str().unwrap();
    let arguments: Vec<&str> = arguments.map(|word| if word == folder { here } else { word }).collect();
    assert!(arguments.contains(&here), "{folder} is served: {arguments:?}");
    let checked = world.run(arguments.into_iter().chain(["--check"]));
    assert_eq!(checked.code, 0, "{}", checked.stderr);
}

#[test]
fn the_container_starts_what_the_program_takes_in_the_folder_that_it_mounts() {
    let (program, arguments) = (words(after(CONTAINER, "ENTRYPOINT ")), words(after(CONTAINER, "CMD ")));
    let folder = after(CONTAINER, "VOLUME ");
    assert_eq!(program, ["truelevel"]);
    would_serve(arguments.iter().map(String::as_str), folder);
    let port = format!("0.0.0.0:{}", after(CONTAINER, "EXPOSE "));
    assert!(arguments.contains(&port), "{port} is where it listens: {arguments:?}");
    let name = Path::new(PROGRAM).file_name().unwrap().to_str().unwrap();
    assert_eq!(after(CONTAINER, "COPY --from=build "), format!("/source/target/release/{name} /usr/local/bin/{name}"));
    let user = after(CONTAINER, "USER ");
    assert!(after(CONTAINER, "RUN useradd ").contains(&format!("--uid {user} ")), "it runs as who was made");
}

#[test]
fn the_container_builds_with_a_compiler_that_is_new_enough() {
    let needed = after(include_str!("../Cargo.toml"), "rust-version = ").trim_matches('"');
    let image = after(CONTAINER, "FROM docker.io/library/rust:");
    assert_eq!(image, format!("{needed}-slim AS build"));
}

#[test]
fn the_unit_starts_what_the_program_takes_in_the_folder_that_it_may_write() {
    let mut start = after(UNIT, "ExecStart=").split(' ');
    assert_eq!(start.next(), Some("/usr/local/bin/truelevel"));
    would_serve(start, &format!("/var/lib/{}", after(UNIT, "StateDirectory=")));
}

#[test]
fn systemd_finds_no_fault_in_the_unit() {
    let world = World::new();
    world.write("truelevel.service", UNIT.replace("/usr/local/bin/truelevel", PROGRAM));
    let mut verify = Command::new("systemd-analyze");
    verify.args(["verify", "--man=no"]).arg(world.path().join("truelevel.service"));
    let Ok(told) = verify.output() else {
        eprintln!("SKIPPED: `systemd-analyze` is not installed, so the unit was not verified");
        return;
    };
    let said = String::from_utf8_lossy(&told.stderr);
    // Units of the machine that this one names are looked at too, and may have faults of their own.
    let faults: Vec<&str> = said.lines().filter(|line| line.contains("truelevel.service")).collect();
    assert!(faults.is_empty(), "{said}");
    if !told.status.success() {
        eprintln!("SKIPPED: `systemd-analyze` could not look at units here: {said}");
    }
}
