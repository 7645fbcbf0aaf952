-- How many people of a team used an assistant on a day. The team is empty where everybody is counted.
CREATE TABLE ai_usage (
    source INTEGER NOT NULL REFERENCES source (key),
    assistant TEXT NOT NULL,
    team TEXT NOT NULL,
    day INTEGER NOT NULL,
    people_active INTEGER NOT NULL,
    people_engaged INTEGER,
    observed_at INTEGER NOT NULL,
    PRIMARY KEY (source, assistant, team, day)
) STRICT, WITHOUT ROWID;
