-- How many people of a team used an assistant on a day. The team is empty where everybody is counted.
CREATE TABLE ai_usage (
    source bigint NOT NULL REFERENCES source (key),
    assistant text COLLATE "C" NOT NULL,
    team text COLLATE "C" NOT NULL,
    day bigint NOT NULL,
    people_active bigint NOT NULL,
    people_engaged bigint,
    observed_at bigint NOT NULL,
    PRIMARY KEY (source, assistant, team, day)
);
