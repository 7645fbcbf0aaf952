//! Benchmark editions: each compares the same numbers with what was published in its year.

use crate::cli::service;
use crate::shop::{AS_OF, Shop};

#[test]
fn every_edition_is_named_where_it_bands_and_changes_no_number() {
    let shop = Shop::new();
    // Changes take 5.5 hours: under a day, but not under the hour that 2021 asks for; 2022 knows no elite.
    for (edition, band) in [("2019", "elite"), ("2021", "high"), ("2022", "high"), ("2023", "elite"), ("2024", "elite")]
    {
        let answer = shop.assess(&["--edition", edition]);
        let lead_time = &service(&answer, "web")["metrics"]["change_lead_time"];
        assert_eq!((&answer["edition"], &lead_time["edition"]), (&edition.into(), &edition.into()));
        assert_eq!((&lead_time["band"], &lead_time["value"]), (&band.into(), &19_800.0.into()), "{edition}");
        let page = shop.world.run(["assess", "web", "gitops", "--as-of", AS_OF, "--edition", edition]);
        assert!(page.text().contains(&format!("bands: edition {edition}")), "{}", page.text());
    }
}

#[test]
fn an_edition_of_answers_says_better_than_how_many_respondents() {
    let shop = Shop::new();
    let answer = shop.assess(&["--edition", "2025"]);
    let lead_time = &service(&answer, "web")["metrics"]["change_lead_time"];
    assert_eq!((&lead_time["percentile"], &lead_time["band"]), (&75.6.into(), &().into()));
    let frequency = &service(&answer, "web")["metrics"]["deployment_frequency"];
    assert_eq!(frequency["percentile_low"], 23.9, "8 in 90 days reach down to less than one a week");
    assert_eq!(frequency["percentile_high"], 55.4);
    for format in ["text", "markdown"] {
        let page =
            shop.world.run(["assess", "web", "gitops", "--as-of", AS_OF, "--edition", "2025", "--format", format]);
        // Wherever the lines break.
        let text = page.text().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("better than 23.9 to 55.4 % of respondents"), "{text}");
        assert!(page.text().contains("espondents: edition 2025"), "{}", page.text());
    }
}

#[test]
fn the_house_rule_is_explained_as_ours_beside_what_was_published() {
    let shop = Shop::new();
    let run = shop.world.run(["explain", "change_lead_time", "web", "gitops", "--as-of", AS_OF, "--edition", "2021"]);
    for part in [
        "band, edition 2021, house rule: high",
        "Benchmark edition 2021",
        "house rule, elite: less than 1 hour",
        "published, low: more than six months",
    ] {
        assert!(run.text().contains(part), "`{part}` is not in {}", run.text());
    }
    let run = shop.world.run(["explain", "change_lead_time", "--definition", "--edition", "2025"]);
    assert!(
        run.text().contains("published, answer 2: less than one day, 15 %; house rule: less than 1 day"),
        "{}",
        run.text()
    );
    shop.world.run(["explain", "change_lead_time", "--definition", "--edition", "1999"]).fails_with(2, &["2019, 2021"]);
}
