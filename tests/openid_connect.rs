//! Signing in at a provider that others wrote: `oidc-provider`, as `tests/oidc/package.json` names it. `cargo xtask test`
//! installs it where it can, and says so where it leaves this out.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::server::{Answer, Server, read_answer, request, workspace};
use crate::visitor::{ADDRESS, Browser, location};

/// The provider as a process. It is ended with the value.
struct Provider {
    child: Child,
    issuer: String,
    cookies: BTreeMap<String, String>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Provider {
    fn start() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oidc");
        assert!(folder.join("node_modules").is_dir(), "`cargo xtask test` installs what this test needs");
        let mut command = Command::new("node");
        command.arg("provider.mjs").arg(format!("{ADDRESS}/sign-in/back")).current_dir(folder);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let issuer = lines.find(|line| line.starts_with("http://")).expect("it says where it is");
        // What else it says is read, so that saying it never fails.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, issuer, cookies: BTreeMap::new() }
    }

    fn ask(&mut self, method: &str, address: &str, form: &str) -> Answer {
        let path = address.strip_prefix(&self.issuer).unwrap_or(address);
        let host = self.issuer.strip_prefix("http://").unwrap();
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let headers = [("cookie", cookies.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        let mut stream = TcpStream::connect(host).unwrap();
        stream.write_all(&request(method, path, host, &headers, form.as_bytes())).unwrap();
        let answer = read_answer(stream).expect("an answer");
        for line in answer.head_as_it_came.lines().filter_map(|line| line.split_once(": ")) {
            if line.0.eq_ignore_ascii_case("set-cookie") {
                let (name, value) = line.1.split(';').next().unwrap().split_once('=').unwrap();
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// Signs somebody in and consents; answers where the browser is sent with the code.
    fn let_in(&mut self, login: &str, address: &str) -> String {
        let mut answer = self.ask("GET", address, "");
        for _ in 0..12 {
            if answer.status == 303 {
                let next = location(&answer);
                if next.starts_with(ADDRESS) {
                    return next;
                }
                answer = self.ask("GET", &next, "");
            } else {
                assert_eq!(answer.status, 200, "{answer:?}");
                let action = answer.body.split("action=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
                let asks_who = answer.body.contains("name=\"login\"");
                let form =
                    if asks_who { format!("prompt=login&login={login}&password=a") } else { "prompt=consent".into() };
                answer = self.ask("POST", &action, &form);
            }
        }
        panic!("it never comes to an end: {answer:?}");
    }
}

#[test]
fn a_person_signs_in_at_a_provider_that_others_wrote() {
    let mut provider = Provider::start();
    let world = workspace(&format!(
        "[sign_in]\nissuer = \"{}\"\nclient_id = \"truelevel\"\nclient_secret_file = \"secret\"\naddress = \"{ADDRESS}\"\n\
         scopes = [\"profile\"]\nrole_claim = \"groups\"\neditors = [\"dev\"]\nviewers = []\n",
        provider.issuer
    ));
    world.write("secret", "a secret of at least thirty-two bytes\n");
    let server = Server::start(&world);
    let mut browser = Browser::default();
    let sent = browser.get(&server, "/sign-in?to=/plan");
    let back = provider.let_in("ann", &location(&sent));
    assert!(back.contains("code=") && back.contains("&iss="), "{back}");
    let came = browser.get(&server, back.strip_prefix(ADDRESS).unwrap());
    assert_eq!((came.status, location(&came)), (303, format!("{ADDRESS}/plan")), "{came:?}");
    let account = browser.get(&server, "/account");
    assert!(account.body.contains("Somebody called ann (ann)"), "{account:?}");
    assert!(account.body.contains("<strong>editor</strong>"), "{account:?}");
    // The provider gives a code for tokens once, and this server takes a state back once.
    let again = Browser::default().get(&server, back.strip_prefix(ADDRESS).unwrap());
    assert_eq!(again.status, 400);
}
