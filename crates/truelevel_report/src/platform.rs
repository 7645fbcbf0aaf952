//! Golden paths in words, for the terminal and Markdown.

use truelevel_model::assessment::Answer;
use truelevel_model::platform::{
    Adoption, ComparedAs, Contrast, FirstDeployment, GoldenPath, PathOrigin, Platform, Profile, Pull, TeamSpread,
};
use truelevel_model::printable;

use crate::numbers;
use crate::words::{KEYS, sentence};

/// A share in whole percent.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// How far something is taken, in a sentence without its end.
pub(crate) fn adoption(adoption: &Adoption) -> String {
    let known = adoption.on + adoption.partly + adoption.off;
    let Some(share) = adoption.share else { return "of no service is it known".to_owned() };
    let mut parts = vec![format!("{} of {} ({})", adoption.on, numbers::count(known, "service"), percent(share))];
    if adoption.partly > 0 {
        parts.push(format!("{} with a part of their deployments", adoption.partly));
    }
    if adoption.unknown > 0
        && let (Some(low), Some(high)) = (adoption.low, adoption.high)
    {
        parts.push(format!(
            "of {} nothing tells, so it lies between {} and {}",
            adoption.unknown,
            percent(low),
            percent(high)
        ));
    }
    if let Some(share) = adoption.deployment_share {
        let of = numbers::digits(adoption.deployments_known as f64);
        parts.push(format!("{} of {of} deployments whose pipelines tell", percent(share)));
    }
    let basis = match (adoption.by_what_ran, adoption.by_files) {
        (0, _) => "by what files declare, not by what ran".to_owned(),
        (_, 0) => "by what ran".to_owned(),
        (ran, files) => format!("by what ran in {ran}, by what files declare in {files}"),
    };
    format!("{}; {basis}", parts.join("; "))
}

/// Who came before the mandate and who after.
pub(crate) fn pull(pull: &Pull, mandated_on: &str) -> String {
    if let Some(note) = &pull.note {
        return format!("push or pull cannot be told: {note}");
    }
    let unknown = if pull.since_unknown > 0 {
        format!(", {} since when is not known", pull.since_unknown)
    } else {
        String::new()
    };
    let pace = match (pull.rate_ratio_low, pull.rate_ratio_high) {
        (Some(low), Some(high)) => format!("; adoptions a day after it are {low:.1} to {high:.1} times those before"),
        _ => String::new(),
    };
    format!("{} came before the mandate of {mandated_on}, {} after{unknown}{pace}", pull.before, pull.after)
}

fn first_deployment(found: FirstDeployment, side: &str) -> String {
    let median = found.median_seconds.map_or("cannot tell".to_owned(), numbers::duration);
    let waiting = if found.waiting > 0 { format!(", {} still waiting", found.waiting) } else { String::new() };
    format!("{median} {side} ({}{waiting})", numbers::count(found.n, "new service"))
}

/// How many versions a service is behind. The middle of an even number of services may lie between two versions.
fn versions(behind: f64) -> String {
    match behind {
        0.0 => "none".to_owned(),
        behind if behind < 1.0 => "less than one version".to_owned(),
        behind => numbers::count(behind.round() as u64, "version"),
    }
}

/// What is known of a path, a sentence each.
pub(crate) fn path(path: &GoldenPath) -> Vec<String> {
    let mut lines = vec![format!("On it: {}.", adoption(&path.adoption))];
    if let (Some(newest), Some(median)) = (&path.newest, path.median_behind) {
        let dated = path.services.iter().filter(|used| used.behind.is_some());
        let behind = dated.clone().filter(|used| used.behind > Some(0)).count();
        lines.push(format!(
            "Versions: the newest known is {}; {behind} of {} are behind, {} in the middle.",
            printable(newest),
            numbers::count(dated.count() as u64, "service"),
            versions(median)
        ));
    }
    if let Some(retention) = &path.retention
        && let Some(share) = retention.share
    {
        let left: Vec<_> = retention.left_services.iter().map(|name| printable(name)).collect();
        let left = if left.is_empty() { String::new() } else { format!("; left: {}", left.join(", ")) };
        lines.push(format!(
            "Stayed since before the window: {} of {} ({}){left}.",
            retention.stayed,
            retention.stayed + retention.left,
            percent(share)
        ));
    }
    if let (Some(found), Some(on)) = (&path.pull, &path.mandated_on) {
        lines.push(sentence(&pull(found, on)));
    }
    let sides = [(path.first_deployment_on, "on the path"), (path.first_deployment_off, "off it")];
    let sides: Vec<String> = sides.iter().filter_map(|(found, side)| Some(first_deployment((*found)?, side))).collect();
    if !sides.is_empty() {
        lines.push(format!("From the first change to the first deployment: {}.", sides.join(", ")));
    }
    for exception in &path.exceptions {
        let state = match (exception.is_current, exception.is_unneeded) {
            (_, true) => "is on it all the same: the exception can go",
            (true, false) => "excepted",
            (false, false) => "not excepted any more",
        };
        let renewals =
            if exception.renewals > 0 { format!(", renewed {} times", exception.renewals) } else { String::new() };
        lines.push(format!(
            "{}: {state}, until {}{renewals} ({}: {}).",
            printable(&exception.service),
            exception.expires,
            printable(&exception.owner),
            printable(&exception.reason)
        ));
    }
    lines
}

/// The path's name, its owner and where it comes from.
pub(crate) fn path_title(path: &GoldenPath) -> String {
    let owner = path.owner.as_ref().map(|owner| format!(", {}", printable(owner))).unwrap_or_default();
    let origin = match path.origin {
        PathOrigin::Declared => "declared",
        PathOrigin::Candidate => "candidate",
    };
    format!("{} ({origin}{owner})", printable(&path.name))
}

/// What adoption is of.
pub(crate) fn taken(platform: &Platform) -> &'static str {
    let is_declared = platform.paths.iter().any(|path| path.origin == PathOrigin::Declared);
    if is_declared { "On a golden path" } else { "On a candidate for a golden path" }
}

/// What a key or another metric is called where a sentence begins.
pub(crate) fn key_name(metric: &str) -> String {
    let key = KEYS.iter().find(|(id, _)| *id == metric).map(|(_, name)| (*name).to_owned());
    key.unwrap_or_else(|| sentence(&metric.replace('_', " ")).trim_end_matches('.').to_owned())
}

/// A key on and off the path.
pub(crate) fn contrast(contrast: &Contrast) -> String {
    let value = |value: Option<f64>| value.map_or("no value".to_owned(), |value| numbers::value(contrast.unit, value));
    let sides = format!(
        "{}: on {} ({}), off {} ({})",
        key_name(&contrast.metric),
        value(contrast.median_on),
        numbers::count(contrast.n_on, &contrast.of),
        value(contrast.median_off),
        numbers::count(contrast.n_off, &contrast.of)
    );
    match finding(contrast) {
        Some(found) if contrast.low.is_some() => format!("{sides}; on against off {found}"),
        Some(note) => format!("{sides}; {note}"),
        None => sides,
    }
}

/// What the two sides say, or why nothing.
pub(crate) fn finding(contrast: &Contrast) -> Option<String> {
    let ends = match contrast.compared_as {
        ComparedAs::Ratio => |end: f64| format!("{end:.2} times"),
        ComparedAs::Difference => |end: f64| format!("{:+.1} points", end * 100.0),
    };
    let (Some(low), Some(high)) = (contrast.low, contrast.high) else { return contrast.note.clone() };
    let verdict = if contrast.differs { "they differ" } else { "no difference is shown" };
    Some(format!("{} to {}: {verdict}", ends(low), ends(high)))
}

/// How a key lies over teams.
pub(crate) fn spread(spread: &TeamSpread) -> String {
    let value = |value| numbers::value(spread.unit, value);
    let ratio = spread.ratio.map(|ratio| format!(", a factor of {ratio:.1}")).unwrap_or_default();
    format!(
        "{}: half of {} lie between {} and {}{ratio}; all between {} and {}",
        key_name(&spread.metric),
        numbers::count(spread.teams, "team"),
        value(spread.p25),
        value(spread.p75),
        value(spread.lowest),
        value(spread.highest)
    )
}

/// A profile and whether it describes the organisation.
pub(crate) fn profile(profile: &Profile) -> String {
    let holds = match profile.holds {
        Answer::Yes => "yes",
        Answer::No => "no",
        Answer::Unknown => "cannot tell",
    };
    format!("{}: {holds} ({})", profile.title, profile.because.join("; "))
}

/// What the terminal says: adoption, the paths of most services, and the keys that differ.
pub(crate) fn short(platform: &Platform) -> Vec<String> {
    const PATHS: usize = 3;
    let mut lines = vec![format!("{}: {}.", taken(platform), adoption(&platform.adoption))];
    for found in platform.paths.iter().take(PATHS) {
        let share = found.adoption.share.map_or("cannot tell".to_owned(), percent);
        let behind = found.median_behind.filter(|behind| *behind > 0.0);
        let behind = behind.map(|behind| format!(", {} behind in the middle", versions(behind)));
        let known = found.adoption.on + found.adoption.partly + found.adoption.off;
        let of = numbers::count(known, "known service");
        lines.push(format!("· {}: {share} of {of}{}", path_title(found), behind.unwrap_or_default()));
    }
    if platform.paths.len() > PATHS {
        lines.push(format!("  and {} more paths", platform.paths.len() - PATHS));
    }
    lines.extend(platform.outcomes.iter().filter(|found| found.differs).map(|found| format!("· {}", contrast(found))));
    let described: Vec<&str> =
        platform.profiles.iter().filter(|it| it.holds == Answer::Yes).map(|it| it.title.as_str()).collect();
    if !described.is_empty() {
        lines.push(format!("It is described by: {}.", described.join(", ")));
    }
    lines
}
