//! The dashboard over HTTP: pages from the last answer, which a new event replaces without anybody waiting.

use std::io::{BufRead, BufReader, Read, Write};

use flate2::read::GzDecoder;
use serde_json::json;

use crate::cli::World;
use crate::server::{Answer, Server, deployment, request, workspace};

pub(crate) const PAGE: (&str, &str) = ("accept", "text/html,*/*");

/// A server of a made-up organisation, measured.
pub(crate) fn demo(services: &str) -> (World, Server) {
    let world = World::new();
    let made = world.run(["demo", ".", "--services", services, "--seed", "3", "--weeks", "20"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    assert_eq!(world.run(["snapshot", "--backfill", "2"]).code, 0);
    let server = Server::start(&world);
    // Downloads wait for the first answer.
    assert_eq!(server.get("/download/services.csv", &[]).status, 200);
    (world, server)
}

fn page(server: &Server, path: &str) -> Answer {
    let page = server.get(path, &[PAGE]);
    assert!(page.head.contains("content-type: text/html"), "{path}: {}", page.head);
    assert!(
        !page.body.contains(" style=\"") && !page.body.contains("<script>") && !page.body.contains("onclick"),
        "{path}"
    );
    page
}

/// The addresses that a page leads to, from the root.
fn links(page: &str) -> Vec<String> {
    let links = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let local = links.filter_map(|link| link.trim_start_matches("../").strip_prefix("./").or(link.strip_prefix("../")));
    let mut found: Vec<String> = local
        .map(|link| {
            format!("/{}", link.split('#').next().unwrap_or_default().replace("&#38;", "&").replace("&amp;", "&"))
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

#[test]
fn before_there_is_anything_it_says_what_to_connect() {
    let world = workspace("");
    let server = Server::start(&world);
    // Whoever asks first may find it measuring.
    let first = loop {
        let first = page(&server, "/");
        if !first.body.contains("This is being measured") {
            break first;
        }
        assert!(first.head.contains("refresh: 3"), "{}", first.head);
    };
    assert_eq!(first.status, 200);
    assert!(
        first.body.contains("Nothing is connected yet") && first.body.contains("github, alertmanager"),
        "{}",
        first.body
    );
    assert!(first.body.contains("[[repository]]\npath = &quot;shop&quot;"), "lines to copy: {}", first.body);
    let table = server.get("/download/services.csv", &[]);
    assert_eq!((table.status, table.head.contains("retry-after: 5")), (503, true), "{table:?}");
}

#[test]
fn every_address_that_a_page_leads_to_is_there() {
    let (_world, server) = demo("12");
    let home = page(&server, "/");
    assert!(
        home.head.contains("style-src 'self'; script-src 'self'") && !home.head.contains("unsafe"),
        "{}",
        home.head
    );
    assert!(home.body.contains("Measured <time datetime="), "it says how old it is");
    let mut seen = vec!["/".to_owned()];
    let mut next = links(&home.body);
    assert!(next.len() > 20, "{next:?}");
    while let Some(path) = next.pop() {
        if seen.contains(&path) {
            continue;
        }
        let answer = server.get(&path, &[PAGE]);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        seen.push(path.clone());
        // Definitions lead to hundreds of each other.
        if answer.head.contains("text/html") && !path.starts_with("/definitions") {
            // The same pages again for a team or pinned to an instant.
            let is_again = |link: &String| link.contains("team=") || link.contains("as_of=");
            let further = links(&answer.body).into_iter().filter(|link| !link.starts_with("/definitions/"));
            next.extend(further.filter(|link| !is_again(link)));
        }
    }
    for folder in ["/services/", "/teams/", "/delivery/", "/download/", "/compare", "/declare", "/?snapshot="] {
        assert!(seen.iter().any(|path| path.starts_with(folder)) || folder == "/compare", "{folder}: {seen:?}");
    }
    assert!(page(&server, "/compare?before=1&after=2").body.contains("Delivery"));
}

#[test]
fn what_is_not_there_is_said_in_a_page_to_people_and_as_a_problem_to_programs() {
    let (_world, server) = demo("2");
    for path in ["/nowhere", "/services/nobody", "/a/b/c", "/?team=nobody", "/?service=nobody", "/?snapshot=99"] {
        // The first one to ask about something narrower waits for it.
        let asked = || page(&server, path);
        let found = std::iter::repeat_with(asked).find(|found| !found.body.contains("This is being measured")).unwrap();
        assert_eq!(found.status, 404, "{path}");
        assert!(found.body.contains("There is nothing here") && found.body.contains("truelevel.css"), "{}", found.body);
    }
    let depth = page(&server, "/a/b/c");
    assert!(depth.body.contains("href=\"../../\""), "{}", depth.body);
    let wrong = page(&server, "/?window=0");
    assert_eq!(wrong.status, 400);
    let problem = server.get("/nowhere", &[]);
    assert_eq!((problem.status, problem.json()["status"].as_u64()), (404, Some(404)));
    let compare = server.get("/compare?before=truelevel.toml&after=2", &[]);
    assert_eq!(compare.status, 404, "no file is read for whoever asks: {}", compare.body);
}

#[test]
fn an_answer_that_the_asker_has_is_not_sent_again_and_large_ones_are_packed() {
    let (_world, server) = demo("2");
    for path in ["/", "/truelevel.css", "/truelevel.js", "/download/services.csv"] {
        let first = server.get(path, &[]);
        let mark = first.head.lines().find_map(|line| line.strip_prefix("etag: ")).expect("a mark");
        let mark = mark.replace("w/", "W/");
        let again = server.get(path, &[("if-none-match", &mark)]);
        assert_eq!((again.status, again.body.as_str()), (304, ""), "{path}");
    }
    let home = page(&server, "/");
    let style = home.body.split("href=\"./").find(|rest| rest.starts_with("truelevel.css?v=")).unwrap();
    let kept = server.get(&format!("/{}", style.split('"').next().unwrap()), &[]);
    assert!(kept.head.contains("immutable"), "{}", kept.head);
    let mut stream = server.connect();
    stream.write_all(&request("GET", "/", server.address(), &[("accept-encoding", "gzip")], b"")).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let start = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    let mut text = String::new();
    GzDecoder::new(&bytes[start..]).read_to_string(&mut text).unwrap();
    assert_eq!(text, home.body);
}

#[test]
fn a_window_a_team_and_a_stored_assessment_stand_in_the_address() {
    let (_world, server) = demo("12");
    let shown = |path: &str| {
        let asked = || page(&server, path);
        std::iter::repeat_with(asked).find(|found| !found.body.contains("This is being measured")).unwrap().body
    };
    assert!(shown("/?window=30").contains("30 days to"));
    assert!(shown("/services?window=30").contains("href=\"./delivery?window=30\""));
    let stored = shown("/?snapshot=1");
    assert!(stored.contains("Snapshot <strong><bdi>1</bdi>") && stored.contains("./services?snapshot=1"), "{stored}");
    let teams = shown("/teams");
    let team = teams.split("href=\"./teams/").nth(1).unwrap().split('"').next().unwrap();
    let narrow = shown(&format!("/services?team={team}"));
    let rows = |html: &str| html.matches("<th scope=\"row\"><a").count();
    assert!(rows(&narrow) > 0 && rows(&narrow) < rows(&shown("/services")), "{narrow}");
}

#[test]
fn what_a_team_says_of_itself_is_kept_when_our_own_form_sends_it() {
    let (_world, server) = demo("2");
    let form = page(&server, "/declare").body;
    let token = form.split("name=\"token\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let send = |body: &str, site: &str| {
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", site)];
        server.post("/declare", &headers, body.as_bytes())
    };
    assert_eq!(send("token=guessed&build=5&who=us", "same-origin").status, 403);
    assert_eq!(send(&format!("token={token}&build=5&who=us"), "cross-site").status, 403);
    let unsaid = send(&format!("token={token}&build=5&who="), "same-origin");
    assert!(unsaid.status == 303 && unsaid.head.contains("location: ./declare?problem="), "{}", unsaid.head);
    let said = send(&format!("token={token}&build=5&test=4&who=us&why=we+think"), "same-origin");
    assert!(said.status == 303 && said.head.contains("location: ./maturity"), "{}", said.head);
    let declared = std::iter::repeat_with(|| page(&server, "/").body)
        .find(|body| body.contains("Declared 5") || body.contains("declared by the team"));
    assert!(declared.is_some(), "it is measured anew without being asked");
}

#[test]
fn every_table_and_picture_that_a_page_offers_can_be_taken_away() {
    let (_world, server) = demo("8");
    let pages = ["/", "/teams", "/delivery", "/delivery/change_lead_time", "/maturity", "/plan", "/platform", "/ai"];
    let further = ["/coverage", "/snapshots", "/compare?before=1&after=2", "/definitions/lead_time_under_a_day"];
    for path in pages.into_iter().chain(further) {
        let shown = page(&server, path);
        let files: Vec<String> = links(&shown.body).into_iter().filter(|link| link.contains("download/")).collect();
        assert!(!files.is_empty(), "{path} offers nothing");
        for file in files {
            let taken = server.get(&file, &[]);
            assert!(taken.status == 200 && taken.head.contains("attachment"), "{path}: {file}: {}", taken.status);
        }
    }
}

#[test]
fn a_table_taken_away_holds_the_services_that_the_page_shows() {
    let (_world, server) = demo("12");
    let names = |path: &str| -> Vec<String> {
        let table = server.get(path, &[]).body;
        table.lines().skip(1).filter_map(|row| row.split(',').next().map(str::to_owned)).collect()
    };
    let all = names("/download/services.csv");
    let chosen = names("/download/services.csv?q=-a&sort=name");
    let mut fitting: Vec<String> = all.iter().filter(|name| name.contains("-a")).cloned().collect();
    fitting.sort();
    assert_eq!((all.len(), chosen.is_empty()), (12, false));
    assert_eq!(chosen, fitting);
    assert_eq!(names("/api/v1/services.csv?q=-a&sort=name"), fitting);
    assert!(page(&server, "/services?q=-a&sort=name").body.contains("download/services.csv?q=-a&amp;sort=name\""));
}

#[test]
fn a_new_event_is_measured_and_readers_are_told() {
    let world = workspace("");
    let server = Server::start(&world);
    let mut stream = server.connect();
    stream.write_all(&request("GET", "/events", server.address(), &[], b"")).unwrap();
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.to_lowercase().contains("text/event-stream")));
    assert_eq!(server.deliver("d1", &deployment(1, "acme/web")).status, 202);
    // Nothing at first, then the answer.
    let mut services = String::new();
    while !services.contains("web") {
        assert!(lines.any(|line| line == "event: assessment"));
        services = server.get("/download/services.csv", &[]).body;
    }
    assert!(page(&server, "/services").body.contains("services/web"));
    // What another process writes into the store is seen as well.
    let imported = json!({"id": "1", "service": "billing", "environment": "production", "version": "v1",
        "outcome": "succeeded", "finished_at": "2026-08-21T10:00:00Z"});
    world.write("deployments.jsonl", imported.to_string());
    let import = world.run(["import", "deployments.jsonl"]);
    assert_eq!(import.text(), "deployments: 1 new, 0 changed, 0 unchanged\n");
    while !services.contains("billing") {
        assert!(lines.any(|line| line == "event: assessment"));
        services = server.get("/download/services.csv", &[]).body;
    }
    // An open stream does not hold up the end.
    assert_eq!(server.stop("-TERM"), Some(0));
}
