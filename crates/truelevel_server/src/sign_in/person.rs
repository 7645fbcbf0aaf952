//! From a provider's claims to a person: who it is, and what the configuration lets the person do.

use serde_json::{Map, Value};
use truelevel_engine::config::SignInConfig;
use truelevel_model::access::{Person, Role};

/// Claims that hold a name for people, best first.
pub(super) const NAMES: [&str; 3] = ["name", "preferred_username", "email"];

/// The person of these claims; why there is no way in, where there is none.
pub(super) fn person(config: &SignInConfig, claims: &Map<String, Value>) -> Result<Person, String> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let subject = text("sub").unwrap_or_default().to_owned();
    let name = NAMES.iter().find_map(|name| text(name)).unwrap_or(&subject).chars().take(200).collect();
    let given = config.role_claim.as_ref().map(|claim| values(claims, claim)).unwrap_or_default();
    let role = config.role(&given).ok_or("none of your roles at the identity provider opens this server")?;
    let teams = match &config.team_claim {
        Some(claim) if role < Role::Admin => Some(values(claims, claim)),
        _ => None,
    };
    if teams.as_ref().is_some_and(Vec::is_empty) {
        return Err("the identity provider names no team of yours, and each sees its own".to_owned());
    }
    Ok(Person { subject, name, role, teams })
}

/// The texts of a claim: one, or several. A name with dots may be a way down, as `realm_access.roles` is.
pub(super) fn values(claims: &Map<String, Value>, name: &str) -> Vec<String> {
    // Whoever can enter any address is not its owner.
    if name == "email" && claims.get("email_verified") != Some(&Value::Bool(true)) {
        return Vec::new();
    }
    let below = || {
        let mut parts = name.split('.');
        let first = claims.get(parts.next()?)?;
        parts.try_fold(first, |value, part| value.get(part))
    };
    match claims.get(name).or_else(below) {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;
    use truelevel_engine::config::Config;

    use super::*;

    fn read(more: &str, claims: Value) -> Result<Person, String> {
        let text = format!(
            "[sign_in]\nissuer = \"https://a.example\"\nclient_id = \"b\"\naddress = \"https://c.example\"\n{more}"
        );
        let config = Config::parse(Path::new("truelevel.toml"), &text).unwrap().sign_in.unwrap();
        let Value::Object(claims) = claims else { panic!("claims are an object") };
        person(&config, &claims)
    }

    #[test]
    fn a_role_comes_from_a_claim_wherever_it_is() {
        let more = |claim: &str| format!("role_claim = \"{claim}\"\neditors = [\"dev\"]\nviewers = []\n");
        let check = |claim: &str, claims: Value, expected: Option<Role>| {
            assert_eq!(read(&more(claim), claims).ok().map(|person| person.role), expected, "{claim}");
        };
        check("groups", json!({ "sub": "1", "groups": ["a", "dev"] }), Some(Role::Editor));
        check("group", json!({ "sub": "1", "group": "dev" }), Some(Role::Editor));
        check("realm_access.roles", json!({ "sub": "1", "realm_access": { "roles": ["dev"] } }), Some(Role::Editor));
        check(
            "https://acme.example/groups",
            json!({ "sub": "1", "https://acme.example/groups": ["dev"] }),
            Some(Role::Editor),
        );
        check("groups", json!({ "sub": "1", "groups": { "dev": true } }), None);
        check("groups", json!({ "sub": "1" }), None);
    }

    #[test]
    fn an_address_counts_when_the_provider_has_verified_it() {
        let more = "role_claim = \"email\"\nadmins = [\"ann@acme.example\"]\n";
        let role = |claims| read(more, claims).unwrap().role;
        assert_eq!(role(json!({ "sub": "1", "email": "ann@acme.example", "email_verified": true })), Role::Admin);
        assert_eq!(role(json!({ "sub": "1", "email": "ann@acme.example", "email_verified": false })), Role::Viewer);
        assert_eq!(role(json!({ "sub": "1", "email": "ann@acme.example" })), Role::Viewer);
    }

    #[test]
    fn who_has_a_team_sees_it_and_admins_see_all() {
        let more = "role_claim = \"groups\"\nadmins = [\"ops\"]\nteam_claim = \"teams\"\n";
        let person = read(more, json!({ "sub": "1", "name": "Ann", "teams": ["pay"] })).unwrap();
        assert_eq!((person.name.as_str(), person.teams), ("Ann", Some(vec!["pay".to_owned()])));
        assert_eq!(read(more, json!({ "sub": "1", "groups": ["ops"], "teams": ["pay"] })).unwrap().teams, None);
        assert!(read(more, json!({ "sub": "1" })).unwrap_err().contains("no team of yours"));
    }
}
