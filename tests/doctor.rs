//! What is missing is named, with what it would decide.

use serde_json::{Value, json};

use crate::cli::World;
use crate::importing::{AS_OF, deployments, import, instant, workspace};

fn doctor(world: &World) -> Value {
    let run = world.run(["doctor", "--as-of", AS_OF, "--format", "json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    run.json()
}

fn finding<'a>(checkup: &'a Value, id: &str) -> Option<&'a Value> {
    checkup["findings"].as_array().unwrap().iter().find(|found| found["finding"] == id)
}

#[test]
fn what_is_missing_is_named_with_the_answers_that_wait_for_it() {
    let world = workspace();
    world.write("deployments.csv", deployments());
    import(&world, &["deployments.csv", "--source", "spinnaker"]);
    let checkup = doctor(&world);
    assert_eq!(checkup["schema"], "truelevel/doctor/v1");
    let repository = finding(&checkup, "no_repository").unwrap();
    assert_eq!((&repository["count"], &repository["subjects"]), (&json!(2), &json!(["mail", "web"])));
    assert!(repository["questions"].as_array().unwrap().contains(&json!("lead_time_under_a_day")), "{repository}");
    let incidents = finding(&checkup, "no_incidents").unwrap();
    assert!(incidents["questions"].as_array().unwrap().contains(&json!("stable_and_quick_to_recover")), "{incidents}");
    assert!(finding(&checkup, "no_team").unwrap()["questions"].as_array().unwrap().is_empty());
    let order: Vec<_> =
        checkup["findings"].as_array().unwrap().iter().map(|found| found["finding"].as_str().unwrap()).collect();
    let place = |id: &str| order.iter().position(|found| *found == id).unwrap();
    assert!(place("no_repository") < place("no_incidents") && place("no_incidents") < place("no_team"), "{order:?}");
    assert_eq!(checkup["sources"][0]["source"], "spinnaker");
    assert_eq!(checkup["sources"][0]["facts"], json!({"deployments": 18}));
    assert_eq!(checkup["services"][0]["newest_deployment_at"], instant(30, 9));
    let text = world.run(["doctor", "--as-of", AS_OF]);
    assert!(text.text().contains("→ incidents of all services"), "{}", text.text());
}

#[test]
fn what_is_connected_is_missing_no_more() {
    let world = workspace();
    world.write("deployments.csv", deployments());
    world.write(
        "incidents.csv",
        format!("services,started_at,resolved_at\nweb,{},{}\n", instant(15, 12), instant(15, 13)),
    );
    world.write("services.csv", "service,team\nweb,a\nmail,b\n");
    import(&world, &["deployments.csv", "incidents.csv"]);
    import(&world, &["services.csv", "--source", "catalog"]);
    let checkup = doctor(&world);
    assert!(finding(&checkup, "no_incidents").is_none() && finding(&checkup, "no_team").is_none(), "{checkup}");
    world.write("truelevel.toml", "[workspace]\nname = \"Shop\"\n[[repository]]\npath = \"nowhere\"\n");
    let checkup = doctor(&world);
    assert!(finding(&checkup, "unread").unwrap()["subjects"][0].as_str().unwrap().contains("nowhere"), "{checkup}");
    let late = world.run(["doctor", "--as-of", "2027-03-02", "--format", "json"]).json();
    assert_eq!(finding(&late, "stale_source").unwrap()["subjects"], json!(["import"]), "a list of services holds on");
}
